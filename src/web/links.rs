//! Addresses of feeds and publications, and what tags are called.

use minijinja::{Value, context};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Site;
use super::reader::Reader;
use crate::domain::{FeedKey, Language, PublicationId, TagId};
use crate::feed::Format;
use crate::render::feeds_url;

/// Unreserved characters (RFC 3986 2.3) stay as they are.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// And in a path's segment these too (3.3).
const SEGMENT: &AsciiSet = &QUERY.remove(b':').remove(b',').remove(b'@');

/// A feed's addresses by format; those of formats that are not written are none.
pub(super) fn feeds(site: &Site, feed: &FeedKey) -> Value {
    let address = |format: Format| {
        let is_written = site.config.feeds.formats.contains(&format);
        is_written.then(|| address(site, feed, format))
    };
    context! {
        rss => address(Format::Rss),
        atom => address(Format::Atom),
        json => address(Format::Json),
    }
}

/// A feed in each format, for feed readers to discover.
pub(super) fn alternates(site: &Site, feed: &FeedKey, title: &str) -> Vec<Value> {
    let formats = site.config.feeds.formats.iter();
    let alternate = |format: &Format| {
        let media_type = format.media_type();
        context! {
            type => media_type.split(';').next().unwrap_or(media_type),
            address => address(site, feed, *format),
            title,
        }
    };
    formats.map(alternate).collect()
}

fn address(site: &Site, feed: &FeedKey, format: Format) -> String {
    format!("{}{}.{format}", feeds_url(&site.config), feed.stem())
}

/// Where the list of all feeds is, or of those in a language.
pub(super) fn list(site: &Site, language: Option<&Language>) -> String {
    let folder = language.map_or(String::new(), |language| format!("{language}/"));
    format!("{}{folder}index.opml", feeds_url(&site.config))
}

/// The path of a publication's page, below the public base.
pub(super) fn entry(id: &PublicationId) -> String {
    format!("entry/{}", utf8_percent_encode(&id.0, SEGMENT))
}

/// A letter to be written about something (RFC 6068).
pub(super) fn letter(subject: &str, text: &str) -> String {
    let [subject, text] = [subject, text].map(|text| utf8_percent_encode(text, QUERY));
    format!("mailto:?subject={subject}&body={text}")
}

/// What the site calls a tag in a language, if its configuration says.
pub(super) fn label<'s>(site: &'s Site, tag: &TagId, language: &Language) -> Option<&'s str> {
    let defined = site.config.tags.iter().find(|defined| defined.id == *tag);
    defined?.label(language, &site.config.site.language)
}

/// The language, if it is not the reader's.
pub(super) fn foreign(reader: &Reader, language: &Language) -> Option<String> {
    let primary = language.primary();
    (primary != reader.language.primary()).then(|| primary.to_owned())
}
