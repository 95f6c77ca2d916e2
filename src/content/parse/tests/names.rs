//! What the path of a file says.

use super::*;

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
