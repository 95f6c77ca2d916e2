//! HTML pages of many systems, and saved portal pages.

use super::*;

const PORTAL: &str = include_str!("pages/portal.html");

/// Words that belong to no page's text.
const FURNITURE: [&str; 14] = [
    "ciasteczek",
    "Udostępnij",
    "Kontakt",
    "Стрічка",
    "Поділитися",
    "чекаю",
    "Схоже",
    "WordPress",
    "Reply",
    "powered",
    "Archives",
    "Home",
    "We applied",
    "Submitted",
];

fn page(name: &str, html: &str) -> Found {
    let found = read(name, html);
    for word in FURNITURE {
        assert!(!found.body.contains(word), "{word} is in {}", found.body);
    }
    assert!(!found.body.contains(&found.title), "{}", found.body);
    found
}

#[test]
fn a_page_of_the_governments_portal_is_read() {
    let found = page("a/godziny.html", include_str!("pages/government.html"));
    assert_eq!(found.title, "Nowe godziny pracy punktów informacyjnych");
    assert_eq!(found.published, instant("2024-04-23T22:00:00Z"));
    assert_eq!(found.link, "https://portal.example/web/urzad/nowe-godziny");
    assert_eq!(
        found.summary,
        "Od maja punkty pracują dłużej – także w soboty."
    );
    assert_eq!(
        found.image.as_deref(),
        Some("https://portal.example/photo/format/godziny")
    );
    assert_eq!(found.language, language("pl"));
    insta::assert_snapshot!("government", found.body);
}

#[test]
fn a_page_of_wordpress_blocks_is_read() {
    let found = page("shkola.html", include_str!("pages/wordpress-block.html"));
    assert_eq!(found.title, "Літня школа для перекладачів");
    assert_eq!(found.published, instant("2025-06-02T07:15:00Z"));
    assert_eq!(found.updated, instant("2025-06-03T09:00:00Z"));
    assert_eq!(found.authors, ["Олена Коваль"]);
    assert_eq!(labels(&found), ["переклад", "навчання", "літо"]);
    assert_eq!(
        found.image.as_deref(),
        Some("https://portal.example/wp/shkola.jpg")
    );
    assert_eq!(found.language, language("uk"));
    insta::assert_snapshot!("wordpress-block", found.body);
}

#[test]
fn a_page_of_a_classic_wordpress_theme_is_read() {
    let found = page(
        "help/line.xhtml",
        include_str!("pages/wordpress-classic.html"),
    );
    assert_eq!(found.title, "Help line moves to a new number");
    assert_eq!(found.authors, ["Ann Reed"]);
    assert_eq!(labels(&found), ["help line", "contact"]);
    assert_eq!(found.language, language("en"));
    assert_eq!(found.link, "https://portal.example/help/line/");
    insta::assert_snapshot!("wordpress-classic", found.body);
}

#[test]
fn a_page_of_drupal_is_read() {
    let found = page("grants.html", include_str!("pages/drupal.html"));
    assert_eq!(found.title, "Grants for small towns");
    assert_eq!(found.published, instant("2024-02-29T07:00:00Z"));
    assert_eq!(found.updated, instant("2024-03-01T07:00:00Z"));
    assert_eq!(found.authors, ["Grants office"]);
    assert_eq!(labels(&found), ["grants", "small towns", "Towns"]);
    assert_eq!(found.link, "https://portal.example/grants/small-towns");
    insta::assert_snapshot!("drupal", found.body);
}

#[test]
fn a_page_of_1999_is_read_in_its_encoding() {
    let html = include_str!("pages/plain-1999.html");
    let (bytes, _, is_bad) = encoding_rs::ISO_8859_2.encode(html);
    assert!(!is_bad);
    let found = read_bytes("zrodla.htm", &bytes);
    assert_eq!(found.title, "Jak szukać źródeł");
    assert_eq!(found.published, instant("1999-10-11T22:00:00Z"));
    assert_eq!(found.authors, ["Jan Źrebiec"]);
    assert_eq!(labels(&found), ["szkolenie", "źródła", "archiwum"]);
    assert!(!found.body.contains("Strona główna"), "{}", found.body);
    insta::assert_snapshot!("plain-1999", found.body);
}

