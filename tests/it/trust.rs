//! A store that is not its latest state mails nothing before somebody says so.

use std::fs;
use std::path::Path;

use crate::harness::{Running, Site, Written, wait_for};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

fn put_back(site: &Written, from: &str) {
    let path = |name: &str| site.path().join(name);
    fs::remove_dir_all(path("state")).expect("a state");
    copy(&path(from), &path("state"));
}

/// A site at rest that has mailed a page since its state was copied to `copy`.
fn mailed_since() -> Written {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    site.save("first.md", "---\ntitle: First\n---\nText.\n");
    site.mails(1);
    site.closed_run(1);
    let site = site.stop();
    copy(&site.path().join("state"), &site.path().join("copy"));
    let site = site.start();
    site.save("second.md", "---\ntitle: Second\n---\nText.\n");
    site.mails(2);
    site.closed_run(2);
    site.stop()
}

fn hold(site: &Running) -> serde_json::Value {
    wait_for("the store to be held", || {
        let holds = site.json(&["holds", "list"]);
        holds.get(0).cloned()
    })
}

fn released(holds: &Running) {
    wait_for("the hold to be gone", || {
        let holds = holds.json(&["holds", "list"]);
        (holds == serde_json::json!([])).then_some(())
    });
}

#[test]
fn a_copy_from_before_the_last_mail_is_held_and_approval_mails_it_again() {
    let site = mailed_since();
    put_back(&site, "copy");
    let site = site.start();
    let held = hold(&site);
    assert_eq!(held["kind"], "store");
    assert!(held["distrust"]["restored"].is_object(), "{held}");
    let status = site.wici(&["status"]);
    assert!(
        status.contains("the store is a copy from before"),
        "{status}"
    );
    let log = fs::read_to_string(site.path("log")).expect("a log");
    assert!(log.contains("wici holds approve 1"), "{log}");
    // It is in the feeds, and nobody is mailed.
    site.feed("all.atom", |feed| feed.contains("Second"));
    let site = site.kill_and_restart();
    assert_eq!(hold(&site)["hold"], 1);
    assert_eq!(site.mails(2).len(), 2);
    let said = site.wici(&["holds", "approve", "1"]);
    assert_eq!(said, "Mailing goes on.\n");
    let mails = site.mails(3);
    assert_eq!(mails[2].subject(), Some("Second"));
    released(&site);
    // The next start finds nothing amiss.
    let site = site.restart();
    assert_eq!(site.json(&["holds", "list"]), serde_json::json!([]));
}

#[test]
fn a_copy_that_is_skipped_mails_only_what_comes() {
    let site = mailed_since();
    put_back(&site, "copy");
    // What is said while no daemon runs is carried out by the next one.
    let site = site.start();
    hold(&site);
    let site = site.stop();
    let skip = site.wici(&["holds", "skip", "1"]);
    assert!(skip.status.success());
    let site = site.start();
    released(&site);
    site.save("third.md", "---\ntitle: Third\n---\nText.\n");
    let mails = site.mails(3);
    assert_eq!(mails.len(), 3);
    assert_eq!(mails[2].subject(), Some("Third"));
}

#[test]
fn a_copy_of_the_latest_state_is_not_held() {
    let site = mailed_since();
    copy(&site.path().join("state"), &site.path().join("latest"));
    put_back(&site, "latest");
    let site = site.start();
    site.save("third.md", "---\ntitle: Third\n---\nText.\n");
    site.mails(3);
    assert_eq!(site.json(&["holds", "list"]), serde_json::json!([]));
    // Nor is one beside feeds that know less, or nothing.
    let site = site.stop();
    fs::remove_dir_all(site.path().join("feeds")).expect("feeds");
    let site = site.start();
    let log = wait_for("the log", || {
        let log = fs::read_to_string(site.path("log")).ok()?;
        log.contains("there is no witness").then_some(log)
    });
    assert!(log.contains("witness.json"), "{log}");
    site.save("fourth.md", "---\ntitle: Fourth\n---\nText.\n");
    site.mails(4);
}
