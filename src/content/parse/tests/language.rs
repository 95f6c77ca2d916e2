//! The language of texts that nobody has named.

use super::*;

const POLISH: &str = "Biblioteka zaprasza mieszkańców na wieczorne spotkania o historii miasteczka. \
    Każdy może przynieść zdjęcia rodzinne, które zeskanujemy i opiszemy wspólnie z uczniami.";
const UKRAINIAN: &str = "Бібліотека запрошує мешканців на вечірні зустрічі про історію містечка. \
    Кожен може принести родинні світлини, які ми відскануємо й опишемо разом з учнями.";
const ENGLISH: &str = "The library invites residents to evening meetings about the history of the \
    town. Everybody may bring family photographs, which we will scan together with the pupils.";
const RUSSIAN: &str = "Библиотека приглашает жителей на вечерние встречи об истории городка. Каждый \
    может принести семейные фотографии, которые мы отсканируем и опишем вместе с учениками.";
const BELARUSIAN: &str = "Бібліятэка запрашае жыхароў на вячэрнія сустрэчы пра гісторыю мястэчка. \
    Кожны можа прынесці сямейныя здымкі, якія мы адскануем і апішам разам з вучнямі.";
const CZECH: &str = "Knihovna zve obyvatele na večerní setkání o historii městečka. Každý může \
    přinést rodinné fotografie, které společně se žáky naskenujeme a popíšeme.";

fn guessed(text: &str) -> Language {
    read("a.md", text).language
}

#[test]
fn a_paragraph_tells_its_language() {
    for (text, expected) in [(POLISH, "pl"), (UKRAINIAN, "uk"), (ENGLISH, "en")] {
        assert_eq!(
            guessed(&format!("# 2026\n\n{text}\n")),
            language(expected),
            "{text}"
        );
        assert_eq!(
            read("a.txt", &format!("2026\n\n{text}\n")).language,
            language(expected)
        );
    }
}

#[test]
fn what_is_declared_or_named_is_not_guessed() {
    let text = format!("---\ntitle: T\nlang: uk\n---\n{ENGLISH}\n");
    assert_eq!(guessed(&text), language("uk"));
    assert_eq!(
        read("a.uk.md", &format!("# T\n\n{ENGLISH}\n")).language,
        language("uk")
    );
    assert_eq!(
        read("uk/a.md", &format!("# T\n\n{ENGLISH}\n")).language,
        language("uk")
    );
}

#[test]
fn the_text_says_more_than_the_labels_around_it() {
    let page = format!("Library\n\nDodane dnia 01.02.2020\n\n{ENGLISH}\n\nTagi:\nlibrary\n");
    assert_eq!(read("a.txt", &page).language, language("en"));
    let short = "News\n\nДодано 01.02.2020\n\nOK.\n";
    assert_eq!(read("a.txt", short).language, language("uk"));
}

#[test]
fn what_is_too_short_to_tell_is_in_the_sites_language() {
    for title in [
        "Summer school 2026",
        "Літня школа",
        "Radio Internet Video",
        "OK",
        "12345",
    ] {
        assert_eq!(guessed(&format!("# {title}\n")), language("pl"), "{title}");
        assert_eq!(
            guessed(&format!("# {title}\n\n{}\n", "1 2 3. ".repeat(200))),
            language("pl")
        );
    }
}

#[test]
fn a_language_of_others_is_not_taken_for_the_nearest_of_ours() {
    for text in [RUSSIAN, BELARUSIAN, CZECH] {
        assert_eq!(
            guessed(&format!("# 2026\n\n{text}\n")),
            language("pl"),
            "{text}"
        );
    }
}

#[test]
fn a_site_of_one_language_is_in_that_one() {
    let mut site = site();
    site.languages = vec![language("pl")];
    let context = Context::new(&source(), &site, &[], &[]);
    match parse("a.md", format!("# T\n\n{ENGLISH}\n").as_bytes(), &context) {
        Ok(Parsed::Publication(found)) => assert_eq!(found.language, language("pl")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_regional_language_is_found_by_its_first_part() {
    let mut site = site();
    site.languages = ["pl", "en-GB", "en-US"].map(language).to_vec();
    let context = Context::new(&source(), &site, &[], &[]);
    match parse("a.md", format!("# T\n\n{ENGLISH}\n").as_bytes(), &context) {
        Ok(Parsed::Publication(found)) => assert_eq!(found.language, language("en-GB")),
        other => panic!("{other:?}"),
    }
}
