//! Feeds on disk and in memory.
//!
//! **What is synced when.** A file is written under another name and renamed, so that nobody ever
//! reads half of one, but it is not synced: that would cost a disk flush a file. The manifest says
//! which bytes each file should have; [`Publisher::commit`] appends to it and syncs it, once a
//! batch, after the files are on disk and served. Whatever a power loss does to files and
//! manifest, a file that the manifest does not vouch for counts as absent: it is not served at
//! start and is written again when it is next put.

mod manifest;
mod shelf;

#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::domain::Sequence;
use crate::feed::{Format, OPML_MEDIA_TYPE};
use manifest::{Manifest, Record};

pub use shelf::{Document, Shelf};

/// Writes documents into the feeds folder and puts them on the shelf. There is one for a folder.
#[derive(Debug)]
pub struct Publisher {
    dir: PathBuf,
    shelf: Arc<Shelf>,
    manifest: Manifest,
}

/// What a [`Publisher::put`] did to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Its bytes are new.
    Written,
    /// It had these bytes already.
    Unchanged,
}

impl Publisher {
    /// Takes over the folder, making it if need be. Nothing is served yet.
    ///
    /// # Errors
    /// The folder cannot be made, or its manifest cannot be read. A manifest that is missing or
    /// torn is no error.
    pub fn open(dir: PathBuf) -> io::Result<Publisher> {
        fs::create_dir_all(&dir)?;
        Ok(Publisher {
            shelf: Arc::default(),
            manifest: Manifest::open(&dir)?,
            dir,
        })
    }

    /// What is served; it follows every put.
    pub fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf)
    }

    /// Puts on the shelf what an earlier run left whole, so that it is served before anything is
    /// rendered, and returns how many documents that is. The rest of the manifest is forgotten.
    /// What is shelved may be behind the store: compare [`Document::sequence`].
    pub fn shelve_existing(&mut self) -> usize {
        let (dir, shelf) = (&self.dir, &self.shelf);
        self.manifest.retain(|path, record| {
            let Some(document) = read_whole(dir, path, record) else {
                return false;
            };
            shelf.put(path, document);
            true
        });
        self.shelf.len()
    }

    /// Makes `bytes` the document at `path`, which is relative with `/` between names: on disk if
    /// it is not there already, then on the shelf. `sequence` is the number of the last change
    /// that it shows, `modified` when that was; another version gets a later second than the one
    /// before, since readers tell them apart by Last-Modified, which has seconds alone.
    ///
    /// # Errors
    /// `InvalidInput` for a path that could leave the folder or name a file that is not ours; else
    /// what the disk says, and then file and shelf are as they were.
    pub fn put(
        &mut self,
        path: &str,
        media_type: &'static str,
        bytes: Vec<u8>,
        sequence: Sequence,
        modified: Timestamp,
    ) -> io::Result<Put> {
        check_path(path)?;
        let mut document = Document::new(Bytes::from(bytes), media_type, sequence, modified);
        let shelved = self.shelf.get(path);
        if let Some(former) = shelved.as_ref().filter(|s| s.bytes != document.bytes) {
            let next = Timestamp::from_second(former.modified.as_second() + 1);
            document.modified = modified.max(next.unwrap_or(modified));
        }
        let put = match &shelved {
            Some(shelved) if shelved.bytes == document.bytes => Put::Unchanged,
            Some(_) => write(&self.dir.join(path), &document.bytes)?,
            None => write_if_other(&self.dir.join(path), &document.bytes)?,
        };
        self.manifest.set(path, Record::of(&document));
        self.shelf.put(path, document);
        Ok(put)
    }

    /// Writes the files anew that somebody removed or cut, as they are served, and returns how many.
    ///
    /// # Errors
    /// What the disk says; the others may be restored.
    pub fn restore(&self) -> io::Result<usize> {
        let mut restored = 0;
        for (path, document) in self.shelf.all() {
            let file = self.dir.join(path);
            let length = document.bytes.len() as u64;
            if !fs::metadata(&file).is_ok_and(|present| present.len() == length) {
                write(&file, &document.bytes)?;
                restored += 1;
            }
        }
        Ok(restored)
    }

    /// Removes the documents that `keep` does not want, of this run or an earlier one, and returns
    /// how many. Files that were never put stay.
    ///
    /// # Errors
    /// A file cannot be removed; it is no longer served all the same.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) -> io::Result<usize> {
        let mut unwanted = Vec::new();
        self.manifest.retain(|path, _| {
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

    /// Brings the manifest up to date and syncs it. A crash before that costs the next start the
    /// rendering of what was put since, and nothing else.
    ///
    /// # Errors
    /// What the disk says; the next commit tries again.
    pub fn commit(&mut self) -> io::Result<()> {
        self.manifest.commit()
    }
}

/// The document of an earlier run, if the file is what the manifest says.
fn read_whole(dir: &Path, path: &str, record: &Record) -> Option<Document> {
    check_path(path).ok()?;
    let media_type = media_types().find(|known| *known == record.media_type)?;
    let bytes = Bytes::from(fs::read(dir.join(path)).ok()?);
    let document = Document::new(bytes, media_type, record.sequence, record.modified);
    (Record::of(&document) == *record).then_some(document)
}

fn media_types() -> impl Iterator<Item = &'static str> {
    let feeds = Format::ALL.into_iter().map(Format::media_type);
    feeds.chain([OPML_MEDIA_TYPE])
}

/// Stems and archive paths are safe by construction; this holds should that ever fail. No name
/// starts with a dot, which also keeps ours for temporary files apart.
fn check_path(path: &str) -> io::Result<()> {
    let safe = |name: &str| {
        !name.is_empty() && !name.starts_with('.') && !name.contains(['\\', ':', '\0'])
    };
    if path.split('/').all(safe) && path != manifest::FILE && path != "README.md" {
        return Ok(());
    }
    Err(io::Error::new(
        ErrorKind::InvalidInput,
        format!("not a path for a document: {path:?}"),
    ))
}

fn write_if_other(path: &Path, bytes: &[u8]) -> io::Result<Put> {
    match fs::read(path) {
        Ok(present) if present == bytes => Ok(Put::Unchanged),
        _ => write(path, bytes),
    }
}

/// Replaces a file at one stroke.
fn write(path: &Path, bytes: &[u8]) -> io::Result<Put> {
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
    Ok(Put::Written)
}
