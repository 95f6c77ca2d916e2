//! Single looks at an upstream, with the clock handed in.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use wici::config;
use wici::control::Board;
use wici::daemon::signals::Signals;
use wici::daemon::upstream::{self, Upstream};
use wici::domain::{PublicationId, UpstreamState};
use wici::store::{Open, Store};

use super::{rss, source};
use crate::http_server::{HttpServer, Reply};

const SITE: &str = r#"
[site]
title = "Portal"
url = "https://portal.example/"
authority = "portal.example,2026"
[mail]
from = "wici@portal.example"
"#;

/// A store, and the loops of a configuration over it.
struct Looks {
    store: Store,
    board: Arc<Board>,
    upstreams: Vec<Upstream>,
}

impl Looks {
    fn over(store: Store, sources: &str) -> Looks {
        let text = format!("{SITE}{sources}");
        let config = config::parse(&text, Path::new("daemon.toml"), Path::new(""));
        let config = config.expect("a configuration");
        let board = Arc::new(Board::default());
        let signals = Arc::new(Signals::default());
        let upstreams = upstream::all(&config, &store, &board, &signals).expect("loops");
        Looks {
            store,
            board,
            upstreams,
        }
    }

    fn new(sources: &str) -> Looks {
        Looks::over(Store::in_memory().expect("a store"), sources)
    }

    async fn look(&self, now: Timestamp) -> Timestamp {
        let mut next = Timestamp::MAX;
        for upstream in &self.upstreams {
            next = next.min(upstream.tick(now, 0).await.expect("a look"));
        }
        next
    }

    /// Is it published, and was that news?
    async fn news(&self, id: &str) -> Option<bool> {
        let id = PublicationId(id.to_owned());
        let state = self.store.publication(&id).await.expect("a store");
        state.map(|state| state.news)
    }

    async fn known(&self, name: &str) -> UpstreamState {
        let state = self.store.upstream(name).await.expect("a store");
        state.expect("something is known")
    }

