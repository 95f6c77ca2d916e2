//! No more than what is new, for readers who have an earlier version of a feed (RFC 3229).

use std::collections::BTreeSet;
use std::io::Read;

use crate::harness::{Answer, Running, Site, wait_for};

fn page(title: &str, day: u32) -> String {
    format!("---\ntitle: {title}\ndate: 2020-05-{day:02}\ntags: [prawo]\n---\nText of {title}.\n")
}

/// Edits are seen one by one.
fn site() -> Running {
    let site = Site::new();
    let site = (1..=4).fold(site, |site, day| {
        site.page(&format!("{day}.md"), &page(&format!("Page {day}"), day))
    });
    let site = site.start();
    site.feed("all.atom", |feed| feed.matches("<entry>").count() == 5);
    site.feed("index.opml", |list| list.contains("prawo"));
    site
}

fn asking(site: &Running, path: &str, tag: &str, more: &[(&str, &str)]) -> Answer {
    let given = [("A-IM", "feed"), ("If-None-Match", tag)];
    site.request("GET", path, &[&given, more].concat())
}

/// The titles of the entries, in whichever format.
fn titles(feed: &str) -> BTreeSet<String> {
    let xml = roxmltree::Document::parse(feed).expect("XML");
    let titles = xml.descendants().filter(|node| {
        let parent = node.parent().map(|parent| parent.tag_name().name());
        node.tag_name().name() == "title" && matches!(parent, Some("entry" | "item"))
    });
    titles.filter_map(|t| t.text().map(str::to_owned)).collect()
}

/// The feed's tag once it is another than this.
fn after(site: &Running, path: &str, tag: &str) -> String {
    wait_for(&format!("another version of {path}"), || {
        let now = site.get(path).headers["etag"].clone();
        (now != tag).then_some(now)
    })
}

#[test]
fn whoever_has_a_version_is_told_what_changed_since_then() {
    let mut site = site();
    for path in [
        "/feeds/all.atom",
        "/feeds/tag/prawo.rss",
        "/feeds/query.atom?lang=pl,uk",
    ] {
        let first = site.get(path);
        assert_eq!(first.status, 200, "{path}: {}", first.text());
        let mut tags = vec![first.headers["etag"].clone()];
        let edits = ["One", "Two", "Three"].map(|title| format!("{title} of {path}"));
        for (day, title) in (1..).zip(&edits) {
            site.save(&format!("{day}.md"), &page(title, day));
            tags.push(after(&site, path, tags.last().expect("a tag")));
        }
        let (now, former) = tags.split_last().expect("tags");
        // The files know it, also after a start, and what is rendered for whoever asks does not.
        if !path.contains('?') {
            let hash = now.trim_matches('"').split('-').nth(1).expect("a hash");
            wait_for("the manifest", || {
                let manifest = std::fs::read_to_string(site.path("feeds/manifest.jsonl")).ok()?;
                manifest
                    .contains(&format!("\"blake3\":\"{hash}"))
                    .then_some(())
            });
            site = site.restart();
        }
        for (number, tag) in former.iter().enumerate() {
            let delta = asking(&site, path, tag, &[]);
            assert_eq!(delta.status, 226, "{path} since {tag}");
            let expected: BTreeSet<String> = edits[number..].iter().cloned().collect();
            assert_eq!(titles(&delta.text()), expected, "{path} since {tag}");
            for (name, value) in [
                ("etag", now.as_str()),
                ("im", "feed"),
                ("delta-base", tag.as_str()),
                ("cache-control", "no-store, im, max-age=300"),
                (
                    "vary",
                    "Accept-Encoding, A-IM, If-None-Match, Sec-Fetch-Dest",
                ),
            ] {
                assert_eq!(delta.headers[name], value, "{path} since {tag}");
            }
            assert!(site.get(path).body.len() > delta.body.len());
        }
        assert_eq!(asking(&site, path, now, &[]).status, 304);
    }
}

#[test]
fn a_query_that_changed_while_nobody_was_there_is_sent_whole_once() {
    let site = site();
    let path = "/feeds/query.atom?lang=pl,uk";
    let former = site.get(path).headers["etag"].clone();
    let site = site.restart();
    // The same version is known by its bytes.
    assert_eq!(asking(&site, path, &former, &[]).status, 304);
    let stopped = site.stop();
    let file = stopped.path().join("content/2.md");
    std::fs::write(file, page("Changed", 2)).expect("a page");
    let site = stopped.start();
    site.feed("all.atom", |feed| feed.contains("Changed"));
    let now = asking(&site, path, &former, &[]);
    assert_eq!((now.status, now.headers.get("im")), (200, None));
    assert_eq!(now.text(), site.get(path).text());
    let tag = &now.headers["etag"];
    site.save("3.md", &page("Changed too", 3));
    after(&site, path, tag);
    let delta = asking(&site, path, tag, &[]);
    assert_eq!(delta.status, 226);
    let changed = BTreeSet::from(["Changed too".to_owned()]);
    assert_eq!(titles(&delta.text()), changed);
}

