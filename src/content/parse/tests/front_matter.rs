//! Front matter as Hugo, Zola, Jekyll and Eleventy write it, and as nobody should.

use super::*;
use crate::domain::publication::Enclosure;

fn front(text: &str) -> Found {
    read("a/b.md", &format!("---\ntitle: T\n{text}\n---\nx\n"))
}

fn front_problem(text: &str) -> Problem {
    problem("a/b.md", &format!("---\ntitle: T\n{text}\n---\nx\n"))
}

fn is_draft(path: &str, text: &str) -> bool {
    parse(path, text.as_bytes(), &context()) == Ok(Parsed::Draft)
}

#[test]
fn json_front_matter_is_read() {
    let found = read(
        "a.md",
        "{\r\n\t\"title\": \"Wyniki \\\"2025\\\" \\ud83d\\ude00 }\",\n\t\"date\":\"2026-03-01\",\n\
         \t\"tags\": [\"a\", 1.10],\n\t\"params\": {\"author\": \"Ewa Nowak\"},\n\t\"draft\": false\n}\n\
         Tekst {z} klamrami.\n",
    );
    assert_eq!(found.title, "Wyniki \"2025\" 😀 }");
    assert_eq!(found.published, instant("2026-02-28T23:00:00Z"));
    assert_eq!(labels(&found), ["a", "1.10"]);
    assert_eq!(found.authors, ["Ewa Nowak"]);
    assert_eq!(found.body, "<p>Tekst {z} klamrami.</p>");
    for text in [
        "{{< gallery >}}\n\n# T\n",
        "{: .class}\n# T\n",
        "{% raw %}\n# T\n",
    ] {
        assert_eq!(read("a.md", text).title, "T", "{text}");
    }
    let bad = problem(
        "a.md",
        "{\n\"title\": \"T\",\n\"date\": \"31.02.2013\"\n}\n",
    );
    assert_eq!(bad.line, Some(3), "{bad}");
    let bad = problem("a.md", "{\n\"title\": \"T\"\n\"date\": 1\n}\n");
    assert!(bad.line.is_some() && bad.remedy.contains("JSON"), "{bad}");
    assert_eq!(problem("a.md", "{\n\"title\": \"T\"\n").line, Some(1));
}

#[test]
fn values_are_what_their_author_wrote() {
    let found = read(
        "a.md",
        "---\ntitle: 2.0\ntags: [1.10, 007, 1_000, 0x1F, 1e3, .inf, No, 2026-03-01, ~, '1.20']\n---\nx\n",
    );
    assert_eq!(found.title, "2.0");
    assert_eq!(
        labels(&found),
        [
            "1.10",
            "007",
            "1_000",
            "0x1F",
            "1e3",
            ".inf",
            "No",
            "2026-03-01",
            "1.20"
        ]
    );
    let found = read(
        "a.md",
        "+++\ntitle = 1.10\ndate = 2026-03-01 08:00:00\ntags = [1.10, 0x1F, true]\n+++\nx\n",
    );
    assert_eq!(found.title, "1.10");
    assert_eq!(found.published, instant("2026-03-01T07:00:00Z"));
    assert_eq!(labels(&found), ["1.10", "0x1F", "true"]);
}

#[test]
fn hugo_and_zola_have_keys_of_their_own() {
    let hugo = front(
        "Date: 2026-01-01\npublishDate: 2026-02-01\nlastMod: 2026-03-01\nexpiryDate: 2027-01-01\n\
         categories: [prawo]\ncover:\n  image: img/okladka.jpg\nparams: {authors: [Ewa, {name: Jan}]}",
    );
    assert_eq!(hugo.published, instant("2026-01-31T23:00:00Z"));
    assert_eq!(hugo.updated, instant("2026-02-28T23:00:00Z"));
    assert_eq!(hugo.expires, instant("2026-12-31T23:00:00Z"));
    assert_eq!(
        hugo.image.as_deref(),
        Some("https://portal.example/a/b/img/okladka.jpg")
    );
    assert_eq!(hugo.authors, ["Ewa", "Jan"]);
    let zola = read(
        "a.md",
        "\n\n+++\ntitle = \"T\"\nauthors = [\"Ewa\"]\n[taxonomies]\ntags = [\"a\"]\ncategories = [\"b\"]\n\
         [extra]\nimage = \"/okladka.png\"\nauthor = \"Jan\"\n+++\nx\n",
    );
    assert_eq!(labels(&zola), ["a", "b"]);
    assert_eq!(zola.authors, ["Ewa", "Jan"]);
    assert_eq!(
        zola.image.as_deref(),
        Some("https://portal.example/okladka.png")
    );
}

