//! The sources keep the rules; and the checker finds each way to break them.

use super::*;

#[test]
fn the_sources_keep_the_rules() {
    let sources = sources();
    let found = violations(&map(), &sources);
    let lines: Vec<String> = found.iter().map(Violation::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
    assert!(sources.len() > 25, "only {} files were seen", sources.len());
}

#[test]
fn the_map_has_every_room_and_lib_rs_nothing_else() {
    let map = map();
    assert_eq!(map.0.get("domain"), Some(&0));
    assert_eq!(map.0.get("main"), Some(&11));
    let lib = include_str!("../../../src/lib.rs");
    for item in syn::parse_file(lib).expect("src/lib.rs parses").items {
        let syn::Item::Mod(room) = item else {
            panic!("src/lib.rs is the code map and nothing else");
        };
        assert!(room.content.is_none(), "{} belongs in a file", room.ident);
        let name = room.ident.to_string();
        assert!(map.0.contains_key(&name), "{name} is not on the map");
    }
}

/// The lines of `text`, taken for the file, that break a rule.
fn lines(file: &str, text: &str) -> Vec<usize> {
    let sources = [(file.to_owned(), text.to_owned())];
    let found = violations(&map(), &sources);
    found.iter().map(|violation| violation.line).collect()
}

#[test]
fn every_wrong_import_is_found() {
    let wrong = [
        ("src/domain/tag.rs", "use crate::text::slug;"),
        ("src/feed/rss.rs", "use crate::compose::Letter;"),
        ("src/feed/mod.rs", "use super::compose;"),
        ("src/feed/rss.rs", "use super::super::store::Store;"),
        ("src/feed/rss.rs", "fn f() { crate::mail::send() }"),
        ("src/feed/rss.rs", "use {crate::{domain::Tag, web as w}};"),
        (
            "src/feed/rss.rs",
            "use super::super as root; type T = root::cli::Cli;",
        ),
        (
            "src/feed/rss.rs",
            "mod inner { use super::super::super::daemon::run; }",
        ),
        (
            "src/feed/rss.rs",
            "fn f() { println!(\"{}\", crate::web::PORT) }",
        ),
        ("src/feed/rss.rs", "m! { use crate::{domain, web}; }"),
        (
            "src/feed/rss.rs",
            "#[serde(with = \"crate::store::hex\")] struct S;",
        ),
        (
            "src/feed/rss.rs",
            "struct S { #[serde(with = \"crate::store::hex\")] f: u8 }",
        ),
        ("src/feed/rss.rs", "impl crate::web::Page for S {}"),
        ("src/feed/rss.rs", "type T = <S as crate::web::Page>::Body;"),
        ("src/feed/rss.rs", "#[derive(crate::web::Page)] struct S;"),
        ("src/feed/rss.rs", "#[cfg(not(test))] use crate::web::Page;"),
        (
            "src/feed/rss.rs",
            "#[cfg(any(test, unix))] use crate::web::Page;",
        ),
        ("src/feed/rss.rs", "use crate::*;"),
        ("src/feed/rss.rs", "use crate::nowhere::Thing;"),
        ("src/store/memory.rs", "use crate::mail::Outcome;"),
        ("src/web/mod.rs", "use crate::daemon::Clock;"),
        ("src/cli/mod.rs", "use wici::main;"),
        ("src/attic/mod.rs", "use crate::domain::Tag;"),
    ];
    for (file, text) in wrong {
        assert_eq!(lines(file, &format!("\n{text}")), [2], "{file}: {text}");
    }
}

#[test]
fn right_imports_pass() {
    let right = [
        (
            "src/main.rs",
            "use wici::cli; fn main() { wici::daemon::run() }",
        ),
        (
            "src/store/sled/mod.rs",
            "use super::record; use super::super::domain::Tag;",
        ),
        (
            "src/store/sled/mod.rs",
            "use crate::{config::Config, store::record};",
        ),
        (
            "src/feed/rss.rs",
            "use crate::text::xml; #[cfg(test)] mod tests { use crate::web::A; }",
        ),
        ("src/feed/rss.rs", "#[test] fn f() { crate::web::page() }"),
        (
            "src/feed/rss.rs",
            "//! See [`crate::web`].\nfn f() { let s = \"crate::web\"; }",
        ),
    ];
    for (file, text) in right {
        assert_eq!(lines(file, text), [0; 0], "{file}: {text}");
    }
}

#[test]
fn every_spawn_outside_the_daemon_is_found() {
    let wrong = [
        "fn f() { tokio::spawn(g()); }",
        "fn f() { std::thread::spawn(g); }",
        "use tokio::task; fn f() { task::spawn_blocking(g); }",
        "use tokio::task::JoinSet;",
        "use tokio_util::task::TaskTracker as Tasks;",
        "fn f() { handle.spawn(g()); }",
        "fn f() { join!(a, set.spawn(g())); }",
        "fn f() { select! { _ = tokio::spawn(g()) => {} } }",
        "use tokio::*;",
    ];
    for text in wrong {
        assert!(!lines("src/web/mod.rs", text).is_empty(), "{text}");
        assert_eq!(lines("src/daemon/send.rs", text), [0; 0], "{text}");
    }
    let one = "fn f() { std::thread::spawn(g); }";
    assert_eq!(lines("src/store/writer.rs", one), [0; 0]);
    assert_eq!(lines("src/store/memory/mod.rs", one), [1]);
}

#[test]
fn every_look_at_the_clock_is_found() {
    let wrong = [
        "fn f() { jiff::Timestamp::now(); }",
        "use jiff::ZonedDateTime as Z; fn f() { Z::now(); }",
        "use std::time::SystemTime as Clock; fn f() { Clock::now(); }",
        "fn f() { g(chrono::Utc::now); }",
        "fn f() { info!(at = %Timestamp::now()); }",
    ];
    for text in wrong {
        assert_eq!(lines("src/web/mod.rs", text), [1], "{text}");
        assert_eq!(lines("src/daemon/send.rs", text), [1], "{text}");
        assert_eq!(lines("src/daemon/clock.rs", text), [0; 0], "{text}");
    }
    let timeout = "use std::time::Instant; fn f() { Instant::now(); }";
    assert_eq!(lines("src/mail/smtp.rs", timeout), [0; 0]);
}

#[test]
fn pure_rooms_name_nothing_of_the_outside() {
    let wrong = [
        "use std::fs;",
        "use std::{fmt, net::IpAddr};",
        "fn f() { std::env::var(\"A\"); }",
        "use std::time::SystemTime;",
        "use tokio::sync::watch;",
        "use std::*;",
        "use std as s; fn f() { s::fs::read(p); }",
    ];
    for room in PURE {
        for text in wrong {
            assert!(
                !lines(&format!("src/{room}/x.rs"), text).is_empty(),
                "{text}"
            );
        }
    }
    assert_eq!(lines("src/config/mod.rs", "use std::fs;"), [0; 0]);
}

#[test]
fn code_that_hides_is_found() {
    assert_eq!(lines("src/web/mod.rs", "include!(\"page.in\");"), [1]);
    assert_eq!(
        lines("src/web/mod.rs", "\n#[path = \"../mail/x.rs\"]\nmod x;"),
        [3]
    );
    assert_eq!(
        lines(
            "src/web/mod.rs",
            "fn f(path: &str, include: bool) { g(path, include) }"
        ),
        [0; 0]
    );
}

#[test]
fn a_file_declared_for_tests_alone_is_exempt() {
    let sources = |declaration: &str| {
        [
            ("src/feed/mod.rs".to_owned(), declaration.to_owned()),
            (
                "src/feed/tests.rs".to_owned(),
                "use crate::web::A;".to_owned(),
            ),
        ]
    };
    let count = |declaration| violations(&map(), &sources(declaration)).len();
    assert_eq!(count("#[cfg(test)] mod tests;"), 0);
    assert_eq!(count("mod tests;"), 1);
}

#[test]
fn a_violation_tells_file_line_and_rule() {
    let text = "\nuse crate::store::Store;".to_owned();
    let found = violations(&map(), &[("src/feed/rss.rs".to_owned(), text)]);
    assert_eq!(
        found[0].to_string(),
        "src/feed/rss.rs:2: `crate::store::Store`: `feed` must not import `store`, which is \
         above it on the map of src/lib.rs"
    );
}
