//! Atom (RFC 4287). The crate writes a feed's extension elements after its entries, where the RFC's
//! schema refuses them; here they are part of the frame, and entries are put in behind them. Entries have no `xml:lang` in the crate; their texts have.

use std::collections::BTreeMap;
use std::iter;

use atom_syndication::extension::{Extension, ExtensionMap};
use atom_syndication::{Category, Content, Generator, Link, Person, Text, WriteConfig};

use quick_xml::escape::escape;

use super::frame::{Frame, cut};
use super::history::{self, HISTORY, TOMBSTONES};
use super::write::{MEDIA, chrono, line, lines, media_type, url};
use super::{Entry, Feed, FeedError, Format};
use crate::domain::Translation;

const ENTRY: &str = "\n  <entry>";
const END: &str = "\n</feed>";

pub fn frame(feed: &Feed) -> Result<Frame, FeedError> {
    let description = lines(&feed.description);
    let mut links = vec![
        Link {
            href: feed.url(Format::Atom),
            rel: "self".to_owned(),
            mime_type: Some("application/atom+xml".to_owned()),
            ..Link::default()
        },
        page(url(&feed.home), None),
    ];
    links.extend(feed.hub.as_deref().map(|hub| Link {
        href: url(hub),
        rel: "hub".to_owned(),
        ..Link::default()
    }));
    links.extend(history::links(feed).map(|(rel, href)| Link {
        href,
        rel: rel.to_owned(),
        mime_type: Some("application/atom+xml".to_owned()),
        ..Link::default()
    }));
    let extensions = feed_extensions(feed)?;
    let used = |(prefix, _): &(&str, &str)| extensions.contains_key(*prefix);
    // The first is declared whether an entry has a picture or not.
    let declared = iter::once(MEDIA).chain([HISTORY, TOMBSTONES].into_iter().filter(used));
    let namespaces = declared.map(|(prefix, name)| (prefix.to_owned(), name.to_owned()));
    let atom = atom_syndication::Feed {
        title: text(line(&feed.title), None),
        id: line(&feed.id),
        updated: chrono(&feed.id, feed.updated)?,
        authors: vec![person(line(&feed.author))],
        generator: Some(Generator {
            value: env!("CARGO_PKG_NAME").to_owned(),
            uri: Some(env!("CARGO_PKG_REPOSITORY").to_owned()),
            ..Generator::default()
        }),
        links,
        subtitle: (!description.is_empty()).then(|| text(description, None)),
        namespaces: namespaces.collect(),
        extensions,
        lang: Some(feed.main_language().to_string()),
        ..atom_syndication::Feed::default()
    };
    Frame::parted(atom.write_with_config(Vec::new(), indented())?, END)
}

/// Is it an archive (RFC 5005 section 4)? Then its tombstones (RFC 6721).
fn feed_extensions(feed: &Feed) -> Result<ExtensionMap, FeedError> {
    let (archives, tombstones) = (HISTORY.0, TOMBSTONES.0);
    let mut extensions = ExtensionMap::new();
    if feed.history.archive_of.is_some() {
        let archive = Extension {
            name: format!("{archives}:archive"),
            value: Some(String::new()),
            ..Extension::default()
        };
        let elements = BTreeMap::from([("archive".to_owned(), vec![archive])]);
        extensions.insert(archives.to_owned(), elements);
    }
    let deleted = history::tombstones(feed)?.into_iter();
    let deleted = deleted.map(|(id, when)| Extension {
        name: format!("{tombstones}:deleted-entry"),
        value: Some(String::new()),
        attrs: BTreeMap::from([
            // The crate writes the attributes of extensions as they come.
            ("ref".to_owned(), escape(id).into_owned()),
            ("when".to_owned(), when),
        ]),
        ..Extension::default()
    });
    let deleted: Vec<Extension> = deleted.collect();
    if !deleted.is_empty() {
        let elements = BTreeMap::from([("deleted-entry".to_owned(), deleted)]);
        extensions.insert(tombstones.to_owned(), elements);
    }
    Ok(extensions)
}

