//! What is due by the clock: publications that waited for their date, and windows. Missed ones are
//! computed from the marks, never remembered.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::guard::Guard;
use super::{hold, signals::Signals};
use crate::config::{self, Config};
use crate::control::Clock;
use crate::domain::{Cadence, Decision, Hold, HoldKind, Run};
use crate::store::{Store, StoreError};

/// Subscribers planned in one transaction.
const PAGE: usize = 2048;
/// The longest sleep: the wall clock may be set meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The loop of the schedules.
pub struct Scheduling {
    store: Store,
    config: Arc<Config>,
    signals: Arc<Signals>,
    guard: Arc<Guard>,
}

impl Scheduling {
    /// The loop over the schedules of `config`.
    pub fn new(
        store: Store,
        config: Arc<Config>,
        signals: Arc<Signals>,
        guard: Arc<Guard>,
    ) -> Scheduling {
        Scheduling {
            store,
            config,
            signals,
            guard,
        }
    }

    /// Looks whenever something falls due or there is news.
    pub async fn run(self, clock: Clock, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            let next = self.tick(clock()).await?;
            let pause = next.map_or(LOOK_EVERY, |next| {
                Duration::try_from(next.duration_since(clock()))
                    .unwrap_or_default()
                    .min(LOOK_EVERY)
            });
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.signals.news() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One round: a look at the guards, releases, then what was decided of holds, then runs that were begun, then windows
    /// that are due. Returns when the next thing is.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let trust = self.guard.look(now).await?;
        if trust.clock {
            self.release(now).await?;
        }
        let is_unfinished = self.carry_out(now).await?;
        for run in self.store.open_runs().await? {
            if !run.planned {
                self.plan(run, now).await?;
            }
        }
        if !trust.store {
            // No window is opened, and the clock may be wrong: only a decision is waited for.
            return Ok(is_unfinished.then_some(now));
        }
        let mut next = self.store.next_release().await?;
        for schedule in &self.config.schedules {
            next = earlier(next, self.cron(schedule, now).await?);
        }
        let next = earlier(next, self.immediate(now).await?);
        Ok(if is_unfinished { Some(now) } else { next })
    }

    /// Everything whose instant has come, before a window is opened over it.
    async fn release(&self, now: Timestamp) -> Result<(), StoreError> {
        let guards = self.config.guards;
        let mut is_news = false;
        loop {
            let released = self.store.release_due(now, guards).await?;
            hold::tell(&released.holds);
            self.signals.touch(&released.changes);
            let next = self.store.next_release().await?;
            is_news |= !released.changes.is_empty();
            if released.changes.is_empty() || next.is_none_or(|next| next > now) {
                break;
            }
        }
        if is_news {
            self.signals.ring();
        }
        Ok(())
    }

    /// Opens the windows of a schedule that are due, one in each zone that it is read in. Returns
    /// when the next one is.
    async fn cron(
        &self,
        schedule: &config::Schedule,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let cadences = if schedule.zoned {
            self.store.zones(&schedule.name).await?
        } else {
            vec![schedule.cadence(&schedule.timezone)]
        };
        let mut next = None;
        for cadence in cadences {
            let zone = schedule.zone_of(&cadence);
            self.window(schedule, cadence, &zone, now).await?;
            next = earlier(next, schedule.cron.next_after(&zone, now));
        }
        Ok(next)
    }

    /// Opens the latest window due, if any; those missed before it are one with it.
    async fn window(
        &self,
        schedule: &config::Schedule,
        cadence: Cadence,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let line = format!("{} {}", schedule.cron, schedule.timezone);
        let mark = self.store.observe(cadence.clone(), line, now).await?;
        let Some(due) = schedule.cron.latest_in(zone, mark.due, now) else {
            return Ok(());
        };
        if now.duration_since(due) <= schedule.catch_up {
            let run = self.store.open_run(cadence, due, None, now).await?;
            self.plan(run, now).await
        } else {
            tracing::warn!(schedule = %cadence, %due, "missed by more than catch_up: its items join the next");
            self.store.let_go(cadence, due).await
        }
    }

    /// Opens a run over the news that has waited for the delay, and for who came behind the mark.
    async fn immediate(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let delay = self.config.immediate.delay;
        let cadence = Cadence::immediate();
        let mark = self
            .store
            .observe(cadence.clone(), String::new(), now)
            .await?;
        let by = now.checked_sub(delay).unwrap_or(Timestamp::MIN);
        let ripe = self.store.ripe(mark.upper, by).await?;
        let decided = ripe.unwrap_or(mark.upper);
        if ripe.is_some() || self.store.has_exceptions(&cadence).await? {
            let run = self
                .store
                .open_run(cadence, now, Some(decided), now)
                .await?;
            self.plan(run, now).await?;
        }
        let first = self.store.first_news(decided).await?;
        Ok(first.and_then(|first| first.checked_add(delay).ok()))
    }

    /// Carries out a piece of what a person decided. Says whether there is more.
    async fn carry_out(&self, now: Timestamp) -> Result<bool, StoreError> {
        let holds = self.store.holds().await?;
        let Some(decided) = holds.into_iter().find(|hold| self.is_ripe(hold)) else {
            return Ok(false);
        };
        let guards = self.config.guards;
        let carried_out = self.store.carry_out(decided.key, now, guards).await?;
        self.signals.touch(&carried_out.changes);
        if carried_out.done {
            hold::tell_done(&decided);
            self.signals.ring();
            self.signals.planned();
        }
        Ok(true)
    }

    /// Can a decision be carried out? What a restored copy has yet to hear of from the sources is
    /// skipped with what it knows.
    fn is_ripe(&self, hold: &Hold) -> bool {
        let waits_for_sources =
            matches!(hold.kind, HoldKind::Store(_)) && hold.decision == Some(Decision::Skip);
        hold.decision.is_some() && (!waits_for_sources || self.signals.all_seen())
    }

    async fn plan(&self, run: Run, now: Timestamp) -> Result<(), StoreError> {
        while let Some(planned) = self.store.plan(run.key, PAGE, now).await? {
            self.signals.planned();
            if planned.planned {
                tracing::info!(run = run.key.0, schedule = %planned.window.cadence, deliveries = planned.counts.total(), "planned");
                break;
            }
        }
        Ok(())
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
