//! A disk that fills up: mail waits while there is little room, and a write that fails ends the
//! daemon before anything more is sent. On a small file system of the test's own, where the kernel
//! lets it have one.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::harness::{Running, Site, Written, wait_for, wici};

/// `unshare` with what the kernel allows here; `None`: nothing.
fn namespace() -> Option<&'static str> {
    let works = |way: &&str| {
        let tried = Command::new("unshare")
            .args([way, "sh", "-c", "mount -t tmpfs none /mnt"])
            .output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    ["-Urm", "-m"].into_iter().find(works)
}

/// Starts the site's daemon with its state on a disk of so many megabytes.
fn start(site: Written, namespace: &str, megabytes: usize) -> Running {
    fs::create_dir(site.path().join("state")).expect("a folder");
    let mut run = Command::new("unshare");
    run.args([namespace, "sh", "-c"])
        .arg(format!(
            "mount -t tmpfs -o size={megabytes}m tmpfs state && exec \"$0\" run"
        ))
        .arg(env!("CARGO_BIN_EXE_wici"))
        .current_dir(site.path())
        .env("NO_COLOR", "1");
    site.start_as(run)
}

/// The site as the daemon sees it, with the small disk.
fn inside(site: &Running) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", site.process()));
    let folder = site.path("").canonicalize().expect("a folder");
    root.join(folder.strip_prefix("/").expect("an absolute path"))
}

fn ask(site: &Running, arguments: &[&str]) -> Output {
    wici(&inside(site), arguments)
}

fn status(site: &Running) -> String {
    String::from_utf8(ask(site, &["status"]).stdout).expect("UTF-8")
}

fn subscribe(site: &Running) {
    let added = ask(
        site,
        &[
            "subscribers",
            "add",
            "reader@example.org",
            "--confirmed",
            "--schedule",
            "immediate",
        ],
    );
    assert!(added.status.success(), "{added:?}");
}

/// Writes until so many megabytes are left.
fn fill(site: &Running, left: u64) -> PathBuf {
    let path = inside(site).join("state/filler");
    let mut file = File::create(&path).expect("a file");
    let free = || {
        let disk = rustix::fs::statvfs(&path).expect("a disk");
        disk.f_bavail * disk.f_frsize
    };
    while free() > left << 20 && file.write_all(&[0; 64 << 10]).is_ok() {}
    // What is left below one block.
    while left == 0 && file.write_all(b"0123456789abcdef").is_ok() {}
    path
}

#[test]
fn with_little_room_mail_waits_and_goes_on_by_itself() {
    let Some(namespace) = namespace() else {
        eprintln!("SKIPPED: no namespace for this user here, and so no small disk");
        return;
    };
    let site = Site::new().with("[guards]\nfree_space = \"8MB\"\n").write();
    let site = start(site, namespace, 64).after_first_scan();
    subscribe(&site);
    site.save("first.md", "---\ntitle: First\n---\nText.\n");
    site.mails(1);
    let filler = fill(&site, 5);
    site.save("second.md", "---\ntitle: Second\n---\nText.\n");
    wait_for("the guard", || {
        let told = status(&site);
        (told.contains("nothing is mailed") && told.contains("8 MB")).then_some(())
    });
    assert_eq!(site.mails(1).len(), 1);
    fs::remove_file(filler).expect("a file to remove");
    let mails = site.mails(2);
    assert_eq!(mails[1].subject(), Some("Second"));
    assert!(!status(&site).contains("nothing is mailed"));
    let log = fs::read_to_string(site.path("log")).expect("a log");
    assert_eq!(log.matches("nothing is mailed").count(), 1, "{log}");
}

#[test]
fn a_full_disk_ends_the_daemon_with_75_before_anything_is_sent() {
    let Some(namespace) = namespace() else {
        eprintln!("SKIPPED: no namespace for this user here, and so no small disk");
        return;
    };
    let site = Site::new().with("[guards]\nfree_space = \"0MB\"\n").write();
    let mut site = start(site, namespace, 32).after_first_scan();
    subscribe(&site);
    fill(&site, 0);
    // The store has some room within its files: pages are saved until that is used up.
    let status = (0..).find_map(|number| {
        let text = format!("---\ntitle: Page {number}\n---\nText {number}.\n");
        site.save("page.md", &text);
        wait_for("an end, or the page", || {
            if let Some(status) = site.ended() {
                return Some(Some(status));
            }
            let feed = fs::read_to_string(site.path("feeds/all.atom")).ok()?;
            feed.contains(&format!("Page {number}<")).then_some(None)
        })
    });
    assert_eq!(status.and_then(|status| status.code()), Some(75));
    let log = fs::read_to_string(site.path("log")).expect("a log");
    assert!(log.contains("No space left"), "{log}");
}
