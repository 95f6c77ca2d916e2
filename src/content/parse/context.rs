//! What the path and the configuration add to what the author said.

mod link;
mod permalink;

pub(super) use permalink::is_pattern;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;
use url::Url;

use super::MAX_BYTES;
use super::labels::Labels;
use super::language::Guess;
use super::names::Name;
use super::page::Page;
use crate::config;
use crate::domain::publication::Enclosure;
use crate::domain::{
    Found, Language, Problem, PublicationId, TagDefinition, TagId, TagMention, Tie,
};
use crate::text::tags::{TagNames, fold};
use crate::text::{html, slug::slug};

/// The longest title, in characters.
const TITLE: usize = 300;
/// The longest declared summary, and the longest change note, in characters.
const TEXT: usize = 1_000;
/// The longest label or name, in characters.
const LABEL: usize = 200;
/// The longest URL, in bytes.
const URL: usize = 2_000;
/// The most tags, the most authors, and the most files.
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
    /// What the source was called first.
    source: String,
    pattern: String,
    language: Language,
    languages: Vec<Language>,
    guess: Guess,
    pub(in crate::content) zone: TimeZone,
    /// By which saved portal pages mark their parts.
    pub(super) labels: Labels,
    tags: TagNames,
}

impl Context {
    /// Of one source.
    pub fn new(
        source: &config::Source,
        site: &config::Site,
        tags: &[TagDefinition],
        labels: &[config::Labels],
    ) -> Context {
        Context::named(source.first_name(), &source.link, site, tags, labels)
    }

    /// Of the source that is an upstream feed.
    pub(in crate::content) fn of_upstream(
        upstream: &config::Upstream,
        site: &config::Site,
        tags: &[TagDefinition],
    ) -> Context {
        // Its entries say where they live.
        Context::named(upstream.first_name(), "", site, tags, &[])
    }

    fn named(
        source: &str,
        pattern: &str,
        site: &config::Site,
        tags: &[TagDefinition],
        labels: &[config::Labels],
    ) -> Context {
        Context {
            site: site.url.clone(),
            authority: site.authority.clone(),
            source: source.to_owned(),
            pattern: pattern.to_owned(),
            language: site.language.clone(),
            languages: site.languages.clone(),
            guess: Guess::among(&site.languages, &site.language),
            zone: site.zone.clone(),
            labels: Labels::new(labels),
            tags: TagNames::of(tags),
        }
    }

    /// Everything together.
    ///
    /// # Errors
    /// All that is wrong with the page.
    pub(in crate::content) fn complete(
        &self,
        path: &str,
        mut page: Page,
    ) -> Result<Found, Vec<Problem>> {
        let mut problems = std::mem::take(&mut page.problems);
        let title = html::shorten(&html::one_line(&page.title), TITLE);
        // A page that could not be read to its first heading may have one.
        if title.is_empty() && (problems.is_empty() || !page.body.is_empty()) {
            problems.push(Problem::of_file(
                path,
                "there is no title",
                "add `title:` to the front matter, or begin the text with a heading",
            ));
        }
        let name = Name::of(path, &self.languages);
        let link = self.link(path, &name, &page);
        let link = match link {
            Ok(link) if problems.is_empty() => link,
            link => {
                problems.append(&mut page.flaws);
                problems.extend(link.err());
                return Err(problems);
            }
        };
        let base = page.base.and_then(|base| absolute(&link, &base));
        let base = base.unwrap_or_else(|| link.clone());
        let body = html::sanitise(&page.body, &base).map_err(|error| {
            let remedy = "simplify the markup of this page";
            vec![Problem::of_file(path, error.to_string(), remedy)]
        })?;
        if body.len() > MAX_BYTES {
            let what = "the page is larger than 16 MiB as HTML";
            return Err(vec![Problem::of_file(path, what, "split it")]);
        }
        let summary = match page.summary.map(|summary| html::one_line(&summary)) {
            Some(declared) if !declared.is_empty() => html::shorten(&declared, TEXT),
            _ => html::summary(&body),
        };
        let declared = page.language;
        // What the page's own words say is surer than the labels around them.
        let language = declared
            .clone()
            .or_else(|| name.language().cloned())
            .or_else(|| self.known(&page.markup_language?))
            .or_else(|| self.guess.of(&title, &summary, &body).cloned())
            .or(page
                .labels_language
                .filter(|known| self.languages.contains(known)))
            .unwrap_or_else(|| self.language.clone());
        let tie = self.tie(&name, page.translation_key, declared.as_ref());
        let published = page.published.or_else(|| self.midnight(&name));
        let mut flaws = page.flaws;
        flaws.extend(never_readable(path, published, page.expires));
        let note = page.change_note.map(|note| html::one_line(&note));
        Ok(Found {
            path: path.to_owned(),
            declared_id: page.id,
            minted_id: self.minted_id(path),
            image: page
                .image
                .and_then(|image| absolute(&base, &image))
                .map(String::from),
            enclosures: enclosures(page.enclosures, &link),
            expires: page.expires,
            flaws,
            link: link.into(),
            language,
            published,
            updated: page.updated,
            tags: self.tags(&page.tags),
            title,
            summary,
            body: body.into(),
            authors: labels(&page.authors).take(MANY).collect(),
            archived: page.archived,
            change_note: note
                .filter(|note| !note.is_empty())
                .map(|note| html::shorten(&note, TEXT)),
            translation_of: page.translation_of,
            tie,
        })
    }

