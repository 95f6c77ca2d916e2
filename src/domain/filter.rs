//! What a subscriber asked for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Language, TagId};

/// Any, all and none of some tags, in some languages. The empty filter takes everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Filter {
    /// At least one of these; empty: no such demand.
    pub any: BTreeSet<TagId>,
    /// Each of these.
    pub all: BTreeSet<TagId>,
    /// None of these.
    pub none: BTreeSet<TagId>,
    /// In one of these languages; empty: in every language.
    pub languages: BTreeSet<Language>,
}

impl Filter {
    /// Does a publication with these tags, in this language, pass?
    pub fn passes<'a>(
        &self,
        tags: impl IntoIterator<Item = &'a TagId>,
        language: &Language,
    ) -> bool {
        let tags: BTreeSet<&TagId> = tags.into_iter().collect();
        (self.any.is_empty() || self.any.iter().any(|tag| tags.contains(tag)))
            && self.all.iter().all(|tag| tags.contains(tag))
            && !self.none.iter().any(|tag| tags.contains(tag))
            && (self.languages.is_empty()
                || self.languages.iter().any(|asked| asked.takes(language)))
    }

    /// All tags that it names.
    pub fn tags(&self) -> impl Iterator<Item = &TagId> {
        [&self.any, &self.all, &self.none].into_iter().flatten()
    }

    /// Its sets of tags, to be written otherwise.
    pub fn tag_sets_mut(&mut self) -> [&mut BTreeSet<TagId>; 3] {
        [&mut self.any, &mut self.all, &mut self.none]
    }

    /// The tags to index a subscription under: whatever passes has at least one of them.
    /// `None`: everything may pass.
    pub fn index_tags(&self) -> Option<BTreeSet<&TagId>> {
        if !self.any.is_empty() {
            return Some(self.any.iter().collect());
        }
        self.all.iter().next().map(|tag| BTreeSet::from([tag]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(names: &str) -> BTreeSet<TagId> {
        names
            .split_whitespace()
            .filter_map(|name| TagId::new(name).ok())
            .collect()
    }

    #[test]
    fn any_all_none_and_languages() -> Result<(), super::super::language::NotALanguage> {
        let (pl, uk) = (Language::parse("pl")?, Language::parse("uk")?);
        let filter = Filter {
            any: tags("a b"),
            all: tags("c"),
            none: tags("d"),
            languages: BTreeSet::from([pl.clone()]),
        };
        for (given, language, expected) in [
            ("a c", &pl, true),
            ("b c x", &pl, true),
            ("c", &pl, false),
            ("a", &pl, false),
            ("a c d", &pl, false),
            ("a c", &uk, false),
        ] {
            assert_eq!(
                filter.passes(&tags(given), language),
                expected,
                "{given} in {language}"
            );
        }
        assert!(Filter::default().passes(&tags(""), &uk));
        Ok(())
    }

    #[test]
    fn whatever_passes_is_indexed() {
        assert_eq!(Filter::default().index_tags(), None);
        let only_none = Filter {
            none: tags("d"),
            ..Filter::default()
        };
        assert_eq!(only_none.index_tags(), None);
        let both = Filter {
            any: tags("a b"),
            all: tags("c"),
            ..Filter::default()
        };
        assert_eq!(both.index_tags().map(|set| set.len()), Some(2));
        let all = Filter {
            all: tags("c d"),
            ..Filter::default()
        };
        assert_eq!(all.index_tags().map(|set| set.len()), Some(1));
    }
}
