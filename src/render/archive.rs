//! What a feed tells of its past: pages of its archive (RFC 5005 section 4), and tombstones.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Made, Renderer, Shown};
use crate::domain::{FeedKey, PublicationKey};
use crate::feed::{Deleted, History};
use crate::store::{Departed, StoreError};

/// How long, before its last change, a feed has tombstones of what left it.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Renderer {
    /// A page of a feed's archive, from 1; `None`: it is not full, or there are no archives.
    pub async fn page(&self, key: &FeedKey, number: u64) -> Result<Option<Made>, StoreError> {
        if !self.config.feeds.has_archives() {
            return Ok(None);
        }
        let Some(feed) = self.store.feed(key, 0).await? else {
            return Ok(None);
        };
        let Some(page) = self.store.page(key, number).await? else {
            return Ok(None);
        };
        let title = self.title(key, feed.label.as_deref());
        let dates = page.entries.iter().map(|entry| entry.publication.updated);
        let updated = dates.fold(page.updated, Ord::max).min(feed.updated);
        let mut bare = self.bare(key.stem(), title, None, updated);
        bare.history = History {
            archive_of: Some(bare.stem),
            previous: (number > 1).then(|| key.page_stem(number - 1)),
            next: (number < feed.pages).then(|| key.page_stem(number + 1)),
            deleted: told(page.departed),
        };
        bare.stem = key.page_stem(number);
        Ok(Some(Made {
            feed: bare,
            entries: self.shown(page.entries).await?,
            sequence: page.sequence,
            pages: feed.pages.min(number + 1),
        }))
    }

    /// Lets a feed lead to its archive, and hold what is in none of its pages: whoever follows it
    /// finds everything. And tells what left it of late.
    pub(super) async fn add_history(
        &self,
        key: &FeedKey,
        pages: u64,
        made: &mut Made,
    ) -> Result<(), StoreError> {
        let mut lately = self.store.lately_departed(key).await?;
        // By the feed's own date, so that it reads the same whenever it is rendered.
        let told_since = made.feed.updated.saturating_sub(TOLD_FOR);
        let told_since = told_since.unwrap_or(Timestamp::MIN);
        lately.retain(|departed| departed.when >= told_since);
        made.feed.history.deleted = told(lately);
        if !self.config.feeds.has_archives() || !key.is_archived() {
            return Ok(());
        }
        made.pages = pages;
        made.feed.history.previous = (pages > 0).then(|| key.page_stem(pages));
        let there: BTreeSet<PublicationKey> =
            made.entries.iter().map(|one| one.state.key).collect();
        let mut more = self.store.not_archived(key).await?;
        more.retain(|one| !there.contains(&one.key));
        made.entries.extend(self.shown(more).await?);
        let newest_first =
            |Shown { state, .. }: &Shown| Reverse((state.publication.published, state.key));
        made.entries.sort_by_key(newest_first);
        Ok(())
    }
}

/// The latest first.
fn told(departed: Vec<Departed>) -> Vec<Deleted> {
    let mut departed = departed;
    departed.sort_by_key(|one| Reverse(one.sequence));
    let departed = departed.into_iter().map(|one| Deleted {
        id: one.id.0,
        when: one.when,
    });
    departed.collect()
}
