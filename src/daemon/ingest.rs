//! A source: what changed in it is read and told to the store.

mod baseline;
#[cfg(test)]
mod histories;
mod log;
mod memory;
mod round;
mod trouble;
mod turn;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::guard::{Guard, HALT};
use super::{hold, signals::Signals};
use crate::config::{self, Config};
use crate::content::{self, Coalescer, Directory, Hint, Look, Reading, Watcher};
use crate::control::{Board, Clock};
use crate::domain::publication::{Batch, Pass};
use crate::domain::{ChangeKind, Guards};
use crate::store::{Applied, HoldEvent, Refusal, Store, StoreError};
use baseline::Baseline;
pub(super) use log::log;
use memory::Memory;
use round::Round;
use trouble::ROOT;
use turn::{Turns, blocking, done};

/// Between full scans where there are no file events.
const POLL_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// The loop of one source.
pub struct Ingest {
    source: config::Source,
    directory: Arc<Mutex<Directory>>,
    guards: Guards,
    store: Store,
    board: Arc<Board>,
    signals: Arc<Signals>,
    /// Files that the store could not take. What stood in their way may go without their changing,
    /// so every look tries them again.
    refused: BTreeMap<String, Refusal>,
    baseline: Baseline,
    memory: Memory,
    told: Option<Told>,
}

/// What the store is being told.
type Told = JoinHandle<Result<Applied, StoreError>>;

/// What a round led to.
#[derive(Debug, Default)]
pub struct Ingested {
    /// How many changes of each kind took effect.
    pub changes: BTreeMap<ChangeKind, usize>,
    /// Files that were being written while they were read: look again soon.
    pub unsettled: BTreeSet<String>,
    /// How many files were read.
    pub read: usize,
}

impl Ingest {
    /// The loop of `source`.
    pub fn new(
        source: &config::Source,
        config: &Config,
        store: Store,
        board: Arc<Board>,
        signals: Arc<Signals>,
    ) -> Ingest {
        let directory = Directory::new(source, &config.site, &config.tags, &config.labels);
        Ingest {
            source: source.clone(),
            memory: Memory::of(&source.name, store.clone(), &directory),
            directory: Arc::new(Mutex::new(directory)),
            guards: config.guards,
            store,
            board,
            signals,
            refused: BTreeMap::new(),
            baseline: Baseline::default(),
            told: None,
        }
    }

    /// The same, with a memory that outlives it.
    pub fn remembering(mut self) -> Ingest {
        self.memory.begin();
        self
    }

    /// Watches, scans, and follows the events; a full scan now and then, since events are only
    /// hints.
    pub async fn run(
        mut self,
        clock: Clock,
        guard: Arc<Guard>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let mut watcher = Watcher::new(&self.source.path, self.source.watch)?;
        let mut coalescer = Coalescer::new(self.source.settle);
        let mut rescan_at = clock();
        loop {
            if !guard.has_room() {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    hint = watcher.next() => coalescer.add(hint, clock()),
                    () = tokio::time::sleep(HALT) => {}
                }
                continue;
            }
            let now = clock();
            let is_scan = now >= rescan_at;
            let look = if is_scan {
                Some(Look::Everything)
            } else {
                coalescer.take(now)
            };
            if let Some(look) = look {
                // Left in the middle, a round is as if the process had been killed there: the next
                // start looks at everything again.
                tokio::select! {
                    () = stop.cancelled() => return self.leave().await,
                    done = self.round(look, now, watcher, &mut coalescer) => watcher = done?,
                }
            }
            // It may be polling by now.
            rescan_at = rescan_at.min(later(clock(), self.rescan_every(&watcher)));
            if is_scan {
                rescan_at = later(clock(), self.rescan_every(&watcher));
            }
            let now = clock();
            let next = coalescer
                .ready_at()
                .map_or(rescan_at, |at| at.min(rescan_at));
            let pause = Duration::try_from(next.duration_since(now)).unwrap_or_default();
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                hint = watcher.next() => coalescer.add(hint, clock()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Waits for what the store is being told: after this nothing more is told under the source's
    /// name, which may be another's soon.
    async fn leave(&mut self) -> anyhow::Result<()> {
        if let Some(told) = self.told.take() {
            done(told).await?;
        }
        Ok(())
    }

    fn rescan_every(&self, watcher: &Watcher) -> SignedDuration {
        if self.baseline.waits {
            self.source.settle
        } else if watcher.polling() {
            self.source.rescan.min(POLL_EVERY)
        } else {
            self.source.rescan
        }
    }

    async fn round(
        &mut self,
        look: Look,
        now: Timestamp,
        watcher: Watcher,
        coalescer: &mut Coalescer,
    ) -> Result<Watcher, StoreError> {
        let files = self.source.files.clone();
        let (watcher, look) = blocking(move || {
            let mut watcher = watcher;
            watcher.cover(&look, &files);
            (watcher, look)
        })
        .await;
        self.pin_refusal(&watcher);
        let ingested = self.tick(look, now).await?;
        if !ingested.unsettled.is_empty() {
            let paths = ingested
                .unsettled
                .iter()
                .map(|path| self.source.path.join(path));
            coalescer.add(Hint::Paths(paths.collect()), now);
        }
        Ok(watcher)
    }

    /// One look: what changed is read and told to the store.
    ///
    /// # Errors
    /// The store's. A source that can't be read is pinned to the board and changes nothing.
    pub async fn tick(&mut self, look: Look, now: Timestamp) -> Result<Ingested, StoreError> {
        let look = self.aside(move |directory| directory.widen(look)).await;
        let is_scan = look == Look::Everything;
        let lost = self.memory.recall(is_scan, &self.directory).await?;
        let known = self.known(&look).await?;
        let seen = match self
            .aside(move |directory| directory.look(look, &known))
            .await
        {
            Ok(seen) => seen,
            Err(unreadable) => {
                self.pin_unreadable(&unreadable);
                let opened = self.store.suspect(&self.source.name, now).await?;
                hold::tell(&opened.map(HoldEvent::Opened));
                self.signals.seen(&self.source.name);
                return Ok(Ingested::default());
            }
        };
        self.board.clear(&self.source.name, ROOT);
        self.pin_seen(&seen);
        let mut round = Round::of(&self.source.name, seen.missing);
        let mut ingested = Ingested::default();
        let mut changed: BTreeSet<String> = seen.changed.into_iter().collect();
        let refused = std::mem::take(&mut self.refused);
        changed.extend(refused.keys().cloned());
        let mut turns = Turns::of(changed, &self.directory, now);
        while let Some(read) = turns.next().await {
            for (path, reading, state) in read {
                ingested.read += 1;
                self.memory.note(&path, &reading, state);
                self.gather(path, reading, &mut round, &mut ingested);
            }
            if round.is_full() {
                self.take_told(&refused, &mut ingested).await?;
                self.told = Some(self.tell(round.batch(Pass::More), now));
            }
        }
        self.take_told(&refused, &mut ingested).await?;
        let end = self.baseline.end(is_scan, !ingested.unsettled.is_empty());
        self.told = Some(self.tell(round.batch(end), now));
        self.take_told(&refused, &mut ingested).await?;
        self.memory.found(lost).await?;
        self.signals.seen(&self.source.name);
        self.signals.ring();
        let place = if is_scan { "everything" } else { "some files" };
        tracing::debug!(
            source = self.source.name,
            read = ingested.read,
            "looked at {place}"
        );
        Ok(ingested)
    }

    /// Tells the store, while the next files are being read.
    #[expect(
        clippy::disallowed_methods,
        reason = "the daemon may spawn, and this is waited for"
    )]
    fn tell(&mut self, batch: Batch, now: Timestamp) -> Told {
        let (store, guards) = (self.store.clone(), self.guards);
        let signals = Arc::clone(&self.signals);
        let kept = self.memory.take();
        tokio::spawn(async move {
            let applied = store.apply(batch, now, guards).await?;
            signals.touch(&applied.changes);
            kept.told(&applied).await?;
            Ok(applied)
        })
    }

