//! Publications: what a source found, what the store makes of it, and what may come between.

use std::fmt;
use std::ops::Deref;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Language, Problem, TagMention, TagName, Tie};

/// The number of a change. Each change takes the store's next one when it takes effect.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Sequence(pub u64);

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A publication's public id, an IRI that never changes: the Atom id, RSS guid and JSON Feed id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublicationId(pub String);

impl fmt::Display for PublicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The store's own short name for a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublicationKey(pub u64);

/// BLAKE3 of a sanitised body; its address in the body store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BodyHash(pub [u8; 32]);

impl BodyHash {
    /// The address of this body.
    pub fn of(body: &str) -> BodyHash {
        BodyHash(*blake3::hash(body.as_bytes()).as_bytes())
    }

    /// Lower-case hexadecimal, 64 characters.
    pub fn to_hex(self) -> String {
        blake3::Hash::from(self.0).to_hex().to_string()
    }
}

impl fmt::Debug for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// A sanitised HTML body, and its address.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    html: String,
    hash: BodyHash,
}

impl Body {
    /// The HTML.
    pub fn as_str(&self) -> &str {
        &self.html
    }

    /// Its address.
    pub fn hash(&self) -> BodyHash {
        self.hash
    }
}

impl From<String> for Body {
    fn from(html: String) -> Body {
        let hash = BodyHash::of(&html);
        Body { html, hash }
    }
}

impl From<&str> for Body {
    fn from(html: &str) -> Body {
        Body::from(html.to_owned())
    }
}

impl Deref for Body {
    type Target = str;

    fn deref(&self) -> &str {
        &self.html
    }
}

impl PartialEq<&str> for Body {
    fn eq(&self, html: &&str) -> bool {
        self.html == *html
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.html.fmt(f)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.html.fmt(f)
    }
}

/// The page says of itself that it is an archived version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Archived {
    /// The notice, as the page words it.
    pub notice: String,
    /// Where the current version is (RFC 5829 `latest-version`), absolute, if the notice says.
    pub latest: Option<String>,
}

/// A file that belongs to a publication, as the sound of a podcast's episode (RSS 2.0 `enclosure`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Enclosure {
    /// Absolute URL.
    pub url: String,
    /// `audio/mpeg`; what the file's name says where its author does not.
    pub media_type: String,
    /// Bytes, where its author says.
    pub length: Option<u64>,
    /// Plain text, one line.
    pub title: Option<String>,
}

/// One revision of one item of content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The id, for ever.
    pub id: PublicationId,
    /// Plain text, one line.
    pub title: String,
    /// Absolute URL of the page.
    pub link: String,
    /// The language of title and body.
    pub language: Language,
    /// When its author says it was published, or when it was first seen.
    pub published: Timestamp,
    /// When its author says it last changed in substance; never before `published`.
    pub updated: Timestamp,
    /// Without repeats, in the author's order.
    pub tags: Vec<TagName>,
    /// Plain text, a few lines at most.
    pub summary: String,
    /// The sanitised HTML body's address.
    pub body: BodyHash,
    /// Names, in the author's order.
    pub authors: Vec<String>,
    /// Set when the page says that it is an archived version.
    pub archived: Option<Archived>,
    /// What the author says has changed.
    pub change_note: Option<String>,
    /// The id of the publication that this one translates.
    pub translation_of: Option<PublicationId>,
    /// Absolute URL of the picture that stands for it.
    pub image: Option<String>,
    /// Files that belong to it.
    pub enclosures: Vec<Enclosure>,
    /// From then on it is no longer of use.
    pub expires: Option<Timestamp>,
}

impl Publication {
    /// Is it no longer of use?
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// A publication as read from a source, before the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where in the source, relative, with `/` between folders, NFC.
    pub path: String,
    /// The id that the file claims, an IRI; `None`: the store mints one or knows one.
    pub declared_id: Option<PublicationId>,
    /// Id minted from authority, source and path (RFC 4151), used if nothing else decides.
    pub minted_id: PublicationId,
    /// Plain text, one line, not empty.
    pub title: String,
    /// Absolute URL of the page.
    pub link: String,
    /// Declared or deduced.
    pub language: Language,
    /// As declared; `None`: the instant first seen.
    pub published: Option<Timestamp>,
    /// As declared.
    pub updated: Option<Timestamp>,
    /// Without repeats.
    pub tags: Vec<TagMention>,
    /// Plain text.
    pub summary: String,
    /// Sanitised HTML with absolute URLs.
    pub body: Body,
    /// Names.
    pub authors: Vec<String>,
    /// The page's archive notice.
    pub archived: Option<Archived>,
    /// What the author says has changed.
    pub change_note: Option<String>,
    /// The id of the publication that this one translates.
    pub translation_of: Option<PublicationId>,
    /// What else says which publications are its translations.
    pub tie: Option<Tie>,
    /// Absolute URL of the picture that stands for it.
    pub image: Option<String>,
    /// Files that belong to it.
    pub enclosures: Vec<Enclosure>,
    /// From then on it is no longer of use.
    pub expires: Option<Timestamp>,
    /// What is wrong with it and keeps nobody from publishing the rest.
    pub flaws: Vec<Problem>,
}

