//! An upstream feed's bytes as publications. Pure: nothing is asked for here.
//!
//! feed-rs reads the formats; what it does otherwise than is wanted here is put right around it:
//!
//! | feed-rs | here |
//! | --- | --- |
//! | decodes by the XML declaration alone, and fails at a wrong one | [`decode`] |
//! | knows RSS 0.91, 0.92 and 2.0 by their version, and no older namespaces | [`prepare`] |
//! | takes any number of attributes and namespaces, at a cost of their square | [`prepare`] |
//! | JSON: a number for an id, or an attachment without a type, ends it all | [`prepare`] |
//! | makes ids up, of link and title | none: [`entry`] has its own, that survive a new title |
//! | drops an enclosure beside `media:content`, and the picture of JSON Feed | [`prepare`] |
//! | reads dates without a zone, and of unknown ones, as none | [`date`] |
//! | says nowhere at which line XML is ill-formed | [`prepare`] |
//! | panics at some e-mail addresses | whoever calls catches that |

mod date;
mod decode;
mod entry;
pub mod pace;
mod prepare;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use feed_rs::parser::{self, ParseErrorKind, ParseFeedError};
use url::Url;

use super::parse::Context;
use crate::config::{Config, Upstream};
use crate::domain::{BodyHash, Found, Language, Problem};
use crate::net;
use prepare::Prepared;

/// What a fault is remedied by that is not ours.
const TELL_THEM: &str = "tell whoever runs that site; what was read of the feed before stays";

/// Reads the feeds of one upstream.
#[derive(Debug, Clone)]
pub struct Reader {
    context: Context,
    language: Language,
    languages: Vec<Language>,
    /// What ids begin with that this site mints for its own sources.
    own: Vec<String>,
}

/// What a feed held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// In the feed's order.
    pub found: Vec<Found>,
    /// Of single entries, each with what it is about.
    pub problems: Vec<(String, Problem)>,
}

impl Reader {
    /// Of one upstream.
    pub fn new(upstream: &Upstream, config: &Config) -> Reader {
        let own = |name: &String| format!("tag:{}:{name}/", config.site.authority);
        Reader {
            context: Context::of_upstream(upstream, &config.site, &config.tags),
            language: config.site.language.clone(),
            languages: config.site.languages.clone(),
            own: config.called.keys().map(own).collect(),
        }
    }

    /// Names this way of reading: another one may make something else of the same feed.
    pub fn name(&self) -> String {
        let way = format!("{} {self:?}", env!("CARGO_PKG_VERSION"));
        BodyHash::of(&way).to_hex()
    }

    /// Reads a feed that came from `url` with this media type (its `charset` counts).
    ///
    /// # Errors
    /// It is no feed, or is too ill-formed to be read.
    pub fn read(
        &self,
        url: &Url,
        media_type: Option<&str>,
        bytes: &[u8],
    ) -> Result<Reading, Problem> {
        let shown = net::shown(url);
        let text = decode::decode(bytes, media_type).map_err(|line| {
            let what = "the feed is in none of the encodings that it may be in";
            at_line(Problem::of_file(&shown, what, TELL_THEM), line)
        })?;
        let prepared = prepare::prepare(&text)
            .map_err(|(line, what)| at_line(Problem::of_file(&shown, what, TELL_THEM), line))?;
        let zone = self.context.zone.clone();
        let parser = parser::Builder::new()
            .base_uri(Some(url.as_str()))
            .id_generator(|_, _, _| String::new())
            .sanitize_content(false)
            .timestamp_parser(move |text| date::parse(text, &zone))
            .build();
        let mut feed = parser
            .parse(prepared.text.as_bytes())
            .map_err(|error| unreadable(&shown, media_type, &prepared, &error))?;
        let entries = std::mem::take(&mut feed.entries);
        let extras = prepared.extras.into_iter();
        let extras = extras.chain(std::iter::repeat_with(Default::default));
        let mut reading = Reading::default();
        let mut seen = BTreeMap::new();
        for (entry, extra) in entries.into_iter().zip(extras) {
            let taken = self.entry(url, &feed, entry, extra);
            reading.take(&shown, taken, &mut seen);
        }
        Ok(reading)
    }
}

impl Reading {
    /// Of two entries of one id, the first is taken: feeds have the newest on top. Some have each
    /// twice, which is nobody's problem.
    fn take(
        &mut self,
        url: &str,
        entry: Result<Found, (String, Problem)>,
        seen: &mut BTreeMap<String, (String, String)>,
    ) {
        let found = match entry {
            Ok(found) => found,
            Err((about, mut problem)) => {
                problem.file = url.into();
                return self.problems.push((about, problem));
            }
        };
        let what = (found.title.clone(), found.link.clone());
        match seen.get(&found.path) {
            None => {
                seen.insert(found.path.clone(), what);
                self.found.push(found);
            }
            Some(first) if *first == what => {}
            Some((title, _)) => {
                let what = format!(
                    "“{}” has the same id as “{title}”: {}",
                    found.title, found.path
                );
                let problem = Problem::of_file(url, what, TELL_THEM);
                self.problems.push((found.path, problem));
            }
        }
    }
}

fn at_line(problem: Problem, line: Option<u32>) -> Problem {
    match line {
        Some(line) => problem.at_line(line),
        None => problem,
    }
}

fn unreadable(
    url: &str,
    media_type: Option<&str>,
    prepared: &Prepared<'_>,
    error: &ParseFeedError,
) -> Problem {
    match error {
        ParseFeedError::ParseError(ParseErrorKind::NoFeedRoot) => {
            let kind = media_type.map_or(String::new(), |kind| format!(" but {kind}"));
            Problem::of_file(
                url,
                format!("there is no feed in RSS, Atom or JSON Feed{kind}"),
                "put the address of the feed itself into `url`; pages often name it in \
                 `<link rel=\"alternate\">`",
            )
        }
        ParseFeedError::JsonSerde(error) => {
            let line = u32::try_from(error.line()).ok().filter(|line| *line > 0);
            let what = format!("the feed is ill-formed: {error}");
            at_line(Problem::of_file(url, what, TELL_THEM), line)
        }
        other => {
            let what = format!("the feed is ill-formed: {other}");
            at_line(Problem::of_file(url, what, TELL_THEM), prepared.broken_at)
        }
    }
}