#[test]
fn a_page_that_speaks_json_ld_is_read() {
    let found = page("most.html", include_str!("pages/json-ld.html"));
    assert_eq!(found.title, "Most otwarty & oświetlony");
    assert_eq!(found.published, instant("2026-01-15T06:30:00Z"));
    assert_eq!(found.updated, None);
    assert_eq!(found.summary, "Po dwóch latach most znów łączy oba brzegi.");
    assert_eq!(found.authors, ["Ewa Most", "Redakcja"]);
    assert_eq!(labels(&found), ["mosty", "drogi"]);
    assert_eq!(
        found.image.as_deref(),
        Some("https://static.gazeta.example/2026/most.jpg")
    );
    assert_eq!(
        found.body,
        "<p>Most nad graniczną rzeką jest znów otwarty. \
         <img src=\"https://static.gazeta.example/2026/przeslo.jpg\" alt=\"Przęsło\"></p>\n\
         <p>Zobacz też <a href=\"https://static.gazeta.example/2026/mapa.html\" \
         rel=\"noopener noreferrer\">mapę objazdów</a>.</p>"
    );
}

#[test]
fn a_page_that_speaks_open_graph_alone_is_read() {
    let found = page("shelter.html", include_str!("pages/open-graph.html"));
    assert_eq!(found.title, "Winter shelter opens early");
    assert_eq!(found.published, instant("2025-10-30T12:00:00Z"));
    assert_eq!(labels(&found), ["Housing", "Winter"]);
    assert_eq!(found.link, "https://city.example/news/shelter");
    assert_eq!(
        found.image.as_deref(),
        Some("https://img.example/shelter.jpg")
    );
    assert_eq!(found.language, language("en"));
    assert!(!found.body.contains("Council"), "{}", found.body);
    assert!(!found.body.contains("Weather"), "{}", found.body);
    insta::assert_snapshot!("open-graph", found.body);
}

#[test]
fn a_saved_portal_page_is_read_part_by_part() {
    let found = page("nabor.html", PORTAL);
    assert_eq!(found.title, "Nabór do programu „Razem”");
    assert_eq!(found.published, instant("2014-06-04T22:00:00Z"));
    assert_eq!(labels(&found), ["nabór", "programy"]);
    let archived = found.archived.expect("the page says so");
    assert_eq!(
        archived.notice,
        "Obecna strona jest wersją archiwalną. Aktualna strona Biura dostępna jest pod adresem: \
         biuro.example/nowa"
    );
    assert_eq!(
        archived.latest.as_deref(),
        Some("https://biuro.example/nowa")
    );
    assert!(found.summary.starts_with("Biuro ogłasza nabór"));
    insta::assert_snapshot!("portal", found.body);
}

#[test]
fn saved_portal_pages_in_ukrainian_and_english_are_known_by_their_labels() {
    let uk = read(
        "a.html",
        "<body><div><p>Ця сторінка є архівною версією. Нова доступна за адресою: \
         <a href=x>https://a.example/x</a></p><ul><li>А</li><li>А+</li><li>А++</li></ul>\
         <h1>Назва</h1><p>Додано 18.12.2013</p><p>Текст сторінки.</p><p>Теги:</p>\
         <ul><li>освіта</li><li>школа</li></ul><p>Поділитися:</p><a>Facebook</a></div>",
    );
    assert_eq!((uk.language.as_str(), uk.title.as_str()), ("uk", "Назва"));
    assert_eq!(
        uk.published,
        instant("2013-12-17T22:00:00Z").map(|at| at + jiff::SignedDuration::from_hours(1))
    );
    assert_eq!(labels(&uk), ["освіта", "школа"]);
    assert!(
        uk.archived
            .is_some_and(|archived| archived.latest.is_some())
    );
    assert!(uk.body.contains("Текст сторінки."), "{}", uk.body);
    for word in ["Теги", "освіта", "Поділитися", "Facebook", "архівн", "А+"]
    {
        assert!(!uk.body.contains(word), "{word} is in {}", uk.body);
    }
    let en = read(
        "b.html",
        "<main><h1>Title</h1>Published on 2013-12-18<br>Text of the page.<br>Tags:<br>\
         Share this page</main>",
    );
    assert_eq!((en.language.as_str(), en.title.as_str()), ("en", "Title"));
    assert_eq!(en.body, "Text of the page.<br>");
    assert!(en.published.is_some() && en.tags.is_empty());
}

