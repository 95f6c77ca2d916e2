//! What the path of a file says.

use super::*;
use crate::domain::{PublicationId, Tie};

fn link(path: &str, front: &str) -> String {
    read(path, &format!("---\ntitle: T\n{front}\n---\nx\n")).link
}

#[test]
fn a_day_before_the_name_is_the_date_where_the_file_says_no_other() {
    let found = read("_posts/2026-11-02-nabor.md", "# T\n");
    assert_eq!(found.published, instant("2026-11-01T23:00:00Z"));
    assert_eq!(found.link, "https://portal.example/nabor/");
    let found = read(
        "blog/_posts/2026-11-02-nabor.md",
        "---\ndate: 2026-12-24\n---\n# T\n",
    );
    assert_eq!(found.published, instant("2026-12-23T23:00:00Z"));
    assert_eq!(found.link, "https://portal.example/blog/nabor/");
    let zola = read("2026-11-02-nabor/index.md", "# T\n");
    assert_eq!(zola.published, instant("2026-11-01T23:00:00Z"));
    assert_eq!(zola.link, "https://portal.example/nabor/");
    let hugo = read(
        "2026-11-02-nabor.md",
        "---\ntitle: T\ndate: 2026-12-24\n---\n",
    );
    assert_eq!(hugo.link, "https://portal.example/2026-11-02-nabor/");
    let text = read("2026-11-02_nabor.txt", "T\n\nx\n");
    assert_eq!(text.published, instant("2026-11-01T23:00:00Z"));
    for path in [
        "2026-02-31-x.md",
        "2026-11-02.md",
        "2026-11-02-.md",
        "a-2026-11-02-b.md",
    ] {
        let found = read(path, "# T\n");
        assert_eq!(found.published, None, "{path}");
    }
}

#[test]
fn the_language_in_a_name_is_a_folder_on_the_site() {
    for (path, front, expected) in [
        ("a/nabor.uk.md", "", "https://portal.example/uk/a/nabor/"),
        ("a/nabor.pl.md", "", "https://portal.example/a/nabor/"),
        ("nabor/index.en.md", "", "https://portal.example/en/nabor/"),
        ("index.uk.md", "", "https://portal.example/uk/"),
        ("uk/nabor.md", "", "https://portal.example/uk/nabor/"),
        ("uk/nabor.uk.md", "", "https://portal.example/uk/nabor/"),
        ("nabor.de.md", "", "https://portal.example/nabor.de/"),
        (
            "nabor.uk.md",
            "slug: inny",
            "https://portal.example/uk/inny/",
        ),
        (
            "_posts/2026-11-02-nabor.uk.md",
            "",
            "https://portal.example/uk/nabor/",
        ),
        ("nabor/README.md", "", "https://portal.example/nabor/"),
        ("nabor/_index.md", "", "https://portal.example/nabor/"),
        (
            "nabor/index.md",
            "slug: inny",
            "https://portal.example/inny/",
        ),
    ] {
        assert_eq!(link(path, front), expected, "{path} {front}");
    }
    let content = read("content/uk/a.md", "# T\n");
    assert_eq!(content.language, language("uk"));
}

fn tie(path: &str, front: &str) -> Option<Tie> {
    read(path, &format!("---\ntitle: T\n{front}\n---\nx\n")).tie()
}

#[test]
fn translations_are_called_the_same_but_for_the_language() {
    for (name, paths) in [
        (
            "a/nabor",
            &[
                "a/nabor.md",
                "a/nabor.uk.md",
                "a/nabor.PL.html",
                "a/nabor/index.en.md",
                "a/nabor/_index.uk.md",
                "a/nabor/README.md",
                "uk/a/nabor.md",
                "uk/a/nabor.uk.md",
                "pl/a/nabor/index.md",
                "_posts/en/a/nabor.md",
                "en/_posts/a/nabor.md",
            ][..],
        ),
        (
            "content/nabor",
            &["content/nabor.md", "content/uk/nabor.md"],
        ),
        ("", &["index.md", "index.uk.md", "uk/index.md"]),
        ("2026-11-02-nabor", &["_posts/2026-11-02-nabor.uk.md"]),
        // No language of the site, nor where one is looked for.
        ("nabor.de", &["nabor.de.md"]),
        ("de/nabor", &["de/nabor.md"]),
        ("a/uk/nabor", &["a/uk/nabor.md"]),
        ("nabor-uk", &["nabor-uk.md"]),
    ] {
        for path in paths {
            let expected = Some(Tie::Name(format!("pages/{name}")));
            assert_eq!(tie(path, ""), expected, "{path}");
        }
    }
    // Polyglot's posts.
    let expected = Some(Tie::Name("pages/2026-11-02-nabor".into()));
    assert_eq!(tie("_posts/2026-11-02-nabor-uk.md", "lang: uk"), expected);
    assert_eq!(
        read("_posts/uk/2026-11-02-nabor.md", "# T\n").language,
        language("uk")
    );
}