#[test]
fn a_delta_is_coded_as_its_tag_says() {
    let site = site();
    let path = "/feeds/all.rss";
    let gzip = [("Accept-Encoding", "gzip")];
    let first = site.request("GET", path, &gzip).headers["etag"].clone();
    let plain = site.get(path).headers["etag"].clone();
    site.save("2.md", &page("Changed", 2));
    let now = after(&site, path, &plain);
    for tag in [&first, &plain] {
        let delta = asking(&site, path, tag, &gzip);
        assert_eq!(
            (delta.status, &*delta.headers["content-encoding"]),
            (226, "gzip")
        );
        assert_eq!(
            delta.headers["etag"],
            format!("{}-gz\"", now.trim_end_matches('"'))
        );
        let mut text = String::new();
        let mut decoder = flate2::read::GzDecoder::new(delta.body.as_slice());
        decoder.read_to_string(&mut text).expect("gzip");
        assert_eq!(titles(&text), BTreeSet::from(["Changed".to_owned()]));
        assert_eq!(text, asking(&site, path, tag, &[]).text());
        assert_eq!(
            asking(&site, path, &delta.headers["etag"], &gzip).status,
            304
        );
    }
}

#[test]
fn who_has_something_else_or_asks_for_no_delta_gets_the_feed() {
    let site = site();
    let path = "/feeds/all.atom";
    let former = site.get(path).headers["etag"].clone();
    let json = site.get("/feeds/all.json").headers["etag"].clone();
    site.save("2.md", &page("Changed", 2));
    after(&site, path, &former);
    after(&site, "/feeds/all.json", &json);
    let whole = site.get(path);
    assert_eq!(
        whole.headers["vary"],
        "Accept-Encoding, A-IM, Sec-Fetch-Dest"
    );
    let longer = former.replace("-", "-0");
    for tag in [
        &longer,
        "\"1-0123456789abcdef\"",
        "\"\"",
        "nonsense",
        "\"0\", W/",
    ] {
        let answer = asking(&site, path, tag, &[]);
        assert_eq!((answer.status, answer.text()), (200, whole.text()), "{tag}");
        assert_eq!(answer.headers.get("im"), None);
    }
    for given in [
        &[("If-None-Match", former.as_str())][..],
        &[("A-IM", "gzip, feed;q=0"), ("If-None-Match", &former)],
        &[("A-IM", "feed")],
    ] {
        assert_eq!(site.request("GET", path, given).status, 200, "{given:?}");
    }
    assert_eq!(asking(&site, "/feeds/all.json", &json, &[]).status, 200);
    let several = format!("\"other\", {former}");
    let delta = asking(&site, path, &several, &[]);
    assert_eq!((delta.status, &delta.headers["delta-base"]), (226, &former));
    assert_eq!(
        titles(&delta.text()),
        BTreeSet::from(["Changed".to_owned()])
    );
}

#[test]
fn what_left_the_feed_makes_room_for_what_is_older() {
    let site = (1..=4).fold(Site::new().with("[feeds]\nitems = 3\n"), |site, day| {
        site.page(&format!("{day}.md"), &page(&format!("Page {day}"), day))
    });
    let site = site.start();
    let path = "/feeds/pl/all.atom";
    let shown = site.feed("pl/all.atom", |feed| {
        (2..=4).all(|day| feed.contains(&format!(">Page {day}<")))
    });
    assert!(!shown.contains(">Page 1<"));
    let former = site.get(path).headers["etag"].clone();
    site.remove("4.md");
    after(&site, path, &former);
    let delta = asking(&site, path, &former, &[]);
    assert_eq!(delta.status, 226);
    assert_eq!(titles(&delta.text()), BTreeSet::from(["Page 1".to_owned()]));
    // What left is told as in the whole feed (RFC 6721).
    let gone = "ref=\"tag:portal.example,2026:pages/4.md\"";
    assert_eq!(delta.text().matches(gone).count(), 1, "{}", delta.text());
}
