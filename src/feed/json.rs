//! JSON Feed 1.1 (<https://www.jsonfeed.org/version/1.1/>).

use serde::Serialize;

use super::frame::{Frame, cut};
use super::write::{line, lines, media_type, rfc3339, url};
use super::{Entry, Feed, FeedError, Format};
use crate::domain::publication::Enclosure;

#[derive(Serialize)]
struct Document {
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    language: String,
    authors: Vec<Author>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub>,
    items: [Item; 0],
}

#[derive(Serialize)]
struct Hub {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Author {
    name: String,
}

#[derive(Serialize)]
struct Item {
    id: String,
    url: String,
    title: String,
    language: String,
    #[serde(flatten)]
    content: Content,
    date_published: String,
    date_modified: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment>,
    #[serde(rename = "_wici", skip_serializing_if = "Option::is_none")]
    extension: Option<Extension>,
}

#[derive(Serialize)]
struct Attachment {
    url: String,
    mime_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
}

/// An item must have one kind of content or the other.
#[derive(Serialize)]
#[serde(untagged)]
enum Content {
    Full {
        #[serde(skip_serializing_if = "String::is_empty")]
        summary: String,
        content_html: String,
    },
    Summary {
        content_text: String,
    },
}

/// What JSON Feed has no word for; the specification asks for `about`.
#[derive(Serialize)]
struct Extension {
    about: &'static str,
    /// RFC 5829: where the current version of an archived page is.
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_version: Option<String>,
    /// The same in other languages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    translations: Vec<Translated>,
}

#[derive(Serialize)]
struct Translated {
    language: String,
    url: String,
    id: String,
    title: String,
}

const END: &str = "]\n}";

pub fn frame(feed: &Feed, is_empty: bool) -> Result<Frame, FeedError> {
    let document = Document {
        version: "https://jsonfeed.org/version/1.1",
        title: line(&feed.title),
        home_page_url: url(&feed.home),
        feed_url: feed.url(Format::Json),
        description: lines(&feed.description),
        language: feed.main_language().to_string(),
        authors: vec![Author {
            name: line(&feed.author),
        }],
        hubs: feed
            .hub
            .iter()
            .map(|hub| Hub {
                kind: "WebSub",
                url: url(hub),
            })
            .collect(),
        items: [],
    };
    let mut frame = Frame::parted(serde_json::to_vec_pretty(&document)?, END)?;
    frame.separator = b",";
    if !is_empty {
        frame.close.splice(..0, *b"\n  ");
    }
    Ok(frame)
}

pub fn entry(entry: &Entry) -> Result<Vec<u8>, FeedError> {
    // Indented as far as it stands in a feed.
    let nested = [[item(entry)?]];
    cut(serde_json::to_vec_pretty(&nested)?, "\n    {", "\n  ]")
}

fn item(entry: &Entry) -> Result<Item, FeedError> {
    let publication = &entry.publication;
    let id = line(&publication.id.0);
    let summary = lines(&publication.summary);
    let categories = entry.categories.iter();
    Ok(Item {
        url: url(&publication.link),
        title: line(&publication.title),
        language: publication.language.to_string(),
        content: match &entry.body {
            Some(body) => Content::Full {
                summary,
                content_html: lines(body),
            },
            None => Content::Summary {
                content_text: summary,
            },
        },
        date_published: rfc3339(&id, publication.published)?,
        date_modified: rfc3339(&id, publication.updated)?,
        authors: entry.authors().map(|name| Author { name }).collect(),
        tags: categories.map(|category| line(&category.label)).collect(),
        image: publication.image.as_deref().map(url),
        attachments: publication.enclosures.iter().map(attachment).collect(),
        extension: extension(entry),
        id,
    })
}

fn extension(entry: &Entry) -> Option<Extension> {
    let latest_version = entry.latest_version();
    let translations = entry.translations.iter().map(|other| Translated {
        language: other.language.to_string(),
        url: url(&other.link),
        id: line(&other.id.0),
        title: line(&other.title),
    });
    let translations: Vec<Translated> = translations.collect();
    (latest_version.is_some() || !translations.is_empty()).then_some(Extension {
        about: env!("CARGO_PKG_REPOSITORY"),
        latest_version,
        translations,
    })
}

fn attachment(enclosure: &Enclosure) -> Attachment {
    Attachment {
        url: url(&enclosure.url),
        mime_type: media_type(&enclosure.media_type).to_owned(),
        title: enclosure.title.as_deref().map(line),
        size_in_bytes: enclosure.length,
    }
}
