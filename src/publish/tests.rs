use tempfile::TempDir;

use super::*;

const ATOM: &str = "application/atom+xml; charset=utf-8";

/// A publisher and its folder, which every reopening shares.
struct Site {
    dir: TempDir,
    publisher: Publisher,
}

impl Site {
    fn new() -> Site {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let publisher = Publisher::open(dir.path().to_owned()).expect("a folder of its own");
        Site { dir, publisher }
    }

    /// As after a crash: what was not committed is forgotten.
    fn reopen(&mut self) -> usize {
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        self.publisher = Publisher::open(elsewhere.path().to_owned()).expect("a folder");
        self.publisher = Publisher::open(self.dir.path().to_owned()).expect("still there");
        self.publisher.shelf().len()
    }

    fn put(&mut self, path: &str, text: &str, sequence: u64) -> Put {
        self.publisher
            .put(path, version(text, sequence, "recipe"))
            .expect("the disk takes it")
    }

    fn commit(&mut self) {
        self.publisher.commit().expect("the disk takes it");
    }

    fn on_disk(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.dir.path().join(path)).ok()
    }

    fn served(&self, path: &str) -> Option<(String, String)> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
        let shelf = self.publisher.shelf();
        let (document, bytes) = runtime.block_on(shelf.read(path, Coding::Identity)).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let etag = String::from_utf8_lossy(document.etag(Coding::Identity));
        Some((text, etag.into_owned()))
    }

    fn check(&self, how: Check) -> Vec<String> {
        self.publisher.shelf().check(how);
        self.publisher.torn().into_iter().collect()
    }
}

fn version(text: &str, sequence: u64, recipe: &str) -> Version {
    Version {
        media_type: ATOM,
        bytes: text.as_bytes().to_vec(),
        sequence: Sequence(sequence),
        modified: Timestamp::UNIX_EPOCH,
        recipe: recipe.to_owned(),
        parts: Vec::new(),
        fresh: None,
    }
}

#[test]
fn what_is_put_is_on_disk_and_served() {
    let mut site = Site::new();
    assert_eq!(site.put("pl/tag/a.atom", "one", 7), Put::Written);
    assert_eq!(site.on_disk("pl/tag/a.atom").as_deref(), Some("one"));
    let etag = format!("\"7-{}\"", &blake3::hash(b"one").to_hex()[..16]);
    assert_eq!(site.served("pl/tag/a.atom"), Some(("one".to_owned(), etag)));
    assert_eq!(site.served("pl/tag/b.atom"), None);
}

#[test]
fn what_somebody_removed_or_cut_is_noticed_and_put_again() {
    let mut site = Site::new();
    for path in ["all.atom", "tag/a.atom", "tag/b.atom"] {
        site.put(path, "whole", 7);
    }
    assert!(site.check(Check::Bytes).is_empty());
    fs::remove_dir_all(site.dir.path().join("tag")).expect("it is there");
    fs::write(site.dir.path().join("all.atom"), "who").expect("it is there");
    let torn = ["all.atom", "tag/a.atom", "tag/b.atom"];
    assert_eq!(site.check(Check::Length), torn);
    let tag = site.publisher.shelf().get("all.atom").expect("it is known");
    for path in torn {
        assert_eq!(site.put(path, "whole", 9), Put::Written);
    }
    assert!(site.check(Check::Bytes).is_empty());
    assert_eq!(site.on_disk("tag/b.atom").as_deref(), Some("whole"));
    // The same bytes have the same tag.
    assert_eq!(site.publisher.shelf().get("all.atom"), Some(tag));
}

#[test]
fn what_is_damaged_within_is_noticed_too() {
    let mut site = Site::new();
    for path in ["all.atom", "tag/a.atom"] {
        site.put(path, "whole", 7);
        fs::write(site.dir.path().join(path), "whose").expect("it is there");
    }
    assert!(site.check(Check::Length).is_empty());
    // A reader may be the first to meet it.
    assert_eq!(site.served("tag/a.atom"), None);
    assert_eq!(site.check(Check::Length), ["tag/a.atom"]);
    assert_eq!(site.check(Check::Bytes), ["all.atom", "tag/a.atom"]);
    assert_eq!(site.put("all.atom", "whole", 7), Put::Written);
    assert_eq!(site.check(Check::Bytes), ["tag/a.atom"]);
    assert!(site.served("all.atom").is_some());
}

#[test]
fn equal_bytes_are_not_written_again_and_keep_their_tag_and_date() {
    let mut site = Site::new();
    site.put("all.atom", "one", 1);
    let first = site.publisher.shelf().get("all.atom");
    fs::remove_file(site.dir.path().join("all.atom")).expect("it was there");
    assert_eq!(site.put("all.atom", "one", 2), Put::Unchanged);
    assert_eq!(site.on_disk("all.atom"), None, "it was written again");
    assert_eq!(site.publisher.shelf().get("all.atom"), first);
    assert_eq!(site.put("all.atom", "two", 3), Put::Written);
}

