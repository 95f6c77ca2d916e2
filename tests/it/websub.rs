//! Feeds are pushed to who asked for it and confirmed it; or another's hub is told.

use std::fs;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::harness::{Running, Site, wait_for};
use crate::http_server::{Asked, HttpServer, Reply};

const TOPIC: &str = "https://wici.portal.example/feeds/all.atom";
const HUB: &str = "https://wici.portal.example/hub";
const INSIDE: &str = "[websub]\nallow_private = true\n";

fn page(title: &str) -> String {
    format!("---\ntitle: {title}\ntags: [prawo]\n---\nText of {title}.\n")
}

fn ask(site: &Running, mode: &str, callback: &str, more: &[(&str, &str)]) -> u16 {
    let fields = [
        ("hub.mode", mode),
        ("hub.topic", TOPIC),
        ("hub.callback", callback),
    ];
    let fields: Vec<_> = fields.iter().chain(more).copied().collect();
    site.post("/hub", &fields).status
}

fn subscriptions(site: &Running) -> u64 {
    let status = site.json(&["status"]);
    status["websub"]["subscriptions"]
        .as_u64()
        .expect("a number")
}

/// Subscribes, and waits until that is in force.
fn subscribe(site: &Running, server: &HttpServer, path: &str, more: &[(&str, &str)]) {
    let before = subscriptions(site);
    server.answers(&format!("GET {path}"), Reply::Challenge);
    assert_eq!(ask(site, "subscribe", &server.url(path), more), 202);
    wait_for("the subscription", || {
        (subscriptions(site) > before).then_some(())
    });
}

fn pushes(server: &HttpServer, path: &str, number: usize) -> Vec<Asked> {
    wait_for(&format!("{number} pushes to {path}"), || {
        let pushes = server.asked_by("POST", path);
        (pushes.len() >= number).then_some(pushes)
    })
}

fn wait_for_log(site: &Running, text: &str) {
    wait_for(text, || {
        let log = fs::read_to_string(site.path("log")).ok()?;
        log.contains(text).then_some(())
    });
}

#[test]
fn who_asks_and_confirms_is_pushed_the_feed_as_it_is_served_and_signed() {
    let site = Site::new().with(INSIDE).start().after_first_scan();
    for path in ["/feeds/all.atom", "/feeds/all.rss", "/feeds/all.json"] {
        let answer = site.get(path);
        assert!(answer.text().contains(HUB), "{path} leads to its hub");
    }
    let server = HttpServer::start();
    let hook = "/hook?reader=7";
    server.answers("GET /hook", Reply::Challenge);
    server.answers("POST /hook", Reply::status(204, ""));
    let more = [("hub.secret", "between us"), ("hub.lease_seconds", "3600")];
    assert_eq!(ask(&site, "subscribe", &server.url(hook), &more), 202);
    wait_for("the subscription", || {
        (subscriptions(&site) == 1).then_some(())
    });
    let asked = server.asked("/hook")[0].fields();
    assert_eq!(asked["reader"], "7");
    assert_eq!(asked["hub.mode"], "subscribe");
    assert_eq!(asked["hub.topic"], TOPIC);
    assert_eq!(asked["hub.lease_seconds"], "3600");
    site.save("new.md", &page("New"));
    let push = pushes(&server, "/hook", 1).remove(0);
    assert_eq!(push.path, hook);
    let text = String::from_utf8_lossy(&push.body);
    assert!(text.contains("Text of New."));
    assert_eq!(
        push.body,
        fs::read(site.path("feeds/all.atom")).expect("a feed")
    );
    assert_eq!(
        push.headers["content-type"],
        "application/atom+xml; charset=utf-8"
    );
    let links = &push.headers["link"];
    assert!(links.contains(&format!("<{HUB}>; rel=\"hub\"")), "{links}");
    assert!(
        links.contains(&format!("<{TOPIC}>; rel=\"self\"")),
        "{links}"
    );
    let mac = Hmac::<Sha256>::new_from_slice(b"between us").expect("any key");
    let expected = mac.chain_update(&push.body).finalize().into_bytes();
    let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        push.headers["x-hub-signature"],
        format!("sha256={expected}")
    );
    assert_eq!(ask(&site, "unsubscribe", &server.url(hook), &[]), 202);
    wait_for("its end", || (subscriptions(&site) == 0).then_some(()));
}

