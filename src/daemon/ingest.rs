//! A source: what changed in it is read and told to the store.

mod baseline;
#[cfg(test)]
mod histories;
mod turn;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use unicode_normalization::UnicodeNormalization;

use super::{hold, signals::Signals};
use crate::config::{self, Config};
use crate::content::{Coalescer, Directory, Hint, Look, Reading, Seen, Unreadable, Watcher};
use crate::control::{Board, Clock};
use crate::domain::publication::{Batch, Found, Pass};
use crate::domain::{Change, Guards, Problem};
use crate::store::{Applied, HoldEvent, Refusal, Store, StoreError};
use baseline::Baseline;
use turn::{blocking, never_readable, read_some};

/// Publications told to the store in one transaction, and about how many bytes of bodies.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 32 << 20;
/// Changes of one transaction that are logged each by itself.
const LOGGED: usize = 10;
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
}

/// What a round led to.
#[derive(Debug, Default)]
pub struct Ingested {
    /// What took effect.
    pub changes: Vec<Change>,
    /// Files that were being written while they were read: look again soon.
    pub unsettled: BTreeSet<String>,
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
        Ingest {
            source: source.clone(),
            directory: Arc::new(Mutex::new(Directory::new(
                source,
                &config.site,
                &config.tags,
                &config.labels,
            ))),
            guards: config.guards,
            store,
            board,
            signals,
            refused: BTreeMap::new(),
            baseline: Baseline::default(),
        }
    }

    /// Watches, scans, and follows the events; a full scan now and then, since events are only
    /// hints.
    pub async fn run(mut self, clock: Clock, stop: CancellationToken) -> anyhow::Result<()> {
        let mut watcher = Watcher::new(&self.source.path, self.source.watch)?;
        let mut coalescer = Coalescer::new(self.source.settle);
        let mut rescan_at = clock();
        loop {
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
                    () = stop.cancelled() => return Ok(()),
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
        let known = self.store.paths(&self.source.name).await?;
        let seen = match self
            .aside(move |directory| directory.look(look, &known))
            .await
        {
            Ok(seen) => seen,
            Err(unreadable) => {
                self.pin_unreadable(&unreadable);
                let opened = self.store.suspect(&self.source.name, now).await?;
                hold::tell(&opened.map(HoldEvent::Opened));
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
        let mut changed = VecDeque::from_iter(changed);
        while !changed.is_empty() {
            let turn = move |directory: &mut Directory| read_some(directory, changed, now);
            let (read, rest) = self.aside(turn).await;
            changed = rest;
            for (path, reading) in read {
                self.gather(path, reading, &mut round, &mut ingested);
            }
            if round.is_full() {
                let batch = round.batch(Pass::More);
                let applied = self.store.apply(batch, now, self.guards).await?;
                self.take(applied, &refused, &mut ingested);
            }
        }
        let end = self.baseline.end(is_scan, !ingested.unsettled.is_empty());
        let batch = round.batch(end);
        let applied = self.store.apply(batch, now, self.guards).await?;
        self.take(applied, &refused, &mut ingested);
        self.signals.ring();
        Ok(ingested)
    }

    /// Works on the folder on a thread where blocking hurts nobody: one hostile file can keep a
    /// parser busy for seconds.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Directory) -> T + Send + 'static,
    ) -> T {
        let directory = Arc::clone(&self.directory);
        blocking(move || work(&mut directory.lock().unwrap_or_else(PoisonError::into_inner))).await
    }

    fn gather(&self, path: String, reading: Reading, round: &mut Round, ingested: &mut Ingested) {
        match reading {
            Reading::Found(found) => {
                match never_readable(&found) {
                    Some(mut problem) => {
                        problem.file = self.source.path.join(&path);
                        self.pin(&path, problem);
                    }
                    None => self.board.clear(&self.source.name, &path),
                }
                round.add(*found);
            }
            Reading::Draft | Reading::Gone => {
                self.board.clear(&self.source.name, &path);
                round.missing.push(path);
            }
            Reading::Unsettled => drop(ingested.unsettled.insert(path)),
            Reading::Problem(problem) => self.pin(&path, problem),
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
            let (what, remedy) = match &refused.why {
                Refusal::IdTaken { id, holder } => (
                    format!("it claims the id {id}, which {holder} has"),
                    "give one of the two an `id` of its own",
                ),
                Refusal::TooLarge => (
                    "it says more than 48 KiB beside its text".to_owned(),
                    "shorten its tags, authors, summary or notes",
                ),
            };
            let file = self.source.path.join(&refused.path);
            let problem = Problem::of_file(file, what, remedy);
            if former.get(&refused.path) == Some(&refused.why) {
                self.board.pin(&self.source.name, &refused.path, problem);
            } else {
                self.pin(&refused.path, problem);
            }
            self.refused.insert(refused.path, refused.why);
        }
        hold::tell(&applied.holds);
        log(&self.source.name, &applied.changes);
        self.signals.touch(&applied.changes);
        ingested.changes.extend(applied.changes);
    }

    /// A problem is logged when it comes up, not at every look.
    fn pin(&self, about: &str, problem: Problem) {
        if self.board.pin(&self.source.name, about, problem.clone()) {
            tracing::warn!("{problem}");
        }
    }

    fn pin_refusal(&self, watcher: &Watcher) {
        let Some(why) = watcher.refusal() else {
            return self.board.clear(&self.source.name, EVENTS);
        };
        let instead = if watcher.polling() {
            "it is looked through every few seconds instead"
        } else {
            "what changes in it may be found by a full scan alone"
        };
        let problem = Problem::of_file(
            &self.source.path,
            format!("not every folder can be watched: {why}; {instead}"),
            "raise fs.inotify.max_user_watches, or set `watch = \"poll\"`",
        );
        self.pin(EVENTS, problem);
    }

    fn pin_unreadable(&self, unreadable: &Unreadable) {
        let problem = Problem::of_file(
            &self.source.path,
            unreadable.to_string(),
            format!(
                "bring it back, or correct `path` of the source `{}`; nothing is withdrawn meanwhile",
                self.source.name
            ),
        );
        self.pin(ROOT, problem);
    }

    /// What a look met stands in place of all former problems of the places where it looked, but
    /// for those of files that are there as they were.
    fn pin_seen(&self, seen: &Seen) {
        let mut met = BTreeSet::new();
        for problem in &seen.problems {
            let below = problem.file.strip_prefix(&self.source.path);
            let place = below.unwrap_or(&problem.file).to_string_lossy();
            let place: String = place.nfc().collect();
            let about = format!("{ROOT}{place}");
            self.pin(&about, problem.clone());
            met.insert(about);
        }
        let directory = self
            .directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.board.retain(&self.source.name, |about| {
            let place = about.strip_prefix(ROOT);
            about == EVENTS
                || !seen.looked_at(place.unwrap_or(about))
                || met.contains(about)
                || (place.is_none() && directory.has(about))
        });
    }
}

/// What the problem of a source as a whole is about, and where those begin that are not of a file's
/// content: no content path begins so.
const ROOT: &str = "/";
/// What the problem is about that not every folder is watched.
const EVENTS: &str = "//";

/// What one look has gathered and not yet told.
struct Round {
    source: String,
    found: Vec<Found>,
    /// Of the bodies.
    bytes: usize,
    missing: Vec<String>,
}

impl Round {
    fn of(source: &str, missing: Vec<String>) -> Round {
        Round {
            source: source.to_owned(),
            found: Vec::new(),
            bytes: 0,
            missing,
        }
    }

    fn add(&mut self, found: Found) {
        self.bytes += found.body.len();
        self.found.push(found);
    }

    fn is_full(&self) -> bool {
        self.found.len() >= BATCH || self.bytes >= BATCH_BYTES
    }

    fn batch(&mut self, pass: Pass) -> Batch {
        self.bytes = 0;
        Batch {
            source: self.source.clone(),
            found: std::mem::take(&mut self.found),
            missing: self.missing.clone(),
            pass,
        }
    }
}

/// Each change by itself, unless there are many at once, as at the first scan.
pub(super) fn log(source: &str, changes: &[Change]) {
    if changes.len() > LOGGED {
        let news = changes.iter().filter(|change| change.news).count();
        tracing::info!(source, "{} changes, {news} of them news", changes.len());
    } else {
        for change in changes {
            tracing::info!(kind = ?change.kind, news = change.news, number = change.sequence.0, "{}", change.title);
        }
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
