//! Hostile and clumsy users: what they do costs them, and nobody else.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Running, Site, wait_for};

fn problems(site: &Running) -> Vec<String> {
    let status = site.json(&["status"]);
    let problems = status["problems"].as_array().expect("a list");
    let file = |problem: &serde_json::Value| problem["file"].as_str().expect("a file").to_owned();
    problems.iter().map(file).collect()
}

fn wait_for_problems(site: &Running, files: &[&str]) {
    wait_for(&format!("problems of {files:?}"), || {
        (problems(site) == files).then_some(())
    });
}

#[test]
fn a_problem_goes_with_the_file_that_had_it() {
    let site = Site::new().start().after_first_scan();
    site.save("bad.md", "---\ntitle: Bad\ndate: 31.02.2013\n---\n");
    symlink("nowhere.md", site.path("content/link.md")).expect("a link");
    wait_for_problems(&site, &["content/link.md", "content/bad.md"]);
    site.remove("link.md");
    wait_for_problems(&site, &["content/bad.md"]);
    site.remove("bad.md");
    wait_for_problems(&site, &[]);
}

#[test]
fn output_that_nobody_takes_is_no_panic() {
    let site = Site::new().start().after_first_scan();
    let wici = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wici"));
        command.current_dir(site.path(".")).arg("status");
        command
    };
    let mut unread = wici().stdout(Stdio::piped()).spawn().expect("wici runs");
    drop(unread.stdout.take());
    assert!(unread.wait().is_ok_and(|status| status.success()));

    let full = fs::File::options().write(true).open("/dev/full");
    let output = wici().stdout(full.expect("a full disk")).output();
    let output = output.expect("wici runs");
    assert_eq!(output.status.code(), Some(1));
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(why.contains("can't write to standard output"), "{why}");
}

#[test]
fn a_log_that_nobody_reads_ends_nothing() {
    let site = Site::new().write().start_unread().after_first_scan();
    for title in ["One", "Two"] {
        site.save("a.md", &format!("---\ntitle: {title}\n---\n"));
        site.feed("all.rss", |feed| feed.contains(title));
    }
    site.stop();
}

/// Ends it in order, which takes less than clients and scans are given.
fn stops_promptly(site: Running) {
    let begun = Instant::now();
    site.stop();
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn a_scan_does_not_hold_up_the_end() {
    let mut site = Site::new();
    for number in 0..3_000 {
        let text = format!(
            "---\ntitle: Page {number}\ntags: [t{}]\n---\n",
            number % 100
        );
        site = site.page(&format!("{number}.md"), &(text + &"Text. ".repeat(200)));
    }
    let site = site.start();
    wait_for("a part of the scan", || {
        let publications = &site.json(&["status"])["publications"];
        (publications["live"].as_u64()? > 0).then_some(())
    });
    stops_promptly(site);
}

#[test]
fn clients_that_have_asked_nothing_do_not_hold_up_the_end() {
    let site = Site::new().start().after_first_scan();
    let mut asks = site.connect();
    asks.write_all(b"GET /feeds/all.rss HT")
        .expect("a daemon that listens");
    let socket = std::os::unix::net::UnixStream::connect(site.path("state/control.sock"));
    let mut command = socket.expect("a control socket");
    command
        .write_all(b"POST / HT")
        .expect("a daemon that listens");
    let _silent = site.connect();
    site.get("/");
    stops_promptly(site);
}

#[test]
fn clients_leave_files_for_everybody_else() {
    let site = Site::new()
        .write()
        .start_with_open_files(128)
        .after_first_scan();
    let idle: Vec<_> = (0..300).map(|_| site.connect()).collect();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    site.save("a.md", "---\ntitle: While clients idle\n---\n");
    site.feed("all.rss", |feed| feed.contains("While clients idle"));
    assert_eq!(site.mails(1).len(), 1);
    drop(idle);
    assert_eq!(site.get("/feeds/all.rss").status, 200);
}

#[test]
fn a_file_that_keeps_the_parser_busy_keeps_nobody_waiting() {
    let site = Site::new()
        .write()
        .start_with("TOKIO_WORKER_THREADS", "1")
        .after_first_scan();
    let begun = Instant::now();
    site.save(
        "busy.md",
        &format!("---\ntitle: Busy\n---\n{}", "<a ".repeat(300_000)),
    );
    let mut longest = Duration::ZERO;
    wait_for("the busy file", || {
        let asked = Instant::now();
        let feed = site.get("/feeds/all.rss").text();
        longest = longest.max(asked.elapsed());
        feed.contains("Busy").then_some(())
    });
    let all = begun.elapsed();
    assert!(
        longest * 2 < all,
        "an answer took {longest:?}, the file {all:?}"
    );
}

#[test]
fn a_feed_holds_bodies_as_long_as_there_is_room() {
    let mut site = Site::new();
    for number in 1..=3 {
        let date = format!("---\ntitle: Large {number}\ndate: 2026-01-0{number}\n---\n");
        let line = format!("{number} ").repeat(2_000) + "\n\n";
        site = site.page(&format!("{number}.md"), &(date + &line.repeat(1_250)));
    }
    let site = site.write();
    assert!(site.wici(&["build"]).status.success());
    let feed = fs::read_to_string(site.path().join("feeds/all.json")).expect("a feed");
    let feed: serde_json::Value = serde_json::from_str(&feed).expect("JSON");
    let items = feed["items"].as_array().expect("items");
    let whole = |title: &str| {
        let item = items.iter().find(|item| item["title"] == title);
        item.expect(title)["content_html"].as_str().map(str::len) > Some(4_000_000)
    };
    assert_eq!(
        ["Large 3", "Large 2", "Large 1"].map(whole),
        [true, true, false]
    );
}

#[test]
fn the_state_is_for_its_owner_alone() {
    let site = Site::new().start().after_first_scan();
    let mode = |name: &str| {
        fs::metadata(site.path(name))
            .expect("it is there")
            .permissions()
            .mode()
    };
    assert_eq!(mode("state") & 0o777, 0o700);
    assert_eq!(mode("state/control.sock") & 0o777, 0o600);
    assert_eq!(mode("state/keys") & 0o777, 0o600);
}

#[test]
fn odd_requests_get_plain_answers() {
    let site = Site::new().start().after_first_scan();
    for nowhere in [
        "/feeds/%ff%fe",
        "/feeds/..%2f..%2fdaemon.toml",
        "/feeds/%00",
        "/%",
    ] {
        let answer = site.get(nowhere);
        assert_eq!(answer.status, 404, "{nowhere}");
        assert!(answer.text().contains("lang=\"pl\""), "{nowhere}");
    }
    for (accepted, language) in [
        ("en; q=0.2 , uk; q=0.9", "uk"),
        ("uk-UA;Q=0.9, pl;q=0", "uk"),
        ("pl;q=NaN,en;level=1,;;,,*", "pl"),
    ] {
        let answer = site.request("GET", "/", &[("Accept-Language", accepted)]);
        assert_eq!(answer.headers["content-language"], language, "{accepted}");
    }
}
