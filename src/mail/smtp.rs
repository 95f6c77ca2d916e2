//! The conversation over one connection (RFC 5321, RFC 2920), one recipient a transaction.
//!
//! Where the server pipelines, a message's text, its final dot and the next letter's envelope
//! leave in one write: one round trip a message. Answers come in the order of the commands.
//!
//! ```text
//! MAIL a, RCPT a, DATA                  ▶
//!                                       ◀ 250, 250, 354
//! text of a, dot, MAIL b, RCPT b, DATA  ▶
//!                                       ◀ 250 (a is accepted), 250, 250, 354
//! ```

use std::fmt::Write as _;
use std::mem;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use tokio::time::timeout;

use super::Letter;
use super::hello::Offers;
use super::reply::{self, Answer, Lost, Refusal};
use super::stream::Written;
use crate::domain::Outcome;

/// How long to wait for the server.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// For TCP, per address of the server.
    pub connect: Duration,
    /// From the greeting to the end of AUTH, in all.
    pub hello: Duration,
    /// For each answer to MAIL, RCPT, DATA and RSET.
    pub command: Duration,
    /// From the first byte of a message to the answer to its final dot.
    pub message: Duration,
    /// For the next letter, before a connection is given up.
    pub idle: Duration,
    /// For QUIT.
    pub quit: Duration,
}

impl Default for Timeouts {
    /// Those of RFC 5321, 4.5.3.2, where it names one.
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(30),
            hello: Duration::from_secs(5 * 60),
            command: Duration::from_secs(5 * 60),
            message: Duration::from_secs(13 * 60),
            idle: Duration::from_secs(5),
            quit: Duration::from_secs(2),
        }
    }
}

/// What must be said before the next envelope.
pub(super) enum Lead {
    Nothing,
    /// A transaction is open that came to nothing (a second MAIL would be refused).
    Reset,
    /// DATA was granted to an envelope that was refused: only the dot (RFC 2920, 3.1).
    NoBody,
    /// The letter's envelope is taken.
    Body(Letter),
}

/// What the server makes of an envelope.
pub(super) enum Verdict {
    Taken,
    /// Refused; this must be said next.
    Refused(Refusal, Lead),
    /// Refused, and the connection is at its end.
    Closed(Refusal),
}

/// A connection that is ready for MAIL. After any [`Lost`], [`Verdict::Closed`], or a future that
/// was dropped before its end, it is out of step and may only be dropped.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    written: Written,
    offers: Offers,
    limits: Timeouts,
    /// What is written next, in one go.
    out: String,
    /// The next envelope is written already.
    ahead: bool,
}

#[derive(Clone, Copy)]
enum Step {
    Mail,
    Rcpt,
    Data,
}

impl Step {
    const ALL: [Step; 3] = [Step::Mail, Step::Rcpt, Step::Data];

    fn name(self) -> &'static str {
        match self {
            Step::Mail => "MAIL",
            Step::Rcpt => "RCPT",
            Step::Data => "DATA",
        }
    }
}

impl Connection {
    pub(super) fn new(
        smtp: AsyncSmtpConnection,
        written: Written,
        offers: Offers,
        limits: Timeouts,
    ) -> Connection {
        Connection {
            smtp,
            written,
            offers,
            limits,
            out: String::new(),
            ahead: false,
        }
    }

    /// AUTH (RFC 4954). The error is the server's answer.
    pub(super) async fn auth(
        &mut self,
        mechanisms: &[Mechanism],
        credentials: &Credentials,
    ) -> Result<(), String> {
        match reply::answer(self.smtp.auth(mechanisms, credentials).await) {
            Ok(Answer::Done) => Ok(()),
            Ok(Answer::GoOn) => Err("it answered with 354".to_owned()),
            Ok(Answer::No(refusal)) => Err(refusal.text),
            Err(lost) => Err(lost.reason),
        }
    }

    /// Sends the text of a letter whose envelope is taken, and behind it the envelope of `next`.
    /// Returns what became of the letter, and whether the connection can go on.
    pub(super) async fn body(&mut self, letter: &Letter, next: Option<&Letter>) -> (Outcome, bool) {
        self.out.clear();
        // A letter that is not UTF-8 was refused before it came here.
        push_text(
            &mut self.out,
            str::from_utf8(&letter.bytes).unwrap_or_default(),
        );
        let before = self.written.bytes();
        let dot = before + self.out.len() as u64;
        self.push_ahead(next);
        let lost = match self.say(self.limits.message, "the final dot").await {
            Ok(Answer::Done) => return (Outcome::Accepted, true),
            Ok(Answer::No(refusal)) => return (refusal.outcome(&letter.to), !refusal.closing),
            Ok(Answer::GoOn) => Lost::because("unexpected answer 354 to the final dot"),
            Err(lost) => lost,
        };
        let outcome = if self.written.bytes() >= dot {
            Outcome::InDoubt(lost.reason)
        } else {
            Outcome::Deferred(lost.reason)
        };
        (outcome, false)
    }

