//! Tables `L`, `Z` and `K`: whom the windows of a cadence concern, and how far it has come.

use super::Key;
use crate::domain::{Cadence, SubscriberKey};

pub(in crate::store) fn postings(cadence: &Cadence, term: &str) -> Key {
    posted(cadence).text(term)
}

pub(in crate::store) fn posting(cadence: &Cadence, term: &str, subscriber: SubscriberKey) -> Key {
    postings(cadence, term).number(subscriber.0)
}

/// The posting lists of all zones of a schedule.
pub(in crate::store) fn zones(schedule: &str) -> Key {
    Key::table(b'L').text(schedule)
}

/// All posting lists of a cadence.
pub(in crate::store) fn posted(cadence: &Cadence) -> Key {
    Key::table(b'L').cadence(cadence)
}

pub(in crate::store) fn all_exceptions() -> Key {
    Key::table(b'Z')
}

pub(in crate::store) fn exceptions(cadence: &Cadence) -> Key {
    all_exceptions().cadence(cadence)
}

pub(in crate::store) fn exception(cadence: &Cadence, subscriber: SubscriberKey) -> Key {
    exceptions(cadence).number(subscriber.0)
}

pub(in crate::store) fn marks() -> Key {
    Key::table(b'K')
}

pub(in crate::store) fn mark(cadence: &Cadence) -> Key {
    marks().cadence(cadence)
}

/// The cadence in a key of table `K` or `L`.
pub(in crate::store) fn cadence_in(key: &[u8]) -> Option<Cadence> {
    let mut texts = key.get(1..)?.split(|byte| *byte == 0);
    let mut text = || String::from_utf8(texts.next()?.to_vec()).ok();
    Some(Cadence {
        schedule: text()?,
        zone: text().filter(|zone| !zone.is_empty()),
    })
}
