//! What subscribers get is changed while the daemon runs.

use crate::harness::{Running, Site};

fn save(site: &Running, name: &str) {
    site.save(
        &format!("{name}.md"),
        &format!("---\ntitle: {name}\n---\nTekst.\n"),
    );
}

/// Who was written to, each with the subject.
fn told(site: &Running, number: usize) -> Vec<(String, String)> {
    let mails = site.mails(number);
    let told = mails.iter().map(|mail| {
        let to = mail
            .to()
            .and_then(|to| to.first())
            .and_then(|to| to.address());
        let subject = mail.subject().expect("a subject");
        (to.expect("an address").to_owned(), subject.to_owned())
    });
    told.collect()
}

fn mail(to: &str, subject: &str) -> (String, String) {
    (format!("{to}@example.org"), subject.to_owned())
}

#[test]
fn who_changes_or_pauses_misses_nothing_and_gets_nothing_twice() {
    let site = Site::new()
        .with_schedule("yearly", "0 0 1 1 *")
        .start()
        .after_first_scan();
    site.subscribe("i@example.org", &["--schedule", "immediate"]);
    site.subscribe("a@example.org", &["--schedule", "yearly", "--none", "x"]);
    save(&site, "Pierwsza");
    assert_eq!(told(&site, 1), [mail("i", "Pierwsza")]);
    let change = ["subscribers", "change", "a@example.org"];
    site.wici(&[&change[..], &["--schedule", "immediate", "--none", ""]].concat());
    assert_eq!(told(&site, 2).last(), Some(&mail("a", "Pierwsza")));

    site.wici(&["subscribers", "pause", "a@example.org"]);
    save(&site, "Druga");
    assert_eq!(told(&site, 3).last(), Some(&mail("i", "Druga")));
    let shown = site.json(&["subscribers", "show", "a@example.org"]);
    assert!(shown["status"]["paused"].is_string(), "{shown}");
    site.wici(&["subscribers", "resume", "a@example.org"]);
    assert_eq!(told(&site, 4).last(), Some(&mail("a", "Druga")));

    site.wici(
        &[
            &change[..],
            &["--language", "uk", "--subscription", "1", "--any", "x"],
        ]
        .concat(),
    );
    let shown = site.json(&["subscribers", "show", "a@example.org"]);
    assert_eq!(shown["language"], "uk");
    assert_eq!(shown["subscriptions"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["subscriptions"][0]["any"][0], "x");
    let output = crate::harness::wici(
        &site.path("."),
        &[&change[..], &["--subscription", "2", "--drop"]].concat(),
    );
    assert_eq!(output.status.code(), Some(1));
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(why.contains("there is no subscription 2"), "{why}");
}

#[test]
fn no_change_makes_two_subscriptions_the_same() {
    let site = Site::new().start();
    site.subscribe("a@example.org", &["--any", "x"]);
    site.subscribe("a@example.org", &["--any", "y"]);
    let change = |more: &[&str]| {
        let words = [&["subscribers", "change", "a@example.org"], more].concat();
        let output = crate::harness::wici(&site.path("."), &words);
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), why)
    };
    let (code, why) = change(&["--any", "x"]);
    assert_eq!(code, Some(1));
    assert!(
        why.contains("the subscriptions 1 and 2 would be the same"),
        "{why}"
    );
    assert_eq!(change(&[]).0, Some(2));
    assert_eq!(change(&["--subscription", "2", "--drop"]).0, Some(0));
    let shown = site.json(&["subscribers", "show", "a@example.org"]);
    assert_eq!(shown["subscriptions"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["subscriptions"][0]["any"][0], "x");
}

#[test]
fn a_schedule_goes_by_its_former_names_too() {
    let renamed = "[[schedule]]\nname = \"new\"\naliases = [\"old\"]\ncron = \"0 0 1 1 *\"\n";
    let site = Site::new().with(renamed).start();
    site.subscribe("a@example.org", &["--schedule", "old"]);
    let list = site.json(&["subscribers", "list", "--schedule", "old"]);
    assert_eq!(list[0]["subscriptions"][0]["schedule"], "new");
    let dry = site.json(&["send", "--schedule", "old", "--dry-run"]);
    assert_eq!(dry["mails"], 0);
    let words = ["subscribers", "list", "--schedule", "older"];
    let output = crate::harness::wici(&site.path("."), &words);
    assert_eq!(output.status.code(), Some(1));
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(why.contains("there is no schedule `older`"), "{why}");
}

#[test]
fn a_schedule_by_the_readers_clock_has_windows_in_each_zone() {
    let site = Site::new()
        .with("[[schedule]]\nname = \"local\"\ncron = \"0 8 * * *\"\ntimezone = \"subscriber\"\n")
        .start()
        .after_first_scan();
    site.subscribe("w@example.org", &["--timezone", "europe/warsaw"]);
    site.subscribe("n@example.org", &["--timezone", "America/New_York"]);
    let status = site.json(&["status"]);
    assert_eq!(status["schedules"][0]["zones"], 2);
    let shown = site.json(&["subscribers", "show", "w@example.org"]);
    assert_eq!(shown["timezone"], "Europe/Warsaw");
    let subscription = &shown["subscriptions"][0];
    assert_eq!(subscription["schedule"], "local");
    assert_eq!(subscription["zone"], "Europe/Warsaw");
    site.wici(&[
        "subscribers",
        "change",
        "w@example.org",
        "--timezone",
        "America/New_York",
    ]);
    assert_eq!(site.json(&["status"])["schedules"][0]["zones"], 1);
}
