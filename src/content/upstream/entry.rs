//! One entry: what it is called, where it lives, and what it says.

use chrono::{DateTime, Utc};
use feed_rs::model::{Entry, Feed, FeedType, Link, MediaContent, Text};
use jiff::Timestamp;
use url::Url;

use super::prepare::Extra;
use super::{Reader, TELL_THEM};
use crate::content::parse::{Page, Place, absolute, is_iri};
use crate::domain::publication::Enclosure;
use crate::domain::{BodyHash, Found, Language, Problem, PublicationId};
use crate::text::html;

/// The longest name of an entry in its source, in bytes.
const KEY: usize = 500;
/// A title that is made of the text, in characters.
const TITLE: usize = 80;
/// The most files that belong to an entry.
const FILES: usize = 20;

/// Media types by the end of a file's name, for those who say none.
const TYPES: [(&str, &str); 12] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
];

impl Reader {
    /// An entry as a publication, or what is wrong with it and what that is about.
    pub(super) fn entry(
        &self,
        url: &Url,
        feed: &Feed,
        entry: Entry,
        extra: Extra,
    ) -> Result<Found, (String, Problem)> {
        let id = one_line(&entry.id);
        let own_link = link(url, feed, &entry, &id);
        let home = || {
            feed.links
                .iter()
                .filter(|link| is_page(link))
                .find_map(|link| absolute(url, &link.href))
        };
        let link = own_link
            .clone()
            .or_else(home)
            .unwrap_or_else(|| url.clone());
        let (body, summary) = words(&entry, says_types(feed));
        let title = title(&entry, feed, summary.as_deref(), &body);
        let (path, declared) = names(feed, id, own_link.as_ref(), &title, &body);
        let wrong = |what: String| (path.clone(), Problem::of_file("", what, TELL_THEM));
        if title.is_empty() {
            return Err(wrong(format!(
                "an entry has neither title nor text: {path}"
            )));
        }
        if self
            .own
            .iter()
            .any(|own| declared.as_ref().is_some_and(|id| id.0.starts_with(own)))
        {
            return Err(wrong(format!(
                "“{title}” claims an id that is this site's own: {path}"
            )));
        }
        let (found_image, enclosures) = media(&link, feed, &entry, extra.enclosures);
        let image = extra
            .image
            .and_then(|image| absolute(&link, &image))
            .map(String::from);
        let image = image.or(found_image);
        let published = instant(entry.published.or(entry.updated));
        let page = Page {
            id: declared,
            title,
            language: Some(self.language_of(feed, &entry)),
            place: Place::Url(link.to_string()),
            published,
            updated: instant(entry.updated),
            tags: tags(&entry),
            summary,
            body,
            authors: authors(feed, &entry),
            image,
            enclosures,
            ..Page::default()
        };
        let found = self.context.complete(&path, page).map_err(|problems| {
            // What it says was looked at above: there is one.
            let what = problems.into_iter().map(|problem| problem.what);
            wrong(what.collect::<Vec<_>>().join("; "))
        })?;
        // What stands for a path is no name that an author gave.
        Ok(Found { tie: None, ..found })
    }

    /// The entry's language, or the feed's, where the site has it: `en` is taken for `en-GB`, and
    /// the other way round.
    fn language_of(&self, feed: &Feed, entry: &Entry) -> Language {
        let declared = [&entry.language, &feed.language].into_iter().flatten();
        declared
            .filter_map(|text| Language::parse(text).ok())
            .find_map(|language| {
                let exact = self.languages.iter().find(|known| **known == language);
                exact.or_else(|| {
                    let same = |known: &&Language| known.primary() == language.primary();
                    self.languages.iter().find(same)
                })
            })
            .unwrap_or(&self.language)
            .clone()
    }
}

/// What the entry is called in its source, and the id that it declares. Without one it goes by its
/// link, which RSS 1.0 has for an id; without that, or where the link is only the site's, by its
/// words.
fn names(
    feed: &Feed,
    id: String,
    link: Option<&Url>,
    title: &str,
    body: &str,
) -> (String, Option<PublicationId>) {
    let declared = |id: &str| is_iri(id).then(|| PublicationId(id.to_owned()));
    if !id.is_empty() {
        return (bounded(&id), declared(&id));
    }
    let is_the_sites = |link: &Url| feed.links.iter().any(|one| one.href == link.as_str());
    let Some(link) = link.filter(|link| !is_the_sites(link)) else {
        let words = BodyHash::of(&format!("{title}\n{body}")).to_hex();
        return (words, None);
    };
    let of_rdf = feed.feed_type == FeedType::RSS1;
    (
        bounded(link.as_str()),
        declared(link.as_str()).filter(|_| of_rdf),
    )
}

