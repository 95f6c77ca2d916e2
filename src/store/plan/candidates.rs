//! What a window may mail, and what a subscriber had of it.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::{
    Content, PublicationKey, PublicationState, RunKey, Sequence, Standing, SubscriberKey,
    Subscription, TagId,
};

use crate::store::engine::{Go, Order, Read};
use crate::store::names::present_name;
use crate::store::record::Record;
use crate::store::rows::{NewsRow, Number};
use crate::store::{StoreError, keys, load, load_required};

/// A publication that the window may mail.
pub(super) struct Candidate {
    /// Its number: of several in the window, the last. `None`: it is owed.
    pub(super) number: Option<Sequence>,
    pub(super) state: PublicationState,
    /// Its tags, and what those are called now: its file may not have been read since a
    /// configuration gave them other names, and subscriptions go by those.
    pub(super) tags: BTreeSet<TagId>,
    /// The first run that could have mailed any of its group.
    pub(super) first_run: RunKey,
}

impl Candidate {
    /// Does it count for a subscription whose cursor is its own or, if that is greater, `decided`?
    pub(super) fn is_asked_for_by(&self, one: &Subscription, decided: Sequence) -> bool {
        let language = &self.state.publication.language;
        match self.number {
            Some(number) => {
                number > one.cursor.max(decided) && one.counts(number, &self.tags, language)
            }
            None => one.owed.contains(&self.state.key) && one.filter.passes(&self.tags, language),
        }
    }
}

/// The news in (`after`, `upper`] that can be read now.
pub(super) fn candidates(
    reader: &impl Read,
    after: Sequence,
    upper: Sequence,
) -> Result<Vec<Candidate>, StoreError> {
    let mut latest: BTreeMap<PublicationKey, Sequence> = BTreeMap::new();
    let span = keys::news(after).next().until(keys::news(upper).next());
    reader.scan(span.range(), Order::Ascending, &mut |key, value| {
        let number = Sequence(keys::last_number(key));
        latest.insert(NewsRow::decode(value)?.publication, number);
        Ok(Go::On)
    })?;
    let latest = latest.into_iter();
    let found = latest.map(|(key, number)| candidate(reader, key, Some(number)));
    found.filter_map(Result::transpose).collect()
}

/// A publication, if it can be read now.
pub(super) fn candidate(
    reader: &impl Read,
    key: PublicationKey,
    number: Option<Sequence>,
) -> Result<Option<Candidate>, StoreError> {
    let state = load::<PublicationState>(reader, &keys::publication(key))?;
    let Some(state) = state.filter(|state| state.standing == Standing::Live) else {
        return Ok(None);
    };
    let group = keys::group(state.group());
    let first_run = load::<Number>(reader, &group)?.map_or(RunKey(0), |Number(run)| RunKey(run));
    let mut tags = BTreeSet::new();
    for tag in &state.publication.tags {
        tags.extend(present_name(reader, tag)?);
        tags.insert(tag.id.clone());
    }
    Ok(Some(Candidate {
        number,
        state,
        tags,
        first_run,
    }))
}

/// What the subscriber was mailed, or is to be, in any run from `since` on: by group, the highest
/// major revision.
pub(super) fn had_since(
    reader: &impl Read,
    contents: &mut HashMap<(RunKey, u64), Content>,
    groups: &mut HashMap<PublicationKey, String>,
    subscriber: SubscriberKey,
    since: RunKey,
) -> Result<BTreeMap<String, u32>, StoreError> {
    let mut rows = Vec::new();
    let span = keys::had_by(subscriber)
        .prefix()
        .from(keys::had(subscriber, since));
    reader.scan(span.range(), Order::Ascending, &mut |key, value| {
        rows.push((RunKey(keys::last_number(key)), Number::decode(value)?.0));
        Ok(Go::On)
    })?;
    let mut had = BTreeMap::new();
    for row in rows {
        let content = match contents.entry(row) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let key = keys::content(row.0, row.1);
                entry.insert(load_required::<Content>(reader, &key)?)
            }
        };
        for item in &content.items {
            let group = match groups.entry(item.publication) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let key = keys::publication(item.publication);
                    let state = load_required::<PublicationState>(reader, &key)?;
                    entry.insert(state.group().0.clone())
                }
            };
            let major = had.entry(group.clone()).or_insert(item.major);
            *major = item.major.max(*major);
        }
    }
    Ok(had)
}
