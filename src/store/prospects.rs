//! How many would be mailed a publication that is still to go out: by the index, as planning finds
//! them, so that it costs what it counts.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::{
    Cadence, Mark, PublicationState, RunKey, Sequence, Standing, Subscriber, SubscriberKey, TagId,
};

use super::books::Contents;
use super::cursors::in_force;
use super::engine::{Go, Order, Read};
use super::names::all_names;
use super::record::Record;
use super::rows::{HeldIn, NewsRow, Number};
use super::{Store, StoreError, keys, load};

/// Subscribers looked at between two chances for others to work.
const PAGE: usize = 1024;

/// In what way a publication is still to go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToCome {
    /// It waits for its date.
    Scheduled,
    /// It waits in a hold for a person.
    Held,
    /// It is news, since this instant, that not every schedule has mailed.
    News(Timestamp),
}

impl Store {
    /// The cadences that were ever observed or subscribed to.
    pub async fn cadences(&self) -> Result<Vec<Cadence>, StoreError> {
        let mut cadences = Vec::new();
        let span = keys::marks().prefix();
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |key, _| {
                cadences.extend(keys::cadence_in(key));
                Ok(Go::On)
            })?;
        Ok(cadences)
    }

    /// In what way a publication is still to go out, if at all.
    pub async fn to_come(&self, state: &PublicationState) -> Result<Option<ToCome>, StoreError> {
        let reader = self.reader();
        if load::<HeldIn>(reader, &keys::held_in(state.key))?.is_some() {
            return Ok(Some(ToCome::Held));
        }
        Ok(match state.standing {
            Standing::Scheduled => Some(ToCome::Scheduled),
            Standing::Live => last_news(reader, state)?.map(|(_, at)| ToCome::News(at)),
            Standing::Withdrawn | Standing::Expired => None,
        })
    }

    /// How many subscribers would be mailed a publication by each of some cadences, if it stayed as
    /// it is and they did. Whoever several would mail it counts for the first.
    pub async fn prospects(
        &self,
        state: &PublicationState,
        cadences: &[Cadence],
    ) -> Result<Vec<u64>, StoreError> {
        let mut prospects = vec![0; cadences.len()];
        let Some(to_come) = self.to_come(state).await? else {
            return Ok(prospects);
        };
        let mut counting = Counting::of(self.reader(), state, to_come, cadences)?;
        for (place, count) in prospects.iter_mut().enumerate() {
            for term in counting.terms() {
                let mut after = SubscriberKey(0);
                loop {
                    let page = page(self.reader(), &cadences[place], &term, after)?;
                    let Some(last) = page.last() else { break };
                    after = *last;
                    for key in &page {
                        *count += u64::from(counting.counts(self.reader(), *key, place, &term)?);
                    }
                    tokio::task::yield_now().await;
                }
            }
        }
        Ok(prospects)
    }
}

/// The next subscribers in a posting list.
fn page(
    reader: &impl Read,
    cadence: &Cadence,
    term: &str,
    after: SubscriberKey,
) -> Result<Vec<SubscriberKey>, StoreError> {
    let mut page = Vec::new();
    let span = keys::postings(cadence, term)
        .prefix()
        .from(keys::posting(cadence, term, after).next());
    reader.scan(span.range(), Order::Ascending, &mut |key, _| {
        page.push(SubscriberKey(keys::last_number(key)));
        Ok(if page.len() < PAGE { Go::On } else { Go::Stop })
    })?;
    Ok(page)
}

