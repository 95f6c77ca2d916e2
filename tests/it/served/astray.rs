//! Addresses that lead to no feed.

use super::page;
use crate::harness::{Running, Site, wait_for};

const TAGS: &str = "
[[tag]]
id = \"prawo\"
label = { pl = \"Prawo\", uk = \"Право\", en = \"Law\" }
aliases = [\"przepisy\"]
";

fn site() -> Running {
    let site = Site::new()
        .page("a.md", &page("First", "\"C++ & spółka\""))
        .with(TAGS)
        .start();
    site.feed("index.opml", |list| {
        list.contains("prawo") && list.contains("spolka")
    });
    site
}

#[test]
fn who_guesses_is_told_what_there_is() {
    let site = site();
    for (guess, meant) in [
        ("/feeds/all.xml", "feeds/all.atom"),
        ("/feeds/all", "feeds/all.json"),
        ("/feeds/ALL.RSS", "feeds/all.rss"),
        ("/feeds/all.rss/", "feeds/all.rss"),
        ("/feeds/pl/tag/prawo.xml", "feeds/pl/tag/prawo.rss"),
        ("/feeds/tag/przepisy.xml", "feeds/tag/prawo.rss"),
        ("/feeds/", "feeds/all.rss"),
        ("/feeds/none.rss", "feeds/all.rss"),
        ("/feeds/tag/none.rss", "feeds/all.rss"),
        ("/feeds/tag/%FF.rss", "feeds/all.rss"),
        ("/feeds/../daemon.toml", "feeds/all.rss"),
        ("/nowhere", "feeds/all.rss"),
    ] {
        let answer = site.get(guess);
        assert_eq!(answer.status, 404, "{guess}");
        let text = answer.text();
        assert!(text.contains("lang=\"pl\""), "{guess}");
        for address in ["/", &format!("https://wici.portal.example/{meant}")] {
            let link = format!("href=\"{address}\"");
            assert!(text.contains(&link), "{guess}: {text}");
        }
    }
}

#[test]
fn a_feed_by_another_name_of_its_tag_is_elsewhere_for_good() {
    let site = site();
    for (name, id) in [
        ("tag/przepisy.rss", "tag/prawo.rss"),
        ("tag/PRAWO.atom", "tag/prawo.atom"),
        ("pl/tag/law.json", "pl/tag/prawo.json"),
        ("tag/%D0%9F%D1%80%D0%B0%D0%B2%D0%BE.rss", "tag/prawo.rss"),
        (
            "tag/c++%20%26%20sp%C3%B3%C5%82ka.rss",
            "tag/c-plus-plus-spolka.rss",
        ),
    ] {
        let answer = site.get(&format!("/feeds/{name}"));
        assert_eq!(answer.status, 301, "{name}: {}", answer.text());
        let location = format!("https://wici.portal.example/feeds/{id}");
        assert_eq!(answer.headers["location"], location);
        assert_eq!(site.get(&format!("/feeds/{id}")).status, 200);
    }
}

#[test]
fn a_feed_in_a_format_that_is_no_longer_written_is_gone() {
    let rest = site().stop();
    let file = rest.path().join("daemon.toml");
    let former = std::fs::read_to_string(&file).expect("a configuration");
    std::fs::write(&file, former + "[feeds]\nformats = [\"atom\"]\n").expect("writable");
    let site = rest.start();
    for path in ["all.rss", "pl/tag/prawo.json"] {
        let answer = wait_for("the end of the format", || {
            let answer = site.get(&format!("/feeds/{path}"));
            (answer.status == 410).then_some(answer)
        });
        let stem = path.split_once('.').expect("an ending").0;
        assert!(
            answer.text().contains(&format!("feeds/{stem}.atom")),
            "{path}"
        );
    }
    // What never was is not gone.
    for path in ["uk/tag/prawo.rss", "tag/none.rss"] {
        assert_eq!(site.get(&format!("/feeds/{path}")).status, 404, "{path}");
    }
}

/// What was there until the configuration and the content changed, and what never was.
#[test]
fn what_is_no_longer_there_is_answered_for_what_it_was() {
    let english = "---\ntitle: Law\nlang: en\ntags: [prawo]\n---\nText.\n";
    let site = (0..55).fold(Site::new(), |site, number| {
        let title = format!("Page {number}");
        site.page(&format!("{number}.md"), &page(&title, "raporty"))
    });
    let site = site
        .page("en.md", english)
        .page("gone.md", &page("Gone", "pomoc"))
        .page(
            "late.md",
            "---\ntitle: Late\ndate: 2190-01-01\n---\nText.\n",
        )
        .start();
    let is = |path: &str, status: u16| {
        wait_for(&format!("{status} at {path}"), || {
            (site.get(path).status == status).then_some(())
        });
    };
    for path in [
        "/feeds/tag/raporty/archive/1.atom",
        "/feeds/query.rss?any=pomoc,raporty",
        "/feeds/en/tag/prawo.rss",
        "/feeds/tag/pomoc.atom",
        "/tag/pomoc",
        "/entry/tag:portal.example,2026:pages/gone.md",
        "/?lang=en",
    ] {
        is(path, 200);
    }
    site.remove("gone.md");
    site.feed("tag/pomoc.atom", |feed| feed.contains("deleted-entry"));
    site.reconfigure("[\"pl\", \"uk\", \"en\"]", "[\"pl\", \"uk\"]");
    let feeds = "[feeds]\nformats = [\"atom\"]\narchives = false\n[web]";
    site.reconfigure("[web]", feeds);
    site.hang_up();
    is("/feeds/all.rss", 410);
    for (path, status, meant) in [
        // A format that is no longer written.
        ("/feeds/en/tag/prawo.rss", 410, "en/tag/prawo.atom"),
        ("/feeds/query.rss?any=pomoc,raporty", 410, "all.atom"),
        // Archives that are no longer kept.
        ("/feeds/archive/1.atom", 410, "all.atom"),
        ("/feeds/tag/raporty/archive/1.atom", 410, "tag/raporty.atom"),
        // A tag whose last publication was withdrawn: its feed says so, and may have others.
        ("/feeds/tag/pomoc.atom", 200, "tag/pomoc.atom"),
        ("/feeds/query.atom?any=pomoc,raporty", 200, "query.atom"),
        ("/tag/pomoc", 410, "all.atom"),
        (
            "/entry/tag:portal.example,2026:pages/gone.md",
            410,
            "all.atom",
        ),
        // A language that pages no longer speak, and publications do.
        ("/feeds/en/tag/prawo.atom", 200, "en/tag/prawo.atom"),
        ("/feeds/en/index.opml", 200, "en/all.atom"),
        ("/tag/prawo?lang=en", 200, "tag/prawo.atom"),
        // What never was.
        ("/feeds/tag/raporty/archive/9.atom", 404, "tag/raporty.atom"),
        ("/feeds/tag/none/archive/1.atom", 404, "all.atom"),
        ("/feeds/pl/archive/1.atom", 404, "all.atom"),
        ("/feeds/uk/tag/prawo.rss", 404, "tag/prawo.atom"),
        ("/feeds/fr/index.opml", 404, "all.atom"),
        ("/feeds/tag/none.atom", 404, "all.atom"),
        ("/tag/none", 404, "all.atom"),
        (
            "/entry/tag:portal.example,2026:pages/none.md",
            404,
            "all.atom",
        ),
        // What is not there yet.
        (
            "/entry/tag:portal.example,2026:pages/late.md",
            404,
            "all.atom",
        ),
    ] {
        let answer = site.get(path);
        assert_eq!(answer.status, status, "{path}");
        let text = answer.text();
        assert!(text.contains(&format!("/feeds/{meant}")), "{path}: {text}");
        if status == 200 {
            continue;
        }
        // What is offered is there.
        for link in text.split("href=\"https://wici.portal.example").skip(1) {
            let link = link.split('"').next().expect("the end of a link");
            assert_eq!(site.get(link).status, 200, "{link} on {path}");
        }
    }
}
