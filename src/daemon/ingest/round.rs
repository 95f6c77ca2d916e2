//! What one look has gathered and not yet told.

use crate::domain::publication::{Batch, Found, Pass};

/// Publications told to the store in one transaction, and about how many bytes of bodies.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 32 << 20;

/// What one look has gathered and not yet told.
pub(super) struct Round {
    source: String,
    found: Vec<Found>,
    /// Of the bodies.
    bytes: usize,
    pub(super) missing: Vec<String>,
}

impl Round {
    pub(super) fn of(source: &str, missing: Vec<String>) -> Round {
        Round {
            source: source.to_owned(),
            found: Vec::new(),
            bytes: 0,
            missing,
        }
    }

    pub(super) fn add(&mut self, found: Found) {
        self.bytes += found.body.len();
        self.found.push(found);
    }

    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= BATCH || self.bytes >= BATCH_BYTES
    }

    pub(super) fn batch(&mut self, pass: Pass) -> Batch {
        self.bytes = 0;
        Batch {
            source: self.source.clone(),
            found: std::mem::take(&mut self.found),
            missing: self.missing.clone(),
            pass,
        }
    }
}
