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

use std::mem;
use std::pin::pin;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::response::Response;
use tokio::time::timeout;

use super::Letter;
use super::hello::Offers;
use super::reply::{self, Answer, Lost, Refusal};
use super::stream::Written;
use super::text::{needs_utf8, push_envelope, push_step, push_text};
use super::timeouts::{Step, Timeouts};
use crate::config::Protocol;
use crate::domain::Outcome;

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
    protocol: Protocol,
    offers: Offers,
    limits: Timeouts,
    /// What is written next, in one go.
    out: String,
    /// The next envelope is written already.
    ahead: bool,
    /// What was said when the last letter was taken.
    receipt: Option<Response>,
}

impl Connection {
    pub(super) fn new(
        smtp: AsyncSmtpConnection,
        written: Written,
        protocol: Protocol,
        offers: Offers,
        limits: Timeouts,
    ) -> Connection {
        Connection {
            smtp,
            written,
            protocol,
            offers,
            limits,
            out: String::new(),
            ahead: false,
            receipt: None,
        }
    }

    /// What the server said when it took the last letter; told once.
    pub(super) fn receipt(&mut self) -> Option<String> {
        self.receipt.take().map(|response| reply::words(&response))
    }

    /// AUTH (RFC 4954). The error is the server's answer.
    pub(super) async fn auth(
        &mut self,
        mechanisms: &[Mechanism],
        credentials: &Credentials,
    ) -> Result<(), String> {
        let login = self.smtp.auth(mechanisms, credentials);
        let answer = match timeout(self.limits.auth, login).await {
            Ok(result) => reply::answer(result, Step::Auth),
            Err(_) => Err(Lost::timed_out(Step::Auth)),
        };
        match answer {
            Ok(Answer::Done(_)) => Ok(()),
            Ok(Answer::GoOn) => Err("it answered with 354".to_owned()),
            Ok(Answer::No(refusal)) => Err(refusal.text),
            Err(lost) => Err(lost.reason),
        }
    }

    /// Why this server can't be offered a letter at all.
    pub(super) fn objection(&self, letter: &Letter) -> Option<String> {
        let size = letter.text.len() as u64;
        match self.offers.size {
            // RFC 1870, 4: 0 is no limit.
            Some(most @ 1..) if size > most => {
                return Some(format!(
                    "the message has {size} bytes, and the mail server takes {most} at the most"
                ));
            }
            _ => {}
        }
        if needs_utf8(letter) && !self.offers.utf8 {
            return Some(
                "the mail server can't take this address: it does not offer SMTPUTF8".to_owned(),
            );
        }
        None
    }

    /// Sends the text of a letter whose envelope is taken, and behind it the envelope of `next`.
    /// Returns what became of the letter, and whether the connection can go on.
    pub(super) async fn body(&mut self, letter: &Letter, next: Option<&Letter>) -> (Outcome, bool) {
        self.out.clear();
        push_text(&mut self.out, &letter.text);
        let dot = self.written.bytes() + self.out.len() as u64;
        self.push_ahead(next);
        let lost = match self.say_text(dot).await {
            Ok(Answer::Done(response)) => {
                self.receipt = Some(response);
                return (Outcome::Accepted, true);
            }
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
        match self.say(Step::Reset).await? {
            Answer::No(refusal) if refusal.closing => Err(Lost::because(refusal.text)),
            Answer::No(_) if lead == Lead::RESET => Err(Lost::because("RSET was refused")),
            Answer::GoOn => Err(Lost::because("unexpected answer 354")),
            // Whatever it makes of an empty message to nobody.
            Answer::No(_) | Answer::Done(_) => Ok(()),
        }
    }

    /// Offers a letter: MAIL, RCPT, DATA, in one write where the server pipelines.
    pub(super) async fn envelope(&mut self, letter: &Letter) -> Result<Verdict, Lost> {
        let mut written = mem::take(&mut self.ahead);
        let mut refused: Option<Refusal> = None;
        for step in Step::ENVELOPE {
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
                self.say(step).await
            };
            match (step, answer) {
                (Step::Mail | Step::Rcpt, Ok(Answer::Done(_))) => {}
                (Step::Data, Ok(Answer::GoOn)) => {
                    return Ok(match refused {
                        None => Verdict::Taken,
                        // One answer a recipient, and there is none: an empty message would be
                        // answered by silence (RFC 2033, 4.2).
                        Some(refusal) if self.protocol == Protocol::Lmtp => {
                            Verdict::Closed(refusal)
                        }
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
    async fn say(&mut self, step: Step) -> Result<Answer, Lost> {
        match timeout(
            step.limit(&self.limits),
            self.smtp.command(self.out.as_str()),
        )
        .await
        {
            Ok(result) => reply::answer(result, step),
            Err(_) => Err(Lost::timed_out(step)),
        }
    }

    /// The same where `out` begins with a message, whose final dot is the byte before `dot` of the
    /// connection: that may take long, as long as some of it leaves every now and then.
    async fn say_text(&mut self, dot: u64) -> Result<Answer, Lost> {
        let mut said = pin!(self.smtp.command(self.out.as_str()));
        loop {
            let before = self.written.bytes();
            let limit = match before < dot {
                true => self.limits.block,
                false => self.limits.dot,
            };
            match timeout(limit, &mut said).await {
                Ok(result) => return reply::answer(result, Step::Dot),
                Err(_) if self.written.bytes() > before => {}
                Err(_) => return Err(Lost::timed_out(Step::Dot)),
            }
        }
    }

    /// Reads the answer to what was written before.
    async fn hear(&mut self, step: Step) -> Result<Answer, Lost> {
        match timeout(step.limit(&self.limits), self.smtp.read_response()).await {
            Ok(result) => reply::answer(result, step),
            Err(_) => Err(Lost::timed_out(step)),
        }
    }
}

impl Lead {
    pub(super) const RESET: &'static str = "RSET\r\n";
    pub(super) const NO_BODY: &'static str = ".\r\n";
}
