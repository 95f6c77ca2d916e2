//! Texts that are meant to hurt, and texts that are merely long.

use super::*;

#[test]
fn nesting_bombs_are_problems_and_not_the_end() {
    let many = 100_000;
    for (name, text) in [
        ("quotes", format!("# T\n\n{}x", ">".repeat(many))),
        (
            "lists",
            format!("# T\n\n{}x{}", "- ".repeat(many), "\n".repeat(many)),
        ),
        (
            "lists by lines",
            (0..2_000).fold("# T\n\n".to_owned(), |text, depth| {
                text + &"  ".repeat(depth) + "- a\n"
            }),
        ),
        (
            "emphasis",
            format!("# T\n\n{}b{}", "*a ".repeat(many), " a*".repeat(many)),
        ),
        ("html", format!("# T\n\n{}", "<div>".repeat(many))),
        ("tight quotes", format!("# T\n\n{}", "> ".repeat(99) + "x")),
    ] {
        let result = parse("a.md", text.as_bytes(), &context());
        assert_eq!(result.is_err(), name != "tight quotes", "{name}");
    }
    for text in [
        "[".repeat(many),
        "*a ".repeat(many),
        "![".repeat(many),
        "`".repeat(many),
        "<a ".repeat(many),
        "**a ".repeat(many),
        "~~a ".repeat(many),
        "[a](".repeat(many),
        "[^a]".repeat(many),
    ] {
        read("a.md", &format!("# T\n\n{text}\n"));
    }
    read(
        "a.md",
        &format!(
            "# T\n\n{}\n\n{}\n\n{}\n\n{}\n",
            "-".repeat(500),
            "* ".repeat(500),
            ".".repeat(500),
            "1 2. 3 ".repeat(500),
        ),
    );
}

#[test]
fn prose_may_be_long_and_markup_may_not() {
    let markup = "# T\n\n".to_owned() + &"a_b*".repeat(600_000);
    let prose = "# T\n\n".to_owned() + &("Ala ma kota. ".repeat(10) + "\n").repeat(80_000);
    assert!(parse("a.md", markup.as_bytes(), &context()).is_err());
    assert!(prose.len() > 10_000_000 && parse("a.md", prose.as_bytes(), &context()).is_ok());
}

/// Were anything quadratic in the length, this would not end.
#[test]
fn long_texts_are_read_to_their_end() {
    let text = "# T\n\n".to_owned() + &"Ala ma kota i psa.\n\n".repeat(100_000);
    let found = read("a.md", &text);
    assert_eq!(found.summary, "Ala ma kota i psa.");
    assert_eq!(found.body.matches("<p>").count(), 100_000);
}

#[test]
fn bombs_in_front_matter_cost_nothing() {
    let wide = format!("x: &x [{}]\n", "y,".repeat(1_000));
    let many = "z: [*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x,*x]\n";
    for text in [
        format!("---\ntitle: T\n{wide}{many}---\n"),
        format!("---\ntitle: T\nx: {}\n---\n", "{a: ".repeat(50_000)),
        format!("---\ntitle: T\n{}---\n", "? ".repeat(100_000)),
        "---\ntitle: T\nx: &x [*x]\ntags: *x\n---\n".to_owned(),
        format!("---\n{}---\n", "k: v\n".repeat(60_000)),
        format!(
            "+++\ntitle = \"T\"\n{}.a = 1\n+++\n",
            vec!["a"; 50_000].join(".")
        ),
        format!(
            "+++\ntitle = \"T\"\nx = {}1{}\n+++\n",
            "[".repeat(90_000),
            "]".repeat(90_000)
        ),
        format!("{{\"title\": {}", "{\"a\":".repeat(50_000)),
        format!(
            "{{\"title\": {}1{}}}",
            "[".repeat(90_000),
            "]".repeat(90_000)
        ),
    ] {
        problem("a.md", &text);
    }
}

#[test]
fn no_title_reaches_a_header_with_a_second_line() {
    for title in [
        "\"Nabór\\r\\nBcc: all@portal.example\\r\\n\\r\\nTreść\"",
        "|\n  Nabór\n  Bcc: all@portal.example\n\n  Treść",
        "\"Nabór\\u2028Bcc: all@portal.example\\u0085\\u2029Treść\"",
    ] {
        let found = read("a.md", &format!("---\ntitle: {title}\n---\nx\n"));
        assert_eq!(found.title, "Nabór Bcc: all@portal.example Treść");
    }
}

#[test]
fn no_tag_reaches_a_path_or_a_header_as_it_is() {
    let long = "ż".repeat(10_000);
    let found = read(
        "a.md",
        &format!(
            "---\ntitle: T\ntags: ['../../x', C++, 'C#', '#', 'а', a, \"x\\r\\nBcc: y\", '..', /, {long}]\n---\nx\n"
        ),
    );
    let ids: Vec<&str> = found.tags.iter().map(|tag| tag.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "x",
            "c-plus-plus",
            "c-sharp",
            "sharp",
            "a",
            "a",
            "x-bcc-y",
            &"z".repeat(80)
        ]
    );
    assert_eq!(
        labels(&found)[..7],
        ["../../x", "C++", "C#", "#", "а", "a", "x Bcc: y"]
    );
    assert!(
        found
            .tags
            .iter()
            .all(|tag| TagId::new(tag.id.as_str()).is_ok())
    );
}
