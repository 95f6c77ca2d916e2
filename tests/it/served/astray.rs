//! Addresses that lead to no feed.

use super::page;
use crate::harness::{Running, Site};

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
        let answer = crate::harness::wait_for("the end of the format", || {
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
