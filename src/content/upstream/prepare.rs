//! A feed's text, so that feed-rs reads it, and reads it in bounded time.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Value, json};

/// Elements within each other.
const DEPTH: usize = 256;
/// Attributes of one element; each is compared with all the others.
const ATTRIBUTES: usize = 200;
/// Namespaces in force at one place; each element looks through all of them.
const NAMESPACES: usize = 200;

/// Namespaces of old, and those that have their place.
const NAMES: [(&str, &str); 3] = [
    // RSS 0.90
    (
        "http://my.netscape.com/rdf/simple/0.9/",
        "http://purl.org/rss/1.0/",
    ),
    (
        "http://channel.netscape.com/rdf/simple/0.9/",
        "http://purl.org/rss/1.0/",
    ),
    // Atom 0.3
    ("http://purl.org/atom/ns#", "http://www.w3.org/2005/Atom"),
];

/// A text for feed-rs.
#[derive(Debug)]
pub struct Prepared<'t> {
    pub text: Cow<'t, str>,
    /// The line (from 1) where its XML is ill-formed first.
    pub broken_at: Option<u32>,
    /// Of each item of RSS 0.9x, RSS 2.0, Atom or a JSON Feed, in their order.
    pub extras: Vec<Extra>,
}

/// What feed-rs drops of an item.
#[derive(Debug, Default)]
pub struct Extra {
    /// JSON Feed: there is no place for it. XML: of a thumbnail where no `media:content` is with it.
    pub image: Option<String>,
    /// RSS: where there is `media:content` too. URL, media type and bytes, as written.
    pub enclosures: Vec<(String, Option<String>, Option<u64>)>,
    /// XML: the elements around it.
    depth: usize,
}

/// Prepares a text.
///
/// # Errors
/// What would cost out of all proportion, with its line; or JSON that is none.
pub fn prepare(text: &str) -> Result<Prepared<'_>, (Option<u32>, String)> {
    match text.trim_start().bytes().next() {
        Some(b'{') => json(text),
        _ => xml(text),
    }
}

fn xml(text: &str) -> Result<Prepared<'_>, (Option<u32>, String)> {
    let line = |byte: usize| {
        let before = text.get(..byte).unwrap_or(text);
        u32::try_from(1 + before.bytes().filter(|b| *b == b'\n').count()).ok()
    };
    // The declaration tells the encoding that the text was in before it was text.
    let declared = text.find("<?xml").and_then(|at| {
        let end = text.get(at..)?.find("?>")?;
        (at < 1_000).then_some(at + end + 2)
    });
    let start = declared.unwrap_or(0);
    let mut extras = Vec::new();
    let broken_at = match weigh(text, start, &mut extras) {
        Ok(broken_at) => broken_at.and_then(line),
        Err((byte, what)) => return Err((line(byte), what)),
    };
    let body = text.get(start..).unwrap_or(text);
    let body = body.strip_prefix('\u{FEFF}').unwrap_or(body);
    Ok(Prepared {
        text: known_root(body),
        broken_at,
        extras,
    })
}

/// Reads all the XML once, as cheaply as can be. Returns the byte where it is ill-formed first. What
/// feed-rs reads begins at `start`; at a declaration there it would panic.
fn weigh(
    text: &str,
    start: usize,
    extras: &mut Vec<Extra>,
) -> Result<Option<usize>, (usize, String)> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<usize> = Vec::new();
    let mut namespaces = 0;
    loop {
        let event = reader.read_event();
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let too_many = |what: String| (at, format!("the feed is too complex: {what}"));
        match event {
            Ok(Event::Start(tag)) => {
                gather(&tag, open.len(), extras);
                let more = attributes(&tag).map_err(too_many)?;
                open.push(more);
                namespaces += more;
            }
            Ok(Event::Empty(tag)) => {
                gather(&tag, open.len(), extras);
                attributes(&tag).map_err(too_many)?;
            }
            Ok(Event::End(_)) => namespaces -= open.pop().unwrap_or(0),
            Ok(Event::Decl(_)) if at > start => {
                return Err((at, "an XML declaration can only be at the start".to_owned()));
            }
            Ok(Event::Eof) => return Ok(None),
            Ok(_) => {}
            Err(_) => {
                let at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
                return Ok(Some(at));
            }
        }
        if open.len() > DEPTH {
            return Err(too_many(format!(
                "more than {DEPTH} elements within each other"
            )));
        }
        if namespaces > NAMESPACES {
            return Err(too_many(format!(
                "more than {NAMESPACES} namespaces at one place"
            )));
        }
    }
}

