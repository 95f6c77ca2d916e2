use proptest::prelude::*;
use url::Url;

use super::super::{TooComplex, sanitise_any, words};
use super::*;

fn base() -> Url {
    Url::parse("https://portal.example/aktualnosci/szkolenie/").expect("a fixed URL")
}

fn from_markdown(text: &str) -> String {
    let options = pulldown_cmark::Options::ENABLE_TABLES
        | pulldown_cmark::Options::ENABLE_FOOTNOTES
        | pulldown_cmark::Options::ENABLE_STRIKETHROUGH;
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new_ext(text, options));
    html
}

/// What the parser makes of it, where the pass makes anything of it at all.
fn agrees(html: &str) -> Result<bool, TestCaseError> {
    let by_parser = sanitise_any(html, &base());
    let words = words::by_tokenizer(html, words::Part::All);
    prop_assert_eq!(
        words::by_tokens(html, words::Part::All).unwrap_or(words.clone()),
        words
    );
    let first = words::by_tokenizer(html, words::Part::FirstParagraph);
    let by_tokens = words::by_tokens(html, words::Part::FirstParagraph);
    prop_assert_eq!(by_tokens.unwrap_or(first.clone()), first, "{}", html);
    match (clean(html, &base()), by_parser) {
        (Err(NotSimple), _) | (_, Err(TooComplex)) => Ok(false),
        (Ok(by_pass), Ok(by_parser)) => {
            prop_assert_eq!(by_pass, by_parser, "{}", html);
            Ok(true)
        }
    }
}

#[test]
fn what_markdown_becomes_is_simple() {
    let text = "# Tytuł\n\nAkapit z *kursywą*, **pismem grubym**, `kodem`, ~~skreśleniem~~ i \
                [adresem](/a \"b & 'c'\"), <https://a.example/?b=c&d>, ![plan „sali”](plan.png), \
                „cudzysłowem”, \"prostym\" & <znakiem>\\\n\u{A0}nowy wiersz[^1]\n\n\
                - a\n- b\n\n  c\n\n  1. d\n  2. e\n\n3. f\n4. g\n\n> cytat\n\n---\n\n\
                | a | b |\n| --- | ---: |\n| *c* | d |\n\n```rust\nfn main() {}\n```\n\n    kod\n\n\
                [^1]: przypis\n";
    let html = from_markdown(&text.replace("<znakiem>", "&lt;znakiem>"));
    assert!(agrees(&html).expect("the same"));
}

#[test]
fn what_is_not_simple_is_left_to_the_parser() {
    for html in [
        "<p>a",
        "a</p>",
        "<p><p>a</p></p>",
        "<em><em>a</em></em>",
        "<p><div>a</div></p>",
        "<a href='b'>a</a>",
        "<P>a</P>",
        "<script>a</script>",
        "<li>a</li>",
        "<pre>\na</pre>",
        "<table>a</table>",
        "<table><tr><td>a</td></tr></table>",
        "a &copy; b",
        "a & b",
        "a < b",
        "<p onclick=\"a\">b</p>",
        "<p lang=\"a\" lang=\"b\">c</p>",
        "<!-- a -->",
        "\u{FEFF}a",
        "a\rb",
        "a\0b",
        "<a href=\"b\"><sup><a href=\"c\">d</a></sup></a>",
        "<p class=\"a\">b</p>",
        "<img",
        "<img src=\"a\" width=\"1\" />",
        "<em><p>a</p></em>",
        "<h1><h2>a</h2></h1>",
        "<p / >a</p>",
    ] {
        assert_eq!(clean(html, &base()), Err(NotSimple), "{html}");
        assert!(!agrees(html).expect("the same"), "{html}");
    }
}

/// Pieces of Markdown that mean something.
fn markdown() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "ż ",
        "є",
        " ",
        "\n",
        "\n\n",
        "\n- ",
        "\n1. ",
        "\n3) ",
        "  ",
        "    ",
        "> ",
        "# ",
        "## ",
        "*",
        "**",
        "_",
        "~~",
        "`",
        "```\n",
        "```rust x\n",
        "[",
        "](",
        "](/b)",
        "](../c \"d\")",
        "![",
        "<https://e.example/>",
        "<f@g.example>",
        "|",
        "\n| --- | :-: |\n",
        "---\n",
        "[^1]",
        "\n[^1]: ",
        "\\\n",
        "&",
        "&amp;",
        "&nbsp;",
        "&#0;",
        "&lt;",
        "<",
        ">",
        "\"",
        "'",
        "\u{A0}",
        "\t",
        "](javascript:h)",
        "](http://)",
        "](//i.example)",
        "](?j=k&l)",
        "](<m n>)",
        "]: /o\n",
        "\u{FFFE}",
        "<b>",
        "</b>",
        "<p>",
        "</p>",
        "<br>",
        "<!--",
        "-->",
        "\u{8}",
        "Â",
        "=",
        "\u{FEFF}",
        "data:p",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Tags in and out of order.
fn tags() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<p>",
        "</p>",
        "<em>",
        "</em>",
        "<a href=\"/a\">",
        "</a>",
        "<ul>",
        "</ul>",
        "<ol start=\"3\">",
        "</ol>",
        "<li>",
        "</li>",
        "<table>",
        "</table>",
        "<thead>",
        "</thead>",
        "<tbody>",
        "</tbody>",
        "<tr>",
        "</tr>",
        "<td style=\"a\">",
        "</td>",
        "<th>",
        "</th>",
        "<pre>",
        "</pre>",
        "<code class=\"language-a\">",
        "<code class=\"b\">",
        "</code>",
        "<div>",
        "</div>",
        "<hr />",
        "<br />",
        "<img src=\"a.png\" alt=\"b &quot;&amp;&lt;&#39;\" />",
        "<img src=\"\" />",
        "\n",
        "a",
        " ",
        "&lt;",
        "&quot;",
        "&#39;",
        "&nbsp;",
        "<sup class=\"footnote-reference\">",
        "</sup>",
        "<blockquote>",
        "</blockquote>",
        "<h1>",
        "</h1>",
        "<h2 lang=\"pl\" title=\"c\">",
        "</h2>",
        "<strong>",
        "</strong>",
        "<a href=\"javascript:d\" title=\"e\">",
        "<div class=\"f\" id=\"g\">",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// Elements in elements, each closed.
fn nested() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["a", "\n", " ", "<br />", "<hr />", "&amp;", ""]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(6, 40, 4, |inner| {
            let name = prop::sample::select(vec![
                "p",
                "em",
                "a",
                "ul",
                "ol",
                "li",
                "li",
                "div",
                "blockquote",
                "table",
                "thead",
                "tbody",
                "tr",
                "td",
                "th",
                "code",
                "pre",
                "h1",
                "strong",
                "sup",
                "b",
                "del",
            ]);
            (name, prop::collection::vec(inner, 0..4))
                .prop_map(|(name, inner)| format!("<{name}>{}</{name}>", inner.concat()))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn markdown_is_cleaned_as_the_parser_cleans_it(text in markdown()) {
        agrees(&from_markdown(&text))?;
    }

    #[test]
    fn tags_are_cleaned_as_the_parser_cleans_them(html in tags()) {
        agrees(&html)?;
    }

    #[test]
    fn elements_are_cleaned_as_the_parser_cleans_them(html in nested()) {
        agrees(&html)?;
    }
}
