//! Keys of subscribers and of the suppression list.

use jiff::Timestamp;

use super::Key;
use crate::domain::SubscriberKey;

pub(in crate::store) fn subscribers() -> Key {
    Key::table(b'U')
}

pub(in crate::store) fn subscriber(key: SubscriberKey) -> Key {
    subscribers().number(key.0)
}

pub(in crate::store) fn address(key: &str) -> Key {
    Key::table(b'E').text(key)
}

pub(in crate::store) fn suppression_secret() -> Key {
    Key::table(b'z')
}

pub(in crate::store) fn suppression(digest: &[u8; 16]) -> Key {
    let mut key = Key::table(b'x');
    key.0.extend_from_slice(digest);
    key
}

pub(in crate::store) fn suppressions() -> Key {
    Key::table(b'y')
}

pub(in crate::store) fn suppressed_at(at: Timestamp, digest: &[u8; 16]) -> Key {
    let mut key = suppressions().instant(at);
    key.0.extend_from_slice(digest);
    key
}

/// The digest at the end of a key of table `y`.
pub(in crate::store) fn digest_in(key: &[u8]) -> [u8; 16] {
    key.last_chunk().copied().unwrap_or_default()
}
