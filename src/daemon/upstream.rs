//! An upstream feed: asked for when it is time, read, and told to the store.
//!
//! What is no longer in the feed stays: feeds show only the latest. The first feed that comes is
//! the source's baseline. After a silence longer than `max_age` entries are news by their dates
//! alone, and those without a date are not: nobody is mailed a month of history.

mod trouble;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::guard::{Guard, HALT};
use super::ingest::log;
use super::signals::Signals;
use super::{hold, secrets};
use crate::config::{self, Config};
use crate::content::upstream::pace::{self, Outcome};
use crate::content::upstream::{Reader, Reading};
use crate::control::{Board, Clock};
use crate::domain::publication::{Batch, Found, Pass};
use crate::domain::{Guards, Problem, UpstreamState};
use crate::net::{self, Answer, Ask, Outgoing};
use crate::store::{Refusal, Refused, Store, StoreError};
use trouble::{Failed, publishable, told};

/// Publications told to the store in one transaction.
const BATCH: usize = 64;
/// What is asked for; any XML or JSON may be it.
const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, \
    application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1";
/// The longest nap: clocks can be set.
const NAP: Duration = Duration::from_secs(60 * 60);
/// What the problem of a feed as a whole is about: no entry is called so.
const WHOLE: &str = "/";
/// What the notice of a lasting move is about on the board.
pub const MOVED: &str = "/moved";

/// The loop of one upstream feed.
pub struct Upstream {
    source: config::Upstream,
    reader: Arc<Reader>,
    /// Of the way in which the reader reads.
    reader_name: String,
    guards: Guards,
    outgoing: Arc<Outgoing>,
    store: Store,
    board: Arc<Board>,
    signals: Arc<Signals>,
}

/// The loops of all upstream feeds of a configuration.
///
/// # Errors
/// Outgoing HTTP can't be set up.
pub fn all(
    config: &Config,
    store: &Store,
    board: &Arc<Board>,
    signals: &Arc<Signals>,
) -> anyhow::Result<Vec<Upstream>> {
    if config.upstreams.is_empty() {
        return Ok(Vec::new());
    }
    let agent = format!("wici/{} (+{})", env!("CARGO_PKG_VERSION"), config.site.url);
    let outgoing = Arc::new(Outgoing::new(&agent)?);
    let upstreams = config.upstreams.iter().map(|source| {
        let reader = Reader::new(source, config);
        Upstream {
            source: source.clone(),
            reader_name: reader.name(),
            reader: Arc::new(reader),
            guards: config.guards,
            outgoing: Arc::clone(&outgoing),
            store: store.clone(),
            board: Arc::clone(board),
            signals: Arc::clone(signals),
        }
    });
    Ok(upstreams.collect())
}

