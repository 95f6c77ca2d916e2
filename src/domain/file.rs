//! What tells one state of a file from another without reading it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// File systems note the time by ticks, the coarsest of two seconds: two changes within one tick
/// may leave the same traces.
const TICK: SignedDuration = SignedDuration::from_secs(2);

/// The state of a file. The time of change tells also what writes in place and sets the time of
/// modification back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Bytes.
    pub size: u64,
    /// Seconds since 1970 and nanoseconds.
    pub modified: (i64, i64),
    /// When anything about it last changed (`ctime`), as `modified`.
    pub changed: (i64, i64),
    /// Which file of its file system it is.
    pub inode: u64,
}

impl Fingerprint {
    /// Would every later change show, if the file was read at `now`? Not if it had just changed.
    pub fn is_settled(&self, now: Timestamp) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let nanoseconds = i32::try_from(nanoseconds).unwrap_or(i32::MAX);
        let changed = Timestamp::new(seconds, nanoseconds).unwrap_or(Timestamp::MAX);
        now.duration_since(changed) > TICK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_within_a_tick_of_its_reading_may_have_changed_since() {
        let changed_at = |seconds, nanoseconds| Fingerprint {
            size: 1,
            modified: (0, 0),
            changed: (seconds, nanoseconds),
            inode: 1,
        };
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(100);
        assert!(changed_at(97, 999_999_999).is_settled(now));
        assert!(!changed_at(98, 0).is_settled(now));
        // Another machine's clock.
        assert!(!changed_at(200, 0).is_settled(now));
        assert!(!changed_at(i64::MAX, i64::MAX).is_settled(now));
    }
}
