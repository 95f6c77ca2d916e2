//! The names of schedules and tags, as last configured: one that somebody is subscribed to can't
//! disappear unnoticed, and subscriptions follow one that is called otherwise now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::names::{Kind, Names, Orphan};
use crate::domain::{
    Cadence, Mark, Publication, Subscriber, SubscriberKey, Subscription, TagId, TagName,
};
use crate::text::slug::slug;

use super::engine::{Go, Order, Read, Transaction};
use super::record::Record;
use super::rows::Name;
use super::subscribers::{postings, unpost};
use super::tags::owned;
use super::{Store, StoreError, forget, keys, load, note, save};

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
            self.pass(&renaming, Step::WriteDown).await?;
            let marks = renaming.clone();
            self.write(move |transaction| marks.join_marks(transaction))
                .await?;
            self.pass(&renaming, Step::Rename).await?;
        }
        self.write(move |transaction| renaming.finish(transaction, &names))
            .await?;
        Ok(Vec::new())
    }

    /// Takes a step with every subscriber that it concerns.
    async fn pass(&self, renaming: &Renaming, step: Step) -> Result<(), StoreError> {
        let mut after = SubscriberKey(0);
        loop {
            let page = self.subscribers(after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.key;
            let concerned = page.iter().filter(|s| renaming.concerns(s, step));
            let concerned: Vec<SubscriberKey> = concerned.map(|s| s.key).collect();
            if !concerned.is_empty() {
                let renaming = renaming.clone();
                self.write(move |transaction| renaming.take(step, transaction, &concerned))
                    .await?;
            }
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
            for subscriber in page.iter().filter(|subscriber| subscriber.is_active()) {
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

/// Interrupted anywhere, all can be done again from the first: marks go back only after those who
/// relied on them have their cursors written down, and nobody is moved before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The subscribers of a schedule that others are moved onto have cursors of their own.
    WriteDown,
    /// Subscriptions go by the new names.
    Rename,
}

/// What is called otherwise than when the store last heard of it.
#[derive(Debug, Clone, Default)]
struct Renaming {
    /// The marks of all cadences but `immediate`.
    marks: BTreeMap<Cadence, Mark>,
    /// Former schedule to present one.
    schedules: BTreeMap<String, String>,
    schedules_gone: BTreeSet<String>,
    tags: BTreeMap<TagId, TagId>,
    tags_gone: BTreeSet<TagId>,
}

impl Renaming {
    fn to(reader: &impl Read, names: &Names) -> Result<Renaming, StoreError> {
        let mut renaming = Renaming::default();
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
        !self.schedules.is_empty() || !self.tags.is_empty()
    }

    /// What a subscriber would be left without, each once.
    fn lost_by(&self, subscriber: &Subscriber) -> BTreeSet<(Kind, String)> {
        let mut lost = BTreeSet::new();
        for subscription in &subscriber.subscriptions {
            let schedule = &subscription.cadence.schedule;
            if self.schedules_gone.contains(schedule) {
                lost.insert((Kind::Schedule, schedule.clone()));
            }
            let gone = tags(subscription).filter(|tag| self.tags_gone.contains(tag));
            lost.extend(gone.map(|tag| (Kind::Tag, tag.to_string())));
        }
        lost
    }

    fn concerns(&self, subscriber: &Subscriber, step: Step) -> bool {
        subscriber.is_active()
            && subscriber
                .subscriptions
                .iter()
                .any(|subscription| match step {
                    Step::WriteDown => self.is_moved_onto(&subscription.cadence.schedule),
                    Step::Rename => {
                        self.schedules.contains_key(&subscription.cadence.schedule)
                            || tags(subscription).any(|tag| self.tags.contains_key(tag))
                    }
                })
    }

    fn is_moved_onto(&self, schedule: &str) -> bool {
        self.schedules.values().any(|to| to == schedule)
    }

    fn take(
        &self,
        step: Step,
        transaction: &mut Transaction<'_>,
        concerned: &[SubscriberKey],
    ) -> Result<(), StoreError> {
        for key in concerned {
            let Some(mut subscriber) =
                load::<Subscriber>(transaction, &keys::subscriber(*key))?.filter(|s| s.is_active())
            else {
                continue;
            };
            unpost(transaction, &subscriber);
            let former = std::mem::take(&mut subscriber.subscriptions);
            for subscription in former {
                let changed = match step {
                    Step::WriteDown => self.written_down(subscription),
                    Step::Rename => self.renamed(subscription),
                };
                join(&mut subscriber.subscriptions, changed);
            }
            for key in postings(&subscriber) {
                note(transaction, key);
            }
            save(transaction, keys::subscriber(*key), &subscriber)?;
        }
        Ok(())
    }

    /// The cursor in force, as its own.
    fn written_down(&self, mut subscription: Subscription) -> Subscription {
        if let Some(mark) = self.marks.get(&subscription.cadence) {
            subscription.cursor = subscription.cursor.max(mark.upper);
        }
        subscription
    }

    fn renamed(&self, mut subscription: Subscription) -> Subscription {
        if let Some(present) = self.schedules.get(&subscription.cadence.schedule) {
            subscription = self.written_down(subscription);
            subscription.cadence.schedule.clone_from(present);
        }
        let filter = &mut subscription.filter;
        for set in [&mut filter.any, &mut filter.all, &mut filter.none] {
            let former = std::mem::take(set).into_iter();
            set.extend(former.map(|tag| self.tags.get(&tag).cloned().unwrap_or(tag)));
        }
        subscription
    }

    /// The mark of a schedule that others are moved onto goes back to the earliest of theirs.
    fn join_marks(&self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        for (cadence, mark) in &self.marks {
            let Some(present) = self.schedules.get(&cadence.schedule) else {
                continue;
            };
            let present = Cadence {
                schedule: present.clone(),
                zone: cadence.zone.clone(),
            };
            let key = keys::mark(&present);
            let joined = match load::<Mark>(transaction, &key)? {
                Some(other) => Mark {
                    upper: other.upper.min(mark.upper),
                    ..other
                },
                None => mark.clone(),
            };
            save(transaction, key, &joined)?;
        }
        Ok(())
    }

    /// Forgets the names that nobody goes by any more.
    fn finish(&self, transaction: &mut Transaction<'_>, names: &Names) -> Result<(), StoreError> {
        for cadence in self.marks.keys() {
            if !names
                .schedules
                .values()
                .any(|name| *name == cadence.schedule)
            {
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

/// All tags that a subscription names.
fn tags(subscription: &Subscription) -> impl Iterator<Item = &TagId> {
    let filter = &subscription.filter;
    filter.any.iter().chain(&filter.all).chain(&filter.none)
}

/// Two that have become equal are one, as far back as either was.
fn join(subscriptions: &mut Vec<Subscription>, one: Subscription) {
    let same =
        |other: &&mut Subscription| other.filter == one.filter && other.cadence == one.cadence;
    match subscriptions.iter_mut().find(same) {
        Some(other) => other.cursor = other.cursor.min(one.cursor),
        None => subscriptions.push(one),
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
