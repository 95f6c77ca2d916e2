use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;

use super::*;

const POLISH: &str = "Współpraca przy granicy: zażółć gęślą jaźń.\n\nŚrodki na sześć źródeł, \
    „ćwiczenia” – także w Łodzi i Żywcu. Następnie odbędą się wybory, a później święto.";
const UKRAINIAN: &str = "Співпраця на кордоні: щастя, їжак, ґанок і п’ять єнотів.\n\nКурси для \
    вчителів розпочнуться у вересні, запис триває до кінця літа. Відповідаємо щодня.";

fn text(bytes: &[u8], form: Form) -> Result<String, Option<u32>> {
    decode("a", bytes, form).map_err(|problem| problem.line)
}

fn encoded(text: &str, encoding: &'static Encoding) -> Option<Vec<u8>> {
    let (bytes, _, is_lossy) = encoding.encode(text);
    (!is_lossy).then(|| bytes.into_owned())
}

#[test]
fn every_form_is_read_in_each_of_the_encodings() {
    let plain = POLISH.replace(['„', '”', '–'], "-");
    let apostrophe = UKRAINIAN.replace('’', "'");
    for form in [Form::Html, Form::Markdown, Form::Text] {
        for (written, encoding) in [
            (POLISH, WINDOWS_1250),
            (plain.as_str(), ISO_8859_2),
            (UKRAINIAN, WINDOWS_1251),
            (apostrophe.as_str(), KOI8_U),
            (POLISH, UTF_8),
        ] {
            let bytes = encoded(written, encoding).expect("it has all the letters");
            assert_eq!(
                text(&bytes, form).as_deref(),
                Ok(written),
                "{}",
                encoding.name()
            );
        }
    }
}

#[test]
fn a_byte_order_mark_decides() {
    for (mark, units) in [
        (&b"\xFF\xFE"[..], u16::to_le_bytes as fn(u16) -> [u8; 2]),
        (b"\xFE\xFF", u16::to_be_bytes),
    ] {
        let mut bytes = mark.to_vec();
        bytes.extend("a\r\nż𝄞".encode_utf16().flat_map(units));
        assert_eq!(text(&bytes, Form::Text).as_deref(), Ok("a\nż𝄞"));
        bytes.push(0x20);
        assert_eq!(text(&bytes, Form::Text), Err(Some(2)));
    }
    assert_eq!(text(b"\xEF\xBB\xBFa\rb", Form::Text).as_deref(), Ok("a\nb"));
    assert_eq!(text(b"\xEF\xBB\xBFa\n\xB3", Form::Text), Err(Some(2)));
    // UTF-32
    assert_eq!(text(b"\xFF\xFE\0\0a\0\0\0", Form::Text), Err(Some(1)));
}

#[test]
fn what_a_page_declares_is_believed_if_it_reads_well() {
    let french = "L’été à Besançon : leçons, fêtes, où êtes-vous ? Déjà là, très tôt.";
    let german = "Größe, Übung, Mädchen, Straße: für alle Bürger möglich.";
    let czech = "Příliš žluťoučký kůň úpěl ďábelské ódy.";
    let greek = "Καλημέρα σας";
    let japanese = "こんにちは";
    for (declared, written, label) in [
        ("iso-8859-1", french, WINDOWS_1252),
        ("windows-1252", german, WINDOWS_1252),
        ("windows-1250", czech, WINDOWS_1250),
        ("iso-8859-7", greek, encoding_rs::ISO_8859_7),
        ("shift_jis", japanese, encoding_rs::SHIFT_JIS),
        ("iso-2022-jp", japanese, encoding_rs::ISO_2022_JP),
        ("windows-1250", UKRAINIAN, WINDOWS_1251),
        ("koi8-u", UKRAINIAN, WINDOWS_1251),
        ("windows-1250", "Ze źródeł: łódź, wóz, żółw", ISO_8859_2),
        ("iso-8859-1", POLISH, WINDOWS_1250),
        ("utf-8", POLISH, WINDOWS_1250),
        ("windows-1251", POLISH, UTF_8),
        ("klingon", POLISH, WINDOWS_1250),
    ] {
        let html = format!("<meta charset={declared}><p>{written}");
        let bytes = encoded(&html, label).expect("it has all the letters");
        assert_eq!(text(&bytes, Form::Html), Ok(html));
    }
}

