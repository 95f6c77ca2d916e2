mod front_matter;
mod hostile;
mod html;
mod language;
mod names;
mod portal;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::config;
use crate::domain::{Language, TagDefinition, TagId};
use crate::text::xml;

fn language(text: &str) -> Language {
    Language::parse(text).expect("a fixed tag")
}

fn site() -> config::Site {
    config::Site {
        title: "Portal".into(),
        url: "https://portal.example/".parse().expect("a fixed URL"),
        authority: "portal.example,2026".into(),
        language: language("pl"),
        languages: ["pl", "uk", "en"].map(language).to_vec(),
        timezone: "Europe/Warsaw".into(),
        zone: TimeZone::get("Europe/Warsaw").expect("a bundled zone"),
    }
}

fn source() -> config::Source {
    config::Source {
        name: "pages".into(),
        aliases: Vec::new(),
        path: PathBuf::from("content"),
        link: "{site}{path}/".into(),
        files: config::Files::usual(),
        settle: SignedDuration::from_millis(500),
        rescan: SignedDuration::from_mins(5),
        watch: config::Watch::Auto,
    }
}

pub(super) fn context() -> Context {
    let tag = TagDefinition {
        id: TagId::new("cooperation").expect("a slug"),
        labels: BTreeMap::from([(language("pl"), "Współpraca".into())]),
        aliases: vec!["partnerstwo".into()],
    };
    Context::new(&source(), &site(), &[tag], &[])
}

fn read(path: &str, text: &str) -> Found {
    read_bytes(path, text.as_bytes())
}

fn read_bytes(path: &str, bytes: &[u8]) -> Found {
    match parse(path, bytes, &context()) {
        Ok(Parsed::Publication(found)) => *found,
        other => panic!("{path} was not published: {other:?}"),
    }
}

fn problem(path: &str, text: &str) -> Problem {
    match parse(path, text.as_bytes(), &context()) {
        Err(mut problems) if problems.len() == 1 => problems.remove(0),
        Err(problems) => panic!("{path} has several: {problems:?}"),
        Ok(other) => panic!("{path} was taken: {other:?}"),
    }
}

fn labels(found: &Found) -> Vec<&str> {
    found.tags.iter().map(|tag| tag.label.as_str()).collect()
}

fn instant(text: &str) -> Option<jiff::Timestamp> {
    Some(text.parse().expect("a fixed instant"))
}

#[test]
fn yaml_front_matter_is_read() {
    let found = read(
        "aktualnosci/szkolenie.md",
        "\u{FEFF}---\r\ntitle: \"Szkolenie: zapisy\"\r\ndate: 2026-03-01 08:30\r\n\
         lastmod: 2026-03-02T10:00:00Z\r\ntags:\r\n  - Szkolenia\r\n  - 2026\r\n  - 007\r\n\
         categories: [szkolenia]\r\ndescription: Krótko.\r\nauthor: {name: Ewa Nowak}\r\n\
         change_note: Nowy termin\r\nid: urn:uuid:0b7b6f\r\ntranslation_of: https://a.example/1\r\n\
         layout: {deep: [1, 2]}\r\n---\r\nPierwszy *akapit*.\r\n",
    );
    assert_eq!(found.title, "Szkolenie: zapisy");
    assert_eq!(found.published, instant("2026-03-01T07:30:00Z"));
    assert_eq!(found.updated, instant("2026-03-02T10:00:00Z"));
    assert_eq!(labels(&found), ["Szkolenia", "2026", "007"]);
    assert_eq!(found.summary, "Krótko.");
    assert_eq!(found.authors, ["Ewa Nowak"]);
    assert_eq!(found.change_note.as_deref(), Some("Nowy termin"));
    assert_eq!(
        found.declared_id.map(|id| id.0).as_deref(),
        Some("urn:uuid:0b7b6f")
    );
    assert_eq!(
        found.translation_of.map(|id| id.0).as_deref(),
        Some("https://a.example/1")
    );
    assert_eq!(found.body, "<p>Pierwszy <em>akapit</em>.</p>");
    assert_eq!(found.link, "https://portal.example/aktualnosci/szkolenie/");
    assert_eq!(
        found.minted_id.0,
        "tag:portal.example,2026:pages/aktualnosci/szkolenie.md"
    );
    assert_eq!(found.language, language("pl"));
}

#[test]
fn toml_front_matter_is_read() {
    let found = read(
        "a.md",
        "+++\ntitle = \"Wyniki\"\ndate = 2026-03-01\nupdated = 2026-03-02T08:00:00+01:00\n\
         [taxonomies]\ntags = [\"a\", \"b\"]\n[extra]\nx = 1\n+++\n\nTekst\n",
    );
    assert_eq!(found.published, instant("2026-02-28T23:00:00Z"));
    assert_eq!(found.updated, instant("2026-03-02T07:00:00Z"));
    assert_eq!(labels(&found), ["a", "b"]);
    assert_eq!(found.summary, "Tekst");
}

