//! The one place that looks at the clocks.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};

use crate::control::Clock;

/// The system's clock.
pub fn system() -> Clock {
    Arc::new(now)
}

/// The instant that it is.
#[expect(
    clippy::disallowed_methods,
    reason = "the clock is read here and handed down as `now`"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The time since the system was started, sleep included (CLOCK_BOOTTIME): nobody can set it.
pub fn since_boot() -> SignedDuration {
    let time = clock_gettime(ClockId::Boottime);
    SignedDuration::new(time.tv_sec, i32::try_from(time.tv_nsec).unwrap_or(0))
}