#[test]
fn it_is_known_what_a_document_was_made_from_over_restarts_too() {
    let mut site = Site::new();
    let mut put = |text: &str, recipe| {
        let put = site.publisher.put("all.atom", version(text, 1, recipe));
        site.commit();
        site.reopen();
        let is_made_from = |recipe| site.publisher.is_made_from("all.atom", recipe);
        (put.ok(), is_made_from("x"), is_made_from("y"))
    };
    assert_eq!(put("one", "x"), (Some(Put::Written), true, false));
    assert_eq!(put("one", "y"), (Some(Put::Unchanged), false, true));
    assert_eq!(put("two", ""), (Some(Put::Written), false, false));
    assert!(!site.publisher.is_made_from("tag/a.atom", "x"));
}

#[test]
fn a_part_of_what_is_on_disk_can_be_used_again() {
    let mut site = Site::new();
    let parts = vec![Part(7, 1, 2), Part(8, 3, 9)];
    let first = Version {
        parts,
        ..version("whole", 1, "x")
    };
    let put = site.publisher.put("all.atom", first);
    put.expect("the disk takes it");
    site.commit();
    site.reopen();
    let former = site.publisher.former("all.atom").expect("it is whole");
    assert_eq!(former.recipe, "x");
    assert_eq!(former.part(7), Some(&b"ho"[..]));
    assert_eq!((former.part(8), former.part(9)), (None, None));
    fs::write(site.dir.path().join("all.atom"), "whose").expect("it is there");
    assert!(site.publisher.former("all.atom").is_none());
}

#[test]
fn what_is_asked_for_often_is_served_from_memory() {
    let mut site = Site::new();
    site.put("all.atom", "one", 1);
    let first = site.served("all.atom");
    fs::remove_file(site.dir.path().join("all.atom")).expect("it was there");
    assert_eq!(site.served("all.atom"), first);
    site.put("all.atom", "two", 2);
    let (text, _) = site.served("all.atom").expect("it is served");
    assert_eq!(text, "two");
}

#[test]
fn versions_of_one_second_have_seconds_of_their_own() {
    let mut site = Site::new();
    let mut second_of = |text| {
        site.put("all.atom", text, 1);
        let document = site.publisher.shelf().get("all.atom").expect("served");
        document.modified.as_second()
    };
    let seconds = ["one", "two", "three"].map(&mut second_of);
    assert_eq!(seconds, [0, 1, 2]);
}

/// Whoever wrote down when they asked, in the second of a change and before it, has an earlier date.
#[test]
fn the_date_of_a_change_is_the_second_after_it() {
    let site = Site::new();
    let later = Version {
        modified: Timestamp::from_millisecond(1_500).expect("a time"),
        ..version("one", 1, "recipe")
    };
    site.publisher
        .put("all.atom", later)
        .expect("the disk takes it");
    let document = site.publisher.shelf().get("all.atom").expect("served");
    assert_eq!(
        document.modified,
        Timestamp::from_second(2).expect("a time")
    );
}

#[test]
fn without_a_manifest_only_what_the_disk_lacks_is_written() {
    let mut site = Site::new();
    site.put("all.atom", "one", 1);
    assert_eq!(site.reopen(), 0);
    assert_eq!(site.put("all.atom", "one", 1), Put::Unchanged);
    assert!(site.served("all.atom").is_some());
}

#[test]
fn a_new_run_serves_what_the_last_one_left() {
    let mut site = Site::new();
    site.put("all.atom", "one", 4);
    site.put("tag/a.atom", "two", 5);
    site.commit();
    let before = (site.served("all.atom"), site.served("tag/a.atom"));
    assert_eq!(site.reopen(), 2);
    assert_eq!((site.served("all.atom"), site.served("tag/a.atom")), before);
    let document = site.publisher.shelf().get("tag/a.atom").expect("shelved");
    assert_eq!(
        (document.sequence, document.media_type),
        (Sequence(5), ATOM)
    );
}

#[test]
fn a_torn_file_is_not_served_and_is_written_again() {
    let mut site = Site::new();
    site.put("all.atom", "whole", 1);
    site.put("tag/a.atom", "other", 1);
    site.commit();
    fs::write(site.dir.path().join("all.atom"), "wh").expect("torn");
    assert_eq!(site.reopen(), 2);
    assert_eq!(site.served("all.atom"), None);
    assert!(site.served("tag/a.atom").is_some());
    assert_eq!(site.put("all.atom", "whole", 1), Put::Written);
    assert_eq!(site.on_disk("all.atom").as_deref(), Some("whole"));
}

#[test]
fn a_torn_file_is_written_again_without_a_manifest_too() {
    let mut site = Site::new();
    site.put("all.atom", "whole", 1);
    fs::write(site.dir.path().join("all.atom"), "").expect("torn");
    assert_eq!(site.reopen(), 0);
    assert_eq!(site.put("all.atom", "whole", 1), Put::Written);
}

#[test]
fn a_file_newer_than_the_manifest_is_not_served_under_an_old_number() {
    let mut site = Site::new();
    site.put("all.atom", "one", 1);
    site.commit();
    site.put("all.atom", "two", 2);
    site.reopen();
    assert_eq!(site.served("all.atom"), None);
    site.put("all.atom", "two", 2);
    let (_, tag) = site.served("all.atom").expect("it is served");
    assert!(tag.starts_with("\"2-"), "{tag}");
}

