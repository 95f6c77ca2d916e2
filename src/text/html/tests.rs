use proptest::prelude::*;

use super::*;

fn clean(html: &str) -> String {
    let base = Url::parse("https://portal.example/aktualnosci/szkolenie/").expect("a fixed URL");
    sanitise(html, &base).expect("the sample is simple")
}

#[test]
fn what_could_act_or_spy_is_gone() {
    for (html, expected) in [
        ("<p onclick=\"x()\" style=\"color:red\">a</p>", "<p>a</p>"),
        ("a<script>alert(1)</script><style>p{}</style>b", "ab"),
        (
            "<a href=\"javascript:x()\">a</a>",
            "<a rel=\"noopener noreferrer\">a</a>",
        ),
        ("<form><input name=a>a</form>", "a"),
        ("<iframe src=\"https://v.example/\">x</iframe>a", "a"),
        (
            "a<img src=\"https://t.example/p.gif\" width=\"1\" height=\"1\">b",
            "ab",
        ),
        (
            "a<img src=\"https://t.example/p.gif\" alt='1\">' height=0>b",
            "ab",
        ),
        ("a<img src=\"data:image/gif;base64,R0lGODlh\">b", "ab"),
        (
            "a<img src=\"https://t.example/p.gif\" style=\"Display : none\">b",
            "ab",
        ),
        ("a<img src=\"https://t.example/p.gif\" hidden>b", "ab"),
        (
            "a<img src=\"https://t.example/p.gif\" style=\"width: 1px; float: left\">b",
            "ab",
        ),
        ("a<img src=\"https://pixel.wp.com/b.gif?host=x\">b", "ab"),
        (
            "<img src=\"https://portal.example/a.png\" style=\"width: 100%\">",
            "<img src=\"https://portal.example/a.png\">",
        ),
        (
            "<a href=\"https://portal.example/\" ping=\"https://t.example/\" onfocus=x>a</a>",
            "<a href=\"https://portal.example/\" rel=\"noopener noreferrer\">a</a>",
        ),
        (
            "<svg onload=\"x()\"><script>x()</script><p>a</p></svg>",
            "<p>a</p>",
        ),
        ("<video src=\"a.mp4\" autoplay>a</video><audio src=b>", "a"),
        (
            "<link rel=stylesheet href=a><meta http-equiv=refresh content=0>a",
            "a",
        ),
        ("<p class=\"x\">a&#1;&#xFFFE;\u{8}</p>", "<p>a</p>"),
    ] {
        assert_eq!(clean(html), expected, "{html}");
    }
}

#[test]
fn what_is_for_reading_stays() {
    for html in [
        "<h2>Nagłówek</h2><p>Tekst &amp; więcej</p>",
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
        "<pre><code class=\"language-rust\">fn main() {}</code></pre>",
        "<figure><img src=\"https://portal.example/a.png\" alt=\"Mapa\" width=\"640\" height=\"480\">\
         <figcaption>Mapa gminy</figcaption></figure>",
        "<dl><dt>termin</dt><dd>30 listopada</dd></dl>",
        "<ol start=\"3\"><li>a<ul><li>b</li></ul></li></ol>",
        "<table><caption>Stawki</caption><tbody><tr><th scope=\"row\">a</th>\
         <td colspan=\"2\">b</td></tr></tbody></table>",
        "<blockquote cite=\"https://portal.example/u/\"><p>a</p></blockquote>",
        "<p>H<sub>2</sub>O, <abbr title=\"ustęp\">ust.</abbr>, <kbd>Esc</kbd>, <del>a</del> <ins>b</ins></p>",
        "<details><summary>Więcej</summary><p>a</p></details>",
        "<p>a<br>b<wbr>c</p><hr>",
        "<sup class=\"footnote-reference\">1</sup>",
        "<div class=\"footnote-definition\" id=\"1\">a</div>",
        "<img src=\"https://portal.example/a.png\" alt=\"Plan sali\">",
    ] {
        assert_eq!(clean(html), html);
    }
}

#[test]
fn relative_addresses_become_absolute() {
    assert_eq!(
        clean("<img src=\"a.png\"><img src=\"/b.png\"><a href=\"../c/\">c</a>"),
        "<img src=\"https://portal.example/aktualnosci/szkolenie/a.png\">\
         <img src=\"https://portal.example/b.png\">\
         <a href=\"https://portal.example/aktualnosci/c/\" rel=\"noopener noreferrer\">c</a>"
    );
}

#[test]
fn plain_text_is_one_line_of_words() {
    let html = "<h1>A</h1><p>b <b>c</b>d&amp;\n e<br>f</p><script>x</script><ul><li>g<li>h</ul>";
    assert_eq!(plain(html), "A b cd& e f g h");
    assert_eq!(one_line(" a \u{7f} b\u{81}c\u{85}d \u{90}"), "a bc d");
}

#[test]
fn a_summary_is_the_first_paragraph_with_words() {
    let html = "<h1>T</h1><p> <img src=a></p><p>Pierwszy <i>akapit</i>.<br>Dalej</p><p>Drugi</p>";
    assert_eq!(summary(html), "Pierwszy akapit. Dalej");
    assert_eq!(summary("Bez <b>akapitu</b>"), "Bez akapitu");
}

#[test]
fn a_long_summary_ends_after_a_word() {
    let html = format!("<p>{}</p>", "słowo ".repeat(100));
    let cut = summary(&html);
    assert!(cut.ends_with(" słowo…"), "{cut}");
    assert!((290..=300).contains(&cut.chars().count()));
    assert_eq!(shorten(&"ą".repeat(400), 300).chars().count(), 300);
}

#[test]
fn markup_bombs_are_refused() {
    let many = 200_000;
    let attributes: String = (0..100_000).map(|n| format!(" a{n}")).collect();
    let formats: String = (0..10_000).map(|n| format!("<b a={n}>")).collect();
    let base = Url::parse("https://portal.example/").expect("a fixed URL");
    for (name, bomb) in [
        ("div", "<div>".repeat(many)),
        ("blockquote", "<blockquote>a".repeat(many)),
        ("self-closed", "<div/>".repeat(many)),
        ("misnested", "<b></i>".repeat(many)),
        ("attributes", format!("<a{attributes}>")),
        ("formatting", formats + &"<p>a".repeat(many)),
        (
            "hidden",
            format!("<svg><style>{}", "<b title='</b>'>".repeat(many)),
        ),
        ("deep", "<div>".repeat(1_000)),
    ] {
        assert_eq!(sanitise(&bomb, &base), Err(TooComplex), "{name}");
    }
}

#[test]
fn long_pages_are_no_bombs() {
    let row = "<tr><td><a href=\"/x\"><b>a</b></a><br><td>b<p>c";
    let page = format!("<div><table>{}</table></div>", row.repeat(5_000));
    assert!(clean(&page).len() > page.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cleaned_html_is_clean_of_what_xml_forbids(html in "(<[a-z]{1,5}>|&#x?[0-9a-f]{1,4};|\\PC|[\\x00-\\x20])*") {
        let body = clean(&html);
        prop_assert_eq!(xml::clean(&body), body.as_str());
    }
}
