//! Pictures and files that belong to a publication.

use super::{Reader, brief, truth};
use crate::content::parse::tree::{Node, Table, Value};
use crate::domain::Problem;
use crate::domain::publication::Enclosure;

const IMAGES: [&str; 12] = [
    "image",
    "images",
    "cover",
    "featured_image",
    "thumbnail",
    "extra.image",
    "extra.cover",
    "extra.thumbnail",
    "params.image",
    "params.images",
    "params.cover",
    "params.featured_image",
];
const ENCLOSURES: [&str; 4] = [
    "enclosure",
    "enclosures",
    "extra.enclosure",
    "params.enclosure",
];
/// In a table that stands for a file.
const URLS: [&str; 5] = ["url", "path", "src", "href", "image"];

/// By the name's extension; all that podcasts and portals attach.
const TYPES: [(&str, &str); 32] = [
    ("aac", "audio/aac"),
    ("avif", "image/avif"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("ics", "text/calendar"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("m4v", "video/mp4"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("zip", "application/zip"),
];

impl Reader<'_> {
    /// The first picture; `image: false` is none.
    pub(super) fn image(&self) -> Result<Option<String>, Problem> {
        for key in IMAGES {
            let node = self.table.get(key);
            let first = match node.map(|node| &node.value) {
                Some(Value::List(list)) => list.first(),
                _ => node,
            };
            let Some(node) = first else { continue };
            let written = match &node.value {
                Value::Table(table) => table.text(&URLS),
                _ => node.text().filter(|text| truth(text).is_none()),
            };
            if let Some(written) = written {
                return self.url(node.at, written).map(Some);
            }
        }
        Ok(None)
    }

    pub(super) fn enclosures(&self) -> Vec<Enclosure> {
        let mut enclosures = Vec::new();
        let one = |node| self.or_leave_out(self.enclosure(node).map(Some));
        for node in ENCLOSURES.iter().filter_map(|key| self.table.get(key)) {
            match &node.value {
                Value::Nothing => {}
                Value::List(nodes) => enclosures.extend(nodes.iter().filter_map(one)),
                _ => enclosures.extend(one(node)),
            }
        }
        enclosures
    }

    fn enclosure(&self, node: &Node) -> Result<Enclosure, Problem> {
        let remedy = "write its URL, or a table of `url`, `type`, `length` and `title`";
        let nameless = Table::default();
        let (written, table) = match &node.value {
            Value::Table(table) => (table.text(&URLS), table),
            _ => (node.text(), &nameless),
        };
        let Some(written) = written else {
            return Err(self.problem(node.at, "an enclosure without a URL".into(), remedy));
        };
        let url = self.url(node.at, written)?;
        let media_type = match table.text(&["type", "media_type", "mime_type", "mime"]) {
            None => of_name(&url).to_owned(),
            Some(declared) if is_type(declared) => declared.to_ascii_lowercase(),
            Some(other) => {
                let what = format!("`{}` is not a media type", brief(other));
                return Err(self.problem(node.at, what, "write it as in `audio/mpeg`"));
            }
        };
        let length = match table.text(&["length", "size", "bytes"]) {
            None => None,
            Some(written) => Some(written.parse().map_err(|_| {
                let what = format!("`{}` is not a number of bytes", brief(written));
                self.problem(node.at, what, "write it in digits, or leave it out")
            })?),
        };
        Ok(Enclosure {
            url,
            media_type,
            length,
            title: table.text(&["title", "name"]).map(str::to_owned),
        })
    }
}

/// The media type of what is at a URL; `application/octet-stream` where its name does not say.
fn of_name(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    TYPES
        .iter()
        .find(|(known, _)| extension.eq_ignore_ascii_case(known))
        .map_or("application/octet-stream", |(_, media_type)| media_type)
}

/// Is it a type and a subtype (RFC 6838, section 4.2), without parameters?
fn is_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        (1..=127).contains(&name.len()) && name.bytes().all(fits)
    };
    text.split_once('/')
        .is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_what_it_is() {
        for (url, media_type) in [
            ("https://a.example/odcinek-1.MP3?x=1.pdf#y", "audio/mpeg"),
            ("raport.pdf", "application/pdf"),
            ("/a.b/c", "application/octet-stream"),
            ("a.mp3.exe", "application/octet-stream"),
        ] {
            assert_eq!(of_name(url), media_type, "{url}");
        }
    }

    #[test]
    fn types_are_told_from_other_words() {
        assert!(is_type("application/epub+zip"));
        for other in [
            "mp3",
            "a/",
            "/b",
            "a/b/c",
            "a/b\r\nX: y",
            "text/plain; charset=utf-8",
        ] {
            assert!(!is_type(other), "{other:?}");
        }
    }
}
