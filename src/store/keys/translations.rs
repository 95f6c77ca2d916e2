//! Publications that say the same in several languages.

use super::Key;
use crate::domain::{PublicationId, PublicationKey, Tie};

/// How far the table is filled.
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

/// Everything that has a tie. No id begins with this byte.
pub(in crate::store) fn all_tied() -> Key {
    let mut key = grouped();
    key.0.push(1);
    key
}

/// The publications that have a tie.
pub(in crate::store) fn tied_by(tie: &Tie) -> Key {
    let (kind, text) = match tie {
        Tie::Original(id) => ("id", &id.0),
        Tie::Key(key) => ("key", key),
        Tie::Name(name) => ("name", name),
    };
    all_tied().text(kind).text(text)
}

pub(in crate::store) fn tied(tie: &Tie, key: PublicationKey) -> Key {
    tied_by(tie).number(key.0)
}
