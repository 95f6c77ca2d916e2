//! The server's answers, as far as a sender branches on them.
//!
//! A permanent refusal (5yz) fails a letter only where it is about that letter: its recipient or its
//! text. Where it is about us, the next letter would meet the same, and a digest would fail for
//! everyone because a relay was set up wrongly for an hour. Then the letter is put off, `status`
//! says why, and `retry_for` bounds it. (Postfix bounces most of these, and puts off 535 and a 552
//! to RCPT; listmonk takes every refusal for a failure, and stops a campaign after many.)
//!
//! | put off though permanent | which |
//! | --- | --- |
//! | whatever MAIL is refused with | the server knows no more than who we are; but too large a letter (552, X.3.4) fails |
//! | the sender | X.1.7, X.1.8 |
//! | a mailbox that is full | X.2.2, 552 (RFC 5321, 4.5.3.1.10) |
//! | the state of the server | X.3.2, X.3.3, X.3.5 |
//! | the protocol | X.5.1 to X.5.4; 500, 502 to 504, 555 |
//! | policy, encryption, AUTH | X.7.z, but not those of a mailbox (X.7.13, X.7.17, X.7.18); 523, 530, 534, 535, 538 |
//!
//! Everything else fails the letter: X.1.z, X.2.z, X.4.z, X.6.z, and 550, 551, 553, 554 that say no
//! more.

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::{Response, Severity};

use super::timeouts::Step;
use crate::domain::{Address, Outcome};

/// An answer that keeps the conversation in step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// 2yz
    Done(Response),
    /// 354: go on with the message.
    GoOn,
    /// 4yz or 5yz
    No(Refusal),
}

/// A negative answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Code, enhanced code (RFC 3463) and text, on one line.
    pub text: String,
    /// The same again would be refused again (RFC 5321, 4.2.1), and it is about this letter.
    pub is_final: bool,
    /// 421: the server is about to close the connection (RFC 5321, 3.8).
    pub closing: bool,
}

/// The connection is gone or out of step, and why. Nothing more may be said over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lost {
    pub reason: String,
    /// Nothing came in time, as opposed to a connection that broke.
    pub timed_out: bool,
}

impl Lost {
    pub(super) fn because(reason: impl Into<String>) -> Lost {
        Lost {
            reason: reason.into(),
            timed_out: false,
        }
    }

    pub(super) fn timed_out(step: Step) -> Lost {
        Lost {
            reason: format!("no answer in time: {}", step.name()),
            timed_out: true,
        }
    }
}

impl Refusal {
    /// What it means for a letter. The recipient's address, which servers like to repeat, is
    /// masked: replies are stored and logged.
    pub(super) fn outcome(&self, to: &Address) -> Outcome {
        let text = masked(&self.text, to);
        if self.is_final {
            Outcome::Refused(text)
        } else {
            Outcome::Deferred(text)
        }
    }
}

/// What lettre made of an answer. It keeps 4yz and 5yz as errors, with the text as their source.
pub(super) fn answer(result: Result<Response, Error>, step: Step) -> Result<Answer, Lost> {
    let error = match result {
        Ok(response) if response.code().severity == Severity::PositiveCompletion => {
            return Ok(Answer::Done(response));
        }
        Ok(response) if response.has_code(354) => return Ok(Answer::GoOn),
        Ok(response) => {
            return Err(Lost::because(format!(
                "unexpected answer {}",
                response.code()
            )));
        }
        Err(error) => error,
    };
    let text = std::error::Error::source(&error).map(ToString::to_string);
    match error.status() {
        Some(code) => Ok(Answer::No(Refusal {
            is_final: error.is_permanent()
                && is_about_the_letter(step, code.into(), text.as_deref().unwrap_or_default()),
            text: one_line(&format!("{code} {}", text.unwrap_or_default())),
            closing: u16::from(code) == 421,
        })),
        None if error.is_timeout() => Err(Lost::timed_out(step)),
        None => Err(Lost::because(match text.as_deref() {
            Some("incomplete response") => "the server closed the connection".to_owned(),
            Some(text) => one_line(text),
            None => error.to_string(),
        })),
    }
}

/// An answer as it was given, on one line.
pub(super) fn words(response: &Response) -> String {
    let lines: Vec<&str> = response.message().collect();
    one_line(&format!("{} {}", response.code(), lines.join(" ")))
}

