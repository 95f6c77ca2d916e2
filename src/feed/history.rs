//! A feed's place in its history: archives (RFC 5005 section 4) and tombstones (RFC 6721).

use jiff::Timestamp;

use super::write;
use super::{Feed, FeedError};

/// RFC 5005, Feed Paging and Archiving: prefix and namespace.
pub const HISTORY: (&str, &str) = ("fh", "http://purl.org/syndication/history/1.0");
/// RFC 6721, the Atom "deleted-entry" Element.
pub const TOMBSTONES: (&str, &str) = ("at", "http://purl.org/atompub/tombstones/1.0");

/// A feed's place in its history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Paths of other documents of the feed, as [`Feed::stem`]: what readers know as `current` in a
    /// page of the archive, which this document then is.
    pub archive_of: Option<String>,
    /// The page with what came before.
    pub previous: Option<String>,
    /// The page with what came next.
    pub next: Option<String>,
    /// What is no longer in the feed, the latest first. Nothing that is among its entries.
    pub deleted: Vec<Deleted>,
}

/// An entry that is no longer in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// Its id.
    pub id: String,
    /// When it left.
    pub when: Timestamp,
}

/// Relation and address of each document that a feed links to.
pub fn links(feed: &Feed) -> impl Iterator<Item = (&'static str, String)> {
    let History {
        archive_of,
        previous,
        next,
        ..
    } = &feed.history;
    [
        ("current", archive_of),
        ("prev-archive", previous),
        ("next-archive", next),
    ]
    .into_iter()
    .filter_map(|(rel, stem)| Some((rel, feed.url_of(stem.as_deref()?, super::Format::Atom))))
}

/// Attributes `ref` and `when` of each tombstone (RFC 6721 section 2), not escaped.
pub fn tombstones(feed: &Feed) -> Result<Vec<(String, String)>, FeedError> {
    let deleted = feed.history.deleted.iter();
    deleted
        .map(|deleted| {
            let id = write::line(&deleted.id);
            let when = write::rfc3339(&id, deleted.when)?;
            Ok((id, when))
        })
        .collect()
}
