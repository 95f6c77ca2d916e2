//! Upstream feeds: with the whole daemon, and, where time matters, look by look.

mod looks;

use crate::harness::{Running, Site, wait_for};
use crate::http_server::{HttpServer, Reply};

/// A feed of undated entries, the newest first.
fn rss(entries: &[&str]) -> String {
    let items: String = entries
        .iter()
        .map(|title| format!("<item><title>{title}</title><guid>urn:entry:{title}</guid><link>https://news.example/{title}</link><description>Text of {title}.</description></item>"))
        .collect();
    format!("<rss version=\"2.0\"><channel><title>News</title>{items}</channel></rss>")
}

fn source(name: &str, url: &str) -> String {
    format!(
        "[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"{url}\"\nevery = \"1s\"\nallow_private = true\n"
    )
}

fn subjects(site: &Running, number: usize) -> Vec<String> {
    let mails = site.mails(number);
    let subjects = mails.iter().map(|mail| mail.subject().expect("a subject"));
    subjects.map(str::to_owned).collect()
}

fn upstream(site: &Running, name: &str) -> serde_json::Value {
    let status = site.json(&["status"]);
    let sources = status["sources"].as_array().expect("sources");
    let source = sources.iter().find(|source| source["name"] == name);
    source.expect("the source")["upstream"].clone()
}

fn problem(site: &Running, place: &str) -> String {
    wait_for("a problem", || {
        let status = site.json(&["status"]);
        let problems = status["problems"].as_array()?;
        let told = problems.iter().find(|one| one["place"] == place)?;
        Some(format!("{}: {}", told["file"], told["what"]))
    })
}

/// A site that has read `/feed` with one entry, which is not news, and then got a subscriber.
fn site_of(server: &HttpServer) -> Running {
    server.answers("/feed", Reply::feed("\"1\"", &rss(&["Before"])));
    let site = Site::new()
        .with(&source("elsewhere", &server.url("/feed")))
        .start();
    site.feed("all.atom", |feed| feed.contains("Before"));
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    site
}

#[test]
fn an_entry_of_an_upstream_is_in_our_feeds_and_is_mailed_once() {
    let server = HttpServer::start();
    let site = site_of(&server);
    server.answers("/feed", Reply::feed("\"2\"", &rss(&["First", "Before"])));
    assert_eq!(subjects(&site, 1), ["First"]);
    let feed = site.feed("all.atom", |feed| feed.contains("<id>urn:entry:First</id>"));
    assert!(feed.contains("https://news.example/First"), "{feed}");
    // What falls off the end stays here.
    server.answers("/feed", Reply::feed("\"3\"", &rss(&["Second", "First"])));
    assert_eq!(subjects(&site, 2), ["First", "Second"]);
    site.feed("all.atom", |feed| {
        feed.contains("Second") && feed.contains("Before")
    });
    assert_eq!(upstream(&site, "elsewhere")["failures"], 0);
    let list = site.json(&["publications", "list", "--source", "elsewhere"]);
    assert_eq!(list.as_array().map(Vec::len), Some(3));
    assert_eq!(site.json(&["status"])["publications"]["withdrawn"], 0);
}

#[test]
fn a_restart_asks_conditionally_and_mails_nothing_again() {
    let server = HttpServer::start();
    let site = site_of(&server);
    let site = site.kill_and_restart();
    let before = server.asked("/feed").len();
    wait_for("more looks", || {
        (server.asked("/feed").len() > before + 1).then_some(())
    });
    for asked in server.asked("/feed").iter().skip(before) {
        assert_eq!(
            asked.headers.get("if-none-match").map(String::as_str),
            Some("\"1\"")
        );
        assert!(asked.headers["user-agent"].ends_with("(+https://portal.example/)"));
    }
    server.answers("/feed", Reply::feed("\"2\"", &rss(&["After", "Before"])));
    assert_eq!(subjects(&site, 1), ["After"]);
}