/// The real page, as a browser would save it.
#[test]
fn the_seeds_portal_page_is_read_as_html() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/seed/portal-page.txt");
    let Ok(text) = std::fs::read_to_string(path) else {
        return;
    };
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let notice = lines.next().expect("a notice");
    let _control = lines.next();
    let title = lines.next().expect("a title");
    let rest: String = lines.map(|line| format!("<p>{line}</p>\n")).collect();
    let html = format!(
        "<html><head><meta charset=utf-8><title>{title} - Archiwum</title></head><body>\
         <div>{notice}</div><div><a>A</a> <a>A</a> <a>A</a></div><h2>{title}</h2>\n{rest}</body>"
    );
    let found = read("strona.html", &html);
    let of_text = read("strona.txt", &text);
    assert_eq!(found.title, of_text.title);
    assert_eq!(found.published, of_text.published);
    assert_eq!(found.archived, of_text.archived);
    assert_eq!(found.summary, of_text.summary);
    assert_eq!(
        found.body.matches("<p>").count(),
        of_text.body.matches("<p>").count()
    );
    assert_eq!(labels(&found), labels(&of_text));
    for word in ["archiwaln", "A A A", "Dodane", "Tagi", "podziel"] {
        assert!(!found.body.contains(word), "{word} is in {}", found.body);
    }
}

#[test]
fn titles_lose_the_sites_name_and_nothing_else() {
    for (html, expected) in [
        ("<title>Praca i płaca | Urząd</title>", "Praca i płaca"),
        ("<title>Praca - Dział - Urząd</title>", "Praca - Dział"),
        ("<title>Praca – poradnik</title>", "Praca – poradnik"),
        ("<title>Praca – Urząd</title><h2>Praca</h2>", "Praca"),
        (
            "<title>Urząd: Praca | A</title><meta property=og:site_name content=A>",
            "Urząd: Praca",
        ),
        (
            "<title>x</title><meta property=og:title content='Praca - B'><h1>Inny</h1>",
            "Praca - B",
        ),
        (
            "<title>x</title><h1>Praca <i>i</i> płaca</h1>",
            "Praca i płaca",
        ),
        ("<h2>Praca</h2>", "Praca"),
        ("<title>A &amp;lt;b&gt; | B</title>", "A &lt;b>"),
    ] {
        assert_eq!(read("a.html", &format!("{html}<p>Tekst.")).title, expected);
    }
    assert_eq!(
        problem("a.html", "<p>Tekst.").remedy,
        "write a `<title>` or an `<h1>`"
    );
}

#[test]
fn a_date_that_never_was_is_reported_with_its_line() {
    let meta = "<title>T</title>\n<meta name=dc.date content=31.02.2013>";
    let json = "<title>T</title>\n<script type=application/ld+json>{\"@type\": \"Article\",\n\
                \"datePublished\": \"31.02.2013\"}</script>";
    let text = "<h1>T</h1>\n\n<p>Dodane dnia\n31.02.2013</p>";
    for (html, line) in [(meta, 2), (json, 3), (text, 4)] {
        let problem = problem("a.html", html);
        assert_eq!(problem.line, Some(line), "{problem}");
        assert!(problem.what.contains("31.02.2013"));
    }
}

#[test]
fn addresses_that_are_none_of_the_pages_own_are_not_taken() {
    for head in [
        "<link rel=canonical href='https://portal.example/'>",
        "<link rel=canonical href='/a/inna'>",
        "<link rel=canonical href='javascript:x()'>",
        "<meta property=og:url content='https://portal.example/:a'>",
        "<link rel='next prev' href='https://portal.example/2'>",
    ] {
        let found = read("a/b.html", &format!("<title>T</title>{head}<p>x"));
        assert_eq!(found.link, "https://portal.example/a/b/", "{head}");
    }
}

