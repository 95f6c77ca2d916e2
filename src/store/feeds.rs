//! What is in a feed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::{
    FeedKey, Language, PublicationKey, PublicationState, Sequence, Standing, TagId,
};

use super::engine::{Go, Order, Read};
use super::record::Record;
use super::renamed::successor;
use super::rows::FeedRow;
use super::{Store, StoreError, keys, load, tags};

/// A feed as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedView {
    /// The last change that touched it.
    pub sequence: Sequence,
    /// Its last change of substance; never goes back.
    pub updated: Timestamp,
    /// Full pages of its archive.
    pub pages: u64,
    /// What whoever first used its tag called it.
    pub label: Option<String>,
    /// Newest first by date of publication.
    pub entries: Vec<PublicationState>,
}

impl Store {
    /// A feed with its newest entries, at most `most`; `None` if nothing was ever in it, or if its
    /// tag left it to another.
    pub async fn feed(&self, feed: &FeedKey, most: usize) -> Result<Option<FeedView>, StoreError> {
        let reader = self.reader();
        let Some(row) = feed_row(reader, feed)? else {
            return Ok(None);
        };
        let mut newest = Vec::with_capacity(most);
        let span = keys::feed_entries(feed).prefix();
        reader.scan(span.range(), Order::Descending, &mut |key, _| {
            newest.push(PublicationKey(keys::last_number(key)));
            Ok(if newest.len() < most {
                Go::On
            } else {
                Go::Stop
            })
        })?;
        let mut entries = Vec::with_capacity(newest.len());
        for key in newest {
            // One that was withdrawn since the scan is left out: its change renders the feed again.
            let state = load::<PublicationState>(reader, &keys::publication(key))?;
            entries.extend(state.filter(|state| state.standing == Standing::Live));
        }
        Ok(Some(FeedView {
            sequence: row.sequence,
            updated: row.updated,
            pages: row.numbering.pages(),
            label: feed
                .tag
                .as_ref()
                .map(|tag| tags::label(reader, tag))
                .transpose()?,
            entries,
        }))
    }

    /// Every feed that anything was ever in and that its tag has not left to another, and the last
    /// change that touched it.
    pub async fn feeds(&self) -> Result<BTreeMap<FeedKey, Sequence>, StoreError> {
        let reader = self.reader();
        let mut feeds = BTreeMap::new();
        for (feed, row) in feed_rows(reader, keys::feeds())? {
            feeds.insert(feed, row.sequence);
        }
        Ok(feeds)
    }

    /// Was anything ever in a feed, whatever its tag is called now?
    pub async fn ever_had(&self, feed: &FeedKey) -> Result<bool, StoreError> {
        Ok(load::<FeedRow>(self.reader(), &keys::feed(feed))?.is_some())
    }
}

/// The row of a feed, unless its tag left it to another.
pub(super) fn feed_row(reader: &impl Read, feed: &FeedKey) -> Result<Option<FeedRow>, StoreError> {
    match load::<FeedRow>(reader, &keys::feed(feed))? {
        Some(row) if is_there(reader, feed, &row)? => Ok(Some(row)),
        _ => Ok(None),
    }
}

/// The feeds whose keys begin so, but those that their tags left to others.
pub(super) fn feed_rows(
    reader: &impl Read,
    of: keys::Key,
) -> Result<Vec<(FeedKey, FeedRow)>, StoreError> {
    let mut there = Vec::new();
    for (feed, row) in all_feed_rows(reader, of)? {
        if is_there(reader, &feed, &row)? {
            there.push((feed, row));
        }
    }
    Ok(there)
}

/// The feeds whose keys begin so.
pub(super) fn all_feed_rows(
    reader: &impl Read,
    of: keys::Key,
) -> Result<Vec<(FeedKey, FeedRow)>, StoreError> {
    let mut rows = Vec::new();
    reader.scan(of.prefix().range(), Order::Ascending, &mut |key, value| {
        if let Some(feed) = feed_key(key) {
            rows.push((feed, FeedRow::decode(value)?));
        }
        Ok(Go::On)
    })?;
    Ok(rows)
}

/// Whatever something is in is there.
pub(super) fn is_there(
    reader: &impl Read,
    feed: &FeedKey,
    row: &FeedRow,
) -> Result<bool, StoreError> {
    match &feed.tag {
        Some(tag) if row.entries == 0 => Ok(successor(reader, tag)?.is_none()),
        _ => Ok(true),
    }
}

/// The feed that a key of table `G` names.
fn feed_key(key: &[u8]) -> Option<FeedKey> {
    let text = std::str::from_utf8(key.get(1..)?).ok()?;
    let (language, tag) = text.strip_suffix('\0')?.split_once('\0')?;
    let language = (!language.is_empty())
        .then(|| Language::parse(language))
        .transpose()
        .ok()?;
    let tag = (!tag.is_empty())
        .then(|| TagId::new(tag))
        .transpose()
        .ok()?;
    Some(FeedKey { language, tag })
}
