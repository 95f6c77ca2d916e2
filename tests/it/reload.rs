//! A new configuration in place of the running one.

use std::fs;

use crate::harness::{Running, Site, wait_for};

impl Running {
    /// Replaces a text in the configuration, which must be there.
    pub fn reconfigure(&self, from: &str, to: &str) {
        let path = self.path("daemon.toml");
        let text = fs::read_to_string(&path).expect("a configuration");
        assert!(text.contains(from), "{from:?} is not in {text}");
        fs::write(path, text.replace(from, to)).expect("a file");
    }

    /// Waits until `status` has so many problems, and returns what they say.
    pub fn problems(&self, number: usize) -> Vec<String> {
        wait_for(&format!("{number} problems"), || {
            let status = self.json(&["status"]);
            let problems = status["problems"].as_array().expect("a list");
            let what = |problem: &serde_json::Value| problem["what"].as_str().map(str::to_owned);
            (problems.len() == number).then(|| problems.iter().filter_map(what).collect())
        })
    }
}

fn page(title: &str) -> String {
    format!("---\ntitle: {title}\ntags: [prawo]\n---\nTreść: {title}.\n")
}

#[test]
fn a_reload_takes_a_new_title_and_a_new_source_without_leaving_anybody_waiting() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    let address = site.address().to_owned();
    fs::create_dir(site.path("more")).expect("a folder");
    fs::write(site.path("more/b.md"), page("Drugi")).expect("a page");
    site.reconfigure("title = \"Portal\"", "title = \"Biuletyn\"");
    site.reconfigure(
        "[web]",
        "[[source]]\nname = \"more\"\npath = \"more\"\n[web]",
    );
    site.hang_up();
    site.feed("all.atom", |feed| {
        feed.contains("<title>Biuletyn</title>") && feed.contains("Drugi")
    });
    assert!(site.get("/").text().contains("Biuletyn"));
    assert_eq!(site.address(), address);
    // The baseline of the new source is no news; what comes then is, once.
    site.save("c.md", &page("Trzeci"));
    let mails = site.mails(1);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject(), Some("Trzeci"));
}

#[test]
fn a_bad_configuration_leaves_the_running_one_in_force() {
    let site = Site::new().start().after_first_scan();
    site.reconfigure("title = \"Portal\"", "titel = \"Biuletyn\"");
    site.hang_up();
    wait_for("the daemon to complain", || {
        let log = fs::read_to_string(site.path("log")).ok()?;
        log.contains("[site] titel: unknown key").then_some(())
    });
    assert!(site.get("/").text().contains("Portal"));
    site.reconfigure("titel", "title");
    site.hang_up();
    site.problems(0);
    site.feed("all.atom", |feed| feed.contains("<title>Biuletyn</title>"));
}

#[test]
fn a_bad_template_leaves_the_running_configuration_in_force() {
    let site = Site::new().start().after_first_scan();
    site.reconfigure("title = \"Portal\"", "title = \"Biuletyn\"");
    fs::create_dir(site.path("templates")).expect("a folder");
    fs::write(site.path("templates/index.html"), "{{ nonsense").expect("a file");
    site.hang_up();
    site.problems(1);
    assert!(site.get("/").text().contains("Portal"));
    fs::remove_file(site.path("templates/index.html")).expect("a file to remove");
    site.hang_up();
    site.problems(0);
    wait_for("the new title", || {
        site.get("/").text().contains("Biuletyn").then_some(())
    });
}

#[test]
fn what_cannot_change_while_the_daemon_runs_is_refused() {
    let site = Site::new().start().after_first_scan();
    site.reconfigure("portal.example,2026", "portal.example,2027");
    site.hang_up();
    let problems = site.problems(1);
    assert!(problems[0].starts_with("[site] authority"), "{problems:?}");
}

#[test]
fn a_schedule_with_subscribers_cannot_disappear_but_may_be_called_otherwise() {
    let site = Site::new()
        .with_schedule("yearly", "@yearly")
        .start()
        .after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "yearly"]);
    site.reconfigure("name = \"yearly\"", "name = \"annual\"");
    site.hang_up();
    let told = "the schedule `yearly` is gone, and 1 subscriber goes by it";
    assert_eq!(site.problems(1), [told]);
    // `check` says so too, of a daemon that runs and of one that does not.
    let check = |folder: &std::path::Path| {
        let output = crate::harness::wici(folder, &["check"]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(check(&site.path("")).contains(told));
    let stopped = site.stop();
    assert!(check(stopped.path()).contains(told));
    // Nor does it start.
    let output = stopped.wici(&["run"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&output.stderr).contains(told));
    let path = stopped.path().join("daemon.toml");
    let text = fs::read_to_string(&path).expect("a configuration");
    let text = text.replace(
        "name = \"annual\"",
        "name = \"annual\"\naliases = [\"yearly\"]",
    );
    fs::write(path, text).expect("a file");
    let site = stopped.start();
    let shown = site.json(&["subscribers", "show", "reader@example.org"]);
    assert_eq!(shown["subscriptions"][0]["schedule"], "annual");
}

#[test]
fn a_tag_with_subscribers_cannot_disappear_but_may_be_called_otherwise() {
    let tag = "[[tag]]\nid = \"law\"\naliases = [\"prawo\"]\n";
    let site = Site::new().with(tag).start().after_first_scan();
    site.subscribe(
        "reader@example.org",
        &["--any", "law", "--schedule", "immediate"],
    );
    site.reconfigure("id = \"law\"\naliases = [\"prawo\"]", "id = \"prawo\"");
    site.hang_up();
    let told = "the tag `law` is gone, and 1 subscriber goes by it";
    assert_eq!(site.problems(1), [told]);
    site.reconfigure("id = \"prawo\"", "id = \"prawo\"\naliases = [\"law\"]");
    site.hang_up();
    site.problems(0);
    let shown = site.json(&["subscribers", "show", "reader@example.org"]);
    assert_eq!(shown["subscriptions"][0]["any"][0], "prawo");
    site.save("b.md", &page("Nowe"));
    assert_eq!(site.mails(1)[0].subject(), Some("Nowe"));
}

#[test]
fn a_configuration_that_cannot_be_worked_by_renames_nothing() {
    let site = Site::new()
        .with_schedule("yearly", "@yearly")
        .start()
        .after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "yearly"]);
    fs::write(site.path("taken"), "a file where a folder is to be").expect("a file");
    site.reconfigure(
        "name = \"yearly\"",
        "name = \"annual\"\naliases = [\"yearly\"]",
    );
    site.reconfigure("[web]", "[feeds]\ndir = \"taken\"\n[web]");
    site.hang_up();
    site.problems(1);
    let shown = site.json(&["subscribers", "show", "reader@example.org"]);
    assert_eq!(shown["subscriptions"][0]["schedule"], "yearly");
    fs::remove_file(site.path("taken")).expect("a file to remove");
    site.hang_up();
    wait_for("the new name", || {
        let shown = site.json(&["subscribers", "show", "reader@example.org"]);
        (shown["subscriptions"][0]["schedule"] == "annual").then_some(())
    });
}

