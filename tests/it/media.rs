//! Pictures and files on their whole way: from front matter, or another site's feed, into every format.

use std::fs;

use roxmltree::{Document, Node};
use serde_json::{Value, json};

use crate::harness::{Site, Written};
use crate::http_server::{HttpServer, Reply};

const ATOM: &str = "http://www.w3.org/2005/Atom";
const MEDIA: &str = "http://search.yahoo.com/mrss/";

const EPISODE: &str = "---
title: Odcinek pierwszy
image: okladka.jpg
enclosure:
  - {url: rozmowa.mp3, title: \"Rozmowa & śpiew\"}
  - url: https://cdn.portal.example/film
    type: video/webm
    length: 70000
  - /pliki/umowa.pdf
  - {url: zły.mp3, length: -1}
---
Posłuchaj.
";

fn built(site: Site) -> (Written, String) {
    let site = site.write();
    let output = site.wici(&["build"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (site, told)
}

fn read(site: &Written, name: &str) -> String {
    fs::read_to_string(site.path().join("feeds").join(name)).expect("a feed")
}

/// The newest entry of a JSON Feed.
fn newest(site: &Written) -> Value {
    let feed: Value = serde_json::from_str(&read(site, "all.json")).expect("JSON");
    feed["items"][0].clone()
}

fn elements<'a>(xml: &'a Document<'_>, name: (&str, &str)) -> Vec<Node<'a, 'a>> {
    xml.descendants().filter(|n| n.has_tag_name(name)).collect()
}

#[test]
fn what_front_matter_names_is_in_every_format() {
    let site = Site::new()
        .page("odcinek-1/index.md", EPISODE)
        .page("odcinek-1/rozmowa.mp3", &"a".repeat(1_234));
    let (site, told) = built(site);
    let at = "https://portal.example/odcinek-1/";

    // What is wrong costs itself, and is told with its place.
    assert!(told.contains("content/odcinek-1/index.md:10: "), "{told}");
    assert!(told.contains("`-1` is not a number of bytes"), "{told}");
    for format in ["rss", "atom", "json"] {
        assert!(!read(&site, &format!("all.{format}")).contains("z%C5%82y.mp3"));
    }

    let item = newest(&site);
    assert_eq!(item["image"], format!("{at}okladka.jpg"));
    let files = json!([
        {"url": format!("{at}rozmowa.mp3"), "mime_type": "audio/mpeg",
         "title": "Rozmowa & śpiew", "size_in_bytes": 1_234},
        {"url": "https://cdn.portal.example/film", "mime_type": "video/webm",
         "size_in_bytes": 70_000},
        {"url": "https://portal.example/pliki/umowa.pdf", "mime_type": "application/pdf"},
    ]);
    assert_eq!(item["attachments"], files);

    let text = read(&site, "all.atom");
    let atom = Document::parse(&text).expect("Atom");
    let links = elements(&atom, (ATOM, "link"));
    let enclosed = links
        .iter()
        .filter(|n| n.attribute("rel") == Some("enclosure"));
    let enclosed =
        enclosed.map(|n| ["href", "type", "length", "title"].map(|name| n.attribute(name)));
    let expected = [
        [
            Some("https://portal.example/odcinek-1/rozmowa.mp3"),
            Some("audio/mpeg"),
            Some("1234"),
            Some("Rozmowa & śpiew"),
        ],
        [
            Some("https://cdn.portal.example/film"),
            Some("video/webm"),
            Some("70000"),
            None,
        ],
        [
            Some("https://portal.example/pliki/umowa.pdf"),
            Some("application/pdf"),
            None,
            None,
        ],
    ];
    assert_eq!(enclosed.collect::<Vec<_>>(), expected);

    let text = read(&site, "all.rss");
    let rss = Document::parse(&text).expect("RSS");
    let enclosure = rss
        .descendants()
        .find(|n| n.has_tag_name("enclosure"))
        .expect("one");
    let said = ["url", "type", "length"].map(|name| enclosure.attribute(name));
    assert_eq!(said, expected[0][..3]);
    let rest = elements(&rss, (MEDIA, "content"));
    let rest = rest
        .iter()
        .map(|n| ["url", "type", "fileSize"].map(|name| n.attribute(name)));
    assert_eq!(
        rest.collect::<Vec<_>>(),
        [&expected[1][..3], &expected[2][..3]]
    );
    for xml in [&rss, &atom] {
        let pictures = elements(xml, (MEDIA, "thumbnail"));
        let pictures: Vec<_> = pictures.iter().filter_map(|n| n.attribute("url")).collect();
        assert_eq!(pictures, ["https://portal.example/odcinek-1/okladka.jpg"]);
    }
}

#[test]
fn an_unknown_length_is_0_where_rss_wants_one() {
    let page = "---\ntitle: Film\nenclosure: /film.mp4\n---\nFilm.\n";
    let (site, _) = built(Site::new().page("film.md", page));
    let rss = read(&site, "all.rss");
    let expected =
        "<enclosure url=\"https://portal.example/film.mp4\" length=\"0\" type=\"video/mp4\"/>";
    assert!(rss.contains(expected), "{rss}");
    assert!(
        newest(&site)["attachments"][0]
            .get("size_in_bytes")
            .is_none()
    );
}

/// Only what a page says of itself: a picture in its text is none that stands for it.
#[test]
fn the_picture_that_an_html_page_declares_is_its_own() {
    let html = |head: &str| {
        format!(
            "<html><head><title>Most</title>{head}</head><body><main><h1>Most</h1><p>Nowy most \
            stoi.</p><img src=\"/inny.png\"></main></body></html>"
        )
    };
    let (declared, _) = built(Site::new().page(
        "most.html",
        &html("<meta property=og:image content=/most.jpg>"),
    ));
    assert_eq!(
        newest(&declared)["image"],
        "https://portal.example/most.jpg"
    );
    let (silent, _) = built(Site::new().page("most.html", &html("")));
    assert_eq!(newest(&silent).get("image"), None);
}

/// In whichever format a site is read, what it encloses goes on, and each entry keeps its own page
/// among those of its translations.
#[test]
fn what_another_site_encloses_goes_on() {
    let translation = "---\ntitle: Перша розмова\nlang: uk\ndate: 2020-01-02\n\
        translation_of: tag:portal.example,2026:pages/odcinek-1/index.md\n---\nСлухайте.\n";
    let site = Site::new()
        .page("odcinek-1/index.md", EPISODE)
        .page("uk.md", translation);
    let (site, _) = built(site);
    let attachments = newest(&site)["attachments"].clone();
    assert_eq!(attachments.as_array().map(Vec::len), Some(3));
    for format in ["rss", "atom", "json"] {
        let feed = read(&site, &format!("all.{format}"));
        assert!(feed.contains("https://portal.example/uk/"));
        let feed = feed.replace("tag:portal.example,", "tag:other.example,");
        let server = HttpServer::start();
        server.answers("/feed", Reply::feed("\"1\"", &feed));
        let reader = Site::new().with(&format!(
            "[[source]]\nname = \"elsewhere\"\nkind = \"feed\"\nurl = \"{}\"\nallow_private = true\n",
            server.url("/feed")
        ));
        let reader = reader.start();
        let text = reader.feed("all.json", |feed| feed.contains("Odcinek pierwszy"));
        let text: Value = serde_json::from_str(&text).expect("JSON");
        let items = text["items"].as_array().expect("a list");
        let item = items
            .iter()
            .find(|item| item["title"] == "Odcinek pierwszy");
        let item = item.expect("the episode");
        assert_eq!(item["url"], "https://portal.example/odcinek-1/", "{format}");
        assert_eq!(
            item["image"], "https://portal.example/odcinek-1/okladka.jpg",
            "{format}"
        );
        let kept = |files: &Value, key: &str| {
            let mut all: Vec<Value> = Vec::new();
            all.extend(
                files
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|file| file[key].clone()),
            );
            all
        };
        for key in ["url", "mime_type"] {
            assert_eq!(
                kept(&item["attachments"], key),
                kept(&attachments, key),
                "{format}"
            );
        }
    }
}
