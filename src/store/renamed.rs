//! Tags that the configuration calls otherwise than when they were given: publications take the
//! present names, and the feeds of the former ones are no more. What they held of themselves stays in
//! the store, and is there again if the name is.

use jiff::Timestamp;

use super::changes::Changes;
use super::engine::{Go, Order, Read, Transaction};
use super::feeds::{all_feed_rows, is_there};
use super::names::present_name;
use super::rows::{FeedRow, TagRow};
use super::{Applied, HoldEvent, Store, StoreError, keys, load};
use crate::domain::{Change, FeedKey, Guards, PublicationKey, TagId, TagName};

/// Publications that take other names in one transaction.
const PIECE: usize = 256;

impl Store {
    /// Lets publications go by the names that their tags have in the configuration as last adopted,
    /// also those that no source shows any more. Can be called again after it was interrupted.
    pub async fn adopt_tags(&self, now: Timestamp, guards: Guards) -> Result<Applied, StoreError> {
        let mut applied = Applied::default();
        for feed in former_feeds(self.reader())? {
            let mut after = Some(Vec::new());
            while let Some(last) = after {
                let feed = feed.clone();
                let piece =
                    self.write(move |transaction| retag(transaction, &feed, &last, now, guards));
                let (changes, opened, reached) = piece.await?;
                applied.changes.extend(changes);
                applied.holds.extend(opened);
                after = reached;
            }
        }
        Ok(applied)
    }

    /// The tag that has taken a tag's place: the configuration gives it the other's name, and nothing
    /// is left in the other's feed.
    pub async fn successor(&self, tag: &TagId) -> Result<Option<TagId>, StoreError> {
        successor(self.reader(), tag)
    }

    /// The feeds of tags whose place another has taken.
    pub async fn left_feeds(&self) -> Result<Vec<FeedKey>, StoreError> {
        let mut left = Vec::new();
        for (feed, row) in all_feed_rows(self.reader(), keys::feeds())? {
            if !is_there(self.reader(), &feed, &row)? {
                left.push(feed);
            }
        }
        Ok(left)
    }
}

/// See [`Store::successor`].
pub(super) fn successor(reader: &impl Read, tag: &TagId) -> Result<Option<TagId>, StoreError> {
    let feed = FeedKey::in_all_languages(Some(tag.clone()));
    let row = load::<FeedRow>(reader, &keys::feed(&feed))?;
    match row.is_some_and(|row| row.entries > 0) {
        true => Ok(None),
        false => otherwise(reader, tag),
    }
}

/// What the configuration calls a tag, if that is another name.
fn otherwise(reader: &impl Read, tag: &TagId) -> Result<Option<TagId>, StoreError> {
    // A tag of the configuration goes by its id alone, whatever it was labelled.
    let row = load::<TagRow>(reader, &keys::tag(tag))?;
    let name = TagName {
        id: tag.clone(),
        label: row.and_then(|row| row.owner).unwrap_or_default(),
    };
    Ok(present_name(reader, &name)?.filter(|present| present != tag))
}

/// The feeds in which something goes by the former name of a tag.
fn former_feeds(reader: &impl Read) -> Result<Vec<FeedKey>, StoreError> {
    let mut former = Vec::new();
    for (feed, row) in all_feed_rows(reader, keys::feeds_in(None))? {
        if let Some(tag) = feed.tag.as_ref().filter(|_| row.entries > 0)
            && otherwise(reader, tag)?.is_some()
        {
            former.push(feed);
        }
    }
    Ok(former)
}

/// A piece of a feed, after a key; and what was reached, if there may be more.
type Piece = (Vec<Change>, Option<HoldEvent>, Option<Vec<u8>>);

fn retag(
    transaction: &mut Transaction<'_>,
    feed: &FeedKey,
    after: &[u8],
    now: Timestamp,
    guards: Guards,
) -> Result<Piece, StoreError> {
    let mut span = keys::feed_entries(feed).prefix();
    if !after.is_empty() {
        span.start = after.to_vec();
    }
    let mut found: Vec<Vec<u8>> = Vec::with_capacity(PIECE);
    transaction.scan(span.range(), Order::Ascending, &mut |key, _| {
        found.push(key.to_vec());
        Ok(if found.len() < PIECE {
            Go::On
        } else {
            Go::Stop
        })
    })?;
    let mut changes = Changes::begin(transaction, now, guards, false)?;
    for key in &found {
        changes.rename_tags(PublicationKey(keys::last_number(key)))?;
    }
    let (changes, opened) = changes.finish()?;
    let is_full = found.len() == PIECE;
    let reached = found.pop().filter(|_| is_full).map(|mut last| {
        last.push(0);
        last
    });
    Ok((changes, opened, reached))
}
