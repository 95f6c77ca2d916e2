//! A sample of each mail in each language: about what is published, and where there is nothing
//! that fits, about something made up.

mod words;

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::{Desk, Refusal};
use crate::domain::delivery::{ClaimContent, ClaimItem};
use crate::domain::{
    Archived, BodyHash, IMMEDIATE, Language, Publication, PublicationId, Standing, TagId, TagName,
};
use crate::store::catalogue::Wanted;
use words::Words;

/// Publications looked at: the newest.
const LOOKED_AT: usize = 500;
/// Publications in a sample of a digest.
const IN_DIGEST: usize = 5;

/// What it is a sample of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One publication.
    Publication,
    /// Several, with several tags.
    Digest,
    /// One that was mailed before, and has changed.
    Correction,
    /// One that says that it is an archived version.
    Archived,
}

/// A letter to be made.
pub(super) struct Sample {
    pub(super) kind: Kind,
    pub(super) language: Language,
    pub(super) schedule: String,
    /// Is it about what is published?
    pub(super) real: bool,
    pub(super) content: Arc<ClaimContent>,
}

/// A sample of each kind in each language of the site.
pub(super) async fn of(desk: &Desk, now: Timestamp) -> Result<Vec<Sample>, Refusal> {
    let wanted = Wanted {
        standing: Some(Standing::Live),
        ..Wanted::default()
    };
    let (published, _) = desk.store.publications(&wanted, 0, LOOKED_AT).await?;
    let published: Vec<Publication> = published.into_iter().map(|one| one.publication).collect();
    let digest = desk.config.schedules.first();
    let digest = digest.map_or(IMMEDIATE, |schedule| &schedule.name);
    let mut samples = Vec::new();
    for language in &desk.config.site.languages {
        let theirs = published.iter().filter(|one| one.language == *language);
        let theirs: Vec<&Publication> = theirs.collect();
        let made_up = MadeUp::in_language(desk, language, now);
        for kind in [
            Kind::Publication,
            Kind::Digest,
            Kind::Correction,
            Kind::Archived,
        ] {
            let real = real(kind, &theirs);
            let items = real.clone().unwrap_or_else(|| made_up.of(kind));
            samples.push(Sample {
                kind,
                language: language.clone(),
                schedule: match kind {
                    Kind::Digest => digest.to_owned(),
                    _ => IMMEDIATE.to_owned(),
                },
                real: real.is_some(),
                content: Arc::new(ClaimContent {
                    number: 0,
                    items,
                    more: 0,
                }),
            });
        }
    }
    Ok(samples)
}

/// Out of what is published; `None`: there is nothing that fits.
fn real(kind: Kind, published: &[&Publication]) -> Option<Vec<ClaimItem>> {
    let first = |fits: fn(&Publication) -> bool| published.iter().find(|one| fits(one));
    let items: Vec<&&Publication> = match kind {
        Kind::Publication => first(|one| one.archived.is_none()).into_iter().collect(),
        Kind::Digest => published.iter().take(IN_DIGEST).collect(),
        Kind::Correction => first(|one| one.change_note.is_some()).into_iter().collect(),
        Kind::Archived => first(|one| one.archived.is_some()).into_iter().collect(),
    };
    let enough = if kind == Kind::Digest { 2 } else { 1 };
    let item = |publication: &&&Publication| ClaimItem {
        publication: (**publication).clone(),
        correction: kind == Kind::Correction,
    };
    (items.len() >= enough).then(|| items.iter().map(item).collect())
}

/// Publications that are nowhere.
struct MadeUp {
    words: &'static Words,
    language: Language,
    site_url: String,
    now: Timestamp,
}

impl MadeUp {
    /// In a language, or in English where there are no words in it.
    fn in_language(desk: &Desk, language: &Language, now: Timestamp) -> MadeUp {
        let words = Words::of(language.primary());
        let own = Language::parse(words.language).ok();
        MadeUp {
            words,
            language: own.unwrap_or_else(|| language.clone()),
            site_url: desk.config.site.url.to_string(),
            now,
        }
    }

    fn of(&self, kind: Kind) -> Vec<ClaimItem> {
        let mut items: Vec<ClaimItem> = match kind {
            Kind::Digest => (0..self.words.publications.len()).collect(),
            _ => vec![0],
        }
        .into_iter()
        .filter_map(|number| self.publication(number))
        .map(|publication| ClaimItem {
            publication,
            correction: kind == Kind::Correction,
        })
        .collect();
        for item in &mut items {
            match kind {
                Kind::Correction => {
                    item.publication.change_note = Some(self.words.note.to_owned());
                }
                Kind::Archived => {
                    item.publication.archived = Some(Archived {
                        notice: self.words.notice.to_owned(),
                        latest: Some(self.site_url.clone()),
                    });
                }
                Kind::Publication | Kind::Digest => {}
            }
        }
        items
    }

    fn publication(&self, number: usize) -> Option<Publication> {
        let (title, summary, tag) = *self.words.publications.get(number)?;
        let days = i64::try_from(number).unwrap_or_default();
        let published = self
            .now
            .checked_sub((days * 24).hours())
            .unwrap_or(self.now);
        Some(Publication {
            id: PublicationId(format!("tag:wici.invalid,2026:sample/{number}")),
            title: title.to_owned(),
            link: self.site_url.clone(),
            language: self.language.clone(),
            published,
            updated: published,
            tags: vec![TagName {
                id: TagId::new(tag.0).ok()?,
                label: tag.1.to_owned(),
            }],
            summary: summary.to_owned(),
            body: BodyHash::of(""),
            authors: Vec::new(),
            archived: None,
            change_note: None,
            translation_of: None,
            image: None,
            enclosures: Vec::new(),
            expires: None,
        })
    }
}