    /// By what the page and its translations know each other: the key that they share, else what
    /// they are called. On a site of one language nothing is translated.
    fn tie(
        &self,
        name: &Name<'_>,
        key: Option<String>,
        declared: Option<&Language>,
    ) -> Option<Tie> {
        let by_name = || {
            let shared = name.in_every_language(declared);
            (self.languages.len() > 1).then(|| Tie::Name(format!("{}/{shared}", self.source)))
        };
        key.map(Tie::Key).or_else(by_name)
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

    /// The site's language that this one is, or is a variety of: `pl` for `pl-PL`.
    fn known(&self, language: &Language) -> Option<Language> {
        let primary = Language::parse(language.primary()).ok();
        [Some(language.clone()), primary]
            .into_iter()
            .flatten()
            .find(|known| self.languages.contains(known))
    }

    /// Does it lead to a place on the web, from any page of the site?
    pub(super) fn is_on_the_web(&self, written: &str) -> bool {
        written.len() <= URL && absolute(&self.site, written).is_some()
    }

    fn tags(&self, written: &[String]) -> Vec<TagMention> {
        let mut tags: Vec<TagMention> = Vec::new();
        for label in labels(written) {
            let known = self.tags.get(&label).cloned();
            let defined = known.is_some();
            let Some(id) = known.or_else(|| TagId::new(&slug(&label)?).ok()) else {
                continue;
            };
            // Labels that differ and share a slug are for the store to tell apart.
            let same = |tag: &TagMention| {
                tag.id == id && (tag.defined || fold(&tag.label) == fold(&label))
            };
            if !tags.iter().any(same) && tags.len() < MANY {
                tags.push(TagMention { id, label, defined });
            }
        }
        tags
    }
}

/// What expires before it is published is taken at its word, and is never in the feeds; its author
/// should know.
fn never_readable(
    path: &str,
    published: Option<Timestamp>,
    expires: Option<Timestamp>,
) -> Option<Problem> {
    let (published, expires) = (published?, expires?);
    (expires <= published).then(|| {
        Problem::of_file(
            path,
            format!("it expires ({expires}) before it is published ({published}), so nobody ever reads it"),
            "correct `expires`, or the date",
        )
    })
}

/// An http or https URL, relative ones against `base`.
pub(in crate::content) fn absolute(base: &Url, written: &str) -> Option<Url> {
    let url = base.join(written.trim()).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

fn enclosures(written: Vec<Enclosure>, base: &Url) -> Vec<Enclosure> {
    written
        .into_iter()
        .filter_map(|enclosure| {
            let url = absolute(base, &enclosure.url)?.into();
            let title = enclosure.title.map(|title| html::one_line(&title));
            let title = title.filter(|title| !title.is_empty());
            Some(Enclosure {
                url,
                title: title.map(|title| html::shorten(&title, TITLE)),
                ..enclosure
            })
        })
        .take(MANY)
        .collect()
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
