//! What one answer of a feed says, and what it is made of.

use std::io::Read;

use flate2::read::GzDecoder;

use super::{dated, page};
use crate::harness::{Answer, Running, Site, wait_for};

const FEED: &str = "/feeds/all.rss";
const CODINGS: [(&str, &str); 3] = [("identity", ""), ("gzip", "-gz"), ("br", "-br")];

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    match answer.headers.get("content-encoding").map(String::as_str) {
        None => plain.clone_from(&answer.body),
        Some("gzip") => drop(
            GzDecoder::new(&*answer.body)
                .read_to_end(&mut plain)
                .expect("gzip"),
        ),
        Some("br") => brotli::BrotliDecompress(&mut &*answer.body, &mut plain).expect("brotli"),
        Some(other) => panic!("{other} was not asked for"),
    }
    plain
}

fn coded(site: &Running, path: &str, coding: &str) -> Answer {
    site.request("GET", path, &[("Accept-Encoding", coding)])
}

#[test]
fn in_every_coding_what_is_served_is_what_is_on_disk() {
    let site = Site::new().start();
    site.feed("index.opml", |list| list.contains("prawo"));
    let types = [
        ("all.rss", "application/rss+xml; charset=utf-8"),
        ("pl/tag/prawo.atom", "application/atom+xml; charset=utf-8"),
        ("all.json", "application/feed+json; charset=utf-8"),
        ("index.opml", "text/x-opml; charset=utf-8"),
    ];
    for (name, media_type) in types {
        let path = format!("/feeds/{name}");
        let on_disk = std::fs::read(site.path("feeds").join(name)).expect("a feed");
        for (coding, _) in CODINGS {
            let answer = coded(&site, &path, coding);
            assert_eq!(answer.status, 200, "{name} {coding}");
            assert_eq!(answer.headers["content-type"], media_type);
            assert_eq!(decoded(&answer), on_disk, "{name} {coding}");
        }
    }
}

#[test]
fn each_coding_has_a_tag_of_its_own_that_is_not_sent_twice() {
    let site = Site::new().start().after_first_scan();
    let plain = coded(&site, FEED, "identity").headers["etag"].clone();
    let (sequence, _) = plain
        .trim_matches('"')
        .split_once('-')
        .expect("a number first");
    assert!(
        sequence.parse::<u64>().is_ok_and(|sequence| sequence > 0),
        "{plain}"
    );
    for (coding, suffix) in CODINGS {
        let tag = coded(&site, FEED, coding).headers["etag"].clone();
        assert_eq!(tag, format!("{}{suffix}\"", plain.trim_end_matches('"')));
        // Whoever has a coding has it all, whichever it would be given now.
        for (name, value) in [
            ("If-None-Match", tag.clone()),
            ("If-None-Match", format!("\"other\", W/{tag}")),
        ] {
            let asked = [(name, value.as_str()), ("Accept-Encoding", "br")];
            let again = site.request("GET", FEED, &asked);
            assert_eq!((again.status, again.body.len()), (304, 0), "{value}");
            for (name, expected) in [
                ("etag", tag.as_str()),
                ("vary", "Accept-Encoding, A-IM, Sec-Fetch-Dest"),
                ("cache-control", "public, max-age=300"),
                (
                    "link",
                    "<https://wici.portal.example/feeds/all.rss>; rel=\"self\", <https://wici.portal.example/hub>; rel=\"hub\"",
                ),
            ] {
                assert_eq!(again.headers[name], expected, "{value}");
            }
        }
    }
    let both = [
        ("If-None-Match", &*format!("{plain}, *")),
        ("Accept-Encoding", "gzip"),
    ];
    assert!(site.request("GET", FEED, &both).headers["etag"].ends_with("-gz\""));
}

