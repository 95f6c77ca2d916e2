//! What people and their tools do to files. Hard links are left out: no event tells of a file's other
//! names, which are found by the next full scan.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

/// Few, so that operations meet. Two are one name in two Unicode forms; one is another but for its
/// case; two are no content, of which one can be a folder.
const FOLDERS: [&str; 6] = ["", "a", "b", "a/c", "a/c/d", "\u{17c}"];
const FILES: [&str; 7] = [
    "x.md",
    "X.md",
    "y.txt",
    "\u{f3}.md",
    "o\u{301}.md",
    "z.png",
    ".hidden.md",
];

#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Write(Place, Kind),
    Append(Place),
    /// To a hidden file beside it, which is then renamed.
    Replace(Place, Kind),
    Rename(Place, Place),
    RenameFolder(usize, usize),
    MoveOut(usize),
    MoveIn(usize),
    Delete(Place),
    DeleteFolder(usize),
    /// Folders and a file in them, at once.
    MakeAll(usize, Place),
    Link(Place, Place),
    LinkFolder(usize, usize),
    Chmod(Place, bool),
    ChmodFolder(usize, bool),
    /// The same text again.
    Touch(Place),
    /// Another text, of the same size and with an old date, as `cp -p` and `rsync -t` leave it.
    Backdate(Place),
    /// Another root in its place, perhaps with what was moved out.
    ReplaceRoot(bool),
    /// The root is removed and made anew, which may give it the same inode.
    RemakeRoot,
    /// What was told so far is followed at once, though not all may have been told.
    Look,
    /// All that happened is told and followed.
    Settle,
}

/// A folder and a name in it.
pub(crate) type Place = (usize, usize);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Page,
    Draft,
    /// Its date does not exist.
    Bad,
}

pub(crate) fn operation() -> impl Strategy<Value = Operation> {
    // Often the same few, so that one operation meets what another did.
    let place = || {
        prop_oneof![
            2 => (0..2_usize, 0..1_usize),
            1 => (0..2_usize, 3..5_usize),
            2 => (0..FOLDERS.len(), 0..FILES.len())
        ]
    };
    let folder = || 1..FOLDERS.len();
    let kind = || {
        prop_oneof![
            6 => Just(Kind::Page),
            1 => Just(Kind::Draft),
            1 => Just(Kind::Bad)
        ]
    };
    prop_oneof![
        8 => (place(), kind()).prop_map(|(place, kind)| Operation::Write(place, kind)),
        2 => place().prop_map(Operation::Append),
        6 => (place(), kind()).prop_map(|(place, kind)| Operation::Replace(place, kind)),
        5 => (place(), place()).prop_map(|(from, to)| Operation::Rename(from, to)),
        5 => (folder(), folder()).prop_map(|(from, to)| Operation::RenameFolder(from, to)),
        2 => folder().prop_map(Operation::MoveOut),
        3 => folder().prop_map(Operation::MoveIn),
        4 => place().prop_map(Operation::Delete),
        2 => folder().prop_map(Operation::DeleteFolder),
        6 => (folder(), place()).prop_map(|(folder, place)| Operation::MakeAll(folder, place)),
        4 => (place(), place()).prop_map(|(target, at)| Operation::Link(target, at)),
        1 => (folder(), folder()).prop_map(|(target, at)| Operation::LinkFolder(target, at)),
        1 => (place(), any::<bool>()).prop_map(|(place, open)| Operation::Chmod(place, open)),
        1 => (folder(), any::<bool>()).prop_map(|(at, open)| Operation::ChmodFolder(at, open)),
        1 => place().prop_map(Operation::Touch),
        2 => place().prop_map(Operation::Backdate),
        1 => any::<bool>().prop_map(Operation::ReplaceRoot),
        1 => Just(Operation::RemakeRoot),
        3 => Just(Operation::Look),
        3 => Just(Operation::Settle),
    ]
}

/// Does them.
pub(crate) struct Hands {
    root: PathBuf,
    /// Beside it.
    stash: PathBuf,
    done: usize,
}

impl Hands {
    pub(crate) fn at(root: &Path) -> io::Result<Hands> {
        let stash = root.with_file_name("stash");
        fs::create_dir_all(&stash)?;
        Ok(Hands {
            root: root.to_owned(),
            stash,
            done: 0,
        })
    }

