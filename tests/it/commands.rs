//! The commands, with and without a daemon.

use std::fs;

use crate::harness::Site;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn commands_answer_alike_with_and_without_a_daemon() {
    let site = Site::new()
        .with_schedule("daily", "0 8 * * *")
        .start()
        .after_first_scan();
    site.subscribe("a@example.org", &["--any", "prawo"]);
    site.subscribe(
        "b@example.org",
        &["--schedule", "immediate", "--none", "prawo"],
    );
    let running = site.json(&["subscribers", "list"]);
    let status = site.json(&["status"]);
    assert_eq!(status["running"], true);
    let rest = site.stop();
    let output = rest.wici(&["subscribers", "list", "--json"]);
    let resting: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(resting, running);
    assert_eq!(resting[0]["subscriptions"][0]["schedule"], "daily");
    assert_eq!(resting[1]["subscriptions"][0]["none"][0], "prawo");
    let status = rest.wici(&["status"]);
    assert!(text(&status.stdout).contains("The daemon does not run."));
    assert!(
        rest.wici(&["subscribers", "remove", "a@example.org"])
            .status
            .success()
    );
    let again = rest.wici(&["subscribers", "remove", "a@example.org"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("nobody with the address a@example.org"));
}

#[test]
fn what_is_asked_wrongly_is_refused_with_a_remedy() {
    let site = Site::new().with_schedule("daily", "0 8 * * *").start();
    let wici = |arguments: &[&str]| {
        let output = crate::harness::wici(&site.path("."), arguments);
        (output.status.code(), text(&output.stderr))
    };
    let add = |more: &[&str]| wici(&[&["subscribers", "add"], more].concat());
    let (code, why) = add(&["a@example.org", "--confirmed", "--schedule", "yearly"]);
    assert_eq!(code, Some(1));
    assert!(why.contains("there are: daily, immediate"), "{why}");
    let (code, why) = add(&["a@localhost", "--confirmed"]);
    assert_eq!(code, Some(1));
    assert!(why.contains("must have a dot"), "{why}");
    let (_, why) = add(&["a@example.org", "--confirmed", "--timezone", "Mars/Base"]);
    assert!(why.contains("Mars/Base"), "{why}");
    assert_eq!(add(&["a@example.org"]).0, Some(2));
    assert_eq!(wici(&["runs", "show", "7"]).0, Some(1));
    assert_eq!(wici(&["dance"]).0, Some(2));
}

#[test]
fn a_tag_that_nothing_has_is_remarked_on() {
    let site = Site::new().start().after_first_scan();
    let add = |tag: &str| {
        let arguments = [
            "subscribers",
            "add",
            "a@example.org",
            "--confirmed",
            "--any",
        ];
        crate::harness::wici(&site.path("."), &[&arguments[..], &[tag]].concat())
    };
    let output = add("pravo");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let remark = text(&output.stderr);
    assert!(
        remark.contains("No publication has the tag `pravo` yet; there are: prawo."),
        "{remark}"
    );
    assert_eq!(
        text(&add("Prawo").stderr),
        remark,
        "what was asked before is still unused"
    );
}

#[test]
fn a_taken_port_is_named_with_a_remedy() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let rest = Site::new().write();
    let path = rest.path().join("daemon.toml");
    let taken = fs::read_to_string(&path)
        .expect("a configuration")
        .replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    fs::write(&path, taken).expect("a configuration");
    let output = rest.wici(&["run"]);
    assert_eq!(output.status.code(), Some(1));
    let why = text(&output.stderr);
    for word in [&format!("127.0.0.1:{port}"), "[web] listen", "daemon.toml"] {
        assert!(why.contains(word), "{word} is not in: {why}");
    }
}

/// The sample content writes its tags in three languages; each is one tag.
#[test]
fn the_samples_tags_are_those_of_its_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration =
        fs::read_to_string("daemon.toml").expect("the configuration of the repository");
    let content = std::path::absolute("content").expect("the content of the repository");
    let here = configuration.replace(
        "path = \"content\"",
        &format!("path = \"{}\"", content.display()),
    );
    fs::write(folder.path().join("daemon.toml"), here).expect("a configuration");
    let build = crate::harness::wici(folder.path(), &["build"]);
    assert!(build.status.success(), "{}", text(&build.stderr));
    let mut written: Vec<String> = text(&build.stdout)
        .lines()
        .filter_map(|path| path.strip_prefix("tag/")?.strip_suffix(".rss"))
        .map(str::to_owned)
        .collect();
    written.sort();
    assert_eq!(
        written,
        ["pomoc", "prawo", "raporty", "szkolenia", "wspolpraca"]
    );
}