#[test]
fn a_manifest_cut_anywhere_loses_lines_and_nothing_else() {
    let mut site = Site::new();
    for (path, sequence) in [("a.atom", 1), ("b.atom", 2), ("c.atom", 3)] {
        site.put(path, path, sequence);
        site.commit();
    }
    let manifest = site.dir.path().join(manifest::FILE);
    let log = fs::read(&manifest).expect("committed");
    for cut in (0..log.len()).step_by(11) {
        fs::write(&manifest, &log[..cut]).expect("writable");
        let served = site.reopen();
        assert!(served >= log[..cut].iter().filter(|b| **b == b'\n').count());
        // The next lines must not be glued to the torn one.
        for (path, sequence) in [("a.atom", 1), ("b.atom", 2), ("c.atom", 3)] {
            assert_eq!(site.put(path, path, sequence), Put::Unchanged);
        }
        site.commit();
        assert_eq!(site.reopen(), 3, "cut at {cut}");
    }
}

#[test]
fn a_manifest_of_rubbish_is_survived() {
    let mut site = Site::new();
    site.put("all.atom", "one", 1);
    site.commit();
    let outside = r#"{"path":"../x","blake3":"","media_type":"","sequence":1,"modified":"1970-01-01T00:00:00Z"}"#;
    let rubbish = [b"\xff\0\n{}\n[]\n".as_slice(), outside.as_bytes(), b"\n"].concat();
    fs::write(site.dir.path().join(manifest::FILE), rubbish).expect("writable");
    assert_eq!(site.reopen(), 0);
    assert_eq!(site.put("all.atom", "one", 1), Put::Unchanged);
}

#[test]
fn the_manifest_does_not_grow_without_bound() {
    let mut site = Site::new();
    for sequence in 0..3_000 {
        site.put("all.atom", &sequence.to_string(), sequence);
        if sequence % 200 == 0 {
            site.commit();
        }
    }
    site.commit();
    let lines = site.on_disk(manifest::FILE).map(|log| log.lines().count());
    assert!(lines < Some(1_300), "{lines:?} lines");
    assert_eq!(site.reopen(), 1);
}

#[test]
fn only_documents_that_are_not_wanted_are_removed() {
    let mut site = Site::new();
    fs::write(site.dir.path().join("README.md"), "mine").expect("writable");
    for path in ["all.atom", "tag/a.atom", "tag/b.atom"] {
        site.put(path, path, 1);
    }
    site.commit();
    site.reopen();
    let removed = site.publisher.retain(|path| path != "tag/a.atom");
    assert_eq!(removed.ok(), Some(1));
    site.commit();
    assert_eq!(site.on_disk("tag/a.atom"), None);
    assert_eq!(site.served("tag/a.atom"), None);
    assert_eq!(site.on_disk("README.md").as_deref(), Some("mine"));
    assert_eq!(site.reopen(), 2);
}

#[test]
fn no_path_leads_out_of_the_folder_or_to_what_is_not_ours() {
    let site = Site::new();
    for path in [
        "",
        "/etc/x",
        "../x",
        "tag/../../x",
        "tag//x",
        "tag/",
        ".",
        ".all.atom.tmp",
        "a\\b",
        "C:x",
        "a\0b",
        "README.md",
        "manifest.jsonl",
    ] {
        let put = site.publisher.put(path, version("", 1, ""));
        let kind = put.expect_err(path).kind();
        assert_eq!(kind, ErrorKind::InvalidInput, "{path:?}");
    }
}

#[test]
fn nothing_temporary_is_left_behind() {
    let mut site = Site::new();
    site.put("all.atom", "one", 1);
    fs::create_dir(site.dir.path().join("tag")).expect("writable");
    fs::create_dir(site.dir.path().join("tag/a.atom")).expect("writable");
    let blocked = site.publisher.put("tag/a.atom", version("two", 2, ""));
    assert!(blocked.is_err(), "a folder was replaced");
    assert_eq!(site.served("tag/a.atom"), None);
    site.commit();
    let names = |dir: &Path| {
        let mut names: Vec<_> = fs::read_dir(dir)
            .expect("readable")
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        names(site.dir.path()),
        [".lock", "all.atom", "manifest.jsonl", "tag"]
    );
    assert_eq!(names(&site.dir.path().join("tag")), ["a.atom"]);
}

#[test]
fn a_folder_has_one_publisher_and_is_free_once_that_is_gone() {
    let site = Site::new();
    let dir = || site.dir.path().to_owned();
    let taken = Publisher::open(dir()).expect_err("it is taken");
    let told = format!("is being written by the process {};", std::process::id());
    assert!(taken.to_string().contains(&told), "{taken}");
    // What serves it has no part in that.
    let shelf = site.publisher.shelf();
    let dir = site.dir;
    drop(site.publisher);
    let lock = fs::read(dir.path().join(".lock")).expect("it stays");
    assert!(lock.is_empty(), "and names nobody");
    Publisher::open(dir.path().to_owned()).expect("it is free");
    assert!(shelf.is_empty());
}
