//! Tables `h`, `i`, `j`, `l`, `g` and `s`: holds, what may become one, and whether the store is trusted.

use super::Key;
use crate::domain::{HoldKey, PublicationKey};

pub(in crate::store) fn holds() -> Key {
    Key::table(b'h')
}

pub(in crate::store) fn hold(key: HoldKey) -> Key {
    holds().number(key.0)
}

pub(in crate::store) fn held(hold: HoldKey) -> Key {
    Key::table(b'i').number(hold.0)
}

pub(in crate::store) fn held_row(hold: HoldKey, number: u64) -> Key {
    held(hold).number(number)
}

pub(in crate::store) fn held_in(publication: PublicationKey) -> Key {
    Key::table(b'j').number(publication.0)
}

pub(in crate::store) fn trust() -> Key {
    Key::table(b'g')
}

/// The number up to which everything was skipped.
pub(in crate::store) fn skipped() -> Key {
    Key::table(b's')
}

pub(in crate::store) fn losses(source: &str) -> Key {
    Key::table(b'l').text(source)
}

pub(in crate::store) fn loss(source: &str, publication: PublicationKey) -> Key {
    losses(source).number(publication.0)
}
