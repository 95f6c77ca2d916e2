//! How long it is kept who was mailed what.

use jiff::{SignedDuration, Timestamp};

/// `[retention]`: what is kept of mails, counted from when their runs were closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// What became of each mail, the server's answer, and what its publications read like then.
    pub deliveries: SignedDuration,
    /// Who was mailed which publication. What was mailed longer ago is news again only once it is
    /// corrected. No shorter than `deliveries`.
    pub ledger: SignedDuration,
}

impl Retention {
    /// Before this instant deliveries are no longer kept.
    pub fn deliveries_since(&self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.deliveries).unwrap_or(Timestamp::MIN)
    }

    /// Before this instant nothing is.
    pub fn ledger_since(&self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.ledger).unwrap_or(Timestamp::MIN)
    }
}
