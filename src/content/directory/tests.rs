mod reading;

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use tempfile::TempDir;

use super::*;
use crate::domain::Language;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A folder, its source, and the paths that a store would know.
struct Case {
    folder: TempDir,
    directory: Directory,
    known: BTreeSet<String>,
}

impl Directory {
    /// Reads one file, and notes it.
    pub(in crate::content) fn read_one(&mut self, path: &str) -> Reading {
        let read = self.file(path).read();
        self.note(&read, Timestamp::MAX);
        read.reading
    }
}

impl Case {
    fn new(files: &[&str]) -> Result<Case, Box<dyn std::error::Error>> {
        Case::with(Files::usual(), files)
    }

    fn with(files: Files, written: &[&str]) -> Result<Case, Box<dyn std::error::Error>> {
        let folder = TempDir::new()?;
        let language = Language::parse("pl")?;
        let site = config::Site {
            title: "Portal".into(),
            url: "https://portal.example/".parse()?,
            authority: "portal.example,2026".into(),
            language: language.clone(),
            languages: vec![language],
            timezone: "UTC".into(),
            zone: TimeZone::UTC,
        };
        let source = config::Source {
            name: "pages".into(),
            aliases: Vec::new(),
            path: folder.path().join("content"),
            link: "{site}{path}/".into(),
            files,
            settle: SignedDuration::from_millis(500),
            rescan: SignedDuration::from_mins(5),
            watch: config::Watch::Poll,
        };
        fs::create_dir(&source.path)?;
        let case = Case {
            directory: Directory::new(&source, &site, &[], &[]),
            folder,
            known: BTreeSet::new(),
        };
        for file in written {
            case.write(file, "# T\n")?;
        }
        Ok(case)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join("content").join(path)
    }

    fn write(&self, path: &str, text: &str) -> io::Result<()> {
        let file = self.at(path);
        fs::create_dir_all(file.parent().unwrap_or(&file))?;
        fs::write(file, text)
    }

    fn look(&mut self) -> Result<Seen, Unreadable> {
        self.directory.look(Look::Everything, &self.known)
    }

    fn look_at(&mut self, paths: &[&str]) -> Result<Seen, Unreadable> {
        let paths = paths.iter().map(|path| self.at(path)).collect();
        self.directory.look(Look::Paths(paths), &self.known)
    }

    /// A complete look, all of it read and known to the store.
    fn settle(&mut self) -> Result<(), Unreadable> {
        for path in self.look()?.changed {
            match self.directory.read_one(&path) {
                Reading::Found(found) => assert!(self.known.insert(found.path)),
                other => panic!("{path}: {other:?}"),
            }
        }
        Ok(())
    }
}

fn brings_nothing(seen: &Seen) -> bool {
    seen.changed.is_empty() && seen.missing.is_empty() && seen.problems.is_empty()
}

#[test]
fn what_was_read_is_not_brought_again_until_it_changes() -> Outcome {
    let mut case = Case::new(&["a.md", "pl/b.txt", ".hidden.md", ".git/c.md", "d.png"])?;
    assert_eq!(case.look()?.changed, ["a.md", "pl/b.txt"]);
    case.settle()?;
    assert!(brings_nothing(&case.look()?));
    case.write("a.md", "# Another\n")?;
    assert_eq!(case.look()?.changed, ["a.md"]);
    assert_eq!(case.look()?.changed, ["a.md"], "it has not been read yet");
    Ok(())
}

#[test]
fn a_look_at_a_folder_covers_all_that_is_and_was_in_it() -> Outcome {
    let mut case = Case::new(&["keep.md", "x/a.md", "x/y/b.md", "xy.md"])?;
    case.settle()?;
    fs::remove_file(case.at("x/a.md"))?;
    case.write("x/z/new.md", "# N\n")?;
    let seen = case.look_at(&["x", "x/z/new.md"])?;
    assert_eq!(
        (seen.changed, seen.missing),
        (vec!["x/z/new.md".into()], vec!["x/a.md".into()])
    );
    fs::remove_dir_all(case.at("x"))?;
    assert_eq!(case.look_at(&["x"])?.missing, ["x/a.md", "x/y/b.md"]);
    let seen = case.look_at(&["keep.md", "nothing.md", "../outside.md"])?;
    assert!(brings_nothing(&seen));
    assert!(seen.looked_at("nothing.md") && !seen.looked_at("xy.md"));
    assert!(case.directory.has("keep.md") && !case.directory.has("x/a.md"));
    assert_eq!(case.look()?.missing, ["x/a.md", "x/y/b.md"]);
    Ok(())
}

