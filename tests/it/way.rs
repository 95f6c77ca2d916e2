//! The whole way: a file becomes feeds and one mail.

use std::path::Path;

use crate::harness::{Running, Site, parse, unsubscribe_path, wait_for};
use crate::smtp_server::{Phase, SmtpServer};

fn page(title: &str, tags: &str) -> String {
    format!("---\ntitle: {title}\ntags: [{tags}]\n---\nText of {title}.\n")
}

fn subjects(site: &Running, number: usize) -> Vec<String> {
    let mails = site.mails(number);
    mails
        .iter()
        .map(|mail| mail.subject().expect("a subject").to_owned())
        .collect()
}

#[test]
fn a_file_becomes_feeds_and_one_mail() {
    let site = Site::new().start().after_first_scan();
    site.subscribe(
        "reader@example.org",
        &["--any", "Szkolenia", "--schedule", "immediate"],
    );
    site.save("nowe.md", &page("Zażółć gęślą jaźń", "Szkolenia"));

    for name in [
        "all.rss",
        "all.atom",
        "all.json",
        "tag/szkolenia.atom",
        "pl/tag/szkolenia.rss",
    ] {
        site.feed(name, |feed| feed.contains("Zażółć gęślą jaźń"));
    }
    assert!(!site.feed("tag/prawo.atom", |_| true).contains("Zażółć"));
    let mails = site.mails(1);
    let mail = &mails[0];
    assert_eq!(mail.subject(), Some("Zażółć gęślą jaźń"));
    let to = mail
        .to()
        .and_then(|to| to.first())
        .and_then(|to| to.address());
    assert_eq!(to, Some("reader@example.org"));
    for body in [mail.body_text(0), mail.body_html(0)] {
        let body = body.expect("both bodies");
        assert!(body.contains("https://portal.example/nowe/"), "{body}");
        assert!(body.contains(&unsubscribe_path(mail)), "{body}");
    }
    // What nobody asked for is mailed to nobody; the next mail shows that there was none.
    site.save("inne.md", &page("Inne", "prawo"));
    site.feed("all.atom", |feed| feed.contains("Inne"));
    site.save("drugie.md", &page("Drugie", "Szkolenia"));
    assert_eq!(subjects(&site, 2), ["Zażółć gęślą jaźń", "Drugie"]);
}

/// In the letters of its time, among menus, with a date and tags of its own.
#[test]
fn an_html_file_becomes_feeds_and_one_mail() {
    let site = Site::new().start().after_first_scan();
    site.subscribe(
        "reader@example.org",
        &["--any", "Szkolenia", "--schedule", "immediate"],
    );
    let html = "<html><head><meta charset=iso-8859-2><title>Źródła wiedzy - Portal</title>\
        <meta name=keywords content='Szkolenia, Łączność'></head><body><ul id=menu><li>Na skróty\
        </ul><div id=content><h1>Źródła wiedzy</h1><p>Zażółć <b>gęślą</b> jaźń.\
        <p><a href=plan.pdf>Plan</a></div><div id=footer>Stopka</div></body></html>";
    let (bytes, _, _) = encoding_rs::ISO_8859_2.encode(html);
    site.save("zrodla.html", &bytes);

    for name in ["all.atom", "tag/szkolenia.rss", "tag/lacznosc.json"] {
        let feed = site.feed(name, |feed| feed.contains("Źródła wiedzy"));
        assert!(
            feed.contains("https://portal.example/zrodla/plan.pdf"),
            "{feed}"
        );
        for word in ["Na skróty", "Stopka", "\u{FFFD}"] {
            assert!(!feed.contains(word), "{word} is in {feed}");
        }
    }
    let mails = site.mails(1);
    assert_eq!(mails[0].subject(), Some("Źródła wiedzy"));
    let body = mails[0].body_text(0).expect("a text");
    assert!(body.contains("Zażółć gęślą jaźń."), "{body}");
    assert!(body.contains("https://portal.example/zrodla/"), "{body}");
}

#[test]
fn a_minor_edit_changes_the_feeds_and_is_not_mailed() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    site.save("a.md", &page("First", "prawo"));
    site.mails(1);
    site.save("a.md", &page("Reworded", "prawo"));
    site.feed("tag/prawo.json", |feed| feed.contains("Reworded"));
    site.save("b.md", &page("Next", "prawo"));
    assert_eq!(subjects(&site, 2), ["First", "Next"]);
}

#[test]
fn a_correction_is_mailed_again_with_its_note() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    site.save(
        "a.md",
        "---\ntitle: Training\ndate: 2026-01-01\n---\nOn Monday.\n",
    );
    site.feed("all.atom", |feed| feed.contains("Training"));
    site.save("b.md", &page("Meeting", "prawo"));
    site.mails(1);
    let corrected = "---\ntitle: Meeting\ntags: [prawo]\nupdated: 2999-01-01\nchange_note: Now on Tuesday\n---\nText of Meeting.\n";
    site.save("b.md", corrected);
    let mails = site.mails(2);
    assert!(
        mails[1]
            .body_text(0)
            .expect("a text")
            .contains("Now on Tuesday")
    );
}

