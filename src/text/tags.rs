//! What a tag is called: when two labels are the same, and which tag of the configuration a label
//! names.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::slug::slug;
use crate::domain::{TagDefinition, TagId};

/// Labels are the same if they fold to the same: NFKC, lower case, each run of white space one
/// space, none around.
pub fn fold(label: &str) -> String {
    // As of a slug: no label that is meant for people is longer.
    let composed: String = label.chars().take(1_000).nfkc().collect();
    let lower: String = composed.to_lowercase().nfkc().collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The names of the tags that the configuration defines.
#[derive(Debug, Clone, Default)]
pub struct TagNames {
    /// By folded id, label or alias.
    names: BTreeMap<String, TagId>,
    /// By the slug of one.
    slugs: BTreeMap<String, TagId>,
}

impl TagNames {
    /// The names of these; where two share one, the first has it. An id is its own name, whatever
    /// aliases other tags have.
    pub fn of(tags: &[TagDefinition]) -> TagNames {
        let mut known = TagNames::default();
        for tag in tags {
            known.names.insert(tag.id.to_string(), tag.id.clone());
            known.slugs.insert(tag.id.to_string(), tag.id.clone());
        }
        for tag in tags {
            for name in tag.labels.values().chain(&tag.aliases) {
                let id = || tag.id.clone();
                known.names.entry(fold(name)).or_insert_with(id);
                if let Some(slug) = slug(name) {
                    known.slugs.entry(slug).or_insert_with(id);
                }
            }
        }
        known
    }

    /// From folded names to ids, and from slugs.
    pub fn into_parts(self) -> (BTreeMap<String, TagId>, BTreeMap<String, TagId>) {
        (self.names, self.slugs)
    }

    /// The tag that is called so; else one with a name that only slugs can't tell from it.
    pub fn get(&self, label: &str) -> Option<&TagId> {
        self.names
            .get(&fold(label))
            .or_else(|| self.slugs.get(&slug(label)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tag(id: &str, aliases: &[&str]) -> TagDefinition {
        TagDefinition {
            id: TagId::new(id).expect("a slug"),
            labels: BTreeMap::new(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        }
    }

    #[test]
    fn labels_that_differ_in_case_form_or_space_are_the_same() {
        for (a, b) in [
            ("Łódź", " łódź "),
            ("Łódź", "Ło\u{301}dz\u{301}"),
            ("ﬁnanse  publiczne", "Finanse\u{A0}publiczne"),
        ] {
            assert_eq!(fold(a), fold(b), "{a:?} {b:?}");
        }
        for (a, b) in [("а", "a"), ("Łódź", "Lodz"), ("C++", "C plus plus")] {
            assert_ne!(fold(a), fold(b), "{a:?} {b:?}");
        }
    }

    #[test]
    fn the_very_name_counts_for_more_than_the_slug() {
        let names = TagNames::of(&[tag("miasto", &["Łódź"]), tag("boat", &["Lodz", "miasto"])]);
        for (label, id) in [
            ("łódź", Some("miasto")),
            ("LODZ", Some("boat")),
            ("Miasto", Some("miasto")),
            ("Łodz", Some("miasto")),
            ("Gdynia", None),
        ] {
            assert_eq!(names.get(label).map(TagId::as_str), id, "{label}");
        }
    }

    proptest! {
        #[test]
        fn what_is_folded_stays_so(label in any::<String>()) {
            let once = fold(&label);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
