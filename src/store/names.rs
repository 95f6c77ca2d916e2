//! The names of schedules and tags, as last configured: one that somebody is subscribed to can't
//! disappear unnoticed, and subscriptions follow one that is called otherwise now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::names::{Kind, Names, Orphan};
use crate::domain::{
    Cadence, Filter, Mark, Publication, Subscriber, SubscriberKey, TagId, TagName,
};
use crate::text::slug::slug;

use super::cursors::{HalfPlanned, change};
use super::engine::{Go, Order, Read, Transaction};
use super::record::Record;
use super::rows::Name;
use super::tags::owned;
use super::{Store, StoreError, forget, keys, load, save};

/// Subscribers looked at in one transaction, and planned in one.
const PAGE: usize = 1024;

impl Store {
    /// The names that are gone and that active subscribers go by. Looks at every subscriber, if any
    /// name is gone at all.
    pub async fn orphans(&self, names: &Names) -> Result<Vec<Orphan>, StoreError> {
        let renaming = Renaming::to(self.reader(), names)?;
        self.left_alone(&renaming).await
    }

    /// Takes the names of a configuration over: subscriptions go by the new ones, and a schedule
    /// that takes another's place goes on where that one was. Nothing is mailed twice or missed by
    /// it. Where names are gone that subscribers go by, they are returned and nothing is changed.
    /// Can be called again after it was interrupted; nobody plans meanwhile.
    pub async fn adopt(&self, names: Names, now: Timestamp) -> Result<Vec<Orphan>, StoreError> {
        let renaming = Renaming::to(self.reader(), &names)?;
        let orphans = self.left_alone(&renaming).await?;
        if !orphans.is_empty() {
            return Ok(orphans);
        }
        if renaming.moves_somebody() {
            self.plan_what_is_open(now).await?;
            let marks = renaming.clone();
            self.write(move |transaction| marks.hand_on(transaction))
                .await?;
            self.rename(&renaming, now).await?;
        }
        self.write(move |transaction| renaming.finish(transaction, &names))
            .await?;
        Ok(Vec::new())
    }

