//! Feeds by any, all and none of some tags, over HTTP.

use serde_json::Value;

use crate::harness::{Running, Site, wait_for};

const TAGS: &str = r#"
[[tag]]
id = "prawo"
label = { pl = "Prawo", uk = "Право", en = "Law" }
aliases = ["ustawy"]
"#;

fn page(title: &str, tags: &str, more: &str) -> String {
    format!("---\ntitle: {title}\ntags: [{tags}]\n{more}---\nText of {title}.\n")
}

fn site() -> Running {
    let site = Site::new()
        .with(TAGS)
        .page(
            "a.md",
            &page("A", "ustawy, Pomoc społeczna", "date: 2020-03-01\n"),
        )
        .page("b.md", &page("B", "Raporty", "date: 2020-02-01\n"))
        .page(
            "c.md",
            &page("C", "Prawo, Raporty", "date: 2020-04-01\nlang: uk\n"),
        )
        .start();
    site.feed("all.atom", |feed| feed.matches("<entry>").count() == 4);
    site
}

fn titles(site: &Running, query: &str) -> Vec<String> {
    let answer = site.get(&format!("/feeds/query.json?{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let feed: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let items = feed["items"].as_array().expect("items").iter();
    items
        .map(|item| item["title"].as_str().expect("a title").to_owned())
        .collect()
}

#[test]
fn a_query_is_a_feed_of_what_passes() {
    let site = site();
    for (query, expected) in [
        ("any=prawo,raporty", &["C", "A", "B", "Old"][..]),
        ("all=prawo,raporty", &["C"]),
        ("any=pomoc-spoleczna,raporty&all=prawo", &["C", "A"]),
        ("any=pomoc-spoleczna,raporty&all=prawo&lang=pl", &["A"]),
        ("none=raporty", &["A", "Old"]),
        ("lang=en,uk", &["C"]),
        ("all=prawo&none=prawo", &[]),
    ] {
        assert_eq!(titles(&site, query), expected, "{query}");
    }
    // The same entries as any feed has, to the byte, under ids of its own.
    let query = site.get("/feeds/query.atom?any=pomoc-spoleczna,prawo");
    let (query, all) = (query.text(), site.get("/feeds/all.atom").text());
    let entry = |feed: &str, title: &str| {
        let entries = feed.split("<entry>").skip(1);
        let entries = entries.filter_map(|rest| rest.split("</entry>").next());
        let mut entries = entries.filter(|e| e.contains(&format!(">{title}</title>")));
        entries.next().map(str::to_owned).expect("an entry")
    };
    for title in ["A", "C", "Old"] {
        assert_eq!(entry(&query, title), entry(&all, title));
    }
    for part in [
        "<title>Pomoc społeczna lub Prawo · Portal</title>",
        "<id>tag:portal.example,2026:feed/query?any=pomoc-spoleczna,prawo</id>",
        "href=\"https://wici.portal.example/feeds/query.atom?any=pomoc-spoleczna,prawo\" rel=\"self\"",
    ] {
        assert!(query.contains(part), "{part} is not in {query}");
    }
    let ukrainian = site.get("/feeds/query.rss?all=prawo&none=pomoc-spoleczna&lang=uk");
    let title = "<title>Право, без теми «Pomoc społeczna» · Portal</title>";
    assert!(ukrainian.text().contains(title), "{}", ukrainian.text());
    assert_eq!(
        ukrainian.headers["content-type"],
        "application/rss+xml; charset=utf-8"
    );
}

#[test]
fn every_other_spelling_leads_to_the_one_address() {
    let site = site();
    for (spelled, address) in [
        ("any=raporty,prawo,raporty", "query.atom?any=prawo,raporty"),
        ("any=Raporty,Ustawy", "query.atom?any=prawo,raporty"),
        (
            "any=raporty%2C%D0%9F%D1%80%D0%B0%D0%B2%D0%BE",
            "query.atom?any=prawo,raporty",
        ),
        (
            "lang=UK,pl&none=&any=prawo,raporty",
            "query.atom?any=prawo,raporty&lang=pl,uk",
        ),
        (
            "any=pomoc+spo%C5%82eczna&all=prawo",
            "query.atom?all=pomoc-spoleczna,prawo",
        ),
        ("any=ustawy", "tag/prawo.atom"),
        ("all=prawo&lang=uk", "uk/tag/prawo.atom"),
        ("lang=pl", "pl/all.atom"),
        ("any=&none=,", "all.atom"),
        ("", "all.atom"),
    ] {
        let answer = site.get(&format!("/feeds/query.atom?{spelled}"));
        assert_eq!(answer.status, 301, "{spelled}: {}", answer.text());
        assert_eq!(answer.headers["location"], address, "{spelled}");
        let there = site.get(&format!("/feeds/{address}"));
        assert_eq!(there.status, 200, "{address}");
    }
}

#[test]
fn a_query_that_makes_no_sense_is_told_why() {
    let site = site();
    let many = format!("any={}", ["prawo"; 21].join(","));
    let long = format!("any={}", "a,".repeat(1_100));
    for (query, status, told) in [
        ("tags=prawo", 400, "Nie ma parametru „tags”."),
        (
            "any=prawo&any=raporty",
            400,
            "Parametr „any” podano więcej niż raz.",
        ),
        ("any=prawo&lang=xx", 400, "nie ma publikacji w języku „xx”"),
        (
            "any=prawo&lang=%F0%9F%A6%89",
            400,
            "nie ma publikacji w języku „🦉”",
        ),
        (&many, 400, "Największa liczba tematów: 20."),
        (&long, 400, "Największa długość zapytania w bajtach: 2048."),
        ("any=prawo,nic", 404, "Parametr „any”: nie ma tematu „nic”."),
    ] {
        let answer = site.get(&format!("/feeds/query.rss?{query}"));
        assert_eq!(answer.status, status, "{query}");
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
        assert!(answer.text().contains(told), "{query}: {}", answer.text());
    }
    let english = [("Accept-Language", "en")];
    let answer = site.request("GET", "/feeds/query.rss?all=nothing,prawo", &english);
    let told = "Parameter “all”: there is no topic “nothing”.";
    assert!(answer.text().starts_with(told), "{}", answer.text());
    for path in [
        "/feeds/query.xml",
        "/feeds/query",
        "/feeds/query.opml?any=a",
    ] {
        assert_eq!(site.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_query_is_sent_once_and_again_when_something_of_it_changed() {
    let site = site();
    let path = "/feeds/query.atom?any=pomoc-spoleczna,raporty";
    let first = site.get(path);
    let tag = first.headers["etag"].clone();
    assert!(
        tag.starts_with('"') && tag[1..2].parse::<u8>().is_ok(),
        "{tag}"
    );
    let again = |tag: &str| site.request("GET", path, &[("If-None-Match", tag)]);
    assert_eq!((again(&tag).status, again(&tag).body.len()), (304, 0));
    // What is not of it.
    site.save("old.md", &page("Older", "prawo", "date: 2020-01-01\n"));
    site.feed("all.atom", |feed| feed.contains("Older"));
    assert_eq!(again(&tag).status, 304);
    site.save("b.md", &page("Better", "Raporty", "date: 2020-02-01\n"));
    let changed = wait_for("the change", || {
        let answer = again(&tag);
        (answer.status == 200).then_some(answer)
    });
    assert!(changed.text().contains("Better"));
    site.remove("b.md");
    let former = &changed.headers["etag"];
    let without = wait_for("the departure", || {
        let answer = site.request("GET", path, &[("If-None-Match", former), ("A-IM", "feed")]);
        (!answer.text().contains("Better") && answer.status != 304).then_some(answer)
    });
    // A delta could not say what left; and numbers do not go back.
    assert_eq!((without.status, without.headers.get("im")), (200, None));
    let number = |tag: &str| {
        let digits = tag.trim_start_matches('"').split('-').next();
        digits.and_then(|digits| digits.parse::<u64>().ok())
    };
    assert!(number(former).is_some() && number(&without.headers["etag"]) >= number(former));
    let site = site.restart();
    wait_for("the same after a restart", || {
        let now = site.get(path);
        (now.status == 200 && !now.text().contains("Better")).then_some(())
    });
}
