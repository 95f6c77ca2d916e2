//! What a source remembers over a restart: files that did not change since they were read, and were
//! read in the same way, need not be read again.

use std::sync::{Arc, Mutex, PoisonError};

use super::blocking;
use crate::content::{Directory, Reading};
use crate::domain::Fingerprint;
use crate::store::{Applied, Store, StoreError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing is remembered: there is no next time.
    Off,
    /// What is remembered was not recalled yet.
    Empty,
    Recalled,
}

/// What was read, and is remembered once it is told.
pub(super) struct Memory {
    store: Store,
    source: String,
    /// Of reading.
    way: u64,
    stage: Stage,
    read: Vec<(String, Fingerprint)>,
}

impl Memory {
    pub(super) fn of(source: &str, store: Store, directory: &Directory) -> Memory {
        Memory {
            store,
            source: source.to_owned(),
            way: directory.way(),
            stage: Stage::Off,
            read: Vec::new(),
        }
    }

    /// Before a look; before a scan, what the process before this one read is recalled. Where a body was lost, and
    /// nobody can say whose file had it, all are read. Returns how many were lost.
    pub(super) async fn recall(
        &mut self,
        is_scan: bool,
        directory: &Arc<Mutex<Directory>>,
    ) -> Result<u64, StoreError> {
        if !is_scan {
            return Ok(0);
        }
        let lost = self.store.lost_bodies(&self.source).await?;
        let known = match (lost, self.stage) {
            (0, Stage::Empty) => Some(self.store.known_files(&self.source, self.way).await?),
            (0, _) => return Ok(0),
            _ => None,
        };
        if self.stage == Stage::Empty {
            self.stage = Stage::Recalled;
        }
        let directory = Arc::clone(directory);
        blocking(move || {
            let mut directory = directory.lock().unwrap_or_else(PoisonError::into_inner);
            match known {
                Some(known) => directory.recall(known),
                None => directory.read_all_again(),
            }
        })
        .await;
        Ok(lost)
    }

    /// After a scan: what was lost and is in a file is there again.
    pub(super) async fn found(&self, lost: u64) -> Result<(), StoreError> {
        match lost {
            0 => Ok(()),
            lost => self.store.forget_lost_bodies(&self.source, lost).await,
        }
    }

    /// From now on what is read is remembered.
    pub(super) fn begin(&mut self) {
        self.stage = Stage::Empty;
    }

    /// A file was read in this state. What is wrong with one has to be told after a restart, too.
    pub(super) fn note(&mut self, path: &str, reading: &Reading, state: Option<Fingerprint>) {
        if let Reading::Found(found) = reading
            && self.stage != Stage::Off
            && found.flaws.is_empty()
        {
            self.read
                .extend(state.map(|state| (path.to_owned(), state)));
        }
    }

    /// What was read since, to be kept once it is told.
    pub(super) fn take(&mut self) -> Kept {
        Kept {
            store: self.store.clone(),
            source: self.source.clone(),
            way: self.way,
            read: std::mem::take(&mut self.read),
        }
    }
}

/// Files that are being told.
pub(super) struct Kept {
    store: Store,
    source: String,
    way: u64,
    read: Vec<(String, Fingerprint)>,
}

impl Kept {
    /// They were told; what was refused is tried again.
    pub(super) async fn told(mut self, applied: &Applied) -> Result<(), StoreError> {
        let refused = &applied.refused;
        self.read
            .retain(|(path, _)| refused.iter().all(|refused| refused.path != *path));
        self.store
            .keep_files(&self.source, self.way, self.read)
            .await
    }
}
