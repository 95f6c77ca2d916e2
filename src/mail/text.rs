//! What a letter looks like on the wire.

use std::fmt::Write as _;

use super::Letter;
use super::hello::Offers;
use super::timeouts::Step;

pub(super) fn push_envelope(out: &mut String, offers: Offers, letter: &Letter) {
    for step in Step::ENVELOPE {
        push_step(out, offers, letter, step);
    }
}

/// One command of an envelope.
pub(super) fn push_step(out: &mut String, offers: Offers, letter: &Letter, step: Step) {
    // Writing to a `String` can't fail.
    let _ = match step {
        Step::Mail => {
            let mut line = write!(out, "MAIL FROM:<{}>", letter.from.as_str());
            if offers.size.is_some() {
                line = line.and_then(|()| write!(out, " SIZE={}", letter.text.len()));
            }
            if offers.eight_bit && !letter.text.is_ascii() {
                out.push_str(" BODY=8BITMIME");
            }
            if needs_utf8(letter) {
                out.push_str(" SMTPUTF8");
            }
            out.push_str("\r\n");
            line
        }
        Step::Rcpt => write!(out, "RCPT TO:<{}>\r\n", letter.to.as_str()),
        Step::Data => write!(out, "DATA\r\n"),
        Step::Auth | Step::Dot | Step::Reset => Ok(()),
    };
}

/// Does its envelope need SMTPUTF8 (RFC 6531, 3.4)?
pub(super) fn needs_utf8(letter: &Letter) -> bool {
    letter.to.needs_smtputf8() || letter.from.needs_smtputf8()
}

/// Appends a message and its final dot: lines that begin with a dot get another (RFC 5321, 4.5.2),
/// and every line ends with CRLF. A bare CR or LF would be a line end to one server and not to the
/// next, and between the two a second message can be smuggled.
pub(super) fn push_text(out: &mut String, text: &str) {
    out.reserve(text.len() + text.len() / 64 + 256);
    let mut rest = text;
    while let Some(end) = memchr::memchr2(b'\r', b'\n', rest.as_bytes()) {
        let (line, from_end) = rest.split_at(end);
        push_line(out, line);
        let end = if from_end.starts_with("\r\n") { 2 } else { 1 };
        rest = from_end.get(end..).unwrap_or_default();
    }
    if !rest.is_empty() {
        push_line(out, rest);
    }
    out.push_str(".\r\n");
}

fn push_line(out: &mut String, line: &str) {
    if line.starts_with('.') {
        out.push('.');
    }
    out.push_str(line);
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(text: &str) -> String {
        let mut out = String::new();
        push_text(&mut out, text);
        out
    }

    #[test]
    fn a_message_ends_with_a_dot_of_its_own_line() {
        assert_eq!(sent("a\r\n.b\r\n..\r\n"), "a\r\n..b\r\n...\r\n.\r\n");
        assert_eq!(sent("a"), "a\r\n.\r\n");
        assert_eq!(sent(""), ".\r\n");
    }

    #[test]
    fn no_bare_line_end_leaves() {
        assert_eq!(
            sent("a\n.\nb\r.\rc\r\r\n"),
            "a\r\n..\r\nb\r\n..\r\nc\r\n\r\n.\r\n"
        );
    }

    proptest! {
        #[test]
        fn the_final_dot_is_the_only_one_alone_and_the_text_comes_back(
            lines in proptest::collection::vec("[.a-c]{0,4}", 0..20)
        ) {
            let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let sent = sent(&text);
            let body = sent.strip_suffix(".\r\n").expect("the final dot");
            let received: String = body
                .split_inclusive("\r\n")
                .map(|line| {
                    assert_ne!(line, ".\r\n", "a dot alone inside the message");
                    line.strip_prefix('.').unwrap_or(line)
                })
                .collect();
            prop_assert_eq!(received, text);
        }
    }
}