    fn problems(&self) -> Vec<String> {
        let problems = self.board.problems().into_iter();
        problems.map(|(_, problem)| problem.to_string()).collect()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn dated(title: &str, date: &str) -> String {
    let item = "<guid>urn:entry:";
    rss(&[title]).replace(item, &format!("<pubDate>{date}</pubDate>{item}"))
}

/// The items of several feeds in one.
fn together(feeds: &[String]) -> String {
    let items = |feed: &String| {
        let items = feed
            .split_once("<item>")
            .and_then(|(_, rest)| rest.rsplit_once("</channel>"));
        format!("<item>{}", items.expect("items").0)
    };
    let items: String = feeds.iter().map(items).collect();
    format!("<rss version=\"2.0\"><channel>{items}</channel></rss>")
}

#[tokio::test]
async fn a_feed_that_comes_back_after_a_month_mails_nobody_its_history() {
    let server = HttpServer::start();
    let looks = Looks::new(&source("news", &server.url("/feed")));
    let start = at("2026-10-01T08:00:00Z");
    server.answers("/feed", Reply::feed("\"1\"", &rss(&["baseline"])));
    looks.look(start).await;
    assert_eq!(looks.news("urn:entry:baseline").await, Some(false));
    server.answers("/feed", Reply::feed("\"2\"", &rss(&["new"])));
    looks.look(start + days(1)).await;
    assert_eq!(looks.news("urn:entry:new").await, Some(true));
    server.answers("/feed", Reply::status(503, ""));
    looks.look(start + days(2)).await;
    looks.look(start + days(20)).await;
    let back = together(&[
        rss(&["undated"]),
        dated("old", "Mon, 12 Oct 2026 08:00:00 GMT"),
        dated("fresh", "Fri, 30 Oct 2026 07:00:00 GMT"),
    ]);
    server.answers("/feed", Reply::feed("\"3\"", &back));
    looks.look(start + days(30)).await;
    assert_eq!(looks.news("urn:entry:undated").await, Some(false));
    assert_eq!(looks.news("urn:entry:old").await, Some(false));
    assert_eq!(looks.news("urn:entry:fresh").await, Some(true));
    // From here on it is as ever.
    server.answers("/feed", Reply::feed("\"4\"", &rss(&["next"])));
    looks.look(start + days(31)).await;
    assert_eq!(looks.news("urn:entry:next").await, Some(true));
}

#[tokio::test]
async fn another_address_for_a_source_begins_anew() {
    let server = HttpServer::start();
    let start = at("2026-10-01T08:00:00Z");
    server.answers("/a", Reply::redirect(308, "/c"));
    server.answers("/c", Reply::feed("\"1\"", &rss(&["here"])));
    let looks = Looks::new(&source("news", &server.url("/a")));
    looks.look(start).await;
    let known = looks.known("news").await;
    assert_eq!(
        (known.moved_to, known.etag.as_deref()),
        (Some(server.url("/c")), Some("\"1\""))
    );
    server.answers("/b", Reply::feed("\"1\"", &rss(&["there"])));
    let looks = Looks::over(looks.store, &source("news", &server.url("/b")));
    looks.look(start + days(1)).await;
    assert!(!server.asked("/b")[0].headers.contains_key("if-none-match"));
    assert_eq!(looks.news("urn:entry:there").await, Some(false));
    assert_eq!(looks.known("news").await.moved_to, None);
}

#[tokio::test]
async fn where_a_feed_moved_to_is_left_when_it_is_not_there() {
    let server = HttpServer::start();
    let start = at("2026-10-01T08:00:00Z");
    server.answers("/a", Reply::redirect(301, "/b"));
    server.answers("/b", Reply::feed("\"1\"", &rss(&["one"])));
    let looks = Looks::new(&source("news", &server.url("/a")));
    looks.look(start).await;
    // It moves back, and `/b` is no more.
    server.answers("/a", Reply::feed("\"2\"", &rss(&["two"])));
    server.answers("/b", Reply::status(404, ""));
    looks.look(start + days(1)).await;
    assert!(
        looks
            .problems()
            .iter()
            .any(|told| told.contains("answers 404")),
        "{:?}",
        looks.problems()
    );
    looks.look(start + days(2)).await;
    assert_eq!(looks.news("urn:entry:two").await, Some(true));
    assert_eq!(looks.known("news").await.moved_to, None);
    assert_eq!(looks.problems(), Vec::<String>::new());
}

#[tokio::test]
async fn of_two_sources_with_one_id_the_second_is_refused_and_asked_for_again() {
    let server = HttpServer::start();
    let start = at("2026-10-01T08:00:00Z");
    server.answers("/a", Reply::feed("\"1\"", &rss(&["same", "a"])));
    server.answers("/b", Reply::feed("\"1\"", &rss(&["same", "b"])));
    let sources = source("a", &server.url("/a")) + &source("b", &server.url("/b"));
    let looks = Looks::new(&sources);
    looks.look(start).await;
    let told = looks.problems();
    assert!(
        told.len() == 1 && told[0].contains("claims the id urn:entry:same"),
        "{told:?}"
    );
    assert_eq!(looks.news("urn:entry:b").await, Some(false));
    assert_eq!(looks.known("a").await.etag.as_deref(), Some("\"1\""));
    // The rest is not read again and again for it.
    assert_eq!(looks.known("b").await.etag.as_deref(), Some("\"1\""));
    looks.look(start + days(1)).await;
    assert_eq!(looks.problems(), told);
}

#[tokio::test]
async fn a_feed_whose_body_was_lost_is_read_once_more_though_it_did_not_change() {
    let server = HttpServer::start();
    let start = at("2026-10-01T08:00:00Z");
    server.answers("/feed", Reply::feed("\"1\"", &rss(&["one"])));
    let state = tempfile::tempdir().expect("a folder");
    let store = Store::open(state.path(), Open::OrCreate, [1; 16]).expect("a store");
    let looks = Looks::over(store, &source("news", &server.url("/feed")));
    looks.look(start).await;
    let id = PublicationId("urn:entry:one".to_owned());
    let known = looks.store.publication(&id).await.expect("a store");
    let body = known.expect("an entry").publication.body;
    std::fs::remove_file(state.path().join("bodies/00000001.pack")).expect("a pack");
    assert!(looks.store.body(body).await.is_err());
    looks.look(start + days(1)).await;
    let text = looks.store.body(body).await.expect("a body");
    assert!(text.contains("Text of one"), "{text}");
    looks.look(start + days(2)).await;
    let asked = server.asked("/feed");
    let is_conditional = |number: usize| asked[number].headers.contains_key("if-none-match");
    assert_eq!((is_conditional(1), is_conditional(2)), (false, true));
    assert!(looks.problems().is_empty());
}

#[tokio::test]
async fn nothing_is_asked_before_its_time_and_a_shorter_one_counts_at_once() {
    let server = HttpServer::start();
    let start = at("2026-10-01T08:00:00Z");
    let feed = rss(&["one"]);
    let headers = "Cache-Control: max-age=7200\r\nLast-Modified: Thu, 01 Oct 2026 07:00:00 GMT\r\n";
    server.answers("/feed", Reply::with(headers, feed.as_bytes()));
    let often = source("news", &server.url("/feed"));
    let hourly = often.replace("every = \"1s\"", "every = \"1h\"");
    let looks = Looks::new(&hourly);
    let hour = SignedDuration::from_hours(1);
    assert_eq!(looks.look(start).await, start + hour * 2);
    assert_eq!(looks.look(start + hour).await, start + hour * 2);
    assert_eq!(server.asked("/feed").len(), 1);
    let looks = Looks::over(looks.store, &often);
    looks.look(start + hour).await;
    let asked = server.asked("/feed");
    assert_eq!(asked.len(), 2);
    assert_eq!(
        asked[1].headers["if-modified-since"],
        "Thu, 01 Oct 2026 07:00:00 GMT"
    );
}