#[test]
fn who_does_not_confirm_is_not_pushed_to() {
    let site = Site::new().with(INSIDE).start().after_first_scan();
    let server = HttpServer::start();
    server.answers("/else", Reply::with("", b"something else"));
    server.answers("/no", Reply::status(404, ""));
    server.answers("/elsewhere", Reply::redirect(302, "/yes"));
    server.answers("/yes", Reply::Challenge);
    server.answers(
        "/endless",
        Reply::Endless {
            head: "HTTP/1.1 200 OK\r\n\r\n".to_owned(),
            piece: vec![b'a'; 1 << 10],
        },
    );
    for (path, why) in [
        ("/else", "something else than the challenge"),
        ("/no", "answered 404"),
        ("/elsewhere", "answered 302"),
        ("/endless", "larger than 1024 bytes"),
    ] {
        assert_eq!(ask(&site, "subscribe", &server.url(path), &[]), 202);
        wait_for_log(&site, why);
    }
    assert!(server.asked("/yes").is_empty());
    assert_eq!(subscriptions(&site), 0);
    // Nor can anybody else end a subscription.
    subscribe(&site, &server, "/hook", &[]);
    server.answers("GET /hook", Reply::status(404, ""));
    assert_eq!(ask(&site, "unsubscribe", &server.url("/hook"), &[]), 202);
    wait_for_log(&site, "wants to unsubscribe: it answered 404");
    assert_eq!(subscriptions(&site), 1);
    let log = fs::read_to_string(site.path("log")).expect("a log");
    assert!(!log.contains("/elsewhere"), "callbacks are not logged");
}

#[test]
fn who_answers_410_is_dropped_and_the_others_are_pushed_to_all_the_same() {
    let site = Site::new().with(INSIDE).start().after_first_scan();
    let server = HttpServer::start();
    for (path, reply) in [
        ("/gone", Reply::status(410, "")),
        ("/elsewhere", Reply::redirect(307, "/never")),
        ("/hook", Reply::status(200, "")),
    ] {
        server.answers(&format!("POST {path}"), reply);
        subscribe(&site, &server, path, &[]);
    }
    site.save("new.md", &page("New"));
    pushes(&server, "/hook", 1);
    pushes(&server, "/elsewhere", 1);
    wait_for("the one that is gone to go", || {
        let websub = &site.json(&["status"])["websub"];
        (websub["subscriptions"] == 2 && websub["retries"] == 1).then_some(())
    });
    assert!(server.asked("/never").is_empty());
    let status = site.wici(&["status"]);
    assert!(status.contains("WebSub: 2 subscriptions"), "{status}");
}

#[test]
fn what_was_owed_when_the_daemon_was_killed_is_pushed_by_the_next() {
    let site = Site::new().with(INSIDE).start().after_first_scan();
    let server = HttpServer::start();
    server.answers("POST /hook", Reply::Silence);
    subscribe(&site, &server, "/hook", &[]);
    site.save("new.md", &page("New"));
    pushes(&server, "/hook", 1);
    server.answers("POST /hook", Reply::status(200, ""));
    let site = site.kill_and_restart();
    let push = pushes(&server, "/hook", 2).remove(1);
    assert!(String::from_utf8_lossy(&push.body).contains("Text of New."));
    wait_for("the end of its way", || {
        (site.json(&["status"])["websub"]["on_the_way"] == 0).then_some(())
    });
    let site = site.restart();
    site.save("newer.md", &page("Newer"));
    let push = pushes(&server, "/hook", 3).remove(2);
    assert!(String::from_utf8_lossy(&push.body).contains("Text of Newer."));
}

#[test]
fn no_callback_leads_inside() {
    let site = Site::new().start().after_first_scan();
    let server = HttpServer::start();
    server.answers("/hook", Reply::Challenge);
    let inside = server.url("/hook");
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "2130706433"] {
        let callback = inside.replace("127.0.0.1", host);
        assert_eq!(ask(&site, "subscribe", &callback, &[]), 400, "{callback}");
    }
    let by_name = inside.replace("127.0.0.1", "localhost");
    assert_eq!(ask(&site, "subscribe", &by_name, &[]), 202);
    wait_for_log(&site, "localhost is a private address");
    assert!(server.asked("/hook").is_empty());
}

