//! Walking a source's folders: which content files are there, and what could not be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::parse;
use crate::config::Files;
use crate::domain::Problem;

/// Folders within folders that are followed.
const DEPTH: usize = 64;

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    size: u64,
    modified: (i64, i64),
    inode: u64,
}

impl Fingerprint {
    /// Of a file's metadata.
    pub fn of(metadata: &Metadata) -> Fingerprint {
        Fingerprint {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            inode: metadata.ino(),
        }
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
    /// Why not, and what was passed over.
    pub problems: Vec<Problem>,
}

impl Listing {
    /// Is it unknown whether this file is there?
    pub fn is_unseen(&self, path: &str) -> bool {
        self.unseen.iter().any(|unseen| is_within(path, unseen))
    }

    fn cannot_see(&mut self, real: &Path, path: String, error: &io::Error) {
        self.problems.push(Problem::of_file(
            real,
            format!("cannot be read: {error}"),
            "let the daemon's user read it",
        ));
        self.unseen.insert(path);
    }

    fn pass_over(&mut self, real: &Path, what: &str, remedy: &str) {
        self.problems.push(Problem::of_file(real, what, remedy));
    }
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

/// Walks `start` (a file, a folder, or nothing), which is `root` or below it. Hidden files and
/// folders are nobody's, and those that are excluded; links to files within the root are read,
/// other links are not.
///
/// # Errors
/// `start` itself can't be looked at, for another reason than that it is not there.
pub fn walk(root: Root<'_>, start: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    let Some(path) = relative(root.path, start).filter(|path| !is_excluded(root, path)) else {
        return Ok(listing);
    };
    let mut folders = Vec::new();
    match fs::symlink_metadata(start) {
        Ok(metadata) => visit(root, start, path, &metadata, 0, &mut listing, &mut folders),
        Err(error) if is_gone(&error) => {}
        Err(error) => return Err(error),
    }
    while let Some((real, path, depth)) = folders.pop() {
        match visit_folder(root, &real, &path, depth, &mut listing, &mut folders) {
            Err(error) if !is_gone(&error) => listing.cannot_see(&real, path, &error),
            _ => {}
        }
    }
    Ok(listing)
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

type Folder = (PathBuf, String, usize);

fn visit_folder(
    root: Root<'_>,
    real: &Path,
    path: &str,
    depth: usize,
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
            Ok(metadata) => visit(
                root,
                &child,
                child_path,
                &metadata,
                depth + 1,
                listing,
                folders,
            ),
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
    depth: usize,
    listing: &mut Listing,
    folders: &mut Vec<Folder>,
) {
    if metadata.is_dir() {
        if !root.files.admits_folder(&path) {
            return;
        }
        if depth > DEPTH {
            listing.pass_over(
                real,
                "the folder is nested too deeply",
                "move it further up",
            );
            listing.unseen.insert(path);
        } else {
            folders.push((real.to_owned(), path, depth));
        }
    } else if metadata.is_symlink() {
        visit_link(root, real, path, listing);
    } else if root.is_content(&path) {
        if metadata.is_file() {
            add(listing, real, path, metadata);
        } else {
            listing.pass_over(
                real,
                "this is not a file but a pipe, socket or device",
                "remove it",
            );
        }
    }
}

/// A link is followed to a file within the root. Folders behind links are not: they could lead in
/// circles, and whatever is within the root is found where it is.
fn visit_link(root: Root<'_>, real: &Path, path: String, listing: &mut Listing) {
    let target = match fs::metadata(real) {
        Ok(target) => target,
        Err(error) if is_gone(&error) && !root.is_content(&path) => return,
        Err(error) if is_gone(&error) => {
            return listing.pass_over(
                real,
                "the link leads nowhere",
                "remove it, or restore its target",
            );
        }
        Err(error) => return listing.cannot_see(real, path, &error),
    };
    if target.is_dir() {
        return listing.pass_over(
            real,
            "links to folders are not followed",
            "move the folder here, or make it a source of its own",
        );
    }
    if !root.is_content(&path) || !target.is_file() {
        return;
    }
    let inside = fs::canonicalize(real)
        .and_then(|target| Ok(target.starts_with(fs::canonicalize(root.path)?)))
        .unwrap_or(false);
    if inside {
        add(listing, real, path, &target);
    } else {
        listing.pass_over(
            real,
            "the link leads out of the source's folder",
            "copy the file here instead",
        );
    }
}

fn add(listing: &mut Listing, real: &Path, path: String, metadata: &Metadata) {
    let entry = Entry {
        real: real.to_owned(),
        fingerprint: Fingerprint::of(metadata),
    };
    match listing.files.get(&path) {
        // Which of the two comes first is up to the file system: the smaller name is kept.
        Some(other) => {
            let (kept, refused) = if other.real <= entry.real {
                (other.clone(), entry.real)
            } else {
                (entry, other.real.clone())
            };
            listing.pass_over(
                &refused,
                "another file has the same name in another Unicode form",
                "rename one of the two",
            );
            listing.files.insert(path, kept);
        }
        None => {
            listing.files.insert(path, entry);
        }
    }
}
