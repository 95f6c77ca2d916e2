//! An ordered map of bytes with atomic batches: sled on disk, or a tree in memory.
//!
//! The verbs (the files beside this folder) are written once, over [`Transaction`], which lays the
//! writes of one verb over the map and hands them down as one batch.

mod memory;
mod sled;
mod transaction;

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::path::Path;

pub(super) use memory::MemoryEngine;
pub(super) use sled::SledEngine;
pub(super) use transaction::Transaction;

use super::StoreError;
use super::record::VALUE_MOST;

/// The keys and values to set, or to remove.
pub(super) type Batch = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

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
pub(super) enum Engine {
    Sled(SledEngine),
    Memory(MemoryEngine),
}

impl Engine {
    /// Opens or makes the map under `state`; the caller holds the lock.
    pub(super) fn open(state: &Path) -> Result<Engine, StoreError> {
        SledEngine::open(state).map(Engine::Sled)
    }

    /// One whose disk refuses to make anything durable.
    #[cfg(test)]
    pub(super) fn open_unsyncable(state: &Path) -> Result<Engine, StoreError> {
        SledEngine::open_unsyncable(state).map(Engine::Sled)
    }

    /// Makes the writes visible, all or none, also after a crash; not yet durable.
    pub(super) fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        match self {
            Engine::Sled(engine) => engine.commit(batch),
            Engine::Memory(engine) => engine.commit(batch),
        }
    }

    /// Makes everything committed durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        match self {
            Engine::Sled(engine) => engine.sync(),
            Engine::Memory(_) => Ok(()),
        }
    }
}

impl Read for Engine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Engine::Sled(engine) => engine.get(key),
            Engine::Memory(engine) => engine.get(key),
        }
    }

    fn scan(&self, range: Range<&[u8]>, order: Order, visit: Visit) -> Result<(), StoreError> {
        match self {
            Engine::Sled(engine) => engine.scan(range, order, visit),
            Engine::Memory(engine) => engine.scan(range, order, visit),
        }
    }
}
