//! A folder as a source: what changed in it since it was last read, and what is gone.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization;

use super::parse::Context;
use super::walk::{self, Listing};
use crate::config::{self, Files};
use crate::domain::{BodyHash, Fingerprint, Found, Problem, TagDefinition};

pub use file::{Read, Unread};

/// Counts the ways in which this program has read files: one that reads more in them reads all of
/// them again.
const READING: u32 = 2;

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Everywhere.
    Everything,
    /// At these files and folders, which need not exist any more. Absolute or relative as the
    /// source's path is.
    Paths(BTreeSet<PathBuf>),
}

/// What a look brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Files to be read: they are not as this process last read them. In order.
    pub changed: Vec<String>,
    /// Known files that are no longer there. In order.
    pub missing: Vec<String>,
    /// What could not be seen or was passed over.
    pub problems: Vec<Problem>,
    /// The files and folders that were looked at; all that is below them, too.
    looked: Vec<String>,
}

impl Seen {
    /// Was this path looked at?
    pub fn looked_at(&self, path: &str) -> bool {
        self.looked
            .iter()
            .any(|looked| walk::is_within(path, looked))
    }
}

/// The source as a whole can't be trusted: nothing of it may be withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It isn't there, or may not be read.
    #[error("the content folder {} cannot be read: {why}", root.display())]
    Root {
        /// The folder.
        root: PathBuf,
        /// The system's words.
        why: String,
    },
    /// There are no content files where some are known.
    #[error("the content folder {} is empty, but {known} publications are known from it", root.display())]
    Empty {
        /// The folder.
        root: PathBuf,
        /// How many.
        known: usize,
    },
}

/// What became of reading a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Something to publish.
    Found(Box<Found>),
    /// Not for readers yet, or no longer.
    Draft,
    /// It is not there any more.
    Gone,
    /// It changed while it was read; the next look brings it again.
    Unsettled,
    /// It can't be read or understood, for all these reasons. What was last understood of it stays.
    Problems(Vec<Problem>),
}

/// A file as it was read.
#[derive(Debug, Clone, Copy)]
struct State {
    fingerprint: Fingerprint,
    /// Would every change since show in the fingerprint?
    settled: bool,
}

/// A folder, and what this process has read of it.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    files: Files,
    context: Arc<Context>,
    /// The state of each file when it was last read to the end.
    read: BTreeMap<String, State>,
    /// Files whose name on disk is not in NFC, as content paths are.
    renamed: BTreeMap<String, PathBuf>,
    /// Links, which no event tells of when their target changes.
    links: BTreeMap<String, PathBuf>,
    /// The last look failed, so that nothing of what it was told is known.
    failed: bool,
}

impl Directory {
    /// Nothing is read yet.
    pub fn new(
        source: &config::Source,
        site: &config::Site,
        tags: &[TagDefinition],
        labels: &[config::Labels],
    ) -> Directory {
        Directory {
            root: source.path.clone(),
            files: source.files.clone(),
            context: Arc::new(Context::new(source, site, tags, labels)),
            read: BTreeMap::new(),
            renamed: BTreeMap::new(),
            links: BTreeMap::new(),
            failed: false,
        }
    }

    /// Where to look when it is said where something changed: there, at the names that are the
    /// same in another Unicode form, and at links, whose targets may be what changed. After a look
    /// that failed: everywhere.
    pub fn widen(&self, look: Look) -> Look {
        match look {
            Look::Paths(paths) if !self.failed => {
                let changed = paths.iter().chain(self.links.values());
                Look::Paths(changed.flat_map(|path| self.namesakes(path)).collect())
            }
            _ => Look::Everything,
        }
    }

