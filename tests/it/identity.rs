//! Which publication is which: ids in files, tags by their ledger, and what can be asked of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Site, wait_for};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every file below a folder but hidden ones, which no reader is served, with what is in it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
    files.sort();
    files
}

#[test]
fn a_file_with_its_id_in_it_may_move_and_change_at_once() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    site.save(
        "nabor.md",
        "---\r\ntitle: Nabór # do zmiany\r\n---\r\nTekst.\r\n",
    );
    site.mails(1);
    site.feed("all.json", |feed| feed.contains("Nabór"));
    let before = files(&site.path("feeds"));
    let file = site.path("content/nabor.md");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("permissions");

    let id = "tag:portal.example,2026:pages/nabor.md";
    let told = format!("content/nabor.md: {id}");
    let dry = site.wici(&["ids", "write", "--dry-run", "nabor.md"]);
    assert!(dry.trim_end().ends_with(&told), "{dry}");
    assert!(!text(&fs::read(&file).expect("a file")).contains("id:"));
    assert_eq!(site.wici(&["ids", "write", "content/nabor.md"]), dry);
    let written = format!("---\r\nid: \"{id}\"\r\ntitle: Nabór # do zmiany\r\n---\r\nTekst.\r\n");
    assert_eq!(text(&fs::read(&file).expect("a file")), written);
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(
        site.wici(&["ids", "write", "nabor.md"]),
        "",
        "it has one now"
    );

    // Another file is read after it: by then, nothing came of it.
    site.save(
        "inny.md",
        "---\ntitle: Inny\ndate: 2020-01-01\n---\nTekst.\n",
    );
    wait_for("the other file", || {
        let list = site.json(&["publications", "list"]);
        (list.as_array()?.len() == 3).then_some(())
    });
    let detail = site.json(&["publications", "show", "nabor.md"]);
    assert_eq!(detail["revisions"].as_array().map(Vec::len), Some(1));
    site.feed("all.json", |feed| feed.contains("Inny"));
    site.remove("inny.md");
    site.feed("all.json", |feed| !feed.contains("Inny"));
    let entries = |files: &[(String, Vec<u8>)]| {
        let json = files.iter().find(|(path, _)| path.ends_with("/all.json"));
        let feed: Value = serde_json::from_slice(&json.expect("a feed").1).expect("JSON");
        feed["items"].clone()
    };
    assert_eq!(entries(&files(&site.path("feeds"))), entries(&before));

    // Moved and edited at once: by path and text alone it would be another.
    site.save(
        "2026/wyniki.md",
        &written.replace("Tekst", "Zupełnie inaczej"),
    );
    site.remove("nabor.md");
    let detail = wait_for("the move", || {
        let detail = site.json(&["publications", "show", id]);
        (detail["path"] == "2026/wyniki.md").then_some(detail)
    });
    assert_eq!(detail["standing"], "live");
    assert_eq!(detail["id"], id);
    assert_eq!(site.mails(1).len(), 1, "nobody was told twice");
}

