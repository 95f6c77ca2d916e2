//! What the author of a file said.

use jiff::Timestamp;

use crate::domain::publication::Enclosure;
use crate::domain::{Archived, Language, Problem, PublicationId};

/// Where the author says that the page lives.
#[derive(Debug, Default)]
pub enum Place {
    /// Where the source's pattern puts it.
    #[default]
    Pattern,
    /// There too, but its last segment is this.
    Slug(String),
    /// At this URL, absolute or relative to the site's.
    Url(String),
    /// Where Jekyll puts it by a pattern with placeholders.
    Permalink {
        /// The pattern.
        pattern: String,
        /// What stands for the file's name.
        slug: Option<String>,
        /// As written.
        categories: Vec<String>,
    },
}

/// What the author of a file said, before path and configuration add the rest.
#[derive(Debug, Default)]
pub struct Page {
    /// Not yet for readers.
    pub draft: bool,
    /// The claimed id.
    pub id: Option<PublicationId>,
    /// As written, possibly over several lines.
    pub title: String,
    /// The declared language.
    pub language: Option<Language>,
    /// The language that the page's own labels are in.
    pub labels_language: Option<Language>,
    /// The language that its markup declares.
    pub markup_language: Option<Language>,
    /// Where it lives.
    pub place: Place,
    /// Against which its URLs are resolved, itself relative to where it lives.
    pub base: Option<String>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// When it last changed in substance.
    pub updated: Option<Timestamp>,
    /// Labels, as written.
    pub tags: Vec<String>,
    /// Declared; otherwise taken from the body.
    pub summary: Option<String>,
    /// HTML, not yet cleaned.
    pub body: String,
    /// Names.
    pub authors: Vec<String>,
    /// The page's archive notice.
    pub archived: Option<Archived>,
    /// What has changed.
    pub change_note: Option<String>,
    /// What it translates.
    pub translation_of: Option<PublicationId>,
    /// What it and its translations call themselves together.
    pub translation_key: Option<String>,
    /// The URL of its picture, as written.
    pub image: Option<String>,
    /// Their URLs as written.
    pub enclosures: Vec<Enclosure>,
    /// When it is no longer of use.
    pub expires: Option<Timestamp>,
    /// What is wrong with what it says.
    pub problems: Vec<Problem>,
    /// The same of what may be left out.
    pub flaws: Vec<Problem>,
}
