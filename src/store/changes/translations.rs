//! What a change of one publication changes for its translations: they point to each other.

use std::collections::BTreeSet;

use super::Changes;
use crate::domain::{
    FeedKey, Language, Publication, PublicationId, PublicationState, Sequence, Standing,
};
use crate::store::rows::Number;
use crate::store::translations::{enter, members};
use crate::store::{StoreError, forget, keys, load, save};

impl Changes<'_, '_> {
    /// Enters a publication, which was otherwise, under its group.
    pub(super) fn regroup(
        &mut self,
        was: &Publication,
        state: &PublicationState,
    ) -> Result<(), StoreError> {
        let has_moved = was.group() != state.publication.group();
        if has_moved {
            forget(self.transaction, keys::translation(was.group(), state.key));
        }
        // One of its first revision is new.
        if has_moved || state.revision <= 1 {
            enter(self.transaction, state)?;
        }
        Ok(())
    }

    /// Notes with its translations that they show something else of it now. Returns the feeds that
    /// they are in.
    pub(super) fn tell_translations(
        &mut self,
        before: &PublicationState,
        after: &PublicationState,
    ) -> Result<BTreeSet<FeedKey>, StoreError> {
        let mut feeds = BTreeSet::new();
        let (left, joined) = (before.publication.group(), after.publication.group());
        if left == joined && shown(before) == shown(after) {
            return Ok(feeds);
        }
        for group in BTreeSet::from([left, joined]) {
            for key in members(self.transaction, group)? {
                if key == after.key {
                    continue;
                }
                let place = keys::translation(group, key);
                save(self.transaction, place, &Number(after.sequence.0))?;
                let other = load::<PublicationState>(self.transaction, &keys::publication(key))?;
                if let Some(other) = other.filter(|other| other.standing == Standing::Live) {
                    feeds.extend(FeedKey::of(&other.publication));
                    self.archiving
                        .renew(self.transaction, key, after.sequence)?;
                }
            }
        }
        for feed in &feeds {
            self.renew_feed(feed, after.sequence)?;
        }
        Ok(feeds)
    }

    /// A feed reads otherwise now, though nothing in it changed of substance: its date stays.
    fn renew_feed(&mut self, feed: &FeedKey, sequence: Sequence) -> Result<(), StoreError> {
        let former = match self.feeds.remove(feed) {
            None => load(self.transaction, &keys::feed(feed))?,
            former => former,
        };
        if let Some(mut row) = former {
            row.sequence = sequence;
            self.feeds.insert(feed.clone(), row);
        }
        Ok(())
    }
}

/// What its translations show of a publication.
fn shown(state: &PublicationState) -> Option<(&PublicationId, &Language, &str, &str)> {
    let publication = &state.publication;
    (state.standing == Standing::Live).then_some((
        &publication.id,
        &publication.language,
        publication.link.as_str(),
        publication.title.as_str(),
    ))
}
