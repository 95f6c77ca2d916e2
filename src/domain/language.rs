//! Language tags (BCP 47), in canonical case.

use std::fmt;
use std::str::FromStr;

use icu_locale_core::LanguageIdentifier;
use serde::{Deserialize, Serialize};

/// A BCP 47 language tag in canonical form: `pl`, `uk`, `en-GB`, `sr-Latn`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

/// The text is not a language tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language tag; write it as BCP 47 does, for example `pl`, `uk` or `en-GB`")]
pub struct NotALanguage(pub String);

impl Language {
    /// Parses and canonicalises: `PL` and `pl` are one; `pl_PL` (POSIX) is taken for `pl-PL`.
    pub fn parse(text: &str) -> Result<Language, NotALanguage> {
        let wrong = || NotALanguage(text.chars().take(40).collect());
        let dashed = text.trim().replace('_', "-");
        let parsed = LanguageIdentifier::from_str(&dashed).map_err(|_| wrong())?;
        if parsed.language.is_unknown() {
            return Err(wrong());
        }
        Ok(Language(parsed.to_string()))
    }

    /// The canonical tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is another one this language, or a variety of it (RFC 4647 section 3.3.1)? `en` takes `en-GB`.
    pub fn takes(&self, other: &Language) -> bool {
        let rest = other.0.strip_prefix(&self.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// The primary subtag: `en` of `en-GB`.
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Language {
    type Err = NotALanguage;
    fn from_str(text: &str) -> Result<Language, NotALanguage> {
        Language::parse(text)
    }
}

impl TryFrom<String> for Language {
    type Error = NotALanguage;
    fn try_from(text: String) -> Result<Language, NotALanguage> {
        Language::parse(&text)
    }
}

impl From<Language> for String {
    fn from(language: Language) -> String {
        language.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_canonical() {
        for (given, canonical) in [
            ("PL", "pl"),
            ("pl_PL", "pl-PL"),
            (" uk ", "uk"),
            ("en-gb", "en-GB"),
        ] {
            assert_eq!(
                Language::parse(given).map(String::from).as_deref(),
                Ok(canonical)
            );
        }
        assert_eq!(
            Language::parse("en-GB")
                .map(|l| l.primary().to_owned())
                .as_deref(),
            Ok("en")
        );
    }

    #[test]
    fn a_language_takes_its_varieties() {
        let takes = |asked: &str, other: &str| {
            let parse = |text: &str| Language::parse(text).expect("a tag");
            parse(asked).takes(&parse(other))
        };
        assert!(takes("en", "en") && takes("en", "en-GB"));
        assert!(!takes("en-GB", "en") && !takes("en-GB", "en-US") && !takes("en", "pl"));
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for given in ["", "und", "polski język", "../..", "x"] {
            assert!(Language::parse(given).is_err(), "{given:?}");
        }
    }
}
