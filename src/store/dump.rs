//! The whole state as one stream of frames: portable, since rows are written as every engine keeps
//! them, and bodies and keys go along.
//!
//! ```text
//! "wici dump 1\n", then frames: kind (1 byte), length of the key, length of the value (4 bytes
//! each, little-endian), key, value
//!
//! head   what made it, as JSON
//! row    a row of the map; in the order of their keys
//! body   a hash, and the body; after a revision that has it
//! keys   those that sign links, as text
//! end    BLAKE3 of all before it
//! ```

mod frame;
mod rows;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::engine::{Engine, Rows, Transaction};
use super::record::Record;
use super::{Store, StoreError, keys, meta};
use crate::domain::{BodyHash, Publication};

use frame::MAGIC;
pub(super) use frame::{Frame, Frames, Kind, damaged};
pub(super) use rows::check_row;

/// Bytes of rows that are read in one turn of the writer.
const PAGE: usize = 256 << 10;

/// What made a dump.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    /// The version of the program.
    pub(super) wici: String,
    /// The instant that it shows.
    pub(super) at: Timestamp,
}

/// How much is in a dump.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dumped {
    /// Rows of the map.
    pub rows: u64,
    /// Bodies of publications.
    pub bodies: u64,
}

/// A dump being made: the store as it was when it began, whatever is written meanwhile.
pub struct Dump {
    store: Store,
    _snapshot: Held,
    hasher: blake3::Hasher,
    keys: String,
    stage: Stage,
    /// The last body that was met: revisions of one publication often share it.
    body: Option<BodyHash>,
    at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Rows,
    Done,
}

impl Store {
    /// Begins a dump of this instant; `keys` are those that sign links. One at a time.
    pub async fn dump(&self, keys: String, now: Timestamp) -> Result<Dump, StoreError> {
        let engine = Arc::clone(&self.inner.engine);
        let dumps = Arc::clone(&self.inner.dumps);
        let begin = move |_: &mut Transaction<'_>| {
            if !engine.begin_snapshot() {
                return Err(StoreError::Dumping);
            }
            dumps.fetch_add(1, Ordering::Release);
            Ok(Held(engine))
        };
        Ok(Dump {
            _snapshot: self.write(begin).await?,
            store: self.clone(),
            hasher: blake3::Hasher::new(),
            keys,
            stage: Stage::Head,
            body: None,
            at: now,
        })
    }

    /// How many dumps were begun. What is claimed after one is to be witnessed anew.
    pub fn dumps(&self) -> u64 {
        self.inner.dumps.load(Ordering::Acquire)
    }

    /// Is anything out that was claimed?
    pub fn has_claims_out(&self, now: Timestamp) -> bool {
        self.inner.leases.any(now)
    }
}

impl Dumped {
    /// Reads a dump to its end: is every byte as it was written?
    ///
    /// # Errors
    /// It is no dump, is cut off, or is damaged.
    pub fn of(dump: impl Read) -> Result<Dumped, StoreError> {
        let mut dumped = Dumped::default();
        let mut frames = Frames::over(dump).map_err(StoreError::Dump)?;
        loop {
            let frame = frames.next().map_err(StoreError::Dump)?;
            match frame.kind {
                Kind::Row => dumped.rows += 1,
                Kind::Body => dumped.bodies += 1,
                Kind::Head | Kind::Keys => {}
                Kind::End => {
                    frames.end(&frame).map_err(StoreError::Dump)?;
                    return Ok(dumped);
                }
            }
        }
    }
}

impl Dump {
    /// The next bytes; `None` when it is whole.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut bytes = Vec::new();
        match self.stage {
            Stage::Head => {
                meta(self.store.reader())?;
                let head = Head {
                    wici: env!("CARGO_PKG_VERSION").to_owned(),
                    at: self.at,
                };
                let head = serde_json::to_vec(&head)
                    .map_err(|error| StoreError::Dump(error.to_string()))?;
                bytes.extend_from_slice(MAGIC);
                frame::put(&mut bytes, Kind::Head, b"", &head);
                self.stage = Stage::Rows;
            }
            Stage::Rows => {
                let page = self.page().await?;
                if page.is_empty() {
                    frame::put(&mut bytes, Kind::Keys, b"", self.keys.as_bytes());
                    self.hasher.update(&bytes);
                    let hash = self.hasher.finalize();
                    frame::put(&mut bytes, Kind::End, b"", hash.as_bytes());
                    self.stage = Stage::Done;
                    return Ok(Some(bytes));
                }
                for (key, value) in page {
                    self.row(&mut bytes, &key, &value)?;
                }
            }
            Stage::Done => return Ok(None),
        }
        self.hasher.update(&bytes);
        Ok(Some(bytes))
    }

    async fn page(&self) -> Result<Rows, StoreError> {
        let read = |transaction: &mut Transaction<'_>| transaction.engine().page(PAGE);
        self.store.write(read).await
    }

    fn row(&mut self, bytes: &mut Vec<u8>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        if keys::is_place(key) {
            return Ok(());
        }
        frame::put(bytes, Kind::Row, key, value);
        if !keys::is_revision(key) {
            return Ok(());
        }
        let hash = Publication::decode(value)?.body;
        if self.body.replace(hash) == Some(hash) {
            return Ok(());
        }
        match self.store.inner.bodies.get(self.store.reader(), hash) {
            Ok(body) => frame::put(bytes, Kind::Body, &hash.0, body.as_bytes()),
            // One that is lost is read anew from its source, here as there.
            Err(StoreError::Body(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// The snapshot, for as long as somebody reads it.
struct Held(Arc<Engine>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.end_snapshot();
    }
}
