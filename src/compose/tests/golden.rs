//! Whole letters, for people to review: what changes in a snapshot changes in everybody's mail.

use super::*;
use crate::domain::Archived;

/// Twelve publications of three topics in three languages, newest first.
fn twelve() -> Vec<ClaimItem> {
    vec![
        polish(),
        ukrainian(),
        item(
            "pl",
            "Bezpłatne porady prawne w każdy czwartek",
            "Od grudnia prawnik dyżuruje w punkcie pomocy od 15 do 18.",
            "prawo pomoc",
        ),
        item(
            "pl",
            "Wiosenny kurs dla wolontariuszy: pierwsze terminy",
            "Cztery soboty w Przemyślu i przez internet, od 6 marca. Miejsc jest dwadzieścia.",
            "szkolenia",
        ),
        item(
            "uk",
            "Як отримати дозвіл на роботу",
            "Перелік документів і строки.",
            "prawo",
        ),
        item("pl", "Zmiana rozkładu linii 12", "", ""),
        item(
            "en",
            "Opening hours over the holidays",
            "The help points are closed from 24 to 27 December.",
            "pomoc",
        ),
        item(
            "pl",
            "Warsztaty pisania podań",
            "Przynieś własny dokument.",
            "szkolenia prawo",
        ),
        item(
            "uk",
            "Гаряча лінія працює цілодобово",
            "Відповідаємо українською.",
            "pomoc",
        ),
        item(
            "pl",
            "Nowy regulamin biblioteki",
            "Obowiązuje od stycznia.",
            "prawo",
        ),
        item(
            "en",
            "First aid, a course in English",
            "Two evenings, free of charge.",
            "szkolenia",
        ),
        item(
            "pl",
            "Punkt konsultacyjny w nowym miejscu",
            "Przeprowadzka w lutym.",
            "pomoc",
        ),
    ]
}

fn first(number: usize) -> ClaimContent {
    content(twelve().into_iter().take(number).collect(), 0)
}

fn archived() -> ClaimItem {
    let mut archived = polish();
    archived.publication.archived = Some(Archived {
        notice: "Ta strona jest wersją archiwalną. Aktualna jest pod adresem: \
                 www.portal.example/web/stypendia"
            .to_owned(),
        latest: Some("https://www.portal.example/web/stypendia".to_owned()),
    });
    archived
}

fn corrected() -> ClaimItem {
    let mut corrected = polish();
    corrected.correction = true;
    corrected.publication.change_note = Some("Termin przedłużono do 15 stycznia.".to_owned());
    corrected
}

const LANGUAGES: [&str; 3] = ["pl", "uk", "en"];

#[test]
fn one_publication() {
    for (tag, item) in LANGUAGES
        .into_iter()
        .zip([polish(), ukrainian(), english()])
    {
        let letter = letter(&content(vec![item], 0), tag, &Cadence::immediate());
        insta::assert_snapshot!(format!("single_{tag}"), decoded(&letter));
    }
}

#[test]
fn digests_of_two_and_of_five() {
    for tag in LANGUAGES {
        let two = letter(&first(2), tag, &daily());
        insta::assert_snapshot!(format!("two_{tag}"), decoded(&two));
        let five = letter(&first(5), tag, &daily());
        insta::assert_snapshot!(format!("five_{tag}"), without_html(&five));
    }
}

#[test]
fn a_long_digest_by_topics() {
    for tag in LANGUAGES {
        let mut claim = claim(&first(12), tag, &daily());
        claim.asked = vec![asking("prawo szkolenia gory"), asking("pomoc kultura")];
        let twelve = compose(&portal(), &claim);
        insta::assert_snapshot!(
            format!("twelve_{tag}"),
            match tag {
                "pl" => decoded(&twelve),
                _ => without_html(&twelve),
            }
        );
    }
}

#[test]
fn archived_publications_and_corrections() {
    for tag in LANGUAGES {
        let single = letter(&content(vec![corrected()], 0), tag, &Cadence::immediate());
        insta::assert_snapshot!(format!("corrected_{tag}"), without_html(&single));
        let single = letter(&content(vec![archived()], 0), tag, &Cadence::immediate());
        insta::assert_snapshot!(format!("archived_{tag}"), without_html(&single));
    }
    let mut without_notes = [archived(), corrected()];
    if let Some(archived) = &mut without_notes[0].publication.archived {
        archived.notice.clear();
    }
    without_notes[1].publication.change_note = None;
    let all = [
        without_notes.to_vec(),
        vec![archived(), corrected(), english()],
    ]
    .concat();
    let letter = letter(&content(all, 0), "pl", &daily());
    insta::assert_snapshot!("archived_and_corrected", decoded(&letter));
}

#[test]
fn fifty_and_seven_more_are_counted_in_the_right_plural() {
    let fifty: Vec<ClaimItem> = twelve().into_iter().cycle().take(50).collect();
    let fifty = content(fifty, 7);
    for (tag, subject, more) in [
        (
            "pl",
            "57 nowych publikacji: Nabór",
            "… i jeszcze 7 publikacji",
        ),
        ("uk", "57 нових публікацій: Nabór", "… і ще 7 публікацій"),
        (
            "en",
            "57 new publications: Nabór",
            "… and 7 more publications",
        ),
    ] {
        let letter = letter(&fifty, tag, &daily());
        let message = parse(&letter);
        let text = message.body_text(0).expect("text");
        let html = message.body_html(0).expect("HTML");
        let told = message.subject().unwrap_or_default();
        assert!(told.starts_with(subject), "{told}");
        assert!(text.contains(more) && html.contains(more), "{text}");
        if tag == "pl" {
            insta::assert_snapshot!("fifty_and_seven", without_html(&letter));
        }
    }
}

#[test]
fn numbers_in_subjects_are_in_the_right_plural() {
    for (number, expected) in [
        (
            2,
            [
                "2 nowe publikacje",
                "2 нові публікації",
                "2 new publications",
            ],
        ),
        (
            5,
            [
                "5 nowych publikacji",
                "5 нових публікацій",
                "5 new publications",
            ],
        ),
        (
            12,
            [
                "12 nowych publikacji",
                "12 нових публікацій",
                "12 new publications",
            ],
        ),
        (
            21,
            [
                "21 nowych publikacji",
                "21 нова публікація",
                "21 new publications",
            ],
        ),
        (
            22,
            [
                "22 nowe publikacje",
                "22 нові публікації",
                "22 new publications",
            ],
        ),
    ] {
        for (tag, expected) in LANGUAGES.into_iter().zip(expected) {
            let letter = letter(&content(vec![polish(); number], 0), tag, &daily());
            let message = parse(&letter);
            let subject = message.subject().unwrap_or_default();
            assert!(subject.starts_with(&format!("{expected}: ")), "{subject}");
        }
    }
}

#[test]
fn however_much_is_said_gmail_shows_all_of_it() {
    let long = "Довге повідомлення про те, що сталося, і чому це важливо для кожного з нас. ";
    let mut item = item("uk", &long.repeat(2), &long.repeat(20), "");
    item.correction = true;
    item.publication.change_note = Some(long.to_owned());
    let letter = letter(&content(vec![item; 50], 1_000), "uk", &daily());
    let html = parse(&letter).body_html(0).expect("HTML").into_owned();
    assert!(html.len() <= LARGEST_HTML, "{}", html.len());
    assert!(html.contains(&unsubscribe_url()));
}