#[test]
fn what_an_author_says_of_translations_wins_over_names() {
    let key = Some(Tie::Key("nabór".into()));
    for front in [
        "translationKey: nabór",
        "translation_key: nabór",
        "page_id: nabór",
    ] {
        assert_eq!(tie("uk/nabor.md", front), key, "{front}");
    }
    let both = "translation_of: urn:wici:1\ntranslationKey: nabór";
    let original = Some(Tie::Original(PublicationId("urn:wici:1".into())));
    assert_eq!(tie("uk/nabor.md", both), original);
    // One that can't be one is told, and costs nothing else.
    let long = format!(
        "---\ntitle: T\ntranslationKey: {}\n---\nx\n",
        "a".repeat(501)
    );
    let found = read("a.md", &long);
    assert_eq!(found.tie(), Some(Tie::Name("pages/a".into())));
    assert_eq!(found.flaws.len(), 1);
    assert_eq!(found.flaws[0].line, Some(3));
}

#[test]
fn on_a_site_of_one_language_names_say_nothing_of_translations() {
    let mut site = site();
    site.languages = vec![language("pl")];
    let context = Context::new(&source(), &site, &[], &[]);
    match parse("uk/a.md", b"# T\n", &context) {
        Ok(Parsed::Publication(found)) => assert_eq!(found.tie(), None),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pictures_beside_a_page_are_found_where_hugo_serves_them() {
    for (path, expected) in [
        ("nabor/index.md", "https://portal.example/nabor/foto.jpg"),
        ("nabor.md", "https://portal.example/nabor/foto.jpg"),
        (
            "2026/nabor.md",
            "https://portal.example/2026/nabor/foto.jpg",
        ),
    ] {
        let found = read(path, "# T\n\n![Foto](foto.jpg)\n");
        let image = format!("<img src=\"{expected}\" alt=\"Foto\">");
        assert!(found.body.contains(&image), "{path}: {}", found.body);
    }
    let found = read(
        "nabor/index.md",
        "# T\n\n[Plan](../plan.pdf) ![](/logo.png)\n",
    );
    assert!(
        found
            .body
            .contains("href=\"https://portal.example/plan.pdf\"")
    );
    assert!(
        found
            .body
            .contains("src=\"https://portal.example/logo.png\"")
    );
}

#[test]
fn the_date_may_be_a_part_of_the_link() {
    let mut source = source();
    source.link = "{site}{year}/{month}/{day}/{path}.html".into();
    let context = Context::new(&source, &site(), &[], &[]);
    let link = |path: &str, text: &str| match parse(path, text.as_bytes(), &context) {
        Ok(Parsed::Publication(found)) => Ok(found.link),
        Ok(Parsed::Draft) => Ok("a draft".to_owned()),
        Err(problems) => Err(problems[0].what.clone()),
    };
    assert_eq!(
        link("_posts/2026-11-02-nabor.md", "# T\n").as_deref(),
        Ok("https://portal.example/2026/11/02/nabor.html")
    );
    // In the site's zone it is the next day already.
    assert_eq!(
        link("{day}.md", "---\ndate: 2026-03-01T23:30:00Z\n---\n# T\n").as_deref(),
        Ok("https://portal.example/2026/03/02/%7Bday%7D.html")
    );
    assert!(link("a.md", "# T\n").is_err_and(|what| what.contains("no date")));
}