/// Notes the items of a channel, the entries of a feed, and what belongs to them.
fn gather(tag: &BytesStart<'_>, depth: usize, extras: &mut Vec<Extra>) {
    let get = |name: &str| {
        let attribute = tag.try_get_attribute(name).ok().flatten()?;
        let value = std::str::from_utf8(&attribute.value).ok()?;
        quick_xml::escape::unescape(value).ok().map(Cow::into_owned)
    };
    match (depth, tag.name().as_ref()) {
        (1, b"entry") | (2, b"item") => extras.push(Extra {
            depth,
            ..Extra::default()
        }),
        (_, b"media:thumbnail") => {
            if let Some(item) = extras.last_mut()
                && item.depth + 1 == depth
                && item.image.is_none()
            {
                item.image = get("url");
            }
        }
        (3, b"enclosure") => {
            if let (Some(item), Some(url)) = (extras.last_mut(), get("url")) {
                let length = get("length").and_then(|length| length.trim().parse().ok());
                item.enclosures.push((url, get("type"), length));
            }
        }
        _ => {}
    }
}

/// How many of them declare namespaces.
fn attributes(tag: &BytesStart<'_>) -> Result<usize, String> {
    let mut namespaces = 0;
    for (index, attribute) in tag.attributes().with_checks(false).enumerate() {
        if index >= ATTRIBUTES {
            return Err(format!("more than {ATTRIBUTES} attributes of one element"));
        }
        let declares = |key: &[u8]| key.starts_with(b"xmlns");
        namespaces += usize::from(attribute.is_ok_and(|a| declares(a.key.as_ref())));
    }
    Ok(namespaces)
}

/// Gives the first element a version and namespaces that feed-rs knows.
fn known_root(text: &str) -> Cow<'_, str> {
    let is_name = |at: &usize| text[*at + 1..].starts_with(|c: char| c.is_ascii_alphabetic());
    let Some(start) = text.match_indices('<').map(|(at, _)| at).find(is_name) else {
        return Cow::Borrowed(text);
    };
    let Some(end) = text[start..].find('>').map(|length| start + length) else {
        return Cow::Borrowed(text);
    };
    let mut root = text[start..end].to_owned();
    for (old, new) in NAMES {
        root = root.replace(old, new);
    }
    if root.starts_with("<rss")
        && !["0.91", "0.92", "2.0"]
            .iter()
            .any(|v| has_version(&root, v))
    {
        // 0.93 and 0.94 are 2.0 without namespaces; others say they are 2.0.1, or nothing.
        root = root.replace("version", "of");
        root.insert_str("<rss".len(), " version=\"2.0\"");
    }
    if root == text[start..end] {
        return Cow::Borrowed(text);
    }
    Cow::Owned([&text[..start], &root, &text[end..]].concat())
}

fn has_version(root: &str, version: &str) -> bool {
    ['"', '\'']
        .iter()
        .any(|quote| root.contains(&format!("version={quote}{version}{quote}")))
}

fn json(text: &str) -> Result<Prepared<'_>, (Option<u32>, String)> {
    let mut feed: Value = serde_json::from_str(text).map_err(|error| {
        let line = u32::try_from(error.line()).ok();
        (line, format!("the feed is ill-formed: {error}"))
    })?;
    let mut extras = Vec::new();
    let items = feed.get_mut("items").and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        let image = item.get("image").or(item.get("banner_image"));
        extras.push(Extra {
            image: image.and_then(Value::as_str).map(str::to_owned),
            enclosures: Vec::new(),
            ..Extra::default()
        });
        // "If an id is presented as a number, a JSON Feed reader should coerce it to a string."
        if let Some(id) = item.get_mut("id").filter(|id| id.is_number()) {
            *id = json!(id.to_string());
        }
        if let Some(attachments) = item.get_mut("attachments").and_then(Value::as_array_mut) {
            attachments.retain(|one| one.get("url").is_some_and(Value::is_string));
            for attachment in attachments.iter_mut().filter_map(Value::as_object_mut) {
                let kind = attachment.entry("mime_type").or_insert(Value::Null);
                if !kind.is_string() {
                    *kind = json!("application/octet-stream");
                }
            }
        }
    }
    Ok(Prepared {
        text: Cow::Owned(feed.to_string()),
        broken_at: None,
        extras,
    })
}