#[test]
fn what_can_not_be_told_is_reported_with_its_line() {
    for bytes in [
        &b"a\n\xE9t\xE9 \xE0 la mer"[..],
        b"a\n\x81\x82\x83",
        b"a\n\xCD\xCF\xD7\xC1",
        b"a\n\xFF",
    ] {
        assert_eq!(text(bytes, Form::Text), Err(Some(2)), "{bytes:?}");
        let mut declared = b"<meta charset=utf-8>".to_vec();
        declared.extend_from_slice(bytes);
        assert_eq!(text(&declared, Form::Html), Err(Some(2)), "{bytes:?}");
    }
    let problem = decode("a.html", b"\xFF", Form::Html).expect_err("no text");
    assert!(problem.remedy.contains("<meta charset>"), "{problem}");
}

#[test]
fn one_letter_beyond_ascii_is_enough_where_only_one_reading_fits() {
    assert_eq!(
        text(b"Tytu\n\xB3adny", Form::Text).as_deref(),
        Ok("Tytu\nładny")
    );
    assert_eq!(text(b"wsp\xF3lny", Form::Text).as_deref(), Ok("wspólny"));
    assert_eq!(text(b"\xB9cisz", Form::Text).as_deref(), Ok("ącisz"));
    assert_eq!(text(b"\xB1cisz", Form::Text).as_deref(), Ok("ącisz"));
}

const POLISH_WORDS: &[&str] = &[
    "urząd",
    "gmina",
    "Łódź",
    "święto",
    "źródło",
    "ćwierć",
    "żółty",
    "koń",
    "więc",
    "i",
    "w",
    "Ósmy",
    "gość",
    "pięć",
    "książka",
    "dzień",
    "Ślub",
    "Żuraw",
    "róża",
    "MĄDROŚĆ",
    "ŹDŹBŁO",
    "nie",
    "jest",
    "środa",
    "ą",
    "Müller",
    "25 °C",
    "§ 5",
    "(się)",
    "ósmej,",
    "łąka.",
];
const UKRAINIAN_WORDS: &[&str] = &[
    "міська",
    "рада",
    "Львів",
    "їхати",
    "єдність",
    "ґрунт",
    "вчора",
    "і",
    "в",
    "школа",
    "мова",
    "Київ",
    "людина",
    "УКРАЇНА",
    "щастя",
    "дім",
    "сонце",
    "Одеса",
    "книга",
    "що",
    "є",
    "ми",
    "§ 5",
    "№ 7",
    "(так)",
    "слово,",
    "читати.",
    "НОВИНИ",
    "вода",
    "10 км",
];

fn written(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    let word = prop::sample::select(words);
    let latin = prop::sample::select(&["<p>", "2026", "www", "PDF", "\n", "a@b.example"][..]);
    let word = prop_oneof![9 => word, 1 => latin];
    prop::collection::vec(word, 1..60).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn polish_is_read_as_it_was_written_or_reported(text in written(POLISH_WORDS)) {
        for encoding in [WINDOWS_1250, ISO_8859_2] {
            if let Some(bytes) = encoded(&text, encoding)
                && let Ok(read) = decode("a", &bytes, Form::Text)
            {
                prop_assert_eq!(&read, &text, "{}", encoding.name());
            }
        }
    }

    #[test]
    fn ukrainian_is_read_as_it_was_written_or_reported(text in written(UKRAINIAN_WORDS)) {
        for encoding in [WINDOWS_1251, KOI8_U] {
            if let Some(bytes) = encoded(&text, encoding)
                && let Ok(read) = decode("a", &bytes, Form::Text)
            {
                prop_assert_eq!(&read, &text, "{}", encoding.name());
            }
        }
    }

    #[test]
    fn whatever_is_declared_no_replacement_character_comes_of_it(
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        label in "(utf-8|windows-125[0-9]|iso-8859-[0-9]|koi8-u|gbk|utf-16|x)",
    ) {
        let mut html = format!("<meta charset={label}>").into_bytes();
        html.extend(bytes);
        let is_utf8 = std::str::from_utf8(&html).is_ok();
        if let Ok(text) = decode("a.html", &html, Form::Html) {
            let is_replaced = text.contains('\u{FFFD}');
            prop_assert!(is_utf8 || !is_replaced);
        }
    }
}
