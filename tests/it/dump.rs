//! The whole state as one file, and a site that goes on from it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::{Running, Site, Written, unsubscribe_path, wait_for};

/// A site that has mailed a page.
fn site() -> Running {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    site.save("first.md", "---\ntitle: First\n---\nText.\n");
    site.mails(1);
    site.closed_run(1);
    site
}

fn fails(site: &Written, arguments: &[&str]) -> String {
    let output = site.wici(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn restore(site: &Written) {
    fs::remove_dir_all(site.path().join("state")).expect("a state");
    let output = site.wici(&["restore", "dump"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn a_dump_of_the_latest_state_goes_on_where_it_was() {
    // While the daemon runs, and while it does not.
    for at_rest in [false, true] {
        let site = site();
        let unsubscribe = unsubscribe_path(&site.mails(1)[0]);
        let site = if at_rest {
            let site = site.stop();
            assert!(site.wici(&["dump", "dump"]).status.success());
            site
        } else {
            let said = site.wici(&["dump", "dump"]);
            assert!(said.contains("with the keys"), "{said}");
            site.stop()
        };
        assert_eq!(mode(&site.path().join("dump")), 0o600);
        restore(&site);
        assert_eq!(mode(&site.path().join("state")), 0o700);
        assert_eq!(mode(&site.path().join("state/keys")), 0o600);
        let site = site.start();
        assert_eq!(site.json(&["holds", "list"]), serde_json::json!([]));
        site.save("second.md", "---\ntitle: Second\n---\nText.\n");
        let mails = site.mails(2);
        assert_eq!(mails[1].subject(), Some("Second"));
        assert_eq!(mails.len(), 2);
        // The links in mails that went out are good.
        assert_eq!(site.request("POST", &unsubscribe, &[]).status, 200);
    }
}

#[test]
fn a_dump_from_before_the_last_mail_is_held() {
    let site = site();
    site.wici(&["dump", "dump"]);
    site.save("second.md", "---\ntitle: Second\n---\nText.\n");
    site.mails(2);
    site.closed_run(2);
    let site = site.stop();
    restore(&site);
    let site = site.start();
    let held = wait_for("the store to be held", || {
        site.json(&["holds", "list"]).get(0).cloned()
    });
    assert_eq!(held["kind"], "store");
    site.wici(&["holds", "skip", &held["hold"].to_string()]);
    site.save("third.md", "---\ntitle: Third\n---\nText.\n");
    let mails = site.mails(3);
    assert_eq!(mails.len(), 3);
    assert_eq!(mails[2].subject(), Some("Third"));
}

#[test]
fn what_cannot_be_restored_says_why_and_costs_nothing() {
    let site = site();
    site.wici(&["dump", "dump"]);
    let site = site.stop();
    let dump = site.path().join("dump");
    let told = fails(&site, &["restore", "dump"]);
    assert!(told.contains("there is a store at"), "{told}");
    assert!(site.wici(&["status"]).status.success());

    fs::rename(site.path().join("state"), site.path().join("kept")).expect("a state");
    let bytes = fs::read(&dump).expect("a dump");
    fs::write(&dump, &bytes[..bytes.len() / 2]).expect("a part");
    let told = fails(&site, &["restore", "dump"]);
    assert!(told.contains("cut off"), "{told}");
    let told = fails(&site, &["status"]);
    assert!(told.contains("was not finished"), "{told}");
    let run = fails(&site, &["run"]);
    assert!(run.contains("was not finished"), "{run}");
    fs::write(&dump, "<rss/>").expect("a file");
    let told = fails(&site, &["restore", "dump"]);
    assert!(told.contains("it is not a dump of wici"), "{told}");
    let told = fails(&site, &["restore", "nowhere"]);
    assert!(told.contains("can't read nowhere"), "{told}");
    let told = fails(&site, &["dump", "nowhere/dump"]);
    assert!(told.contains("was not finished"), "{told}");

    fs::write(&dump, &bytes).expect("a dump");
    assert!(site.wici(&["restore", "dump"]).status.success());
    assert!(site.wici(&["status"]).status.success());
}