#[test]
fn without_front_matter_the_first_heading_is_the_title() {
    let found = read("a.md", "Wstęp.\n\n# Tytuł z `kodem` & *resztą*\n\nDalej.\n");
    assert_eq!(found.title, "Tytuł z kodem & resztą");
    assert_eq!(found.body, "<p>Wstęp.</p>\n<p>Dalej.</p>");
    assert_eq!((found.published, found.updated), (None, None));
}

#[test]
fn tables_footnotes_code_and_images_come_through() {
    let found = read(
        "a/b.md",
        "# T\n\n|a|\n|-|\n|b|\n\n```rust\nfn x() {}\n```\n\n![Plan](plan.png) i przypis[^1].\n\n[^1]: Ź <script>x</script>\n",
    );
    for part in [
        "<table><thead><tr><th>a</th>",
        "<code class=\"language-rust\">fn x() {}",
        "<img src=\"https://portal.example/a/b/plan.png\" alt=\"Plan\">",
        "<a href=\"https://portal.example/a/b/#1\"",
        "id=\"1\"",
    ] {
        assert!(found.body.contains(part), "{part} is not in {}", found.body);
    }
    assert!(!found.body.contains("script"));
}

#[test]
fn drafts_are_drafts_whatever_else_is_in_them() {
    let draft = parse("a.md", b"---\ndraft: true\n---\n", &context());
    assert_eq!(draft, Ok(Parsed::Draft));
    let draft = parse("a.md", b"---\ndraft: yes\n---\n", &context());
    assert_eq!(draft, Ok(Parsed::Draft));
}

#[test]
fn language_is_declared_then_named_then_foldered_then_the_sites() {
    for (path, front, expected) in [
        ("uk/a.en.md", "lang: de\n", "de"),
        ("uk/a.en.md", "", "en"),
        ("uk/a.md", "", "uk"),
        ("de/a.md", "", "pl"),
        ("a.de.md", "", "pl"),
        ("x/uk/a.md", "", "pl"),
        ("en.md", "", "pl"),
    ] {
        let text = format!("---\ntitle: T\n{front}---\n");
        assert_eq!(
            read(path, &text).language,
            language(expected),
            "{path} {front}"
        );
    }
}

#[test]
fn links_are_declared_or_follow_the_pattern() {
    for (path, front, expected) in [
        ("a/index.md", "", "https://portal.example/a/"),
        ("index.md", "", "https://portal.example/"),
        ("a b/ż?.md", "", "https://portal.example/a%20b/%C5%BC%3F/"),
        ("a/b.md", "slug: inny", "https://portal.example/a/inny/"),
        (
            "a/b.md",
            "url: /c/d.html",
            "https://portal.example/c/d.html",
        ),
        (
            "a/b.md",
            "permalink: https://other.example/x",
            "https://other.example/x",
        ),
        (
            "a/b.md",
            "permalink: /c/d/index.html",
            "https://portal.example/c/d/",
        ),
        ("a/b.md", "path: e/f", "https://portal.example/e/f"),
        (
            "_posts/2026-03-07-nabor.md",
            "permalink: pretty\ncategories: prawo pomoc",
            "https://portal.example/prawo/pomoc/2026/03/07/nabor/",
        ),
        (
            "a/b.md",
            "date: 2026-03-07\nslug: c\npermalink: /:year/:categories/:title/",
            "https://portal.example/2026/c/",
        ),
    ] {
        let text = format!("---\ntitle: T\n{front}\n---\n");
        assert_eq!(read(path, &text).link, expected, "{path} {front}");
    }
    for front in [
        "url: javascript:x()",
        "permalink: /:year/:title/",
        "date: 2026-03-01\npermalink: /:autor/:title/",
        "permalink: \"/{{ title }}/\"",
    ] {
        problem("a.md", &format!("---\ntitle: T\n{front}\n---\n"));
    }
}

#[test]
fn minted_ids_are_iris_and_keep_paths_apart() {
    let minted = |path: &str| read(path, "# T").minted_id.0;
    assert_eq!(
        minted("a b/ż%#?.md"),
        "tag:portal.example,2026:pages/a%20b/ż%25%23%3F.md"
    );
    assert!(context::is_iri(&minted("<\u{200E}\u{E000}>.md")));
    assert_ne!(minted("a.md"), minted("a.markdown"));
}

#[test]
fn aliases_and_labels_lead_to_one_tag() {
    let found = read(
        "a.md",
        "---\ntitle: T\ntags: [Partnerstwo, współpraca, C++, c#, '…', C++]\n---\n",
    );
    let ids: Vec<&str> = found.tags.iter().map(|tag| tag.id.as_str()).collect();
    assert_eq!(ids, ["cooperation", "c-plus-plus", "c-sharp"]);
    assert_eq!(
        labels(&read("a.md", "---\ntitle: T\ntags: a, b\n---\n")),
        ["a", "b"]
    );
}

