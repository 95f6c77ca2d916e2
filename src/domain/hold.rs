//! Guards and holds: what is out of the ordinary waits for a person.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Distrust;

/// How far back the guards look, and how long after its last joining a hold is still joined.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// So few publications may always go from a source at once.
const FEW: u64 = 10;

/// `[guards]`: the limits beyond which nobody is mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guards {
    /// What is found later than this after its date is not news.
    pub max_age: SignedDuration,
    /// More news than this within ten minutes wait for approval before they are mailed.
    pub hold_over: u64,
}

impl Guards {
    /// Is one news more too many, after so many within ten minutes?
    pub fn is_flood(&self, recent: u64) -> bool {
        recent >= self.hold_over
    }
}

/// Was this within the last ten minutes?
pub fn is_recent(now: Timestamp, then: Timestamp) -> bool {
    now.duration_since(then) <= WINDOW
}

/// Did a source lose more of the publications that it had than is to be believed?
pub fn is_great_loss(lost: u64, had: u64) -> bool {
    lost > FEW && lost > had / 2
}

/// Names a hold, for people too.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct HoldKey(pub u64);

impl fmt::Display for HoldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its number.
    pub key: HoldKey,
    /// What is held.
    pub kind: HoldKind,
    /// Since when.
    pub opened: Timestamp,
    /// When the last publication joined it, or its list last changed.
    pub renewed: Timestamp,
    /// How many publications wait; of a store, none.
    pub publications: u64,
    /// What the person said; from then on it is carried out.
    pub decision: Option<Decision>,
}

/// The kinds of hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldKind {
    /// News that is in the feeds and not yet to be mailed: there was too much at once.
    Releases,
    /// Publications whose files are gone, though that is hard to believe: they stay published.
    Withdrawals {
        /// The source's name.
        source: String,
    },
    /// The store itself: nothing is mailed.
    Store(Distrust),
    /// Publications of a source that is no longer configured: they stay published.
    Gone {
        /// The name that it had.
        source: String,
    },
}

/// What a person says of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It is as it should be: mail them; withdraw them; go on.
    Approve,
    /// Leave it at that: never mail them; never withdraw them; drop what waits, and mail what is
    /// news from now on.
    Skip,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_what_goes_beyond_the_limit() {
        let guards = |hold_over| Guards {
            max_age: SignedDuration::ZERO,
            hold_over,
        };
        assert!(!guards(25).is_flood(24), "the 25th is let through");
        assert!(guards(25).is_flood(25));
        assert!(guards(0).is_flood(0), "everything waits");
    }

    #[test]
    fn a_great_loss_is_over_half_and_over_ten() {
        assert!(!is_great_loss(10, 10));
        assert!(is_great_loss(11, 11));
        assert!(!is_great_loss(50, 100));
        assert!(is_great_loss(51, 100));
        assert!(is_great_loss(51, 101));
    }
}
