//! What the path and the configuration add to what the author said.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;
use url::Url;

use super::MAX_BYTES;
use super::page::{Page, Place};
use crate::config;
use crate::domain::{Found, Language, Problem, PublicationId, TagDefinition, TagId, TagName};
use crate::text::{html, slug::slug};

/// The longest title, in characters.
const TITLE: usize = 300;
/// The longest declared summary, and the longest change note, in characters.
const TEXT: usize = 1_000;
/// The longest label or name, in characters.
const LABEL: usize = 200;
/// The most tags, and the most authors.
const MANY: usize = 100;

/// What may not stand raw in a segment of a URL's path (RFC 3986 3.3).
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What parsing needs to know of the configuration.
#[derive(Debug, Clone)]
pub struct Context {
    site: Url,
    authority: String,
    source: String,
    pattern: String,
    language: Language,
    languages: Vec<Language>,
    pub(in crate::content) zone: TimeZone,
    /// From the slug of every id, label and alias to the tag's id.
    tags: BTreeMap<String, TagId>,
}

impl Context {
    /// Of one source.
    pub fn new(source: &config::Source, site: &config::Site, tags: &[TagDefinition]) -> Context {
        Context {
            site: site.url.clone(),
            authority: site.authority.clone(),
            source: source.name.clone(),
            pattern: source.link.clone(),
            language: site.language.clone(),
            languages: site.languages.clone(),
            zone: site.zone.clone(),
            tags: config::tag_names(tags),
        }
    }

    /// Of the source that is an upstream feed.
    pub(in crate::content) fn of_upstream(
        upstream: &config::Upstream,
        site: &config::Site,
        tags: &[TagDefinition],
    ) -> Context {
        Context {
            site: site.url.clone(),
            authority: site.authority.clone(),
            source: upstream.name.clone(),
            // Its entries say where they live.
            pattern: String::new(),
            language: site.language.clone(),
            languages: site.languages.clone(),
            zone: site.zone.clone(),
            tags: config::tag_names(tags),
        }
    }

    /// Everything together.
    pub(in crate::content) fn complete(&self, path: &str, page: Page) -> Result<Found, Problem> {
        let title = html::shorten(&html::one_line(&page.title), TITLE);
        if title.is_empty() {
            return Err(Problem::of_file(
                path,
                "there is no title",
                "add `title:` to the front matter, or begin the text with a heading",
            ));
        }
        let link = self.link(path, &page.place)?;
        let body = html::sanitise(&page.body, &link).map_err(|error| {
            Problem::of_file(path, error.to_string(), "simplify the markup of this page")
        })?;
        if body.len() > MAX_BYTES {
            return Err(Problem::of_file(
                path,
                "the page is larger than 16 MiB as HTML",
                "split it",
            ));
        }
        let summary = match page.summary.map(|summary| html::one_line(&summary)) {
            Some(declared) if !declared.is_empty() => html::shorten(&declared, TEXT),
            _ => html::summary(&body),
        };
        let note = page.change_note.map(|note| html::one_line(&note));
        Ok(Found {
            path: path.to_owned(),
            declared_id: page.id,
            minted_id: self.minted_id(path),
            title,
            link: link.into(),
            language: self.language_of(path, page.language, page.labels_language),
            published: page.published,
            updated: page.updated,
            tags: self.tags(&page.tags),
            summary,
            body,
            authors: labels(&page.authors).take(MANY).collect(),
            archived: page.archived,
            change_note: note
                .filter(|note| !note.is_empty())
                .map(|note| html::shorten(&note, TEXT)),
            translation_of: page.translation_of,
            image: None,
            enclosures: Vec::new(),
            expires: None,
        })
    }

    /// `tag:{authority}:{source}/{path}` (RFC 4151), an IRI: what RFC 3987 does not allow there
    /// is percent-encoded, the rest stays readable.
    fn minted_id(&self, path: &str) -> PublicationId {
        let mut id = format!("tag:{}:", self.authority);
        for (index, segment) in [self.source.as_str()]
            .into_iter()
            .chain(path.split('/'))
            .enumerate()
        {
            if index > 0 {
                id.push('/');
            }
            for c in segment.chars() {
                let mut utf8 = [0; 4];
                let text: &str = c.encode_utf8(&mut utf8);
                if is_ucschar(c) && !is_invisible(c) {
                    id.push_str(text);
                } else {
                    id.extend(utf8_percent_encode(text, SEGMENT));
                }
            }
        }
        PublicationId(id)
    }