#[test]
fn a_file_that_comes_back_unchanged_is_read_again() -> Outcome {
    let mut case = Case::new(&["keep.md", "a.md"])?;
    case.settle()?;
    fs::rename(case.at("a.md"), case.folder.path().join("a.md"))?;
    assert_eq!(case.look()?.missing, ["a.md"]);
    fs::rename(case.folder.path().join("a.md"), case.at("a.md"))?;
    assert_eq!(case.look()?.changed, ["a.md"]);
    Ok(())
}

#[test]
fn a_root_that_is_gone_or_empty_withdraws_nothing() -> Outcome {
    let mut case = Case::new(&["a.md", "x/b.md"])?;
    case.settle()?;
    fs::remove_dir_all(case.at("x"))?;
    fs::remove_file(case.at("a.md"))?;
    let empty = Unreadable::Empty {
        root: case.at("").components().collect(),
        known: 2,
    };
    assert_eq!(case.look(), Err(empty.clone()));
    assert_eq!(case.look_at(&["a.md", "x"]), Err(empty));
    fs::remove_dir(case.at(""))?;
    assert!(matches!(case.look(), Err(Unreadable::Root { .. })));
    assert!(matches!(
        case.look_at(&["a.md"]),
        Err(Unreadable::Root { .. })
    ));
    Ok(())
}

#[test]
fn an_empty_root_is_fine_where_nothing_is_known() -> Outcome {
    let mut case = Case::new(&[])?;
    assert!(brings_nothing(&case.look()?));
    Ok(())
}

#[test]
fn links_lead_neither_out_nor_in_circles() -> Outcome {
    let mut case = Case::new(&["a.md", "x/b.md"])?;
    fs::write(case.folder.path().join("secret.md"), "# S\n")?;
    symlink(case.folder.path().join("secret.md"), case.at("secret.md"))?;
    symlink(case.at(""), case.at("x/circle"))?;
    symlink("self.md", case.at("self.md"))?;
    symlink("nowhere", case.at("dangling.md"))?;
    symlink("a.md", case.at("alias.md"))?;
    let seen = case.look()?;
    assert_eq!(seen.changed, ["a.md", "alias.md", "x/b.md"]);
    assert_eq!(seen.problems.len(), 4, "{:?}", seen.problems);
    assert!(brings_nothing(&case.look_at(&["x/circle/a.md"])?));
    Ok(())
}

#[test]
fn links_that_lead_nowhere_and_in_circles_take_known_files_with_them() -> Outcome {
    let mut case = Case::new(&["a.md", "b.md", "c.md"])?;
    case.settle()?;
    for name in ["a.md", "b.md"] {
        fs::remove_file(case.at(name))?;
    }
    symlink("nowhere", case.at("a.md"))?;
    symlink("b.md", case.at("b.md"))?;
    let seen = case.look()?;
    assert_eq!(seen.missing, ["a.md", "b.md"]);
    let said = seen.problems.iter().map(|problem| problem.what.as_str());
    assert!(said.eq(["the link leads nowhere"; 2]));
    Ok(())
}

#[test]
fn a_file_with_its_former_size_and_time_is_known_as_changed() -> Outcome {
    let mut case = Case::new(&["a.md"])?;
    case.settle()?;
    let before = fs::metadata(case.at("a.md"))?;
    let tick = |metadata: &fs::Metadata| {
        use std::os::unix::fs::MetadataExt;
        (metadata.ctime(), metadata.ctime_nsec())
    };
    // The file system's clock may be a coarse one.
    while tick(&fs::metadata(case.at("a.md"))?) == tick(&before) {
        case.write("a.md", "# N\n")?;
        let file = File::options().write(true).open(case.at("a.md"))?;
        file.set_modified(before.modified()?)?;
    }
    assert_eq!(case.look()?.changed, ["a.md"]);
    Ok(())
}

