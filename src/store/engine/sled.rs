//! sled 0.34.7, wrapped against its traps.
//!
//! - `flush()` asks the kernel to start writing and no more (`sync_file_range`): the data file is
//!   opened a second time and `fdatasync`ed after each flush.
//! - A crash while a snapshot is written leaves `snap.*.generating`, which the next open takes for
//!   a snapshot (sled issues 1527, 1533): such files are removed before open, under our lock.
//! - The background flusher dies unheard on an I/O error, and `flush_async` can deadlock (1308):
//!   both are off; the writer thread flushes.
//! - A page over 128 KiB goes to a file of its own that is never synced: [`SledEngine::sync`] does
//!   it. A page has some 16 values; larger ones than 64 KiB are refused.
//! - The default cache is 1 GiB: [`CACHE_BYTES`] instead.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Batch, Go, Order, Read, StoreError, VALUE_MOST, Visit};

/// By their size on disk; in memory sled's pages take some four times as much, and what it notes of
/// those that are not in memory some 100 bytes a row of a subscriber: with 32 MiB the process had
/// 214 MB after an import of 350,000 subscribers, and 264 MB after 800,000.
const CACHE_BYTES: u64 = 20 << 20;

pub(super) struct SledEngine {
    path: PathBuf,
    db: sled::Db,
    data: File,
    /// The large pages' files that are durable.
    synced_pages: Mutex<BTreeSet<OsString>>,
}

impl SledEngine {
    /// Opens or makes the database in `state/db`. The caller holds the lock on `state`.
    pub(super) fn open(state: &Path) -> Result<SledEngine, StoreError> {
        let path = state.join("db");
        let refuse = |why: String| StoreError::Disk {
            path: path.clone(),
            why,
        };
        let io = |error: io::Error| refuse(error.to_string());
        fs::create_dir_all(&path).map_err(io)?;
        remove_unfinished_snapshots(&path).map_err(io)?;
        let db = sled::Config::default()
            .path(&path)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .open()
            .map_err(|error| match error {
                // sled tells a lock that is held from other trouble by its words alone. Ours is
                // ours by now, so it is a former handle, of which sled's threads let go late.
                sled::Error::Io(error) if error.to_string().contains("acquire lock") => {
                    StoreError::Locked(path.clone())
                }
                sled::Error::Corruption { .. } => StoreError::Corrupt {
                    record: "log",
                    why: error.to_string(),
                },
                other => refuse(other.to_string()),
            })?;
        let data = File::open(path.join("db")).map_err(io)?;
        // The folder entries themselves: of the data file, and of `db` in the state folder.
        for folder in [path.as_path(), state] {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(io)?;
        }
        let engine = SledEngine {
            path,
            db,
            data,
            synced_pages: Mutex::default(),
        };
        engine.sync_pages().map_err(|error| engine.refuse(error))?;
        Ok(engine)
    }

    /// Its data file is one that can't be synced.
    #[cfg(test)]
    pub(super) fn open_unsyncable(state: &Path) -> Result<SledEngine, StoreError> {
        let mut engine = SledEngine::open(state)?;
        engine.data = File::open("/dev/null").map_err(|error| engine.refuse(error))?;
        Ok(engine)
    }

    pub(super) fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut writes = sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) if value.len() > VALUE_MOST => {
                    return Err(self.refuse(format!("a value of {} bytes", value.len())));
                }
                Some(value) => writes.insert(key, value),
                None => writes.remove(key),
            }
        }
        self.db
            .apply_batch(writes)
            .map_err(|error| self.refuse(error))
    }

    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(|error| self.refuse(error))?;
        self.sync_pages().map_err(|error| self.refuse(error))?;
        self.data.sync_data().map_err(|error| self.refuse(error))
    }

    fn pages(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// Syncs the files of large pages that are new. A file is never written twice.
    fn sync_pages(&self) -> io::Result<()> {
        let mut synced = self
            .synced_pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut present = BTreeSet::new();
        for page in fs::read_dir(self.pages())? {
            let page = page?;
            let name = page.file_name();
            if !synced.contains(&name) {
                match File::open(page.path()) {
                    Ok(file) => file.sync_data()?,
                    // sled removes one that a newer page stands in for.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                }
            }
            present.insert(name);
        }
        if !present.is_subset(&synced) {
            File::open(self.pages())?.sync_all()?;
        }
        *synced = present;
        Ok(())
    }

    fn refuse(&self, why: impl ToString) -> StoreError {
        StoreError::Disk {
            path: self.path.clone(),
            why: why.to_string(),
        }
    }
}

impl Read for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.db.get(key).map_err(|error| self.refuse(error))?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, range: Range<&[u8]>, order: Order, visit: Visit) -> Result<(), StoreError> {
        let mut rows = self.db.range(range);
        while let Some(row) = match order {
            Order::Ascending => rows.next(),
            Order::Descending => rows.next_back(),
        } {
            let (key, value) = row.map_err(|error| self.refuse(error))?;
            if visit(&key, &value)? == Go::Stop {
                break;
            }
        }
        Ok(())
    }
}

fn remove_unfinished_snapshots(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(state: &Path) -> Result<SledEngine, StoreError> {
        SledEngine::open(state)
    }

    #[test]
    fn an_unfinished_snapshot_is_removed_before_open() -> Result<(), Box<dyn std::error::Error>> {
        let state = tempfile::tempdir()?;
        let engine = open(state.path())?;
        engine.commit(Batch::from([(b"k".to_vec(), Some(b"v".to_vec()))]))?;
        engine.sync()?;
        drop(engine);
        let torn = state.path().join("db/snap.00000000DEADBEEF.generating");
        fs::write(&torn, b"torn")?;
        let engine = open(state.path())?;
        assert!(!torn.exists());
        assert_eq!(engine.get(b"k")?.as_deref(), Some(&b"v"[..]));
        Ok(())
    }

    #[test]
    fn pages_in_files_of_their_own_are_synced_too() -> Result<(), Box<dyn std::error::Error>> {
        let state = tempfile::tempdir()?;
        let engine = open(state.path())?;
        // Written over and over, so that pages are consolidated.
        for round in 0..20u8 {
            for key in 0..8u8 {
                let value = vec![round ^ key; VALUE_MOST];
                engine.commit(Batch::from([(vec![key; 64], Some(value))]))?;
                engine.sync()?;
            }
        }
        let synced = engine.synced_pages.lock().map_err(|_| "poisoned")?.clone();
        assert!(!synced.is_empty(), "sled has changed its ways");
        for page in fs::read_dir(engine.pages())? {
            assert!(synced.contains(&page?.file_name()));
        }
        Ok(())
    }

    #[test]
    fn a_database_that_is_held_is_locked() -> Result<(), Box<dyn std::error::Error>> {
        let state = tempfile::tempdir()?;
        let _held = open(state.path())?;
        assert!(matches!(open(state.path()), Err(StoreError::Locked(_))));
        Ok(())
    }

    #[test]
    fn a_value_that_sled_would_not_sync_is_refused() -> Result<(), Box<dyn std::error::Error>> {
        let state = tempfile::tempdir()?;
        let engine = open(state.path())?;
        let large = Batch::from([(b"k".to_vec(), Some(vec![0; VALUE_MOST + 1]))]);
        assert!(matches!(engine.commit(large), Err(StoreError::Disk { .. })));
        assert_eq!(engine.get(b"k")?, None);
        Ok(())
    }
}
