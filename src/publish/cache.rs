//! The bytes of the documents that were asked for last, in each coding, up to a bound.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::{Coding, Document};

/// Bytes held at the most.
const MOST: usize = 32 << 20;
/// What is larger than this is made anew each time: it would drive out too many others.
const LARGE: usize = MOST / 8;

/// Documents at hand, by any name that is one document's at a time. Whatever number of readers ask
/// for one at once, it is read once and compressed once.
#[derive(Debug, Default)]
pub struct Cache(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    entries: HashMap<String, Entry>,
    bytes: usize,
    /// Counts uses.
    tick: u64,
}

/// A version of a document.
#[derive(Debug)]
struct Entry {
    hash: blake3::Hash,
    cells: [Cell; Coding::ALL.len()],
    /// In those cells that are filled.
    bytes: usize,
    used: u64,
}

/// Filled by the first who asks; the others wait for it.
type Cell = Arc<OnceCell<Bytes>>;

impl Cache {
    /// The bytes of this version of a document, coded; `plain` has them as they are, if they are not
    /// at hand.
    ///
    /// # Errors
    /// Those of `plain`; the next one tries again.
    pub async fn get(
        &self,
        name: &str,
        document: &Document,
        coding: Coding,
        plain: impl Future<Output = io::Result<Bytes>>,
    ) -> io::Result<Bytes> {
        let cell = self.held().cell(name, document, coding);
        if let Some(bytes) = cell.get() {
            return Ok(bytes.clone());
        }
        let fill = async {
            match coding {
                Coding::Identity => plain.await,
                coded => coded.encode(self.plain(name, document, plain).await?).await,
            }
        };
        let bytes = cell.get_or_try_init(|| fill).await?.clone();
        self.held().weigh(name, document);
        Ok(bytes)
    }

    /// The bytes of this version, coded, if they are there already.
    pub fn at_hand(&self, name: &str, document: &Document, coding: Coding) -> Option<Bytes> {
        let mut held = self.held();
        held.tick += 1;
        let tick = held.tick;
        let entry = held.entries.get_mut(name);
        let entry = entry.filter(|entry| entry.hash == document.hash)?;
        entry.used = tick;
        entry.cells[coding as usize].get().cloned()
    }

    /// The bytes as they are, for whoever codes them.
    async fn plain(
        &self,
        name: &str,
        document: &Document,
        plain: impl Future<Output = io::Result<Bytes>>,
    ) -> io::Result<Bytes> {
        let cell = self.held().cell(name, document, Coding::Identity);
        Ok(cell.get_or_try_init(|| plain).await?.clone())
    }

    /// The document changed: who asked for the former version will ask for this one.
    pub(super) fn renew(&self, name: &str, document: &Document, bytes: Bytes) {
        let mut held = self.held();
        if held.entries.contains_key(name) {
            // It is empty, unless somebody was faster: then it has the same bytes.
            let _ = held.cell(name, document, Coding::Identity).set(bytes);
            held.weigh(name, document);
        }
    }

    /// There is no such document any more.
    pub(super) fn remove(&self, name: &str) {
        self.held().remove(name);
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Where the bytes of this version are, or will be.
    fn cell(&mut self, name: &str, document: &Document, coding: Coding) -> Cell {
        self.tick += 1;
        let tick = self.tick;
        if let Some(entry) = self.entries.get_mut(name)
            && entry.hash == document.hash
        {
            entry.used = tick;
            return Arc::clone(&entry.cells[coding as usize]);
        }
        self.remove(name);
        let entry = Entry {
            hash: document.hash,
            cells: Default::default(),
            bytes: 0,
            used: tick,
        };
        let cell = Arc::clone(&entry.cells[coding as usize]);
        self.entries.insert(name.to_owned(), entry);
        cell
    }

    /// Counts what has been filled, and lets go of what was not asked for the longest.
    fn weigh(&mut self, name: &str, document: &Document) {
        let Some(entry) = self.entries.get_mut(name) else {
            return;
        };
        if entry.hash != document.hash {
            return;
        }
        let mut bytes = 0;
        for cell in &mut entry.cells {
            match cell.get().map_or(0, Bytes::len) {
                // Who waits for it has it.
                length if length > LARGE => *cell = Cell::default(),
                length => bytes += length,
            }
        }
        self.bytes = self.bytes - entry.bytes + bytes;
        entry.bytes = bytes;
        while self.bytes > MOST {
            let entries = self.entries.iter().filter(|(_, entry)| entry.bytes > 0);
            let oldest = entries.min_by_key(|(_, entry)| entry.used);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                break;
            };
            self.remove(&name);
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(entry) = self.entries.remove(name) {
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests;