#[test]
fn what_is_asked_wrongly_is_answered_with_the_reason() {
    let site = Site::new().start().after_first_scan();
    let callback = "https://reader.example/hook";
    let secret = "a".repeat(200);
    let all = |mode, topic, callback| {
        vec![
            ("hub.mode", mode),
            ("hub.topic", topic),
            ("hub.callback", callback),
        ]
    };
    let with = |name, value| {
        let mut fields = all("subscribe", TOPIC, callback);
        fields.push((name, value));
        fields
    };
    for (fields, status, reason) in [
        (all("", TOPIC, callback), 400, "hub.mode"),
        (all("subscribe", TOPIC, "hook"), 400, "hub.callback"),
        (
            all("subscribe", TOPIC, "ftp://a.example/"),
            400,
            "only http: and https:",
        ),
        (
            all("subscribe", TOPIC, "https://me@a.example/"),
            400,
            "no user",
        ),
        (vec![("hub.mode", "subscribe")], 400, "hub.callback"),
        (
            all("subscribe", "https://other.example/feed", callback),
            404,
            "no feed of this site",
        ),
        (
            all("subscribe", &TOPIC.replace("all", "none"), callback),
            404,
            "no feed of this site",
        ),
        (
            all(
                "subscribe",
                &TOPIC.replace("all.atom", "index.opml"),
                callback,
            ),
            404,
            "no feed of this site",
        ),
        // It may have been withdrawn since it was subscribed to.
        (
            all("unsubscribe", &TOPIC.replace("all", "none"), callback),
            202,
            "",
        ),
        (with("hub.secret", &secret), 400, "less than 200"),
        (with("hub.lease_seconds", "soon"), 400, "whole number"),
        (with("hub.lease_seconds", "-60"), 400, "whole number"),
        (
            vec![
                ("hub.mode", "publish"),
                ("hub.url", "https://other.example/"),
            ],
            404,
            "no feed of this site",
        ),
        (vec![("hub.mode", "publish"), ("hub.url", TOPIC)], 204, ""),
    ] {
        let answer = site.post("/hub", &fields);
        assert_eq!(answer.status, status, "{fields:?}");
        assert!(answer.text().contains(reason), "{}", answer.text());
    }
    assert_eq!(site.request("POST", "/hub", &[]).status, 415);
    assert_eq!(site.get("/hub").status, 405);
}

#[test]
fn another_hub_is_told_of_what_changed_until_it_takes_it() {
    let server = HttpServer::start();
    let hub = server.url("/publish");
    server.answers("/publish", Reply::status(202, ""));
    let tables = format!("{INSIDE}hub = \"{hub}\"\n");
    let site = Site::new().with(&tables).start().after_first_scan();
    let answer = site.get("/feeds/all.json");
    assert!(answer.text().contains(&hub));
    let links = &answer.headers["link"];
    assert!(!links.contains(HUB), "{links}");
    assert_eq!(ask(&site, "subscribe", "https://reader.example/", &[]), 404);
    site.save("new.md", &page("New"));
    wait_for("the hub to be told", || {
        let told = server.asked("/publish");
        told.iter()
            .any(|told| told.fields()["hub.topic"] == TOPIC)
            .then_some(())
    });
    let told = server.asked("/publish").remove(0).fields();
    assert_eq!(told["hub.mode"], "publish");
    assert_eq!(told["hub.url"], told["hub.topic"]);
    // While it is out of order, that is said; the next daemon tells it.
    server.answers("/publish", Reply::status(500, ""));
    site.save("newer.md", &page("Newer"));
    wait_for("the problem to be told", || {
        let problems = site.json(&["status"])["problems"].to_string();
        problems.contains("the hub can't be told").then_some(())
    });
    let before = server.asked("/publish").len();
    server.answers("/publish", Reply::status(200, ""));
    let site = site.kill_and_restart();
    wait_for("the hub to be told", || {
        let told = server.asked("/publish");
        let mut told = told.iter().skip(before);
        told.any(|told| told.fields()["hub.topic"] == TOPIC)
            .then_some(())
    });
    drop(site);
}

#[test]
fn without_a_hub_feeds_name_none() {
    let site = Site::new()
        .with("[websub]\nhub = \"none\"\n")
        .start()
        .after_first_scan();
    let answer = site.get("/feeds/all.atom");
    assert!(!answer.text().contains("rel=\"hub\""));
    assert!(!answer.headers["link"].contains("hub"));
    assert_eq!(site.get("/hub").status, 404);
}
