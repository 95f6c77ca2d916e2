//! Sending: deliveries are claimed, composed, handed to the workers, and what came of them is
//! settled. One loop owns all that is in flight.
//!
//! ```text
//! store.claim ─▶ ready ─compose─▶ letters ─▶ workers (mail) ─▶ reports ─▶ store.settle
//! ```
//!
//! The store is asked and not waited for: while it claims or settles, letters are composed and go.
//! Reports are gathered for [`GATHER`], and for as long as the settlement before them takes, since a
//! flush costs the same for one as for many. When the disk takes longer than [`DISK_PATIENCE`], the
//! workers begin no further letter until it is done: the wire waits for the disk. So a crash can
//! repeat what was accepted in the time of two settlements, and never more than [`UNSETTLED`].

mod asked;
mod desk;
mod flow;
mod gate;
mod rate;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::desk::ComposingDesk;
use self::flow::{Claimed, Flow, Settled};
use self::gate::{StoreGate, Wire};
use self::rate::Bucket;
use super::guard::{Guard, HALT, May};
use super::signals::Signals;
use super::works::Ground;
use crate::compose::Composer;
use crate::config::Config;
use crate::control::{Board, Clock};
use crate::domain::delivery::RetryPolicy;
use crate::domain::{DeliveryKey, Outcome, Problem};
use crate::mail::{self, Mailer};
use crate::store::{Store, StoreError};

