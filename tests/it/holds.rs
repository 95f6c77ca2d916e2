//! What is out of the ordinary waits for a person.

use std::fs;

use crate::harness::{Running, Site, wait_for};

/// A site with so many old pages, which is not news.
fn site_of(pages: usize) -> Site {
    (0..pages).fold(Site::new(), |site, number| {
        let text = format!("---\ntitle: Old {number:02}\ndate: 2020-01-01\n---\nText {number}.\n");
        site.page(&format!("a/{number:02}.md"), &text)
    })
}

/// As many pages at once as no editor writes.
fn flood(site: &Running, pages: usize) {
    let folder = site.path("incoming");
    fs::create_dir(&folder).expect("a folder");
    for number in 0..pages {
        let text = format!("---\ntitle: New {number:02}\n---\nText {number}.\n");
        fs::write(folder.join(format!("{number:02}.md")), text).expect("a page");
    }
    fs::rename(folder, site.path("content/new")).expect("a rename");
}

/// Waits for so many holds, and returns them.
fn holds(site: &Running, number: usize) -> serde_json::Value {
    wait_for(&format!("{number} holds"), || {
        let holds = site.json(&["holds", "list"]);
        (holds.as_array()?.len() == number).then_some(holds)
    })
}

fn live(site: &Running) -> u64 {
    let status = site.json(&["status"]);
    status["publications"]["live"].as_u64().expect("a number")
}

#[test]
fn a_flood_is_in_the_feeds_and_mailed_only_once_approved() {
    let site = Site::new().start().after_first_scan();
    for address in ["a@example.org", "b@example.org"] {
        site.subscribe(address, &["--schedule", "immediate"]);
    }
    flood(&site, 30);
    let waiting = holds(&site, 1);
    assert_eq!(waiting[0]["kind"], "releases");
    assert_eq!(waiting[0]["publications"], 30);
    assert_eq!(waiting[0]["examples"][0], "New 00");
    site.feed("all.atom", |feed| {
        feed.contains("New 00") && feed.contains("New 29")
    });
    assert!(site.wici(&["status"]).contains("wici holds approve 1"));

    let shown = site.wici(&["publications", "show", "new/03.md"]);
    assert!(shown.contains("it waits in hold 1"), "{shown}");

    let site = site.kill_and_restart();
    assert!(site.wici(&["holds", "list"]).contains("wici holds skip 1"));
    assert_eq!(site.json(&["runs", "list"]), serde_json::json!([]));
    let unknown = crate::harness::wici(&site.path("."), &["holds", "approve", "7"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("there is no hold 7"));

    let said = site.wici(&["holds", "approve", "1"]);
    assert_eq!(said, "30 publications: to be mailed.\n");
    let mails = site.mails(2);
    assert!(mails.iter().all(|mail| {
        let text = mail.body_text(0).unwrap_or_default();
        text.contains("New 00") && text.contains("New 29")
    }));
    holds(&site, 0);
    assert_eq!(site.wici(&["holds", "list"]), "Nothing waits for you.\n");
    // Whatever comes next goes its way, and nothing of the flood comes again.
    site.save("later.md", "---\ntitle: Later\n---\nText.\n");
    let mails = site.mails(4);
    assert_eq!(mails.len(), 4);
    assert_eq!(
        mails
            .iter()
            .filter(|mail| mail.subject() == Some("Later"))
            .count(),
        2
    );
}

#[test]
fn a_folder_that_vanishes_takes_nothing_with_it() {
    let site = site_of(3).start();
    site.feed("all.atom", |feed| feed.contains("Old 02"));
    fs::rename(site.path("content"), site.path("unmounted")).expect("a rename");
    let waiting = holds(&site, 1);
    assert_eq!(waiting[0]["kind"], "withdrawals");
    assert_eq!(
        (&waiting[0]["source"], &waiting[0]["publications"]),
        (&"pages".into(), &4.into())
    );
    assert_eq!(live(&site), 4);
    // Mounted again it is as if nothing had been.
    fs::rename(site.path("unmounted"), site.path("content")).expect("a rename");
    holds(&site, 0);
    assert_eq!(live(&site), 4);
    assert_eq!(site.json(&["status"])["problems"], serde_json::json!([]));
    site.remove("a/00.md");
    site.feed("all.atom", |feed| !feed.contains("Old 00"));
}

#[test]
fn when_most_files_are_gone_approval_withdraws_them() {
    let site = site_of(24).start();
    site.feed("all.atom", |feed| feed.contains("Old 23"));
    fs::remove_dir_all(site.path("content/a")).expect("a folder to remove");
    let waiting = holds(&site, 1);
    assert_eq!(waiting[0]["publications"], 24);
    assert_eq!(waiting[0]["examples"][0], "a/00.md");
    assert_eq!(live(&site), 25);
    site.wici(&["holds", "approve", "1"]);
    site.feed("all.atom", |feed| {
        !feed.contains("Old 00") && feed.contains(">Old</title>")
    });
    holds(&site, 0);
    assert_eq!(live(&site), 1);
    // They were read before, and are read again when they return.
    let again = "---\ntitle: Old 00\ndate: 2020-01-01\n---\nText 0.\n";
    site.save("a/00.md", again);
    site.feed("all.atom", |feed| feed.contains("Old 00"));
}

#[test]
fn what_is_skipped_while_no_daemon_runs_stays_published() {
    let site = site_of(24).start();
    site.feed("all.atom", |feed| feed.contains("Old 23"));
    let rest = site.stop();
    fs::remove_dir_all(rest.path().join("content/a")).expect("a folder to remove");
    let site = rest.start();
    holds(&site, 1);
    let rest = site.stop();
    let skip = rest.wici(&["holds", "skip", "1", "--json"]);
    assert!(skip.status.success());
    let site = rest.start();
    assert_eq!(holds(&site, 0), serde_json::json!([]));
    // The next scan misses nobody.
    site.save("next.md", "---\ntitle: Next\n---\nText.\n");
    site.feed("all.atom", |feed| {
        feed.contains("Next") && feed.contains("Old 23")
    });
    assert_eq!((live(&site), holds(&site, 0)), (26, serde_json::json!([])));
}