/// Long names are cut, and told apart by what they were.
fn bounded(name: &str) -> String {
    if name.len() <= KEY {
        return name.to_owned();
    }
    let mut end = KEY - 70;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let head = name.get(..end).unwrap_or_default();
    format!("{head}~{}", BodyHash::of(name).to_hex())
}

/// Is it a page for people, and no file, comment or other form of the same?
fn is_page(link: &Link) -> bool {
    link.target.is_none() && link.rel.as_deref().is_none_or(|rel| rel == "alternate")
}

/// Feed-rs has attachments of JSON Feed among the links.
fn is_attachment(feed: &Feed, link: &Link) -> bool {
    link.rel.as_deref() == Some("enclosure")
        || (feed.feed_type == FeedType::JSON && link.media_type.is_some())
}

/// Where the entry lives: its link, or its id, which in RSS 2.0 is one unless it says otherwise.
fn link(url: &Url, feed: &Feed, entry: &Entry, id: &str) -> Option<Url> {
    let mut pages = entry
        .links
        .iter()
        .filter(|link| is_page(link) && !is_attachment(feed, link));
    pages
        .find_map(|link| absolute(url, &link.href))
        .or_else(|| Url::parse(id).ok().filter(is_web))
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Does it say of what type its texts are?
fn says_types(feed: &Feed) -> bool {
    matches!(feed.feed_type, FeedType::Atom | FeedType::JSON)
}

/// The body as HTML, and the summary where that is another text.
fn words(entry: &Entry, is_declared: bool) -> (String, Option<String>) {
    let content = entry.content.as_ref().and_then(|content| {
        let body = content.body.as_deref()?.trim();
        let kind = content.content_type.to_string();
        let is_text = kind.starts_with("text/") || kind.starts_with("application/xhtml");
        (!body.is_empty() && is_text).then(|| as_html(body, &kind, true))
    });
    let summary = entry
        .summary
        .as_ref()
        .filter(|text| !text.content.trim().is_empty());
    let summary_html =
        summary.map(|text| as_html(&text.content, text.content_type.as_ref(), is_declared));
    match (content, summary_html) {
        (Some(body), summary) => {
            let base = entry.base.as_deref().and_then(|base| Url::parse(base).ok());
            let rebased = base.and_then(|base| html::sanitise(&body, &base).ok());
            let summary = summary.map(|summary| html::plain(&summary));
            (rebased.unwrap_or(body), summary)
        }
        (None, Some(body)) => (body, None),
        (None, None) => (String::new(), None),
    }
}

/// A text of a media type as HTML. RSS does not say of what type it is: there its looks decide.
fn as_html(text: &str, media_type: &str, is_declared: bool) -> String {
    let is_plain = if is_declared {
        media_type.starts_with("text/plain")
    } else {
        !looks_like_html(text)
    };
    if !is_plain {
        return text.to_owned();
    }
    let paragraphs = text.split("\n\n").map(str::trim);
    paragraphs
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| format!("<p>{}</p>", html::escape(paragraph).replace('\n', "<br>")))
        .collect()
}

/// Does it have an entity, or the end of an element?
fn looks_like_html(text: &str) -> bool {
    let is_entity = |rest: &str| {
        let name = rest.split(';').next().unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '#';
        name.len() < rest.len() && (2..10).contains(&name.len()) && name.chars().all(fits)
    };
    ["</", "/>", "<p>", "<br>", "<img "]
        .iter()
        .any(|mark| text.contains(mark))
        || text.split('&').skip(1).any(|rest| {
            // Names of entities are short: nothing is read twice.
            let end = rest.char_indices().nth(12).map_or(rest.len(), |(at, _)| at);
            is_entity(&rest[..end])
        })
}

