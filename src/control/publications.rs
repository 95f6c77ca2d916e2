//! What is published, and who got it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::prospects::{self, Prospect};
use super::{Desk, Refusal, tags};
use crate::domain::publication::{Archived, Enclosure};
use crate::domain::{ChangeKind, Counts, DeliveryState, PublicationState, Standing, Translation};
use crate::store::catalogue::{Mailed, Receipt, Revision, Wanted};

/// Publications listed at most at a time.
const PAGE: usize = 1_000;
/// Revisions that `show` tells of, and the most subscribers.
const REVISIONS: usize = 100;
const SUBSCRIBERS: usize = 1_000;
/// Named where a name fits several.
const CANDIDATES: usize = 5;

/// Which publications to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPublications {
    /// With this tag, by id, label or alias.
    pub tag: Option<String>,
    /// That stand so.
    pub standing: Option<Standing>,
    /// Of this source.
    pub source: Option<String>,
    /// Without the first so many.
    pub skip: usize,
    /// At most so many, and at most 1,000.
    pub most: usize,
}

/// A page of publications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationList {
    /// How many there are in all.
    pub matching: usize,
    /// Newest first.
    pub publications: Vec<PublicationSummary>,
}

/// A publication in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationSummary {
    /// The public id.
    pub id: String,
    /// The source's name.
    pub source: String,
    /// Where in the source it was last seen.
    pub path: String,
    /// Can it be read now?
    pub standing: Standing,
    /// Plain text.
    pub title: String,
    /// Where its page is.
    pub link: String,
    /// BCP 47.
    pub language: String,
    /// When its author says it was published, or when it was first seen.
    pub published: Timestamp,
    /// When it last changed in substance.
    pub updated: Timestamp,
    /// From then on it is no longer of use.
    pub expires: Option<Timestamp>,
    /// Ids of its tags.
    pub tags: Vec<String>,
}

impl From<&PublicationState> for PublicationSummary {
    fn from(state: &PublicationState) -> PublicationSummary {
        let publication = &state.publication;
        PublicationSummary {
            id: publication.id.to_string(),
            source: state.source.clone(),
            path: state.path.clone(),
            standing: state.standing,
            title: publication.title.clone(),
            link: publication.link.clone(),
            language: publication.language.to_string(),
            published: publication.published,
            updated: publication.updated,
            expires: publication.expires,
            tags: publication
                .tags
                .iter()
                .map(|tag| tag.id.to_string())
                .collect(),
        }
    }
}

/// All that is known of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationDetail {
    /// What a list says of it.
    #[serde(flatten)]
    pub publication: PublicationSummary,
    /// Plain text.
    pub summary: String,
    /// Names.
    pub authors: Vec<String>,
    /// What the author says has changed.
    pub change_note: Option<String>,
    /// The id of what it translates.
    pub translation_of: Option<String>,
    /// The same in other languages, as far as it can be read now.
    #[serde(default)]
    pub translations: Vec<TranslationSummary>,
    /// The page's archive notice.
    pub archived: Option<Archived>,
    /// The picture that stands for it.
    pub image: Option<String>,
    /// Files that belong to it.
    pub enclosures: Vec<Enclosure>,
    /// When the store first saw it.
    pub first_seen: Timestamp,
    /// When it first took effect.
    pub released: Option<Timestamp>,
    /// Was its release news?
    pub news: bool,
    /// The number of the hold in which news of it waits.
    pub hold: Option<u64>,
    /// Its major edits.
    pub corrections: u32,
    /// Newest first, at most 100.
    pub revisions: Vec<RevisionSummary>,
    /// Who would get it yet, by schedule, the first one first.
    pub to_come: Vec<Prospect>,
    /// The runs that mailed it, oldest first.
    pub mailed: Vec<MailedSummary>,
    /// Who got it, where that was asked: at most 1,000.
    pub subscribers: Vec<ReceiptSummary>,
}

/// The same in another language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranslationSummary {
    /// BCP 47.
    pub language: String,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where it lives.
    pub link: String,
}

impl From<Translation> for TranslationSummary {
    fn from(translation: Translation) -> TranslationSummary {
        TranslationSummary {
            language: translation.language.to_string(),
            id: translation.id.0,
            title: translation.title,
            link: translation.link,
        }
    }
}

/// A revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionSummary {
    /// Counts them, from 1.
    pub revision: u32,
    /// The number of the change that led to it.
    pub sequence: Option<u64>,
    /// What happened.
    pub change: Option<ChangeKind>,
    /// When that took effect.
    pub at: Option<Timestamp>,
    /// Was it to be mailed?
    pub news: Option<bool>,
    /// The title then.
    pub title: String,
    /// What the author said had changed.
    pub change_note: Option<String>,
}

impl From<Revision> for RevisionSummary {
    fn from(revision: Revision) -> RevisionSummary {
        let change = revision.change.as_ref();
        RevisionSummary {
            revision: revision.revision,
            sequence: change.map(|change| change.sequence.0),
            change: change.map(|change| change.kind),
            at: change.map(|change| change.at),
            news: change.map(|change| change.news),
            title: revision.publication.title,
            change_note: revision.publication.change_note,
        }
    }
}

/// What a run mailed of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailedSummary {
    /// The run's number.
    pub run: u64,
    /// The schedule's name.
    pub schedule: String,
    /// When the window fell due.
    pub due: Timestamp,
    /// The mails with the publication in them, by state.
    pub counts: Counts,
}

