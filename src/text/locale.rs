//! Words in the reader's language: messages with their plural forms (Fluent), and dates (CLDR).

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid};
use icu_datetime::FixedCalendarDateTimeFormatter;
use icu_datetime::fieldsets::YMD;
use icu_datetime::input::Date;
use icu_locale_core::{Locale as IcuLocale, locale};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;

use crate::domain::Language;

fluent_templates::static_loader! {
    static MESSAGES = {
        locales: "./locales",
        fallback_language: "en",
        // Isolation marks are for mixed directions; ours are all left to right, and the marks
        // would end up in subjects and addresses.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// A language that the program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoken {
    English,
    Polish,
    Ukrainian,
}

impl Spoken {
    fn for_reader_of(language: &Language) -> Spoken {
        match language.primary() {
            "pl" => Spoken::Polish,
            "uk" => Spoken::Ukrainian,
            _ => Spoken::English,
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Spoken::English => "en",
            Spoken::Polish => "pl",
            Spoken::Ukrainian => "uk",
        }
    }

    fn for_messages(self) -> LanguageIdentifier {
        match self {
            Spoken::English => langid!("en"),
            Spoken::Polish => langid!("pl"),
            Spoken::Ukrainian => langid!("uk"),
        }
    }

    fn for_dates(self) -> IcuLocale {
        match self {
            // Day before month, as nearly everywhere but in the United States.
            Spoken::English => locale!("en-GB"),
            Spoken::Polish => locale!("pl"),
            Spoken::Ukrainian => locale!("uk"),
        }
    }
}

/// The language and time zone of whoever reads.
#[derive(Debug, Clone)]
pub struct Locale {
    spoken: Spoken,
    zone: TimeZone,
}

/// A message argument.
pub type Argument = FluentValue<'static>;

/// There is no such message, or it wants other arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no message `{0}` with these arguments in locales/")]
pub struct NoMessage(String);

impl Locale {
    /// The languages that the program speaks.
    pub const SPOKEN: [&'static str; 3] = ["pl", "uk", "en"];

    /// The locale nearest to a reader's language: of `pl-PL` Polish; of one that the program does
    /// not speak, English.
    pub fn new(language: &Language, zone: TimeZone) -> Locale {
        Locale {
            spoken: Spoken::for_reader_of(language),
            zone,
        }
    }

    /// The language spoken to readers of one: `pl`, `uk` or `en`.
    pub fn spoken(language: &Language) -> &'static str {
        Spoken::for_reader_of(language).tag()
    }

    /// The language actually spoken: `pl`, `uk` or `en`.
    pub fn language(&self) -> &'static str {
        self.spoken.tag()
    }

    /// A message of `locales/`, with its `{ $name }` arguments filled in.
    ///
    /// # Errors
    /// An unknown key, or an argument missing.
    pub fn message<const N: usize>(
        &self,
        key: &str,
        arguments: [(&'static str, Argument); N],
    ) -> Result<String, NoMessage> {
        let arguments = arguments
            .into_iter()
            .map(|(name, value)| (Cow::Borrowed(name), value))
            .collect();
        self.message_with(key, &arguments)
    }

    /// The same, with arguments gathered at run time.
    ///
    /// # Errors
    /// As [`Locale::message`].
    pub fn message_with(
        &self,
        key: &str,
        arguments: &HashMap<Cow<'static, str>, Argument>,
    ) -> Result<String, NoMessage> {
        MESSAGES
            .try_lookup_with_args(&self.spoken.for_messages(), key, arguments)
            .ok_or_else(|| NoMessage(key.to_owned()))
    }

    /// The reader's date of an instant, in words: "24 listopada 2026".
    pub fn date(&self, instant: Timestamp) -> String {
        let date = self.zone.to_datetime(instant).date();
        // What CLDR has no words for (no such year comes from a calendar) stays in figures.
        self.date_in_words(date).unwrap_or_else(|| date.to_string())
    }

    fn date_in_words(&self, date: civil::Date) -> Option<String> {
        let formatter =
            FixedCalendarDateTimeFormatter::try_new(self.spoken.for_dates().into(), YMD::long())
                .ok()?;
        let (year, month, day) = (date.year(), date.month(), date.day());
        let date = Date::try_new_gregorian(
            year.into(),
            u8::try_from(month).ok()?,
            u8::try_from(day).ok()?,
        )
        .ok()?;
        // CLDR separates with no-break spaces here and there; in plain text they hinder wrapping
        // and searching.
        Some(
            formatter
                .format(&date)
                .to_string()
                .replace(['\u{a0}', '\u{202f}'], " "),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn locale(tag: &str) -> Locale {
        Locale::new(&Language::parse(tag).expect("a tag"), TimeZone::UTC)
    }

    #[test]
    fn plurals_are_those_of_the_language() {
        let counted = [
            (
                "pl",
                "0 publikacji, 1 publikacja, 2 publikacje, 5 publikacji, 12 publikacji, \
                 21 publikacji, 22 publikacje, 104 publikacje, 112 publikacji",
            ),
            (
                "uk",
                "0 публікацій, 1 публікація, 2 публікації, 5 публікацій, 12 публікацій, \
                 21 публікація, 22 публікації, 104 публікації, 112 публікацій",
            ),
            (
                "en",
                "0 publications, 1 publication, 2 publications, 5 publications, \
                 12 publications, 21 publications, 22 publications, 104 publications, \
                 112 publications",
            ),
        ];
        for (tag, expected) in counted {
            let words = [0, 1, 2, 5, 12, 21, 22, 104, 112].map(|count: i64| {
                locale(tag)
                    .message("publications", [("count", count.into())])
                    .expect("the message")
            });
            assert_eq!(words.join(", "), expected);
        }
    }

    #[test]
    fn adjectives_agree() {
        let new =
            |tag, count: i64| locale(tag).message("new-publications", [("count", count.into())]);
        for (tag, count, expected) in [
            ("pl", 1, "1 nowa publikacja"),
            ("pl", 3, "3 nowe publikacje"),
            ("pl", 5, "5 nowych publikacji"),
            ("uk", 21, "21 нова публікація"),
            ("uk", 3, "3 нові публікації"),
            ("uk", 11, "11 нових публікацій"),
        ] {
            assert_eq!(new(tag, count).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn dates_are_in_words_and_in_the_readers_zone() {
        let late: Timestamp = "2026-11-23T23:30:00Z".parse().expect("an instant");
        let zone = TimeZone::get("Europe/Warsaw").expect("a zone");
        for (tag, expected) in [
            ("pl", "24 listopada 2026"),
            ("uk", "24 листопада 2026 р."),
            ("en", "24 November 2026"),
            ("en-US", "24 November 2026"),
            ("de", "24 November 2026"),
        ] {
            let reader = Locale::new(&Language::parse(tag).expect("a tag"), zone.clone());
            assert_eq!(reader.date(late), expected);
        }
        assert_eq!(locale("pl").date(late), "23 listopada 2026");
    }

    #[test]
    fn readers_get_the_nearest_language_and_else_english() {
        for (asked, spoken) in [
            ("pl-PL", "pl"),
            ("uk-UA", "uk"),
            ("en-GB", "en"),
            ("de", "en"),
            ("zh-Hant-TW", "en"),
        ] {
            assert_eq!(locale(asked).language(), spoken);
        }
    }

    #[test]
    fn no_invisible_characters_surround_arguments() {
        for tag in ["pl", "uk", "en"] {
            let text = locale(tag)
                .message("back", [("site", "Portal".into())])
                .expect("the message");
            assert!(!text.contains(['\u{2068}', '\u{2069}']), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        assert!(locale("pl").message("no-such-message", []).is_err());
        assert!(locale("pl").message("publications", []).is_err());
    }

    /// In Polish and Ukrainian a line does not end with a word of one letter.
    #[test]
    fn a_word_of_one_letter_keeps_to_the_next() {
        for (file, letters) in [
            (include_str!("../../locales/pl/pages.ftl"), "aiouwzAIOUWZ"),
            (include_str!("../../locales/uk/pages.ftl"), "взійоуВЗІЙОУ"),
        ] {
            let messages = file.lines().filter(|line| !line.starts_with('#'));
            let words = messages.flat_map(|line| line.split(' '));
            let alone: Vec<&str> = words
                .filter(|word| word.chars().count() == 1 && letters.contains(*word))
                .collect();
            assert!(alone.is_empty(), "{alone:?}");
        }
    }

    #[test]
    fn every_language_has_every_message_with_the_same_arguments() {
        /// Lines that begin a message, and the arguments named anywhere.
        fn outline(file: &str) -> BTreeSet<&str> {
            let keys = file.lines().filter_map(|line| line.split_once(" ="));
            let keys = keys
                .map(|(key, _)| key)
                .filter(|key| !key.starts_with([' ', '#']));
            let arguments = file.split("{ $").skip(1);
            let arguments = arguments.filter_map(|rest| rest.split([' ', '}']).next());
            keys.chain(arguments).collect()
        }
        for [english, others @ ..] in [
            [
                include_str!("../../locales/en/mail.ftl"),
                include_str!("../../locales/pl/mail.ftl"),
                include_str!("../../locales/uk/mail.ftl"),
            ],
            [
                include_str!("../../locales/en/pages.ftl"),
                include_str!("../../locales/pl/pages.ftl"),
                include_str!("../../locales/uk/pages.ftl"),
            ],
            [
                include_str!("../../locales/en/feeds.ftl"),
                include_str!("../../locales/pl/feeds.ftl"),
                include_str!("../../locales/uk/feeds.ftl"),
            ],
        ] {
            assert!(outline(english).len() > 10);
            for other in others {
                assert_eq!(outline(other), outline(english));
            }
        }
    }
}
