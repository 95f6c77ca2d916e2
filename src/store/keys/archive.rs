//! Tables `c` and `m`: the archive of a feed, and where in the archives a publication is.

use super::Key;
use crate::domain::{FeedKey, PublicationKey};

/// The pages of a feed's archive.
pub(in crate::store) fn pages(feed: &FeedKey) -> Key {
    Key::table(b'c').feed(feed)
}

pub(in crate::store) fn page(feed: &FeedKey, number: u64) -> Key {
    pages(feed).number(number)
}

/// The numbers that feeds gave to a publication.
pub(in crate::store) fn numbers(key: PublicationKey) -> Key {
    Key::table(b'm').number(key.0)
}

pub(in crate::store) fn numbers_row(key: PublicationKey, row: u64) -> Key {
    numbers(key).number(row)
}