impl From<Mailed> for MailedSummary {
    fn from(mailed: Mailed) -> MailedSummary {
        MailedSummary {
            run: mailed.run.0,
            schedule: mailed.cadence.to_string(),
            due: mailed.due,
            counts: mailed.counts,
        }
    }
}

/// One subscriber's mail with a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptSummary {
    /// The run's number.
    pub run: u64,
    /// Whose; `None`: removed since.
    pub address: Option<String>,
    /// At which revision.
    pub revision: u32,
    /// What became of it.
    pub state: DeliveryState,
}

/// A page of publications.
///
/// # Errors
/// There is no such source; no tag can be called so; the store's.
pub async fn list(desk: &Desk, list: ListPublications) -> Result<PublicationList, Refusal> {
    if let Some(name) = &list.source {
        let names = &desk.config.source_names;
        // One that is gone may have left some.
        if !names.contains(name) && desk.store.paths(name).await?.is_empty() {
            return Err(Refusal(format!(
                "there is no source `{name}`; there are: {}",
                names.join(", ")
            )));
        }
    }
    let tag = match &list.tag {
        Some(name) => Some(tags::named(desk, name).await?),
        None => None,
    };
    let wanted = Wanted {
        tag,
        standing: list.standing,
        source: list.source,
    };
    let most = list.most.min(PAGE);
    let (page, matching) = desk.store.publications(&wanted, list.skip, most).await?;
    Ok(PublicationList {
        matching,
        publications: page.iter().map(PublicationSummary::from).collect(),
    })
}

/// All that is known of a publication, named by its id, its path or a part of either.
///
/// # Errors
/// The name fits none, or several.
pub async fn show(
    desk: &Desk,
    name: &str,
    subscribers: bool,
    now: Timestamp,
) -> Result<PublicationDetail, Refusal> {
    let store = &desk.store;
    let state = one(desk, name).await?;
    let most = if subscribers { SUBSCRIBERS } else { 0 };
    let (mailed, receipts) = store.mailed(&state, most).await?;
    let mut told = Vec::with_capacity(receipts.len());
    for receipt in receipts {
        told.push(with_address(desk, receipt).await?);
    }
    let revisions = store.revisions(state.key, REVISIONS).await?;
    let hold = store.waits_in(state.key).await?;
    let to_come = prospects::of(desk, &state, now).await?;
    let translations = store.translations_of(&state).await?.into_iter();
    let summary = PublicationSummary::from(&state);
    let publication = state.publication;
    Ok(PublicationDetail {
        publication: summary,
        summary: publication.summary,
        authors: publication.authors,
        change_note: publication.change_note,
        translation_of: publication.translation_of.map(|id| id.0),
        translations: translations.map(TranslationSummary::from).collect(),
        archived: publication.archived,
        image: publication.image,
        enclosures: publication.enclosures,
        first_seen: state.first_seen,
        released: state.released,
        news: state.news,
        hold: hold.map(|hold| hold.0),
        corrections: state.major,
        revisions: revisions.into_iter().map(RevisionSummary::from).collect(),
        to_come,
        mailed: mailed.into_iter().map(MailedSummary::from).collect(),
        subscribers: told,
    })
}

async fn with_address(desk: &Desk, receipt: Receipt) -> Result<ReceiptSummary, Refusal> {
    let subscriber = desk.store.subscriber_by_key(receipt.subscriber).await?;
    Ok(ReceiptSummary {
        run: receipt.run.0,
        address: subscriber.map(|subscriber| subscriber.address.as_str().to_owned()),
        revision: receipt.revision,
        state: receipt.state,
    })
}

async fn one(desk: &Desk, name: &str) -> Result<PublicationState, Refusal> {
    let shown: String = name.chars().take(200).collect();
    let mut found = desk.store.publications_like(name, CANDIDATES + 1).await?;
    match found.pop() {
        None => Err(Refusal(format!(
            "no publication has `{shown}` in its id or path; `wici publications list` shows them"
        ))),
        Some(only) if found.is_empty() => Ok(only),
        Some(last) => {
            found.push(last);
            let more = if found.len() > CANDIDATES {
                ", …"
            } else {
                ""
            };
            let paths: Vec<String> = found
                .iter()
                .take(CANDIDATES)
                .map(|state| format!("{} ({})", state.path, state.publication.id))
                .collect();
            Err(Refusal(format!(
                "`{shown}` fits several publications: {}{more}; write more of it, or the id",
                paths.join(", ")
            )))
        }
    }
}

/// The publication of a file, as far as `wici ids write` needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFile {
    /// Its id.
    pub id: String,
    /// BLAKE3 of its body when it was last read, in hexadecimal.
    pub body: String,
}

/// What is known of some files of a source, in their order.
///
/// # Errors
/// The store's.
pub async fn files(
    desk: &Desk,
    source: &str,
    paths: &[String],
) -> Result<Vec<Option<KnownFile>>, Refusal> {
    let mut known = Vec::with_capacity(paths.len());
    for path in paths {
        let state = desk.store.publication_at(source, path).await?;
        known.push(state.map(|state| KnownFile {
            id: state.publication.id.0,
            body: state.publication.body.to_hex(),
        }));
    }
    Ok(known)
}