#[test]
fn what_each_generator_holds_back_is_a_draft() {
    assert!(is_draft("a.md", "---\npublished: false\n---\n"));
    assert!(is_draft("_drafts/a.md", "# T\n"));
    assert!(is_draft("blog/_drafts/a.txt", "T\n"));
    assert!(is_draft("a.md", "---\npermalink: false\n---\n"));
    assert!(is_draft(
        "a.md",
        "+++\ndraft = true\ndate = \"nigdy\"\n+++\n"
    ));
    assert!(is_draft("a.md", "{\"draft\": true}\n"));
    assert_eq!(front("published: true\ndraft: false").published, None);
}

#[test]
fn the_words_of_eleventy_are_no_dates_and_no_faults() {
    for words in [
        "Last Modified",
        "Created",
        "git Last Modified",
        "git created",
    ] {
        assert_eq!(front(&format!("date: {words}")).published, None, "{words}");
    }
}

#[test]
fn a_text_of_tags_is_split_as_its_generator_splits_it() {
    let tags = |path: &str, text: &str| -> Vec<String> {
        let found = read(path, &format!("---\ntitle: T\n{text}\n---\nx\n"));
        labels(&found).into_iter().map(str::to_owned).collect()
    };
    assert_eq!(tags("a.md", "tags: handel ludźmi"), ["handel ludźmi"]);
    assert_eq!(
        tags("a.md", "tags: handel ludźmi, prawo"),
        ["handel ludźmi", "prawo"]
    );
    let post = "_posts/2026-11-02-nabor.md";
    assert_eq!(tags(post, "tags: nabór prawo"), ["nabór", "prawo"]);
    assert_eq!(
        tags(post, "tags: handel ludźmi, prawo"),
        ["handel ludźmi", "prawo"]
    );
    assert_eq!(tags(post, "tags: [handel ludźmi]"), ["handel ludźmi"]);
    assert_eq!(tags(post, "category: handel ludźmi"), ["handel ludźmi"]);
}

#[test]
fn an_enclosure_is_a_url_or_a_table_or_a_list_of_them() {
    let enclosure = |url: &str, media_type: &str, length| Enclosure {
        url: url.into(),
        media_type: media_type.into(),
        length,
        title: None,
    };
    assert_eq!(
        front("enclosure: odcinek.mp3").enclosures,
        [enclosure(
            "https://portal.example/a/b/odcinek.mp3",
            "audio/mpeg",
            None
        )]
    );
    assert_eq!(
        front(
            "enclosure:\n  - url: https://cdn.example/1\n    type: Audio/OGG\n    length: 1234\n  \
             - /raport.pdf\n  - {src: dane.bin, size: '5'}"
        )
        .enclosures,
        [
            enclosure("https://cdn.example/1", "audio/ogg", Some(1234)),
            enclosure("https://portal.example/raport.pdf", "application/pdf", None),
            enclosure(
                "https://portal.example/a/b/dane.bin",
                "application/octet-stream",
                Some(5)
            ),
        ]
    );
    for wrong in [
        "enclosure: {type: audio/mpeg}",
        "enclosure: javascript:alert(1)",
        "enclosure: {url: a.mp3, type: dźwięk}",
        "enclosure: {url: a.mp3, type: \"audio/mpeg\\r\\nX: y\"}",
        "enclosure: {url: a.mp3, length: dużo}",
        "enclosure: {url: a.mp3, length: -1}",
        "image: data:image/png;base64,AAAA",
        "image: 'ftp://a.example/a.png'",
    ] {
        let front = front(&format!("{wrong}\nsummary: Reszta"));
        let lines: Vec<_> = front.flaws.iter().map(|flaw| flaw.line).collect();
        assert_eq!(lines, [Some(3)], "{wrong}");
        assert_eq!(
            (front.image, front.enclosures),
            (None, Vec::new()),
            "{wrong}"
        );
        assert_eq!(front.summary, "Reszta", "the rest is published");
    }
    let some =
        front("enclosure: [a.mp3, {url: b.mp3, length: -1}, {url: c.mp3, title: ' C  & c '}]");
    let names: Vec<_> = some
        .enclosures
        .iter()
        .map(|file| file.title.as_deref())
        .collect();
    assert_eq!(names, [None, Some("C & c")]);
    assert_eq!(some.flaws.len(), 1);
    assert_eq!(front("image: false\nenclosures: []").image, None);
    assert_eq!(
        front("image:\n  path: /a.jpg\n  alt: A").image.as_deref(),
        Some("https://portal.example/a.jpg")
    );
    assert_eq!(
        front("images: [a.jpg, b.jpg]").image.as_deref(),
        Some("https://portal.example/a/b/a.jpg")
    );
}

