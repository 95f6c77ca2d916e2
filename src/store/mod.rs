//! What is remembered, in the domain's verbs.
//!
//! The only meeting point of the daemon's loops: each stage reads here what the one before it
//! wrote, and can be killed at any instant. Every verb that writes is one transaction, durable
//! before it returns. Verbs never look at the clock, and assume neither that this process is the
//! only one nor that it will live to see a claim settled (claims carry leases).
//!
//! | file | verbs |
//! | --- | --- |
//! | `publications` | `apply`, `release_due`, `next_release`, `publication`, `paths`, `paths_at`, `body`, `has_body` |
//! | `catalogue` | `publications`, `publications_like`, `publication_at`, `revisions`, `mailed` |
//! | `feeds` | `feed`, `feeds`, `ever_had` |
//! | `pages` | `listed`, `entries_in`, `tag_label`, `last_publication`, `live_from` |
//! | `archive` | `number`, `unnumbered`, `page`, `pages`, `page_counts`, `not_archived` |
//! | `departures` | `departed`, `lately_departed` |
//! | `queries` | `touched`, `query`: feeds by several tags |
//! | `translations` | `translations`, `translations_of`, `translated` |
//! | `ties` | `mistaken`: what files surely say wrong of their translations |
//! | `files` | `keep_files`, `known_files` |
//! | `tags` | `define_tags`, `tags`, `tag_named` |
//! | `upstreams` | `upstream`, `keep_upstream`, `lost_bodies`, `forget_lost_bodies` |
//! | `holds` | `holds`, `held`, `waits_in`, `suspect`, `decide`, `carry_out` |
//! | `holds/trust` | `witness`, `testify`, `last_instant`, `note_instant`, `distrust`, `believe` |
//! | `subscribers` | `subscribe`, `subscriber`, `subscribers`, `unsubscribe`, `may_write` |
//! | `roll` | `enrol`, `would_enrol` |
//! | `suppression` | `suppress`, `unsuppress`, `suppression`, `suppressions` |
//! | `erasure` | `erase` |
//! | `preferences` | `prefer`, `pause`, `resume`, `confirm` |
//! | `names` | `orphans`, `adopt` |
//! | `renamed` | `adopt_tags`, `successor`, `left_feeds` |
//! | `sources` | `gone_sources`, `adopt_sources` |
//! | `runs` | `observe`, `mark`, `has_exceptions`, `zones`, `let_go`, `open_run`, `ripe`, `open_runs`, `run`, `run_of`, `runs` |
//! | `plan` | `plan` |
//! | `foresee` | `foresee`, `foresee_for`, `shown`: planning that writes nothing |
//! | `claims` | `claim`, `unclaim`, `next_due` |
//! | `doubt` | `begin_text`, `take_over` |
//! | `dump`, `restore` | `dump`, and a store made from one |
//! | `deliveries` | `settle`, `deliveries`, `had` |
//! | `books` | `books` |
//! | `retention` | `shrink`, `forget`, `prune`; `bodies/sweep`: `sweep` |
//! | `prospects` | `cadences`, `to_come`, `prospects` |
//! | `answers` | `mailings`, `not_mailed` |
//! | `websub` | `follow`, `follow_instead`, `unfollow`, `followers`, `lapse`, `follower`, `topics`, `topics_changed`, `due_pushes`, `settle_pushes`; `told`, `note_told` |
//!
//! [`contract`] is the one suite that every backend passes.

pub mod answers;
mod archive;
mod bodies;
pub mod books;
pub mod catalogue;
mod changes;
mod claims;
#[cfg(test)]
mod contract;
mod cursors;
mod deliveries;
mod departures;
mod doubt;
mod dump;
mod engine;
mod erasure;
mod error;
mod feeds;
mod files;
mod foresee;
mod former;
mod holds;
mod identity;
mod keys;
mod leases;
mod names;
pub mod pages;
mod plan;
mod preferences;
pub mod prospects;
mod publications;
mod queries;
mod record;
mod renamed;
mod restore;
mod retention;
mod roll;
mod rows;
mod runs;
mod sources;
mod subscribers;
mod suppression;
mod tags;
mod ties;
mod translations;
mod upstreams;
mod websub;
mod writer;

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bodies::Bodies;
use engine::{Engine, Read, Transaction};
use keys::Key;
use leases::Leases;
use record::Record;
use rows::Meta;
use writer::Writer;

pub use archive::{PAGE, PageView};
pub use departures::Departed;
pub use dump::{Dump, Dumped};
pub use erasure::Erased;
pub use error::StoreError;
pub use feeds::FeedView;
pub use foresee::Foreseen;
pub use holds::{CarriedOut, HoldEvent};
pub use publications::{Applied, Refusal, Refused};
pub use queries::QueryView;
pub use restore::Restoring;
pub use rows::Totals;
pub use tags::TagView;
pub use ties::Mistaken;
pub use websub::{Follow, Followed, Walked};

