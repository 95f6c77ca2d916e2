//! How readers poll: who is told to wait, and what is known of them.

use std::fs;

use crate::harness::{Answer, Running, Site, Written, wait_for};
use crate::http_server::{HttpServer, Reply};

const FEED: &str = "/feeds/all.atom";

/// A site with more lines under `[web]`, at rest.
fn with(web: &str, polls: &str) -> Written {
    let site = Site::new().with(&format!("[web.polls]\n{polls}\n")).write();
    let path = site.path().join("daemon.toml");
    let text = fs::read_to_string(&path).expect("a configuration");
    fs::write(path, text.replace("[web]\n", &format!("[web]\n{web}\n"))).expect("a file");
    site
}

fn poll(site: &Running, path: &str, agent: &str, more: &[(&str, &str)]) -> Answer {
    let headers = [&[("User-Agent", agent)], more].concat();
    site.request("GET", path, &headers)
}

/// The site once its feed is there, which is seen by asking as nobody else does.
fn started(site: Written) -> Running {
    let site = site.start().after_first_scan();
    wait_for("the feed", || {
        (poll(&site, FEED, "waiting", &[]).status == 200).then_some(())
    });
    site
}

#[test]
fn who_polls_again_and_again_without_a_word_of_what_it_has_is_told_to_wait() {
    let site = started(with("", "unconditional = \"3/h\"\nloopback = true"));
    let asks = |agent: &str, more: &[(&str, &str)]| poll(&site, FEED, agent, more);
    let tag = asks("rude/1", &[]).headers["etag"].clone();
    for _ in 0..3 {
        assert_eq!(asks("rude/1", &[]).status, 200);
    }
    let told = asks("rude/1", &[]);
    assert_eq!(told.status, 429);
    let wait: u64 = told.headers["retry-after"].parse().expect("seconds");
    assert!((1_100..=1_201).contains(&wait), "{wait}");
    assert_eq!(told.headers["content-type"], "text/plain; charset=utf-8");
    assert!(told.text().contains("If-None-Match"), "{}", told.text());
    // Nor does it help to write the address in another way.
    for spelling in ["/feeds/all.atom?_=1", "/feeds/%61ll.atom"] {
        assert_eq!(
            poll(&site, spelling, "rude/1", &[]).status,
            429,
            "{spelling}"
        );
    }
    // As soon as it says what it has it is answered; so are others, and so is it about other feeds.
    assert_eq!(asks("rude/1", &[("If-None-Match", &tag)]).status, 304);
    assert_eq!(asks("rude/2", &[]).status, 200);
    assert_eq!(poll(&site, "/feeds/all.rss", "rude/1", &[]).status, 200);
    assert_eq!(poll(&site, "/", "rude/1", &[]).status, 200);
    // What is new it gets.
    site.save("b.md", "---\ntitle: Nowe\ntags: [prawo]\n---\nTreść.\n");
    let news = wait_for("the news", || {
        let answer = asks("rude/1", &[]);
        (answer.status == 200).then_some(answer)
    });
    assert!(news.text().contains("Nowe"));
    assert_eq!(asks("rude/1", &[]).status, 429);
}

#[test]
fn who_says_each_time_that_it_has_something_else_says_nothing() {
    let site = started(with("", "unconditional = \"2/h\"\nloopback = true"));
    let asks = || poll(&site, FEED, "sly/1", &[("If-None-Match", "\"1-0\"")]).status;
    assert_eq!([(); 4].map(|()| asks()), [200, 200, 200, 429]);
}

