//! What the pages of the site list, a few at a time: nothing here looks through a whole table.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::domain::{FeedKey, PublicationKey, PublicationState, Standing, TagId};

use super::engine::{Go, Order, Read};
use super::feeds::feed_row;
use super::record::Record;
use super::{Store, StoreError, keys, load, meta, tags};

/// An entry's place in a feed that is in the order of publication. Prints as `<milliseconds>-<key>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When it was published, in whole milliseconds.
    pub published: Timestamp,
    /// Of those of one instant, which.
    pub key: PublicationKey,
}

/// The text names no place in a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a feed")]
pub struct NotAPlace;

/// Some of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Newest first by date of publication.
    pub publications: Vec<PublicationState>,
    /// Where the last of them is, if there are older ones.
    pub older: Option<Place>,
}

impl Store {
    /// At most `most` publications in a feed, the newest, or the newest that are older than the one
    /// at a place; it need not be there any more.
    pub async fn listed(
        &self,
        feed: &FeedKey,
        before: Option<Place>,
        most: usize,
    ) -> Result<Listed, StoreError> {
        let reader = self.reader();
        let mut span = keys::feed_entries(feed).prefix();
        if let Some(Place { published, key }) = before {
            span = span.up_to(keys::feed_entry(feed, published, key));
        }
        let mut places = Vec::with_capacity(most);
        let mut is_last = true;
        reader.scan(span.range(), Order::Descending, &mut |key, _| {
            is_last = places.len() < most;
            if !is_last {
                return Ok(Go::Stop);
            }
            let published = keys::instant_before_last(key);
            let key = PublicationKey(keys::last_number(key));
            places.extend(published.map(|published| Place { published, key }));
            Ok(Go::On)
        })?;
        let mut publications = Vec::with_capacity(places.len());
        for place in &places {
            // One that was withdrawn since the scan is left out.
            let state = load::<PublicationState>(reader, &keys::publication(place.key))?;
            publications.extend(state.filter(|state| state.standing == Standing::Live));
        }
        Ok(Listed {
            publications,
            older: places.pop().filter(|_| !is_last),
        })
    }

    /// How many publications are in a feed now; `None`: there was never one.
    pub async fn entries_in(&self, feed: &FeedKey) -> Result<Option<u64>, StoreError> {
        Ok(feed_row(self.reader(), feed)?.map(|row| row.entries))
    }

    /// What the configuration or whoever first used a tag called it; its id where that is not known.
    pub async fn tag_label(&self, tag: &TagId) -> Result<String, StoreError> {
        tags::label(self.reader(), tag)
    }

    /// The greatest number that a publication has.
    pub async fn last_publication(&self) -> Result<PublicationKey, StoreError> {
        Ok(PublicationKey(meta(self.reader())?.publication))
    }

    /// The publications that can be read now, of those with the `most` numbers from `first` on.
    pub async fn live_from(
        &self,
        first: PublicationKey,
        most: u64,
    ) -> Result<Vec<PublicationState>, StoreError> {
        let end = PublicationKey(first.0.saturating_add(most));
        let span = keys::publication(first).until(keys::publication(end));
        let mut live = Vec::new();
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |_, value| {
                let state = PublicationState::decode(value)?;
                live.extend(Some(state).filter(|state| state.standing == Standing::Live));
                Ok(Go::On)
            })?;
        Ok(live)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.published.as_millisecond(), self.key.0)
    }
}

impl FromStr for Place {
    type Err = NotAPlace;
    fn from_str(text: &str) -> Result<Place, NotAPlace> {
        // The instant may be before 1970.
        let (instant, key) = text.rsplit_once('-').ok_or(NotAPlace)?;
        let instant = instant.parse().map_err(|_| NotAPlace)?;
        Ok(Place {
            published: Timestamp::from_millisecond(instant).map_err(|_| NotAPlace)?,
            key: PublicationKey(key.parse().map_err(|_| NotAPlace)?),
        })
    }
}
