//! What is served, by path: what is known of each document, and its bytes, from memory or from its
//! file.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::Notify;

use super::{Cache, Check, Coding, Lineage};
use crate::domain::Sequence;

/// One file as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Strong entity tags, by coding.
    etags: [Bytes; Coding::ALL.len()],
    /// The value of Content-Type.
    pub media_type: &'static str,
    /// The number of the change that brought these bytes.
    pub sequence: Sequence,
    /// When that was: the value of Last-Modified. It may lie a little ahead: each version has a
    /// second of its own.
    pub modified: Timestamp,
    /// How many bytes there are.
    pub length: u64,
    /// BLAKE3 of the bytes.
    pub(super) hash: blake3::Hash,
    pub(super) lineage: Arc<Lineage>,
}

impl Document {
    /// What is known of these bytes.
    pub fn of(
        bytes: &[u8],
        media_type: &'static str,
        sequence: Sequence,
        modified: Timestamp,
    ) -> Document {
        let (hash, length) = (blake3::hash(bytes), bytes.len() as u64);
        Document::new(hash, length, media_type, sequence, modified)
    }

    pub(super) fn new(
        hash: blake3::Hash,
        length: u64,
        media_type: &'static str,
        sequence: Sequence,
        modified: Timestamp,
    ) -> Document {
        let digits = hash.to_hex();
        let etag =
            |coding: Coding| format!("\"{sequence}-{}{}\"", &digits[..16], coding.suffix()).into();
        Document {
            etags: Coding::ALL.map(etag),
            media_type,
            sequence,
            modified,
            length,
            hash,
            lineage: Arc::default(),
        }
    }

    /// The same, and how it came to be.
    #[must_use]
    pub fn with_lineage(self, lineage: impl Into<Arc<Lineage>>) -> Document {
        Document {
            lineage: lineage.into(),
            ..self
        }
    }

    /// How it came to be what it is.
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// A strong entity tag (RFC 9110 8.8.3), quotes included: the sequence number, the first 16
    /// hexadecimal digits of the bytes' BLAKE3, and which coding of them: `"42-9f86d081884c7d65-gz"`.
    pub fn etag(&self, coding: Coding) -> &Bytes {
        &self.etags[coding as usize]
    }

    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        self.length == bytes.len() as u64 && self.hash == blake3::hash(bytes)
    }
}

/// The documents that are served, by path as in `pl/tag/szkolenia.atom`. What is known of them is
/// held in memory; their bytes are where they are asked for often.
#[derive(Debug)]
pub struct Shelf {
    dir: PathBuf,
    /// Readers hold the lock for one look-up, the writer for one insertion.
    slots: RwLock<HashMap<String, Slot>>,
    cache: Cache,
    /// Documents whose file is not what it should be.
    torn: Mutex<BTreeSet<String>>,
    tear: Notify,
}

#[derive(Debug, Clone)]
struct Slot {
    document: Arc<Document>,
    /// Its bytes, while its file may still be the former one.
    arriving: Option<Bytes>,
}

impl Shelf {
    pub(super) fn over(dir: PathBuf) -> Shelf {
        Shelf {
            dir,
            slots: RwLock::default(),
            cache: Cache::default(),
            torn: Mutex::default(),
            tear: Notify::new(),
        }
    }

    /// What is known of the document at a path.
    pub fn get(&self, path: &str) -> Option<Arc<Document>> {
        self.slot(path).map(|slot| slot.document)
    }

    /// The bytes of a document as it was found at a path, coded, if they are in memory.
    pub fn at_hand(&self, path: &str, document: &Document, coding: Coding) -> Option<Bytes> {
        self.cache.at_hand(path, document, coding)
    }

    /// A document and its bytes, coded.
    ///
    /// # Errors
    /// `NotFound`: there is none. Else its file is lost or damaged, which [`Shelf::torn`] tells
    /// whoever can mend it.
    pub async fn read(&self, path: &str, coding: Coding) -> io::Result<(Arc<Document>, Bytes)> {
        loop {
            let slot = self.slot(path).ok_or(io::ErrorKind::NotFound)?;
            let document = slot.document;
            let plain = async {
                match slot.arriving {
                    Some(bytes) => Ok(bytes),
                    None => load(&self.dir.join(path), &document).await,
                }
            };
            match self.cache.get(path, &document, coding, plain).await {
                Ok(bytes) => return Ok((document, bytes)),
                // It may have been replaced in between.
                Err(_) if self.get(path).is_some_and(|now| now != document) => {}
                Err(error) => {
                    self.tear(path);
                    return Err(io::Error::other(error));
                }
            }
        }
    }

