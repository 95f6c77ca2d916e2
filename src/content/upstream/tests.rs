//! Feeds of each format, whole and broken.

use super::*;
use crate::config;
use proptest::prelude::*;
use std::path::Path;

type Tested = Result<(), Box<dyn std::error::Error>>;

const CONFIG: &str = r#"
[site]
title = "Portal"
url = "https://portal.example/"
authority = "portal.example,2026"
languages = ["pl", "uk", "en"]
[[source]]
name = "news"
kind = "feed"
url = "https://news.example/feed"
[[tag]]
id = "pomoc"
label = { uk = "Допомога" }
[mail]
from = "wici@portal.example"
"#;

fn reader() -> Result<Reader, String> {
    let config = config::parse(CONFIG, Path::new("daemon.toml"), Path::new(""));
    let config = config.map_err(|problems| format!("{problems:?}"))?;
    Ok(Reader::new(&config.upstreams[0], &config))
}

fn read_as(media_type: Option<&str>, bytes: &[u8]) -> Result<Reading, String> {
    let url = Url::parse("https://news.example/blog/feed").map_err(|error| error.to_string())?;
    let read = reader()?.read(&url, media_type, bytes);
    read.map_err(|problem| problem.to_string())
}

fn read(text: &str) -> Result<Reading, String> {
    read_as(None, text.as_bytes())
}

fn whole(text: &str) -> Result<Vec<Found>, String> {
    let reading = read(text)?;
    match reading.problems.as_slice() {
        [] => Ok(reading.found),
        problems => Err(format!("{problems:?}")),
    }
}

fn date(found: &Found) -> Option<String> {
    found.published.map(|at| at.to_string())
}

fn tags(found: &Found) -> Vec<&str> {
    found.tags.iter().map(|tag| tag.id.as_str()).collect()
}

fn id(found: &Found) -> &str {
    found.declared_id.as_ref().map_or("", |id| id.0.as_str())
}

#[test]
fn rss_2_is_read_whole() -> Tested {
    let found = whole(include_str!("samples/rss20.xml"))?;
    let [bridge, duty, untitled] = found.as_slice() else {
        return Err("three entries".into());
    };
    assert_eq!(bridge.title, "Remont mostu & objazd przez łąki");
    assert_eq!(id(bridge), "urn:uuid:0b3d6f1e-2a64-4f8c-9a3e-5d1f6a7b8c9d");
    assert_eq!(bridge.path, id(bridge));
    assert_eq!(bridge.link, "https://news.example/remont-mostu?od=rss");
    assert_eq!(bridge.language.as_str(), "pl");
    assert_eq!(date(bridge).as_deref(), Some("2026-11-24T07:00:00Z"));
    assert_eq!(tags(bridge), ["drogi", "komunikaty"]);
    assert_eq!(bridge.summary, "Most będzie zamknięty do piątku.");
    assert!(
        bridge.body.contains("href=\"https://news.example/mapa\""),
        "{}",
        bridge.body
    );
    assert!(
        bridge
            .body
            .contains("src=\"https://news.example/most.jpg\"")
    );
    assert!(!bridge.body.contains("alert"));
    assert_eq!(bridge.authors, ["Anna Nowak"]);
    assert_eq!(
        bridge.image.as_deref(),
        Some("https://gmina.example/most-maly.jpg")
    );
    assert_eq!(bridge.enclosures.len(), 1);
    assert_eq!(bridge.enclosures[0].length, Some(1024));

    // Its guid is its address; no e-mail address goes on.
    assert_eq!(
        (duty.link.as_str(), id(duty)),
        ("https://gmina.example/dyzur", "https://gmina.example/dyzur")
    );
    assert_eq!(duty.title, "Dyżur 5 < 6 & więcej");
    assert_eq!(duty.authors, ["Jan Kowalski"]);
    assert_eq!(date(duty).as_deref(), Some("2026-11-24T08:30:00Z"));
    assert_eq!(duty.body, "<p>Bez znaczników,<br>tylko tekst.</p>");

    assert_eq!(untitled.title, "Wpis bez tytułu, za to z treścią.");
    assert_eq!((untitled.path.as_str(), id(untitled)), ("post-17", ""));
    assert_eq!(untitled.minted_id.0, "tag:portal.example,2026:news/post-17");
    assert_eq!(untitled.published, None);
    Ok(())
}

