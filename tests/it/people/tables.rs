//! Tables as people and programs write them, in and out.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use encoding_rs::WINDOWS_1250;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{OURS, addresses, good, import, rested, subscribers, text};

#[test]
fn bad_lines_are_named_and_good_ones_kept() {
    let rest = rested();
    let table = "\
email,schedule,languages,timezone,confirmed_at
ada@example.org,,,,
ada,,,,
carol@example.org,yearly,,,
dave@example.org,,klingon!,,
erin@example.org,,,Mars/Base,
frank@example.org,,,,2099-01-01
\"unclosed@example.org,,,,
Grace <grace@example.org>,,,,
";
    let (report, well, why) = import(rest.path(), table.as_bytes(), &[]);
    assert!(!well);
    assert_eq!((&report["added"], &report["bad"]), (&2.into(), &6.into()));
    for expected in [
        "line 3: not a mail address: there is no `@` in it",
        "line 4: there is no schedule `yearly`; there are: daily, weekly, immediate",
        "line 5: `klingon!` is not a language tag",
        "line 6: `Mars/Base` is not a time zone",
        "line 7: `confirmed_at` is in the future",
        "line 8: a quotation mark in it is not closed",
    ] {
        assert!(why.contains(expected), "{expected} is not in: {why}");
    }
    assert_eq!(
        addresses(rest.path(), &[]),
        ["ada@example.org", "grace@example.org"]
    );
    // Mended, the file of the bad ones is imported as it is.
    let bad = rest.path().join("list.csv.errors.csv");
    let mode = fs::metadata(&bad).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mended = fs::read_to_string(&bad)
        .expect("a table")
        .replace("yearly", "daily");
    let (report, _, _) = import(rest.path(), mended.as_bytes(), &[]);
    assert_eq!(report["added"], 1);
}

#[test]
fn what_is_no_table_of_addresses_is_refused() {
    let rest = rested();
    let refused = |table: &[u8], expected: &str| {
        fs::write(rest.path().join("list.csv"), table).expect("a table");
        let output = subscribers(rest.path(), &["import", "list.csv"]);
        assert_eq!(output.status.code(), Some(1));
        let why = text(&output.stderr);
        assert!(why.contains(expected), "{why}");
    };
    refused(b"name,city\nAda,London\n", "has no column of addresses");
    refused(b"", "has no column of addresses");
    refused(b"email,name\na@example.org,\xA3\n", "is not UTF-8");
    let output = subscribers(rest.path(), &["import", "nowhere.csv"]);
    assert!(text(&output.stderr).contains("can't read nowhere.csv"));
}

#[test]
fn tables_are_read_as_spreadsheets_write_them() {
    let rest = rested();
    let table = "sep=;\r\nE-mail;Imię\r\nada@example.org;\"Zażółć \r\ngęślą\"\r\n\
                 żółw@example.org;Jaźń, Łódź, Świąteczna, Miłość\r\n";
    let mut utf16 = vec![0xFF, 0xFE];
    for unit in table.encode_utf16() {
        utf16.extend_from_slice(&unit.to_le_bytes());
    }
    let (central, _, lossy) = WINDOWS_1250.encode(table);
    assert!(!lossy);
    let with_mark = format!("\u{FEFF}{table}");
    let tabs = table.replace("sep=;\r\n", "").replace(';', "\t");
    for bytes in [&utf16[..], &central, with_mark.as_bytes(), tabs.as_bytes()] {
        let (report, well, why) = import(rest.path(), bytes, &[]);
        assert!(well, "{why}");
        assert_eq!(report["lines"], 2);
    }
    let (_, well, _) = import(rest.path(), &central, &["--encoding", "windows-1250"]);
    assert!(well);
    assert_eq!(
        addresses(rest.path(), &[]),
        ["ada@example.org", "żółw@example.org"]
    );
    // A bare list of addresses has no head.
    let (report, _, _) = import(rest.path(), b"x@example.org\ny@example.org\n", &[]);
    assert_eq!(report["added"], 2);
}