    /// Lets every subscriber go by the present names.
    async fn rename(&self, renaming: &Renaming, now: Timestamp) -> Result<(), StoreError> {
        let mut after = SubscriberKey(0);
        loop {
            let page = self.subscribers(after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.key;
            let concerned = page.iter().filter(|s| renaming.concerns(s));
            let concerned: Vec<SubscriberKey> = concerned.map(|s| s.key).collect();
            if concerned.is_empty() {
                continue;
            }
            let renaming = renaming.clone();
            self.write(move |transaction| {
                let half_planned = HalfPlanned::read(transaction)?;
                for key in concerned {
                    let rename = |s: &mut Subscriber, _| renaming.rename(s);
                    change(transaction, &half_planned, key, now, rename)?;
                }
                Ok(())
            })
            .await?;
        }
    }

    /// A run that is half planned goes on by the posting lists of its own schedule.
    async fn plan_what_is_open(&self, now: Timestamp) -> Result<(), StoreError> {
        for run in self.open_runs().await? {
            let mut planned = run.planned;
            while !planned {
                let run = self.plan(run.key, PAGE, now).await?;
                planned = run.is_none_or(|run| run.planned);
            }
        }
        Ok(())
    }

    async fn left_alone(&self, renaming: &Renaming) -> Result<Vec<Orphan>, StoreError> {
        let mut orphans: BTreeMap<(Kind, String), u64> = BTreeMap::new();
        let mut after = SubscriberKey(0);
        while renaming.loses_something() {
            let page = self.subscribers(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.key;
            for subscriber in page.iter().filter(|subscriber| subscriber.is_subscribed()) {
                for lost in renaming.lost_by(subscriber) {
                    *orphans.entry(lost).or_default() += 1;
                }
            }
        }
        let orphan = |((kind, name), concerned)| Orphan {
            kind,
            name,
            concerned,
        };
        Ok(orphans.into_iter().map(orphan).collect())
    }
}

/// What is called otherwise than when the store last heard of it.
#[derive(Debug, Clone, Default)]
struct Renaming {
    /// The marks of all cadences but `immediate`.
    marks: BTreeMap<Cadence, Mark>,
    /// Former schedule to present one.
    schedules: BTreeMap<String, String>,
    schedules_gone: BTreeSet<String>,
    /// Of the present names, those read in each subscriber's own zone.
    zoned: BTreeSet<String>,
    tags: BTreeMap<TagId, TagId>,
    tags_gone: BTreeSet<TagId>,
}

impl Renaming {
    fn to(reader: &impl Read, names: &Names) -> Result<Renaming, StoreError> {
        let mut renaming = Renaming {
            zoned: names.zoned.clone(),
            ..Renaming::default()
        };
        reader.scan(
            keys::marks().prefix().range(),
            Order::Ascending,
            &mut |key, value| {
                if let Some(cadence) = keys::cadence_in(key).filter(|c| !c.is_immediate()) {
                    renaming.marks.insert(cadence, Mark::decode(value)?);
                }
                Ok(Go::On)
            },
        )?;
        for Cadence { schedule, .. } in renaming.marks.keys() {
            match names.schedules.get(schedule) {
                Some(present) if present == schedule => {}
                Some(present) => {
                    let former = schedule.clone();
                    renaming.schedules.insert(former, present.clone());
                }
                None => drop(renaming.schedules_gone.insert(schedule.clone())),
            }
        }
        let former = former_tags(reader)?;
        for (name, id) in &names.tags {
            // What a name led to before, subscriptions went by already.
            if name != id.as_str()
                && former.get(name) != Some(id)
                && let Ok(name) = TagId::new(name)
            {
                renaming.tags.insert(name, id.clone());
            }
        }
        for (label, id) in &names.labels {
            if let Some(former) = owned(reader, label)?
                && former != *id
            {
                renaming.tags.insert(former, id.clone());
            }
        }
        let gone = |(name, id): &(&String, &TagId)| {
            name.as_str() == id.as_str() && !names.tags.contains_key(*name)
        };
        let gone = former.iter().filter(gone).map(|(_, id)| id.clone());
        renaming.tags_gone.extend(gone);
        Ok(renaming)
    }

    fn loses_something(&self) -> bool {
        !self.schedules_gone.is_empty() || !self.tags_gone.is_empty()
    }

    fn moves_somebody(&self) -> bool {
        let mut cadences = self.marks.keys();
        !self.schedules.is_empty()
            || !self.tags.is_empty()
            || cadences.any(|cadence| !self.is_read_as(cadence))
    }

    /// The present name of a schedule.
    fn present<'n>(&'n self, schedule: &'n String) -> &'n String {
        self.schedules.get(schedule).unwrap_or(schedule)
    }

    /// Are the lines of a cadence read in each subscriber's own zone, or not, as it says?
    fn is_read_as(&self, cadence: &Cadence) -> bool {
        self.zoned.contains(self.present(&cadence.schedule)) == cadence.zone.is_some()
    }

    /// What a subscriber would be left without, each once.
    fn lost_by(&self, subscriber: &Subscriber) -> BTreeSet<(Kind, String)> {
        let mut lost = BTreeSet::new();
        for subscription in &subscriber.subscriptions {
            let schedule = &subscription.cadence.schedule;
            if self.schedules_gone.contains(schedule) {
                lost.insert((Kind::Schedule, schedule.clone()));
            }
            let tags = subscription.filter.tags();
            let gone = tags.filter(|tag| self.tags_gone.contains(tag));
            lost.extend(gone.map(|tag| (Kind::Tag, tag.to_string())));
        }
        lost
    }

    fn concerns(&self, subscriber: &Subscriber) -> bool {
        let mut theirs = subscriber.subscriptions.iter();
        subscriber.is_subscribed()
            && theirs.any(|one| {
                self.schedules.contains_key(&one.cadence.schedule)
                    || !self.is_read_as(&one.cadence)
                    || one
                        .filters()
                        .flat_map(Filter::tags)
                        .any(|tag| self.tags.contains_key(tag))
            })
    }

    fn rename(&self, subscriber: &mut Subscriber) {
        for one in &mut subscriber.subscriptions {
            let schedule = self.present(&one.cadence.schedule).clone();
            let zone = self.zoned.contains(&schedule);
            one.cadence.zone = zone.then(|| subscriber.timezone.clone());
            one.cadence.schedule = schedule;
            let tags = one.filters_mut().flat_map(Filter::tag_sets_mut);
            for set in tags {
                let former = std::mem::take(set).into_iter();
                set.extend(former.map(|tag| self.tags.get(&tag).cloned().unwrap_or(tag)));
            }
        }
    }

    /// A schedule that is called otherwise now goes on where it was, and owes what it owed; unless
    /// it joins another.
    fn hand_on(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        for (cadence, mark) in &self.marks {
            let present = Cadence {
                schedule: self.present(&cadence.schedule).clone(),
                zone: cadence.zone.clone(),
            };
            let key = keys::mark(&present);
            if load::<Mark>(transaction, &key)?.is_none() {
                save(transaction, key, mark)?;
            }
        }
        Ok(())
    }

    /// Forgets the names that nobody goes by any more.
    fn finish(&self, transaction: &mut Transaction<'_>, names: &Names) -> Result<(), StoreError> {
        for cadence in self.marks.keys() {
            let mut present = names.schedules.values();
            if !self.is_read_as(cadence) || !present.any(|name| *name == cadence.schedule) {
                forget(transaction, keys::mark(cadence));
            }
        }
        let former = former_tags(transaction)?;
        for name in former.keys().filter(|name| !names.tags.contains_key(*name)) {
            forget(transaction, keys::tag_name(name));
        }
        for (name, id) in &names.tags {
            if former.get(name) != Some(id) {
                save(transaction, keys::tag_name(name), &Name(id.to_string()))?;
            }
        }
        Ok(())
    }
}

/// What the configuration calls a tag of a publication, if it names it at all. A number at the end
/// of an id leads nowhere, but the label may.
pub(super) fn present_name(reader: &impl Read, tag: &TagName) -> Result<Option<TagId>, StoreError> {
    let mut name = load::<Name>(reader, &keys::tag_name(tag.id.as_str()))?;
    if name.is_none()
        && let Some(slug) = slug(&tag.label)
    {
        name = load::<Name>(reader, &keys::tag_name(&slug))?;
    }
    name.map(|Name(id)| TagId::new(&id).map_err(StoreError::corrupt::<Name>))
        .transpose()
}

/// The tags of a publication, by the names that it has and by those that they have now.
pub(super) fn all_names(
    reader: &impl Read,
    publication: &Publication,
) -> Result<BTreeSet<TagId>, StoreError> {
    let mut names = BTreeSet::new();
    for tag in &publication.tags {
        names.extend(present_name(reader, tag)?);
        names.insert(tag.id.clone());
    }
    Ok(names)
}

/// From each name of a tag, as last configured, to its id.
fn former_tags(reader: &impl Read) -> Result<BTreeMap<String, TagId>, StoreError> {
    let mut former = BTreeMap::new();
    let span = keys::tag_names().prefix();
    reader.scan(span.range(), Order::Ascending, &mut |key, value| {
        let Name(id) = Name::decode(value)?;
        let id = TagId::new(&id).map_err(StoreError::corrupt::<Name>)?;
        former.insert(keys::name_in(key), id);
        Ok(Go::On)
    })?;
    Ok(former)
}