#[test]
fn folders_are_too_deep_at_the_same_depth_wherever_a_look_begins() -> Outcome {
    let deep = ["d"; 64].join("/");
    let (last, beyond) = (format!("{deep}/a.md"), format!("{deep}/d/b.md"));
    let mut case = Case::new(&[&last, &beyond])?;
    let seen = case.look()?;
    assert_eq!((seen.changed, seen.problems.len()), (vec![last], 1));
    case.known.insert(beyond.clone());
    for start in [&beyond, &format!("{deep}/d")] {
        let seen = case.look_at(&[start])?;
        assert_eq!((seen.changed.len(), seen.missing.len()), (0, 0), "{start}");
    }
    Ok(())
}

fn make_node(path: &Path, kind: rustix::fs::FileType) -> rustix::io::Result<()> {
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, rustix::fs::makedev(1, 5))
}

#[test]
fn what_is_no_file_is_passed_over_and_named() -> Outcome {
    let mut case = Case::new(&["a.md"])?;
    let _socket = UnixListener::bind(case.at("socket.md"))?;
    make_node(&case.at("pipe.md"), rustix::fs::FileType::Fifo)?;
    symlink("/dev/zero", case.at("zero.md"))?;
    // Only the superuser makes devices.
    let is_made = make_node(&case.at("z.md"), rustix::fs::FileType::CharacterDevice).is_ok();
    fs::create_dir(case.at("folder.md"))?;
    fs::write(case.at("").join(OsStr::from_bytes(b"\xFF.md")), "# T\n")?;
    let seen = case.look()?;
    assert_eq!(seen.changed, ["a.md"]);
    let number = if is_made { 5 } else { 4 };
    assert_eq!(seen.problems.len(), number, "{:?}", seen.problems);
    Ok(())
}

#[test]
fn names_are_nfc_whatever_the_disk_says() -> Outcome {
    let mut case = Case::new(&["z\u{307}.md"])?;
    case.settle()?;
    assert_eq!(case.known, BTreeSet::from(["ż.md".to_owned()]));
    assert!(brings_nothing(&case.look()?));
    case.write("ż.md", "# T\n")?;
    let seen = case.look()?;
    assert_eq!((seen.missing.len(), seen.problems.len()), (0, 1));
    Ok(())
}

#[test]
fn what_may_not_be_read_is_not_missing() -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let mut case = Case::new(&["a.md", "x/b.md"])?;
    case.settle()?;
    fs::set_permissions(case.at("x"), fs::Permissions::from_mode(0o000))?;
    // The superuser may read everything: there the folder is simply seen.
    let seen = case.look()?;
    let seen_through = fs::read_dir(case.at("x")).is_ok();
    assert_eq!(seen.problems.is_empty(), seen_through);
    assert_eq!(seen.missing, [""; 0]);
    fs::set_permissions(case.at("x"), fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[test]
fn excluded_folders_are_not_walked_and_what_was_read_there_is_gone() -> Outcome {
    let mut case = Case::new(&[
        "a.md",
        "drafts/b.md",
        "x/c.tmp.md",
        "_index.md",
        "README.md",
    ])?;
    case.settle()?;
    assert_eq!(case.known.len(), 3);
    let patterns = ["drafts/", "*.tmp.md"].map(str::to_owned);
    case.directory.files = Files::new(&[], &patterns, false, false)?;
    symlink("nowhere.md", case.at("drafts/dangling.md"))?;
    let seen = case.look()?;
    assert_eq!(seen.missing, ["drafts/b.md", "x/c.tmp.md"]);
    assert!(seen.changed.is_empty() && seen.problems.is_empty());
    case.write("drafts/deep/new.md", "# N\n")?;
    case.known.clear();
    let below = ["drafts", "drafts/b.md", "drafts/deep", "drafts/deep/new.md"];
    assert!(brings_nothing(&case.look_at(&below)?));
    Ok(())
}

#[test]
fn the_ignore_files_of_others_are_not_asked() -> Outcome {
    let mut case = Case::new(&["a.md", "b.md"])?;
    case.write(".gitignore", "b.md\n")?;
    assert_eq!(case.look()?.changed, ["a.md", "b.md"]);
    Ok(())
}

#[test]
fn what_could_not_be_seen_covers_all_below_it() {
    let mut listing = Listing::default();
    let error = io::ErrorKind::PermissionDenied.into();
    listing.cannot_see(Path::new("content/x"), "x".to_owned(), &error);
    assert!(listing.is_unseen("x/y/b.md") && listing.is_unseen("x"));
    assert!(!listing.is_unseen("xy.md"));
}
