//! Chunks of deliveries that are taken, until when.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::deliveries::ChunkKey;

/// Chunks that are taken, until when, and how many of their deliveries are out. They live with the
/// process: an open store proves that no former process is at work any more.
#[derive(Default)]
pub(super) struct Leases(Arc<Mutex<HashMap<ChunkKey, Lease>>>);

struct Lease {
    until: Timestamp,
    out: usize,
}

impl Leases {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<ChunkKey, Lease>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn handle(&self) -> Leases {
        Leases(Arc::clone(&self.0))
    }

    pub(super) fn is_taken(&self, chunk: ChunkKey, now: Timestamp) -> bool {
        self.with(|leases| leases.get(&chunk).is_some_and(|lease| lease.until > now))
    }

    /// Is anything taken?
    pub(super) fn any(&self, now: Timestamp) -> bool {
        self.with(|leases| leases.values().any(|lease| lease.until > now))
    }

    pub(super) fn take(&self, chunk: ChunkKey, out: usize, until: Timestamp) {
        self.with(|leases| leases.insert(chunk, Lease { until, out }));
    }

    pub(super) fn clear(&self) {
        self.with(HashMap::clear);
    }

    pub(super) fn give_back(&self, chunk: ChunkKey, number: usize) {
        self.with(|leases| {
            if let Some(lease) = leases.get_mut(&chunk) {
                lease.out = lease.out.saturating_sub(number);
                if lease.out == 0 {
                    leases.remove(&chunk);
                }
            }
        });
    }
}
