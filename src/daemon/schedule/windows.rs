//! Windows: opened when they are due, and planned to the end. Missed ones are computed from the
//! marks, never remembered.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::signals::Signals;
use super::earlier;
use crate::config::{self, Config};
use crate::domain::{Cadence, Run};
use crate::store::{Store, StoreError};

/// Subscribers planned in one transaction.
const PAGE: usize = 2048;

/// The windows of all schedules of a configuration.
pub struct Windows {
    store: Store,
    config: Arc<Config>,
    signals: Arc<Signals>,
}

impl Windows {
    /// The windows of the schedules of `config`.
    pub fn new(store: Store, config: Arc<Config>, signals: Arc<Signals>) -> Windows {
        Windows {
            store,
            config,
            signals,
        }
    }

    /// Plans runs that were begun to the end.
    ///
    /// # Errors
    /// The store's.
    pub async fn resume(&self, now: Timestamp) -> Result<(), StoreError> {
        for run in self.store.open_runs().await? {
            if !run.planned {
                self.plan(run, now).await?;
            }
        }
        Ok(())
    }

    /// Opens and plans what is due. Returns when the next window is.
    ///
    /// # Errors
    /// The store's.
    pub async fn open(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut next = None;
        for schedule in &self.config.schedules {
            next = earlier(next, self.cron(schedule, now).await?);
        }
        Ok(earlier(next, self.immediate(now).await?))
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
            self.latest(schedule, cadence, &zone, now).await?;
            next = earlier(next, schedule.cron.next_after(&zone, now));
        }
        Ok(next)
    }

    /// Opens the latest window due, if any; those missed before it are one with it.
    async fn latest(
        &self,
        schedule: &config::Schedule,
        cadence: Cadence,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let line = schedule.line();
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

    /// Opens a run over the news that has waited for the delay: where there is some beyond the mark,
    /// or somebody came behind it.
    async fn immediate(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let delay = self.config.immediate.delay;
        let cadence = Cadence::immediate();
        let mark = self
            .store
            .observe(cadence.clone(), String::new(), now)
            .await?;
        let by = now.checked_sub(delay).unwrap_or(Timestamp::MIN);
        let ripe = self.store.ripe(by).await?;
        if ripe > mark.upper || self.store.has_exceptions(&cadence, ripe).await? {
            let run = self.store.open_run(cadence, now, Some(ripe), now).await?;
            self.plan(run, now).await?;
        }
        let first = self.store.first_news(ripe).await?;
        Ok(first.and_then(|first| first.checked_add(delay).ok()))
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
