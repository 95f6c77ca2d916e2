//! The first page and those of tags: what is new, and how to follow it.

use super::{holds, site};
use crate::harness::{Site, wait_for};

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
            "<h3 lang=\"pl\" dir=\"auto\"><a href=\"/entry/",
            "Most &lt;otwarty&gt; &amp; &quot;gotowy&quot;",
            "<link rel=\"alternate\" type=\"application/rss+xml\" \
             href=\"https://wici.portal.example/feeds/all.rss\" title=\"Portal\">",
            "<link rel=\"alternate\" hreflang=\"uk\" href=\"https://wici.portal.example/?lang=uk\">",
        ],
    );
    assert!(!page.contains("<script"), "{page}");
}

#[test]
fn of_a_publication_and_its_translations_one_is_listed_and_leads_to_the_others() {
    let site = site();
    for (path, title, also) in [
        ("/?lang=pl", "Most &lt;otwarty", "także <a"),
        ("/?lang=uk", "Міст відкрито</a>", "також <a"),
        ("/?lang=en", "Most &lt;otwarty", "also <a"),
        ("/tag/drogi?lang=pl", "Most &lt;otwarty", "także <a"),
        ("/tag/drogi?lang=uk", "Міст відкрито</a>", "також <a"),
    ] {
        let page = site.get(path).text();
        holds(&page, &[title, also]);
        let listed =
            page.matches("Most &lt;otwarty").count() + page.matches("Міст відкрито</a>").count();
        assert_eq!(listed, 1, "{path}: {page}");
    }
    // Its translation has not this tag.
    let page = site.get("/tag/wspolpraca?lang=uk").text();
    holds(&page, &["Most &lt;otwarty"]);
    assert!(!page.contains("також <a"), "{page}");
}

/// Whoever comes to the first page, or to that of a tag, sees there what to copy into a feed reader.
#[test]
fn the_address_to_follow_stands_at_the_head_of_each_list_and_can_be_copied() {
    let site = site();
    for (path, file) in [("/", "all.rss"), ("/tag/drogi", "tag/drogi.rss")] {
        let page = site.get(path).text();
        let address = format!("https://wici.portal.example/feeds/{file}");
        let (head, list) = page.split_once("<h2>Najnowsze").expect("a list");
        let copied = format!("type=\"text\" readonly value=\"{address}\"");
        holds(
            head,
            &[&copied, "Co to jest czytnik RSS?", "Tylko po ukraińsku"],
        );
        assert!(!list.contains("readonly"), "{list}");
        // Further pages go on with the list.
        let further = site.get(&format!("{path}?before=0-0")).text();
        assert!(!further.contains("readonly"), "{further}");
    }
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
    let page = empty.text();
    holds(&page, &["<h1>Zdrowie</h1>", "0 publikacji"]);
    assert!(!page.contains("readonly"), "there is no feed yet: {page}");
    for nowhere in ["/tag/nowhere", "/tag/%FF", "/tag/a/b"] {
        let answer = site.get(nowhere);
        assert_eq!(answer.status, 404, "{nowhere}");
        holds(&answer.text(), &["Nie ma takiej strony", "href=\"/\""]);
    }
    for nowhere in [
        "/tag/nowhere?lang=uk",
        "/entry/nowhere?lang=uk",
        "/nowhere?lang=uk",
    ] {
        let page = site.get(nowhere).text();
        holds(&page, &["Такої сторінки немає", "href=\"/?lang=uk\""]);
        assert!(!page.contains("href=\"/\""), "{nowhere}: {page}");
    }
    for page in ["most.md", "uk/mist.md"] {
        site.remove(page);
    }
    let gone = wait_for("the end of the tag", || {
        let answer = site.get("/tag/drogi");
        (answer.status == 410).then_some(answer)
    });
    holds(&gone.text(), &["Tej strony już nie ma", "noindex"]);
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