impl Upstream {
    /// Asks again and again.
    pub async fn run(
        self,
        clock: Clock,
        guard: Arc<Guard>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        loop {
            if !guard.has_room() {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(HALT) => continue,
                }
            }
            let chance = u64::from_ne_bytes(secrets::random()?);
            // Left in the middle, a look is as if the process had been killed there.
            let next = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                next = self.tick(clock(), chance) => next?,
            };
            let pause = Duration::try_from(next.duration_since(clock())).unwrap_or_default();
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause.min(NAP)) => {}
            }
        }
    }

    /// One look, if it is time for one. Returns when it is next. `chance` is any number.
    ///
    /// # Errors
    /// The store's. A feed that can't be had or read is pinned to the board.
    pub async fn tick(&self, now: Timestamp, chance: u64) -> Result<Timestamp, StoreError> {
        let mut state = self.known().await?;
        if let Some(next) = self.due(&state).filter(|next| *next > now) {
            self.pin_known(&state);
            self.signals.seen(&self.source.name);
            return Ok(next);
        }
        let outcome = match self.look(&mut state, now).await? {
            Ok(good_for) => {
                state.failures = 0;
                state.problem = None;
                state.last_success = Some(now);
                Outcome::Good(good_for)
            }
            Err(failed) => {
                state.failures = state.failures.saturating_add(1);
                state.problem = Some(failed.problem);
                match failed.gone {
                    true => Outcome::Gone,
                    false => Outcome::Failed(state.failures, failed.retry_after),
                }
            }
        };
        let next = pace::next(now, self.source.every, outcome, chance);
        state.next = Some(next);
        self.pin_known(&state);
        self.store.keep_upstream(&self.source.name, state).await?;
        self.signals.seen(&self.source.name);
        Ok(next)
    }

    /// What is known of the feed that is configured now.
    async fn known(&self) -> Result<UpstreamState, StoreError> {
        let url = self.source.url.as_str();
        let known = self.store.upstream(&self.source.name).await?;
        let known = known.filter(|state| state.url == url);
        Ok(known.unwrap_or_else(|| UpstreamState::new(url)))
    }

    /// A shorter `every` than when it was last asked counts from then on.
    fn due(&self, state: &UpstreamState) -> Option<Timestamp> {
        let latest = state.last_success.filter(|_| state.failures == 0);
        let latest = latest.map(|at| pace::latest(at, self.source.every));
        state
            .next
            .map(|next| latest.map_or(next, |latest| next.min(latest)))
    }

    /// Asks, and takes what comes. Returns how long it is good for.
    async fn look(
        &self,
        state: &mut UpstreamState,
        now: Timestamp,
    ) -> Result<Result<Option<SignedDuration>, Failed>, StoreError> {
        let url = Url::parse(state.address()).unwrap_or_else(|_| self.source.url.clone());
        let lost = self.store.lost_bodies(&self.source.name).await?;
        let is_as_read = state.reader == self.reader_name && lost == 0;
        let ask = Ask {
            url: &url,
            allow_private: self.source.allow_private,
            accept: ACCEPT,
            etag: state.etag.as_deref().filter(|_| is_as_read),
            last_modified: state.last_modified.as_deref().filter(|_| is_as_read),
            most: self.source.most,
        };
        let is_conditional = ask.etag.is_some() || ask.last_modified.is_some();
        let mut answer = match self.outgoing.get(&ask).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(Failed::without_answer(&url, &error))),
        };
        match answer.status {
            200..=299 => match self.read(&mut answer).await {
                Ok(reading) => {
                    self.take(reading, &answer, state, now).await?;
                    if lost > 0 {
                        self.store
                            .forget_lost_bodies(&self.source.name, lost)
                            .await?;
                    }
                }
                Err(problem) => return Ok(Err(Failed::of(problem))),
            },
            304 if is_conditional => {}
            _ => return Ok(Err(Failed::refused(&url, &answer, now))),
        }
        // What a move is worth shows in what is there: only with a feed it is remembered.
        let target = answer.moved_to.as_ref().map(Url::to_string);
        let came_by = (state.address() != state.url).then(|| state.address().to_owned());
        state.moved_to = target.or(came_by).filter(|target| *target != state.url);
        Ok(Ok(answer.max_age()))
    }

    /// Reads on a thread where blocking hurts nobody. What makes a parser panic is not read.
    #[expect(
        clippy::disallowed_methods,
        reason = "the daemon may spawn, and this is waited for"
    )]
    async fn read(&self, answer: &mut Answer) -> Result<Reading, Problem> {
        let reader = Arc::clone(&self.reader);
        let (url, bytes) = (answer.url.clone(), std::mem::take(&mut answer.body));
        let media_type = answer.header("content-type").map(str::to_owned);
        let work = move || {
            let read = || reader.read(&url, media_type.as_deref(), &bytes);
            catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
                Err(Problem::of_file(
                    net::shown(&url),
                    "wici fails at this feed, which is a fault of wici",
                    "report it, with the feed; what was read of it before stays",
                ))
            })
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(read) => read,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is going down, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Tells the store. Only when all of it was taken, the feed need not be read again.
    async fn take(
        &self,
        reading: Reading,
        answer: &Answer,
        state: &mut UpstreamState,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let shown = net::shown(&answer.url);
        let mut problems = reading.problems;
        let (good, bad): (Vec<Found>, Vec<(Found, Problem)>) =
            publishable(reading.found, &shown, now);
        problems.extend(
            bad.into_iter()
                .map(|(found, problem)| (found.path, problem)),
        );
        let is_recent = |at: Timestamp| now.duration_since(at) <= self.guards.max_age;
        let was_silent = !state.last_success.is_some_and(is_recent);
        let (undated, dated): (Vec<Found>, Vec<Found>) = good
            .into_iter()
            .partition(|found| was_silent && found.published.is_none());
        let mut refused = self.apply(undated, Pass::Baseline, now).await?;
        refused.extend(self.apply(dated, Pass::More, now).await?);
        refused.extend(self.tell(Vec::new(), Pass::EndOfScan, now).await?);
        self.signals.ring();
        // What another source has it may have for good: to read this one again would change nothing.
        let is_taken = |one: &Refused| matches!(one.why, Refusal::IdTaken { .. });
        let is_whole = problems.is_empty() && refused.iter().all(is_taken);
        problems.extend(refused.into_iter().map(|refused| told(&shown, refused)));
        self.pin_entries(problems);
        let header = |name| answer.header(name).filter(|_| is_whole).map(str::to_owned);
        state.etag = header("etag");
        state.last_modified = header("last-modified");
        state.reader = self.reader_name.clone();
        Ok(())
    }

    async fn apply(
        &self,
        mut found: Vec<Found>,
        pass: Pass,
        now: Timestamp,
    ) -> Result<Vec<Refused>, StoreError> {
        let mut refused = Vec::new();
        // The oldest first: it gets the lowest number.
        found.reverse();
        while !found.is_empty() {
            let rest = found.split_off(found.len().min(BATCH));
            refused.extend(self.tell(found, pass, now).await?);
            found = rest;
        }
        Ok(refused)
    }

    async fn tell(
        &self,
        found: Vec<Found>,
        pass: Pass,
        now: Timestamp,
    ) -> Result<Vec<Refused>, StoreError> {
        let batch = Batch {
            source: self.source.name.clone(),
            found,
            missing: Vec::new(),
            pass,
        };
        let applied = self.store.apply(batch, now, self.guards).await?;
        hold::tell(&applied.holds);
        log(&self.source.name, &applied.changes);
        self.signals.touch(&applied.changes);
        Ok(applied.refused)
    }

    /// The problems of entries, in place of those of the feed before.
    fn pin_entries(&self, problems: Vec<(String, Problem)>) {
        let mut met = BTreeSet::new();
        for (about, problem) in problems {
            self.pin(&about, problem);
            met.insert(about);
        }
        self.board
            .retain(&self.source.name, |about| met.contains(about));
    }

    /// What is wrong with the feed as a whole, and where it has moved.
    fn pin_known(&self, state: &UpstreamState) {
        match &state.problem {
            Some(problem) => self.pin(WHOLE, problem.clone()),
            None => self.board.clear(&self.source.name, WHOLE),
        }
        match state.moved_to.as_ref().and_then(|to| Url::parse(to).ok()) {
            Some(to) => {
                let what = format!("the feed has moved for good to {}", net::shown(&to));
                let remedy = format!(
                    "write that address into `url` of the source `{}`; it is asked there already",
                    self.source.name
                );
                let shown = net::shown(&self.source.url);
                self.pin(MOVED, Problem::of_file(shown, what, remedy));
            }
            None => self.board.clear(&self.source.name, MOVED),
        }
    }

    /// A problem is logged when it comes up, not at every look.
    fn pin(&self, about: &str, problem: Problem) {
        if self.board.pin(&self.source.name, about, problem.clone()) {
            tracing::warn!("{problem}");
        }
    }
}
