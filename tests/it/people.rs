//! Subscribers as tables, the suppression list, erasure: by the commands, with and without a daemon.

mod tables;

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::harness::{Site, Written, wait_for, wici};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A site whose store is made, and whose daemon is gone.
fn rested() -> Written {
    let site = Site::new().with_schedule("daily", "0 8 * * *");
    let site = site.with_schedule("weekly", "0 8 * * MON");
    site.start().after_first_scan().stop()
}

fn subscribers(folder: &Path, arguments: &[&str]) -> Output {
    wici(folder, &[&["subscribers"], arguments].concat())
}

fn good(output: Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// What an import says in JSON, and whether it ended well.
fn import(folder: &Path, table: &[u8], more: &[&str]) -> (serde_json::Value, bool, String) {
    fs::write(folder.join("list.csv"), table).expect("a table");
    let arguments = [&["import", "list.csv", "--json"], more].concat();
    let output = subscribers(folder, &arguments);
    let why = text(&output.stderr);
    let report = serde_json::from_slice(&output.stdout);
    (
        report.unwrap_or_else(|_| panic!("no report: {why}")),
        output.status.success(),
        why,
    )
}

fn addresses(folder: &Path, more: &[&str]) -> Vec<String> {
    let arguments = [&["list", "--json"], more].concat();
    let list: serde_json::Value =
        serde_json::from_str(&good(subscribers(folder, &arguments))).expect("JSON");
    let list = list.as_array().expect("an array").iter();
    list.map(|one| one["address"].as_str().unwrap_or_default().to_owned())
        .collect()
}

const OURS: &str = "\
email,any,all,none,languages,schedule,language,timezone,confirmed_at
ada@example.org,prawo|Pomoc,,,pl|uk,weekly,uk,Europe/Kyiv,2024-05-06T07:08:09Z
Bob@EXAMPLE.org,,,,,,,,
bob@example.org,,,,,,,,
bob@example.org,,,prawo,,weekly,,,
";

#[test]
fn a_table_is_imported_and_importing_it_again_changes_nothing() {
    let rest = rested();
    let (report, well, _) = import(rest.path(), OURS.as_bytes(), &[]);
    assert!(well);
    let counts = |report: &serde_json::Value| {
        ["lines", "added", "extended", "already"].map(|name| report[name].as_u64().unwrap_or(99))
    };
    assert_eq!(counts(&report), [4, 2, 1, 1]);
    assert_eq!(report["unused_tags"]["pomoc"], 1);
    let list = good(subscribers(rest.path(), &["list", "--json"]));
    let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
    assert_eq!(list[0]["subscriptions"][0]["any"][0], "pomoc");
    assert_eq!(list[0]["timezone"], "Europe/Kyiv");
    assert_eq!(list[1]["subscriptions"][0]["schedule"], "daily");
    let site = rest.start();
    let (again, well, _) = import(&site.path("."), OURS.as_bytes(), &[]);
    assert!(well);
    assert_eq!(counts(&again), [4, 0, 0, 4]);
    let after = good(subscribers(&site.path("."), &["list", "--json"]));
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&after).ok(),
        Some(list)
    );
}

#[test]
fn who_is_imported_while_the_daemon_runs_gets_what_comes() {
    let site = Site::new().start().after_first_scan();
    let table = b"email;schedule\nada@example.org;immediate\nbob@example.org;immediate\n";
    let (report, well, _) = import(&site.path("."), table, &[]);
    assert!(well, "{report}");
    site.save("new.md", "---\ntitle: New\n---\nText.\n");
    assert_eq!(site.mails(2).len(), 2);
}

#[test]
fn a_dry_run_says_the_same_and_changes_nothing() {
    let rest = rested();
    let (dry, well, _) = import(rest.path(), OURS.as_bytes(), &["--dry-run"]);
    assert!(well && dry["dry_run"] == true);
    assert!(addresses(rest.path(), &[]).is_empty());
    let (real, _, _) = import(rest.path(), OURS.as_bytes(), &[]);
    for name in ["lines", "added", "extended", "already"] {
        assert_eq!((name, &dry[name]), (name, &real[name]));
    }
}

