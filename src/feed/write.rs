//! What the formats have in common: texts and dates that each of them can carry.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

use super::FeedError;
use crate::text::xml;

/// One line: a parser may turn line ends into spaces (in attributes it must, XML 1.0 3.3.3), so
/// every run of white space becomes one space beforehand. No-break spaces stay.
pub fn line(text: &str) -> String {
    let text = xml::clean(text);
    let words = text.split([' ', '\t', '\r', '\n']);
    words
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// An address as every reader takes it: an IRI becomes the URL that it stands for. What is neither
/// stays as it is.
pub fn url(text: &str) -> String {
    let text = line(text);
    url::Url::parse(&text).map_or(text, String::from)
}

/// A media type as every schema takes it; what is none is any file.
pub fn media_type(text: &str) -> &str {
    let is_token = |part: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        !part.is_empty() && part.bytes().all(allowed)
    };
    match text.split_once('/') {
        Some((kind, sort)) if is_token(kind) && is_token(sort) => text,
        _ => "application/octet-stream",
    }
}

/// Media RSS (<https://www.rssboard.org/media-rss>), whose `thumbnail` is what readers show beside
/// a title: prefix and namespace.
pub const MEDIA: (&str, &str) = ("media", "http://search.yahoo.com/mrss/");

/// Any number of lines, ended as every XML parser ends them (XML 1.0 2.11).
pub fn lines(text: &str) -> String {
    xml::clean(text).replace("\r\n", "\n").replace('\r', "\n")
}

/// `Wed, 18 Dec 2013 00:00:00 +0000`
pub fn rfc2822(of: &str, date: Timestamp) -> Result<String, FeedError> {
    date_in_range(of, date)?;
    rfc2822::DateTimePrinter::new()
        .zoned_datetime_to_string(&date.to_zoned_datetime(TimeZone::UTC))
        .map_err(|_| out_of_range(of, date))
}

/// `2013-12-18T00:00:00Z`: whole seconds, cut off.
pub fn rfc3339(of: &str, date: Timestamp) -> Result<String, FeedError> {
    date_in_range(of, date)?;
    Ok(format!("{date:.0}"))
}

/// Whole seconds, as `atom_syndication` takes and prints them.
pub fn chrono(of: &str, date: Timestamp) -> Result<atom_syndication::FixedDateTime, FeedError> {
    date_in_range(of, date)?;
    chrono::DateTime::from_timestamp(date.as_second(), 0)
        .map(|date| date.fixed_offset())
        .ok_or_else(|| out_of_range(of, date))
}

/// RFC 2822 wants four digits; XML Schema has no year 0.
pub fn date_in_range(of: &str, date: Timestamp) -> Result<(), FeedError> {
    let year = date.to_zoned_datetime(TimeZone::UTC).year();
    if (1..=9999).contains(&year) {
        Ok(())
    } else {
        Err(out_of_range(of, date))
    }
}

fn out_of_range(of: &str, date: Timestamp) -> FeedError {
    FeedError::Date {
        of: of.to_owned(),
        date,
    }
}
