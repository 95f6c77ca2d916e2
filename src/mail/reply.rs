//! The server's answers, as far as a sender branches on them.

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::{Response, Severity};

use crate::domain::{Address, Outcome};

/// An answer that keeps the conversation in step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// 2yz
    Done,
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
    /// 5yz: the same again would be refused again (RFC 5321, 4.2.1).
    pub permanent: bool,
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

    pub(super) fn timed_out(waiting_for: &str) -> Lost {
        Lost {
            reason: format!("no answer in time: {waiting_for}"),
            timed_out: true,
        }
    }
}

impl Refusal {
    /// What it means for a letter. The recipient's address, which servers like to repeat, is
    /// masked: replies are stored and logged.
    pub(super) fn outcome(&self, to: &Address) -> Outcome {
        let text = masked(&self.text, to);
        if self.permanent {
            Outcome::Refused(text)
        } else {
            Outcome::Deferred(text)
        }
    }
}

/// What lettre made of an answer. It keeps 4yz and 5yz as errors, with the text as their source.
pub(super) fn answer(result: Result<Response, Error>) -> Result<Answer, Lost> {
    let error = match result {
        Ok(response) if response.code().severity == Severity::PositiveCompletion => {
            return Ok(Answer::Done);
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
            text: one_line(&format!("{code} {}", text.unwrap_or_default())),
            permanent: error.is_permanent(),
            closing: u16::from(code) == 421,
        })),
        None if error.is_timeout() => Err(Lost::timed_out("the network gave up")),
        None => Err(Lost::because(match text.as_deref() {
            Some("incomplete response") => "the server closed the connection".to_owned(),
            Some(text) => one_line(text),
            None => error.to_string(),
        })),
    }
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
            permanent: true,
            closing: false,
        };
        assert_eq!(
            refusal.outcome(&to),
            Outcome::Refused("550 5.1.1 <J…@example.org>: not here, J…@example.org".to_owned())
        );
    }

    #[test]
    fn answers_are_one_short_line() {
        assert_eq!(one_line("a\r\nb\tc "), "a  b c");
        assert_eq!(one_line(&"ż".repeat(2000)).chars().count(), 500);
    }
}
