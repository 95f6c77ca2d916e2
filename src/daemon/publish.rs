//! Feeds: those that changes touched are rendered from the store, put on disk and served.

mod archive;
mod beside;
mod gate;
mod left;
mod round;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use super::signals::Signals;
use crate::config::Config;
use crate::control::{Board, Clock};
use crate::domain::{BodyHash, FeedKey, Problem};
use crate::feed::Format;
use crate::publish::{Check, Publisher};
use crate::render::{AT_HAND, Renderer, UnfitFeed};
use crate::store::{Store, StoreError};
use archive::{Archives, Archivist, page_at};
use beside::is_beside;
use gate::Gate;
use round::Round;
use writing::{Writing, Written, path_of, recipe};

/// Between looks at whether the files are still there; and until what failed is tried again.
const LOOK_EVERY: Duration = Duration::from_mins(5);
const RETRY: Duration = Duration::from_secs(10);
/// Feeds of one round after which the manifest is brought up to date, lest a crash cost them all.
const COMMIT_EVERY: usize = 64;

/// The loop of the feeds.
pub struct Publishing {
    store: Store,
    config: Arc<Config>,
    publisher: Arc<Publisher>,
    renderer: Arc<Renderer>,
    board: Arc<Board>,
    archives: Archives,
    /// The feeds that the index lists, with their titles, and whether it lists others than it did.
    listed: BTreeMap<FeedKey, String>,
    is_index_due: bool,
    /// Those that could not be written.
    owed: BTreeSet<FeedKey>,
    /// Lost bodies, and the feeds that are without them.
    lost: BTreeMap<BodyHash, BTreeSet<FeedKey>>,
    gate: Gate,
    /// Feeds that are being written.
    work: JoinSet<Written>,
}

impl Publishing {
    /// The loop over what `publisher` writes.
    pub fn new(
        store: Store,
        config: Arc<Config>,
        publisher: Publisher,
        board: Arc<Board>,
    ) -> Publishing {
        Publishing::with(store, config, Arc::new(publisher), board, AT_HAND)
    }

    /// The same with so many bytes of written entries kept at hand, for those who render everything.
    pub fn keeping(self, bytes: usize) -> Publishing {
        Publishing::with(self.store, self.config, self.publisher, self.board, bytes)
    }

    fn with(
        store: Store,
        config: Arc<Config>,
        publisher: Arc<Publisher>,
        board: Arc<Board>,
        at_hand: usize,
    ) -> Publishing {
        let renderer = Renderer::new(store.clone(), Arc::clone(&config), at_hand);
        let renderer = Arc::new(renderer);
        let archivist =
            Archivist::new(store.clone(), Arc::clone(&renderer), Arc::clone(&publisher));
        Publishing {
            archives: Archives::new(
                store.clone(),
                Arc::clone(&config),
                Arc::clone(&board),
                Arc::clone(&publisher),
                archivist,
            ),
            renderer,
            store,
            config,
            publisher,
            board,
            listed: BTreeMap::new(),
            is_index_due: true,
            owed: BTreeSet::new(),
            lost: BTreeMap::new(),
            gate: Gate::default(),
            work: JoinSet::new(),
        }
    }

    /// Nothing is rendered any more, though this may never be dropped.
    pub fn end(&self) {
        self.publisher.end();
    }

