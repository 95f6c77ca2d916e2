//! Which feed: everything or one tag, in every language or in one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Language, Publication, TagId};

/// Names one feed; its files are `all.rss`, `tag/<tag>.atom`, `<lang>/tag/<tag>.json`, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FeedKey {
    /// Only publications in this language; `None`: in every language.
    pub language: Option<Language>,
    /// Only publications with this tag; `None`: all.
    pub tag: Option<TagId>,
}

impl FeedKey {
    /// The feed of everything.
    pub const ALL: FeedKey = FeedKey {
        language: None,
        tag: None,
    };

    /// Path without extension, relative to the feeds directory: `pl/tag/szkolenia`.
    pub fn stem(&self) -> String {
        let mut stem = String::new();
        if let Some(language) = &self.language {
            stem.push_str(language.as_str());
            stem.push('/');
        }
        match &self.tag {
            Some(tag) => {
                stem.push_str("tag/");
                stem.push_str(tag.as_str());
            }
            None => stem.push_str("all"),
        }
        stem
    }

    /// Every feed that a publication is in.
    pub fn of(publication: &Publication) -> BTreeSet<FeedKey> {
        let tags = publication.tags.iter().map(|tag| Some(tag.id.clone()));
        std::iter::once(None)
            .chain(tags)
            .flat_map(|tag| {
                [None, Some(publication.language.clone())].map(|language| FeedKey {
                    language,
                    tag: tag.clone(),
                })
            })
            .collect()
    }
}