    async fn take_told(
        &mut self,
        former: &BTreeMap<String, Refusal>,
        ingested: &mut Ingested,
    ) -> Result<(), StoreError> {
        if let Some(told) = &mut self.told {
            let applied = done(told).await;
            self.told = None;
            self.take(applied?, former, ingested);
        }
        Ok(())
    }

    /// What the store knows of the places where a look is taken.
    async fn known(&self, look: &Look) -> Result<BTreeSet<String>, StoreError> {
        let source = &self.source.name;
        let Look::Paths(paths) = look else {
            return self.store.paths(source).await;
        };
        let mut known = BTreeSet::new();
        for path in paths {
            match content::relative(&self.source.path, path) {
                Some(root) if root.is_empty() => return self.store.paths(source).await,
                Some(path) => known.extend(self.store.paths_at(source, &path).await?),
                None => {}
            }
        }
        Ok(known)
    }

    /// Works on the folder on a thread where blocking hurts nobody.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Directory) -> T + Send + 'static,
    ) -> T {
        let directory = Arc::clone(&self.directory);
        blocking(move || work(&mut directory.lock().unwrap_or_else(PoisonError::into_inner))).await
    }

    fn gather(&self, path: String, reading: Reading, round: &mut Round, ingested: &mut Ingested) {
        match reading {
            Reading::Found(mut found) => {
                let flaws = std::mem::take(&mut found.flaws);
                if flaws.is_empty() {
                    self.board.clear(&self.source.name, &path);
                } else {
                    self.pin_all(&path, flaws);
                }
                round.add(*found);
            }
            Reading::Draft | Reading::Gone => {
                self.board.clear(&self.source.name, &path);
                round.missing.push(path);
            }
            Reading::Unsettled => drop(ingested.unsettled.insert(path)),
            Reading::Problems(problems) => self.pin_all(&path, problems),
        }
    }

    /// `former` are the refusals that have been told.
    fn take(
        &mut self,
        applied: Applied,
        former: &BTreeMap<String, Refusal>,
        ingested: &mut Ingested,
    ) {
        for refused in applied.refused {
            let file = self.source.path.join(&refused.path);
            let problem = trouble::refused(file, &refused.why);
            if former.get(&refused.path) == Some(&refused.why) {
                self.board.pin(&self.source.name, &refused.path, problem);
            } else {
                self.pin(&refused.path, problem);
            }
            self.refused.insert(refused.path, refused.why);
        }
        hold::tell(&applied.holds);
        log(&self.source.name, &applied.changes);
        for change in applied.changes {
            *ingested.changes.entry(change.kind).or_default() += 1;
        }
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
