//! A source: what changed in it is read and told to the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::signals::Signals;
use crate::config::{self, Config};
use crate::content::{Coalescer, Directory, Hint, Look, Reading, Seen, Unreadable, Watcher};
use crate::control::{Board, Clock};
use crate::domain::publication::{Batch, Found, Pass};
use crate::domain::{Change, Problem};
use crate::feed;
use crate::store::{Applied, Refusal, Store, StoreError};

/// Publications told to the store in one transaction.
const BATCH: usize = 256;
/// Changes of one transaction that are logged each by itself.
const LOGGED: usize = 10;
/// Files read before other tasks get their turn.
const YIELD_EVERY: usize = 16;
/// Between full scans where there are no file events.
const POLL_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// The loop of one source.
pub struct Ingest {
    source: config::Source,
    directory: Directory,
    max_age: SignedDuration,
    store: Store,
    board: Arc<Board>,
    signals: Arc<Signals>,
    /// Files that the store could not take. What stood in their way may go without their changing,
    /// so every look tries them again.
    refused: BTreeMap<String, Refusal>,
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
            directory: Directory::new(source, &config.site, &config.tags),
            max_age: config.guards.max_age,
            store,
            board,
            signals,
            refused: BTreeMap::new(),
        }
    }

    /// Watches first, then scans, then follows the events; a full scan now and then, since events
    /// are only hints.
    pub async fn run(mut self, clock: Clock, stop: CancellationToken) -> anyhow::Result<()> {
        let mut watcher = Watcher::new(&self.source.path, self.source.watch)?;
        let mut coalescer = Coalescer::new(self.source.settle);
        let mut rescan_at = clock();
        loop {
            let now = clock();
            if now >= rescan_at {
                self.round(Look::Everything, now, &mut coalescer).await?;
                rescan_at = later(clock(), self.rescan_every(&watcher));
            } else if let Some(look) = coalescer.take(now) {
                self.round(look, now, &mut coalescer).await?;
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
        if watcher.polling() {
            self.source.rescan.min(POLL_EVERY)
        } else {
            self.source.rescan
        }
    }

    async fn round(
        &mut self,
        look: Look,
        now: Timestamp,
        coalescer: &mut Coalescer,
    ) -> Result<(), StoreError> {
        let ingested = self.tick(look, now).await?;
        if !ingested.unsettled.is_empty() {
            let paths = ingested
                .unsettled
                .iter()
                .map(|path| self.source.path.join(path));
            coalescer.add(Hint::Paths(paths.collect()), now);
        }
        Ok(())
    }

    /// One look: what changed is read and told to the store.
    ///
    /// # Errors
    /// The store's. A source that can't be read is pinned to the board and changes nothing.
    pub async fn tick(&mut self, look: Look, now: Timestamp) -> Result<Ingested, StoreError> {
        let is_scan = look == Look::Everything;
        let known = self.store.paths(&self.source.name).await?;
        let seen = match self.directory.look(look, &known) {
            Ok(seen) => seen,
            Err(unreadable) => {
                self.pin_unreadable(&unreadable);
                return Ok(Ingested::default());
            }
        };
        self.board.clear(&self.source.name, "");
        self.pin_seen(&seen, is_scan);
        let mut round = Round::of(&self.source.name, seen.missing);
        let mut ingested = Ingested::default();
        let mut changed: BTreeSet<String> = seen.changed.into_iter().collect();
        let refused = std::mem::take(&mut self.refused);
        changed.extend(refused.keys().cloned());
        for (number, path) in changed.iter().enumerate() {
            if number % YIELD_EVERY == 0 {
                tokio::task::yield_now().await;
            }
            self.read(path, now, &mut round, &mut ingested);
            if round.found.len() == BATCH {
                let applied = self
                    .store
                    .apply(round.batch(Pass::More), now, self.max_age)
                    .await?;
                self.take(applied, &refused, &mut ingested);
            }
        }
        let end = if is_scan { Pass::EndOfScan } else { Pass::End };
        let applied = self
            .store
            .apply(round.batch(end), now, self.max_age)
            .await?;
        self.take(applied, &refused, &mut ingested);
        self.signals.scheduled();
        Ok(ingested)
    }

    fn read(&mut self, path: &str, now: Timestamp, round: &mut Round, ingested: &mut Ingested) {
        match self.directory.read(path) {
            Reading::Found(found) => match publishable(&found, now) {
                Ok(()) => {
                    self.board.clear(&self.source.name, path);
                    round.found.push(*found);
                }
                Err(problem) => self.pin(path, problem),
            },
            Reading::Draft | Reading::Gone => {
                self.board.clear(&self.source.name, path);
                round.missing.push(path.to_owned());
            }
            Reading::Unsettled => drop(ingested.unsettled.insert(path.to_owned())),
            Reading::Problem(problem) => self.pin(path, problem),
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
        log(&self.source.name, &applied.changes);
        self.signals.changed(&applied.changes);
        ingested.changes.extend(applied.changes);
    }

    fn pin(&self, path: &str, problem: Problem) {
        tracing::warn!("{problem}");
        self.board.pin(&self.source.name, path, problem);
    }

    fn pin_unreadable(&self, unreadable: &Unreadable) {
        let problem = Problem::of_file(
            &self.source.path,
            unreadable.to_string(),
            "nothing is withdrawn; the source is looked at again at the next scan",
        );
        self.pin("", problem);
    }

    /// Problems of a scan stand in place of all former ones that were not a file's own.
    fn pin_seen(&self, seen: &Seen, is_scan: bool) {
        if is_scan {
            let gone: BTreeSet<&String> = seen.missing.iter().collect();
            self.board.retain(&self.source.name, |about| {
                !about.starts_with('/') && !gone.contains(&about.to_owned())
            });
        }
        for problem in &seen.problems {
            self.pin(&problem.file.to_string_lossy(), problem.clone());
        }
    }
}

/// What one look has gathered and not yet told.
struct Round {
    source: String,
    found: Vec<Found>,
    missing: Vec<String>,
}

impl Round {
    fn of(source: &str, missing: Vec<String>) -> Round {
        Round {
            source: source.to_owned(),
            found: Vec::new(),
            missing,
        }
    }

    fn batch(&mut self, pass: Pass) -> Batch {
        Batch {
            source: self.source.clone(),
            found: std::mem::take(&mut self.found),
            missing: self.missing.clone(),
            pass,
        }
    }
}

/// Each change by itself, unless there are many at once, as at the first scan.
fn log(source: &str, changes: &[Change]) {
    if changes.len() > LOGGED {
        let news = changes.iter().filter(|change| change.news).count();
        tracing::info!(source, "{} changes, {news} of them news", changes.len());
    } else {
        for change in changes {
            tracing::info!(kind = ?change.kind, news = change.news, number = change.sequence.0, "{}", change.title);
        }
    }
}

/// A publication that no feed could carry is not taken: the last good revision stays.
fn publishable(found: &Found, now: Timestamp) -> Result<(), Problem> {
    feed::check(&found.revision(found.minted_id.clone(), now)).map_err(|error| {
        Problem::of_file(
            &found.path,
            error.to_string(),
            "correct the file; until then its last good revision stays",
        )
    })
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
