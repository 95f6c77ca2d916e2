//! Table `W`: what waits for its date, or for its end.

use jiff::Timestamp;

use super::{Key, number_before};
use crate::domain::PublicationKey;

pub(in crate::store) fn waiting() -> Key {
    Key::table(b'W')
}

fn waiting_from(instant: Timestamp) -> Key {
    waiting().instant(instant)
}

pub(in crate::store) fn waits(instant: Timestamp, key: PublicationKey) -> Key {
    waiting_from(instant).number(key.0)
}

/// The instant before the last number of a key of table `W`.
pub(in crate::store) fn instant_before_last(key: &[u8]) -> Option<Timestamp> {
    let sortable = number_before(key, 1);
    Timestamp::from_millisecond((sortable ^ (1 << 63)) as i64).ok()
}
