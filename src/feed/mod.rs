//! From a feed to bytes: RSS 2.0, Atom (RFC 4287), JSON Feed 1.1, and the OPML list of feeds. Pure:
//! the same feed gives the same bytes.

mod atom;
mod frame;
mod gate;
mod history;
mod json;
mod opml;
mod rss;
mod style;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{Language, Publication, Translation};

pub use gate::{Unfit, judge_entry, judge_feed};
pub use history::{Deleted, History};
pub use opml::{MEDIA_TYPE as OPML_MEDIA_TYPE, OpmlFeed, opml};
pub use style::{MEDIA_TYPE as STYLE_MEDIA_TYPE, NAME as STYLE, stylesheet};

/// The three formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// RSS 2.0
    Rss,
    /// Atom, RFC 4287
    Atom,
    /// JSON Feed 1.1
    Json,
}

/// The text names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a feed format; there are `rss`, `atom` and `json`")]
pub struct NotAFormat(pub String);

impl Format {
    /// All of them.
    pub const ALL: [Format; 3] = [Format::Rss, Format::Atom, Format::Json];

    /// The file name's extension, which is also the format's name in the configuration.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Rss => "rss",
            Format::Atom => "atom",
            Format::Json => "json",
        }
    }

    /// The value of Content-Type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Rss => "application/rss+xml; charset=utf-8",
            Format::Atom => "application/atom+xml; charset=utf-8",
            Format::Json => "application/feed+json; charset=utf-8",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

impl FromStr for Format {
    type Err = NotAFormat;
    fn from_str(name: &str) -> Result<Format, NotAFormat> {
        Format::ALL
            .into_iter()
            .find(|format| format.extension() == name)
            .ok_or_else(|| NotAFormat(name.chars().take(40).collect()))
    }
}

/// One feed, ready to be written in any format. Texts are plain unless said otherwise.
#[derive(Debug, Clone)]
pub struct Feed {
    /// The feed's IRI, which never changes: a `tag:` one (RFC 4151).
    pub id: String,
    /// One line.
    pub title: String,
    /// What the feed is about.
    pub description: String,
    /// URL of the page that the feed belongs to.
    pub home: String,
    /// Public URL of the feeds folder, ending in `/`.
    pub base: String,
    /// Path under `base` without extension: `all`, `pl/tag/x`.
    pub stem: String,
    /// URL of the hub that pushes it (WebSub, section 4).
    pub hub: Option<String>,
    /// What follows the extension in its URL: `?any=x,y`, or nothing.
    pub query: String,
    /// The language of all entries; `None`: they vary.
    pub language: Option<Language>,
    /// The site's default, which stands for the feed's where entries vary.
    pub site_language: Language,
    /// When the feed last changed.
    pub updated: Timestamp,
    /// Minutes for which readers may rely on what they have, at least 1.
    pub ttl: i64,
    /// Who answers for entries without authors: the site's title.
    pub author: String,
    /// IRI of the scheme that categories belong to.
    pub scheme: String,
    /// Its archive, and what left it.
    pub history: History,
    /// Newest first.
    pub entries: Vec<Entry>,
}

/// A publication in a feed.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is about.
    pub publication: Arc<Publication>,
    /// Its tags, as the feed's readers see them.
    pub categories: Vec<Category>,
    /// The whole sanitised HTML; `None`: the feed has summaries only.
    pub body: Option<String>,
    /// The same in other languages: at most one in each, and none in its own.
    pub translations: Vec<Translation>,
}

/// A tag in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// The tag's id.
    pub term: String,
    /// The label for people.
    pub label: String,
}

