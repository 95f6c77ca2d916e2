//! What the pass reads beside the subscribers: the rows of deliveries, and what is in them.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;

use super::super::deliveries::content;
use super::super::engine::{Go, Order, Read};
use super::super::record::Record;
use super::super::rows::{Chunk, ChunkEntry, Number};
use super::super::{StoreError, keys, load};
use crate::domain::{
    Content, Item, PublicationId, PublicationKey, PublicationState, RunKey, SubscriberKey,
};

/// Contents kept at hand.
const CONTENTS: usize = 10_000;

/// The deliveries of a run in the order of their subscribers.
pub(super) struct Rows {
    run: RunKey,
    /// The chunks up to here are read.
    after: Option<SubscriberKey>,
    read: VecDeque<ChunkEntry>,
}

impl Rows {
    pub(super) fn of(run: RunKey) -> Rows {
        Rows {
            run,
            after: None,
            read: VecDeque::new(),
        }
    }

    /// The next one, if it is of somebody before `subscriber`.
    pub(super) fn before(
        &mut self,
        reader: &impl Read,
        subscriber: SubscriberKey,
    ) -> Result<Option<ChunkEntry>, StoreError> {
        self.read_on(reader)?;
        Ok(self
            .read
            .pop_front_if(|entry| entry.subscriber < subscriber))
    }

    /// The next one, if it is of this subscriber.
    pub(super) fn of_subscriber(
        &mut self,
        reader: &impl Read,
        subscriber: SubscriberKey,
    ) -> Result<Option<ChunkEntry>, StoreError> {
        self.read_on(reader)?;
        Ok(self
            .read
            .pop_front_if(|entry| entry.subscriber == subscriber))
    }

    fn read_on(&mut self, reader: &impl Read) -> Result<(), StoreError> {
        if !self.read.is_empty() {
            return Ok(());
        }
        let mut span = keys::chunks(self.run).prefix();
        if let Some(after) = self.after {
            span = span.from(keys::chunk(self.run, after).next());
        }
        reader.scan(span.range(), Order::Ascending, &mut |key, value| {
            self.after = Some(SubscriberKey(keys::last_number(key)));
            self.read.extend(Chunk::decode(value)?.entries);
            Ok(Go::Stop)
        })
    }
}

/// Contents, and the groups of what is in them.
#[derive(Default)]
pub(in crate::store) struct Contents {
    contents: HashMap<(RunKey, u64), Content>,
    groups: BTreeMap<PublicationKey, PublicationId>,
}

impl Contents {
    pub(super) fn get(
        &mut self,
        reader: &impl Read,
        run: RunKey,
        number: u64,
    ) -> Result<&Content, StoreError> {
        if self.contents.len() >= CONTENTS && !self.contents.contains_key(&(run, number)) {
            self.contents.clear();
        }
        match self.contents.entry((run, number)) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => Ok(entry.insert(content(reader, run, number)?)),
        }
    }

    /// What a subscriber was mailed, or is to be, in some runs, oldest first.
    pub(in crate::store) fn items(
        &mut self,
        reader: &impl Read,
        subscriber: SubscriberKey,
        runs: Range<RunKey>,
    ) -> Result<Vec<(RunKey, Item)>, StoreError> {
        let mut rows = Vec::new();
        let from = keys::had(subscriber, runs.start);
        let span = from.until(keys::had(subscriber, runs.end));
        reader.scan(span.range(), Order::Ascending, &mut |key, value| {
            rows.push((RunKey(keys::last_number(key)), Number::decode(value)?.0));
            Ok(Go::On)
        })?;
        let mut items = Vec::new();
        for (run, number) in rows {
            let content = self.get(reader, run, number)?;
            items.extend(content.items.iter().map(|item| (run, item.clone())));
        }
        Ok(items)
    }

    /// The same by group: the highest major revision.
    pub(in crate::store) fn had(
        &mut self,
        reader: &impl Read,
        subscriber: SubscriberKey,
        runs: Range<RunKey>,
    ) -> Result<HashMap<PublicationId, u32>, StoreError> {
        let mut had: HashMap<PublicationId, u32> = HashMap::new();
        for (_, item) in self.items(reader, subscriber, runs)? {
            let group = self.group(reader, item.publication)?;
            let major = had.entry(group).or_default();
            *major = item.major.max(*major);
        }
        Ok(had)
    }

    pub(in crate::store) fn group(
        &mut self,
        reader: &impl Read,
        publication: PublicationKey,
    ) -> Result<PublicationId, StoreError> {
        if let Some(group) = self.groups.get(&publication) {
            return Ok(group.clone());
        }
        let state = load::<PublicationState>(reader, &keys::publication(publication))?;
        let group = state.map_or_else(
            || PublicationId(String::new()),
            |state| state.group().clone(),
        );
        self.groups.insert(publication, group.clone());
        Ok(group)
    }
}