#[test]
fn older_rss_is_read_and_entries_without_ids_have_lasting_names() -> Tested {
    let text = include_str!("samples/rss092.xml");
    let found = whole(text)?;
    let [courses, notice] = found.as_slice() else {
        return Err("two entries".into());
    };
    assert_eq!(
        (courses.path.as_str(), id(courses)),
        ("http://stary.example/kursy", "")
    );
    assert_eq!(
        courses.minted_id.0,
        "tag:portal.example,2026:news/http:/%2F/stary.example/kursy".replace("/%2F/", "//")
    );
    assert_eq!(notice.link, "http://stary.example/");
    assert_eq!(notice.title, "Ogłoszenie, które nie ma adresu.");
    // A new title is not a new entry.
    let renamed = whole(&text.replace("Kursy wieczorowe", "Kursy wieczorowe i poranne"))?;
    assert_eq!(renamed[0].path, courses.path);
    assert_eq!(renamed[1], *notice);
    for version in ["0.91", "0.93", "0.94", "2.0", "2.0.1", "2.00"] {
        let other = whole(&text.replace("0.92", version))?;
        assert_eq!(other, found, "{version}");
    }
    assert_eq!(whole(&text.replace(" version=\"0.92\"", ""))?, found);
    assert_eq!(
        whole(include_str!("samples/rss090.xml"))?[0].title,
        "Pierwszy wpis"
    );
    Ok(())
}

#[test]
fn rdf_is_read_in_its_own_encoding() -> Tested {
    let reading = read_as(
        Some("application/rdf+xml"),
        include_bytes!("samples/rdf.xml"),
    )?;
    let books = &reading.found[0];
    assert_eq!(books.title, "Nowe książki w czytelni");
    assert_eq!(id(books), "http://biblioteka.example/ksiazki");
    assert_eq!(date(books).as_deref(), Some("2026-11-19T23:00:00Z"));
    assert_eq!(
        (books.summary.as_str(), books.authors[0].as_str()),
        ("Półka przy oknie.", "Wypożyczalnia")
    );
    Ok(())
}

#[test]
fn atom_is_read_by_what_it_says_of_its_texts() -> Tested {
    let found = whole(include_str!("samples/atom.xml"))?;
    let [hours, plain] = found.as_slice() else {
        return Err("two entries".into());
    };
    assert_eq!(
        (hours.title.as_str(), hours.language.as_str()),
        ("Графік прийому & довідки", "uk")
    );
    assert_eq!(
        (id(hours), hours.link.as_str()),
        ("tag:hromada.example,2020:1", "https://hromada.example/1")
    );
    assert_eq!(date(hours).as_deref(), Some("2026-11-20T08:00:00Z"));
    assert_eq!(hours.updated, Some("2026-11-24T10:00:00Z".parse()?));
    assert_eq!(tags(hours), ["pomoc"]);
    assert_eq!(hours.summary, "Коротко про графік.");
    assert_eq!(hours.body, "<p>Щодня з <b>восьмої</b>.</p>");
    assert_eq!(hours.authors, ["Прес-служба"]);
    assert_eq!(
        hours.image.as_deref(),
        Some("https://hromada.example/1.png")
    );

    assert_eq!(plain.title, "Plain <b> stays plain");
    assert_eq!((plain.path.as_str(), id(plain)), ("not an iri at all", ""));
    assert_eq!(
        plain.minted_id.0,
        "tag:portal.example,2026:news/not%20an%20iri%20at%20all"
    );
    assert_eq!(plain.link, "https://news.example/blog/2");
    assert_eq!(
        plain.body,
        "<p>One line.</p><p>Another paragraph &amp; more.</p>"
    );
    assert_eq!(
        (date(plain).as_deref(), plain.authors[0].as_str()),
        (Some("2026-11-23T10:00:00Z"), "Olena")
    );
    Ok(())
}

#[test]
fn json_feed_is_read_with_numbers_for_ids_and_files_without_types() -> Tested {
    let found = whole(include_str!("samples/feed.json"))?;
    let [talk, words] = found.as_slice() else {
        return Err("two entries".into());
    };
    assert_eq!(
        (talk.title.as_str(), talk.path.as_str()),
        ("Morning talk <live>", "42")
    );
    assert_eq!(
        (talk.link.as_str(), talk.language.as_str()),
        ("https://news.example/42", "en")
    );
    assert_eq!(tags(talk), ["rail"]);
    assert_eq!(talk.image.as_deref(), Some("https://news.example/42.webp"));
    let files: Vec<&str> = talk
        .enclosures
        .iter()
        .map(|file| file.media_type.as_str())
        .collect();
    assert_eq!(files, ["audio/mpeg", "application/octet-stream"]);
    assert_eq!(talk.authors, ["Studio"]);
    assert_eq!(words.title, "Just words, without a title.");
    assert_eq!(
        (words.link.as_str(), id(words)),
        ("https://radio.example/41", "https://radio.example/41")
    );
    Ok(())
}

