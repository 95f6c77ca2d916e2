//! The guards of the store: is the clock right, is the store its latest state, is there room on the
//! disk? What is in doubt about the first two becomes a hold, which waits for a person.
//!
//! The loops ask before they act by the clock, and before they claim. That something is going to be
//! claimed is written down twice before it is: in the store, and then in the feeds folder, where a
//! restored copy of the store finds that it is behind.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{clock, hold};
use crate::config::Config;
use crate::control::Board;
use crate::domain::trust::{clock_behind, clock_moved};
use crate::domain::{Distrust, Hold, HoldKey, HoldKind, Problem, RunKey};
use crate::publish::witness::{self, Testimony};
use crate::store::{HoldEvent, Store, StoreError};

/// Where the board shows what the guards met.
const PLACE: &str = "guards";
const WITNESS: &str = "witness";
const SPACE: &str = "space";
/// A copy of the state folder from the midst of a run is known by what was claimed this much later.
const TESTIFY_EVERY: Duration = Duration::from_secs(10);
/// Between two notes of the time.
const NOTE_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// How long a loop sleeps while the guards let it do nothing.
pub const HALT: Duration = Duration::from_secs(1);

/// The time since the system was started.
pub type BootClock = Arc<dyn Fn() -> SignedDuration + Send + Sync>;

/// How many bytes are free where a path lies.
pub type FreeSpace = Arc<dyn Fn(&Path) -> io::Result<u64> + Send + Sync>;

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trust {
    /// Things may fall due.
    pub clock: bool,
    /// Windows may be opened, and mail may go out.
    pub store: bool,
}

/// Whether something may be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Go on.
    Claim,
    /// There is nothing to claim.
    Idle,
    /// Not now, whatever there is.
    Not,
}

/// The guards of one store.
pub struct Guard {
    store: Store,
    board: Arc<Board>,
    boot: BootClock,
    free: FreeSpace,
    seen: Mutex<Seen>,
}

/// What makes a new witness due: another run, or a dump, which is a copy of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Occasion {
    run: RunKey,
    dumps: u64,
}

/// What the guards remember.
#[derive(Default)]
struct Seen {
    /// How far the wall clock is ahead of the boot clock, as last believed.
    offset: Option<SignedDuration>,
    /// The hold that was opened since the clock was moved.
    moved: Option<HoldKey>,
    noted: Option<Timestamp>,
    /// What the witness was last written for, and when that was.
    testified: Option<(Occasion, Instant)>,
    /// Was the disk full when it was last looked at?
    is_full: bool,
    /// Bytes that have to be free.
    floor: u64,
    state: PathBuf,
    feeds: PathBuf,
    config_file: PathBuf,
}

impl Guard {
    /// The guards of a store.
    pub fn new(store: Store, board: Arc<Board>, boot: BootClock, free: FreeSpace) -> Guard {
        Guard {
            store,
            board,
            boot,
            free,
            seen: Mutex::default(),
        }
    }

    /// The guards by the system's clock and disk.
    pub fn of_system(store: Store, board: Arc<Board>) -> Guard {
        Guard::new(store, board, Arc::new(clock::since_boot), Arc::new(free))
    }

    /// Looks at what a configuration's feeds folder says of the store, and at the last instant that
    /// the store knows. To be called before a loop is at work.
    ///
    /// # Errors
    /// The store's; a witness that is there and can't be read.
    pub async fn begin(&self, config: &Config, now: Timestamp) -> anyhow::Result<()> {
        {
            let mut seen = self.seen();
            seen.floor = config.free_space;
            seen.state = config.state.clone();
            seen.feeds = config.feeds.dir.clone();
            seen.config_file = config.file.clone();
            seen.testified = None;
        }
        if let Some(last) = self.store.last_instant().await?
            && let Some(why) = clock_behind(last, now)
        {
            self.distrust(why, now).await?;
        }
        let Some(id) = self.store.id().await? else {
            return Ok(());
        };
        let own = self.store.witness(now).await?;
        let path = config.feeds.dir.join(witness::FILE);
        let testimony = witness::read(&config.feeds.dir, id)
            .with_context(|| format!("can't read {}", path.display()))?;
        match testimony {
            Testimony::Of(witness) if witness.knows_more_than(&own) => {
                self.distrust(Distrust::Restored(witness), now).await?;
            }
            Testimony::Of(_) => {}
            Testimony::OfAnother => tracing::warn!(
                "{} is of another store: whether this one is its latest state can't be told",
                path.display()
            ),
            Testimony::Absent if own.claims > 0 => tracing::warn!(
                "there is no witness at {}: whether the store is its latest state can't be told",
                path.display()
            ),
            Testimony::Absent => {}
        }
        Ok(())
    }

    /// Looks at the clocks, at the disk, and at what is held.
    ///
    /// # Errors
    /// The store's.
    pub async fn look(&self, now: Timestamp) -> Result<Trust, StoreError> {
        let held = self.held().await?;
        let of_clock = held.iter().find(|(_, why)| why.is_of_clock());
        let is_copy = held.iter().any(|(_, why)| !why.is_of_clock());
        let clock = self.clock(of_clock, now).await?;
        if clock {
            self.note(now).await?;
            self.follow_dump(now).await?;
        }
        Ok(Trust {
            clock,
            store: clock && !is_copy && self.has_room(),
        })
    }