#[test]
fn what_is_no_feed_is_told_while_the_rest_goes_on() {
    let server = HttpServer::start();
    server.answers("/good", Reply::feed("\"1\"", &rss(&["Good"])));
    server.answers(
        "/broken",
        Reply::feed("\"1\"", "<rss version='2.0'>\n<channel><item></b>"),
    );
    server.answers("/late", Reply::status(429, "Retry-After: 7200\r\n"));
    server.answers("/gone", Reply::status(410, ""));
    let mut site = Site::new();
    for name in ["broken", "late", "gone", "good"] {
        site = site.with(&source(name, &server.url(&format!("/{name}"))));
    }
    let inside = source("inside", &server.url("/inside")).replace("= true", "= false");
    let site = site.with(&inside).start();
    site.feed("all.atom", |feed| {
        feed.contains("Good") && feed.contains("Old")
    });
    let told = problem(&site, "broken");
    assert!(
        told.contains("/broken") && told.contains("ill-formed"),
        "{told}"
    );
    assert!(problem(&site, "gone").contains("gone for good"));
    assert!(problem(&site, "inside").contains("127.0.0.1 is a private address"));
    assert!(problem(&site, "late").contains("answers 429"));
    assert_eq!(server.asked("/inside").len(), 0);
    let next = |name: &str| -> jiff::Timestamp {
        let next = upstream(&site, name)["next"].clone();
        next.as_str()
            .expect("an instant")
            .parse()
            .expect("an instant")
    };
    let in_hours = |name: &str| next(name).duration_since(jiff::Timestamp::now()).as_hours();
    assert!((1..=2).contains(&in_hours("late")), "{}", in_hours("late"));
    assert!(in_hours("gone") >= 6 * 24);
    // It is mended, and no longer told.
    server.answers("/broken", Reply::feed("\"2\"", &rss(&["Mended"])));
    site.feed("all.atom", |feed| feed.contains("Mended"));
    wait_for("the problem to go", || {
        let status = site.json(&["status"]);
        let problems = status["problems"].as_array()?;
        problems
            .iter()
            .all(|one| one["place"] != "broken")
            .then_some(())
    });
}

#[test]
fn a_lasting_move_is_remembered_and_told() {
    let server = HttpServer::start();
    server.answers("/old", Reply::redirect(301, "/new"));
    server.answers("/new", Reply::feed("\"1\"", &rss(&["Moved"])));
    let site = Site::new()
        .with(&source("elsewhere", &server.url("/old")))
        .start();
    site.feed("all.atom", |feed| feed.contains("Moved"));
    assert!(problem(&site, "elsewhere").contains("moved for good"));
    assert_eq!(upstream(&site, "elsewhere")["moved_to"], server.url("/new"));
    let site = site.restart();
    let before = server.asked("/new").len();
    wait_for("more looks", || {
        (server.asked("/new").len() > before + 1).then_some(())
    });
    assert_eq!(server.asked("/old").len(), 1);
    assert!(problem(&site, "elsewhere").contains("moved for good"));
}

#[test]
fn build_asks_each_feed_once_and_check_asks_none() {
    let server = HttpServer::start();
    server.answers("/feed", Reply::feed("\"1\"", &rss(&["Elsewhere"])));
    let site = Site::new()
        .with(&source("elsewhere", &server.url("/feed")))
        .write();
    let checked = site.wici(&["check"]);
    let told = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(
        checked.status.success() && told.contains("1 upstream feed"),
        "{told}"
    );
    assert!(server.asked("/feed").is_empty());
    assert!(site.wici(&["build"]).status.success());
    let feed = std::fs::read_to_string(site.path().join("feeds/all.atom")).expect("a feed");
    assert!(feed.contains("Elsewhere") && feed.contains("Old"));
    assert_eq!(server.asked("/feed").len(), 1);
    server.answers("/feed", Reply::status(503, ""));
    let built = site.wici(&["build"]);
    let told = String::from_utf8_lossy(&built.stderr).into_owned();
    assert_eq!(built.status.code(), Some(1));
    assert!(told.contains("answers 503"), "{told}");
}
