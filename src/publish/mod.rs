//! Feeds on disk and as they are served.
//!
//! **What is synced when.** Nothing, for nothing needs to be. A file is written under another name
//! and renamed, so that nobody ever reads half of one; the manifest says which bytes each file
//! should have and what they were made from. Whatever a power loss does to files and manifest, a
//! file is served only if its bytes are those that the manifest vouches for: they are hashed when
//! they are read. What is not vouched for counts as absent and is made again from the store, which
//! is synced. So the worst that an unsynced file costs is one rendering after a power loss, and a
//! sync for each change would cost more than all the rest.

mod cache;
mod coding;
mod lineage;
mod lock;
mod manifest;
mod shelf;
pub mod witness;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::Sequence;
use lock::Lock;
use manifest::{Manifest, Record};

pub use cache::Cache;
pub use coding::Coding;
pub use lineage::Lineage;
pub use shelf::{Document, Shelf};

/// Writes documents into the feeds folder and puts them on the shelf. There is one for a folder,
/// whatever processes there are; several threads may put, each its own paths.
#[derive(Debug)]
pub struct Publisher {
    dir: PathBuf,
    shelf: Arc<Shelf>,
    manifest: Mutex<Manifest>,
    lock: Lock,
}

/// The folder can't be taken over.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another has it.
    #[error(
        "{} is being written by {}; stop that one, or set another `[feeds] dir`",
        .dir.display(),
        .process.map_or("another wici".to_owned(), |process| format!("the process {process}"))
    )]
    Taken {
        /// The folder.
        dir: PathBuf,
        /// Whose it is, where that can be read.
        process: Option<u32>,
    },
    /// It can't be made, or be written to.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// A version of a document, to be put.
#[derive(Debug, Clone)]
pub struct Version {
    /// The value of Content-Type.
    pub media_type: &'static str,
    /// All of it.
    pub bytes: Vec<u8>,
    /// The number of the change that brought it.
    pub sequence: Sequence,
    /// When that was.
    pub modified: Timestamp,
    /// What it was made from, in the maker's words: equal recipes make equal bytes.
    pub recipe: String,
    /// What whoever makes the next version may use again.
    pub parts: Vec<Part>,
    /// Of these, the names of those that are not as in the former version; `None`: nobody knows.
    pub fresh: Option<Vec<u64>>,
}

/// A part of a document: its name, where it starts, and its length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part(pub u64, pub usize, pub usize);

impl Part {
    fn of(self, document: &[u8]) -> Option<&[u8]> {
        let Part(_, start, length) = self;
        document.get(start..start.checked_add(length)?)
    }
}

/// A version that was put, as it is on disk.
#[derive(Debug)]
pub struct Former {
    /// All of it.
    pub bytes: Vec<u8>,
    /// What it was made from.
    pub recipe: String,
    lineage: Arc<Lineage>,
    parts: HashMap<u64, Part>,
}

impl Former {
    /// A part of it.
    pub fn part(&self, name: u64) -> Option<&[u8]> {
        self.parts.get(&name)?.of(&self.bytes)
    }

    /// The names of those parts of the next version, which has these bytes, that are not as here.
    pub fn fresh(&self, parts: &[Part], bytes: &[u8]) -> Vec<u64> {
        self.lineage.fresh(&self.bytes, parts, bytes)
    }
}

/// What a [`Publisher::put`] did to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Its bytes are new.
    Written,
    /// It had these bytes already.
    Unchanged,
}

/// How closely to look at a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Is it there, and as long as it should be?
    Length,
    /// Is every byte as it should be?
    Bytes,
}

impl Publisher {
    /// Takes over the folder, making it if need be. What an earlier run left is served at once, as
    /// far as the manifest vouches for it; it may be behind the store: see
    /// [`Publisher::is_made_from`].
    ///
    /// # Errors
    /// Another process has the folder; it cannot be made, or its manifest cannot be read. A manifest
    /// that is missing or torn is no error.
    pub fn open(dir: PathBuf) -> Result<Publisher, OpenError> {
        fs::create_dir_all(&dir)?;
        let lock = Lock::of(&dir)?;
        let shelf = Shelf::over(dir.clone());
        let mut manifest = Manifest::open(&dir)?;
        manifest.retain(|path, record| {
            let document = record.document().filter(|_| check_path(path).is_ok());
            let is_known = document.is_some();
            if let Some(document) = document {
                shelf.put(path, document);
            }
            is_known
        });
        Ok(Publisher {
            shelf: Arc::new(shelf),
            manifest: Mutex::new(manifest),
            dir,
            lock,
        })
    }

    /// Nothing is put any more, though this may never be dropped.
    pub fn end(&self) {
        self.lock.blank();
    }