    /// What differs from what this process last read, and which of `known` (the paths that the
    /// store has of this source, at and below those looked at) are no longer there. What can't be
    /// seen is not missing.
    ///
    /// # Errors
    /// The root can't be read, or has no content though some is known.
    pub fn look(&mut self, at: Look, known: &BTreeSet<String>) -> Result<Seen, Unreadable> {
        let seen = self.look_at(at, known);
        self.failed = seen.is_err();
        seen
    }

    fn look_at(&mut self, at: Look, known: &BTreeSet<String>) -> Result<Seen, Unreadable> {
        if let Err(unreadable) = self.check_root() {
            // Should it come back, all of it is read again: the store may have let it go meanwhile.
            self.read.clear();
            return Err(unreadable);
        }
        let (starts, complete) = match at {
            Look::Everything => (BTreeSet::from([self.root.clone()]), true),
            Look::Paths(paths) => (outermost(paths), false),
        };
        let mut seen = Seen::default();
        let mut missing = BTreeSet::new();
        let mut places: BTreeMap<String, Listing> = BTreeMap::new();
        for start in starts {
            let Some(path) = walk::relative(&self.root, &start) else {
                continue;
            };
            let listing = places.entry(path.clone()).or_default();
            if complete || !self.is_behind_link(&start) {
                match walk::walk(self.walked(), &start) {
                    Ok(seen) => listing.merge(seen),
                    Err(error) => listing.cannot_see(&start, path, &error),
                }
            }
        }
        for (path, listing) in places {
            self.forget(&path, &listing);
            missing.extend(
                known
                    .iter()
                    .filter(|known| walk::is_within(known, &path))
                    .filter(|known| {
                        !listing.files.contains_key(*known) && !listing.is_unseen(known)
                    })
                    .cloned(),
            );
            self.compare(listing, &mut seen);
            seen.looked.push(path);
        }
        if !missing.is_empty() && !walk::has_content(self.walked()) {
            return Err(Unreadable::Empty {
                root: self.root.clone(),
                known: known.len(),
            });
        }
        seen.missing = missing.into_iter().collect();
        seen.changed.sort();
        seen.changed.dedup();
        // Two may be about one path; the file system's order must not decide which is told.
        seen.problems.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(seen)
    }

    /// A file, to be read; [`Directory::note`] is to be told of it afterwards.
    pub fn file(&self, path: &str) -> Unread {
        Unread {
            path: path.to_owned(),
            real: self.place(path),
            context: Arc::clone(&self.context),
        }
    }

    /// A file was read, at `now` or later. What was read to the end is not brought again by
    /// [`Directory::look`] until it changes, whether it could be understood or not; unless it had
    /// just changed, for what followed within the same tick of its file system's clock left no trace.
    /// What could not be read is brought again, since permissions change without a trace in the
    /// fingerprint. Returns the state that will tell of every change.
    pub fn note(&mut self, read: &Read, now: Timestamp) -> Option<Fingerprint> {
        match (read.fingerprint, &read.reading) {
            (Some(fingerprint), _) => {
                let settled = fingerprint.is_settled(now);
                let state = State {
                    fingerprint,
                    settled,
                };
                self.read.insert(read.path.clone(), state);
                settled.then_some(fingerprint)
            }
            (None, Reading::Gone) => {
                self.read.remove(&read.path);
                None
            }
            (None, _) => None,
        }
    }

    /// Files were read, in this way, by a process before this one.
    pub fn recall(&mut self, known: BTreeMap<String, Fingerprint>) {
        for (path, fingerprint) in known {
            self.read.entry(path).or_insert(State {
                fingerprint,
                settled: true,
            });
        }
    }

    /// All files are brought again by the next look.
    pub fn read_all_again(&mut self) {
        self.read.clear();
    }