/// Killed in the middle and begun again, nothing is lost and nothing is there twice.
#[test]
fn an_import_that_was_interrupted_is_carried_on() {
    let rest = rested();
    let mut table = "email\n".to_owned();
    for number in 0..20_000 {
        table += &format!("s{number}@example.org\n");
    }
    fs::write(rest.path().join("list.csv"), &table).expect("a table");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_wici"))
        .current_dir(rest.path())
        .args(["subscribers", "import", "list.csv"])
        .spawn()
        .expect("wici runs");
    let database = rest.path().join("state/db/db");
    let before = fs::metadata(&database).map(|file| file.len()).unwrap_or(0);
    wait_for("something to be written", || {
        let ended = child.try_wait().ok()?.is_some();
        let now = fs::metadata(&database).map(|file| file.len()).unwrap_or(0);
        (ended || now > before).then_some(())
    });
    let _ = child.kill();
    let _ = child.wait();
    let (report, well, _) = import(rest.path(), table.as_bytes(), &[]);
    assert!(well);
    let count = |name: &str| report[name].as_u64().unwrap_or(0);
    assert_eq!(count("added") + count("already"), 20_000);
    assert_eq!(
        good(subscribers(rest.path(), &["list", "--count"])),
        "20000\n"
    );
}

#[test]
fn who_left_or_is_suppressed_is_not_brought_back() {
    let site = Site::new().start().after_first_scan();
    for who in ["left", "back", "gone"] {
        site.subscribe(&format!("{who}@example.org"), &[]);
    }
    site.wici(&["subscribers", "remove", "left@example.org"]);
    site.wici(&[
        "subscribers",
        "suppress",
        "back@example.org",
        "--note",
        "550 unknown",
    ]);
    site.wici(&["subscribers", "erase", "gone@example.org", "--for-good"]);
    let table = b"email\nleft@example.org\nback@example.org\ngone@example.org\nnew@example.org\n";
    let (report, well, _) = import(&site.path("."), table, &[]);
    assert!(well);
    let counts = ["added", "unsubscribed", "suppressed"].map(|name| report[name].clone());
    assert_eq!(counts, [1, 1, 2]);
    let add = ["subscribers", "add", "back@example.org", "--confirmed"];
    let refused = wici(&site.path("."), &add);
    assert!(text(&refused.stderr).contains("b…@example.org is on the suppression list"));
    let listed = site.json(&["subscribers", "suppressed"]);
    let listed: Vec<_> = listed.as_array().expect("an array").iter().collect();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["address"], serde_json::Value::Null);
    assert_eq!(listed[1]["address"], "back@example.org");
    assert_eq!(listed[1]["note"], "550 unknown");
    site.wici(&["subscribers", "unsuppress", "back@example.org"]);
    assert_eq!(addresses(&site.path("."), &["--status", "active"]).len(), 2);
}

#[test]
fn nothing_is_mailed_to_who_was_erased_and_no_command_shows_them() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("ada@example.org", &["--schedule", "immediate"]);
    site.subscribe("bob@example.org", &["--schedule", "immediate"]);
    site.save("a.md", "---\ntitle: A\n---\nText.\n");
    assert_eq!(site.mails(2).len(), 2);
    site.closed_run(1);
    let said = site.wici(&["subscribers", "erase", "Ada@example.org"]);
    assert!(said.contains("Ada@example.org and all that was known of it is erased."));
    site.save("b.md", "---\ntitle: B\n---\nText.\n");
    let mails = site.mails(3);
    assert_eq!(mails.len(), 3);
    assert_eq!(site.closed_run(2)["counts"]["sent"], 1);
    assert_eq!(site.json(&["runs", "show", "1"])["counts"]["sent"], 2);
    let again = subscribers(&site.path("."), &["erase", "ada@example.org"]);
    assert_eq!(again.status.code(), Some(1));
    for arguments in [
        &["subscribers", "list"][..],
        &["runs", "show", "1"],
        &["status"],
    ] {
        assert!(
            !site.json(arguments).to_string().contains("ada@"),
            "{arguments:?}"
        );
    }
}

#[test]
fn subscribers_are_found_among_many() {
    let rest = rested();
    let mut table = "email,any,schedule\n".to_owned();
    for number in 0..2_500 {
        let (tag, schedule) = (
            ["prawo", "pomoc"][number % 2],
            ["daily", "weekly"][number % 5 / 4],
        );
        table += &format!("s{number}@example.org,{tag},{schedule}\n");
    }
    let (_, well, _) = import(rest.path(), table.as_bytes(), &[]);
    assert!(well);
    let site = rest.start();
    let count = |more: &[&str]| site.wici(&[&["subscribers", "list", "--count"], more].concat());
    assert_eq!(count(&[]), "2500\n");
    assert_eq!(count(&["--tag", "pomoc"]), "1250\n");
    assert_eq!(count(&["--schedule", "weekly"]), "500\n");
    assert_eq!(count(&["--matching", "S24", "--tag", "prawo"]), "56\n");
    assert_eq!(count(&["--status", "unsubscribed"]), "0\n");
    let some = wici(&site.path("."), &["subscribers", "list", "--most", "3"]);
    assert_eq!(text(&some.stdout).lines().count(), 5);
    assert!(text(&some.stderr).contains("more than these 3"));
    assert_eq!(addresses(&site.path("."), &[]).len(), 2_500);
}
