//! `[mail] rate`: a leave for each letter.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::Rate;
use crate::domain::rate;

/// What goes in this time may go at once, for timers are not exact, and no server minds.
const AT_ONCE: Duration = Duration::from_millis(100);

/// The bucket is full at first, so that a restart gives away one bucket and no more.
#[derive(Debug)]
pub(super) struct Bucket {
    bucket: rate::Bucket,
    begun: Instant,
    full: Duration,
}

impl Bucket {
    pub(super) fn of(rate: Rate, now: Instant) -> Bucket {
        Bucket {
            bucket: rate::Bucket::holding(rate, AT_ONCE),
            begun: now,
            full: Duration::ZERO,
        }
    }

    /// Letters that may go at once.
    pub(super) fn burst(&self) -> usize {
        self.bucket.burst() as usize
    }

    /// Takes leave for a letter.
    ///
    /// # Errors
    /// There is none before then.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let leave = self.bucket.take(&mut self.full, now - self.begun);
        leave.map_err(|then| self.begun + then)
    }
}
