//! What a change moves in the feeds.

use std::collections::BTreeSet;

use super::Changes;
use crate::domain::{ChangeKind, FeedKey, PublicationState, Standing};
use crate::store::archive::{Numbering, Step, numbers};
use crate::store::departures::Departures;
use crate::store::rows::FeedRow;
use crate::store::{StoreError, forget, keys, load, note};

impl Changes<'_, '_> {
    /// Takes the publication out of the feeds it was in and puts it into those it is in now.
    /// Returns all of them.
    pub(super) fn move_in_feeds(
        &mut self,
        before: &PublicationState,
        after: &PublicationState,
        kind: ChangeKind,
    ) -> Result<BTreeSet<FeedKey>, StoreError> {
        let of = |state: &PublicationState| match state.standing {
            Standing::Live => FeedKey::of(&state.publication),
            _ => BTreeSet::new(),
        };
        let (left, entered) = (of(before), of(after));
        for feed in &left {
            let key = keys::feed_entry(feed, before.publication.published, before.key);
            forget(self.transaction, key);
        }
        for feed in &entered {
            let key = keys::feed_entry(feed, after.publication.published, after.key);
            note(self.transaction, key);
        }
        let touched: BTreeSet<FeedKey> = left.union(&entered).cloned().collect();
        let mut numbers = match before.released {
            Some(_) => numbers(self.transaction, before.key)?,
            None => Vec::new(),
        };
        for feed in &touched {
            // What an author dates, a feed is dated by, so that a build without state has the same
            // bytes each time. Departures have no date but the clock's.
            let instant = match kind {
                ChangeKind::Withdrawn | ChangeKind::Expired => self.worth.now,
                _ if !entered.contains(feed) => self.worth.now,
                ChangeKind::Restored | ChangeKind::Retagged => self.worth.now,
                _ => after.publication.updated.min(self.worth.now),
            };
            let former = match self.feeds.remove(feed) {
                None => load(self.transaction, &keys::feed(feed))?,
                former => former,
            };
            let is_new = former.is_none();
            let mut row = former.unwrap_or(FeedRow {
                sequence: after.sequence,
                updated: instant,
                entries: 0,
                numbering: Numbering::default(),
                departures: Departures::default(),
            });
            // What a first scan finds is numbered afterwards.
            if is_new && feed.is_archived() && !self.worth.baseline {
                row.numbering = Numbering::from_the_first();
            }
            row.sequence = after.sequence;
            row.updated = row.updated.max(instant);
            row.entries = (row.entries + u64::from(entered.contains(feed)))
                .saturating_sub(u64::from(left.contains(feed)));
            let gone = (!entered.contains(feed)).then_some(self.worth.now);
            match gone {
                Some(when) => row.departures.leave(after.key, when, after.sequence),
                None => row.departures.enter(after.key),
            }
            let was = before.publication.updated.min(self.worth.now);
            let step = Step {
                publication: after.key,
                sequence: after.sequence,
                left: gone,
                instant: instant.max(was),
            };
            self.archiving
                .step(self.transaction, feed, &mut row, &mut numbers, &step)?;
            self.feeds.insert(feed.clone(), row);
        }
        Ok(touched)
    }
}
