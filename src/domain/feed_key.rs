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

    /// The feed of a tag, or (`None`) of everything, in every language.
    pub fn in_all_languages(tag: Option<TagId>) -> FeedKey {
        FeedKey {
            language: None,
            tag,
        }
    }

    /// Has it an archive (RFC 5005)? Those in one language have none: what is in them is in the
    /// archive of all languages.
    pub fn is_archived(&self) -> bool {
        self.language.is_none()
    }

    /// Path of a page of its archive, as [`FeedKey::stem`]: `tag/szkolenia/archive/3`.
    pub fn page_stem(&self, page: u64) -> String {
        match &self.tag {
            Some(_) => format!("{}/archive/{page}", self.stem()),
            None => format!("archive/{page}"),
        }
    }

    /// The page at such a path.
    pub fn page_at(stem: &str) -> Option<(FeedKey, u64)> {
        let (of, page) = stem.rsplit_once('/')?;
        let tag = match of.strip_suffix("archive")? {
            "" => None,
            of => Some(TagId::new(of.strip_prefix("tag/")?.strip_suffix('/')?).ok()?),
        };
        let (feed, page) = (FeedKey::in_all_languages(tag), page.parse().ok()?);
        (feed.page_stem(page) == stem).then_some((feed, page))
    }

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
