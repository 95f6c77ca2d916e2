//! Sending by hand: runs opened now, what they would mail, previews and tests, with a daemon and
//! without.

use std::fs;

use serde_json::Value;

use crate::harness::{Running, Site, Written, parse, wici};
use crate::smtp_server::SmtpServer;

const YEARLY: &str = "[[schedule]]\nname = \"yearly\"\ncron = \"@yearly\"\n";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A site with a yearly schedule, a reader of everything in it and one of the law, and two
/// publications that are news to them.
fn with_news() -> Running {
    let site = Site::new().with(YEARLY).start().after_first_scan();
    site.subscribe("all@example.org", &[]);
    site.subscribe("law@example.org", &["--any", "prawo"]);
    site.save(
        "law.md",
        "---\ntitle: Nowe prawo\ntags: [prawo]\n---\nTreść ustawy.\n",
    );
    site.feed("all.atom", |feed| feed.contains("Nowe prawo"));
    site.save(
        "help.md",
        "---\ntitle: Nowa pomoc\ntags: [pomoc]\n---\nTreść pomocy.\n",
    );
    site.feed("all.atom", |feed| feed.contains("Nowa pomoc"));
    site
}

fn json(site: &Written, arguments: &[&str]) -> Value {
    let output = site.wici(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The runs of the yearly schedule: its numbers, latest first.
fn runs(list: &Value) -> Vec<u64> {
    let runs = list.as_array().expect("a list").iter();
    let yearly = runs.filter(|run| run["schedule"] == "yearly");
    yearly
        .map(|run| run["run"].as_u64().expect("a number"))
        .collect()
}

fn said(site: &Written, arguments: &[&str]) -> String {
    let output = site.wici(arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_run_opened_by_hand_is_mailed_and_repeats_nothing() {
    let site = with_news();
    let dry = site.json(&["send", "--schedule", "yearly", "--dry-run"]);
    assert_eq!(dry["mails"], 2);
    let titles: Vec<_> = dry["publications"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (
                one["title"].as_str().expect("a title"),
                one["mails"].as_u64(),
            )
        })
        .collect();
    assert_eq!(titles, [("Nowe prawo", Some(2)), ("Nowa pomoc", Some(1))]);
    assert_eq!(
        runs(&site.json(&["runs", "list"])),
        [0u64; 0],
        "it changes nothing"
    );
    let told = site.wici(&["send", "--schedule", "yearly"]);
    let [run] = runs(&site.json(&["runs", "list"]))[..] else {
        panic!("one run: {told}");
    };
    assert!(
        told.starts_with(&format!("Run {run} of yearly: 2 mails, ")),
        "{told}"
    );
    assert_eq!(site.mails(2).len(), 2);
    site.closed_run(run);
    let again = site.wici(&["send", "--schedule", "yearly"]);
    assert!(
        again.starts_with("Nothing to send: nothing new since "),
        "{again}"
    );
    // What comes after is all that the next has.
    site.save(
        "later.md",
        "---\ntitle: Później\ntags: [pomoc]\n---\nTreść.\n",
    );
    site.feed("all.atom", |feed| feed.contains("Później"));
    let opened = site.json(&["send", "--schedule", "yearly"]);
    assert_eq!(
        opened["runs"][0]["counts"]["pending"]
            .as_u64()
            .unwrap_or_default()
            + opened["runs"][0]["counts"]["sent"]
                .as_u64()
                .unwrap_or_default(),
        1
    );
    assert!(
        site.mails(3)
            .iter()
            .any(|mail| mail.subject() == Some("Później"))
    );
}

#[test]
fn without_a_daemon_a_run_is_planned_and_the_next_daemon_sends_it() {
    let rest = with_news().stop();
    let dry = json(&rest, &["send", "--schedule", "yearly", "--dry-run"]);
    assert_eq!(dry["mails"], 2);
    assert_eq!(
        dry["subscribers"],
        serde_json::json!(["all@example.org", "law@example.org"])
    );
    let told = said(&rest, &["send", "--schedule", "yearly"]);
    let expected = " of yearly: 2 mails, they go out when the daemon runs.\n";
    assert!(
        told.starts_with("Run ") && told.ends_with(expected),
        "{told}"
    );
    assert!(!rest.path().join("outbox").exists());
    let site = rest.start();
    assert_eq!(site.mails(2).len(), 2);
    let told = site.wici(&["send", "--schedule", "yearly", "--dry-run"]);
    assert!(
        told.contains("would mail nobody: nothing is new for its subscribers since"),
        "{told}"
    );
}

#[test]
fn immediate_need_not_wait_for_its_delay() {
    let site = Site::new().write();
    let file = site.path().join("daemon.toml");
    let patient = fs::read_to_string(&file)
        .expect("a configuration")
        .replace("delay = \"0s\"", "delay = \"1d\"");
    fs::write(&file, patient).expect("a configuration");
    let site = site.start().after_first_scan();
    site.subscribe("now@example.org", &["--schedule", "immediate"]);
    site.save("new.md", "---\ntitle: Nowe\n---\nTreść.\n");
    site.feed("all.atom", |feed| feed.contains("Nowe"));
    assert_eq!(
        site.json(&["send", "--schedule", "immediate", "--dry-run"])["mails"],
        1
    );
    site.wici(&["send", "--schedule", "immediate"]);
    assert_eq!(site.mails(1)[0].subject(), Some("Nowe"));
    let again = site.wici(&["send", "--schedule", "immediate"]);
    assert!(again.starts_with("Nothing to send"), "{again}");
}

#[test]
fn an_unknown_schedule_is_told_which_there_are() {
    let rest = Site::new().with(YEARLY).start().after_first_scan().stop();
    for arguments in [
        &["send", "--schedule", "daily"][..],
        &["send", "--schedule", "daily", "--dry-run"],
        &["preview", "--schedule", "daily"],
    ] {
        let output = rest.wici(arguments);
        assert_eq!(output.status.code(), Some(1));
        let why = text(&output.stderr);
        assert!(
            why.contains("there is no schedule `daily`; there are: yearly, immediate"),
            "{why}"
        );
    }
    for arguments in [
        &["send"][..],
        &["send", "--dry-run"],
        &["send", "--test", "a@example.org", "--schedule", "yearly"],
    ] {
        assert_eq!(rest.wici(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_preview_shows_what_would_go_out_and_sends_nothing() {
    let site = with_news();
    let running = site.wici(&["preview"]);
    let html = site.path("digest.html");
    let rest = site.stop();
    let resting = said(&rest, &["preview", "--html", "digest.html"]);
    let without_date = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with("Date: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_date(&running), without_date(&resting));
    assert!(resting.contains("\nSubject: 2 "), "{resting}");
    for title in ["Nowe prawo", "Nowa pomoc"] {
        assert!(resting.contains(title), "{resting}");
    }
    let html = fs::read_to_string(html).expect("the HTML part");
    assert!(
        html.contains("<html") && html.contains("Nowe prawo"),
        "{html}"
    );
    let theirs = said(&rest, &["preview", "--to", "law@example.org"]);
    assert!(theirs.contains("\nTo: law@example.org\n"), "{theirs}");
    assert!(theirs.contains("\nSubject: Nowe prawo\n"), "{theirs}");
    assert!(!theirs.contains("Nowa pomoc"), "{theirs}");
    assert_eq!(runs(&json(&rest, &["runs", "list"])), [0u64; 0]);
    assert!(!rest.path().join("outbox").exists());
}

#[test]
fn a_preview_of_nothing_says_why() {
    let site = with_news();
    site.subscribe("uk@example.org", &["--only", "uk"]);
    let theirs = site.wici(&["preview", "--to", "uk@example.org"]);
    assert!(
        theirs.starts_with("Nothing for uk@example.org: of 2 publications new since "),
        "{theirs}"
    );
    site.wici(&["send", "--schedule", "yearly"]);
    site.mails(2);
    let nothing = site.wici(&["preview"]);
    assert!(
        nothing.starts_with("Nothing to mail: nothing new since "),
        "{nothing}"
    );
    let unknown = wici(&site.path("."), &["preview", "--to", "nobody@example.org"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("nobody with the address nobody@example.org"));
}

#[test]
fn a_test_sends_a_sample_of_each_mail_in_each_language_and_remembers_none() {
    let server = SmtpServer::start();
    let site = Site::new().mailing_to(&server).start().after_first_scan();
    let running = site.json(&["send", "--test", "me@example.org"]);
    let rest = site.stop();
    let resting = json(&rest, &["send", "--test", "me@example.org"]);
    for tried in [running, resting] {
        let tried = tried.as_array().expect("a list").clone();
        assert_eq!(tried.len(), 12);
        let took = |one: &Value| {
            one["answer"]
                .as_str()
                .is_some_and(|said| said.starts_with("250"))
        };
        assert!(tried.iter().all(took), "{tried:?}");
        assert!(
            tried.iter().all(|one| one["outcome"] == "accepted"),
            "{tried:?}"
        );
        let real = |one: &&Value| one["real"] == true;
        let real: Vec<&Value> = tried.iter().filter(real).collect();
        assert_eq!(real.len(), 1, "{real:?}");
        assert_eq!(
            (&real[0]["kind"], &real[0]["language"]),
            (&"publication".into(), &"pl".into())
        );
    }
    let mails = server.messages();
    assert_eq!(mails.len(), 24);
    let ids: std::collections::BTreeSet<_> = mails
        .iter()
        .map(|mail| {
            let message = parse(&mail.data);
            assert!(message.subject().expect("a subject").starts_with("[test] "));
            message.message_id().expect("an id").to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 24, "each is another message");
    assert_eq!(runs(&json(&rest, &["runs", "list"])), [0u64; 0]);
}

#[test]
fn a_test_that_is_refused_shows_the_servers_answer() {
    let server = SmtpServer::start().refuse_rcpt("550 5.1.1 no such user");
    let rest = Site::new()
        .mailing_to(&server)
        .start()
        .after_first_scan()
        .stop();
    let output = rest.wici(&["send", "--test", "me@example.org"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    assert!(told.contains("refused") && told.contains("550"), "{told}");
}