pub fn entry(feed: &Feed, entry: &Entry) -> Result<Vec<u8>, FeedError> {
    let atom = atom_syndication::Feed {
        entries: vec![element(feed, entry)?],
        ..atom_syndication::Feed::default()
    };
    let size = 1_500 + entry.body.as_ref().map_or(0, |body| body.len() * 5 / 4);
    let bytes = atom.write_with_config(Vec::with_capacity(size), indented())?;
    cut(bytes, ENTRY, END)
}

fn indented() -> WriteConfig {
    WriteConfig {
        indent_size: Some(2),
        ..WriteConfig::default()
    }
}

fn element(feed: &Feed, entry: &Entry) -> Result<atom_syndication::Entry, FeedError> {
    let publication = &entry.publication;
    let id = line(&publication.id.0);
    let lang = Some(publication.language.to_string());
    let summary = lines(&publication.summary);
    let own = url(&publication.link);
    let mut links = vec![page(own.clone(), Some(publication.language.to_string()))];
    if !entry.translations.is_empty() {
        links.extend(entry.translations.iter().map(translation));
        // Some readers go by the first page, others by the last. Two in one language are not
        // allowed (RFC 4287, section 4.1.2).
        links.push(page(own, None));
    }
    links.extend(entry.latest_version().map(|href| Link {
        href,
        rel: "latest-version".to_owned(),
        ..Link::default()
    }));
    links.extend(publication.enclosures.iter().map(|enclosure| Link {
        href: url(&enclosure.url),
        rel: "enclosure".to_owned(),
        mime_type: Some(media_type(&enclosure.media_type).to_owned()),
        length: enclosure.length.map(|bytes| bytes.to_string()),
        title: enclosure.title.as_deref().map(line),
        ..Link::default()
    }));
    let categories = entry.categories.iter().map(|category| Category {
        term: line(&category.term),
        scheme: Some(line(&feed.scheme)),
        label: Some(line(&category.label)),
    });
    Ok(atom_syndication::Entry {
        title: text(line(&publication.title), lang.clone()),
        updated: chrono(&id, publication.updated)?,
        published: Some(chrono(&id, publication.published)?),
        id,
        authors: entry.authors().map(person).collect(),
        categories: categories.collect(),
        links,
        summary: (!summary.is_empty()).then(|| text(summary, lang.clone())),
        content: entry.body.as_deref().map(|body| Content {
            lang,
            value: Some(lines(body)),
            content_type: Some("html".to_owned()),
            ..Content::default()
        }),
        extensions: publication
            .image
            .iter()
            .map(|image| thumbnail(image))
            .collect(),
        ..atom_syndication::Entry::default()
    })
}

fn thumbnail(image: &str) -> (String, BTreeMap<String, Vec<Extension>>) {
    let (prefix, _) = MEDIA;
    // The crate writes the attributes of extensions as they come.
    let address = escape(url(image)).into_owned();
    let element = Extension {
        name: format!("{prefix}:thumbnail"),
        attrs: BTreeMap::from([("url".to_owned(), address)]),
        ..Extension::default()
    };
    let elements = BTreeMap::from([("thumbnail".to_owned(), vec![element])]);
    (prefix.to_owned(), elements)
}

fn text(value: String, lang: Option<String>) -> Text {
    Text {
        value,
        lang,
        ..Text::default()
    }
}

fn person(name: String) -> Person {
    Person {
        name,
        ..Person::default()
    }
}

fn translation(translation: &Translation) -> Link {
    Link {
        title: Some(line(&translation.title)),
        ..page(
            url(&translation.link),
            Some(translation.language.to_string()),
        )
    }
}

/// The page that a feed or entry stands for.
fn page(href: String, hreflang: Option<String>) -> Link {
    Link {
        href,
        rel: "alternate".to_owned(),
        hreflang,
        mime_type: Some("text/html".to_owned()),
        ..Link::default()
    }
}
