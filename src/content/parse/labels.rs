//! The words by which saved portal pages mark their parts, per language: those known here, and
//! those of the configuration.

use std::cmp::Reverse;

use crate::config;
use crate::domain::Language;

/// A part of a page that has a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Begins the archive notice.
    Archived,
    /// Within the notice, right before the current address.
    CurrentAt,
    /// Before the date.
    Added,
    /// Before the tags.
    Tags,
    /// The share line.
    Share,
}

/// The labels of all languages.
#[derive(Debug, Clone)]
pub struct Labels {
    /// Words in lower case, the longest first, so that `dodano dnia` is not taken for `dodano`.
    words: Vec<(Part, String, Language)>,
}

/// Polish, Ukrainian, English.
const KNOWN: [(&str, Part, &[&str]); 15] = [
    (
        "pl",
        Part::Archived,
        &[
            "obecna strona jest wersją archiwalną",
            "ta strona jest wersją archiwalną",
        ],
    ),
    (
        "pl",
        Part::CurrentAt,
        &[
            "dostępna jest pod adresem",
            "znajduje się pod adresem",
            "pod adresem",
        ],
    ),
    (
        "pl",
        Part::Added,
        &[
            "dodane dnia",
            "dodano dnia",
            "opublikowano dnia",
            "data publikacji",
            "data dodania",
            "opublikowano",
            "dodano",
        ],
    ),
    ("pl", Part::Tags, &["tagi", "słowa kluczowe"]),
    (
        "pl",
        Part::Share,
        &["podziel się treścią", "podziel się", "udostępnij"],
    ),
    (
        "uk",
        Part::Archived,
        &[
            "ця сторінка є архівною версією",
            "поточна сторінка є архівною версією",
        ],
    ),
    (
        "uk",
        Part::CurrentAt,
        &["доступна за адресою", "розміщена за адресою", "за адресою"],
    ),
    (
        "uk",
        Part::Added,
        &[
            "додано",
            "опубліковано",
            "дата публікації",
            "дата додавання",
        ],
    ),
    ("uk", Part::Tags, &["теги", "мітки", "ключові слова"]),
    (
        "uk",
        Part::Share,
        &["поділитися змістом", "поділитися", "поширити"],
    ),
    (
        "en",
        Part::Archived,
        &[
            "this page is an archived version",
            "this is an archived version",
        ],
    ),
    (
        "en",
        Part::CurrentAt,
        &["is available at", "can be found at", "available at"],
    ),
    (
        "en",
        Part::Added,
        &[
            "added on",
            "published on",
            "date of publication",
            "added",
            "published",
        ],
    ),
    ("en", Part::Tags, &["tags", "keywords"]),
    (
        "en",
        Part::Share,
        &["share this content", "share this page", "share this"],
    ),
];

impl Labels {
    /// The known ones and `more`, which may be of the same languages.
    pub fn new(more: &[config::Labels]) -> Labels {
        let mut words = Vec::new();
        for (language, part, known) in KNOWN {
            let Ok(language) = Language::parse(language) else {
                continue;
            };
            words.extend(
                known
                    .iter()
                    .map(|word| (part, (*word).to_owned(), language.clone())),
            );
        }
        for labels in more {
            for (part, added) in [
                (Part::Archived, &labels.archived),
                (Part::CurrentAt, &labels.current_at),
                (Part::Added, &labels.added),
                (Part::Tags, &labels.tags),
                (Part::Share, &labels.share),
            ] {
                words.extend(
                    added
                        .iter()
                        .map(|word| (part, word.to_lowercase(), labels.language.clone())),
                );
            }
        }
        words.sort_by_key(|(_, word, _)| Reverse(word.len()));
        Labels { words }
    }

    /// What follows the label of this part that the line begins with, a colon or dash skipped, and
    /// the label's language.
    pub fn after<'s, 'l>(&'s self, line: &'l str, part: Part) -> Option<(&'s Language, &'l str)> {
        let line = line.trim();
        self.of(part).find_map(|(word, language)| {
            let rest = strip_prefix_ignoring_case(line, word)?;
            // `tagi` is no label in `tagiety`.
            if rest.starts_with(char::is_alphanumeric) {
                return None;
            }
            let rest = rest.trim_start_matches([' ', '\u{A0}', ':', '–', '-']);
            Some((language, rest.trim()))
        })
    }

    /// What follows the last label of this part in the text.
    pub fn after_last<'l>(&self, text: &'l str, part: Part) -> Option<&'l str> {
        self.of(part).find_map(|(word, _)| {
            text.char_indices()
                .rev()
                .find_map(|(at, _)| strip_prefix_ignoring_case(text.get(at..)?, word))
                .map(|rest| rest.trim_start_matches([' ', '\u{A0}', ':', '\n']))
        })
    }

    fn of(&self, part: Part) -> impl Iterator<Item = (&str, &Language)> {
        let words = self.words.iter().filter(move |(of, _, _)| *of == part);
        words.map(|(_, word, language)| (word.as_str(), language))
    }
}

/// `word` is in lower case.
fn strip_prefix_ignoring_case<'l>(line: &'l str, word: &str) -> Option<&'l str> {
    let mut rest = line.chars();
    for expected in word.chars() {
        let c = rest.next()?;
        if !c.to_lowercase().eq([expected]) {
            return None;
        }
    }
    Some(rest.as_str())
}
