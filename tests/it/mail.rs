//! The daemon and a mail server that is strict, slow or strange.

use std::collections::BTreeSet;

use crate::harness::{Running, Site, wait_for};
use crate::kill::subscribe;
use crate::smtp_server::SmtpServer;

#[test]
fn a_wrong_password_fails_nobody_and_is_told_once() {
    let server = SmtpServer::start().requiring_auth("PLAIN");
    let site = Site::new()
        .mailing_by(&format!("smtp+plain://user@127.0.0.1:{}", server.port()))
        .with_mail("password_file = \"password\"")
        .write();
    std::fs::write(site.path().join("password"), "wrong").expect("a password");
    let site = site.start().after_first_scan();
    for reader in 1..=5 {
        let address = format!("reader{reader}@example.org");
        site.subscribe(&address, &["--schedule", "immediate"]);
    }
    site.save("a.md", "---\ntitle: A\n---\nText.\n");
    let status = wait_for("a problem", || {
        let status = site.json(&["status"]);
        let is_put_off = status["runs"][0]["counts"]["deferred"] == 5;
        is_put_off.then_some(status)
    });
    let problems = status["problems"].as_array().expect("problems");
    assert_eq!(problems.len(), 1, "{problems:?}");
    let told = problems[0].to_string();
    assert!(
        told.contains("login to the mail server failed: 535 5.7.8"),
        "{told}"
    );
    assert_eq!(status["queue"], 5);
    let run = site.json(&["runs", "show", "1"]);
    assert_eq!(run["counts"]["failed"], 0, "{run}");
    let log = std::fs::read_to_string(site.path("log")).expect("a log");
    assert!(log.matches("535 5.7.8").count() <= 2, "{log}");
}

#[test]
fn a_rate_lets_one_bucket_go_and_a_restart_one_more() {
    let server = SmtpServer::start();
    let site = Site::new()
        .mailing_to(&server)
        .with_mail("rate = \"2/d\"")
        .start()
        .after_first_scan();
    for reader in 1..=5 {
        let address = format!("reader{reader}@example.org");
        site.subscribe(&address, &["--schedule", "immediate"]);
    }
    site.save("a.md", "---\ntitle: A\n---\nText.\n");
    let sent = |site: &Running, number: u64| {
        wait_for("a letter by the rate", || {
            let run = site.json(&["status"])["runs"][0].clone();
            let is_sent = run["counts"]["sent"] == number && run["planned"] == true;
            is_sent.then_some(run)
        })
    };
    assert_eq!(sent(&site, 1)["counts"]["pending"], 4);
    let site = site.restart();
    assert_eq!(sent(&site, 2)["counts"]["pending"], 3);
    drop(site);
    assert_eq!(server.messages().len(), 2);
}

#[test]
fn a_reload_in_the_middle_of_a_run_neither_delays_nor_repeats() {
    const SUBSCRIBERS: usize = 1_000;
    let server = SmtpServer::start().pace(500);
    let site = Site::new().mailing_to(&server).write();
    subscribe(&site, SUBSCRIBERS);
    let site = site.start().after_first_scan();
    site.save("a.md", "---\ntitle: A\n---\nText.\n");
    assert!(server.wait_for(100, std::time::Duration::from_secs(60)));
    site.hang_up();
    let run = site.closed_run(1);
    assert_eq!(run["counts"]["sent"], SUBSCRIBERS);
    let messages = server.messages();
    let to: BTreeSet<&str> = messages.iter().map(|m| m.to.as_str()).collect();
    assert_eq!((to.len(), messages.len()), (SUBSCRIBERS, SUBSCRIBERS));
}
