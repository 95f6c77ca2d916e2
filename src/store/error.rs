//! What can go wrong with the store.

use std::path::PathBuf;

use super::record::Record;
use crate::domain::{Address, BodyHash};

/// What can go wrong with the store, and what to do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// No store where one was expected.
    #[error(
        "there is no store at {0}; `wici run` makes one, or name another configuration with `-c`"
    )]
    Missing(PathBuf),
    /// Another process has it.
    #[error("the store at {0} is in use by another process")]
    Locked(PathBuf),
    /// The disk refused something. What was not acknowledged may not be there.
    #[error("the store at {path} can't be used: {why}")]
    Disk {
        /// Which store.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// The disk, or sled on the way to it, has stood still for so long that it is given up.
    #[error("the store has not answered for two minutes; wici must be started anew")]
    Stalled,
    /// A stored value is not what was written.
    #[error(
        "the store is damaged: a {record} record can't be read ({why}); stop wici and bring back the state folder from a backup: starting anew would mail everybody again"
    )]
    Corrupt {
        /// The kind of record.
        record: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A stored value was written by a newer program.
    #[error(
        "the store was written by a newer wici (a {record} record of version {version}); install that version or a later one"
    )]
    Newer {
        /// The kind of record.
        record: &'static str,
        /// Its version.
        version: u8,
    },
    /// A restore was begun here and not finished.
    #[error(
        "a restore into {0} was not finished; run `wici restore FILE` again, or remove what is there"
    )]
    Unfinished(PathBuf),
    /// There is a store where one was to be restored.
    #[error(
        "there is a store at {0} already, and it is kept; move it away, or name another `state`"
    )]
    Present(PathBuf),
    /// What was to be restored is not a whole dump.
    #[error("{0}")]
    Dump(String),
    /// Another dump is being made.
    #[error("another dump is being made; try again when it is done")]
    Dumping,
    /// More was written during a dump than could be kept aside.
    #[error("too much was written while the dump was made; try again at a quieter time")]
    TooBusy,
    /// A body is not there, or not what was kept; the rest is well.
    #[error(
        "the body {} is lost or damaged in the state folder; restart wici, and it is read anew from its source",
        .0.to_hex()
    )]
    Body(BodyHash),
    /// More was to be kept in one place than the store takes. Nothing was written.
    #[error("a {record} record of {bytes} bytes is more than the store keeps in one ({most})")]
    TooLarge {
        /// The kind of record.
        record: &'static str,
        /// Its size.
        bytes: usize,
        /// The largest.
        most: usize,
    },
    /// Nobody can subscribe it.
    #[error("{0} is on the suppression list; `wici subscribers unsuppress` takes it from there")]
    Suppressed(Address),
    /// An earlier write failed; nothing is written any more.
    #[error("an earlier write to the store failed; restart wici once the disk is well")]
    Ended,
}

impl StoreError {
    pub(super) fn corrupt<R: Record>(why: impl ToString) -> StoreError {
        StoreError::Corrupt {
            record: R::NAME,
            why: why.to_string(),
        }
    }
}
