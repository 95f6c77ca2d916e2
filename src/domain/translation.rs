//! Whose translation a publication is, and what that makes of those that say so.
//!
//! A file has at most one [`Tie`]: what its author wrote, else what its name says. Publications that
//! are tied to each other, directly or through others, are a group. It depends on what is there
//! alone, not on what came first.

use serde::{Deserialize, Serialize};

use super::{Language, PublicationId};

/// Publications that one tie holds together, and that are in one group. There are not that many
/// languages: what would tie more ties none.
pub const MOST: usize = 64;

/// What a file says of its translations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tie {
    /// It translates this publication (`translation_of`).
    Original(PublicationId),
    /// It is one of those with this key, as Hugo's `translationKey`.
    Key(String),
    /// It is one of the files of a source that are called so, but for the language.
    Name(String),
}

/// One of the publications that share a tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tied<'a> {
    /// The language that it is in.
    pub language: &'a Language,
    /// Is it in its source?
    pub is_present: bool,
}

/// The same in another language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// Whose it is.
    pub id: PublicationId,
    /// Its own.
    pub language: Language,
    /// Absolute URL of its page.
    pub link: String,
    /// Plain text, one line.
    pub title: String,
}

impl Tie {
    /// Does it tie this one of `all` that share it?
    ///
    /// Authors are taken at their word. Names are a custom: where two pages of one language share
    /// one, nobody can say which of them the others translate, and it ties none. What is gone stays
    /// where it was, so that nobody is told the same twice, unless another has taken its place.
    pub fn binds(&self, one: Tied<'_>, all: &[Tied<'_>]) -> bool {
        let present = || all.iter().filter(|tied| tied.is_present);
        let in_its_language = || {
            present()
                .filter(|tied| tied.language == one.language)
                .count()
        };
        match self {
            _ if all.len() > MOST => false,
            Tie::Original(_) | Tie::Key(_) => true,
            Tie::Name(_) if !one.is_present && in_its_language() > 0 => false,
            Tie::Name(_) => {
                let mut languages: Vec<&Language> = present().map(|tied| tied.language).collect();
                languages.sort_unstable();
                languages.windows(2).all(|pair| pair.first() != pair.last())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(tie: &Tie, all: &[(&str, bool)]) -> Vec<bool> {
        let languages: Vec<Language> = all
            .iter()
            .map(|(language, _)| Language::parse(language).expect("a language"))
            .collect();
        let all: Vec<Tied> = languages
            .iter()
            .zip(all)
            .map(|(language, (_, is_present))| Tied {
                language,
                is_present: *is_present,
            })
            .collect();
        all.iter().map(|one| tie.binds(*one, &all)).collect()
    }

    #[test]
    fn a_name_ties_as_long_as_no_language_is_there_twice() {
        let name = Tie::Name("pages/a".into());
        let twice = [("pl", true), ("uk", true), ("pl", true)];
        assert_eq!(bound(&name, &twice[..2]), [true, true]);
        assert_eq!(bound(&name, &twice), [false; 3]);
        assert_eq!(bound(&name, &[("pt", true), ("pt-BR", true)]), [true; 2]);
        for author in [
            Tie::Key("a".into()),
            Tie::Original(PublicationId("urn:a".into())),
        ] {
            assert_eq!(bound(&author, &twice), [true; 3]);
        }
    }

    #[test]
    fn what_is_gone_keeps_its_place_until_another_has_it() {
        let name = Tie::Name("pages/a".into());
        assert_eq!(bound(&name, &[("pl", true), ("uk", false)]), [true, true]);
        let replaced = [("pl", true), ("uk", false), ("uk", true)];
        assert_eq!(bound(&name, &replaced), [true, false, true]);
        assert_eq!(bound(&name, &[("uk", false), ("uk", false)]), [true, true]);
    }

    #[test]
    fn what_ties_more_than_there_are_languages_ties_none() {
        let key = Tie::Key("a".into());
        assert_eq!(bound(&key, &[("pl", true); MOST]), [true; MOST]);
        assert_eq!(bound(&key, &[("pl", true); MOST + 1]), [false; MOST + 1]);
    }
}
