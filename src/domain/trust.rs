//! When a store is not to be believed: the clock is wrong, or the store is a copy of former days.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{RunKey, Sequence};

/// The wall clock may be set by so much while the daemon runs.
const MOVE_MOST: SignedDuration = SignedDuration::from_hours(24);
/// At start it may be so far behind the last instant that the store knows: a clock that is set by
/// seconds is no sign of anything.
const BEHIND_MOST: SignedDuration = SignedDuration::from_mins(10);

/// Why a store is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distrust {
    /// The wall clock was moved against the boot clock.
    ClockMoved {
        /// What it would have shown.
        from: Timestamp,
        /// What it showed.
        to: Timestamp,
    },
    /// At start the clock was behind the last instant that the store knows.
    ClockBehind {
        /// That instant.
        last: Timestamp,
        /// What the clock showed.
        now: Timestamp,
    },
    /// A witness knows of a later state of this store.
    Restored(Witness),
}

impl Distrust {
    /// Is it the clock that is in doubt, and not the store by itself?
    pub fn is_of_clock(&self) -> bool {
        !matches!(self, Distrust::Restored(_))
    }
}

/// What is kept outside a store to tell whether it is the latest state of itself: how far it had
/// come when something was last claimed. A store that has not come so far is a copy from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The number of the last change.
    pub sequence: Sequence,
    /// The last run.
    pub run: RunKey,
    /// The last subscriber that came.
    pub subscriber: u64,
    /// How often it has been written down that something is going to be claimed.
    pub claims: u64,
    /// When this was written.
    pub at: Timestamp,
}

impl Witness {
    /// Does it know of more than a store that would say this of itself?
    pub fn knows_more_than(&self, own: &Witness) -> bool {
        self.claims > own.claims || self.run > own.run || self.sequence > own.sequence
    }
}

/// Was the wall clock moved? `offset` is how far it was ahead of the boot clock.
pub fn clock_moved(
    offset: SignedDuration,
    boot: SignedDuration,
    now: Timestamp,
) -> Option<Distrust> {
    let from = Timestamp::UNIX_EPOCH
        .checked_add(boot.saturating_add(offset))
        .unwrap_or(Timestamp::MAX);
    let moved = now.duration_since(from).abs();
    (moved > MOVE_MOST).then_some(Distrust::ClockMoved { from, to: now })
}

/// Is the clock behind the last instant that the store knows?
pub fn clock_behind(last: Timestamp, now: Timestamp) -> Option<Distrust> {
    let behind = last.duration_since(now);
    (behind > BEHIND_MOST).then_some(Distrust::ClockBehind { last, now })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hours * 3600).expect("an instant")
    }

    #[test]
    fn a_clock_is_moved_by_over_a_day_against_the_boot_clock() {
        let boot = SignedDuration::from_hours(50);
        let offset = at(0).duration_since(Timestamp::UNIX_EPOCH) - boot;
        let later = |hours| boot + SignedDuration::from_hours(hours);
        assert_eq!(clock_moved(offset, boot, at(0)), None);
        assert_eq!(clock_moved(offset, later(1000), at(1000)), None, "time");
        assert_eq!(clock_moved(offset, boot, at(24)), None);
        let forward = Distrust::ClockMoved {
            from: at(1),
            to: at(26),
        };
        assert_eq!(clock_moved(offset, later(1), at(26)), Some(forward));
        assert!(clock_moved(offset, boot, at(-25)).is_some());
        assert!(clock_moved(offset, boot, Timestamp::MIN).is_some());
        assert!(clock_moved(offset, SignedDuration::MAX, at(0)).is_some());
    }

    #[test]
    fn a_clock_is_behind_the_last_instant_by_more_than_minutes() {
        let soon = at(1) - SignedDuration::from_mins(10);
        assert_eq!(clock_behind(at(1), soon), None);
        assert_eq!(clock_behind(at(1), at(2)), None);
        assert!(clock_behind(at(1), at(0)).is_some());
    }
}