#[test]
fn a_feed_that_is_opened_in_a_browser_is_xml_and_shown_by_its_stylesheet() {
    let site = Site::new().start().after_first_scan();
    let opened = [("Sec-Fetch-Dest", "document")];
    let media_type = |path: &str, headers: &[(&str, &str)]| {
        let answer = site.request("GET", path, headers);
        answer.headers["content-type"].clone()
    };
    let xml = "application/xml; charset=utf-8";
    assert_eq!(media_type(FEED, &opened), xml);
    assert_eq!(media_type("/feeds/all.atom", &opened), xml);
    let feed = "application/rss+xml; charset=utf-8";
    assert_eq!(media_type(FEED, &[("Sec-Fetch-Dest", "empty")]), feed);
    assert_eq!(media_type(FEED, &[]), feed);
    let json = "application/feed+json; charset=utf-8";
    assert_eq!(media_type("/feeds/all.json", &opened), json);
}

#[test]
fn a_date_alone_will_do_and_a_tag_goes_before_it() {
    let site = Site::new().start().after_first_scan();
    let modified = dated(&site, FEED);
    let asked = |headers: &[(&str, &str)]| site.request("GET", FEED, headers).status;
    let rfc_850 = {
        let parsed = httpdate::parse_http_date(&modified).expect("a date");
        let parsed = jiff::Timestamp::try_from(parsed).expect("a date");
        jiff::fmt::strtime::format("%A, %d-%b-%y %H:%M:%S GMT", parsed).expect("a date")
    };
    for (date, status) in [
        (modified.as_str(), 304),
        (&rfc_850, 304),
        ("Tue, 01 Jan 2999 00:00:00 GMT", 304),
        ("Tue, 01 Jan 2019 00:00:00 GMT", 200),
        ("yesterday", 200),
    ] {
        assert_eq!(asked(&[("If-Modified-Since", date)]), status, "{date}");
    }
    let other = ("If-None-Match", "\"other\"");
    assert_eq!(asked(&[other, ("If-Modified-Since", &modified)]), 200);
}

#[test]
fn head_says_what_get_would() {
    let site = Site::new().start().after_first_scan();
    dated(&site, FEED);
    for (coding, _) in CODINGS {
        let asked = [("Accept-Encoding", coding)];
        let (get, head) = (
            site.request("GET", FEED, &asked),
            site.request("HEAD", FEED, &asked),
        );
        let without_date = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            headers.remove("date");
            headers
        };
        assert_eq!(without_date(&head), without_date(&get), "{coding}");
        assert_eq!(get.headers["content-length"], get.body.len().to_string());
        assert_eq!(head.body.len(), 0);
    }
}

#[test]
fn nothing_but_get_and_head_is_allowed_and_ranges_are_none() {
    let site = Site::new().start().after_first_scan();
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = site.request(method, FEED, &[]);
        assert_eq!(
            (answer.status, answer.headers["allow"].as_str()),
            (405, "GET,HEAD"),
            "{method}"
        );
    }
    let part = site.request("GET", FEED, &[("Range", "bytes=0-9")]);
    assert_eq!(part.status, 200);
    assert!(part.body.len() > 10);
}

#[test]
fn readers_may_rely_on_a_feed_for_as_long_as_the_site_says() {
    let site = Site::new().with("[feeds]\nmax_age = \"90m\"\n").start();
    let feed = site.feed("all.rss", |feed| feed.contains("<item>"));
    assert!(feed.contains("<ttl>90</ttl>"));
    let asked = site.get(FEED);
    assert_eq!(asked.headers["cache-control"], "public, max-age=5400");
}

/// A change makes all readers ask at once; none of them gets the former bytes under the new tag.
#[test]
fn after_a_change_every_coding_is_the_new_one() {
    let site = Site::new().start().after_first_scan();
    for (coding, _) in CODINGS {
        coded(&site, FEED, coding);
    }
    site.save("a.md", &page("First", "prawo"));
    site.feed("all.rss", |feed| feed.contains("First"));
    let served = wait_for("the new feed", || {
        let served = coded(&site, FEED, "identity");
        served.text().contains("First").then_some(served)
    });
    for (coding, suffix) in CODINGS {
        let answer = coded(&site, FEED, coding);
        assert_eq!(decoded(&answer), served.body, "{coding}");
        let tag = served.headers["etag"].trim_end_matches('"');
        assert_eq!(answer.headers["etag"], format!("{tag}{suffix}\""));
    }
}
