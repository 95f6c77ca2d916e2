//! Feeds that are no more: their tags go by other names now.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Publishing;
use super::archive::page_at;
use super::beside::paths_beside;
use super::writing::path_of;
use crate::domain::FeedKey;
use crate::feed::Format;
use crate::store::StoreError;

impl Publishing {
    /// Those that have files still, which another process or a former round left.
    pub(super) async fn left_over(&self) -> Result<Vec<FeedKey>, StoreError> {
        let shelf = self.publisher.shelf();
        let mut left = self.store.left_feeds().await?;
        left.retain(|feed| {
            let paths = Format::ALL.map(|format| path_of(&feed.stem(), format));
            paths.iter().any(|path| shelf.get(path).is_some())
        });
        Ok(left)
    }

    /// Who is pushed one of them is pushed the feed that took its place, and then its files go: from
    /// then on its address leads there. The pages of its archive are swept.
    ///
    /// # Errors
    /// The store's; then nothing more is done.
    pub(super) async fn leave(
        &mut self,
        left: BTreeSet<FeedKey>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if left.is_empty() {
            return Ok(());
        }
        let shelf = self.publisher.shelf();
        let mut unwanted = BTreeSet::new();
        for feed in &left {
            let successor = match &feed.tag {
                Some(tag) => self.store.successor(tag).await?,
                None => None,
            };
            let language = feed.language.clone();
            let successor = successor.map(|tag| FeedKey {
                language,
                tag: Some(tag),
            });
            for format in Format::ALL {
                let path = path_of(&feed.stem(), format);
                if let Some(successor) = &successor {
                    let present = path_of(&successor.stem(), format);
                    let due = shelf.get(&present).map(|_| now);
                    self.store.follow_instead(&path, &present, due).await?;
                }
                unwanted.insert(path);
            }
            self.is_index_due |= self.listed.remove(feed).is_some();
        }
        if let Err(error) = self.publisher.retain(|path| !unwanted.contains(path)) {
            tracing::warn!("a feed whose tag goes by another name stays: {error}");
        }
        self.archives.sweep();
        Ok(())
    }

    /// Removes the files of every feed but those that were rendered here, for whoever has rendered
    /// all there are and remembers no others.
    ///
    /// # Errors
    /// The disk's.
    pub fn remove_others(&self) -> anyhow::Result<()> {
        let formats = self.config.feeds.formats.iter();
        let feeds = self.listed.keys().flat_map(|feed| {
            let path = |format: &Format| path_of(&feed.stem(), *format);
            formats.clone().map(path).chain(paths_beside(feed))
        });
        let known: BTreeSet<String> = feeds.collect();
        let is_known = |path: &str| known.contains(path) || page_at(path).is_some();
        self.publisher.retain(is_known)?;
        Ok(self.publisher.commit()?)
    }
}
