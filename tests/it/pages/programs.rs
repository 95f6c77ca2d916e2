//! What programs find: pages by their addresses, and feeds as browsers show them.

use std::fs;

use super::{holds, site};
use crate::harness::wait_for;

#[test]
fn programs_find_every_page_and_what_is_not_for_them() {
    let site = site();
    let robots = site.get("/robots.txt");
    assert_eq!(robots.headers["content-type"], "text/plain; charset=utf-8");
    holds(
        &robots.text(),
        &[
            "Disallow: /unsubscribe/\n",
            "Sitemap: https://wici.portal.example/sitemap.xml\n",
        ],
    );
    let index = site.get("/sitemap.xml").text();
    let parts: Vec<&str> = index
        .split("<loc>https://wici.portal.example")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .collect();
    assert_eq!(parts, ["/sitemap/pages.xml", "/sitemap/1.xml"]);
    holds(
        &site.get(parts[0]).text(),
        &[
            "<loc>https://wici.portal.example/</loc>",
            "<loc>https://wici.portal.example/tag/drogi</loc>",
        ],
    );
    let entries = site.get(parts[1]).text();
    holds(
        &entries,
        &[
            "/entry/https:%2F%2Fportal.example%2Fids%3Fn%3D1%23most</loc><lastmod>2026-11-2",
            "/entry/tag:portal.example,2026:pages%2Fold.md</loc><lastmod>20",
        ],
    );
    assert_eq!(entries.matches("<loc>").count(), 3);
    for nowhere in ["0.xml", "2.xml", "1", "x.xml", "99999999999999999999.xml"] {
        assert_eq!(
            site.get(&format!("/sitemap/{nowhere}")).status,
            404,
            "{nowhere}"
        );
    }
    for sign in ["/favicon.svg", "/favicon.ico"] {
        let sign = site.get(sign);
        assert_eq!(sign.headers["content-type"], "image/svg+xml");
        holds(&sign.text(), &["<svg"]);
    }
}

#[test]
fn a_feed_says_how_a_browser_is_to_show_it_in_its_language() {
    // Of a feed, and of a page of its archive, which is nothing to follow.
    const PL: [&str; 2] = ["To jest kanał", "To jest archiwum kanału"];
    const UK: [&str; 2] = ["Це стрічка", "Це архів стрічки"];
    let site = site();
    for (feed, href, style, words) in [
        ("all.rss", "feed.css", "feed.css", PL),
        ("tag/drogi.atom", "../feed.css", "feed.css", PL),
        ("uk/all.rss", "feed.css", "uk/feed.css", UK),
        ("uk/tag/drogi.rss", "../feed.css", "uk/feed.css", UK),
    ] {
        let text = site.feed(feed, |text| text.contains("Міст"));
        let (declaration, rest) = text.split_once("?>\n").expect("a declaration");
        assert!(
            declaration.starts_with("<?xml version=\"1.0\""),
            "{declaration}"
        );
        let instruction = format!("<?xml-stylesheet type=\"text/css\" href=\"{href}\"?>\n<");
        assert!(rest.starts_with(&instruction), "{rest}");
        let served = wait_for(style, || {
            let served = site.get(&format!("/feeds/{style}"));
            (served.status == 200).then_some(served)
        });
        assert_eq!(served.headers["content-type"], "text/css; charset=utf-8");
        holds(&served.text(), &words);
        assert_eq!(
            served.body,
            fs::read(site.path("feeds").join(style)).expect("a file")
        );
    }
}

#[test]
fn each_language_has_a_list_of_its_feeds() {
    let site = site();
    let list = site.feed("uk/index.opml", |list| list.contains("drogi"));
    let feeds: Vec<&str> = list.split("xmlUrl=\"").skip(1).collect();
    assert!(
        feeds.iter().all(|feed| feed.contains("/feeds/uk/")),
        "{list}"
    );
    assert_eq!(feeds.len(), 2, "{list}");
    let served = site.get("/feeds/uk/index.opml");
    assert_eq!(served.headers["content-type"], "text/x-opml; charset=utf-8");
    let page = site.get("/").text();
    holds(
        &page,
        &[
            "/feeds/index.opml\"",
            "/feeds/uk/index.opml\"",
            "Lista kanałów po ukraińsku (OPML)",
        ],
    );
}