    /// May something be claimed? Where it may, the witness knows.
    ///
    /// # Errors
    /// The store's.
    pub async fn may_claim(&self, now: Timestamp) -> Result<May, StoreError> {
        if !self.look(now).await?.store {
            return Ok(May::Not);
        }
        let occasion = self.occasion(now).await?;
        let is_known = self
            .seen()
            .testified
            .is_some_and(|(known, at)| known == occasion && at.elapsed() < TESTIFY_EVERY);
        if is_known {
            return Ok(May::Claim);
        }
        if self.store.next_due(now).await?.is_none_or(|due| due > now) {
            return Ok(May::Idle);
        }
        self.testify(occasion, now).await
    }

    async fn occasion(&self, now: Timestamp) -> Result<Occasion, StoreError> {
        let run = self.store.witness(now).await?.run;
        let dumps = self.store.dumps();
        Ok(Occasion { run, dumps })
    }

    /// Is there room on the disk? Told when that changes; a disk that can't be looked at is no
    /// reason to stop.
    pub fn has_room(&self) -> bool {
        let mut seen = self.seen();
        let was_full = seen.is_full;
        let free = (self.free)(&seen.state).unwrap_or(u64::MAX);
        // It is full until there is somewhat more, lest it be told over and over.
        let is_full = free < seen.floor + if was_full { seen.floor / 10 } else { 0 };
        seen.is_full = is_full;
        if is_full && !was_full {
            let what = format!(
                "less than {} MB are free where the state lies: nothing is mailed, and no source is read",
                seen.floor.div_ceil(1_000_000)
            );
            let remedy =
                "make room there, and wici goes on by itself; `[guards] free_space` is the limit";
            let problem = Problem::of_file(&seen.state, what, remedy);
            tracing::error!("{problem}");
            self.board.pin(PLACE, SPACE, problem);
        } else if was_full && !is_full {
            tracing::info!("there is room on the disk again: mail goes on");
            self.board.clear(PLACE, SPACE);
        }
        !is_full
    }

    async fn testify(&self, occasion: Occasion, now: Timestamp) -> Result<May, StoreError> {
        let Some(id) = self.store.id().await? else {
            return Ok(May::Claim);
        };
        let witness = self.store.testify(now).await?;
        let (feeds, file) = {
            let seen = self.seen();
            (seen.feeds.clone(), seen.config_file.clone())
        };
        // Small, and as rare as runs are: not worth a thread of its own.
        if let Err(error) = witness::write(&feeds, id, witness) {
            let what = format!(
                "the witness in {} can't be written: {error}",
                feeds.display()
            );
            let remedy = "make room, or correct its owner; nothing is mailed before it can be";
            let problem = Problem::of_file(file, what, remedy);
            if self.board.pin(PLACE, WITNESS, problem.clone()) {
                tracing::error!("{problem}");
            }
            return Ok(May::Not);
        }
        self.board.clear(PLACE, WITNESS);
        self.seen().testified = Some((occasion, Instant::now()));
        Ok(May::Claim)
    }

    /// Is the clock right?
    async fn clock(
        &self,
        held: Option<&(Hold, Distrust)>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let boot = (self.boot)();
        let offset = now
            .duration_since(Timestamp::UNIX_EPOCH)
            .saturating_sub(boot);
        let (former, ours) = {
            let mut seen = self.seen();
            (*seen.offset.get_or_insert(offset), seen.moved)
        };
        let moved = clock_moved(former, boot, now);
        let is_right = match (held, moved) {
            (Some((_, Distrust::ClockBehind { last, .. })), _) => {
                clock_behind(*last, now).is_none()
            }
            // Who held it is no longer there to say what the clock showed before.
            (Some((hold, _)), None) => ours == Some(hold.key),
            (Some(_), Some(_)) => false,
            (None, None) => true,
            // What was held for it was decided: this is the right time.
            (None, Some(_)) if ours.is_some() => true,
            (None, Some(why)) => {
                if let Some(opened) = self.distrust(why, now).await? {
                    self.seen().moved = Some(opened.key);
                }
                return Ok(false);
            }
        };
        if !is_right {
            return Ok(false);
        }
        if let Some((hold, _)) = held {
            if hold.decision.is_some() {
                return Ok(false);
            }
            let dissolved = self.store.believe().await?;
            hold::tell(&dissolved.map(HoldEvent::Dissolved));
        }
        let mut seen = self.seen();
        (seen.offset, seen.moved) = (Some(offset), None);
        Ok(true)
    }

    /// Notes the time now and then.
    async fn note(&self, now: Timestamp) -> Result<(), StoreError> {
        let noted = self.seen().noted;
        if noted.is_none_or(|noted| now.duration_since(noted).abs() >= NOTE_EVERY) {
            self.store.note_instant(now).await?;
            self.seen().noted = Some(now);
        }
        Ok(())
    }

    /// What was claimed before a dump and is on its way goes out after it: the dump is behind.
    async fn follow_dump(&self, now: Timestamp) -> Result<(), StoreError> {
        let occasion = self.occasion(now).await?;
        let is_dumped = self
            .seen()
            .testified
            .is_some_and(|(known, _)| known.dumps != occasion.dumps);
        if is_dumped && self.store.has_claims_out(now) {
            self.testify(occasion, now).await?;
        }
        Ok(())
    }

    async fn distrust(&self, why: Distrust, now: Timestamp) -> Result<Option<Hold>, StoreError> {
        let opened = self.store.distrust(why, now).await?;
        hold::tell(&opened.clone().map(HoldEvent::Opened));
        Ok(opened)
    }

    /// What the store is held for.
    async fn held(&self) -> Result<Vec<(Hold, Distrust)>, StoreError> {
        let of_store = |hold: Hold| match hold.kind.clone() {
            HoldKind::Store(why) => Some((hold, why)),
            _ => None,
        };
        Ok(self
            .store
            .holds()
            .await?
            .into_iter()
            .filter_map(of_store)
            .collect())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes free for who is not root.
fn free(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests;
