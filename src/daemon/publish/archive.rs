//! The archives of feeds: behind the feeds, one small step at a time, so that no feed waits for them.
//!
//! A feed's publications are numbered, its full pages are written, and only then the feed leads to
//! them. After a change the feed's pages are compared with what their files were made from.

mod archivist;
mod backlog;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread::available_parallelism;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::control::{Board, Clock};
use crate::daemon::is_store_trouble;
use crate::domain::{BodyHash, FeedKey, Problem};
use crate::publish::Publisher;
use crate::store::{Store, StoreError};
use backlog::{Backlog, Brought, Page, Step, Stepped};

pub(super) use archivist::{Archivist, page_at};

/// What of the problems on the board is about archives.
const ABOUT: &str = "archives";

/// Keeps the archives up to date.
pub(super) struct Archives {
    store: Store,
    config: Arc<Config>,
    board: Arc<Board>,
    publisher: Arc<Publisher>,
    archivist: Arc<Archivist>,
    backlog: Backlog,
    /// Steps that are being taken, at most so many.
    work: JoinSet<Stepped>,
    at_once: usize,
    /// Steps that are to be taken again.
    failed: Vec<Step>,
    /// Lost bodies, and the pages that are without them.
    lost: BTreeMap<BodyHash, BTreeSet<Page>>,
    /// Files whose records are not in the manifest's file yet.
    uncommitted: usize,
}

impl Archives {
    pub(super) fn new(
        store: Store,
        config: Arc<Config>,
        board: Arc<Board>,
        publisher: Arc<Publisher>,
        archivist: Archivist,
    ) -> Archives {
        Archives {
            store,
            config,
            board,
            publisher,
            archivist: Arc::new(archivist),
            backlog: Backlog::default(),
            work: JoinSet::new(),
            at_once: 1,
            failed: Vec::new(),
            lost: BTreeMap::new(),
            uncommitted: 0,
        }
    }

    fn are_kept(&self) -> bool {
        self.config.feeds.has_archives()
    }

    /// Who writes the pages.
    pub(super) fn archivist(&self) -> Arc<Archivist> {
        Arc::clone(&self.archivist)
    }

    /// What is there was left by another process.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        if self.are_kept() {
            self.backlog.compare(self.store.page_counts().await?.keys());
            self.look_for_unnumbered().await?;
        }
        Ok(())
    }

    /// Feeds are rendered, since they changed: perhaps pages did, too.
    pub(super) fn compare(&mut self, feeds: &[FeedKey]) {
        if self.are_kept() {
            self.backlog.compare(feeds);
        }
    }

    /// A first scan may have made feeds that are to be numbered.
    pub(super) async fn look_for_unnumbered(&mut self) -> Result<(), StoreError> {
        if self.are_kept() {
            self.backlog.number(self.store.unnumbered().await?);
        }
        Ok(())
    }

    /// Does something wait for another time?
    pub(super) fn is_behind(&self) -> bool {
        !self.failed.is_empty() || !self.lost.is_empty() || self.backlog.has_unnumbered()
    }

    /// Another time has come.
    pub(super) fn try_again(&mut self) {
        for step in self.failed.drain(..) {
            self.backlog.failed(step);
        }
    }

    /// The pages without a body that is there again are written again.
    pub(super) async fn find_bodies(&mut self) -> Result<(), StoreError> {
        for hash in self.lost.keys().copied().collect::<Vec<_>>() {
            if self.store.has_body(hash).await? {
                self.backlog
                    .owe(self.lost.remove(&hash).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Takes the pages out of these paths, and writes them again.
    pub(super) fn mend(&mut self, torn: &mut BTreeSet<String>) {
        torn.retain(|path| match page_at(path) {
            Some(page) => {
                self.backlog.owe([page]);
                false
            }
            None => true,
        });
    }

    /// Takes steps until feeds can lead to their archives, and returns them: they are to be rendered.
    /// Where there is nothing to be done, this never returns. Nothing is lost if it is left.
    ///
    /// # Errors
    /// The store's, if it can't be used.
    pub(super) async fn lead(
        &mut self,
        may_number: impl Fn() -> bool,
        clock: &Clock,
    ) -> anyhow::Result<BTreeSet<FeedKey>> {
        loop {
            self.begin_steps(may_number(), clock());
            let Some(stepped) = self.work.join_next().await else {
                self.commit();
                if !self.is_behind() {
                    tracing::debug!("archives are up to date");
                }
                return std::future::pending().await;
            };
            if let Some(Brought::Lead(feeds)) = self.take(stepped?)?
                && !feeds.is_empty()
            {
                return Ok(feeds);
            }
        }
    }

    /// Takes every step that can be taken now, on all cores. Returns the files that are new.
    ///
    /// # Errors
    /// The store's, if it can't be used; the first of others.
    pub(super) async fn catch_up(&mut self, now: Timestamp) -> anyhow::Result<Vec<String>> {
        self.at_once = available_parallelism().map_or(1, usize::from);
        let mut files = Vec::new();
        loop {
            self.begin_steps(true, now);
            let Some(stepped) = self.work.join_next().await else {
                break;
            };
            if let Some(Brought::Page(_, written)) = self.take(stepped?)? {
                files.extend(written.file);
            }
        }
        self.commit();
        files.sort();
        Ok(files)
    }

    fn begin_steps(&mut self, may_number: bool, now: Timestamp) {
        while self.work.len() < self.at_once
            && let Some(step) = self.backlog.next(may_number, self.work.is_empty())
        {
            let (runtime, step) = (Handle::current(), self.archivist().step(step, now));
            self.work.spawn_blocking(move || runtime.block_on(step));
        }
    }

    fn take(&mut self, Stepped { step, result }: Stepped) -> anyhow::Result<Option<Brought>> {
        match result {
            Ok(outcome) => {
                let brought = self.backlog.took(step, outcome);
                if let Some(Brought::Page(page, written)) = &brought {
                    for hash in &written.lost {
                        self.lost.entry(*hash).or_default().insert(page.clone());
                    }
                    self.uncommitted += 1;
                    if self.uncommitted >= super::COMMIT_EVERY {
                        self.commit();
                    }
                }
                Ok(brought)
            }
            Err(error) if is_store_trouble(&error) => Err(error),
            Err(error) => {
                self.failed.push(step);
                self.complain(&error);
                Ok(None)
            }
        }
    }

    fn commit(&mut self) {
        if self.uncommitted == 0 {
            return;
        }
        self.uncommitted = 0;
        match self.publisher.commit() {
            Ok(()) if self.failed.is_empty() => self.board.clear("feeds", ABOUT),
            Ok(()) => {}
            Err(error) => {
                let error = anyhow::Error::from(error).context("can't write the manifest");
                self.complain(&error);
            }
        }
    }

    fn complain(&self, error: &anyhow::Error) {
        let remedy = "free the disk or mend the folder; it is tried again";
        let dir = &self.config.feeds.dir;
        let problem = Problem::of_file(dir, format!("{error:#}"), remedy);
        if self.board.pin("feeds", ABOUT, problem) {
            tracing::error!("archives: {error:#}");
        }
    }

    /// Nothing is begun any more; what was is finished.
    pub(super) async fn end(&mut self) {
        while self.work.join_next().await.is_some() {}
        self.commit();
    }
}
