//! What left a feed of late.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::rows::FeedRow;
use super::{Store, StoreError, keys, load};
use crate::domain::{FeedKey, PublicationId, PublicationKey, PublicationState, Sequence};

/// A publication that was in a feed and is not any more: withdrawn, expired, or without the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departed {
    /// Whose entry it was.
    pub id: PublicationId,
    /// When it left.
    pub when: Timestamp,
    /// The change by which it did.
    pub sequence: Sequence,
}

/// The last departures from a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Departures {
    /// Of what left up to here nothing is known.
    unknown: Sequence,
    /// In the order of their numbers. None of them is back.
    last: VecDeque<Departure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Departure {
    publication: PublicationKey,
    when: Timestamp,
    sequence: Sequence,
}

impl Departures {
    /// As many as are told: the row is written with each change of the feed.
    const MOST: usize = 50;

    pub(super) fn unknown_until(unknown: Sequence) -> Departures {
        Departures {
            unknown,
            last: VecDeque::new(),
        }
    }

    pub(super) fn enter(&mut self, publication: PublicationKey) {
        self.last.retain(|left| left.publication != publication);
    }

    pub(super) fn leave(
        &mut self,
        publication: PublicationKey,
        when: Timestamp,
        sequence: Sequence,
    ) {
        self.enter(publication);
        self.last.push_back(Departure {
            publication,
            when,
            sequence,
        });
        if self.last.len() > Self::MOST
            && let Some(forgotten) = self.last.pop_front()
        {
            self.unknown = forgotten.sequence;
        }
    }
}

impl Store {
    /// What left a feed by a change after `since` and is not back, in the order of their numbers.
    /// `None`: more left than is remembered, or nobody noted it at the time.
    pub async fn departed(
        &self,
        feed: &FeedKey,
        since: Sequence,
    ) -> Result<Option<Vec<Departed>>, StoreError> {
        let reader = self.reader();
        let Some(FeedRow { departures, .. }) = load(reader, &keys::feed(feed))? else {
            return Ok(Some(Vec::new()));
        };
        if since < departures.unknown {
            return Ok(None);
        }
        told(reader, &departures, since).map(Some)
    }

    /// What left a feed of late and is not back, as far as that is remembered.
    pub async fn lately_departed(&self, feed: &FeedKey) -> Result<Vec<Departed>, StoreError> {
        let reader = self.reader();
        match load::<FeedRow>(reader, &keys::feed(feed))? {
            Some(row) => told(reader, &row.departures, Sequence(0)),
            None => Ok(Vec::new()),
        }
    }
}

fn told(
    reader: &Engine,
    departures: &Departures,
    since: Sequence,
) -> Result<Vec<Departed>, StoreError> {
    let mut departed = Vec::new();
    for left in departures.last.iter().filter(|left| left.sequence > since) {
        let state: Option<PublicationState> = load(reader, &keys::publication(left.publication))?;
        departed.extend(state.map(|state| Departed {
            id: state.publication.id,
            when: left.when,
            sequence: left.sequence,
        }));
    }
    Ok(departed)
}
