//! Media types of files that belong to publications, by their names.

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

/// The media type of what is at a URL; `application/octet-stream` where its name does not say.
pub fn of_name(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    TYPES
        .iter()
        .find(|(known, _)| extension.eq_ignore_ascii_case(known))
        .map_or("application/octet-stream", |(_, media_type)| media_type)
}

/// Is it a type and a subtype (RFC 6838, section 4.2), without parameters?
pub fn is_type(text: &str) -> bool {
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