#[test]
fn the_lists_of_other_programs_are_recognised() {
    let rest = rested();
    for (name, program, added, inactive) in [
        ("listmonk", "listmonk", 2, "{\"blocked\":2}"),
        (
            "mailchimp-subscribed",
            "mailchimp",
            2,
            "{\"unconfirmed\":1}",
        ),
        (
            "mailchimp-unsubscribed",
            "mailchimp",
            0,
            "{\"unsubscribed\":2}",
        ),
        ("mailchimp-cleaned", "mailchimp", 0, "{\"bounced\":1}"),
        ("ghost", "ghost", 2, "{\"unsubscribed\":1,\"blocked\":1}"),
        (
            "phplist",
            "phplist",
            1,
            "{\"unsubscribed\":1,\"blocked\":1,\"unconfirmed\":1}",
        ),
    ] {
        let table = fs::read(format!("tests/it/people/{name}.csv")).expect("a fixture");
        let (report, well, why) = import(rest.path(), &table, &["--any", "prawo"]);
        assert!(well, "{name}: {why}");
        assert_eq!(report["program"], program);
        assert_eq!((name, &report["added"]), (name, &added.into()));
        let expected: serde_json::Value = serde_json::from_str(inactive).expect("JSON");
        assert_eq!((name, &report["inactive"]), (name, &expected));
    }
    assert_eq!(addresses(rest.path(), &["--tag", "prawo"]).len(), 7);
    let exported = good(subscribers(rest.path(), &["export", "-"]));
    assert!(exported.contains(
        "lm-ada@example.org,prawo,,,,daily,pl,Europe/Warsaw,2023-04-05T06:07:08.123456Z"
    ));
}

#[test]
fn an_export_is_private_and_whole() {
    let rest = rested();
    let (_, well, _) = import(rest.path(), OURS.as_bytes(), &[]);
    assert!(well);
    good(subscribers(rest.path(), &["remove", "ada@example.org"]));
    let output = subscribers(rest.path(), &["export", "all.csv"]);
    assert!(text(&output.stderr).contains("1 who may not be written to are left out"));
    let file = rest.path().join("all.csv");
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let table = fs::read_to_string(&file).expect("a table");
    assert_eq!(table.lines().count(), 3);
    assert_eq!(table, good(subscribers(rest.path(), &["export", "-"])));
    let nowhere = subscribers(rest.path(), &["export", "nowhere/all.csv"]);
    assert!(text(&nowhere.stderr).contains("can't write nowhere/all.csv"));
}

/// Rows of any valid kind.
fn rows() -> impl Strategy<Value = Vec<String>> {
    let local = prop_oneof!["[a-z0-9.=+'-]{1,6}", "[ąćżя]{1,3}", "\"[a-z @]{1,5}\""];
    let tags = proptest::sample::subsequence(vec!["prawo", "pomoc", "c-2"], 0..3);
    let row = (
        local,
        tags,
        prop_oneof![Just(""), Just("uk|pl"), Just("en-GB")],
        prop_oneof![Just("daily"), Just("weekly"), Just("immediate")],
        prop_oneof![
            Just(""),
            Just("2024-01-01"),
            Just("2020-02-03T04:05:06.789Z")
        ],
    );
    let row = row.prop_map(|(local, tags, languages, schedule, at)| {
        let local = local.replace('"', "\"\"");
        let tags = tags.join("|");
        format!("\"{local}@żółw.example.org\",{tags},{languages},{schedule},{at}")
    });
    proptest::collection::vec(row, 0..12)
}

/// Export, import into a new store, export: the same.
#[test]
fn an_export_reads_back_as_it_was() {
    let (first, second) = (rested(), rested());
    let mut runner = TestRunner::new(Config::with_cases(6));
    let law = |rows: Vec<String>| {
        let table = format!(
            "email,any,languages,schedule,confirmed_at\n{}\n",
            rows.join("\n")
        );
        let _ = import(first.path(), table.as_bytes(), &[]);
        good(subscribers(first.path(), &["export", "all.csv"]));
        let exported = fs::read(first.path().join("all.csv"))?;
        let rest = first.path().join("all.csv").display().to_string();
        good(subscribers(second.path(), &["import", &rest]));
        let again = good(subscribers(second.path(), &["export", "-"]));
        prop_assert_eq!(text(&exported), again);
        Ok(())
    };
    runner.run(&rows(), law).expect("the law holds");
}
