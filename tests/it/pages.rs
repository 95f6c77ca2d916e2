//! The pages of the running daemon: what people find there, in their language.

mod entries;
mod lists;
mod programs;

use std::fs;

use crate::harness::{Answer, Running, Site};

const TAG: &str = "
[[tag]]
id = \"wspolpraca\"
label = { pl = \"Współpraca\", uk = \"Співпраця\", en = \"Cooperation\" }
aliases = [\"cooperation\"]
[[tag]]
id = \"zdrowie\"
label = { pl = \"Zdrowie\" }
";

const BRIDGE: &str = "---
title: Most <otwarty> & \"gotowy\"
id: https://portal.example/ids?n=1#most
date: 2026-11-20
lastmod: 2026-11-22
tags: [współpraca, Drogi]
authors: [Anna Wilk]
change_note: Nowa data otwarcia.
enclosure: { url: \"https://portal.example/most%20plan.pdf\", type: application/pdf, length: 1500001 }
---

# Przejazd

### Dojazd

Tekst z obrazem ![plan](plan.png) i <script>alert(1)</script> bez skryptu.
";

const BRIDGE_UK: &str = "---
title: Міст відкрито
date: 2026-11-21
tags: [Drogi]
translation_of: https://portal.example/ids?n=1#most
---

Міст відкрито для всіх мешканців, і рух уже відновлено.
";

fn entry(id: &str) -> String {
    let id = id.replace(':', "%3A").replace('/', "%2F");
    format!("/entry/{}", id.replace('?', "%3F").replace('#', "%23"))
}

fn bridge() -> String {
    entry("https://portal.example/ids?n=1#most")
}

fn site() -> Running {
    let site = Site::new().with(TAG);
    let site = site.page("most.md", BRIDGE).page("uk/mist.md", BRIDGE_UK);
    let site = site.start().after_first_scan();
    site.feed("all.atom", |feed| {
        ["Міст", "Most", "Old"]
            .iter()
            .all(|title| feed.contains(title))
    });
    site
}

fn in_language(site: &Running, path: &str, language: &str) -> Answer {
    site.request("GET", path, &[("Accept-Language", language)])
}

fn holds(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

#[test]
fn the_language_is_the_readers_or_the_chosen_one_and_goes_with_every_link() {
    let site = site();
    for (asked, path, language, words) in [
        ("uk-UA,pl;q=0.5", "/", "uk", "Співпраця"),
        ("en", "/", "en", "2 publications"),
        ("de", "/", "pl", "2 publikacje"),
        ("pl", "/?lang=en", "en", "Cooperation"),
        ("pl", "/?lang=xx", "pl", "Współpraca"),
        ("pl", "/tag/wspolpraca?lang=uk", "uk", "<h1>Співпраця</h1>"),
        (
            "pl",
            &format!("{}?lang=uk", bridge()),
            "uk",
            "20 листопада 2026 р.",
        ),
    ] {
        let answer = in_language(&site, path, asked);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.headers["content-language"], language);
        assert_eq!(answer.headers["vary"], "Accept-Language");
        holds(
            &answer.text(),
            &[&format!("<html lang=\"{language}\">"), words],
        );
    }
    let chosen = site.get("/?lang=uk").text();
    holds(
        &chosen,
        &[
            "/tag/drogi?lang=uk\"",
            "n%3D1%23most?lang=uk\"",
            "href=\"/?lang=pl\"",
        ],
    );
    assert!(!chosen.contains("/tag/drogi\""), "{chosen}");
}

#[test]
fn a_page_that_a_reader_has_is_not_sent_again() {
    let site = site();
    for path in ["/", "/tag/drogi", &bridge()] {
        let page = site.get(path);
        assert_eq!(page.headers["cache-control"], "public, max-age=60");
        let tag = page.headers["etag"].as_str();
        let again = site.request(
            "GET",
            path,
            &[("If-None-Match", &format!("\"x\", W/{tag}"))],
        );
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.headers["etag"], tag);
        assert_eq!(
            site.request("GET", path, &[("If-None-Match", "\"x\"")])
                .status,
            200
        );
        let head = site.request("HEAD", path, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.headers["etag"], tag);
    }
}

#[test]
fn a_sites_own_template_makes_its_pages() {
    let site = Site::new().write();
    fs::create_dir(site.path().join("templates")).expect("a folder");
    let own =
        "{% extends \"page.html\" %}{% block main %}<h1>{{ title }}, po naszemu</h1>{% endblock %}";
    fs::write(site.path().join("templates/entry.html"), own).expect("a template");
    let site = site.start().after_first_scan();
    let page = site.get(&entry("tag:portal.example,2026:pages/old.md"));
    holds(
        &page.text(),
        &["<h1>Old, po naszemu</h1>", "Powrót do serwisu"],
    );
}
