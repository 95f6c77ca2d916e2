//! What must hold for any input of each parser. Run by the fuzz targets on what they think up, and
//! by `cargo test` on what they once found (`corpus/`).

use std::panic;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use quick_xml::Reader as XmlReader;
use quick_xml::events::Event;
use url::Url;
use wici::config::{self, Config};
use wici::content::parse::{Context, Parsed, parse};
use wici::content::upstream::Reader;
use wici::domain::{CronLine, Found, Language};
use wici::feed::{self, Entry, Feed, Format, History};
use wici::text::html;

/// The forms of content files, chosen by the first byte of the input.
const NAMES: [&str; 3] = ["nabor.md", "strona.txt", "strona.html"];

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let text = r#"
[site]
title = "Portal"
url = "https://portal.example/"
authority = "portal.example,2026"
languages = ["pl", "uk", "en"]
[[source]]
name = "pages"
path = "content"
[[source]]
name = "elsewhere"
kind = "feed"
url = "https://news.example/feed"
[[tag]]
id = "prawo"
aliases = ["право"]
[mail]
from = "wici@portal.example"
"#;
    config::parse(text, Path::new("daemon.toml"), Path::new("/srv"))
        .unwrap_or_else(|problems| panic!("{problems:?}"))
});

/// A content file: what is read of it, every feed can carry.
pub fn page(input: &[u8]) {
    let Some((choice, bytes)) = input.split_first() else {
        return;
    };
    let context = Context::new(
        &CONFIG.sources[0],
        &CONFIG.site,
        &CONFIG.tags,
        &CONFIG.labels,
    );
    let name = NAMES[usize::from(*choice) % NAMES.len()];
    if let Ok(Parsed::Publication(found)) = parse(name, bytes, &context) {
        publishable(&found);
    }
}

/// An upstream feed: panics within feed-rs are the daemon's to catch, but what is read, every feed
/// can carry.
pub fn upstream(input: &[u8]) {
    let upstream = &CONFIG.upstreams[0];
    let reader = Reader::new(upstream, &CONFIG);
    // The fuzzer's own hook would end the process before anybody could catch a panic.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let read = panic::catch_unwind(|| reader.read(&upstream.url, None, input));
    panic::set_hook(hook);
    if let Ok(Ok(reading)) = read {
        reading.found.iter().for_each(publishable);
    }
}

fn publishable(found: &Found) {
    let plain = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    assert!(plain(&found.title), "title: {:?}", found.title);
    assert!(found.summary.is_empty() || plain(&found.summary));
    assert!(Url::parse(&found.link).is_ok(), "{}", found.link);
    for tag in &found.tags {
        assert!(plain(&tag.label), "tag: {:?}", tag.label);
    }
    harmless(&found.body);
    carried(found);
}

/// HTML from anywhere: what is left of it is harmless, and nothing more is taken from it.
pub fn html(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(base) = Url::parse("https://portal.example/strona/") else {
        return;
    };
    let Ok(clean) = html::sanitise(text, &base) else {
        return;
    };
    harmless(&clean);
    let summary = html::summary(&clean);
    assert!(!summary.contains('\n'), "{summary:?}");
    if let Ok(again) = html::sanitise(&clean, &base) {
        harmless(&again);
    }
}

/// A configuration: read, or every problem has a place and a remedy.
pub fn configuration(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Err(problems) = config::parse(text, Path::new("daemon.toml"), Path::new("/srv")) {
        assert!(!problems.is_empty());
        for problem in problems {
            assert!(!problem.what.is_empty() && !problem.remedy.is_empty());
        }
    }
}

/// A cron line: what is due comes later than what was due.
pub fn cron(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(line) = CronLine::parse(text) else {
        return;
    };
    let zone = CONFIG.site.zone.clone();
    let Ok(mut now) = "2026-03-28T23:00:00Z".parse() else {
        return;
    };
    for _ in 0..8 {
        let Some(next) = line.next_after(&zone, now) else {
            return;
        };
        assert!(next > now, "{text:?}: {next} is not after {now}");
        now = next;
    }
}

/// No script, no handler, no address that runs something.
fn harmless(body: &str) {
    let lower = body.to_ascii_lowercase();
    for bad in [
        "<script", "<iframe", "<object", "<style", "<form", "<meta", "<base",
    ] {
        assert!(!lower.contains(bad), "{bad} in {body:?}");
    }
    // Text may speak of anything, and so may most values: names and addresses are looked at.
    for tag in body.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let parts: Vec<&str> = tag.split('"').collect();
        for pair in parts.chunks(2) {
            let name = pair[0].trim().to_ascii_lowercase();
            let value = pair.get(1).unwrap_or(&"").trim().to_ascii_lowercase();
            assert!(
                !name.contains(" on") && !name.starts_with("on") && !name.contains("style="),
                "{name} in {tag:?}"
            );
            if name.ends_with("href=") || name.ends_with("src=") {
                let runs = ["javascript:", "data:", "vbscript:"];
                assert!(
                    !runs.iter().any(|scheme| value.starts_with(scheme)),
                    "{tag:?}"
                );
            }
        }
    }
}

/// What passes the check is well-formed in every format.
fn carried(found: &Found) {
    let Ok(now) = "2026-11-24T08:00:00Z".parse() else {
        return;
    };
    let publication = found.revision(found.minted_id.clone(), now);
    if feed::check(&publication).is_err() {
        return;
    }
    let Ok(language) = Language::parse("pl") else {
        return;
    };
    let feed = Feed {
        id: "tag:portal.example,2026:feed/all".to_owned(),
        title: "Portal".to_owned(),
        description: "Portal".to_owned(),
        home: "https://portal.example/".to_owned(),
        base: "https://portal.example/feeds/".to_owned(),
        stem: "all".to_owned(),
        hub: Some("https://portal.example/hub".to_owned()),
        query: String::new(),
        language: None,
        site_language: language,
        updated: now,
        ttl: 5,
        author: "Portal".to_owned(),
        scheme: "tag:portal.example,2026:tags".to_owned(),
        history: History::default(),
        entries: vec![Entry {
            publication: Arc::new(publication),
            categories: Vec::new(),
            body: Some(found.body.as_str().to_owned()),
            translations: Vec::new(),
        }],
    };
    for format in Format::ALL {
        let bytes = feed::render(&feed, format).unwrap_or_else(|error| panic!("{format}: {error}"));
        if format != Format::Json {
            well_formed(&bytes);
        }
    }
}

fn well_formed(xml: &[u8]) {
    let mut reader = XmlReader::from_reader(xml);
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return,
            Ok(_) => {}
            Err(error) => panic!("{error}: {}", String::from_utf8_lossy(xml)),
        }
    }
}
