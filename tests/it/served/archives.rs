//! Archives over HTTP (RFC 5005, RFC 6721): whoever follows a feed finds everything.

use std::collections::BTreeSet;

use super::page;
use crate::harness::{Running, Site, wait_for};

const ATOM: &str = "http://www.w3.org/2005/Atom";
const TOMBSTONES: &str = "http://purl.org/atompub/tombstones/1.0";

/// What is in a feed, and what was, by the paths of the files.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    entries: BTreeSet<String>,
    deleted: BTreeSet<String>,
    pages: usize,
}

/// Follows a feed by `prev-archive` to its end.
fn walk(site: &Running, feed: &str) -> Told {
    let mut told = Told::default();
    let mut archived = BTreeSet::new();
    let mut next = Some(format!("/feeds/{feed}.atom"));
    while let Some(path) = next {
        let answer = site.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        let text = answer.text();
        let document = roxmltree::Document::parse(&text).expect("XML");
        let root = document.root_element();
        let path_of = |id: &str| id.rsplit_once('/').expect("a path").1.to_owned();
        let entries = root.children().filter(|n| n.has_tag_name((ATOM, "entry")));
        let ids = entries.map(|entry| {
            let id = entry.children().find(|n| n.has_tag_name((ATOM, "id")));
            path_of(id.and_then(|id| id.text()).expect("an id"))
        });
        let deleted = root
            .children()
            .filter(|n| n.has_tag_name((TOMBSTONES, "deleted-entry")));
        let deleted = deleted.map(|one| path_of(one.attribute("ref").expect("an id")));
        let (ids, deleted): (Vec<_>, Vec<_>) = (ids.collect(), deleted.collect());
        if path.contains("/archive/") {
            told.pages += 1;
            for id in ids.iter().chain(&deleted) {
                assert!(archived.insert(id.clone()), "{id} is on two pages");
            }
        }
        told.entries.extend(ids);
        told.deleted.extend(deleted);
        next = root
            .children()
            .find(|n| n.attribute("rel") == Some("prev-archive"))
            .and_then(|link| link.attribute("href"))
            .and_then(|href| Some(format!("/feeds/{}", href.split_once("/feeds/")?.1)));
    }
    told
}

/// Files `000.md`, `001.md`, … and the one that every site has.
fn names(numbers: std::ops::Range<u32>) -> BTreeSet<String> {
    let names = numbers.map(|number| format!("{number:03}.md"));
    names.chain(["old.md".to_owned()]).collect()
}

/// A publication of its own date; the files' numbers are in the order of these.
fn dated(number: u32, title: &str, tag: &str) -> String {
    let (hour, minute) = (number / 60, number % 60);
    let date = format!("date: 2026-01-01 {hour:02}:{minute:02}:00\n");
    page(title, tag).replacen("---\n", &format!("---\n{date}"), 1)
}

#[test]
fn whoever_follows_a_feed_finds_everything_also_after_changes_and_a_restart() {
    let mut site = Site::new();
    for number in 0..230 {
        site = site.page(&format!("{number:03}.md"), &dated(number, "Text", "prawo"));
    }
    let site = site.start();
    let expected = Told {
        entries: names(0..230),
        deleted: BTreeSet::new(),
        pages: 4,
    };
    for feed in ["all", "tag/prawo"] {
        wait_for(feed, || {
            let is_there = site.get(&format!("/feeds/{feed}.atom")).status == 200;
            (is_there && walk(&site, feed) == expected).then_some(())
        });
    }
    let first = site.get("/feeds/archive/1.atom");
    let oldest = roxmltree::Document::parse(&first.text())
        .expect("XML")
        .descendants()
        .filter(|n| n.has_tag_name((ATOM, "entry")))
        .count();
    assert_eq!(oldest, 50);
    assert!(first.text().contains("000.md") && first.text().contains("048.md"));

    site.save("007.md", &dated(7, "Otherwise", "prawo"));
    site.save("010.md", &dated(10, "Text", "pomoc"));
    site.remove("020.md");
    site.remove("229.md");
    let (mut all, mut prawo) = (names(0..230), names(0..230));
    for gone in ["020.md", "229.md"] {
        all.remove(gone);
        prawo.remove(gone);
    }
    prawo.remove("010.md");
    let told = |entries: BTreeSet<String>, deleted: &[&str]| Told {
        entries,
        deleted: deleted.iter().map(|one| (*one).to_owned()).collect(),
        pages: 4,
    };
    let all = told(all, &["020.md", "229.md"]);
    let prawo = told(prawo, &["010.md", "020.md", "229.md"]);
    let all_are_told = |site: &Running| {
        wait_for("all", || (walk(site, "all") == all).then_some(()));
        wait_for("the tag's", || {
            (walk(site, "tag/prawo") == prawo).then_some(())
        });
        wait_for("the edit", || {
            let edited = site.get("/feeds/tag/prawo/archive/1.atom");
            edited.text().contains("Otherwise").then_some(())
        });
    };
    all_are_told(&site);
    let site = site.restart();
    all_are_told(&site);

    // A page that is lost is made again, and is the same.
    let before = site.get("/feeds/archive/2.atom");
    let file = site.path("feeds/archive/2.atom");
    std::fs::write(&file, "torn").expect("writable");
    let site = site.restart();
    wait_for("the page", || {
        let again = site.get("/feeds/archive/2.atom");
        (again.status == 200).then(|| assert_eq!(again.text(), before.text()))
    });
}

#[test]
fn a_build_without_state_has_the_same_pages_when_something_newer_comes() {
    let mut site = Site::new();
    for number in 0..120 {
        // Later files have earlier dates.
        site = site.page(
            &format!("{number:03}.md"),
            &dated(200 - number, "Text", "prawo"),
        );
    }
    let site = site.write();
    let build = || {
        let output = site.wici(&["build"]);
        assert!(output.status.success());
        let read = |page| std::fs::read_to_string(site.path().join("feeds").join(page));
        let pages = [
            "archive/1.atom",
            "archive/2.atom",
            "tag/prawo/archive/2.atom",
        ];
        pages.map(|page| read(page).expect("a page"))
    };
    let before = build();
    assert!(before[0].contains("119.md"), "the oldest are first");
    let newer = dated(230, "Newer", "prawo");
    std::fs::write(site.path().join("content/050b.md"), newer).expect("writable");
    assert_eq!(build(), before);
}