#[test]
fn a_source_that_is_called_otherwise_takes_what_it_published_along() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    let ids = |site: &Running| {
        let list = site.json(&["publications", "list"]);
        let list = list.as_array().expect("a list");
        let pair = |one: &serde_json::Value| (one["id"].clone(), one["source"].clone());
        list.iter().map(pair).collect::<Vec<_>>()
    };
    let before = ids(&site);
    site.reconfigure(
        "name = \"pages\"",
        "name = \"strony\"\naliases = [\"pages\"]",
    );
    site.hang_up();
    // Ids go on being made of the first name, also without a store.
    site.save("b.md", &page("Nowe"));
    assert_eq!(site.mails(1)[0].subject(), Some("Nowe"));
    let after = ids(&site);
    assert_eq!(after.len(), 2);
    assert_eq!(after[0].0, "tag:portal.example,2026:pages/b.md");
    assert_eq!(after[1].0, before[0].0);
    assert!(
        after.iter().all(|(_, source)| source == "strony"),
        "{after:?}"
    );
    assert_eq!(site.json(&["holds", "list"]), serde_json::json!([]));
    assert!(
        crate::harness::wici(&site.path(""), &["check"])
            .status
            .success()
    );
    let stopped = site.stop();
    let feed = fs::read_to_string(stopped.path().join("feeds/all.atom")).expect("a feed");
    assert!(stopped.wici(&["build"]).status.success());
    let built = fs::read_to_string(stopped.path().join("feeds/all.atom")).expect("a feed");
    let ids = |feed: &str| feed.matches("tag:portal.example,2026:pages/").count();
    assert_eq!(ids(&built), ids(&feed));
}

#[test]
fn what_a_source_that_is_gone_published_waits_for_a_person() {
    let more = "[[source]]\nname = \"more\"\npath = \"more\"\n";
    let site = Site::new()
        .with(more)
        .page("../more/b.md", &page("Drugi"))
        .start();
    site.feed("all.atom", |feed| {
        feed.contains("Drugi") && feed.contains("Old")
    });
    site.reconfigure(more, "");
    let told = "the source `more` is gone, and 1 publication of it is left";
    let check = || {
        let output = crate::harness::wici(&site.path(""), &["check"]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(check().contains(told), "{}", check());
    site.hang_up();
    let holds = wait_for("a hold", || {
        let holds = site.json(&["holds", "list"]);
        (!holds.as_array()?.is_empty()).then_some(holds)
    });
    assert_eq!(
        (&holds[0]["kind"], &holds[0]["source"]),
        (&"gone".into(), &"more".into())
    );
    assert!(
        site.wici(&["status"])
            .contains("add `more` to the `aliases`")
    );
    site.feed("all.atom", |feed| feed.contains("Drugi"));
    assert_eq!(
        site.wici(&["holds", "approve", "1"]),
        "1 publication: to be withdrawn.\n"
    );
    site.feed("all.atom", |feed| {
        !feed.contains("Drugi") && feed.contains("Old")
    });
    assert!(!check().contains("is gone"), "{}", check());
}

#[test]
fn what_was_wrong_with_a_source_goes_with_it() {
    let more = "[[source]]\nname = \"more\"\npath = \"more\"\n";
    let site = Site::new().with(more).start();
    site.problems(1);
    site.reconfigure(more, "");
    site.hang_up();
    site.problems(0);
}

#[test]
fn a_daemon_that_can_work_by_neither_configuration_ends_in_order() {
    let site = Site::new().start().after_first_scan();
    site.reconfigure("title = \"Portal\"", "title = \"Biuletyn\"");
    // The daemon may be writing there.
    wait_for("a file where a folder is to be", || {
        fs::remove_dir_all(site.path("feeds")).ok();
        fs::write(site.path("feeds"), "").ok()
    });
    site.hang_up();
    // What says that a daemon answers goes with it.
    wait_for("the end", || {
        let log = fs::read_to_string(site.path("log")).ok()?;
        log.contains("stopping").then_some(())
    });
    wait_for("the socket to go", || {
        let gone = !site.path("state/control.sock").exists();
        gone.then_some(())
    });
}
