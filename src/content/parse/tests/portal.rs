//! Saved portal pages and plain text.

use super::*;

const PORTAL_PAGE: &str = "\
Obecna strona jest wersją archiwalną. Aktualna strona Biura dostępna jest pod adresem: biuro.example/nowa.
A A A

Nabór do programu „Razem”

Dodane dnia 5.06.2014

Biuro ogłasza nabór <do> programu.
Zgłoszenia przyjmujemy do czerwca.

Tagi w systemie opisuje instrukcja.

Tagi:
nabór, programy
Współpraca

podziel się treścią:
Facebook
";

#[test]
fn a_saved_portal_page_is_read_part_by_part() {
    let found = read("nabor.txt", PORTAL_PAGE);
    assert_eq!(found.title, "Nabór do programu „Razem”");
    assert_eq!(found.published, instant("2014-06-04T22:00:00Z"));
    assert_eq!(labels(&found), ["nabór", "programy", "Współpraca"]);
    assert_eq!(
        found.body,
        "<p>Biuro ogłasza nabór &lt;do&gt; programu.\nZgłoszenia przyjmujemy do czerwca.</p>\n\
         <p>Tagi w systemie opisuje instrukcja.</p>"
    );
    assert_eq!(
        found.summary,
        "Biuro ogłasza nabór <do> programu. Zgłoszenia przyjmujemy do czerwca."
    );
    let archived = found.archived.expect("the page says so");
    assert!(archived.notice.starts_with("Obecna strona"));
    assert!(!archived.notice.contains("A A A"));
    assert_eq!(
        archived.latest.as_deref(),
        Some("https://biuro.example/nowa")
    );
}

#[test]
fn portal_pages_in_ukrainian_and_english_are_known_by_their_labels() {
    let uk = read(
        "a.txt",
        "Ця сторінка є архівною версією. Нова доступна за адресою: https://a.example/x\n\
         А А+ А++\n\nНазва\n\nДодано 18.12.2013\n\nТекст.\n\nТеги: освіта\nПоділитися:\n",
    );
    assert_eq!((uk.language.as_str(), uk.title.as_str()), ("uk", "Назва"));
    assert_eq!(
        (labels(&uk), uk.body.as_str()),
        (vec!["освіта"], "<p>Текст.</p>")
    );
    let en = read(
        "b.txt",
        "Title\nPublished on 2013-12-18\nText.\nTags:\nShare this page\n",
    );
    assert_eq!(
        (en.language.as_str(), en.body.as_str()),
        ("en", "<p>Text.</p>")
    );
    assert!(en.published.is_some() && en.tags.is_empty());
}

#[test]
fn a_plain_text_is_a_title_and_paragraphs() {
    let found = read("a.txt", "\n\n  Tytuł \nPierwszy.\n\n\nDrugi.\n");
    assert_eq!(found.title, "Tytuł");
    assert_eq!(found.body, "<p>Pierwszy.</p>\n<p>Drugi.</p>");
    let prose = read(
        "b.txt",
        "Added value\n\nAdded value is this.\n\nTags: they help. Mostly.\n\nEnd.\n",
    );
    assert!(prose.body.contains("Added value is this.") && prose.body.ends_with("<p>End.</p>"));
    problem("c.txt", " \n\n");
}

#[test]
fn an_impossible_date_on_a_page_is_a_problem_at_its_line() {
    let problem = problem("a.txt", "Tytuł\n\nDodane dnia 31.02.2013\n\nTekst\n");
    assert_eq!(problem.line, Some(3), "{problem}");
}

#[test]
fn the_portal_page_that_must_work_works() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/seed/portal-page.txt"
    );
    let Ok(page) = std::fs::read_to_string(file) else {
        println!("skipped: {file} is not here");
        return;
    };
    let found = read("portal-page.txt", &page);
    assert_eq!(
        found.title,
        "Współpraca polsko-ukraińska w zakresie zwalczania i zapobiegania handlowi ludźmi"
    );
    assert_eq!(found.published, instant("2013-12-17T23:00:00Z"));
    assert_eq!(found.language, language("pl"));
    assert!(found.tags.is_empty());
    assert_eq!(
        found
            .archived
            .and_then(|archived| archived.latest)
            .as_deref(),
        Some("https://www.gov.pl/web/handel-ludzmi")
    );
    assert!(
        found.body.starts_with("<p>Projekt został zrealizowany"),
        "{}",
        found.body
    );
    assert!(
        found.body.ends_with("jest bardzo ważna.</p>"),
        "{}",
        found.body
    );
    assert_eq!(found.body.matches("<p>").count(), 5);
    for text in [found.title.as_str(), &found.summary, &found.body] {
        for part in ["A A A", "Obecna strona", "Tagi", "podziel", "Dodane dnia"] {
            assert!(!text.contains(part), "{part} is in {text}");
        }
    }
}