#[test]
fn a_restart_mails_nothing_again() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    site.save("a.md", &page("First", "prawo"));
    site.mails(1);
    let feed = site.get("/feeds/all.atom");
    let site = site.restart();
    let again = site.get("/feeds/all.atom");
    assert_eq!(
        (again.status, &again.headers["etag"]),
        (200, &feed.headers["etag"])
    );
    let site = site.kill_and_restart();
    site.save("b.md", &page("Next", "prawo"));
    assert_eq!(subjects(&site, 2), ["First", "Next"]);
    let runs = site.json(&["runs", "list"]);
    assert_eq!(runs.as_array().map(Vec::len), Some(2), "{runs}");
}

#[test]
fn what_appeared_while_the_daemon_was_away_is_news() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    let rest = site.stop();
    std::fs::write(rest.path().join("content/a.md"), page("Meanwhile", "prawo")).expect("a page");
    let site = rest.start();
    assert_eq!(subjects(&site, 1), ["Meanwhile"]);
}

#[test]
fn the_link_in_the_mail_unsubscribes() {
    let site = Site::new().start().after_first_scan();
    site.subscribe(
        "gone@example.org",
        &["--schedule", "immediate", "--language", "uk"],
    );
    site.save("a.md", &page("First", "prawo"));
    let path = unsubscribe_path(&site.mails(1)[0]);

    let asked = site.get(&path);
    assert_eq!(asked.status, 200);
    assert!(
        asked.text().contains("<form method=\"post\">"),
        "{}",
        asked.text()
    );
    assert!(asked.text().contains("g…\u{2060}@example.org") && !asked.text().contains("gone@"));
    assert!(asked.text().contains("lang=\"uk\""));
    let status =
        |site: &Running| site.json(&["subscribers", "show", "gone@example.org"])["status"].clone();
    assert_eq!(status(&site), "active");

    let done = site.request("POST", &path, &[]);
    assert_eq!((done.status, done.headers.get("location")), (200, None));
    assert!(!done.headers.contains_key("set-cookie"));
    assert!(status(&site)["unsubscribed"].is_string());
    assert_eq!(site.request("POST", &path, &[]).status, 200);

    site.subscribe("stays@example.org", &["--schedule", "immediate"]);
    site.save("b.md", &page("Next", "prawo"));
    let mails = site.mails(2);
    let to = mails[1]
        .to()
        .and_then(|to| to.first())
        .and_then(|to| to.address());
    assert_eq!(to, Some("stays@example.org"));
    let mut forged = path.clone().into_bytes();
    let last = forged.len() - 3;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    assert_eq!(
        site.request("POST", &String::from_utf8(forged).expect("ASCII"), &[])
            .status,
        403
    );
}

#[test]
fn a_digest_gathers_what_came_since_the_last() {
    let site = Site::new()
        .with_schedule("often", "*/3 * * * * *")
        .start()
        .after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "often"]);
    for title in ["One", "Two", "Three"] {
        site.save(&format!("{title}.md"), &page(title, "prawo"));
    }
    // However the seconds fell, each title is told once.
    let texts = wait_for("three titles", || {
        let mails = site.mails(1);
        let texts: String = mails
            .iter()
            .map(|mail| mail.body_text(0).expect("a text").into_owned())
            .collect();
        ["One", "Two", "Three"]
            .iter()
            .all(|title| texts.contains(&format!("Text of {title}.")))
            .then_some(texts)
    });
    for title in ["One", "Two", "Three"] {
        assert_eq!(
            texts.matches(&format!("Text of {title}.")).count(),
            1,
            "{texts}"
        );
    }
}

#[test]
fn the_same_mail_goes_out_over_smtp() {
    let server = SmtpServer::start();
    let site = Site::new().mailing_to(&server).start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    site.save("a.md", &page("Przez SMTP", "prawo"));
    assert!(server.wait_for(1, std::time::Duration::from_secs(60)));
    let message = &server.messages()[0];
    assert_eq!(
        (message.from.as_str(), message.to.as_str()),
        ("wici@portal.example", "reader@example.org")
    );
    assert_eq!(parse(&message.data).subject(), Some("Przez SMTP"));
    let run = site.closed_run(1);
    assert_eq!(run["counts"]["sent"], 1);
    assert!(server.violations().is_empty(), "{:?}", server.violations());
}

