//! Sending: deliveries are claimed, composed, handed to the workers, and what came of them is
//! settled. One loop owns all that is in flight.
//!
//! ```text
//! store.claim ─▶ ready ─compose─▶ letters ─▶ workers (mail) ─▶ reports ─▶ store.settle
//! ```
//!
//! At most [`IN_FLIGHT`] letters are between the queue and a durable settlement: a crash can repeat
//! no more acceptances than that. The loop gathers reports for [`GATHER`], or until half of what may
//! be in flight is in, and settles them together, since a flush costs the same for one as for many.
//! When the disk takes longer than [`DISK_PATIENCE`], the workers begin no further letter until it
//! is done: the wire waits for the disk.

mod desk;
mod gate;
mod rate;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::desk::ComposingDesk;
use self::gate::{StoreGate, Wire};
use self::rate::Bucket;
use super::guard::{Guard, HALT, May};
use super::signals::Signals;
use super::works::Ground;
use crate::compose::Composer;
use crate::config::Config;
use crate::control::{Board, Clock};
use crate::domain::delivery::RetryPolicy;
use crate::domain::{Claim, DeliveryKey, Outcome, Problem};
use crate::mail::{self, LetterSender, Mailer, Report};
use crate::store::{Store, StoreError};

/// Letters that may be accepted and not yet durably settled (design: at most 256).
const IN_FLIGHT: usize = 256;
/// What is accepted while reports are gathered, and what is accepted while they are settled, is
/// uncommitted together: no more than 20 ms' worth in all, by the design.
const GATHER: Duration = Duration::from_millis(8);
const DISK_PATIENCE: Duration = Duration::from_millis(10);
/// Claims kept ready, so that the workers need not wait for the store.
const READY: usize = 512;
/// What is not settled by then may be claimed by another. Longer than any letter can take.
const LEASE: SignedDuration = SignedDuration::from_hours(2);
/// A claim that waited longer, for a slow server or by `[mail] rate`, is made anew: what was
/// withdrawn meanwhile is not mailed.
const STALE: SignedDuration = SignedDuration::from_mins(1);
/// The longest sleep: the wall clock may be set meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The loop that sends.
pub struct Sending {
    store: Store,
    mailer: Arc<Mailer>,
    desk: ComposingDesk,
    /// `[mail] rate`
    bucket: Option<Bucket>,
    policy: RetryPolicy,
    config_file: PathBuf,
    board: Arc<Board>,
    signals: Arc<Signals>,
    clock: Clock,
    guard: Arc<Guard>,
    /// May letters be begun, or is the disk behind?
    wire: watch::Sender<Wire>,
}

impl Sending {
    /// The loop that sends by `mailer`.
    pub(super) fn new(
        ground: &Ground,
        mailer: Arc<Mailer>,
        composer: Composer,
        config: &Config,
    ) -> Sending {
        Sending {
            store: ground.store.clone(),
            mailer,
            desk: ComposingDesk::new(composer, config.mail.from.clone()),
            bucket: config
                .mail
                .rate
                .map(|rate| Bucket::of(rate, Instant::now())),
            policy: config.mail.retry,
            config_file: config.file.clone(),
            board: Arc::clone(&ground.board),
            signals: Arc::clone(&ground.signals),
            clock: Arc::clone(&ground.clock),
            guard: Arc::clone(&ground.guard),
            wire: watch::Sender::new(Wire::Open),
        }
    }