/// The store. Clones are handles to one.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    // Dropped first: the thread inside holds the engine, and must end before the lock is let go.
    writer: Writer,
    engine: Arc<Engine>,
    bodies: Bodies,
    /// Held by whoever keeps bodies until the rows that name them are written; alone, by whoever lets
    /// go of some.
    keeping: tokio::sync::RwLock<()>,
    leases: Leases,
    /// How many dumps were begun.
    dumps: Arc<AtomicU64>,
    _lock: Option<File>,
}

/// May a store be made where there is none?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Make it.
    OrCreate,
    /// No: an error that names the path.
    Existing,
}

impl Store {
    /// Opens the store under `state`. `seed` is randomness for the name of a new store.
    ///
    /// # Errors
    /// Where there is none and none may be made; where another process has it; where the disk or
    /// the data is bad.
    pub fn open(state: &Path, open: Open, seed: [u8; 16]) -> Result<Store, StoreError> {
        if open == Open::Existing && !state.join("db").is_dir() {
            return Err(match restore::is_unfinished(state) {
                true => StoreError::Unfinished(state.to_owned()),
                false => StoreError::Missing(state.to_owned()),
            });
        }
        let disk = |error: std::io::Error| StoreError::Disk {
            path: state.to_owned(),
            why: error.to_string(),
        };
        let lock = lock(state)?;
        restore::check(state)?;
        let engine = Arc::new(Engine::open(state)?);
        let bodies = Bodies::on_disk(state.join("bodies")).map_err(disk)?;
        let writer = Writer::start(Arc::clone(&engine)).map_err(disk)?;
        Store::begin(engine, bodies, writer, Some(lock), seed)
    }

    /// A store in memory, which ends with the process.
    ///
    /// # Errors
    /// None that a caller could mend.
    pub fn in_memory() -> Result<Store, StoreError> {
        let engine = Arc::new(Engine::in_memory());
        let writer = Writer::inline(Arc::clone(&engine));
        Store::begin(engine, Bodies::in_memory(), writer, None, [0; 16])
    }

    fn begin(
        engine: Arc<Engine>,
        bodies: Bodies,
        writer: Writer,
        lock: Option<File>,
        seed: [u8; 16],
    ) -> Result<Store, StoreError> {
        let mut transaction = Transaction::over(&engine);
        if load::<Meta>(&transaction, &keys::meta())?.is_none() {
            let meta = Meta {
                id: seed,
                ..Meta::default()
            };
            save(&mut transaction, keys::meta(), &meta)?;
            transaction.commit()?;
            engine.sync()?;
        }
        ties::fill(&engine)?;
        Ok(Store {
            inner: Arc::new(Inner {
                writer,
                engine,
                bodies,
                keeping: tokio::sync::RwLock::default(),
                leases: Leases::default(),
                dumps: Arc::default(),
                _lock: lock,
            }),
        })
    }

    /// What tells this store from every other. `None`: it is in memory, and its numbers mean
    /// nothing to the next one.
    pub async fn id(&self) -> Result<Option<[u8; 16]>, StoreError> {
        let reader = self.reader();
        match reader.is_durable() {
            true => Ok(Some(meta(reader)?.id)),
            false => Ok(None),
        }
    }

    /// How many there are of what.
    pub async fn totals(&self) -> Result<Totals, StoreError> {
        Ok(meta(self.reader())?.totals)
    }

    fn reader(&self) -> &Engine {
        &self.inner.engine
    }

    async fn write<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.write(verb).await
    }
}

/// Makes the folder if need be, for its owner alone, and takes it for this process.
fn lock(state: &Path) -> Result<File, StoreError> {
    let disk = |error: std::io::Error| StoreError::Disk {
        path: state.to_owned(),
        why: error.to_string(),
    };
    let mut folder = DirBuilder::new();
    folder.recursive(true).mode(0o700);
    folder.create(state).map_err(disk)?;
    let lock = File::create(state.join("lock")).map_err(disk)?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => StoreError::Locked(state.to_owned()),
        TryLockError::Error(error) => disk(error),
    })?;
    Ok(lock)
}

fn meta(reader: &impl Read) -> Result<Meta, StoreError> {
    load_required(reader, &keys::meta())
}

fn load<R: Record>(reader: &impl Read, key: &Key) -> Result<Option<R>, StoreError> {
    reader
        .get(key.bytes())?
        .map(|value| R::decode(&value))
        .transpose()
}

/// What another row names, or what every store has.
fn load_required<R: Record>(reader: &impl Read, key: &Key) -> Result<R, StoreError> {
    load(reader, key)?.ok_or_else(|| StoreError::corrupt::<R>("it is missing"))
}

fn save<R: Record>(
    transaction: &mut Transaction<'_>,
    key: Key,
    record: &R,
) -> Result<(), StoreError> {
    transaction.put(key.into_bytes(), record.encode()?);
    Ok(())
}

/// Writes a key that says everything by itself.
fn note(transaction: &mut Transaction<'_>, key: Key) {
    transaction.put(key.into_bytes(), Vec::new());
}

fn forget(transaction: &mut Transaction<'_>, key: Key) {
    transaction.remove(key.into_bytes());
}
