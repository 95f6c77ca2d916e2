//! Tables `w`, `e` and `a`: what is left of runs that were closed long ago. And what is looked
//! through as a whole to know what may go.

use super::Key;
use crate::domain::{BodyHash, RunKey, SubscriberKey};

pub(in crate::store) fn retention() -> Key {
    Key::table(b'w')
}

/// What is left of the deliveries of all runs.
pub(in crate::store) fn all_shrunk() -> Key {
    Key::table(b'e')
}

pub(in crate::store) fn shrunk(run: RunKey, first: SubscriberKey) -> Key {
    all_shrunk().number(run.0).number(first.0)
}

pub(in crate::store) fn all_tallies() -> Key {
    Key::table(b'a')
}

pub(in crate::store) fn tallies(run: RunKey) -> Key {
    all_tallies().number(run.0)
}

pub(in crate::store) fn tally(run: RunKey, content: u64) -> Key {
    tallies(run).number(content)
}

pub(in crate::store) fn all_contents() -> Key {
    Key::table(b'C')
}

pub(in crate::store) fn all_held_in() -> Key {
    Key::table(b'j')
}

pub(in crate::store) fn all_revisions() -> Key {
    Key::table(b'R')
}

pub(in crate::store) fn bodies() -> Key {
    Key::table(b'X')
}

/// The hash in a key of table `X`.
pub(in crate::store) fn hash_in(key: &[u8]) -> Option<BodyHash> {
    Some(BodyHash(key.get(1..)?.try_into().ok()?))
}