#[test]
fn problems_name_the_line_and_the_remedy() {
    let nested = format!("x: {}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned()
        + &(b'b'..=b'z')
            .map(|c| {
                let (this, last) = (char::from(c), char::from(c - 1));
                format!(
                    "{this}: &{this} [{}]\n",
                    vec![format!("*{last}"); 9].join(",")
                )
            })
            .collect::<String>()
        + "tags: *z";
    for (front, line) in [
        ("title: T\ndate: 31.02.2013", Some(3)),
        ("title: T\n\"lastmod\": nigdy", Some(3)),
        ("title: T\nid: moje-id", Some(3)),
        ("title: T\nlang: polski", Some(3)),
        ("title: T\ndraft: [x]", Some(3)),
        ("title: T\ndraft: tak", Some(3)),
        ("title:\n  a: b", Some(3)),
        ("title: T\ntags: {a: b}", Some(3)),
        ("title: T\n  - x: [", Some(3)),
        ("title: T\ntitle: U", Some(3)),
        ("date: 2013-01-01", None),
        (&nested, Some(2)),
    ] {
        let problem = problem("a/b.md", &format!("---\n{front}\n---\nx\n"));
        assert_eq!(problem.line, line, "{problem}");
        assert_eq!(problem.file, PathBuf::from("a/b.md"));
        assert!(!problem.remedy.is_empty());
    }
    problem("a.md", &format!("---\n{bomb}\n---\n"));
    assert_eq!(
        problem("a.md", "+++\ntitle = \"T\"\ndate = \"x\"\n+++\n").line,
        Some(3)
    );
    assert_eq!(problem("a.md", "+++\ntitle = [1]\n+++\n").line, Some(2));
    assert_eq!(problem("a.md", "---\ntitle: T\n").line, Some(1));
}

#[test]
fn files_that_are_too_large_are_refused() {
    assert!(parse("a.txt", &vec![b'a'; MAX_BYTES + 1], &context()).is_err());
}

#[test]
fn titles_tags_and_authors_are_bounded() {
    let tags: Vec<String> = (0..200)
        .map(|n| format!("t{n}{}", "x".repeat(300)))
        .collect();
    let found = read(
        "a.md",
        &format!(
            "---\ntitle: \"a\\u0001\\tb\\n{}\"\ntags: [{}]\n---\n",
            "ż".repeat(1_000),
            tags.join(",")
        ),
    );
    assert!(found.title.starts_with("a b ż"), "{}", found.title);
    assert_eq!(found.title.chars().count(), 300);
    assert!(found.tags.len() <= 100);
    assert!(
        found
            .tags
            .iter()
            .all(|tag| tag.label.chars().count() <= 200)
    );
}

#[test]
fn words_that_yaml_took_for_answers_are_words() {
    let found = read(
        "a.md",
        "---\ntitle: No\ntags: [off, Y]\ndraft: no\n---\nx\n",
    );
    let tags: Vec<&str> = found.tags.iter().map(|tag| tag.label.as_str()).collect();
    assert_eq!((found.title.as_str(), tags), ("No", vec!["off", "Y"]));
}

fn is_clean(found: &Found) -> bool {
    let tags = found.tags.iter().map(|tag| &tag.label);
    [
        &found.title,
        &found.link,
        &found.summary,
        &found.minted_id.0,
    ]
    .into_iter()
    .chain(tags)
    .chain(&found.authors)
    .chain(&found.change_note)
    .chain(&found.image)
    .chain(found.enclosures.iter().map(|enclosure| &enclosure.url))
    .all(|text| xml::clean(text) == text.as_str())
        && xml::clean(&found.body) == *found.body
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), name in "[a-z]{1,3}\\.(md|txt|html|x)") {
        let _ = parse(&name, &bytes, &context());
    }

    #[test]
    fn whatever_is_published_is_clean_xml_and_whatever_is_not_has_its_line(
        text in "(---\n|\\+\\+\\+\n|\\{\n)?(title: |title = \"|\"title\": \"|tags: |date: |image: |enclosure: |extra:\n |&a |<<: \\*a|[-\\]\\[{},\"']|# |Tagi: |Dodane dnia |A A A|\n|<title>|<h1>|</?(p|div|article|td)>|<br>|\\PC|[\\x00-\\x1F]|&#x[0-9a-f]{1,4};){0,60}(---\n|\\+\\+\\+\n|\\}\n)?\\PC{0,20}",
        path in "(_posts/|uk/)?(2026-0[1-9]-3[01]-)?\\PC{1,10}(\\.uk)?\\.(md|txt|html)",
    ) {
        match parse(&path, text.as_bytes(), &context()) {
            Ok(Parsed::Publication(found)) => {
                prop_assert!(is_clean(&found), "{found:?}");
                prop_assert!(!found.title.is_empty());
                prop_assert!(found.link.starts_with("https://portal.example/"), "{}", found.link);
                prop_assert!(context::is_iri(&found.minted_id.0), "{}", found.minted_id);
            }
            Ok(Parsed::Draft) => {}
            Err(problems) => {
                let lines = text.replace("\r\n", "\n").split(['\r', '\n']).count();
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    let line = problem.line.unwrap_or(1) as usize;
                    prop_assert!((1..=lines).contains(&line), "{problem} of {lines} lines");
                }
            }
        }
    }
}
