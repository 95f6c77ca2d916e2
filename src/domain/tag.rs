//! Tags: a stable id, labels per language, and other names that mean the same.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Language;

/// A tag's stable id: a slug of at most 80 bytes out of `a-z`, `0-9` and `-`, so that it is safe
/// in a path, a URL and a header. Slugs are made by `text::slug`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TagId(String);

/// The text is not a slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a tag id: at most 80 of a-z, 0-9 and single hyphens between them")]
pub struct NotATagId(pub String);

impl TagId {
    /// The longest slug, in bytes.
    pub const MAX: usize = 80;

    /// Takes a slug as it is.
    pub fn new(slug: &str) -> Result<TagId, NotATagId> {
        let fits = !slug.is_empty()
            && slug.len() <= TagId::MAX
            && !slug.starts_with('-')
            && !slug.ends_with('-')
            && !slug.contains("--")
            && slug
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if fits {
            Ok(TagId(slug.to_owned()))
        } else {
            Err(NotATagId(slug.chars().take(TagId::MAX).collect()))
        }
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TagId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for TagId {
    type Error = NotATagId;
    fn try_from(text: String) -> Result<TagId, NotATagId> {
        TagId::new(&text)
    }
}

impl From<TagId> for String {
    fn from(tag: TagId) -> String {
        tag.0
    }
}

/// A tag as a content file writes it. Labels that differ may share a slug: the store tells them
/// apart, and makes it a [`TagName`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagMention {
    /// The id of the tag that the configuration defines; else the label's slug.
    pub id: TagId,
    /// The author's words, trimmed and in NFC.
    pub label: String,
    /// Does the configuration define it?
    pub defined: bool,
}

/// A tag of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagName {
    /// The stable id.
    pub id: TagId,
    /// The author's words, trimmed and in NFC.
    pub label: String,
}

/// A `[[tag]]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagDefinition {
    /// The stable id.
    pub id: TagId,
    /// What readers see, per language.
    pub labels: BTreeMap<Language, String>,
    /// Other names, as authors may write them.
    pub aliases: Vec<String>,
}

impl TagDefinition {
    /// What the tag is called in a language; else in the site's; else at all.
    pub fn label(&self, language: &Language, site: &Language) -> Option<&str> {
        [language, site]
            .into_iter()
            .find_map(|language| self.labels.get(language))
            .or_else(|| self.labels.values().next())
            .map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slugs_are_ids() {
        for good in ["a", "wspolpraca", "c-plus-plus", "2026"] {
            assert!(TagId::new(good).is_ok(), "{good:?}");
        }
        let long = "a".repeat(81);
        for bad in [
            "", "-a", "a-", "a--b", "A", "ą", "../x", "a b", "a\r\nb", &long,
        ] {
            assert!(TagId::new(bad).is_err(), "{bad:?}");
        }
    }
}
