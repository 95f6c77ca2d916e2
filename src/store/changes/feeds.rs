//! What a change moves in the feeds.

use std::collections::BTreeSet;

use super::Changes;
use crate::domain::{ChangeKind, FeedKey, PublicationState, Standing};
use crate::store::rows::FeedRow;
use crate::store::{StoreError, forget, keys, load, note, save};

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
        for feed in &touched {
            // What an author dates, a feed is dated by, so that a build without state has the same
            // bytes each time. Departures have no date but the clock's.
            let instant = match kind {
                ChangeKind::Withdrawn | ChangeKind::Expired => self.worth.now,
                _ if !entered.contains(feed) => self.worth.now,
                ChangeKind::Restored | ChangeKind::Retagged => self.worth.now,
                _ => after.publication.updated.min(self.worth.now),
            };
            let key = keys::feed(feed);
            let former = load::<FeedRow>(self.transaction, &key)?;
            let entries = former.as_ref().map_or(0, |former| former.entries);
            let row = FeedRow {
                sequence: after.sequence,
                updated: former.map_or(instant, |former| former.updated.max(instant)),
                entries: (entries + u64::from(entered.contains(feed)))
                    .saturating_sub(u64::from(left.contains(feed))),
            };
            save(self.transaction, key, &row)?;
        }
        Ok(touched)
    }
}