/// Is a 5yz answer about the letter, or about us? See the module.
fn is_about_the_letter(step: Step, code: u16, text: &str) -> bool {
    match (step, code, enhanced(text)) {
        (_, _, Some([3, 4])) | (Step::Mail, 552, None) => true,
        (Step::Mail, ..) => false,
        (_, _, Some([7, detail])) => matches!(detail, 13 | 17 | 18),
        (_, _, Some([1, 7 | 8] | [2, 2] | [3, 2 | 3 | 5] | [5, 1..=4])) => false,
        (_, _, Some(_)) => true,
        (_, code, None) => !matches!(
            code,
            500 | 502..=504 | 523 | 530 | 534 | 535 | 538 | 552 | 555
        ),
    }
}

/// Subject and detail of the enhanced status code that a text of class 5 begins with (RFC 2034, 4;
/// RFC 3463, 2).
fn enhanced(text: &str) -> Option<[u16; 2]> {
    let code = text.split_whitespace().next()?.strip_prefix("5.")?;
    let (subject, detail) = code.split_once('.')?;
    Some([subject.parse().ok()?, detail.parse().ok()?])
}

/// Fit to be stored and printed: no control characters, and not without end.
pub(super) fn one_line(text: &str) -> String {
    const MOST: usize = 500;
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().take(MOST).map(printable).collect()
}

/// `text` with every mention of the address in the form that logs may show.
fn masked(text: &str, address: &Address) -> String {
    let needle = address.as_str().to_ascii_lowercase();
    // ASCII lower case leaves every byte offset where it was.
    let haystack = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for (start, found) in haystack.match_indices(&needle) {
        out.push_str(text.get(end..start).unwrap_or_default());
        out.push_str(&address.to_string());
        end = start + found.len();
    }
    out.push_str(text.get(end..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_repeats_the_address_is_stored_with_it_masked() {
        let to = Address::parse("Jan.Kowalski@example.org").expect("an address");
        let refusal = Refusal {
            text: "550 5.1.1 <jan.kowalski@example.org>: not here, JAN.KOWALSKI@EXAMPLE.ORG"
                .to_owned(),
            is_final: true,
            closing: false,
        };
        assert_eq!(
            refusal.outcome(&to),
            Outcome::Refused("550 5.1.1 <J…@example.org>: not here, J…@example.org".to_owned())
        );
    }

    #[test]
    fn a_refusal_of_us_is_no_refusal_of_the_letter() {
        for (step, code, text) in [
            (Step::Mail, 552, "message size exceeds fixed limit"),
            (Step::Mail, 552, "5.3.4 message too large"),
            (Step::Rcpt, 550, "5.1.1 no such user"),
            (Step::Rcpt, 550, "no such user"),
            (Step::Rcpt, 553, "5.1.3 bad address syntax"),
            (Step::Rcpt, 554, "5.7.17 mailbox owner has changed"),
            (Step::Rcpt, 550, "5.2.1 disabled"),
            (Step::Rcpt, 550, "5.5.0 mailbox unavailable"),
            (Step::Dot, 554, "5.6.0 malformed"),
            (Step::Dot, 552, "5.3.4 too big"),
            (Step::Dot, 554, "transaction failed"),
        ] {
            assert!(
                is_about_the_letter(step, code, text),
                "{step:?} {code} {text}"
            );
        }
        for (step, code, text) in [
            (Step::Mail, 530, "5.7.0 authentication required"),
            (Step::Mail, 550, "5.1.8 sender's domain not found"),
            (Step::Mail, 550, "5.1.1 who?"),
            (Step::Mail, 554, "go away"),
            (Step::Rcpt, 554, "5.7.1 relay access denied"),
            (Step::Rcpt, 530, "authentication required"),
            (Step::Rcpt, 552, "too many recipients"),
            (Step::Rcpt, 552, "5.2.2 mailbox full"),
            (Step::Data, 503, "5.5.1 bad sequence"),
            (Step::Data, 502, "not implemented"),
            (Step::Dot, 554, "5.7.1 looks like spam"),
            (Step::Dot, 550, "5.3.2 system not accepting"),
        ] {
            assert!(
                !is_about_the_letter(step, code, text),
                "{step:?} {code} {text}"
            );
        }
    }

    #[test]
    fn answers_are_one_short_line() {
        assert_eq!(one_line("a\r\nb\tc "), "a  b c");
        assert_eq!(one_line(&"ż".repeat(2000)).chars().count(), 500);
    }
}
