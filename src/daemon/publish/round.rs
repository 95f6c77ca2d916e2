//! A round of rendering.

use std::collections::BTreeSet;

use crate::domain::FeedKey;

/// What came of a round so far.
pub(super) struct Round {
    /// New files.
    pub(super) written: Vec<String>,
    /// Feeds that are none, or none any more.
    pub(super) left: BTreeSet<FeedKey>,
    /// The first failure.
    pub(super) result: anyhow::Result<()>,
}

impl Default for Round {
    fn default() -> Round {
        Round {
            written: Vec::new(),
            left: BTreeSet::new(),
            result: Ok(()),
        }
    }
}

impl Round {
    pub(super) fn fail(&mut self, error: anyhow::Error) {
        if self.result.is_ok() {
            self.result = Err(error);
        }
    }
}