    /// Renders what is not up to date (the last daemon may have been killed between a change and
    /// its feeds, or the configuration may be another), then what changes touch, and what is found
    /// to be damaged.
    pub async fn run(
        mut self,
        signals: Arc<Signals>,
        clock: Clock,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let mut touched = self.begin().await?;
        let shelf = self.publisher.shelf();
        let mut checks = JoinSet::new();
        let mut looks = interval(LOOK_EVERY);
        let mut how = Check::Bytes;
        loop {
            // Left in the middle, a round is as if the process had been killed there.
            tokio::select! {
                () = stop.cancelled() => break,
                done = self.round(touched, clock()) => done?,
            }
            signals.publish();
            self.archives.look_for_unnumbered().await?;
            let is_behind =
                !self.owed.is_empty() || !self.lost.is_empty() || self.archives.is_behind();
            let mut lead = BTreeSet::new();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = signals.render() => {}
                () = shelf.torn() => {}
                () = tokio::time::sleep(RETRY), if is_behind => self.archives.try_again(),
                _ = looks.tick() => {
                    let shelf = Arc::clone(&shelf);
                    checks.spawn_blocking(move || shelf.check(how));
                    how = Check::Length;
                }
                Some(checked) = checks.join_next() => checked?,
                done = self.archives.lead(|| signals.all_seen(), &clock) => lead = done?,
            }
            touched = signals.take_touched();
            touched.extend(lead);
            touched.extend(self.found_bodies().await?);
            touched.extend(self.torn());
        }
        // Who comes next writes to the same files.
        while self.work.join_next().await.is_some() {}
        self.archives.end().await;
        Ok(())
    }

    /// The feeds whose files were made from something else than would make them now.
    async fn begin(&mut self) -> anyhow::Result<BTreeSet<FeedKey>> {
        let formats = &self.config.feeds.formats;
        let is_written = |path: &str| {
            let of_feeds = |format: &Format| path.ends_with(&format!(".{format}"));
            let of_archives = self.config.feeds.has_archives() || page_at(path).is_none();
            is_beside(path) || of_archives && formats.iter().any(of_feeds)
        };
        if let Err(error) = self.publisher.retain(is_written) {
            tracing::warn!("a feed in a format that is no longer written stays: {error}");
        }
        let shape = self.renderer.shape().await?;
        let tags = self.store.tags().await?;
        let pages = match self.config.feeds.has_archives() {
            true => self.store.page_counts().await?,
            false => BTreeMap::new(),
        };
        self.archives.begin().await?;
        let mut stale = BTreeSet::new();
        for (key, sequence) in self.store.feeds().await? {
            let pages = pages.get(&key).copied().unwrap_or(0);
            let recipe = shape.as_ref().map(|shape| recipe(shape, pages, sequence));
            let is_made = |format: &Format| {
                let path = path_of(&key.stem(), *format);
                let recipe = recipe.as_deref();
                recipe.is_some_and(|recipe| self.publisher.is_made_from(&path, recipe))
            };
            if !formats.iter().all(is_made) {
                stale.insert(key.clone());
            }
            let label = key.tag.as_ref().and_then(|tag| tags.get(tag));
            let title = self
                .renderer
                .title(&key, label.map(|tag| tag.label.as_str()));
            self.listed.insert(key, title);
        }
        stale.extend(self.left_over().await?);
        tracing::debug!(
            "{} feeds, {} to be rendered",
            self.listed.len(),
            stale.len()
        );
        Ok(stale)
    }

    /// The feeds without a body that is there again.
    async fn found_bodies(&mut self) -> Result<BTreeSet<FeedKey>, StoreError> {
        self.archives.find_bodies().await?;
        let mut found = BTreeSet::new();
        for hash in self.lost.keys().copied().collect::<Vec<_>>() {
            if self.store.has_body(hash).await? {
                found.extend(self.lost.remove(&hash).into_iter().flatten());
            }
        }
        Ok(found)
    }

    /// The feeds whose files are lost or damaged. What is no feed's is served no longer.
    fn torn(&mut self) -> BTreeSet<FeedKey> {
        let mut torn = self.publisher.torn();
        if torn.is_empty() {
            return BTreeSet::new();
        }
        tracing::warn!("lost or damaged, and made anew: {torn:?}");
        let mut feeds = BTreeSet::new();
        for key in self.listed.keys() {
            for format in &self.config.feeds.formats {
                if torn.remove(&path_of(&key.stem(), *format)) {
                    feeds.insert(key.clone());
                }
            }
        }
        let before = torn.len();
        torn.retain(|path| !is_beside(path));
        self.is_index_due |= torn.len() < before;
        self.archives.mend(&mut torn);
        if let Err(error) = self.publisher.retain(|path| !torn.contains(path)) {
            tracing::debug!("what is no feed's can't be removed: {error}");
        }
        feeds
    }

    /// A full disk is no reason to stop mailing: it is pinned to the board, and what is owed is
    /// tried again.
    async fn round(&mut self, feeds: BTreeSet<FeedKey>, now: Timestamp) -> anyhow::Result<()> {
        match self.tick(feeds, now).await {
            Ok(_) => self.board.clear("feeds", ""),
            Err(error) if super::is_store_trouble(&error) => return Err(error),
            Err(error) => {
                let remedy = "free the disk or mend the folder; it is tried again";
                let problem =
                    Problem::of_file(&self.config.feeds.dir, format!("{error:#}"), remedy);
                if self.board.pin("feeds", "", problem) {
                    tracing::error!("feeds: {error:#}");
                }
            }
        }
        Ok(())
    }

    /// Numbers what is in no archive yet, so that feeds that are rendered next lead to theirs.
    ///
    /// # Errors
    /// The store's.
    pub async fn number(&mut self) -> Result<(), StoreError> {
        if self.config.feeds.has_archives() {
            for feed in self.store.unnumbered().await? {
                while self.store.number(&feed).await? {}
            }
        }
        Ok(())
    }

    /// Brings the archives up to date with what is rendered and numbered. Returns the files that are
    /// new, in order.
    ///
    /// # Errors
    /// The store's, or the disk's.
    pub async fn archive(&mut self, now: Timestamp) -> anyhow::Result<Vec<String>> {
        self.archives.begin().await?;
        self.archives.catch_up(now).await
    }

    /// Renders some feeds, and those that are owed. Returns the files that are new, in order. The
    /// next feed is read from the store while others are written.
    ///
    /// # Errors
    /// The store's, or the disk's.
    pub async fn tick(
        &mut self,
        feeds: BTreeSet<FeedKey>,
        now: Timestamp,
    ) -> anyhow::Result<Vec<String>> {
        self.owed.extend(feeds);
        // Those of one tag have entries in common.
        let mut feeds: Vec<FeedKey> = std::mem::take(&mut self.owed).into_iter().collect();
        feeds.sort_by(|a, b| (&a.tag, &a.language).cmp(&(&b.tag, &b.language)));
        self.archives.compare(&feeds);
        // One more than can run, so that none waits while another is dealt out.
        let at_once = available_parallelism().map_or(1, usize::from) + 1;
        let shape = self.renderer.shape().await?;
        let mut round = Round::default();
        for (number, key) in feeds.into_iter().enumerate() {
            if self.work.len() >= at_once
                && let Some(done) = self.work.join_next().await
            {
                self.take(done?, &mut round)?;
            }
            if number % COMMIT_EVERY == 0 {
                self.commit(&mut round);
            }
            let writing = Writing {
                key,
                shape: shape.clone(),
                renderer: Arc::clone(&self.renderer),
                publisher: Arc::clone(&self.publisher),
                archivist: self.archives.archivist(),
                formats: self.config.feeds.formats.clone(),
                runtime: Handle::current(),
                now,
            };
            self.work.spawn_blocking(move || writing.write());
        }
        while let Some(done) = self.work.join_next().await {
            self.take(done?, &mut round)?;
        }
        self.leave(std::mem::take(&mut round.left), now).await?;
        if std::mem::take(&mut self.is_index_due)
            && let Err(error) = self.write_beside(now, &mut round.written)
        {
            self.is_index_due = true;
            round.fail(error);
        }
        self.commit(&mut round);
        tracing::debug!("{} new files; feeds are up to date", round.written.len());
        round.written.sort();
        round.result.map(|()| round.written)
    }

    /// What the manifest can't say, the next commit says, or a start makes good.
    fn commit(&self, round: &mut Round) {
        if let Err(error) = self.publisher.commit() {
            round.fail(anyhow::Error::from(error).context("can't write the manifest"));
        }
    }

    /// # Errors
    /// The store's.
    fn take(&mut self, written: Written, round: &mut Round) -> anyhow::Result<()> {
        let Written {
            key,
            files,
            lost,
            refused,
            result,
        } = written;
        round.written.extend(files);
        for hash in lost {
            self.lost.entry(hash).or_default().insert(key.clone());
        }
        match result {
            Ok(Some(title)) => {
                self.gate.take(&key, &refused, &self.config, &self.board);
                let former = self.listed.insert(key, title.clone());
                self.is_index_due |= former != Some(title);
            }
            Ok(None) => drop(round.left.insert(key)),
            Err(error) if super::is_store_trouble(&error) => return Err(error),
            Err(error) if error.is::<UnfitFeed>() => {
                // It is the same until something else is to be in it.
                if let Some(unfit) = error.downcast_ref() {
                    self.gate.leave(&key, unfit, &self.board);
                }
            }
            // One that fails stops no other.
            Err(error) => {
                self.owed.insert(key);
                round.fail(error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