/// The last news of a publication that some cadence has not decided, and when it was applied.
fn last_news(
    reader: &impl Read,
    state: &PublicationState,
) -> Result<Option<(Sequence, Timestamp)>, StoreError> {
    let mut decided: Option<Sequence> = None;
    let span = keys::marks().prefix();
    reader.scan(span.range(), Order::Ascending, &mut |_, value| {
        let upper = Mark::decode(value)?.upper;
        decided = Some(decided.map_or(upper, |least| least.min(upper)));
        Ok(Go::On)
    })?;
    let mut last = None;
    let span = keys::all_news()
        .prefix()
        .from(keys::news(decided.unwrap_or_default()).next());
    reader.scan(span.range(), Order::Descending, &mut |key, value| {
        let news = NewsRow::decode(value)?;
        if news.publication == state.key {
            last = Some((Sequence(keys::last_number(key)), news.at));
            return Ok(Go::Stop);
        }
        Ok(Go::On)
    })?;
    Ok(last)
}

struct Counting<'s> {
    state: &'s PublicationState,
    cadences: &'s [Cadence],
    tags: BTreeSet<TagId>,
    /// The number of the news; what is to be news yet is beyond everybody's cursor.
    number: Sequence,
    /// The first run that could have mailed any of the group.
    first_run: RunKey,
    contents: Contents,
}

impl<'s> Counting<'s> {
    fn of(
        reader: &impl Read,
        state: &'s PublicationState,
        to_come: ToCome,
        cadences: &'s [Cadence],
    ) -> Result<Counting<'s>, StoreError> {
        let number = match to_come {
            ToCome::News(_) => last_news(reader, state)?.map(|(number, _)| number),
            ToCome::Scheduled | ToCome::Held => None,
        };
        let group = keys::group(state.group());
        Ok(Counting {
            state,
            cadences,
            tags: all_names(reader, &state.publication)?,
            number: number.unwrap_or(Sequence(u64::MAX)),
            first_run: load::<Number>(reader, &group)?.map_or(RunKey(0), |Number(run)| RunKey(run)),
            contents: Contents::default(),
        })
    }

    /// The posting lists that the publication's readers are in.
    fn terms(&self) -> Vec<String> {
        let tags = self.tags.iter().map(|tag| tag.as_str().to_owned());
        [keys::EVERYTHING.to_owned()]
            .into_iter()
            .chain(tags)
            .collect()
    }

    /// Does a subscriber, met in a list of a cadence, count there? Somebody in several lists counts
    /// in the first.
    fn counts(
        &mut self,
        reader: &impl Read,
        key: SubscriberKey,
        place: usize,
        term: &str,
    ) -> Result<bool, StoreError> {
        let Some(subscriber) = load::<Subscriber>(reader, &keys::subscriber(key))? else {
            return Ok(false);
        };
        for earlier in 0..place {
            if self.asks(reader, &subscriber, earlier)? {
                return Ok(false);
            }
        }
        if !subscriber.is_active() || !self.asks(reader, &subscriber, place)? {
            return Ok(false);
        }
        if self.first_term(&subscriber, place).as_deref() != Some(term) {
            return Ok(false);
        }
        let since = self.first_run;
        let had = self.contents.had(reader, key, since..RunKey(u64::MAX))?;
        let group = self.state.group();
        Ok(had.get(group).is_none_or(|major| *major < self.state.major))
    }

    fn asks(
        &self,
        reader: &impl Read,
        subscriber: &Subscriber,
        place: usize,
    ) -> Result<bool, StoreError> {
        let language = &self.state.publication.language;
        for one in &subscriber.subscriptions {
            if one.cadence == self.cadences[place]
                && one.counts(self.number, &self.tags, language)
                && self.number > in_force(reader, subscriber.key, one)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn first_term(&self, subscriber: &Subscriber, place: usize) -> Option<String> {
        let mut terms: BTreeSet<&str> = BTreeSet::new();
        for subscription in &subscriber.subscriptions {
            if subscription.cadence != self.cadences[place] {
                continue;
            }
            match subscription.filter.index_tags() {
                Some(tags) => terms.extend(tags.into_iter().map(TagId::as_str)),
                None => drop(terms.insert(keys::EVERYTHING)),
            }
        }
        self.terms()
            .into_iter()
            .find(|term| terms.contains(term.as_str()))
    }
}