    /// Looks at every file; those that are lost or damaged are torn from then on.
    pub fn check(&self, how: Check) {
        for (path, document) in self.all() {
            let file = self.dir.join(&path);
            let whole = match how {
                Check::Length => check_length(&file, &document),
                Check::Bytes => read(&file, &document).map(drop),
            };
            // It may have been replaced in between.
            if whole.is_err() && self.get(&path).is_some_and(|now| now == document) {
                self.tear(&path);
            }
        }
    }

    /// Returns when a file was found to be lost or damaged.
    pub async fn torn(&self) {
        self.tear.notified().await;
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        let slots = self.slots.read();
        slots.unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Is there nothing to serve?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All documents.
    pub fn all(&self) -> Vec<(String, Arc<Document>)> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let all = slots.iter();
        all.map(|(path, slot)| (path.clone(), Arc::clone(&slot.document)))
            .collect()
    }

    /// Serves a document whose file is in place.
    pub(super) fn put(&self, path: &str, document: Document) {
        self.set(
            path,
            Some(Slot {
                document: Arc::new(document),
                arriving: None,
            }),
        );
    }

    /// Serves a document from memory while `write` puts its file in place of the former one: so no
    /// reader meets a file that is not the document that is served. If that fails, the former one is
    /// served on.
    pub(super) fn replace(
        &self,
        path: &str,
        document: Document,
        bytes: Bytes,
        write: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let former = self.slot(path);
        let slot = Slot {
            document: Arc::new(document),
            arriving: Some(bytes.clone()),
        };
        self.set(path, Some(slot.clone()));
        match write(&bytes) {
            Ok(()) => {
                self.cache.renew(path, &slot.document, bytes);
                self.torn_paths().remove(path);
                self.set(
                    path,
                    Some(Slot {
                        arriving: None,
                        ..slot
                    }),
                );
                Ok(())
            }
            Err(error) => {
                self.set(path, former);
                Err(error)
            }
        }
    }

    pub(super) fn remove(&self, path: &str) {
        self.set(path, None);
        self.cache.remove(path);
        self.torn_paths().remove(path);
    }

    /// Notes that a file is lost or damaged.
    fn tear(&self, path: &str) {
        self.torn_paths().insert(path.to_owned());
        self.tear.notify_one();
    }

    pub(super) fn is_torn(&self, path: &str) -> bool {
        self.torn_paths().contains(path)
    }

    pub(super) fn torn_paths(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.torn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // A map whose lock is poisoned is still whole: every change is one call.
    fn slot(&self, path: &str) -> Option<Slot> {
        let slots = self.slots.read();
        slots
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .cloned()
    }

    fn set(&self, path: &str, slot: Option<Slot>) {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        match slot {
            Some(slot) => drop(slots.insert(path.to_owned(), slot)),
            None => drop(slots.remove(path)),
        }
    }
}

/// The bytes of a file, if they are what they should be.
async fn load(file: &Path, document: &Document) -> io::Result<Bytes> {
    if tokio::fs::metadata(file).await?.len() != document.length {
        return Err(io::ErrorKind::InvalidData.into());
    }
    whole(tokio::fs::read(file).await?, document).map(Bytes::from)
}

/// The same, for those who may block.
pub(super) fn read(file: &Path, document: &Document) -> io::Result<Vec<u8>> {
    check_length(file, document)?;
    whole(fs::read(file)?, document)
}

/// Is the file there, and as long as it should be?
fn check_length(file: &Path, document: &Document) -> io::Result<()> {
    if fs::metadata(file)?.len() == document.length {
        return Ok(());
    }
    Err(io::ErrorKind::InvalidData.into())
}

fn whole(bytes: Vec<u8>, document: &Document) -> io::Result<Vec<u8>> {
    if document.is(&bytes) {
        return Ok(bytes);
    }
    Err(io::ErrorKind::InvalidData.into())
}
