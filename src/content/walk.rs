//! Walking a source's folders: which content files are there, and what could not be seen.
//!
//! **What links mean.** The root itself may be a link, wherever it leads: so one folder can be
//! swapped for another at once, and shared folders are sources of their own. Below the root, a link
//! to a file is followed where that lies within the root; it is then at two paths, and so two
//! publications, as a hard link is. (Of a hard link's other names no event tells: the next full scan
//! finds what was changed through them.) A link that leads out of the root is not followed: whoever may
//! write content could otherwise publish whatever the daemon may read. Nor is a link to a folder:
//! within the root its files are found where they are, and it could lead in circles. What is not
//! followed is reported, with what to do instead.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::parse;
use crate::config::Files;
use crate::domain::{Fingerprint, Problem};

/// Folders within folders that are followed.
const DEPTH: usize = 64;

/// The state of a file.
pub fn fingerprint(metadata: &Metadata) -> Fingerprint {
    Fingerprint {
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
    }
}

/// A content file.
#[derive(Debug, Clone)]
pub struct Entry {
    /// As the file system names it, which need not be NFC.
    pub real: PathBuf,
    /// When it was seen.
    pub fingerprint: Fingerprint,
}

/// What a walk saw.
#[derive(Debug, Default)]
pub struct Listing {
    /// By path: relative to the root, NFC, `/` between folders.
    pub files: BTreeMap<String, Entry>,
    /// Paths of files and folders that could not be seen: nothing is known of what is in them.
    pub unseen: BTreeSet<String>,
    /// Every link, followed or not: by path, as the file system names it.
    pub links: BTreeMap<String, PathBuf>,
    /// Why not, and what was passed over.
    pub problems: Vec<Problem>,
}

impl Listing {
    /// Is it unknown whether this file is there?
    pub fn is_unseen(&self, path: &str) -> bool {
        self.unseen.iter().any(|unseen| is_within(path, unseen))
    }

    /// Adds what another walk saw of the same places under other names.
    pub fn merge(&mut self, other: Listing) {
        for (path, entry) in other.files {
            self.add(path, entry);
        }
        self.unseen.extend(other.unseen);
        self.links.extend(other.links);
        self.problems.extend(other.problems);
    }

    /// Nothing is known of this place, and this is why.
    pub fn cannot_see(&mut self, real: &Path, path: String, error: &io::Error) {
        self.problems.push(cannot_read(real, error));
        self.unseen.insert(path);
    }

    fn add(&mut self, path: String, entry: Entry) {
        let kept = match self.files.remove(&path) {
            Some(other) if other.real != entry.real => {
                // Which comes first is up to the file system: the smaller name is kept.
                let (kept, refused) = if other.real < entry.real {
                    (other, entry)
                } else {
                    (entry, other)
                };
                self.pass_over(
                    &refused.real,
                    "another file has the same name in another Unicode form",
                    "rename one of the two",
                );
                kept
            }
            _ => entry,
        };
        self.files.insert(path, kept);
    }

    fn pass_over(&mut self, real: &Path, what: &str, remedy: &str) {
        self.problems.push(Problem::of_file(real, what, remedy));
    }
}

/// A file or folder that is there and can't be read.
pub fn cannot_read(real: &Path, error: &io::Error) -> Problem {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => "let the daemon's user read it",
        io::ErrorKind::InvalidFilename => "shorten its name, or those of its folders",
        _ => "see to the disk or network that holds it",
    };
    Problem::of_file(real, format!("cannot be read: {error}"), remedy)
}

/// Is this path that one, or below it? Everything is below the empty one.
pub fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path below `root` as content paths are written. `None`: it is not below `root`, or hidden,
/// or not UTF-8.
pub fn relative(root: &Path, real: &Path) -> Option<String> {
    let mut path = String::new();
    for component in real.strip_prefix(root).ok()?.components() {
        let Component::Normal(name) = component else {
            return None;
        };
        let name = name.to_str().filter(|name| !name.starts_with('.'))?;
        if !path.is_empty() {
            path.push('/');
        }
        path.extend(name.nfc());
    }
    Some(path)
}

/// A source's folder, and which of its files are read.
#[derive(Debug, Clone, Copy)]
pub struct Root<'r> {
    pub path: &'r Path,
    pub files: &'r Files,
}

impl Root<'_> {
    fn is_content(self, path: &str) -> bool {
        parse::is_content(path) && self.files.admits_file(path)
    }
}

/// Is a file or folder on the way from `root` to `real` hidden, and so nobody's?
pub fn is_hidden(root: &Path, real: &Path) -> bool {
    let below = real.strip_prefix(root).unwrap_or(real);
    below
        .components()
        .any(|name| name.as_os_str().as_encoded_bytes().starts_with(b"."))
}