    /// The declared language, else `name.pl.md`, else `pl/…`, else that of the page's own labels,
    /// else the site's. In names and labels only the site's languages count.
    fn language_of(
        &self,
        path: &str,
        declared: Option<Language>,
        of_labels: Option<Language>,
    ) -> Language {
        let of_site = |text: &str| {
            let parsed = Language::parse(text).ok()?;
            self.languages.contains(&parsed).then_some(parsed)
        };
        let in_name = || {
            let name = path.rsplit('/').next()?;
            of_site(name.rsplit('.').nth(1)?).filter(|_| name.matches('.').count() > 1)
        };
        let in_folder = || of_site(path.split_once('/')?.0);
        declared
            .or_else(in_name)
            .or_else(in_folder)
            .or_else(|| of_labels.filter(|language| self.languages.contains(language)))
            .unwrap_or_else(|| self.language.clone())
    }

    fn link(&self, path: &str, place: &Place) -> Result<Url, Problem> {
        let wrong = |written: &str| {
            Problem::of_file(
                path,
                format!("`{written}` is not where a page can be"),
                "write an http or https URL, or a path on the site without placeholders",
            )
        };
        let (text, link) = match place {
            Place::Url(written) => {
                // Hugo and Jekyll take `/a/` for a path below the site's URL.
                let below = written.trim().trim_start_matches('/');
                let placeholders = ["{{", "/:", "{%"].iter().any(|mark| written.contains(mark))
                    || written.starts_with(':');
                let link = (!placeholders)
                    .then(|| self.site.join(below).ok())
                    .flatten();
                (written.clone(), link)
            }
            Place::Slug(slug) => self.by_pattern(path, Some(slug)),
            Place::Pattern => self.by_pattern(path, None),
        };
        link.filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| wrong(&text))
    }

    fn by_pattern(&self, path: &str, slug: Option<&str>) -> (String, Option<Url>) {
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        let mut segments: Vec<&str> = stem.split('/').collect();
        if segments.last() == Some(&"index") {
            segments.pop();
        }
        if let Some(slug) = slug {
            segments.pop();
            segments.extend(
                slug.split('/')
                    .filter(|part| !matches!(*part, "" | "." | "..")),
            );
        }
        let encoded: Vec<String> = segments
            .iter()
            .map(|segment| utf8_percent_encode(segment, SEGMENT).to_string())
            .collect();
        let pattern = if encoded.is_empty() {
            self.pattern.replace("{path}/", "{path}")
        } else {
            self.pattern.clone()
        };
        let text = pattern
            .replace("{site}", self.site.as_str())
            .replace("{path}", &encoded.join("/"));
        let link = self.site.join(&text).ok();
        (text, link)
    }

    fn tags(&self, written: &[String]) -> Vec<TagName> {
        let mut tags: Vec<TagName> = Vec::new();
        for label in labels(written) {
            let Some(id) = slug(&label).and_then(|slug| match self.tags.get(&slug) {
                Some(known) => Some(known.clone()),
                None => TagId::new(&slug).ok(),
            }) else {
                continue;
            };
            // Labels that differ and share a slug are for the store to tell apart; labels that
            // differ in case alone, or that are aliases of one tag, are one tag.
            let same = |tag: &TagName| {
                tag.id == id
                    && (self.tags.values().any(|known| *known == id)
                        || tag.label.to_lowercase() == label.to_lowercase())
            };
            if !tags.iter().any(same) && tags.len() < MANY {
                tags.push(TagName { id, label });
            }
        }
        tags
    }
}

/// Each on one line, in NFC, without empty ones.
fn labels(written: &[String]) -> impl Iterator<Item = String> {
    written.iter().filter_map(|label| {
        let label: String = html::one_line(label).nfc().take(LABEL).collect();
        let trimmed = label.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    })
}

/// RFC 3987 2.2, `ucschar`: what an IRI may have beyond ASCII.
fn is_ucschar(c: char) -> bool {
    let code = u32::from(c);
    matches!(code, 0xA0..=0xD7FF | 0xF900..=0xFDCF | 0xFDF0..=0xFFEF)
        || ((0x1_0000..=0xE_FFFD).contains(&code)
            && code & 0xFFFF <= 0xFFFD
            && !(0xE_0000..0xE_1000).contains(&code))
}

/// White space, and the marks of direction that RFC 3987 4.1 wants encoded.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Is it an IRI with a scheme (RFC 3987)? Only the outline is checked: it is a name, not a place.
pub(in crate::content) fn is_iri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let forbidden = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || "<>\"{}|\\^`".contains(c)
            || (!c.is_ascii() && !is_ucschar(c))
    };
    text.len() <= 2_000
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
        && !rest.is_empty()
        && !rest.contains(forbidden)
}
