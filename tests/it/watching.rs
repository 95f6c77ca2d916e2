//! Files that are saved, moved, hidden and taken away while the daemon runs.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::{Running, Site, Written, wait_for};

fn page(title: &str) -> String {
    format!("---\ntitle: {title}\ntags: [prawo]\n---\nText.\n")
}

/// The daemon, begun by another program that becomes it.
fn through(site: Written, program: &str, arguments: &[&str]) -> Running {
    let mut command = Command::new(program);
    let wici = env!("CARGO_BIN_EXE_wici");
    command.args(arguments).current_dir(site.path());
    command.args([wici, "run"]).env("NO_COLOR", "1");
    site.start_as(command)
}

/// More lines for the one source of a site.
fn with_source(site: Written, lines: &str) -> Written {
    let file = site.path().join("daemon.toml");
    let text = fs::read_to_string(&file).expect("a configuration");
    let text = text.replace("settle = \"50ms\"", &format!("settle = \"50ms\"\n{lines}"));
    fs::write(file, text).expect("a configuration");
    site
}

/// File and remedy of each problem.
fn problems(site: &Running) -> Vec<(String, String)> {
    let status = site.json(&["status"]);
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let problems = status["problems"].as_array().expect("a list").iter();
    let problem = |of: &serde_json::Value| (text(&of["file"]), text(&of["remedy"]));
    problems.map(problem).collect()
}

fn wait_for_problem(site: &Running, file: &str, remedy: &str) {
    wait_for(&format!("{file}: {remedy}"), || {
        let problems = problems(site);
        let mut of = problems.iter();
        of.any(|(of, what)| of == file && what.contains(remedy))
            .then_some(())
    });
}

fn wait_for_no_problem(site: &Running) {
    wait_for("no problem", || problems(site).is_empty().then_some(()));
}

#[test]
fn a_save_by_vim_is_one_edit_of_one_publication() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    site.save("a.md", &page("First"));
    site.mails(1);
    let at = |name: &str| site.path("content").join(name);
    fs::write(at("4913"), "").expect("a probe");
    fs::remove_file(at("4913")).expect("a probe");
    fs::rename(at("a.md"), at("a.md~")).expect("a backup");
    fs::write(at("a.md"), page("Second")).expect("a page");
    fs::remove_file(at("a.md~")).expect("a backup");
    site.feed("all.atom", |feed| {
        feed.contains("Second") && !feed.contains("First")
    });
    site.save("b.md", &page("Third"));
    let mails = site.mails(2);
    assert_eq!(mails.len(), 2, "an edit is not mailed");
    assert_eq!(mails[1].subject(), Some("Third"));
}

#[test]
fn a_tree_is_moved_into_place_edited_and_moved_away() {
    let site = Site::new().start().after_first_scan();
    let away = site.path("tree");
    fs::create_dir_all(away.join("x/y")).expect("folders");
    fs::write(away.join("x/y/a.md"), page("Deep")).expect("a page");
    fs::rename(&away, site.path("content/tree")).expect("a move");
    site.feed("all.atom", |feed| feed.contains("Deep"));
    fs::write(site.path("content/tree/x/y/a.md"), page("Edited")).expect("a page");
    site.feed("all.atom", |feed| feed.contains("Edited"));
    fs::rename(site.path("content/tree"), &away).expect("a move");
    site.feed("all.atom", |feed| {
        !feed.contains("Edited") && feed.contains("Old")
    });
}

#[test]
fn a_source_that_is_polled_is_followed_too() {
    let site = with_source(Site::new().write(), "watch = \"poll\"\nrescan = \"1s\"");
    let site = site.start().after_first_scan();
    site.save("x/a.md", &page("Polled"));
    site.feed("all.atom", |feed| feed.contains("Polled"));
    site.remove("x/a.md");
    site.feed("all.atom", |feed| !feed.contains("Polled"));
}