#[test]
fn the_files_place_outranks_the_markups_language() {
    for (path, html, expected) in [
        ("a.html", "<html lang=uk-UA>", "uk"),
        ("en/a.html", "<html lang=uk>", "en"),
        (
            "a.html",
            "<meta http-equiv=Content-Language content='en, pl'>",
            "en",
        ),
        ("a.html", "<meta property=og:locale content=uk_UA>", "uk"),
        ("a.html", "<html lang=fr>", "pl"),
        ("a.html", "<html lang='???'>", "pl"),
    ] {
        let found = read(path, &format!("{html}<title>T</title><p>x"));
        assert_eq!(found.language, language(expected), "{path} {html}");
    }
}

/// Many portals show what day it is today.
#[test]
fn a_clock_in_the_header_is_no_date_of_the_page() {
    let clock =
        "<title>T</title><div class=date>24.11.2026</div><time datetime=2026-11-24>dziś</time>";
    let bare = read("a.html", &format!("{clock}<div><p>Tekst.</p></div>"));
    assert_eq!(bare.published, None);
    let article = format!("{clock}<article><p class=date>01.03.2026</p><p>Tekst.</p></article>");
    let found = read("a.html", &article);
    assert_eq!(found.published, instant("2026-02-28T23:00:00Z"));
    assert_eq!(found.body, "<p>Tekst.</p>");
}

#[test]
fn front_matter_above_html_is_read_as_above_markdown() {
    let found = read(
        "a.html",
        "---\ntitle: Tytuł\ntags: [prawo]\ndate: 2026-03-01\n---\n<nav>Spis</nav><p>Tekst.</p>\n",
    );
    assert_eq!(
        (found.title.as_str(), labels(&found)),
        ("Tytuł", vec!["prawo"])
    );
    assert_eq!(found.body, "<nav>Spis</nav><p>Tekst.</p>");
    assert_eq!(problem("a.html", "+++\ntitle = [1]\n+++\n").line, Some(2));
    let draft = parse("a.html", b"---\ndraft: true\n---\n", &context());
    assert_eq!(draft, Ok(Parsed::Draft));
}

#[test]
fn hostile_pages_are_reported_or_read_and_cost_little() {
    let many = 100_000;
    for (html, is_refused) in [
        ("<div>".repeat(many), true),
        ("<main><article>".repeat(many), true),
        ("<".repeat(10_000_000), true),
        (format!("<p {}>", "a=b ".repeat(many)), true),
        ("<p>a<br>".repeat(20_000), false),
        (
            "<div class='share'><p>Tagi: a</p></div>".repeat(10_000),
            false,
        ),
        ("<p>A</p>".repeat(20_000), false),
        ("<h1>x</h1>".repeat(20_000), false),
        ("<div>".repeat(2_000), true),
        ("<div><p>a, b</p>".repeat(2_400), true),
        (
            "<div class=meta>".repeat(100) + &"słowo ".repeat(300_000),
            false,
        ),
        (
            "<h1 itemprop=author><div>".repeat(60) + &"x".repeat(1_000_000),
            false,
        ),
        (
            "<ul><li>x".repeat(60) + &"<p>Udostępnij".repeat(20_000),
            false,
        ),
        (
            format!(
                "<script type=application/ld+json>{}</script>",
                "[".repeat(many)
            ),
            false,
        ),
        (
            format!(
                "<script type=application/ld+json>[{}]</script>",
                vec!["{\"@type\":\"Thing\"}"; many].join(",")
            ),
            false,
        ),
        ("a ".repeat(2_000_000), false),
    ] {
        let page = format!("<title>T</title>{html}");
        let result = parse("a.html", page.as_bytes(), &context());
        assert_eq!(result.is_err(), is_refused, "{:.40}", html);
    }
}