    /// What is served; it follows every put.
    pub fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf)
    }

    /// Was the document at a path made from this? See [`Publisher::put`].
    pub fn is_made_from(&self, path: &str, recipe: &str) -> bool {
        let manifest = self.manifest();
        manifest
            .get(path)
            .is_some_and(|record| record.recipe == recipe)
    }

    /// The document at a path as it is on disk, if it is whole.
    pub fn former(&self, path: &str) -> Option<Former> {
        let document = self.shelf.get(path)?;
        let bytes = shelf::read(&self.dir.join(path), &document).ok()?;
        let manifest = self.manifest();
        let record = manifest.get(path)?;
        let is_of = record.document().is_some_and(|of| of == *document);
        is_of.then(|| Former {
            bytes,
            recipe: record.recipe.clone(),
            parts: record
                .lineage
                .parts
                .iter()
                .map(|part| (part.0, *part))
                .collect(),
            lineage: Arc::clone(&record.lineage),
        })
    }

    /// Makes this version the document at `path`, which is relative with `/` between names: on disk
    /// if it is not there already, and on the shelf. Another version gets a later second than the
    /// one before, since readers tell them apart by Last-Modified, which has seconds alone. The same
    /// bytes keep their number and their date.
    ///
    /// # Errors
    /// `InvalidInput` for a path that could leave the folder or name a file that is not ours; else
    /// what the disk says, and then file and shelf are as they were.
    pub fn put(&self, path: &str, version: Version) -> io::Result<Put> {
        check_path(path)?;
        let Version {
            media_type,
            bytes,
            sequence,
            modified,
            recipe,
            parts,
            fresh,
        } = version;
        let (hash, length) = (blake3::hash(&bytes), bytes.len() as u64);
        // Whoever has what was there before within the same second has an earlier date.
        let begun = i64::from(modified.subsec_nanosecond() > 0);
        let modified = second(modified.as_second() + begun, modified);
        let mut document = Document::new(hash, length, media_type, sequence, modified);
        let former = self.shelf.get(path);
        if let Some(former) = &former {
            if former.hash == hash {
                document = Document::clone(former);
            } else {
                let next = second(former.modified.as_second() + 1, modified);
                document.modified = document.modified.max(next);
            }
        }
        let document = document.with_lineage(match (&former, fresh) {
            (Some(former), _) if former.hash == hash => former.lineage().again(parts),
            (Some(former), Some(fresh)) => former.lineage().next(former, parts, fresh),
            _ => Lineage::first(parts),
        });
        let record = Record::of(&document, recipe);
        let file = self.dir.join(path);
        let is_there = match &former {
            Some(former) => former.hash == hash && !self.shelf.is_torn(path),
            None => fs::read(&file).is_ok_and(|present| present == bytes),
        };
        let put = if is_there {
            self.shelf.put(path, document);
            Put::Unchanged
        } else {
            let write = |bytes: &[u8]| write(&file, bytes);
            self.shelf.replace(path, document, bytes.into(), write)?;
            Put::Written
        };
        self.manifest().set(path, record);
        Ok(put)
    }

    /// The documents whose file was found to be lost or damaged, by a check or by a reader, until
    /// they are put again.
    pub fn torn(&self) -> BTreeSet<String> {
        self.shelf.torn_paths().clone()
    }

    /// Removes the documents that `keep` does not want, of this run or an earlier one, and returns
    /// how many. Files that were never put stay.
    ///
    /// # Errors
    /// A file cannot be removed; it is no longer served all the same.
    pub fn retain(&self, mut keep: impl FnMut(&str) -> bool) -> io::Result<usize> {
        let mut unwanted = Vec::new();
        self.manifest().retain(|path, _| {
            let wanted = keep(path);
            if !wanted {
                unwanted.push(path.to_owned());
            }
            wanted
        });
        let mut failed = None;
        for path in &unwanted {
            self.shelf.remove(path);
            match fs::remove_file(self.dir.join(path)) {
                Err(error) if error.kind() != ErrorKind::NotFound => failed = Some(error),
                _ => {}
            }
        }
        failed.map_or(Ok(unwanted.len()), Err)
    }

    /// Brings the manifest up to date. A crash before that costs the next start the rendering of
    /// what was put since, and nothing else.
    ///
    /// # Errors
    /// What the disk says; the next commit tries again.
    pub fn commit(&self) -> io::Result<()> {
        self.manifest().commit()
    }

    fn manifest(&self) -> MutexGuard<'_, Manifest> {
        self.manifest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stems and archive paths are safe by construction; this holds should that ever fail. No name
/// starts with a dot, which also keeps ours for temporary files apart.
fn check_path(path: &str) -> io::Result<()> {
    let safe = |name: &str| {
        !name.is_empty() && !name.starts_with('.') && !name.contains(['\\', ':', '\0'])
    };
    if path.split('/').all(safe) && ![manifest::FILE, witness::FILE, "README.md"].contains(&path) {
        return Ok(());
    }
    Err(io::Error::new(
        ErrorKind::InvalidInput,
        format!("not a path for a document: {path:?}"),
    ))
}

/// The end of time has no second after it.
fn second(number: i64, otherwise: Timestamp) -> Timestamp {
    Timestamp::from_second(number).unwrap_or(otherwise)
}

/// Replaces a file at one stroke.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(".tmp");
    let temporary = folder.join(hidden);
    let written = fs::write(&temporary, bytes).or_else(|error| match error.kind() {
        ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            fs::write(&temporary, bytes)
        }
        _ => Err(error),
    });
    if let Err(error) = written.and_then(|()| fs::rename(&temporary, path)) {
        // Best effort: the error that counts is the first.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(())
}