/// Is root bound by permissions when it gives up all that makes it root? Others are anyway.
const BOUND: [&str; 2] = ["--bounding-set=-all", "--inh-caps=-all"];

#[test]
fn what_may_not_be_read_is_reported_kept_and_read_once_it_may() {
    let site = Site::new()
        .page("closed/a.md", &page("Within"))
        .page("b.md", &page("Beside"))
        .write();
    let closed = site.path().join("content/closed");
    let is_root = rustix::process::geteuid().is_root();
    let site = if is_root {
        through(site, "setpriv", &BOUND)
    } else {
        site.start()
    };
    site.feed("all.atom", |feed| {
        feed.contains("Within") && feed.contains("Beside")
    });
    let mode = |path: &PathBuf, mode| {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
    };
    let beside = site.path("content/b.md");
    mode(&closed, 0o000);
    mode(&beside, 0o000);
    wait_for_problem(&site, "content/closed", "let the daemon's user read it");
    wait_for_problem(&site, "content/b.md", "let the daemon's user read it");
    // The rest goes on, also in folders that are made now.
    site.save("open/c.md", &page("Elsewhere"));
    site.feed("all.atom", |feed| {
        ["Elsewhere", "Within", "Beside"]
            .iter()
            .all(|title| feed.contains(title))
    });
    mode(&closed, 0o755);
    mode(&beside, 0o644);
    wait_for_no_problem(&site);
    site.save("closed/a.md", &page("Reopened"));
    site.feed("all.atom", |feed| feed.contains("Reopened"));
}

/// A daemon that starts when a folder is already closed watches the others all the same.
#[test]
fn a_closed_folder_keeps_nothing_else_from_being_watched() {
    let site = Site::new().page("closed/a.md", &page("Within")).write();
    let site = with_source(site, "watch = \"events\"");
    let closed = site.path().join("content/closed");
    fs::set_permissions(&closed, Permissions::from_mode(0o000)).expect("a mode");
    let site = if rustix::process::geteuid().is_root() {
        through(site, "setpriv", &BOUND)
    } else {
        site.start()
    };
    let site = site.after_first_scan();
    wait_for_problem(&site, "content/closed", "let the daemon's user read it");
    site.save("x/b.md", &page("Watched"));
    site.feed("all.atom", |feed| feed.contains("Watched"));
    fs::set_permissions(&closed, Permissions::from_mode(0o755)).expect("a mode");
    site.feed("all.atom", |feed| feed.contains("Within"));
    wait_for_no_problem(&site);
}

/// Can this user have a namespace of its own, in which it may mount?
fn has_namespaces() -> bool {
    let tried = Command::new("unshare")
        .args(["-Urm", "sh", "-c", "mount -t tmpfs none /mnt"])
        .output();
    tried.is_ok_and(|output| output.status.success())
}

#[test]
fn a_source_with_more_folders_than_watches_is_polled_and_says_so() {
    if !has_namespaces() {
        eprintln!("skipped: no namespaces for users here");
        return;
    }
    let mut site = Site::new();
    for number in 0..10 {
        site = site.page(&format!("{number}/a.md"), &page(&format!("Page {number}")));
    }
    let site = with_source(site.write(), "rescan = \"1s\"");
    let few = "echo 5 > /proc/sys/user/max_inotify_watches && exec \"$@\"";
    let site = through(site, "unshare", &["-Ur", "sh", "-c", few, "sh"]).after_first_scan();
    wait_for_problem(&site, "content", "fs.inotify.max_user_watches");
    site.save("9/b.md", &page("Polled"));
    site.feed("all.atom", |feed| feed.contains("Polled"));
}

