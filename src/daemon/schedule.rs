//! What is due by the clock: publications that waited for their date, and windows.

pub mod windows;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::guard::Guard;
use super::{hold, signals::Signals};
use crate::config::Config;
use crate::control::Clock;
use crate::domain::{Decision, Hold, HoldKind};
use crate::store::{Store, StoreError};
use windows::Windows;

/// The longest sleep: the wall clock may be set meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The loop of the schedules.
pub struct Scheduling {
    windows: Windows,
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
        let windows = Windows::new(store.clone(), Arc::clone(&config), Arc::clone(&signals));
        Scheduling {
            windows,
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
        self.windows.resume(now).await?;
        if !trust.store {
            // No window is opened, and the clock may be wrong: only a decision is waited for.
            return Ok(is_unfinished.then_some(now));
        }
        let next = self.windows.open(now).await?;
        let next = earlier(next, self.store.next_release().await?);
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
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests;
