//! How a feed looks in a browser: a stylesheet, which the XML formats name (CSS needs no script, and
//! no browser drops it as they drop XSLT).

use super::Feed;

/// The value of Content-Type.
pub const MEDIA_TYPE: &str = "text/css; charset=utf-8";

/// The file's name, in the folder of the feeds in every language and of those in each.
pub const NAME: &str = "feed.css";

/// The stylesheet; `note` tells people what a feed is for, `archive` what its archive is, each in one
/// line.
pub fn stylesheet(note: &str, archive: &str) -> String {
    let text = |note: &str| {
        let escaped = note.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    };
    include_str!("feed.css")
        .replace("\"NOTE\"", &text(note))
        .replace("\"ARCHIVE\"", &text(archive))
}

/// The instruction to style a feed, relative to where it is, so that it holds wherever the folder is
/// served: one per language, as what it says of a feed is in the feed's.
pub(super) fn instruction(feed: &Feed) -> String {
    let depth = feed.stem.matches('/').count();
    let depth = depth.saturating_sub(usize::from(feed.language.is_some()));
    let up = "../".repeat(depth);
    format!("\n<?xml-stylesheet type=\"text/css\" href=\"{up}{NAME}\"?>")
}

#[cfg(test)]
mod tests {
    use super::stylesheet;

    #[test]
    fn a_note_ends_no_string() {
        let css = stylesheet("a \"b\" \\", "c \"");
        for content in [r#"content: "a \"b\" \\";"#, r#"content: "c \"";"#] {
            assert!(css.contains(content), "{css}");
        }
    }
}