#[test]
fn what_is_ill_formed_is_told_with_its_line() {
    let cases = [
        (
            "<rss version=\"2.0\">\n<channel>\n<item><title>A</b></title></item></channel></rss>",
            "https://news.example/blog/feed:3: the feed is ill-formed",
        ),
        (
            "<rss version=\"2.0\">\n<channel>\n<item><title>A",
            "the feed is ill-formed",
        ),
        (
            "{\"version\": \"https://jsonfeed.org/version/1\",\n\"items\": oops}",
            "https://news.example/blog/feed:2: the feed is ill-formed",
        ),
        (
            "<!doctype html><html><title>Sign in</title></html>",
            "there is no feed",
        ),
        ("Not found", "there is no feed"),
        ("", "there is no feed"),
    ];
    for (text, expected) in cases {
        let told = read(text).expect_err(text);
        assert!(told.contains(expected), "{text}: {told}");
    }
    let told = read_as(None, b"<rss>\n\xB6</rss>").expect_err("no encoding");
    assert!(
        told.contains("feed:2: the feed is in none of the encodings"),
        "{told}"
    );
}

#[test]
fn of_two_entries_of_one_id_the_first_is_taken_and_the_other_told() -> Tested {
    let item = |title: &str| format!("<item><guid>urn:a:1</guid><title>{title}</title></item>");
    let feed = |items: &str| format!("<rss version='2.0'><channel>{items}</channel></rss>");
    let reading = read(&feed(&(item("New") + &item("Old") + &item("New"))))?;
    assert_eq!((reading.found.len(), reading.problems.len()), (1, 1));
    assert_eq!(reading.found[0].title, "New");
    let nothing = read(&feed("<item><guid>urn:a:2</guid></item>"))?;
    assert!(
        nothing.problems[0]
            .1
            .what
            .contains("neither title nor text")
    );
    Ok(())
}

#[test]
fn nobody_takes_an_id_that_this_site_mints() -> Tested {
    let id = "tag:portal.example,2026:news/x";
    let text = format!(
        "<rss version='2.0'><channel><item><guid>{id}</guid><title>A</title></item></channel></rss>"
    );
    let reading = read(&text)?;
    assert!(reading.found.is_empty());
    assert!(reading.problems[0].1.what.contains("this site's own"));
    // Another program of the same owner may have minted it.
    assert_eq!(read(&text.replace(":news/", ":elsewhere/"))?.found.len(), 1);
    Ok(())
}

#[test]
fn long_ids_are_cut_and_stay_apart() -> Tested {
    let item = |end: &str| {
        format!(
            "<item><guid>{}{end}</guid><title>A</title></item>",
            "ż".repeat(4_000)
        )
    };
    let found = whole(&format!(
        "<rss version='2.0'><channel>{}{}</channel></rss>",
        item("1"),
        item("2")
    ))?;
    assert_ne!(found[0].path, found[1].path);
    assert!(
        found
            .iter()
            .all(|one| one.path.len() <= 500 && one.minted_id.0.len() <= 3_000)
    );
    Ok(())
}

#[test]
fn what_would_cost_out_of_all_proportion_is_refused_in_good_time() {
    let many =
        |one: &dyn Fn(usize) -> String, times: usize| (0..times).map(one).collect::<String>();
    let deep = "<a>".repeat(100_000);
    let attributes = many(&|n| format!(" a{n}=''"), 100_000);
    let namespaces = many(&|n| format!("<a xmlns:n{n}='urn:n'>"), 100_000);
    for body in [deep, format!("<a{attributes}/>"), namespaces] {
        let told = read(&format!("<rss version='2.0'>{body}</rss>")).expect_err("too complex");
        assert!(told.contains("too complex"), "{told}");
    }
    let nested = format!(
        "{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":{}",
        "[".repeat(100_000)
    );
    assert!(read(&nested).is_err());
}

proptest! {
    /// Whatever a feed is made of, it ends in publications or in a problem.
    #[test]
    fn no_bytes_end_the_reading(
        sample in 0..6_usize,
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        length in any::<prop::sample::Index>(),
    ) {
        let samples: [&[u8]; 6] = [
            include_bytes!("samples/rss20.xml"),
            include_bytes!("samples/rss092.xml"),
            include_bytes!("samples/rss090.xml"),
            include_bytes!("samples/rdf.xml"),
            include_bytes!("samples/atom.xml"),
            include_bytes!("samples/feed.json"),
        ];
        let mut bytes = samples[sample].to_vec();
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(length.index(bytes.len()) + 1);
        if let Ok(reading) = read_as(None, &bytes) {
            for found in reading.found {
                prop_assert!(!found.title.is_empty() && !found.path.is_empty());
                prop_assert!(found.link.starts_with("http"), "{}", found.link);
            }
        }
    }
}