/// Plain text on one line. Without a title, the words begin with one.
fn title(entry: &Entry, feed: &Feed, summary: Option<&str>, body: &str) -> String {
    let plain = |text: &Text| {
        let kind = text.content_type.to_string();
        let is_declared = says_types(feed);
        if kind.starts_with("text/plain") && (is_declared || !looks_like_html(&text.content)) {
            one_line(&text.content)
        } else {
            html::plain(&text.content)
        }
    };
    let title = entry.title.as_ref().map(plain).unwrap_or_default();
    if !title.is_empty() {
        return title;
    }
    let words = summary.map_or_else(|| html::summary(body), one_line);
    html::shorten(&words, TITLE)
}

fn one_line(text: &str) -> String {
    html::one_line(text)
}

/// The picture that stands for the entry, and the files that belong to it. Pictures are no files
/// to be listened to, however they are enclosed.
fn media(
    base: &Url,
    feed: &Feed,
    entry: &Entry,
    enclosed: Vec<(String, Option<String>, Option<u64>)>,
) -> (Option<String>, Vec<Enclosure>) {
    let linked = entry.links.iter().filter(|link| is_attachment(feed, link));
    let linked = linked.filter_map(|link| {
        let url = absolute(base, &link.href)?;
        Some((
            url,
            link.media_type.clone(),
            link.length,
            link.title.clone(),
        ))
    });
    let enclosed = enclosed.into_iter();
    let enclosed = enclosed
        .filter_map(|(url, kind, length)| Some((absolute(base, &url)?, kind, length, None)));
    let of_media = entry.media.iter().flat_map(|object| {
        // Of several nobody knows which it is the title of.
        let title = object.title.as_ref().filter(|_| object.content.len() == 1);
        object.content.iter().map(move |content| (content, title))
    });
    let of_media = of_media.filter_map(|(content, title): (&MediaContent, Option<&Text>)| {
        let url = content.url.clone().filter(is_web)?;
        let kind = content.content_type.as_ref().map(ToString::to_string);
        let title = title.map(|title| title.content.clone());
        Some((url, kind, content.size, title))
    });
    let thumbnails = entry.media.iter().flat_map(|object| &object.thumbnails);
    let mut image = thumbnails
        .filter_map(|thumbnail| absolute(base, &thumbnail.image.uri))
        .map(String::from)
        .next();
    let mut enclosures: Vec<Enclosure> = Vec::new();
    for (url, kind, length, title) in linked.chain(enclosed).chain(of_media) {
        let Some(media_type) = kind.or_else(|| by_name(&url).map(str::to_owned)) else {
            continue;
        };
        let url = String::from(url);
        if media_type.starts_with("image/") {
            image.get_or_insert(url);
        } else if enclosures.len() < FILES && enclosures.iter().all(|other| other.url != url) {
            enclosures.push(Enclosure {
                url,
                media_type,
                length,
                title,
            });
        }
    }
    (image, enclosures)
}

fn by_name(url: &Url) -> Option<&'static str> {
    let (_, end) = url.path().rsplit_once('.')?;
    let known = TYPES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(end));
    known.map(|(_, media_type)| *media_type)
}

fn tags(entry: &Entry) -> Vec<String> {
    let labels = entry.categories.iter().map(|category| {
        let label = category
            .label
            .as_ref()
            .filter(|label| !label.trim().is_empty());
        label.unwrap_or(&category.term).clone()
    });
    labels.collect()
}

/// Names alone: an e-mail address is nobody's business but the feed's. An Atom entry without
/// authors has the feed's (RFC 4287, section 4.2.1).
fn authors(feed: &Feed, entry: &Entry) -> Vec<String> {
    let people = if entry.authors.is_empty() {
        &feed.authors
    } else {
        &entry.authors
    };
    let names = people.iter().filter_map(|person| person.name.as_deref());
    names
        .map(|name| {
            name.trim_matches(|c: char| c.is_whitespace() || "()<>[]".contains(c))
                .to_owned()
        })
        .collect()
}

fn instant(date: Option<DateTime<Utc>>) -> Option<Timestamp> {
    let date = date?;
    let nanoseconds = date.timestamp_subsec_nanos().try_into().ok()?;
    Timestamp::new(date.timestamp(), nanoseconds).ok()
}
