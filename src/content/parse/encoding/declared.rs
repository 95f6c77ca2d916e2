//! The encoding that an HTML page declares: in its XML declaration, or in `<meta charset>` or
//! `<meta http-equiv="Content-Type">`, near its beginning (HTML, "prescan a byte stream to
//! determine its encoding").

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How far declarations are looked for. HTML wants them within 1024 bytes; not all pages obey.
const HEAD: usize = 8 * 1024;

/// The declared encoding, if it is one that browsers know.
pub fn encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    // Each byte as one character: ASCII is all that matters here.
    let head: String = head
        .iter()
        .map(|byte| char::from(*byte).to_ascii_lowercase())
        .collect();
    let label = xml_declaration(&head).or_else(|| meta(&head))?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    // These could not have been read this far.
    let is_wide = [UTF_16BE, UTF_16LE].contains(&encoding);
    Some(if is_wide { UTF_8 } else { encoding })
}

fn xml_declaration(head: &str) -> Option<&str> {
    let declaration = head.trim_start().strip_prefix("<?xml")?;
    let (declaration, _) = declaration.split_once('>')?;
    value_of("encoding", declaration)
}

fn meta(head: &str) -> Option<&str> {
    let mut rest = head;
    while let Some(at) = rest.find('<') {
        let (_, tag) = rest.split_at(at);
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->")?.1;
            continue;
        }
        let inside = tag.strip_prefix("<meta").unwrap_or_default();
        if inside.starts_with(|c: char| c.is_ascii_whitespace() || c == '/') {
            let attributes = inside.split('>').next().unwrap_or_default();
            if let Some(label) = value_of("charset", attributes) {
                return Some(label);
            }
        }
        rest = tag.get(1..)?;
    }
    None
}

/// What follows `name` and `=`, with or without quotes.
fn value_of<'h>(name: &str, text: &'h str) -> Option<&'h str> {
    let blank = |c: char| c.is_ascii_whitespace();
    text.match_indices(name).find_map(|(at, _)| {
        let rest = text.get(at + name.len()..)?.trim_start_matches(blank);
        let value = rest.strip_prefix('=')?;
        let value = value.trim_start_matches(|c| blank(c) || matches!(c, '"' | '\''));
        let end = value.find(|c| blank(c) || matches!(c, '"' | '\'' | ';' | '/' | '>' | '?'));
        value.get(..end.unwrap_or(value.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_found_where_browsers_find_them() {
        for (html, expected) in [
            ("<meta charset=utf-8>", Some("UTF-8")),
            ("<META CHARSET = 'Windows-1250'>", Some("windows-1250")),
            (
                "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=iso-8859-2\">",
                Some("ISO-8859-2"),
            ),
            (
                "<?xml version=\"1.0\" encoding='koi8-u'?><html>",
                Some("KOI8-U"),
            ),
            (
                "<!-- <meta charset=koi8-u> --><meta charset=cp1251>",
                Some("windows-1251"),
            ),
            ("<meta charset=utf-16le>", Some("UTF-8")),
            ("<meta charset=latin2/>", Some("ISO-8859-2")),
            ("<meta name=charset content=x>", None),
            ("<metadata charset=koi8-u>", None),
            ("<p>charset=koi8-u", None),
            ("<!-- <meta charset=koi8-u>", None),
            ("<meta charset=klingon>", None),
            ("<", None),
        ] {
            let found = encoding(html.as_bytes()).map(Encoding::name);
            assert_eq!(found, expected, "{html}");
        }
    }
}