    /// Ends a transaction that came to nothing, with RSET or with an empty message, and sends the
    /// envelope of `next` behind it.
    pub(super) async fn clear(&mut self, lead: &str, next: Option<&Letter>) -> Result<(), Lost> {
        self.out.clear();
        self.out.push_str(lead);
        self.push_ahead(next);
        match self.say(self.limits.command, "RSET").await? {
            Answer::No(refusal) if refusal.closing => Err(Lost::because(refusal.text)),
            Answer::No(_) if lead == Lead::RESET => Err(Lost::because("RSET was refused")),
            Answer::GoOn => Err(Lost::because("unexpected answer 354")),
            // Whatever it makes of an empty message to nobody.
            Answer::No(_) | Answer::Done => Ok(()),
        }
    }

    /// Offers a letter: MAIL, RCPT, DATA, in one write where the server pipelines.
    pub(super) async fn envelope(&mut self, letter: &Letter) -> Result<Verdict, Lost> {
        let mut written = mem::take(&mut self.ahead);
        let mut refused: Option<Refusal> = None;
        for step in Step::ALL {
            let answer = if written {
                self.hear(step).await
            } else {
                self.out.clear();
                if self.offers.pipelining {
                    push_envelope(&mut self.out, self.offers, letter);
                    written = true;
                } else {
                    push_step(&mut self.out, self.offers, letter, step);
                }
                self.say(self.limits.command, step.name()).await
            };
            match (step, answer) {
                (Step::Mail | Step::Rcpt, Ok(Answer::Done)) => {}
                (Step::Data, Ok(Answer::GoOn)) => {
                    return Ok(match refused {
                        None => Verdict::Taken,
                        Some(refusal) => Verdict::Refused(refusal, Lead::NoBody),
                    });
                }
                (_, Ok(Answer::No(refusal))) => {
                    let closing = refusal.closing;
                    // What follows a refusal only follows from it.
                    let first = refused.get_or_insert(refusal);
                    if closing {
                        return Ok(Verdict::Closed(first.clone()));
                    }
                    if !self.offers.pipelining {
                        break;
                    }
                }
                (_, Ok(_)) => {
                    return Err(Lost::because(format!(
                        "unexpected answer to {}",
                        step.name()
                    )));
                }
                (_, Err(lost)) => {
                    return match refused {
                        Some(refusal) => Ok(Verdict::Closed(refusal)),
                        None => Err(lost),
                    };
                }
            }
        }
        match refused {
            Some(refusal) => Ok(Verdict::Refused(refusal, Lead::Reset)),
            None => Err(Lost::because("unexpected answer to DATA")),
        }
    }

    /// Says goodbye; what the server says to that matters to nobody.
    pub(super) async fn quit(mut self) {
        let _ = timeout(self.limits.quit, self.smtp.abort()).await;
    }

    fn push_ahead(&mut self, next: Option<&Letter>) {
        if let Some(next) = next.filter(|_| self.offers.pipelining) {
            push_envelope(&mut self.out, self.offers, next);
            self.ahead = true;
        }
    }

    /// Writes all of `out` and reads the first answer.
    async fn say(&mut self, limit: Duration, what: &str) -> Result<Answer, Lost> {
        match timeout(limit, self.smtp.command(self.out.as_str())).await {
            Ok(result) => reply::answer(result),
            Err(_) => Err(Lost::timed_out(what)),
        }
    }

    /// Reads the answer to what was written before.
    async fn hear(&mut self, step: Step) -> Result<Answer, Lost> {
        match timeout(self.limits.command, self.smtp.read_response()).await {
            Ok(result) => reply::answer(result),
            Err(_) => Err(Lost::timed_out(step.name())),
        }
    }
}

impl Lead {
    pub(super) const RESET: &'static str = "RSET\r\n";
    pub(super) const NO_BODY: &'static str = ".\r\n";
}

fn push_envelope(out: &mut String, offers: Offers, letter: &Letter) {
    for step in Step::ALL {
        push_step(out, offers, letter, step);
    }
}

fn push_step(out: &mut String, offers: Offers, letter: &Letter, step: Step) {
    // Writing to a `String` can't fail.
    let _ = match step {
        Step::Mail => {
            let mut line = write!(out, "MAIL FROM:<{}>", letter.from.as_str());
            if offers.size {
                line = line.and_then(|()| write!(out, " SIZE={}", letter.bytes.len()));
            }
            if offers.eight_bit && !letter.bytes.is_ascii() {
                out.push_str(" BODY=8BITMIME");
            }
            out.push_str("\r\n");
            line
        }
        Step::Rcpt => write!(out, "RCPT TO:<{}>\r\n", letter.to.as_str()),
        Step::Data => write!(out, "DATA\r\n"),
    };
}

/// Appends a message and its final dot: lines that begin with a dot get another (RFC 5321, 4.5.2),
/// and every line ends with CRLF. A bare CR or LF would be a line end to one server and not to the
/// next, and between the two a second message can be smuggled.
fn push_text(out: &mut String, text: &str) {
    out.reserve(text.len() + text.len() / 64 + 256);
    for line in text.split_inclusive('\n') {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        for line in line.split('\r') {
            if line.starts_with('.') {
                out.push('.');
            }
            out.push_str(line);
            out.push_str("\r\n");
        }
    }
    out.push_str(".\r\n");
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
