//! An ordered map of bytes with atomic batches: sled on disk, or a tree in memory.
//!
//! The verbs (the files beside this folder) are written once, over [`Transaction`], which lays the
//! writes of one verb over the map and hands them down as one batch.

mod memory;
mod sled;
mod snapshot;
mod transaction;

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use memory::MemoryEngine;
use sled::SledEngine;
use snapshot::Snapshot;

pub(super) use transaction::Transaction;

use super::StoreError;
use super::record::VALUE_MOST;

/// The keys and values to set, or to remove.
pub(super) type Batch = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Keys with their values.
pub(super) type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// Takes a key and its value; says whether to go on.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&[u8], &[u8]) -> Result<Go, StoreError>;

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Go {
    On,
    Stop,
}

/// In which direction to walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

/// What can be read from: the map itself, or a transaction over it.
pub(super) trait Read {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Walks `range` until `visit` says stop.
    fn scan(&self, range: Range<&[u8]>, order: Order, visit: Visit) -> Result<(), StoreError>;
}

/// The same range in the form that a `BTreeMap` of vectors takes for slices.
fn bounds(range: Range<&[u8]>) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (Bound::Included(range.start), Bound::Excluded(range.end))
}

/// The closed set of maps.
enum Map {
    Sled(SledEngine),
    Memory(MemoryEngine),
}

/// A map. Whoever commits or reads a snapshot has the writer's turn; anybody may read.
pub(super) struct Engine {
    map: Map,
    /// What a reader of one instant has yet to see as it was then.
    snapshot: Mutex<Option<Snapshot>>,
}

impl Engine {
    fn over(map: Map) -> Engine {
        let snapshot = Mutex::default();
        Engine { map, snapshot }
    }

    /// Opens or makes the map under `state`; the caller holds the lock.
    pub(super) fn open(state: &Path) -> Result<Engine, StoreError> {
        Ok(Engine::over(Map::Sled(SledEngine::open(state)?)))
    }

    /// One whose disk refuses to make anything durable.
    #[cfg(test)]
    pub(super) fn open_unsyncable(state: &Path) -> Result<Engine, StoreError> {
        Ok(Engine::over(Map::Sled(SledEngine::open_unsyncable(state)?)))
    }

    /// One that ends with the process.
    pub(super) fn in_memory() -> Engine {
        Engine::over(Map::Memory(MemoryEngine::default()))
    }

    /// Does it outlive the process?
    pub(super) fn is_durable(&self) -> bool {
        matches!(self.map, Map::Sled(_))
    }

    /// Makes the writes visible, all or none, also after a crash; not yet durable.
    pub(super) fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if let Some(snapshot) = self.snapshot().as_mut() {
            snapshot.keep(self, &batch)?;
        }
        match &self.map {
            Map::Sled(engine) => engine.commit(batch),
            Map::Memory(engine) => engine.commit(batch),
        }
    }

    /// Makes everything committed durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        match &self.map {
            Map::Sled(engine) => engine.sync(),
            Map::Memory(_) => Ok(()),
        }
    }

    /// From now on [`Engine::page`] reads the map as it is at this instant. Says no while another
    /// does so.
    pub(super) fn begin_snapshot(&self) -> bool {
        let mut snapshot = self.snapshot();
        let is_free = snapshot.is_none();
        snapshot.get_or_insert_default();
        is_free
    }

    /// The next rows of the snapshot in their order, about so many bytes; none when it is read.
    pub(super) fn page(&self, most: usize) -> Result<Rows, StoreError> {
        match self.snapshot().as_mut() {
            Some(snapshot) => snapshot.page(self, most),
            None => Ok(Rows::new()),
        }
    }

    /// Nobody reads the snapshot any more.
    pub(super) fn end_snapshot(&self) {
        *self.snapshot() = None;
    }

    fn snapshot(&self) -> MutexGuard<'_, Option<Snapshot>> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Engine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.map {
            Map::Sled(engine) => engine.get(key),
            Map::Memory(engine) => engine.get(key),
        }
    }

    fn scan(&self, range: Range<&[u8]>, order: Order, visit: Visit) -> Result<(), StoreError> {
        match &self.map {
            Map::Sled(engine) => engine.scan(range, order, visit),
            Map::Memory(engine) => engine.scan(range, order, visit),
        }
    }
}