/// Walks `start` (a file, a folder, or nothing), which is `root` or below it. Hidden files and
/// folders are nobody's, and those that are excluded.
///
/// # Errors
/// `start` itself can't be looked at, for another reason than that it is not there.
pub fn walk(root: Root<'_>, start: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    let Some(path) = relative(root.path, start).filter(|path| !is_excluded(root, path)) else {
        return Ok(listing);
    };
    let mut folders = Vec::new();
    // The root may be a link.
    let metadata = if path.is_empty() {
        fs::metadata(start)
    } else {
        fs::symlink_metadata(start)
    };
    match metadata {
        Ok(metadata) => visit(root, start, path, &metadata, &mut listing, &mut folders),
        Err(error) if is_gone(&error) => {}
        Err(error) => return Err(error),
    }
    while visit_next(root, &mut listing, &mut folders) {}
    Ok(listing)
}

/// Is there any content below `root`, or what can't be seen and may be content?
pub fn has_content(root: Root<'_>) -> bool {
    let mut listing = Listing::default();
    let mut folders = vec![(root.path.to_owned(), String::new())];
    while visit_next(root, &mut listing, &mut folders) {
        if !listing.files.is_empty() || !listing.unseen.is_empty() {
            return true;
        }
    }
    false
}

/// Is there nothing that may be content at or below this path?
fn is_excluded(root: Root<'_>, path: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    !root.files.admits_folder(folder)
}

/// Does the error say that nothing is there?
pub fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Folders on the way to this path, itself included.
fn depth(path: &str) -> usize {
    path.split('/').filter(|name| !name.is_empty()).count()
}

type Folder = (PathBuf, String);

/// Visits the last of the folders; `false`: there is none.
fn visit_next(root: Root<'_>, listing: &mut Listing, folders: &mut Vec<Folder>) -> bool {
    let Some((real, path)) = folders.pop() else {
        return false;
    };
    match visit_folder(root, &real, &path, listing, folders) {
        Err(error) if !is_gone(&error) => listing.cannot_see(&real, path, &error),
        _ => {}
    }
    true
}

fn visit_folder(
    root: Root<'_>,
    real: &Path,
    path: &str,
    listing: &mut Listing,
    folders: &mut Vec<Folder>,
) -> io::Result<()> {
    for entry in fs::read_dir(real)? {
        let entry = entry?;
        let child = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            listing.pass_over(&child, "the name is not UTF-8", "rename it");
            continue;
        };
        if name.starts_with('.') {
            continue;
        }
        let name: String = name.nfc().collect();
        let child_path = if path.is_empty() {
            name
        } else {
            format!("{path}/{name}")
        };
        match entry.metadata() {
            Ok(metadata) => visit(root, &child, child_path, &metadata, listing, folders),
            Err(error) if is_gone(&error) => {}
            Err(error) => listing.cannot_see(&child, child_path, &error),
        }
    }
    Ok(())
}

fn visit(
    root: Root<'_>,
    real: &Path,
    path: String,
    metadata: &Metadata,
    listing: &mut Listing,
    folders: &mut Vec<Folder>,
) {
    // Of a folder that is nested too deeply nothing is read, whether it was come upon or named.
    if depth(&path) > DEPTH + 1 {
        listing.unseen.insert(path);
    } else if metadata.is_dir() {
        if !root.files.admits_folder(&path) {
            return;
        }
        if depth(&path) > DEPTH {
            listing.pass_over(
                real,
                "the folder is nested too deeply",
                "move it further up",
            );
            listing.unseen.insert(path);
        } else {
            folders.push((real.to_owned(), path));
        }
    } else if metadata.is_symlink() {
        visit_link(root, real, path, listing);
    } else if root.is_content(&path) {
        add(listing, real, path, metadata);
    }
}

/// A link is followed to a file within the root, and nowhere else.
fn visit_link(root: Root<'_>, real: &Path, path: String, listing: &mut Listing) {
    listing.links.insert(path.clone(), real.to_owned());
    let target = match fs::metadata(real) {
        Ok(target) => target,
        Err(error) if leads_nowhere(&error) => {
            if root.is_content(&path) {
                listing.pass_over(
                    real,
                    "the link leads nowhere",
                    "remove it, or restore its target",
                );
            }
            return;
        }
        Err(error) => return listing.cannot_see(real, path, &error),
    };
    if target.is_dir() && !root.files.admits_folder(&path) {
        return;
    }
    if target.is_dir() {
        return listing.pass_over(
            real,
            "links to folders are not followed",
            "move the folder here, or make it a source of its own",
        );
    }
    if !root.is_content(&path) {
        return;
    }
    let inside = fs::canonicalize(real)
        .and_then(|target| Ok(target.starts_with(fs::canonicalize(root.path)?)))
        .unwrap_or(false);
    if inside || !target.is_file() {
        add(listing, real, path, &target);
    } else {
        listing.pass_over(
            real,
            "the link leads out of the source's folder",
            "copy the file here instead",
        );
    }
}

/// To nothing, or in a circle.
fn leads_nowhere(error: &io::Error) -> bool {
    is_gone(error) || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

fn add(listing: &mut Listing, real: &Path, path: String, metadata: &Metadata) {
    if !metadata.is_file() {
        return listing.pass_over(
            real,
            "this is not a file but a pipe, socket or device",
            "remove it",
        );
    }
    let entry = Entry {
        real: real.to_owned(),
        fingerprint: fingerprint(metadata),
    };
    listing.add(path, entry);
}
