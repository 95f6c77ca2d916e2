//! What may be in a feed.

use super::*;

fn publication(link: &str, published: &str) -> Publication {
    let published = published.parse().expect("a timestamp");
    Publication {
        id: PublicationId("tag:portal.example,2026:pages/a".to_owned()),
        title: "A".to_owned(),
        link: link.to_owned(),
        language: Language::parse("pl").expect("a language tag"),
        published,
        updated: published,
        tags: vec![TagName {
            id: TagId::new("a").expect("a slug"),
            label: "A".to_owned(),
        }],
        summary: String::new(),
        body: BodyHash([0; 32]),
        authors: Vec::new(),
        archived: None,
        change_note: None,
        translation_of: None,
        image: None,
        enclosures: Vec::new(),
        expires: None,
    }
}

#[test]
fn only_what_keeps_a_feed_valid_passes() {
    let good = "https://portal.example/żółw/?a=1";
    assert!(check(&publication(good, "2026-11-02T08:00:00Z")).is_ok());
    for (link, published) in [
        ("portal.example/a", "2026-11-02T08:00:00Z"),
        ("https://portal.example/a b", "2026-11-02T08:00:00Z"),
        ("", "2026-11-02T08:00:00Z"),
        (good, "-000044-03-15T12:00:00Z"),
        (good, "0000-12-31T23:59:59Z"),
    ] {
        let checked = check(&publication(link, published));
        assert!(checked.is_err(), "{link:?} {published}");
    }
}

#[test]
fn a_picture_or_file_without_an_address_does_not_pass() {
    let page = || publication("https://portal.example/a/", "2026-11-02T08:00:00Z");
    let file = |url: &str| Enclosure {
        url: url.to_owned(),
        media_type: "audio/mpeg".to_owned(),
        length: None,
        title: None,
    };
    let with = |image: Option<&str>, url: &str| Publication {
        image: image.map(str::to_owned),
        enclosures: vec![file(url)],
        ..page()
    };
    let good = "https://portal.example/a.mp3";
    assert!(check(&with(Some(good), good)).is_ok());
    assert!(check(&with(Some("a.png"), good)).is_err());
    assert!(check(&with(None, "a.mp3")).is_err());
}

#[test]
fn what_is_no_media_type_is_any_file() {
    for known in ["audio/mpeg", "image/svg+xml", "application/vnd.ms-excel"] {
        assert_eq!(write::media_type(known), known);
    }
    for other in [
        "",
        "audio",
        "audio/",
        "a/b/c",
        "audio/mpeg; x=\"",
        "dźwięk/mp3",
    ] {
        assert_eq!(write::media_type(other), "application/octet-stream");
    }
}

#[test]
fn a_date_that_a_feed_cannot_carry_names_its_publication() {
    let error = write::rfc3339(
        "tag:x",
        "-000044-03-15T12:00:00Z".parse().expect("a timestamp"),
    )
    .expect_err("before the year 1");
    assert!(
        error
            .to_string()
            .starts_with("tag:x: feeds cannot carry the date")
    );
}

#[test]
fn formats_are_named_by_their_extension() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert!("RSS 2.0".parse::<Format>().is_err());
}
