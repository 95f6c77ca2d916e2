//! The pages of the running daemon: what people find there, in their language.

use std::fs;

use crate::harness::{Answer, Running, Site, wait_for};

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
fn the_first_page_lists_tags_feeds_and_what_is_new() {
    let site = site();
    let page = site.get("/").text();
    holds(
        &page,
        &[
            "<html lang=\"pl\">",
            "<a href=\"/tag/wspolpraca\">Współpraca</a>",
            "2 publikacje",
            "https://wici.portal.example/feeds/tag/drogi.rss",
            "https://wici.portal.example/feeds/pl/all.atom",
            "<h3 lang=\"uk\" dir=\"auto\"><a href=\"/entry/",
            "Most &lt;otwarty&gt; &amp; &quot;gotowy&quot;",
            "<link rel=\"alternate\" type=\"application/rss+xml\" \
             href=\"https://wici.portal.example/feeds/all.rss\" title=\"Portal\">",
            "<link rel=\"alternate\" hreflang=\"uk\" href=\"https://wici.portal.example/?lang=uk\">",
        ],
    );
    assert!(!page.contains("<script"), "{page}");
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
fn a_tag_is_found_under_each_of_its_names_as_long_as_it_has_something() {
    let site = site();
    let page = site.get("/tag/drogi");
    assert_eq!(page.status, 200);
    holds(
        &page.text(),
        &[
            "<h1>Drogi</h1>",
            "href=\"https://wici.portal.example/feeds/tag/drogi.json\" title=\"Drogi · Portal\"",
            "feeds/uk/tag/drogi.atom",
        ],
    );
    for (name, to) in [
        ("cooperation", "/tag/wspolpraca"),
        ("Wsp%C3%B3%C5%82praca?lang=en", "/tag/wspolpraca?lang=en"),
        ("Drogi", "/tag/drogi"),
    ] {
        let moved = site.get(&format!("/tag/{name}"));
        assert_eq!(
            (moved.status, moved.headers["location"].as_str()),
            (301, to)
        );
    }
    let empty = site.get("/tag/zdrowie");
    assert_eq!(empty.status, 200, "the configuration has it");
    holds(&empty.text(), &["<h1>Zdrowie</h1>", "0 publikacji"]);
    for nowhere in ["/tag/nowhere", "/tag/%FF", "/tag/a/b"] {
        let answer = site.get(nowhere);
        assert_eq!(answer.status, 404, "{nowhere}");
        holds(&answer.text(), &["Nie ma takiej strony", "href=\"/\""]);
    }
    for page in ["most.md", "uk/mist.md"] {
        site.remove(page);
    }
    let gone = wait_for("the end of the tag", || {
        let answer = site.get("/tag/drogi");
        (answer.status == 410).then_some(answer)
    });
    holds(&gone.text(), &["Tego już tu nie ma", "noindex"]);
}

#[test]
fn a_tag_is_leafed_through_to_its_oldest_publication() {
    let mut site = Site::new();
    for day in 1..=30 {
        let text =
            format!("---\ntitle: Dzień {day:02}\ndate: 2026-06-{day:02}\ntags: [a]\n---\nx\n");
        site = site.page(&format!("{day}.md"), &text);
    }
    let site = site.start();
    wait_for("all of them", || {
        site.get("/tag/a")
            .text()
            .contains("30 publikacji")
            .then_some(())
    });
    let (mut path, mut seen) = ("/tag/a?lang=pl".to_owned(), Vec::new());
    loop {
        let page = site.get(&path).text();
        let titles = page.split("Dzień ").skip(1);
        seen.extend(titles.map(|rest| rest[..2].parse::<u32>().expect("a day")));
        let Some((before, _)) = page.split_once("\" rel=\"next\"") else {
            break;
        };
        let (_, next) = before.rsplit_once("href=\"").expect("a link");
        path = next.replace("&amp;", "&");
        assert!(path.ends_with("&lang=pl"), "{path}");
    }
    assert_eq!(seen, (1..=30).rev().collect::<Vec<_>>());
    holds(&site.get("/tag/a?before=nonsense").text(), &["Dzień 30"]);
    let behind = site.get("/tag/a?before=0-0");
    assert_eq!(behind.status, 200);
    holds(&behind.text(), &["href=\"/tag/a\""]);
}

#[test]
fn a_publication_has_a_page_with_all_that_belongs_to_it() {
    let site = site();
    let answer = site.get(&bridge());
    assert_eq!(answer.status, 200);
    assert!(answer.headers["content-security-policy"].starts_with("default-src 'none'; style-src"));
    let page = answer.text();
    holds(
        &page,
        &[
            "<h1 lang=\"pl\" dir=\"auto\">Most &lt;otwarty&gt;",
            "20 listopada 2026",
            "zaktualizowano <time datetime=\"2026-11-2",
            "22 listopada 2026",
            "Autorstwo: Anna Wilk",
            "Nowa data otwarcia.",
            "<h2>Przejazd</h2>",
            "<h3>Dojazd</h3>",
            "src=\"https://portal.example/most/plan.png\"",
            "href=\"https://portal.example/most%20plan.pdf\"",
            "most plan.pdf</a>",
            "2 MB",
            "href=\"/tag/wspolpraca\" rel=\"tag\">Współpraca</a>",
            "href=\"https://portal.example/most/\"",
            "mailto:?subject=Most%20%3Cotwarty%3E%20%26%20%22gotowy%22&amp;body=",
            "readonly value=\"https://portal.example/most/\"",
            "feeds/tag/drogi.rss",
        ],
    );
    assert!(
        !page.contains("<script") && !page.contains("alert("),
        "{page}"
    );
    // A proxy may have decoded the slashes.
    let raw = site.get("/entry/https:%2F/portal.example/ids%3Fn%3D1%23most");
    assert_eq!(raw.status, 200);
    let translation = entry("tag:portal.example,2026:pages/uk/mist.md");
    let page = in_language(&site, &translation, "en").text();
    holds(
        &page,
        &[
            "<h1 lang=\"uk\"",
            "in Ukrainian",
            "hreflang=\"pl\">Most",
            "(in Polish)",
        ],
    );
}

#[test]
fn an_archived_publication_names_the_current_page() {
    let text = "Obecna strona jest wersją archiwalną. Aktualna wersja dostępna jest pod adresem: \
                https://portal.example/nowa\n\nRaport\n\nDodane dnia 18.12.2013\n\nTreść raportu.\n\n\
                Tagi: raporty\n";
    let site = Site::new().page("raport.txt", text).start();
    let path = entry("tag:portal.example,2026:pages/raport.txt");
    let page = wait_for("the page", || {
        let answer = site.get(&path);
        (answer.status == 200).then(|| answer.text())
    });
    holds(
        &page,
        &[
            "Wersja archiwalna",
            "href=\"https://portal.example/nowa\" rel=\"latest-version\"",
        ],
    );
    holds(&site.get("/").text(), &["Wersja archiwalna"]);
}

#[test]
fn what_was_withdrawn_is_gone_and_what_is_to_come_is_not_told() {
    let future = "---\ntitle: Tajne\ndate: 2999-01-01\n---\nx\n";
    let site = Site::new()
        .page("future.md", future)
        .start()
        .after_first_scan();
    let path = |name: &str| entry(&format!("tag:portal.example,2026:pages/{name}"));
    assert_eq!(site.get(&path("old.md")).status, 200);
    for name in ["future.md", "never.md", ""] {
        assert_eq!(site.get(&path(name)).status, 404, "{name}");
    }
    site.remove("old.md");
    let gone = wait_for("its end", || {
        let answer = site.get(&path("old.md"));
        (answer.status == 410).then_some(answer)
    });
    holds(&gone.text(), &["To, co tu było, zostało wycofane."]);
}

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
    let site = site();
    for (feed, href, style, words) in [
        ("all.rss", "feed.css", "feed.css", "To jest kanał"),
        ("tag/drogi.atom", "../feed.css", "feed.css", "To jest kanał"),
        ("uk/all.rss", "feed.css", "uk/feed.css", "Це стрічка"),
        (
            "uk/tag/drogi.rss",
            "../feed.css",
            "uk/feed.css",
            "Це стрічка",
        ),
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
        holds(&served.text(), &[words]);
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
