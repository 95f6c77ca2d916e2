//! RSS 2.0, with `atom:link` for what RSS lacks words for and Dublin Core for authors, since RSS
//! itself wants their mail addresses.

use std::collections::BTreeMap;
use std::iter;

use ::rss::extension::atom::{AtomExtension, Link};
use ::rss::extension::dublincore::{self, DublinCoreExtension};
use ::rss::extension::{Extension, ExtensionMap};
use ::rss::{Category, Channel, Enclosure, Guid, Item};
use quick_xml::escape::partial_escape;

use super::frame::{Frame, cut};
use super::history;
use super::write::{MEDIA, line, lines, media_type, rfc2822, url};
use super::{Entry, Feed, FeedError, Format};
use crate::domain::{Language, Publication, publication};

const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
const ITEM: &str = "\n    <item>";
const END: &str = "\n  </channel>";

pub fn frame(feed: &Feed) -> Result<Frame, FeedError> {
    let own = link("self", feed.url(Format::Rss), Some("application/rss+xml"));
    let history =
        history::links(feed).map(|(rel, href)| link(rel, href, Some("application/atom+xml")));
    let hub = feed.hub.as_deref().map(|hub| link("hub", url(hub), None));
    let channel = Channel {
        title: line(&feed.title),
        link: url(&feed.home),
        description: lines(&feed.description),
        language: Some(feed.main_language().to_string()),
        last_build_date: Some(rfc2822(&feed.id, feed.updated)?),
        generator: Some(env!("CARGO_PKG_NAME").to_owned()),
        ttl: Some(feed.ttl.to_string()),
        docs: Some("https://www.rssboard.org/rss-specification".to_owned()),
        atom_ext: Some(AtomExtension {
            links: iter::once(own).chain(hub).chain(history).collect(),
        }),
        // What entries need, whichever there are.
        namespaces: [("content", CONTENT), ("dc", dublincore::NAMESPACE), MEDIA]
            .map(|(prefix, name)| (prefix.to_owned(), name.to_owned()))
            .into(),
        ..Channel::default()
    };
    Frame::parted(channel.pretty_write_to(Vec::new(), b' ', 2)?, END)
}

pub fn entry(feed: &Feed, entry: &Entry) -> Result<Vec<u8>, FeedError> {
    let channel = Channel {
        items: vec![item(feed, entry)?],
        ..Channel::default()
    };
    let size = 1_000 + entry.body.as_ref().map_or(0, |body| body.len());
    let bytes = channel.pretty_write_to(Vec::with_capacity(size), b' ', 2)?;
    cut(bytes, ITEM, END)
}

fn item(feed: &Feed, entry: &Entry) -> Result<Item, FeedError> {
    let publication = &entry.publication;
    let id = line(&publication.id.0);
    let summary = lines(&publication.summary);
    let categories = entry.categories.iter().map(|category| Category {
        name: line(&category.label),
        domain: Some(line(&feed.scheme)),
    });
    let dublin_core = DublinCoreExtension {
        creators: entry.authors().collect(),
        languages: vec![publication.language.to_string()],
        ..DublinCoreExtension::default()
    };
    let links = links(entry);
    Ok(Item {
        title: Some(line(&publication.title)),
        link: Some(url(&publication.link)),
        // Readers take a description for HTML.
        description: (!summary.is_empty()).then(|| partial_escape(summary).into_owned()),
        categories: categories.collect(),
        pub_date: Some(rfc2822(&id, publication.published)?),
        guid: Some(Guid {
            value: id,
            permalink: false,
        }),
        content: entry.body.as_deref().map(lines),
        atom_ext: (!links.is_empty()).then_some(AtomExtension { links }),
        enclosure: publication.enclosures.first().map(enclosure),
        extensions: media(publication),
        dublin_core_ext: (dublin_core != DublinCoreExtension::default()).then_some(dublin_core),
        ..Item::default()
    })
}

/// What RSS has no words for: the translations, and where the current version is.
fn links(entry: &Entry) -> Vec<Link> {
    let page = |href: &str, language: &Language| Link {
        hreflang: Some(language.to_string()),
        ..link("alternate", url(href), Some("text/html"))
    };
    let mut links = Vec::new();
    if !entry.translations.is_empty() {
        links.extend(entry.translations.iter().map(|translation| Link {
            title: Some(line(&translation.title)),
            ..page(&translation.link, &translation.language)
        }));
        // Some readers take the last page for the item's, whatever its `link` says.
        let publication = &entry.publication;
        links.push(page(&publication.link, &publication.language));
    }
    let latest = entry.latest_version();
    links.extend(latest.map(|href| link("latest-version", href, None)));
    links
}

/// RSS 2.0 has room for one, and wants a length: 0 where nobody knows it.
fn enclosure(enclosure: &publication::Enclosure) -> Enclosure {
    Enclosure {
        url: url(&enclosure.url),
        length: enclosure.length.unwrap_or(0).to_string(),
        mime_type: media_type(&enclosure.media_type).to_owned(),
    }
}

/// Media RSS: the picture, and the files for which RSS has no room.
fn media(publication: &Publication) -> ExtensionMap {
    let thumbnails = publication.image.iter().map(|image| Extension {
        attrs: BTreeMap::from([("url".to_owned(), url(image))]),
        ..of_media("thumbnail")
    });
    let elements = [
        (
            "content",
            publication.enclosures.iter().skip(1).map(content).collect(),
        ),
        ("thumbnail", thumbnails.collect::<Vec<_>>()),
    ];
    let elements = elements.into_iter().filter(|(_, all)| !all.is_empty());
    let elements: BTreeMap<String, Vec<Extension>> =
        elements.map(|(name, all)| (name.to_owned(), all)).collect();
    let mut media = ExtensionMap::new();
    if !elements.is_empty() {
        media.insert(MEDIA.0.to_owned(), elements);
    }
    media
}

fn content(file: &publication::Enclosure) -> Extension {
    let kind = media_type(&file.media_type);
    let of_kind = |known: &&str| kind.starts_with(&format!("{known}/"));
    let medium = ["audio", "image", "video"].into_iter().find(of_kind);
    let size = file.length.map(|bytes| ("fileSize", bytes.to_string()));
    let attributes = [
        ("url", url(&file.url)),
        ("type", kind.to_owned()),
        ("medium", medium.unwrap_or("document").to_owned()),
    ];
    let attributes = attributes.into_iter().chain(size);
    let title = file.title.as_deref().map(|title| Extension {
        value: Some(line(title)),
        ..of_media("title")
    });
    let title = title.map(|title| ("title".to_owned(), vec![title]));
    Extension {
        attrs: attributes
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        children: title.into_iter().collect(),
        ..of_media("content")
    }
}

fn of_media(name: &str) -> Extension {
    Extension {
        name: format!("{}:{name}", MEDIA.0),
        ..Extension::default()
    }
}

fn link(rel: &str, href: String, media_type: Option<&str>) -> Link {
    Link {
        href,
        rel: rel.to_owned(),
        mime_type: media_type.map(str::to_owned),
        ..Link::default()
    }
}