    /// Sends what is due until `stop`; then lets the workers finish what is on the wire, and
    /// settles it.
    pub async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let doubtful = self.store.take_over((self.clock)()).await?;
        if doubtful > 0 {
            tracing::warn!(
                letters = doubtful,
                "in doubt, and by `in_doubt = \"skip\"` not sent again: wici ended while they went"
            );
        }
        let (letters, queue) = mail::queue(IN_FLIGHT);
        let (reports, mut reported) = mpsc::channel(IN_FLIGHT);
        let mut workers = JoinSet::new();
        for _ in 0..self.mailer.workers() {
            let mailer = Arc::clone(&self.mailer);
            let gate = StoreGate {
                store: self.store.clone(),
                in_doubt: self.policy.in_doubt,
                wire: self.wire.subscribe(),
            };
            let (queue, reports, stop) = (queue.clone(), reports.clone(), stop.clone());
            workers.spawn(async move { mailer.work(queue, &gate, reports, stop).await });
        }
        drop((queue, reports));
        let mut flow = Flow::new(letters);
        while !stop.is_cancelled() {
            self.give_back_stale(&mut flow).await?;
            self.fill(&mut flow).await?;
            self.hand_over(&mut flow).await?;
            self.wait(&mut flow, &mut reported, &stop).await?;
        }
        flow.letters.close();
        while let Some(report) = reported.recv().await {
            flow.note(report, &mut reported);
            self.settle(&mut flow).await?;
        }
        Ok(())
    }

    /// Claims more when few are ready.
    async fn fill(&self, flow: &mut Flow) -> Result<(), StoreError> {
        if flow.ready.len() >= READY / 2 || flow.drained {
            return Ok(());
        }
        let now = (self.clock)();
        let may = self.guard.may_claim(now).await?;
        flow.halted = may == May::Not;
        if may != May::Claim {
            flow.drained = true;
            if flow.halted {
                let ready = flow.ready.drain(..).map(|(_, claim)| claim.key);
                self.store.unclaim(ready.collect()).await?;
            }
            return Ok(());
        }
        let claims = self
            .store
            .claim(READY - flow.ready.len(), LEASE, now)
            .await?;
        flow.drained = claims.is_empty();
        flow.ready
            .extend(claims.into_iter().map(|claim| (now, claim)));
        Ok(())
    }

    /// Composes what is ready and hands it to the workers, as far as may be in flight.
    async fn hand_over(&mut self, flow: &mut Flow) -> Result<(), StoreError> {
        let most = self.most_in_flight();
        flow.leave = None;
        while flow.in_flight < most && !flow.ready.is_empty() {
            if let Some(bucket) = &mut self.bucket
                && let Err(then) = bucket.take(Instant::now())
            {
                flow.leave = Some(then);
                break;
            }
            let Some((_, claim)) = flow.ready.pop_front() else {
                break;
            };
            match self.desk.compose(&claim) {
                Ok(letter) => {
                    flow.in_flight += 1;
                    if flow.letters.try_send(letter).is_err() {
                        // The workers are gone; the claim is free again at the next start.
                        flow.in_flight -= 1;
                        break;
                    }
                }
                Err(error) => {
                    tracing::error!(run = claim.key.run.0, "can't compose: {error}");
                    flow.outcomes
                        .push((claim.key, Outcome::Deferred(error.to_string())));
                }
            }
        }
        self.settle(flow).await
    }

    /// Letters that may be with the workers. With a rate no more than go at once: whatever a server
    /// that was slow for a while then takes in one go had its leave before.
    fn most_in_flight(&self) -> usize {
        let by_rate = self
            .bucket
            .as_ref()
            .map(|bucket| bucket.burst() + self.mailer.workers());
        by_rate.map_or(IN_FLIGHT, |most| most.min(IN_FLIGHT))
    }

    async fn give_back_stale(&self, flow: &mut Flow) -> Result<(), StoreError> {
        let now = (self.clock)();
        let is_stale = |claimed: Timestamp| now.duration_since(claimed) > STALE;
        let mut stale = Vec::new();
        while let Some((_, claim)) = flow.ready.pop_front_if(|(claimed, _)| is_stale(*claimed)) {
            stale.push(claim.key);
        }
        if !stale.is_empty() {
            self.store.unclaim(stale).await?;
            flow.drained = false;
        }
        Ok(())
    }

    /// Waits for reports and settles them; with nothing in flight, for something to be due.
    async fn wait(
        &self,
        flow: &mut Flow,
        reported: &mut mpsc::Receiver<Report>,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let pause = if flow.halted {
            HALT
        } else if flow.drained && flow.ready.is_empty() {
            let now = (self.clock)();
            let due = self.store.next_due(now).await?;
            due.map_or(LOOK_EVERY, |due| {
                Duration::try_from(due.duration_since(now)).unwrap_or_default()
            })
            .min(LOOK_EVERY)
        } else {
            LOOK_EVERY
        };
        tokio::select! {
            () = stop.cancelled() => {}
            Some(report) = reported.recv() => {
                flow.note(report, reported);
                flow.gather(reported).await;
                self.settle(flow).await?;
            }
            () = tokio::time::sleep_until(flow.leave.unwrap_or_else(Instant::now)),
                if flow.leave.is_some() => {}
            () = self.signals.queue() => flow.drained = false,
            () = tokio::time::sleep(pause) => flow.drained = false,
        }
        Ok(())
    }

    async fn settle(&self, flow: &mut Flow) -> Result<(), StoreError> {
        if flow.outcomes.is_empty() {
            return Ok(());
        }
        let outcomes = std::mem::take(&mut flow.outcomes);
        self.tell(&outcomes);
        let settling = self.store.settle(outcomes, self.policy, (self.clock)());
        let mut settling = std::pin::pin!(settling);
        if let Ok(settled) = tokio::time::timeout(DISK_PATIENCE, &mut settling).await {
            return settled;
        }
        self.wire.send_replace(Wire::Waits);
        let settled = settling.await;
        self.wire.send_replace(Wire::Open);
        settled
    }
}