/// The feed cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// RFC 2822 and XML Schema have no words for the date.
    #[error("{of}: feeds cannot carry the date {date}, only the years 1 to 9999")]
    Date {
        /// Id of the publication or feed.
        of: String,
        /// The date.
        date: Timestamp,
    },
    /// Not an absolute URL or IRI.
    #[error("{of}: `{address}` is not an absolute URL")]
    Address {
        /// Id of the publication.
        of: String,
        /// What was to be one.
        address: String,
    },
    /// The RSS writer failed.
    #[error("cannot write RSS: {0}")]
    Rss(#[from] ::rss::Error),
    /// The Atom writer failed.
    #[error("cannot write Atom: {0}")]
    Atom(#[from] atom_syndication::Error),
    /// The JSON writer failed.
    #[error("cannot write JSON Feed: {0}")]
    Json(#[from] serde_json::Error),
    /// A writer no longer writes what an entry is known by.
    #[error("a feed was written without `{0}`, where its entries should be")]
    Frame(&'static str),
}

/// The feed's bytes. Whatever the texts hold, the result is well-formed.
///
/// # Errors
/// [`FeedError::Date`] for a date outside the years 1 to 9999; the others do not happen, but the
/// writers' signatures have them.
pub fn render(feed: &Feed, format: Format) -> Result<Vec<u8>, FeedError> {
    let entries = feed.entries.iter();
    let entries: Vec<Vec<u8>> = entries
        .map(|entry| render_entry(feed, entry, format))
        .collect::<Result<_, _>>()?;
    let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
    render_around(feed, &entries, format).map(|(bytes, _)| bytes)
}

/// An entry's bytes in a feed, for [`render_around`]. Of the feed they depend on its scheme alone: an
/// entry says its language, also where the feed does, and is the same in every feed of a site.
///
/// # Errors
/// As [`render`].
pub fn render_entry(feed: &Feed, entry: &Entry, format: Format) -> Result<Vec<u8>, FeedError> {
    match format {
        Format::Rss => rss::entry(feed, entry),
        Format::Atom => atom::entry(feed, entry),
        Format::Json => json::entry(entry),
    }
}

/// The feed's bytes with these entries in place of its own, and where in them each is.
///
/// # Errors
/// As [`render`].
pub fn render_around(
    feed: &Feed,
    entries: &[&[u8]],
    format: Format,
) -> Result<(Vec<u8>, Vec<Range<usize>>), FeedError> {
    let frame = match format {
        Format::Rss => rss::frame(feed).map(|frame| frame.styled(feed)),
        Format::Atom => atom::frame(feed).map(|frame| frame.styled(feed)),
        Format::Json => json::frame(feed, entries.is_empty()),
    };
    Ok(frame?.around(entries))
}

/// Would a feed with this publication be valid in every format?
///
/// # Errors
/// [`FeedError::Date`], [`FeedError::Address`].
pub fn check(publication: &Publication) -> Result<(), FeedError> {
    let of = &publication.id.0;
    write::date_in_range(of, publication.published)?;
    write::date_in_range(of, publication.updated)?;
    let latest = publication
        .archived
        .as_ref()
        .and_then(|a| a.latest.as_ref());
    let files = publication.enclosures.iter().map(|file| &file.url);
    let others = latest.into_iter().chain(&publication.image).chain(files);
    for address in [of, &publication.link].into_iter().chain(others) {
        let plain = !address.contains(|c: char| c.is_whitespace() || c.is_control());
        if !plain || url::Url::parse(address).is_err() {
            return Err(FeedError::Address {
                of: of.clone(),
                address: address.clone(),
            });
        }
    }
    Ok(())
}

impl Feed {
    /// Where the feed is in this format.
    fn url(&self, format: Format) -> String {
        let Feed {
            base, stem, query, ..
        } = self;
        write::url(&format!("{base}{stem}.{format}{query}"))
    }

    /// Where another document of the feed is.
    fn url_of(&self, stem: &str, format: Format) -> String {
        write::url(&format!("{}{stem}.{format}", self.base))
    }

    /// The language to declare for the feed as a whole.
    fn main_language(&self) -> &Language {
        self.language.as_ref().unwrap_or(&self.site_language)
    }
}

impl Entry {
    fn authors(&self) -> impl Iterator<Item = String> {
        let names = self.publication.authors.iter();
        names
            .map(|name| write::line(name))
            .filter(|n| !n.is_empty())
    }

    /// URL of the current version, if this one is archived (RFC 5829 `latest-version`).
    fn latest_version(&self) -> Option<String> {
        let archived = self.publication.archived.as_ref()?;
        archived.latest.as_deref().map(write::url)
    }
}