#[test]
fn a_refused_address_is_told_and_harms_no_other() {
    let server = SmtpServer::start().reply_to(Phase::Rcpt, ["550 5.1.1 no such user"]);
    let site = Site::new().mailing_to(&server).start().after_first_scan();
    site.subscribe("first@example.org", &["--schedule", "immediate"]);
    site.subscribe("second@example.org", &["--schedule", "immediate"]);
    site.save("a.md", &page("News", "prawo"));
    let run = site.closed_run(1);
    assert_eq!(run["counts"]["sent"], 1, "{run}");
    assert_eq!(run["counts"]["failed"], 1, "{run}");
    let reply = run["notable"][0]["reply"].as_str().expect("a reply");
    assert!(reply.contains("no such user"), "{reply}");
    let books = &run["books"];
    let account = &books["publications"][0];
    assert_eq!(
        (&books["even"], &account["matched"]),
        (&true.into(), &2.into())
    );
    assert_eq!(account["counts"]["failed"], 1, "{run}");
}

#[test]
fn a_file_that_goes_leaves_the_feeds_and_a_root_that_goes_does_not() {
    let site = Site::new().page("b.md", &page("Second", "prawo")).start();
    site.feed("all.atom", |feed| {
        feed.contains("Second") && feed.contains("Old")
    });
    site.remove("b.md");
    site.feed("all.atom", |feed| {
        !feed.contains("Second") && feed.contains("Old")
    });
    std::fs::rename(site.path("content"), site.path("elsewhere")).expect("a rename");
    let problems = wait_for("a problem", || {
        let problems = site.json(&["status"])["problems"].clone();
        problems
            .as_array()
            .is_some_and(|all| !all.is_empty())
            .then_some(problems)
    });
    assert_eq!(problems[0]["place"], "pages");
    assert!(site.feed("all.atom", |_| true).contains("Old"));
    std::fs::rename(site.path("elsewhere"), site.path("content")).expect("a rename");
    site.save("c.md", &page("Third", "prawo"));
    site.feed("all.atom", |feed| {
        feed.contains("Third") && feed.contains("Old")
    });
}

#[test]
fn a_bad_file_is_reported_and_stops_nothing() {
    let site = Site::new().start().after_first_scan();
    site.save("bad.md", "---\ntitle: Bad\ndate: 31.02.2013\n---\nText.\n");
    site.save("good.md", &page("Good", "prawo"));
    site.feed("all.atom", |feed| feed.contains("Good"));
    let problem = wait_for("a problem", || {
        let status = site.json(&["status"]);
        status["problems"].get(0).cloned()
    });
    assert!(
        problem["file"]
            .as_str()
            .expect("a file")
            .ends_with("content/bad.md"),
        "{problem}"
    );
    assert_eq!(problem["line"], 3);
    site.save(
        "bad.md",
        "---\ntitle: Mended\ndate: 28.02.2013\n---\nText.\n",
    );
    site.feed("all.atom", |feed| feed.contains("Mended"));
    assert_eq!(
        site.json(&["status"])["problems"].as_array().map(Vec::len),
        Some(0)
    );
}

/// The page that the first user's portal really has, where it is at hand.
#[test]
fn the_portals_page_goes_the_whole_way() {
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seed/portal-page.txt");
    let Ok(text) = std::fs::read_to_string(&seed) else {
        eprintln!(
            "skipped: there is no seed page here; the page of our own is tested all the same"
        );
        return;
    };
    let site = Site::new()
        .page("strona.txt", &text)
        .start()
        .after_first_scan();
    let feed = site.feed("all.json", |feed| feed.contains("strona"));
    let feed: serde_json::Value = serde_json::from_str(&feed).expect("JSON");
    let items = feed["items"].as_array().expect("items");
    let item = items.iter().find(|item| {
        item["url"]
            .as_str()
            .is_some_and(|url| url.contains("strona"))
    });
    let item = item.expect("the page");
    assert_eq!(
        item["title"],
        "Współpraca polsko-ukraińska w zakresie zwalczania i zapobiegania handlowi ludźmi"
    );
    let published: jiff::Timestamp = item["date_published"]
        .as_str()
        .and_then(|date| date.parse().ok())
        .expect("a date");
    let warsaw = published.in_tz("Europe/Warsaw").expect("a zone");
    assert_eq!(warsaw.date(), jiff::civil::date(2013, 12, 18));
    let body = item["content_html"].as_str().expect("a body");
    assert!(
        body.trim_start()
            .starts_with("<p>Projekt został zrealizowany"),
        "{body}"
    );
    assert!(
        body.trim_end().ends_with("jest bardzo ważna.</p>"),
        "{body}"
    );
    for stray in [
        "A A A",
        "Dodane dnia",
        "Tagi:",
        "podziel się",
        "wersją archiwalną",
    ] {
        assert!(!body.contains(stray), "{stray} in {body}");
        assert!(!item["summary"].as_str().unwrap_or_default().contains(stray));
    }
    assert_eq!(
        item.get("tags")
            .and_then(|tags| tags.as_array())
            .map_or(0, Vec::len),
        0
    );
    let atom = site.feed("all.atom", |_| true);
    assert!(
        atom.contains("https://www.gov.pl/web/handel-ludzmi"),
        "no latest-version link"
    );
}