#[test]
fn ids_are_written_as_a_build_gives_them_where_there_is_no_store() {
    let site = Site::new()
        .page("b.md", "+++\ntitle = 'B'\ndate = 2020-02-01\n+++\nTekst.\n")
        .page("c.md", "---\ndate: 2020-02-02\n---\n# C\n\nTekst.\n")
        .page("d.txt", "D\n\nDodane dnia 01.02.2013\n\nTekst.\n")
        .page(
            "e.md",
            "---\ntitle: E\ndate: 2020-02-03\nid: urn:wici:e\n---\nTekst.\n",
        )
        .page("f.md", "---\n{title: F, date: 2020-02-04}\n---\nTekst.\n")
        .page("g.md", "---\ntitle: G\ndraft: true\n---\nTekst.\n")
        .write();
    assert!(site.wici(&["build"]).status.success());
    let before = files(&site.path().join("feeds"));
    let output = site.wici(&["ids", "write"]);
    assert_eq!(output.status.code(), Some(1), "one file can't have one");
    let told: Vec<String> = text(&output.stdout)
        .lines()
        .filter_map(|line| line.split_once("content/").map(|(_, rest)| rest.to_owned()))
        .collect();
    let id = |path: &str| format!("{path}: tag:portal.example,2026:pages/{path}");
    assert_eq!(told, ["b.md", "c.md", "old.md"].map(id));
    let why = text(&output.stderr);
    assert!(why.contains("1 file of other forms than Markdown"), "{why}");
    assert!(why.contains("content/f.md: an id can't be put"), "{why}");
    assert!(why.contains("3 files got an id."), "{why}");
    assert!(!site.path().join("state").exists());
    assert!(site.wici(&["build"]).status.success());
    let after = files(&site.path().join("feeds"));
    let differing: Vec<&String> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after)
        .map(|((path, _), _)| path)
        .collect();
    assert!(differing.is_empty(), "{differing:?}");
    let named = site.wici(&["ids", "write", "content/d.txt"]);
    assert_eq!(named.status.code(), Some(1));
    assert!(text(&named.stderr).contains("content/d.txt: only Markdown"));
    let nowhere = site.wici(&["ids", "write", "nowhere"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(text(&nowhere.stderr).contains("no content file is at nowhere"));
}

#[test]
fn tags_are_named_by_id_or_label_and_feeds_bear_the_authors_words() {
    let page = |title: &str, tag: &str| {
        format!("---\ntitle: {title}\ndate: 2020-01-01\ntags: ['{tag}']\n---\nTekst.\n")
    };
    let site = Site::new()
        .page("a.md", &page("A", "Łódź"))
        .page("b.md", &page("B", "Lodz"))
        .page("c.md", &page("C", "C++"))
        .start()
        .after_first_scan();
    site.feed("tag/lodz.json", |feed| feed.contains("Łódź · Portal"));
    site.feed("tag/lodz-2.json", |feed| feed.contains("Lodz · Portal"));
    site.feed("tag/c-plus-plus.rss", |feed| {
        feed.contains("<title>C++ · Portal")
    });
    for (name, id) in [("łódź", "lodz"), ("LODZ", "lodz-2"), ("lodz-2", "lodz-2")] {
        let address = format!("{}@example.org", id.len() + name.len());
        site.subscribe(&address, &["--any", name]);
        let shown = site.json(&["subscribers", "show", &address]);
        assert_eq!(shown["subscriptions"][0]["any"][0], id, "{name}");
    }
    let list = site.json(&["publications", "list", "--tag", "Lodz"]);
    assert_eq!(list[0]["path"], "b.md");
    let status = site.json(&["status"]);
    assert_eq!(status["tags"][1]["label"], "Łódź");
    // Without a daemon, the same.
    let site = site.stop();
    let list = site.wici(&["publications", "list", "--tag", "łódź", "--json"]);
    let list: Value = serde_json::from_slice(&list.stdout).expect("JSON");
    assert_eq!(list[0]["path"], "a.md");
    // And as a build has it.
    fs::rename(site.path().join("feeds"), site.path().join("of-the-daemon")).expect("a rename");
    assert!(site.wici(&["build"]).status.success());
    let built = fs::read(site.path().join("feeds/tag/lodz-2.json")).expect("a feed");
    let former = fs::read(site.path().join("of-the-daemon/tag/lodz-2.json")).expect("a feed");
    assert_eq!(text(&built), text(&former));
}

#[test]
fn what_is_published_and_who_got_it_is_shown() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    site.save(
        "2026/nabor.md",
        "---\ntitle: Nabór\ntags: [Szkolenia]\n---\nTekst.\n",
    );
    site.mails(1);
    site.closed_run(1);
    let list = site.wici(&["publications", "list", "--most", "1"]);
    assert!(list.contains("Nabór") && !list.contains("Old"), "{list}");
    let list = site.json(&["publications", "list", "--standing", "live", "--skip", "1"]);
    assert_eq!(list[0]["path"], "old.md");
    let shown = site.wici(&["publications", "show", "nab", "--subscribers"]);
    for part in [
        "tag:portal.example,2026:pages/2026/nabor.md",
        "https://portal.example/2026/nabor/",
        "szkolenia",
        "released, news",
        "1 sent",
        "reader@example.org",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let refused = |arguments: &[&str]| {
        let output = crate::harness::wici(&site.path("."), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        text(&output.stderr)
    };
    let why = refused(&["publications", "show", ".md"]);
    assert!(why.contains("fits several publications: old.md"), "{why}");
    let why = refused(&["publications", "show", "kurs"]);
    assert!(why.contains("no publication has `kurs`"), "{why}");
    let why = refused(&["publications", "list", "--source", "news"]);
    assert!(why.contains("there are: pages"), "{why}");
    // Without a daemon, the same.
    let running = site.json(&["publications", "show", "nabor.md", "--subscribers"]);
    let site = site.stop();
    let output = site.wici(&[
        "publications",
        "show",
        "nabor.md",
        "--subscribers",
        "--json",
    ]);
    let resting: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(resting, running);
    assert_eq!(resting["mailed"][0]["counts"]["sent"], 1);
}