#[test]
fn anchors_and_merge_keys_are_followed() {
    let found = front(
        "common: &common\n  name: Ewa\n  x: 1\nauthor:\n  <<: *common\n  x: 2\n\
         words: &words [a, 1.10]\ntags: *words",
    );
    assert_eq!(found.authors, ["Ewa"]);
    assert_eq!(labels(&found), ["a", "1.10"]);
}

#[test]
fn what_is_given_twice_is_named_with_its_line() {
    let yaml = front_problem("date: 2026-01-01\ndate: 2026-01-02");
    assert_eq!(yaml.line, Some(4), "{yaml}");
    assert!(yaml.what.contains("date"), "{yaml}");
    let toml = problem(
        "a.md",
        "+++\ntitle = \"T\"\ndraft = false\ndraft = true\n+++\n",
    );
    assert_eq!(toml.line, Some(4), "{toml}");
}

#[test]
fn a_line_of_dashes_ends_the_front_matter_once_and_for_all() {
    let found = read("a.md", "---\ntitle: T\n...\nJeden.\n\n---\n\nDwa.\n\n---\n");
    assert_eq!(found.body, "<p>Jeden.</p>\n<hr>\n<p>Dwa.</p>\n<hr>");
    let found = read("a.md", "# T\n\nJeden.\n\n---\ntitle: U\n---\n");
    assert_eq!(found.title, "T");
    let found = read("a.md", "---\r\ntitle: T\r\n---\r\n\r\nJeden.\r\n");
    assert_eq!(found.body, "<p>Jeden.</p>");
    let found = read("a.md", "---\n# nothing yet\n---\n# T\n");
    assert_eq!(found.title, "T");
}

#[test]
fn front_matter_that_cannot_be_read_is_named_with_its_line() {
    for (text, line) in [
        ("---\ntitle: T\n", 1),
        ("\n\n---\ntitle: T\n", 3),
        ("+++\ntitle = \"T\"\n---\n", 1),
        ("---\ntitle: T\n--- !u\nx: 1\n---\n", 3),
        ("---\njust words\n---\n", 2),
        ("---\n- a\n- b\n---\n", 2),
        ("---\ntitle: T\n\tdate: x\n---\n", 2),
        ("---\ntitle: [T\n---\n", 2),
        ("---\ntitle: *nobody\n---\n", 2),
        ("\n---\ntitle: T\nexpires: 31.02.2013\n---\n", 4),
        ("+++\ntitle = \"T\"\n[extra]\n\nx =\n+++\n", 5),
        ("+++\ntitle = \"T\"\n\nlastmod = \"31.02.2013\"\n+++\n", 4),
        ("+++\ndate = 2013-02-31\n+++\n", 2),
    ] {
        let problem = problem("a.md", text);
        assert_eq!(problem.line, Some(line), "{text:?}: {problem}");
        assert!(!problem.remedy.is_empty());
    }
}

#[test]
fn json_between_fences_is_front_matter_as_eleventy_writes_it() {
    let found = read("a.md", "---json\n{ \"title\": \"T\" }\n---\nTekst.\n");
    assert_eq!((&*found.title, &*found.body), ("T", "<p>Tekst.</p>"));
    let wrong = "---json\n{\n\"date\": \"31.02.2013\" }\n---\n# T\n";
    assert_eq!(problem("a.md", wrong).line, Some(3));
    assert_eq!(problem("a.md", "---json\n{}\nTekst\n").line, Some(1));
}

#[test]
fn all_that_is_wrong_with_a_file_is_told_at_once() {
    let text = "---\ntitle: T\ndate: 31.02.2013\ntags: [a, [b]]\nurl: javascript:x()\n\
                enclosure: [{url: a.mp3, length: dużo}, {type: audio/mpeg}]\nlang: polski język\n---\n";
    let problems = parse("a.md", text.as_bytes(), &context()).expect_err("a bad file");
    let lines: Vec<Option<u32>> = problems.iter().map(|problem| problem.line).collect();
    let places = [Some(7), Some(3), Some(4), Some(6), Some(6), None];
    assert_eq!(lines, places, "{problems:?}");
    // What hides a heading hides no title.
    let deep = format!("---\ndate: 31.02.2013\n---\n{}\n", "> ".repeat(200));
    let problems = parse("a.md", deep.as_bytes(), &context()).expect_err("a bad file");
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn what_expires_before_it_is_published_is_told() {
    let flaws = |front_matter: &str| front(front_matter).flaws;
    for fine in [
        "date: 2026-01-02",
        "expires: 2026-01-02",
        "date: 2026-01-02\nexpires: 2026-01-03",
    ] {
        assert_eq!(flaws(fine), [], "{fine}");
    }
    let told = flaws("date: 2026-01-02\nexpires: 2026-01-02");
    assert!(told[0].remedy.contains("`expires`"), "{told:?}");
}
