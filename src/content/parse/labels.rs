//! The words by which saved portal pages mark their parts, per language. A new language is a new
//! entry.

/// One language's words, in lower case. A line has a part if it begins with one of its words.
pub struct Labels {
    /// BCP 47.
    pub language: &'static str,
    /// Begins the archive notice.
    pub archived: &'static [&'static str],
    /// Within the notice, right before the current address.
    pub current_at: &'static [&'static str],
    /// Before the date.
    pub added: &'static [&'static str],
    /// Before the tags.
    pub tags: &'static [&'static str],
    /// The share line.
    pub share: &'static [&'static str],
}

/// Every language known.
pub const LABELS: &[Labels] = &[
    Labels {
        language: "pl",
        archived: &[
            "obecna strona jest wersją archiwalną",
            "ta strona jest wersją archiwalną",
        ],
        current_at: &[
            "dostępna jest pod adresem",
            "znajduje się pod adresem",
            "pod adresem",
        ],
        added: &[
            "dodane dnia",
            "dodano dnia",
            "opublikowano dnia",
            "data publikacji",
            "dodano",
        ],
        tags: &["tagi", "słowa kluczowe"],
        share: &["podziel się treścią", "podziel się", "udostępnij"],
    },
    Labels {
        language: "uk",
        archived: &[
            "ця сторінка є архівною версією",
            "поточна сторінка є архівною версією",
        ],
        current_at: &["доступна за адресою", "розміщена за адресою", "за адресою"],
        added: &["додано", "опубліковано", "дата публікації"],
        tags: &["теги", "мітки", "ключові слова"],
        share: &["поділитися змістом", "поділитися", "поширити"],
    },
    Labels {
        language: "en",
        archived: &[
            "this page is an archived version",
            "this is an archived version",
        ],
        current_at: &["is available at", "can be found at", "available at"],
        added: &[
            "added on",
            "published on",
            "date of publication",
            "added",
            "published",
        ],
        tags: &["tags", "keywords"],
        share: &["share this content", "share this page", "share this"],
    },
];

/// What follows the first of `words` that the line begins with, a colon or dash skipped.
pub fn after<'l>(line: &'l str, words: &[&str]) -> Option<&'l str> {
    words.iter().find_map(|word| {
        let rest = strip_prefix_ignoring_case(line.trim(), word)?;
        // `tagi` is no label in `tagiety`.
        if rest.starts_with(char::is_alphanumeric) {
            return None;
        }
        Some(
            rest.trim_start_matches([' ', '\u{A0}', ':', '–', '-'])
                .trim(),
        )
    })
}

/// What follows the last occurrence of one of `words` in the text.
pub fn after_last<'l>(text: &'l str, words: &[&str]) -> Option<&'l str> {
    words.iter().find_map(|word| {
        text.char_indices()
            .rev()
            .find_map(|(at, _)| strip_prefix_ignoring_case(text.get(at..)?, word))
            .map(|rest| rest.trim_start_matches([' ', '\u{A0}', ':', '\n']))
    })
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
