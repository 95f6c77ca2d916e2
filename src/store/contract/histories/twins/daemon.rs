//! What the daemon does, and the death of its process.

use std::sync::{Arc, LazyLock};

use super::super::super::model::clock::DELAY;
use super::super::super::model::{IMMEDIATE, LOCAL};
use super::super::super::*;
use super::{ADDRESSES, Stop, Twins, cadence_in};
use crate::config::tests::SITE;
use crate::config::{self, Config};
use crate::daemon::schedule::windows::Windows;
use crate::daemon::signals::Signals;

/// Longer than any history.
const FOR_EVER: SignedDuration = SignedDuration::from_hours(1_000_000);

const SCHEDULES: &str = r#"
[[schedule]]
name = "daily"
cron = "0 8 * * *"
[[schedule]]
name = "weekly"
cron = "0 8 * * MON"
[[schedule]]
name = "local"
cron = "0 8 * * *"
timezone = "subscriber"
"#;

static CONFIG: LazyLock<Option<Arc<Config>>> = LazyLock::new(|| {
    let (file, base) = ("/site/daemon.toml".as_ref(), "/site".as_ref());
    config::parse(&format!("{SITE}{SCHEDULES}"), file, base)
        .ok()
        .map(Arc::new)
});

impl Twins {
    pub(super) async fn tick(&mut self) -> Result<(), Stop> {
        let config = CONFIG.clone().ok_or("a bad configuration")?;
        let signals = Arc::new(Signals::default());
        let store = self.bench.store.clone();
        let windows = Windows::new(store, config, signals);
        windows.resume(self.bench.now).await?;
        windows.open(self.bench.now).await?;
        self.model.tick(self.bench.now);
        let latest = self.bench.store.runs(1).await?;
        self.opened = latest.first().map_or(self.opened, |run| run.key);
        self.balance().await
    }

    pub(super) async fn open(&mut self, schedule: usize, zone: usize) -> Result<(), Stop> {
        let (store, now) = (&self.bench.store, self.bench.now);
        let cadence = cadence_in(schedule, zone);
        let run = if schedule == IMMEDIATE {
            let mark = store.observe(cadence.clone(), String::new(), now).await?;
            let ripe = store.ripe(now - DELAY).await?;
            if ripe <= mark.upper && !store.has_exceptions(&cadence, ripe).await? {
                return Ok(());
            }
            store.open_run(cadence, now, Some(ripe), now).await?
        } else {
            store.open_run(cadence, now, None, now).await?
        };
        if run.key > self.opened {
            self.opened = run.key;
            match schedule {
                IMMEDIATE => self.model.open_ripe(now),
                LOCAL => self.model.open_early((schedule, Some(zone)), now),
                _ => self.model.open_early((schedule, None), now),
            }
        }
        Ok(())
    }

    /// Plans the next few of the first run that is not planned. Says whether there was one.
    pub(super) async fn page(&mut self) -> Result<bool, Stop> {
        let (store, now) = (&self.bench.store, self.bench.now);
        let open = store.open_runs().await?;
        let Some(run) = open.iter().find(|run| !run.planned) else {
            return Ok(false);
        };
        let run = store.plan(run.key, 1, now).await?.ok_or("no run")?;
        let through = run.planned_through.map_or(0, |last| last.0 as usize);
        self.model.plan(Some(through).filter(|_| !run.planned));
        Ok(true)
    }

    pub(super) async fn plan(&mut self, mut dies: bool) -> Result<(), Stop> {
        while self.page().await? {
            if std::mem::take(&mut dies) {
                self.die()?;
            }
        }
        self.balance().await
    }

    /// The books of all runs that were planned since agree.
    async fn balance(&mut self) -> Result<(), Stop> {
        let mut runs = self.bench.store.runs(usize::MAX).await?;
        runs.retain(|run| run.key > self.balanced);
        for run in runs {
            let books = self.bench.store.books(&run).await?.unwrap_or_default();
            if !books.are_even() {
                return Err(format!("the books of {run:?} differ: {books:?}").into());
            }
            self.balanced = self.balanced.max(run.key);
        }
        Ok(())
    }

    pub(super) async fn claim(&mut self) -> Result<(), Stop> {
        let store = &self.bench.store;
        self.claims
            .extend(store.claim(1000, FOR_EVER, self.bench.now).await?);
        self.model.claim(self.bench.now);
        Ok(())
    }

    pub(super) async fn send(&mut self, defer: u8, refuse: u8) -> Result<(), Stop> {
        if self.claims.is_empty() {
            self.claim().await?;
        }
        let mut mails = Vec::new();
        let mut outcomes = Vec::new();
        for claim in std::mem::take(&mut self.claims) {
            if !self.bench.store.may_write(claim.key.subscriber) {
                outcomes.push((claim.key, Outcome::Suppressed));
                continue;
            }
            let (address, mut titles) = told(&claim);
            titles.sort();
            let who = ADDRESSES.iter().position(|a| *a == address);
            let who = who.ok_or("a stranger")?;
            mails.push((who, titles));
            let attempts = self.attempts.entry(claim.key).or_default();
            *attempts += 1;
            let outcome = if refuse & 1 << who != 0 {
                Outcome::Refused("550".to_owned())
            } else if defer & 1 << who != 0 && *attempts == 1 {
                Outcome::Deferred("451".to_owned())
            } else {
                Outcome::Accepted
            };
            outcomes.push((claim.key, outcome));
        }
        self.bench.settle(outcomes).await?;
        mails.sort();
        self.mails += mails.len();
        let expected = self.model.send(defer, refuse, self.bench.now);
        match mails == expected {
            true => Ok(()),
            false => Err(format!("sent {mails:?} instead of {expected:?}").into()),
        }
    }

    pub(super) fn die(&mut self) -> Result<(), Stop> {
        if self.bench.folder.is_some() {
            let now = self.bench.now;
            // The clock of a bench without a folder does not matter.
            let bench = std::mem::replace(&mut self.bench, Bench::memory()?);
            self.bench = reopening::reopen(bench)?;
            self.bench.now = now;
            self.claims.clear();
            self.model.die();
        }
        Ok(())
    }
}