    /// Names the way in which files are read: by another one, the same file may say something else.
    pub fn way(&self) -> u64 {
        let way = format!("{} {READING} {:?}", env!("CARGO_PKG_VERSION"), self.context);
        let BodyHash(hash) = BodyHash::of(&way);
        hash.first_chunk()
            .map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// Where a file is.
    pub fn place(&self, path: &str) -> PathBuf {
        match self.renamed.get(path) {
            Some(real) => real.clone(),
            None => self.root.join(path),
        }
    }

    /// Was this file read to the end, and not missed since?
    pub fn has(&self, path: &str) -> bool {
        self.read.contains_key(path)
    }

    fn walked(&self) -> walk::Root<'_> {
        walk::Root {
            path: &self.root,
            files: &self.files,
        }
    }

    fn check_root(&self) -> Result<(), Unreadable> {
        fs::read_dir(&self.root)
            .map(drop)
            .map_err(|error| Unreadable::Root {
                root: self.root.clone(),
                why: error.to_string(),
            })
    }

    /// The ways in which the file system may write what is one path to us. A name that is not UTF-8
    /// is nobody's; the folder that it is in says so.
    fn namesakes(&self, path: &Path) -> BTreeSet<PathBuf> {
        let mut names = BTreeSet::from([path.to_owned()]);
        let Ok(below) = path.strip_prefix(&self.root) else {
            return names;
        };
        let Some(text) = below.to_str() else {
            let mut folders = below.ancestors().filter(|path| path.to_str().is_some());
            return folders
                .next()
                .map(|path| self.root.join(path))
                .into_iter()
                .collect();
        };
        if !text.is_ascii() {
            names.insert(self.root.join(text.nfc().collect::<String>()));
            names.insert(self.root.join(text.nfd().collect::<String>()));
            let known = walk::relative(&self.root, path);
            names.extend(known.and_then(|path| self.renamed.get(&path).cloned()));
        }
        names
    }

    /// Is a folder on the way from the root to this path a link? Links to folders are not followed.
    fn is_behind_link(&self, path: &Path) -> bool {
        path.ancestors()
            .skip(1)
            .take_while(|folder| *folder != self.root && folder.starts_with(&self.root))
            .any(Path::is_symlink)
    }

    /// Forgets what is no longer there, so that it is read again if it comes back.
    fn forget(&mut self, path: &str, listing: &Listing) {
        forget(&mut self.read, path, listing);
        forget(&mut self.renamed, path, listing);
        self.links.retain(|link, _| !walk::is_within(link, path));
    }

    fn compare(&mut self, listing: Listing, seen: &mut Seen) {
        seen.problems.extend(listing.problems);
        self.links.extend(listing.links);
        for (path, entry) in listing.files {
            let is_as_read =
                |state: &State| state.settled && state.fingerprint == entry.fingerprint;
            if !self.read.get(&path).is_some_and(is_as_read) {
                seen.changed.push(path.clone());
            }
            if entry.real == self.root.join(&path) {
                self.renamed.remove(&path);
            } else {
                self.renamed.insert(path, entry.real);
            }
        }
    }
}

/// Removes what is at or below `path` and not in the listing. Looks at nothing else: there may be
/// very many, and one file looked at.
fn forget<T>(files: &mut BTreeMap<String, T>, path: &str, listing: &Listing) {
    let below = match path {
        "" => String::new(),
        path => format!("{path}/"),
    };
    let gone: Vec<String> = files
        .range::<str, _>((Bound::Included(below.as_str()), Bound::Unbounded))
        .map(|(file, _)| file)
        .take_while(|file| file.starts_with(&below))
        .chain(files.get_key_value(path).map(|(file, _)| file))
        .filter(|file| !listing.files.contains_key(*file))
        .cloned()
        .collect();
    for file in gone {
        files.remove(&file);
    }
}

/// Without those that are below others.
fn outermost(paths: BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let mut kept: Vec<PathBuf> = Vec::new();
    // A folder sorts right before what is below it.
    for path in paths {
        if !kept.last().is_some_and(|folder| path.starts_with(folder)) {
            kept.push(path);
        }
    }
    kept.into_iter().collect()
}

#[cfg(test)]
mod tests;