#[test]
fn tags_stand_on_one_line_or_one_on_each_or_are_missing() {
    for (page, expected) in [
        (
            "Tytuł\n\nTreść.\n\nTagi: prawo, nabór; szkolenia | pomoc\n",
            vec!["prawo", "nabór", "szkolenia", "pomoc"],
        ),
        (
            "Tytuł\n\nTreść.\n\nTagi:\nprawo\nnabór\n\nszkolenia\npodziel się treścią:\n",
            vec!["prawo", "nabór", "szkolenia"],
        ),
        (
            "Tytuł\n\nTreść.\n\nTagi:\n• prawo\n• nabór\n",
            vec!["prawo", "nabór"],
        ),
        ("Tytuł\n\nTreść.\n\nTagi:\n\npodziel się treścią:\n", vec![]),
        ("Tytuł\n\nTreść.\n", vec![]),
        (
            "Назва\n\nТекст.\n\nКлючові слова: право, набір\nПоширити:\nFacebook\n",
            vec!["право", "набір"],
        ),
        (
            "Назва\n\nТекст.\n\nМітки:\nправо\nнабір\n",
            vec!["право", "набір"],
        ),
        (
            "Title\n\nText.\n\nKeywords: law, help\nShare this:\n",
            vec!["law", "help"],
        ),
        ("Title\n\nText.\n\nTAGS\nlaw\nhelp\n", vec!["law", "help"]),
    ] {
        let found = read("a.txt", page);
        assert_eq!(labels(&found), expected, "{page}");
        assert_eq!(found.body.matches("<p>").count(), 1, "{}", found.body);
    }
}

#[test]
fn labels_of_further_languages_come_from_the_configuration() {
    let words = |text: &str| vec![text.to_owned()];
    let german = config::Labels {
        language: language("de"),
        archived: words("Diese Seite ist eine archivierte Fassung"),
        current_at: words("zu finden unter"),
        added: words("Hinzugefügt am"),
        tags: words("Schlagwörter"),
        share: words("Seite teilen"),
    };
    let more_polish = config::Labels {
        language: language("pl"),
        archived: Vec::new(),
        current_at: Vec::new(),
        added: words("dodano do bazy"),
        tags: Vec::new(),
        share: Vec::new(),
    };
    let mut site = site();
    site.languages.push(language("de"));
    let context = Context::new(&source(), &site, &[], &[german, more_polish]);
    let read = |text: &str| match parse("a.txt", text.as_bytes(), &context) {
        Ok(Parsed::Publication(found)) => *found,
        other => panic!("{other:?}"),
    };
    let found = read(
        "Diese Seite ist eine archivierte Fassung. Die neue ist zu finden unter: amt.example/neu\n\n\
         Aufruf\n\nHINZUGEFÜGT AM 18.12.2013\n\nText.\n\nSchlagwörter: Recht, Hilfe\nSeite teilen\n",
    );
    assert_eq!(found.title, "Aufruf");
    assert_eq!(found.language, language("de"));
    assert_eq!(found.published, instant("2013-12-17T23:00:00Z"));
    assert_eq!(labels(&found), ["Recht", "Hilfe"]);
    assert_eq!(found.body, "<p>Text.</p>");
    let latest = found.archived.and_then(|archived| archived.latest);
    assert_eq!(latest.as_deref(), Some("https://amt.example/neu"));
    let found = read("Tytuł\n\nDodano do bazy: 18.12.2013\n\nTreść.\n\nTagi: prawo\n");
    assert_eq!(found.published, instant("2013-12-17T23:00:00Z"));
    assert_eq!(labels(&found), ["prawo"]);
}

#[test]
fn the_lead_of_a_page_of_the_governments_portal_is_part_of_it() {
    let source = include_str!("pages/government.html").replace(
        "<div class=\"editor-content\">",
        "<p class=\"intro\">Zmiany zaczynają się wiosną.</p><div class=\"editor-content\">",
    );
    let found = read("a/godziny.html", &source);
    assert!(
        found
            .body
            .starts_with("<p>Zmiany zaczynają się wiosną.</p>"),
        "{}",
        found.body
    );
    assert!(found.body.contains("do godziny 19"), "{}", found.body);
}

#[test]
fn a_saved_page_whose_window_has_the_sites_name_is_called_by_what_its_date_follows() {
    for heading in ["h2", "p", "div"] {
        let found = read(
            "a.html",
            &format!(
                "<html lang=pl><title>Urząd Przykładowy</title><body><div>A A A</div>\
                 <{heading}>Program na rok 2014</{heading}><p>Dodane dnia 18.12.2013</p>\
                 <p>Rada przyjęła program.</p><p>Tagi: prawo</p><p>podziel się treścią:</p>"
            ),
        );
        assert_eq!(found.title, "Program na rok 2014");
        assert_eq!(found.published, instant("2013-12-17T23:00:00Z"));
        assert_eq!(found.body, "<p>Rada przyjęła program.</p>");
        assert_eq!(found.summary, "Rada przyjęła program.");
    }
}