impl Found {
    /// What ties it to its translations: first of all, that it says what it translates.
    pub fn tie(&self) -> Option<Tie> {
        let original = self.translation_of.clone().map(Tie::Original);
        original.or_else(|| self.tie.clone())
    }

    /// The revision that this finding amounts to, given its id and when the publication was first
    /// seen, if no other label has the slug of one of its tags.
    pub fn revision(&self, id: PublicationId, first_seen: Timestamp) -> Publication {
        let published = self.published.unwrap_or(first_seen);
        let name = |tag: &TagMention| TagName {
            id: tag.id.clone(),
            label: tag.label.clone(),
        };
        Publication {
            id,
            title: self.title.clone(),
            link: self.link.clone(),
            language: self.language.clone(),
            published,
            updated: self.updated.unwrap_or(published).max(published),
            tags: self.tags.iter().map(name).collect(),
            summary: self.summary.clone(),
            body: self.body.hash(),
            authors: self.authors.clone(),
            archived: self.archived.clone(),
            change_note: self.change_note.clone(),
            translation_of: self.translation_of.clone(),
            image: self.image.clone(),
            enclosures: self.enclosures.clone(),
            expires: self.expires,
        }
    }
}

/// What one look at a source brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The source's name.
    pub source: String,
    /// What was read, at most a few hundred.
    pub found: Vec<Found>,
    /// Paths that the store knows of and that are no longer there (or are drafts now). The same
    /// list goes with every batch of a pass, so that a file that moved is seen to have moved.
    pub missing: Vec<String>,
    /// Whether more of this look follows.
    pub pass: Pass,
}

/// Where in a look at a source a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// More follows: what is missing may yet turn up elsewhere.
    More,
    /// The last batch of a look at some paths: what is still missing is withdrawn.
    End,
    /// The last batch of a complete scan: as `End`, and the first such one ends the baseline.
    EndOfScan,
    /// As `More`, and nothing in it is news, whatever the source has brought before.
    Baseline,
}

/// Whether a publication can be read now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Dated in the future; it takes effect then.
    Scheduled,
    /// In the feeds.
    Live,
    /// No longer in its source.
    Withdrawn,
    /// No longer of use, as its author foresaw; it may never have been in the feeds.
    Expired,
}

impl Standing {
    /// Every one, with its word.
    pub const ALL: [(Standing, &str); 4] = [
        (Standing::Scheduled, "scheduled"),
        (Standing::Live, "live"),
        (Standing::Withdrawn, "withdrawn"),
        (Standing::Expired, "expired"),
    ];
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Standing::ALL.iter().find(|(standing, _)| standing == self);
        f.pad(word.map_or("", |(_, word)| word))
    }
}

/// A publication and what the store knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationState {
    /// The store's short name.
    pub key: PublicationKey,
    /// The source's name.
    pub source: String,
    /// Where in the source it was last seen.
    pub path: String,
    /// Can it be read now?
    pub standing: Standing,
    /// Counts every change of the publication, from 1.
    pub revision: u32,
    /// Counts major edits, from 0: what makes a mail about it a new one.
    pub major: u32,
    /// The number of its last change.
    pub sequence: Sequence,
    /// When the store first saw it.
    pub first_seen: Timestamp,
    /// When it first took effect; `None` while scheduled.
    pub released: Option<Timestamp>,
    /// Whether its release was news: it was found in time, after the baseline.
    pub news: bool,
    /// The present revision.
    pub publication: Publication,
    /// What its file says of its translations.
    pub tie: Option<Tie>,
    /// What names the group of its translations, where that is not its own id.
    pub group: Option<PublicationId>,
}

impl PublicationState {
    /// Names the publication together with its translations: an id of one of them.
    pub fn group(&self) -> &PublicationId {
        self.group.as_ref().unwrap_or(&self.publication.id)
    }

    /// Is there a file of it?
    pub fn is_present(&self) -> bool {
        self.standing != Standing::Withdrawn
    }

    /// When the clock alone changes how it stands.
    pub fn due(&self) -> Option<Timestamp> {
        match self.standing {
            Standing::Scheduled => Some(self.publication.published),
            Standing::Live => self.publication.expires,
            Standing::Withdrawn | Standing::Expired => None,
        }
    }
}
