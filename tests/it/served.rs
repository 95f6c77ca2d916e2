//! Feeds on disk and over HTTP: the same, whole, and there at once.

mod answers;
mod archives;
mod astray;
mod renamed;

use std::os::unix::fs::MetadataExt;

use crate::harness::{Running, Site, wait_for};

fn page(title: &str, tags: &str) -> String {
    format!("---\ntitle: {title}\ntags: [{tags}]\n---\nText of {title}.\n")
}

/// The date of a feed, once its second is over.
fn dated(site: &Running, path: &str) -> String {
    wait_for("a date", || {
        site.get(path).headers.get("last-modified").cloned()
    })
}

#[test]
fn a_change_touches_only_the_feeds_it_is_in() {
    let site = Site::new().page("b.md", &page("Help", "pomoc")).start();
    // Either file may settle first.
    for path in ["tag/prawo.atom", "tag/pomoc.atom"] {
        site.feed(path, |_| true);
    }
    let written = |name: &str| {
        let metadata = std::fs::metadata(site.path("feeds").join(name)).expect("a feed");
        (metadata.ino(), metadata.modified().expect("a time"))
    };
    let before = (written("tag/prawo.atom"), written("tag/pomoc.atom"));
    let served = site.get("/feeds/tag/prawo.atom").headers["etag"].clone();
    site.save("b.md", &page("More help", "pomoc"));
    site.feed("tag/pomoc.atom", |feed| feed.contains("More help"));
    site.feed("all.atom", |feed| feed.contains("More help"));
    assert_eq!(written("tag/prawo.atom"), before.0);
    assert_ne!(written("tag/pomoc.atom"), before.1);
    assert_eq!(site.get("/feeds/tag/prawo.atom").headers["etag"], served);
}

/// Programs built on libcurl drop an answer whose date they have, whatever its tag.
#[test]
fn a_change_within_the_same_second_is_seen_by_date_too() {
    let site = Site::new().start().after_first_scan();
    let first = dated(&site, "/feeds/all.rss");
    site.save("a.md", &page("First", "prawo"));
    let changed = wait_for("the changed feed", || {
        let answer = site.request("GET", "/feeds/all.rss", &[("If-Modified-Since", &first)]);
        (answer.status == 200).then_some(answer)
    });
    assert!(changed.text().contains("First"));
    assert_ne!(dated(&site, "/feeds/all.rss"), first);
}

#[test]
fn feeds_are_served_before_and_without_the_content() {
    let site = Site::new().page("a.md", &page("First", "prawo")).start();
    site.feed("tag/prawo.atom", |feed| feed.contains("First"));
    site.feed("index.opml", |list| list.contains("prawo"));
    let before = site.get("/feeds/tag/prawo.atom");
    let rest = site.stop();
    let content = rest.path().join("content");
    std::fs::rename(&content, rest.path().join("away")).expect("it is there");
    let site = rest.start();
    let again = site.get("/feeds/tag/prawo.atom");
    assert_eq!((again.status, again.text()), (200, before.text()));
    assert_eq!(again.headers["etag"], before.headers["etag"]);
}

/// A power loss can leave a file that was renamed and not written.
#[test]
fn a_torn_feed_is_not_served_and_is_made_anew() {
    let site = Site::new().page("a.md", &page("First", "prawo")).start();
    site.feed("index.opml", |list| list.contains("prawo"));
    let before = site.get("/feeds/all.atom");
    let rest = site.stop();
    let file = rest.path().join("feeds/all.atom");
    let whole = std::fs::read(&file).expect("a feed");
    std::fs::write(&file, vec![0; whole.len()]).expect("writable");
    let site = rest.start();
    let again = wait_for("the feed", || {
        let answer = site.get("/feeds/all.atom");
        assert!([200, 503].contains(&answer.status), "{}", answer.status);
        (answer.status == 200).then_some(answer)
    });
    assert_eq!(again.text(), before.text());
    assert_eq!(again.headers["etag"], before.headers["etag"]);
    // It is served from memory while it is written.
    wait_for("the file", || {
        (std::fs::read(&file).expect("a feed") == whole).then_some(())
    });
}

#[test]
fn another_configuration_makes_other_feeds() {
    let site = Site::new().page("a.md", &page("First", "prawo")).start();
    site.feed("index.opml", |list| list.contains("prawo"));
    let rest = site.stop();
    let file = rest.path().join("daemon.toml");
    let former = std::fs::read_to_string(&file).expect("a configuration");
    let changed = format!("{former}\n[feeds]\ncontent = \"summary\"\nformats = [\"atom\"]\n");
    std::fs::write(&file, changed).expect("writable");
    let site = rest.start();
    site.feed("tag/prawo.atom", |feed| !feed.contains("<content"));
    wait_for("the end of the format", || {
        (site.get("/feeds/all.rss").status == 410).then_some(())
    });
    assert!(!site.path("feeds/all.rss").exists());
}
