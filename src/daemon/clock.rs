//! The one place that looks at the clock.

use std::sync::Arc;

use jiff::Timestamp;

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