/// Letters between the queue and a durable settlement, most of which are not yet on the wire.
const UNSETTLED: usize = 512;
/// What is accepted while a settlement is under way, and while it is settled in its turn, is
/// uncommitted: no more than 20 ms' worth in all, by the design.
const GATHER: Duration = Duration::from_millis(8);
const DISK_PATIENCE: Duration = Duration::from_millis(10);
/// Reports that workers may hand in before they are looked at; then they wait. So what is accepted
/// while this loop is given no processor is bounded too.
const UNREAD: usize = 128;
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
        let (letters, queue) = mail::queue(UNSETTLED);
        let (reports, reported) = mpsc::channel(UNREAD);
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
        let mut flow = Flow::new(letters, reported);
        while !stop.is_cancelled() {
            self.give_back_stale(&mut flow).await?;
            self.fill(&mut flow);
            self.hand_over(&mut flow);
            self.settle(&mut flow);
            self.wait(&mut flow, &stop).await?;
        }
        self.drain(flow).await?;
        Ok(())
    }

    /// Asks for more claims when few are ready.
    fn fill(&self, flow: &mut Flow) {
        if flow.ready.len() >= READY / 2 || !flow.may_be_due || flow.claiming.is_under_way() {
            return;
        }
        flow.may_be_due = false;
        let most = READY - flow.ready.len();
        let now = (self.clock)();
        let (guard, store) = (Arc::clone(&self.guard), self.store.clone());
        flow.claiming.ask(async move {
            Ok(match guard.may_claim(now).await? {
                May::Claim => Claimed::These(now, store.claim(most, LEASE, now).await?),
                May::Idle => Claimed::These(now, Vec::new()),
                May::Not => Claimed::Halted,
            })
        });
    }

    /// Takes what was claimed, or looks when to ask again.
    async fn claimed(&self, flow: &mut Flow, claimed: Claimed) -> Result<(), StoreError> {
        flow.look_at = Instant::now() + LOOK_EVERY;
        match claimed {
            Claimed::Halted => {
                flow.look_at = Instant::now() + HALT;
                let ready = flow.ready.drain(..).map(|(_, claim)| claim.key);
                self.store.unclaim(ready.collect()).await?;
            }
            Claimed::These(_, claims) if claims.is_empty() => {
                let now = (self.clock)();
                if let Some(due) = self.store.next_due(now).await? {
                    let pause = Duration::try_from(due.duration_since(now)).unwrap_or_default();
                    flow.look_at = Instant::now() + pause.min(LOOK_EVERY);
                }
            }
            Claimed::These(now, claims) => {
                flow.may_be_due = true;
                let claims = claims.into_iter().map(|claim| (now, claim));
                flow.ready.extend(claims);
            }
        }
        Ok(())
    }

    /// Composes what is ready and hands it to the workers, as far as may be in flight.
    fn hand_over(&mut self, flow: &mut Flow) {
        flow.leave = None;
        while flow.in_flight < self.most_in_flight() && flow.unsettled() < UNSETTLED {
            if flow.ready.is_empty() {
                break;
            }
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
                    if flow.letters.try_send(letter).is_err() {
                        // The workers are gone; the claim is free again at the next start.
                        break;
                    }
                    flow.in_flight += 1;
                }
                Err(error) => {
                    tracing::error!(run = claim.key.run.0, "can't compose: {error}");
                    flow.reported(claim.key, Outcome::Deferred(error.to_string()));
                }
            }
        }
    }

    /// Letters that may be with the workers. With a rate no more than go at once: whatever a server
    /// that was slow for a while then takes in one go had its leave before.
    fn most_in_flight(&self) -> usize {
        let by_rate = self
            .bucket
            .as_ref()
            .map(|bucket| bucket.burst() + self.mailer.workers());
        by_rate.map_or(UNSETTLED, |most| most.min(UNSETTLED))
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
            flow.may_be_due = true;
        }
        Ok(())
    }

    /// Waits for a report, an answer of the store, or something to be due.
    async fn wait(&self, flow: &mut Flow, stop: &CancellationToken) -> Result<(), StoreError> {
        let timer = flow.next_timer(*self.wire.borrow());
        tokio::select! {
            () = stop.cancelled() => {}
            settled = flow.settling.answer() => self.settled(flow, settled?),
            claimed = flow.claiming.answer() => self.claimed(flow, claimed?).await?,
            Some(report) = flow.reports.recv() => flow.note(report),
            () = self.signals.queue() => flow.may_be_due = true,
            () = tokio::time::sleep_until(timer) => {
                let now = Instant::now();
                flow.may_be_due |= flow.look_at <= now;
                if flow.settling.is_under_way() && flow.patience <= now {
                    self.wire.send_replace(Wire::Waits);
                }
            }
        }
        Ok(())
    }

    /// Has what was gathered settled, once the settlement before is done.
    fn settle(&self, flow: &mut Flow) {
        let now = Instant::now();
        let Some(outcomes) = flow.take_gathered(now) else {
            return;
        };
        self.tell(&outcomes);
        flow.patience = now + DISK_PATIENCE;
        let all_accepted = outcomes
            .iter()
            .all(|(_, outcome)| *outcome == Outcome::Accepted);
        let (store, policy, at) = (self.store.clone(), self.policy, (self.clock)());
        flow.settling.ask(async move {
            store.settle(outcomes, policy, at).await?;
            Ok(Settled { all_accepted })
        });
    }

    fn settled(&self, flow: &mut Flow, settled: Settled) {
        flow.settled();
        // What was put off may be due soon.
        flow.may_be_due |= !settled.all_accepted;
        self.wire
            .send_if_modified(|wire| std::mem::replace(wire, Wire::Open) == Wire::Waits);
    }

    /// Settles what the workers still hand in, until they are gone.
    async fn drain(&self, mut flow: Flow) -> Result<(), StoreError> {
        flow.letters.close();
        if flow.claiming.is_under_way() {
            // Who takes over frees what was claimed, and has to come after it.
            flow.claiming.answer().await?;
        }
        let mut at_work = true;
        while at_work || !flow.is_settled() {
            self.settle(&mut flow);
            tokio::select! {
                settled = flow.settling.answer() => self.settled(&mut flow, settled?),
                report = flow.reports.recv(), if at_work => match report {
                    Some(report) => flow.note(report),
                    None => at_work = false,
                },
                () = tokio::time::sleep(GATHER) => {}
            }
        }
        Ok(())
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
