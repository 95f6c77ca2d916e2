//! The forms of content files and which of them are read, with the real program.

use std::fs;

use crate::harness::{Site, wait_for};

#[test]
fn what_becomes_excluded_is_withdrawn() {
    let site = Site::new()
        .page("a.md", "---\ntitle: Kept\n---\n")
        .page("drafts/b.md", "---\ntitle: Excluded\n---\n")
        .page("nabor/_index.md", "---\ntitle: Section\n---\n")
        .page("README.md", "# For editors\n")
        .start();
    site.feed("all.atom", |feed| {
        feed.contains("Kept") && feed.contains("Excluded")
    });
    let file = site.path("daemon.toml");
    let written = fs::read_to_string(&file).expect("a configuration");
    let source = "path = \"content\"\n";
    let changed = written.replace(
        source,
        &format!("{source}exclude = [\"drafts/\"]\nsection_pages = true\n"),
    );
    fs::write(&file, changed).expect("a configuration");
    site.hang_up();
    let feed = site.feed("all.atom", |feed| {
        !feed.contains("Excluded") && feed.contains("Section")
    });
    assert!(feed.contains("Kept") && !feed.contains("For editors"));
}

#[test]
fn titles_and_tags_reach_neither_headers_nor_paths() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    let long = "ż".repeat(10_000);
    site.save(
        "a.md",
        &format!(
            "---\ntitle: \"Nabór\\r\\nBcc: all@portal.example\\r\\n\\r\\nTreść\"\n\
             tags: ['../../x', C++, 'C#', '#', 'а', a, \"b\\r\\nX-Header: c\", '..', '/', {long}]\n---\nx\n"
        ),
    );
    let mails = site.mails(1);
    let mail = mails.first().expect("a mail");
    assert!(mail.bcc().is_none() && mail.header("X-Header").is_none());
    assert_eq!(mail.to().map(|to| to.iter().count()), Some(1));
    site.feed("all.rss", |feed| feed.contains("Bcc: all@portal.example"));
    let names = wait_for("feeds of the tags", || {
        let names: Vec<String> = fs::read_dir(site.path("feeds/tag"))
            .ok()?
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.ends_with(".atom"))
            .collect();
        names
            .contains(&"c-plus-plus.atom".to_owned())
            .then_some(names)
    });
    for name in names {
        let stem = name.trim_end_matches(".atom");
        let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(stem.len() <= 80 && stem.chars().all(is_slug), "{name}");
    }
    assert!(!site.path("x.atom").exists() && !site.path("feeds/x.atom").exists());
}