#[test]
fn a_second_daemon_is_refused() {
    let site = Site::new().start();
    let second = crate::harness::wici(&site.path("."), &["run"]);
    assert!(!second.status.success());
    assert!(
        text(&second.stderr).contains("another daemon runs on state"),
        "{}",
        text(&second.stderr)
    );
}

#[test]
fn without_a_store_commands_say_so_and_make_none() {
    let rest = Site::new().write();
    let output = rest.wici(&["subscribers", "list"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("there is no store at"),
        "{}",
        text(&output.stderr)
    );
    assert!(!rest.path().join("state").exists());
}

#[test]
fn check_names_every_problem_at_once() {
    let rest = Site::new()
        .page("bad.md", "---\ntitle: Bad\ndate: 2013-13-01\n---\nText.\n")
        .page("worse.md", "---\ntitle: [\n---\nText.\n")
        .write();
    fs::create_dir(rest.path().join("templates")).expect("a folder");
    fs::write(rest.path().join("templates/mail.txt"), "{% if %}").expect("a template");
    let output = rest.wici(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    let problems = text(&output.stderr);
    for place in [
        "content/bad.md:3",
        "content/worse.md:",
        "templates/mail.txt:1",
    ] {
        assert!(problems.contains(place), "{place} is not in: {problems}");
    }
    assert!(!rest.path().join("state").exists());
    let good = Site::new().write().wici(&["check"]);
    assert!(good.status.success(), "{}", text(&good.stderr));
}

#[test]
fn a_bad_configuration_ends_with_78_and_its_place() {
    let rest = Site::new().write();
    let path = rest.path().join("daemon.toml");
    let bad = fs::read_to_string(&path)
        .expect("a configuration")
        .replace("title =", "titel =");
    fs::write(&path, bad).expect("a configuration");
    for arguments in [&["run"][..], &["status"], &["build"]] {
        let output = rest.wici(arguments);
        assert_eq!(output.status.code(), Some(78), "{arguments:?}");
        let why = text(&output.stderr);
        assert!(
            why.contains("daemon.toml:3:1: ") && why.contains("title"),
            "{why}"
        );
    }
}

#[test]
fn build_writes_feeds_without_state_and_the_same_bytes_each_time() {
    let rest = Site::new().write();
    let first = rest.wici(&["build"]);
    assert!(first.status.success(), "{}", text(&first.stderr));
    assert!(text(&first.stdout).lines().any(|line| line == "all.atom"));
    let feed = fs::read(rest.path().join("feeds/all.atom")).expect("a feed");
    let second = rest.wici(&["build"]);
    assert_eq!(text(&second.stdout), "");
    assert_eq!(
        fs::read(rest.path().join("feeds/all.atom")).expect("a feed"),
        feed
    );
    fs::remove_file(rest.path().join("feeds/all.atom")).expect("a feed");
    assert_eq!(text(&rest.wici(&["build"]).stdout), "all.atom\n");
    assert!(!rest.path().join("state").exists());
}

#[test]
fn a_build_removes_what_is_published_no_more_unless_something_is_wrong() {
    let site = Site::new();
    let site = site.page(
        "b.md",
        "---\ntitle: B\nlang: uk\ntags: [pomoc]\n---\nText.\n",
    );
    let rest = site.write();
    let build = || {
        let build = rest.wici(&["build"]);
        let there = |path: &str| rest.path().join("feeds").join(path).exists();
        let paths = [
            "tag/pomoc.rss",
            "uk/all.json",
            "uk/index.opml",
            "tag/prawo.rss",
        ];
        (build.status.success(), paths.map(there))
    };
    assert_eq!(build(), (true, [true; 4]));
    // Not one of ours.
    let other = rest.path().join("feeds/tag/other.rss");
    fs::write(&other, "somebody's").expect("a file");
    fs::remove_file(rest.path().join("content/b.md")).expect("a page");
    let bad = rest.path().join("content/bad.md");
    fs::write(&bad, "---\ntitle: [\n---\n").expect("a page");
    assert_eq!(build(), (false, [true; 4]));
    fs::remove_file(bad).expect("a page");
    assert_eq!(build(), (true, [false, false, false, true]));
    assert!(other.exists());
    fs::remove_file(rest.path().join("content/old.md")).expect("a page");
    assert_eq!(build(), (true, [false, false, false, true]));
}

#[test]
fn a_build_gives_the_same_bytes_whichever_thread_comes_first() {
    let rest = Site::new().write();
    for number in 0..300 {
        let page = format!(
            "---\ntitle: Numer {number}\ndate: 2025-03-{:02}\ntags: [a{}, b{}]\nlang: {}\n---\n\n\
             Tekst *numer* {number}.\n",
            number % 28 + 1,
            number % 3,
            number % 7,
            ["pl", "uk", "en"][number % 3],
        );
        let file = rest.path().join(format!("content/wiele-{number}.md"));
        fs::write(file, page).expect("a page");
    }
    let mut builds = (0..3).map(|_| {
        let feeds = rest.path().join("feeds");
        let _ = fs::remove_dir_all(&feeds);
        let build = rest.wici(&["build"]);
        assert!(build.status.success(), "{}", text(&build.stderr));
        let paths = text(&build.stdout);
        let paths = paths.lines().map(str::to_owned);
        paths
            .map(|path| (fs::read(feeds.join(&path)).expect("a feed"), path))
            .collect::<Vec<_>>()
    });
    let first = builds.next().expect("a build");
    assert!(first.len() > 100);
    assert!(builds.all(|build| build == first));
}

#[test]
fn init_makes_a_site_that_is_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let init = crate::harness::wici(folder.path(), &["init", "site"]);
    assert!(init.status.success(), "{}", text(&init.stderr));
    let site = folder.path().join("site");
    let check = crate::harness::wici(&site, &["check"]);
    assert!(check.status.success(), "{}", text(&check.stderr));
    let again = crate::harness::wici(folder.path(), &["init", "site"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(site.join("templates/mail.html").exists());
}

#[test]
fn commands_and_a_daemon_that_starts_wait_for_each_other() {
    let rest = Site::new().start().after_first_scan().stop();
    let folder = rest.path().to_owned();
    std::thread::scope(|scope| {
        let commands: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| crate::harness::wici(&folder, &["status", "--json"])))
            .collect();
        let _site = rest.start();
        for command in commands {
            let output = command.join().expect("a command");
            assert!(output.status.success(), "{}", text(&output.stderr));
        }
    });
}

#[test]
fn one_process_at_a_time_writes_to_the_feeds() {
    let site = Site::new().start().after_first_scan();
    let feed = fs::read(site.path("feeds/all.atom")).expect("a feed");
    let told = format!("is being written by the process {}", site.process());
    let build = crate::harness::wici(&site.path(""), &["build"]);
    assert_eq!(build.status.code(), Some(1));
    assert!(
        text(&build.stderr).contains(&told),
        "{}",
        text(&build.stderr)
    );
    // Nor may a daemon with a store of its own.
    let configuration = fs::read_to_string(site.path("daemon.toml")).expect("a configuration");
    fs::write(
        site.path("other.toml"),
        format!("state = \"other\"\n{configuration}"),
    )
    .expect("a configuration");
    let other = crate::harness::wici(&site.path(""), &["-c", "other.toml"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(
        text(&other.stderr).contains(&told),
        "{}",
        text(&other.stderr)
    );
    assert_eq!(fs::read(site.path("feeds/all.atom")).expect("a feed"), feed);
    assert_eq!(site.get("/feeds/.lock").status, 404);
    // What a daemon leaves that was killed stands in nobody's way.
    let site = site.kill_and_restart();
    site.save("b.md", "---\ntitle: Later\n---\nText.\n");
    site.feed("all.atom", |feed| feed.contains("Later"));
    let rest = site.stop();
    assert!(rest.wici(&["build"]).status.success());
}