    /// What can't be done is not done: there may be no such file.
    pub(crate) fn attempt(&mut self, operation: &Operation) {
        self.done += 1;
        let _ = self.work(operation);
    }

    fn work(&self, operation: &Operation) -> io::Result<()> {
        match operation {
            Operation::Write(place, kind) => fs::write(self.file(*place), self.text(*kind)),
            Operation::Append(place) => fs::File::options()
                .append(true)
                .open(self.file(*place))?
                .write_all(format!("More, {}.\n", self.done).as_bytes()),
            Operation::Replace(place, kind) => {
                let beside = self.folder(place.0).join(".unfinished");
                fs::write(&beside, self.text(*kind))?;
                fs::rename(beside, self.file(*place))
            }
            Operation::Rename(from, to) => fs::rename(self.file(*from), self.file(*to)),
            Operation::RenameFolder(from, to) => fs::rename(self.folder(*from), self.folder(*to)),
            Operation::MoveOut(folder) => fs::rename(self.folder(*folder), self.stashed()),
            Operation::MoveIn(folder) => {
                let mut stashed = fs::read_dir(&self.stash)?;
                match stashed.next() {
                    Some(stashed) => fs::rename(stashed?.path(), self.folder(*folder)),
                    None => Ok(()),
                }
            }
            Operation::Delete(place) => fs::remove_file(self.file(*place)),
            Operation::DeleteFolder(folder) => fs::remove_dir_all(self.folder(*folder)),
            Operation::MakeAll(folder, place) => {
                let within = self.folder(*folder).join(FOLDERS[place.0]);
                fs::create_dir_all(&within)?;
                fs::write(within.join(FILES[place.1]), self.text(Kind::Page))
            }
            Operation::Link(target, at) => symlink(self.file(*target), self.file(*at)),
            Operation::LinkFolder(target, at) => symlink(self.folder(*target), self.folder(*at)),
            Operation::Chmod(place, open) => {
                let mode = if *open { 0o644 } else { 0o000 };
                fs::set_permissions(self.file(*place), Permissions::from_mode(mode))
            }
            Operation::ChmodFolder(folder, open) => {
                let mode = if *open { 0o755 } else { 0o000 };
                fs::set_permissions(self.folder(*folder), Permissions::from_mode(mode))
            }
            Operation::Touch(place) => {
                let file = self.file(*place);
                fs::write(&file, fs::read(&file)?)
            }
            Operation::Backdate(place) => {
                let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
                let mut file = fs::File::options().write(true).open(self.file(*place))?;
                file.write_all(self.text(Kind::Page).as_bytes())?;
                file.set_modified(old)
            }
            Operation::ReplaceRoot(with_stashed) => {
                let former = self.stashed();
                let next = fs::read_dir(&self.stash)?.flatten();
                let mut next = next.filter(|next| next.file_type().is_ok_and(|it| it.is_dir()));
                let next = next.next();
                fs::rename(&self.root, former)?;
                match next {
                    Some(next) if *with_stashed => fs::rename(next.path(), &self.root),
                    _ => fs::create_dir(&self.root),
                }
            }
            Operation::RemakeRoot => {
                fs::remove_dir_all(&self.root)?;
                fs::create_dir(&self.root)
            }
            Operation::Look | Operation::Settle => Ok(()),
        }
    }

    fn folder(&self, folder: usize) -> PathBuf {
        self.root.join(FOLDERS[folder])
    }

    fn file(&self, (folder, file): Place) -> PathBuf {
        self.folder(folder).join(FILES[file])
    }

    fn stashed(&self) -> PathBuf {
        self.stash.join(self.done.to_string())
    }

    fn text(&self, kind: Kind) -> String {
        let more = match kind {
            Kind::Page => "",
            Kind::Draft => "draft: true\n",
            Kind::Bad => "date: 31.02.2013\n",
        };
        // Of one size, whatever is written over it.
        format!("---\ntitle: Page {:04}\n{more}---\nText.\n", self.done)
    }
}

impl Drop for Hands {
    /// So that everything can be removed.
    fn drop(&mut self) {
        for folder in FOLDERS {
            let open = Permissions::from_mode(0o755);
            let _ = fs::set_permissions(self.root.join(folder), open);
        }
    }
}
