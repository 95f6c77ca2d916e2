//! Publications that say the same in several languages.

use super::Key;
use crate::domain::{PublicationId, PublicationKey};

/// Is the table filled?
pub(in crate::store) fn grouped() -> Key {
    Key::table(b'v')
}

/// The publications of a group.
pub(in crate::store) fn translations(group: &PublicationId) -> Key {
    grouped().text(&group.0)
}

pub(in crate::store) fn translation(group: &PublicationId, key: PublicationKey) -> Key {
    translations(group).number(key.0)
}