impl Sending {
    /// Says what was not accepted: a refusal by itself, the many that a server puts off together
    /// and, for `status`, on the board until something is accepted again.
    fn tell(&self, outcomes: &[(DeliveryKey, Outcome)]) {
        let mut put_off = 0;
        let mut last = None;
        for (key, outcome) in outcomes {
            match outcome {
                Outcome::Accepted | Outcome::Suppressed => {}
                Outcome::Refused(reply) => {
                    tracing::info!(
                        run = key.run.0,
                        subscriber = key.subscriber.0,
                        reply,
                        "refused"
                    );
                }
                Outcome::Deferred(reply) | Outcome::InDoubt(reply) => {
                    put_off += 1;
                    last = Some(reply);
                }
            }
        }
        if let Some(reply) = last {
            let what = format!("letters are put off: {reply}");
            let remedy =
                "look at the mail server, or at `[mail] transport`; wici tries again by itself";
            let problem = Problem::of_file(&self.config_file, what, remedy);
            // What is wrong with the server is wrong with every letter: once is enough.
            if self.board.pin("mail", "", problem) {
                tracing::warn!(letters = put_off, reply, "put off");
            } else {
                tracing::debug!(letters = put_off, reply, "put off");
            }
        } else if outcomes
            .iter()
            .any(|(_, outcome)| *outcome == Outcome::Accepted)
        {
            self.board.clear("mail", "");
        }
    }
}

/// What is claimed and not yet settled.
struct Flow {
    letters: LetterSender,
    /// Claims, and when each was made.
    ready: VecDeque<(Timestamp, Claim)>,
    in_flight: usize,
    outcomes: Vec<(DeliveryKey, Outcome)>,
    /// The last claim brought nothing: there is nothing to claim until something is due.
    drained: bool,
    /// By `[mail] rate` the next letter goes then.
    leave: Option<Instant>,
    /// The guards let nothing be claimed.
    halted: bool,
}

impl Flow {
    fn new(letters: LetterSender) -> Flow {
        Flow {
            letters,
            ready: VecDeque::new(),
            in_flight: 0,
            outcomes: Vec::new(),
            drained: false,
            leave: None,
            halted: false,
        }
    }

    /// Takes the reports of a few milliseconds more.
    async fn gather(&mut self, reported: &mut mpsc::Receiver<Report>) {
        let end = Instant::now() + GATHER;
        while self.in_flight > 0 && self.outcomes.len() < IN_FLIGHT / 2 {
            match tokio::time::timeout_at(end, reported.recv()).await {
                Ok(Some(report)) => self.note(report, reported),
                Ok(None) | Err(_) => break,
            }
        }
    }

    /// Takes a report and all that came with it.
    fn note(&mut self, first: Report, reported: &mut mpsc::Receiver<Report>) {
        let mut next = Some(first);
        while let Some(report) = next {
            self.in_flight -= 1;
            self.outcomes.push((report.key, report.outcome));
            next = reported.try_recv().ok();
        }
    }
}