#[test]
fn another_hub_gets_each_change_twice_and_is_never_told_to_wait() {
    let hub = HttpServer::start();
    hub.answers("/publish", Reply::status(202, ""));
    let websub = format!(
        "unconditional = \"2/h\"\nloopback = true\n[websub]\nallow_private = true\nhub = \"{}\"",
        hub.url("/publish")
    );
    let site = started(with("", &websub));
    let asks = || poll(&site, FEED, "hub/1", &[]);
    for change in 0..6 {
        let title = format!("Zmiana {change}");
        site.save(
            "b.md",
            &format!("---\ntitle: {title}\ntags: [prawo]\n---\n.\n"),
        );
        wait_for("the change", || {
            let seen = poll(&site, FEED, "waiting", &[]);
            seen.text().contains(&title).then_some(())
        });
        for _ in 0..2 {
            let answer = asks();
            assert_eq!(answer.status, 200);
            assert!(answer.text().contains(&title));
        }
    }
    let statuses = [(); 3].map(|()| asks().status);
    assert_eq!(statuses, [200, 429, 429], "no more than a few");
}

#[test]
fn conditional_polls_are_refused_only_where_they_are_absurdly_many() {
    let site = started(with("", "conditional = \"5/h\"\nloopback = true"));
    let tag = poll(&site, FEED, "keen/1", &[]).headers["etag"].clone();
    let asks = || poll(&site, FEED, "keen/1", &[("If-None-Match", &tag)]).status;
    assert_eq!([(); 6].map(|()| asks()), [304, 304, 304, 304, 304, 429]);
}

#[test]
fn clients_on_this_machine_are_not_refused_and_those_behind_a_proxy_are_told_apart() {
    let site = started(with(
        "trusted_proxies = [\"127.0.0.1\"]",
        "unconditional = \"1/h\"",
    ));
    let asks = |from: &str| {
        let named = [("X-Forwarded-For", from)];
        poll(
            &site,
            FEED,
            "rude/1",
            if from.is_empty() { &[] } else { &named },
        )
        .status
    };
    for _ in 0..20 {
        assert_eq!(asks(""), 200);
    }
    assert_eq!([(); 3].map(|()| asks("192.0.2.1")), [200, 200, 429]);
    assert_eq!(asks("192.0.2.2"), 200);
    // Whatever it says itself, the proxy says the last word.
    assert_eq!(asks("192.0.2.3, 192.0.2.1"), 429);
}

#[test]
fn the_administrator_sees_how_readers_poll_and_nobody_by_address() {
    let site = started(with("", "unconditional = \"1/h\"\nloopback = true"));
    let feedly = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers)";
    let whole = poll(&site, FEED, feedly, &[]);
    let tag = whole.headers["etag"].clone();
    poll(&site, FEED, feedly, &[("If-None-Match", &tag)]);
    site.request("HEAD", FEED, &[("User-Agent", feedly)]);
    let statuses = [(); 2].map(|()| poll(&site, FEED, feedly, &[]).status);
    assert_eq!(statuses, [200, 429]);
    let report = site.json(&["status", "--readers"]);
    let readers = report["readers"].as_array().expect("a list");
    let seen = readers
        .iter()
        .find(|reader| reader["reader"] == "Feedly/1.0");
    let seen = seen.expect("it polled");
    let length = whole.body.len() as u64;
    for (key, number) in [
        ("subscribers", 16),
        ("polls", 5),
        ("conditional", 1),
        ("not_modified", 1),
        ("refused", 1),
        ("bytes_saved", length),
    ] {
        assert_eq!(seen[key], number, "{key}: {seen}");
    }
    // A refusal has a body too.
    assert!(seen["bytes_sent"].as_u64() > Some(2 * length), "{seen}");
    assert!(!report.to_string().contains("127.0.0.1"));
    let table = site.wici(&["status", "--readers"]);
    assert!(
        table.contains("Feedly/1.0") && table.contains("20 %"),
        "{table}"
    );
    // It goes on over a reload, and without a daemon nobody counts.
    site.hang_up();
    let polls = |site: &Running| {
        let report = site.json(&["status", "--readers"]);
        report["readers"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(polls(&site), readers.len());
    let refused = site.stop().wici(&["status", "--readers"]);
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("the daemon does not run"), "{why}");
}