#[test]
fn a_root_that_is_unmounted_withdraws_nothing_and_is_watched_when_it_is_back() {
    if !has_namespaces() {
        eprintln!("skipped: no namespaces for users here");
        return;
    }
    let site = Site::new().write();
    let mounted = "mount -t tmpfs none content && cp old.md content/ && exec \"$@\"";
    fs::copy(
        site.path().join("content/old.md"),
        site.path().join("old.md"),
    )
    .expect("a copy");
    fs::remove_file(site.path().join("content/old.md")).expect("an empty mount point");
    let site = through(site, "unshare", &["-Urm", "sh", "-c", mounted, "sh"]).after_first_scan();
    let inside = |script: &str| {
        let process = site.process().to_string();
        let status = Command::new("nsenter")
            .args(["-t", &process, "-U", "-m", "--preserve-credentials"])
            .arg(format!("--wdns={}", site.path("").display()))
            .args(["sh", "-c", script])
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{script}");
    };
    inside("umount content");
    wait_for_problem(&site, "content", "nothing is withdrawn meanwhile");
    assert!(site.feed("all.atom", |_| true).contains("Old"));
    inside("mount -t tmpfs none content && cp old.md content/");
    wait_for_no_problem(&site);
    inside("mkdir content/x && sed s/Old/Mounted/ old.md > content/x/new.md");
    site.feed("all.atom", |feed| {
        feed.contains("Mounted") && feed.contains("Old")
    });
}

#[test]
fn what_is_no_plain_file_is_reported_with_a_remedy_and_stops_nothing() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let site = Site::new().start().after_first_scan();
    let at = |name: &str| site.path("content").join(name);
    let pipe = Command::new("mkfifo").arg(at("pipe.md")).status();
    assert!(pipe.is_ok_and(|status| status.success()));
    let _socket = UnixListener::bind(at("socket.md")).expect("a socket");
    symlink("/dev/zero", at("device.md")).expect("a link");
    symlink("loop.md", at("loop.md")).expect("a link");
    symlink(".", at("circle")).expect("a link");
    symlink("nowhere.md", at("dangling.md")).expect("a link");
    symlink(site.path("daemon.toml"), at("out.md")).expect("a link");
    let large = fs::File::create(at("large.md")).expect("a file");
    large.set_len(2 << 30).expect("a file of holes");
    fs::write(at("").join(OsStr::from_bytes(b"\xFF.md")), page("Odd")).expect("a file");
    fs::write(at("line\nbreak.md"), "").expect("a file");
    site.save("good.md", &page("Good"));
    site.feed("all.atom", |feed| feed.contains("Good"));

    let expected = [
        ("content/pipe.md", "remove it"),
        ("content/socket.md", "remove it"),
        ("content/device.md", "remove it"),
        ("content/loop.md", "remove it, or restore its target"),
        (
            "content/circle",
            "move the folder here, or make it a source of its own",
        ),
        ("content/dangling.md", "remove it, or restore its target"),
        ("content/out.md", "copy the file here instead"),
        ("content/large.md", "split it"),
        ("content/\u{fffd}.md", "rename it"),
        ("content/line\nbreak.md", "add `title:`"),
    ];
    for (file, remedy) in expected {
        wait_for_problem(&site, file, remedy);
    }
    let found = problems(&site);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    // `check` says the same, each on lines of its own.
    let rest = site.stop();
    let output = rest.wici(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for (file, remedy) in expected {
        let file = file.replace('\n', "\\n");
        assert!(
            said.contains(&file) && said.contains(remedy),
            "{file} in {said}"
        );
    }
    for name in [
        "pipe.md",
        "socket.md",
        "device.md",
        "loop.md",
        "circle",
        "dangling.md",
        "out.md",
        "large.md",
        "line\nbreak.md",
    ] {
        fs::remove_file(rest.path().join("content").join(name)).expect("a file");
    }
    let site = rest.start();
    wait_for_problem(&site, "content/\u{fffd}.md", "rename it");
    assert_eq!(problems(&site).len(), 1);
    fs::remove_file(site.path("content").join(OsStr::from_bytes(b"\xFF.md"))).expect("a file");
    wait_for_no_problem(&site);
}
