//! The map in memory: for a build or a check without state, and for fast tests.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use super::{Batch, Go, Order, Read, StoreError, Visit, bounds};

#[derive(Default)]
pub(super) struct MemoryEngine {
    // A panic inside a scan leaves the tree whole, so a poisoned lock is as good as any.
    tree: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl MemoryEngine {
    pub(super) fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut tree = self.tree.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in batch {
            match value {
                Some(value) => tree.insert(key, value),
                None => tree.remove(&key),
            };
        }
        Ok(())
    }
}

impl Read for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner);
        Ok(tree.get(key).cloned())
    }

    fn scan(&self, range: Range<&[u8]>, order: Order, visit: Visit) -> Result<(), StoreError> {
        let tree = self.tree.read().unwrap_or_else(PoisonError::into_inner);
        let mut rows = tree.range::<[u8], _>(bounds(range));
        while let Some((key, value)) = match order {
            Order::Ascending => rows.next(),
            Order::Descending => rows.next_back(),
        } {
            if visit(key, value)? == Go::Stop {
                break;
            }
        }
        Ok(())
    }
}
