//! Publications and their translations point to each other, whatever says that they are translations.

use serde_json::{Value, json};

use crate::harness::{Running, Site};

const POLISH: &str = "---\ntitle: Most\ndate: 2026-01-02\n---\nNowy most stoi.\n";
const UKRAINIAN: &str = "---\ntitle: Міст\ndate: 2026-01-03\n---\nНовий міст стоїть.\n";
const ENGLISH: &str = "---\ntitle: Bridge\ndate: 2026-01-04\n---\nThe new bridge stands.\n";

/// One page by folders and as a bundle, another by suffixes.
fn site() -> Running {
    let site = Site::new()
        .page("pl/a/most.md", POLISH)
        .page("uk/a/most.md", UKRAINIAN)
        .page("a/most/index.en.md", ENGLISH)
        .page("szlak.md", &POLISH.replace("Most", "Szlak"))
        .page("szlak.uk.md", &UKRAINIAN.replace("Міст", "Шлях"));
    let site = site.start().after_first_scan();
    site.feed("all.atom", |feed| {
        ["Most", "Міст", "Bridge", "Szlak", "Шлях"]
            .iter()
            .all(|title| feed.contains(title))
    });
    site
}

fn id(path: &str) -> String {
    format!("tag:portal.example,2026:pages/{path}")
}

fn entry(path: &str) -> String {
    format!("/entry/{}", id(path).replace('/', "%2F"))
}

/// The languages that something links to as its own and as others', in order.
fn languages(text: &str) -> Vec<&str> {
    let links = text
        .split('<')
        .filter(|element| element.contains("link") && element.contains("rel=\"alternate\""));
    let named = links.filter_map(|link| link.split_once("hreflang=\"")?.1.split('"').next());
    let mut named: Vec<&str> = named.collect();
    named.sort_unstable();
    named
}

/// What is written of one entry, from its title to its end.
fn part<'t>(text: &'t str, title: &str, end: &str) -> &'t str {
    let from = text.find(&format!(">{title}<")).expect("the title");
    let begin = text[..from]
        .rfind(&end.replace('/', ""))
        .expect("a beginning");
    let rest = &text[begin..];
    &rest[..rest.find(end).expect("an end")]
}

/// The languages of a bridge, everywhere where they are told.
fn told(site: &Running, path: &str, title: &str, expected: &[&str]) {
    let own = [("Most", "pl"), ("Міст", "uk"), ("Bridge", "en")];
    let own = own.iter().find(|(name, _)| *name == title).expect("its").1;
    let all = |feed: &str| {
        site.feed(feed, |text| {
            let end = if feed.ends_with("rss") {
                "</item>"
            } else {
                "</entry>"
            };
            let mut found = languages(part(text, title, end));
            // The entry's own page in its language is told in any case.
            found.dedup();
            found == expected || (expected.is_empty() && found == [own])
        })
    };
    for feed in ["all.atom", &format!("{own}/all.atom"), "all.rss"] {
        all(feed);
    }
    let others: Vec<&str> = expected.iter().filter(|l| **l != own).copied().collect();
    site.feed("all.json", |text| {
        let feed: Value = serde_json::from_str(text).expect("JSON");
        let items = feed["items"].as_array().expect("a list");
        let item = items.iter().find(|item| item["id"] == id(path));
        let translations = &item.expect("the item")["_wici"]["translations"];
        let translations = translations.as_array().into_iter().flatten();
        translations
            .map(|other| other["language"].as_str())
            .eq(others.iter().map(|l| Some(*l)))
    });
    let page = site.get(&entry(path)).text();
    assert_eq!(languages(&page), expected, "{page}");
    let sitemap = site.get("/sitemap/1.xml").text();
    let line = sitemap
        .lines()
        .find(|line| line.contains(&format!("<loc>https://wici.portal.example{}<", entry(path))));
    assert_eq!(languages(line.expect("its line")), expected, "{sitemap}");
    let shown = site.json(&["publications", "show", &id(path)]);
    let shown = shown["translations"].as_array().expect("a list");
    let shown: Vec<&Value> = shown.iter().map(|other| &other["language"]).collect();
    assert_eq!(json!(shown), json!(others));
}

#[test]
fn translations_by_folder_bundle_and_suffix_point_to_each_other_until_one_goes() {
    let site = site();
    told(&site, "pl/a/most.md", "Most", &["en", "pl", "uk"]);
    told(&site, "uk/a/most.md", "Міст", &["en", "pl", "uk"]);
    told(&site, "a/most/index.en.md", "Bridge", &["en", "pl", "uk"]);
    let trail = site.get(&entry("szlak.uk.md")).text();
    assert_eq!(languages(&trail), ["pl", "uk"]);
    let table = site.wici(&["publications", "show", &id("szlak.md")]);
    assert!(table.contains("uk: Шлях"), "{table}");

    site.remove("a/most/index.en.md");
    told(&site, "pl/a/most.md", "Most", &["pl", "uk"]);
    told(&site, "uk/a/most.md", "Міст", &["pl", "uk"]);

    // Two in one language: nobody can say which of them the third translates.
    site.save("a/most.md", &POLISH.replace("stoi", "jest"));
    told(&site, "uk/a/most.md", "Міст", &[]);
    told(&site, "pl/a/most.md", "Most", &[]);
    site.remove("a/most.md");
    told(&site, "uk/a/most.md", "Міст", &["pl", "uk"]);

    // A restart changes nothing.
    let site = site.kill_and_restart();
    told(&site, "pl/a/most.md", "Most", &["pl", "uk"]);
    let detail = site.json(&["publications", "show", "uk/a/most.md"]);
    let revisions = detail["revisions"].as_array().map(Vec::len);
    assert_eq!(revisions, Some(1), "what became of others is no revision");
}

#[test]
fn what_files_surely_say_wrong_of_their_translations_is_told() {
    let keyed = |text: &str| text.replace("---\nt", "---\ntranslationKey: most\nt");
    let site = Site::new()
        .page("most.md", &keyed(POLISH))
        .page("drugi.md", &keyed(POLISH))
        .page("bridge.en.md", &keyed(ENGLISH))
        .page("szlak.md", POLISH)
        .page("pl/szlak.md", POLISH)
        .write();
    let output = site.wici(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(told.matches("translation key").count(), 1, "{told}");
    assert!(told.contains("which is in `pl`, too"), "{told}");
    // These may be two pages.
    assert!(!told.contains("szlak"), "{told}");
}
