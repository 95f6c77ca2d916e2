//! Header fields (RFC 5322 2.2) out of any text whatever: one line in, ASCII out, encoded where
//! it must be (RFC 2047) and folded.

use std::fmt::Write;

use email_encoding::headers::quoted_string;
use email_encoding::headers::rfc2047;
use email_encoding::headers::writer::EmailWriter;

/// A longer word would make a line over 78 characters, since folds are at spaces only.
const LONGEST_WORD: usize = 60;
/// Of a display name, in characters.
const LONGEST_NAME: usize = 60;

/// An unstructured field with its line end.
pub(super) fn text(name: &str, value: &str) -> String {
    let value = one_line(value);
    field(name, |writer| {
        if is_plain(&value) {
            writer.folding().write_str(&value)
        } else {
            rfc2047::encode(&value, writer)
        }
    })
}

/// A field out of an optional display name and what stands in angle brackets, with its line end.
/// `inner` must be an address or a domain name.
pub(super) fn mailbox(name: &str, display_name: Option<&str>, inner: &str) -> String {
    let display_name = display_name.map(|text| shorten(&one_line(text), LONGEST_NAME));
    field(name, |writer| {
        if let Some(display_name) = display_name.filter(|text| !text.is_empty()) {
            if is_plain(&display_name) {
                quoted_string::encode(&display_name, writer)?;
            } else {
                rfc2047::encode(&display_name, writer)?;
            }
            writer.space();
        }
        writer.folding().write_str(&format!("<{inner}>"))
    })
}

fn field(name: &str, value: impl FnOnce(&mut EmailWriter) -> std::fmt::Result) -> String {
    let mut line = format!("{name}:");
    let length = line.len();
    let mut writer = EmailWriter::new(&mut line, length, 1, false);
    // Writing to a `String` cannot fail.
    let _ = value(&mut writer);
    drop(writer);
    line.push_str("\r\n");
    line
}

/// Can it stand as it is? What looks like an encoded word is encoded, or readers would decode it.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !text.contains("=?")
        && text.split(' ').all(|word| word.len() <= LONGEST_WORD)
}

/// The text with every run of white space, line separators and control characters made one space:
/// what a header can carry and no reader chokes on.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// At most `limit` characters, cut between words if there is one to cut after, and marked `…`.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(limit) else {
        return text.to_owned();
    };
    let room: String = text.chars().take(limit.saturating_sub(1)).collect();
    let whole_words = match room.rsplit_once(' ') {
        _ if text
            .get(room.len()..end)
            .is_some_and(|next| next.starts_with(' ')) =>
        {
            &room
        }
        Some((before, _)) if before.len() > room.len() / 2 => before,
        _ => &room,
    };
    let kept = whole_words.trim_end_matches([' ', ',', ';', ':', '.', '-', '–']);
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_readable_and_fold_at_spaces() {
        assert_eq!(
            text("Subject", "Water supply works"),
            "Subject: Water supply works\r\n"
        );
        let long = text("Subject", &"water supply ".repeat(20));
        assert!(long.lines().all(|line| line.len() <= 78), "{long}");
        assert!(!long.contains("=?"));
    }

    #[test]
    fn nothing_ends_the_field() {
        for nasty in [
            "a\r\nBcc: x@example.org",
            "a\u{2028}Bcc: x",
            "a\0b",
            "a\u{85}b",
            "a\u{b}b",
        ] {
            for field in [
                text("Subject", nasty),
                mailbox("From", Some(nasty), "a@example.org"),
            ] {
                let inner = field.strip_suffix("\r\n").expect("a line end");
                assert!(!inner.contains(['\r', '\n', '\0']), "{field:?}");
                assert!(field.is_ascii());
            }
        }
    }

    #[test]
    fn names_are_quoted_or_encoded() {
        assert_eq!(
            mailbox("From", Some("City \"Portal\""), "a@example.org"),
            "From: \"City \\\"Portal\\\"\" <a@example.org>\r\n"
        );
        assert_eq!(
            mailbox("From", None, "a@example.org"),
            "From: <a@example.org>\r\n"
        );
        assert!(mailbox("From", Some("Żółw"), "a@example.org").contains("=?utf-8?b?"));
        assert!(mailbox("From", Some("=?utf-8?q?x?="), "a@example.org").contains("=?utf-8?b?"));
    }

    #[test]
    fn texts_are_cut_between_words() {
        assert_eq!(shorten("jeden dwa trzy", 20), "jeden dwa trzy");
        assert_eq!(shorten("jeden dwa trzy", 14), "jeden dwa trzy");
        assert_eq!(shorten("jeden dwa trzy", 13), "jeden dwa…");
        assert_eq!(shorten("jeden dwa trzy", 10), "jeden dwa…");
        assert_eq!(shorten("zażółć", 4), "zaż…");
    }
}
