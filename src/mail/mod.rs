//! How letters leave the house: over SMTP or LMTP, or as files into an outbox folder.
//!
//! The caller puts each [`Letter`] into one [`queue`] and runs [`Mailer::workers`] futures of
//! [`Mailer::work`] over it. Every letter that a worker takes is reported exactly once, with what
//! is known to have become of it. Nothing here spawns, and nothing is remembered.
//!
//! | file | what |
//! | --- | --- |
//! | `worker`, `reach` | one connection's life: connect, carry letters, idle, quit; back off |
//! | `smtp` | the conversation: envelopes pipelined behind bodies, answers in order |
//! | `hello` | from a place to a connection that is ready for MAIL: greeting, STARTTLS, EHLO, AUTH |
//! | `stream`, `tls` | bytes: TCP, TLS or a Unix socket, counting what was written |
//! | `text` | envelopes and messages as they are written |
//! | `reply` | the server's answers as outcomes |
//! | `timeouts` | how long each answer may take |
//! | `outbox` | each letter an `.eml` file |

mod hello;
mod outbox;
mod reach;
mod reply;
mod smtp;
mod stream;
mod text;
mod timeouts;
mod tls;
mod worker;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config;
use crate::domain::{Address, DeliveryKey, Outcome};

pub use outbox::Outbox;
pub use timeouts::Timeouts;
pub use worker::ServerMailer;

/// A message ready to go. `Debug` shows nothing of it that is personal.
#[derive(Clone)]
pub struct Letter {
    /// What is reported back.
    pub key: DeliveryKey,
    /// The reverse path (MAIL FROM).
    pub from: Address,
    /// The one recipient (RCPT TO).
    pub to: Address,
    /// The message of RFC 5322, with CRLF, not dot-stuffed.
    pub text: String,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("key", &self.key)
            .field("to", &self.to)
            .field("bytes", &self.text.len())
            .finish()
    }
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which letter.
    pub key: DeliveryKey,
    /// What is known.
    pub outcome: Outcome,
    /// What the server said when it took the letter, or where its file is.
    pub reply: Option<String>,
}

/// Asked before something is done that can't be taken back.
pub trait Gate: Send + Sync {
    /// Asked right before a letter's MAIL FROM is written (or its file made), and once more where a
    /// connection had to be made in between: may it still go? `false`: it is not sent, and reported
    /// [`Outcome::Suppressed`].
    fn admit(&self, key: DeliveryKey) -> impl Future<Output = bool> + Send;

    /// Asked right before a letter's text is written to a server: may it be? `false`: it is put off,
    /// and its connection given up.
    fn begin_text(&self, key: DeliveryKey) -> impl Future<Output = bool> + Send {
        let _ = key;
        std::future::ready(true)
    }
}

/// A queue of letters from one caller to many workers, holding `capacity` at the most.
pub fn queue(capacity: usize) -> (LetterSender, LetterReceiver) {
    async_channel::bounded(capacity.max(1))
}

/// The caller's end of a [`queue`].
pub type LetterSender = async_channel::Sender<Letter>;

/// The workers' end of a [`queue`]; its clones share the letters out.
pub type LetterReceiver = async_channel::Receiver<Letter>;

/// How letters leave. Cheap to share: workers borrow it.
#[derive(Debug)]
pub enum Mailer {
    /// Each letter an `.eml` file.
    Outbox(Outbox),
    /// A server.
    Server(Box<ServerMailer>),
}

impl Mailer {
    /// The mailer that `[mail]` asks for. `helo` is the name or address given in EHLO.
    ///
    /// # Errors
    /// TLS is asked for and no trusted certificate was found, or the server's name is not one.
    pub fn from_config(mail: &config::Mail, helo: &str) -> anyhow::Result<Mailer> {
        Ok(match &mail.transport {
            config::Transport::Outbox(dir) => Mailer::Outbox(Outbox::new(dir)),
            config::Transport::Server(server) => {
                Mailer::Server(Box::new(ServerMailer::new(server, mail.connections, helo)?))
            }
        })
    }

    /// How many futures of [`Mailer::work`] to run.
    pub fn workers(&self) -> usize {
        match self {
            Mailer::Outbox(_) => Outbox::WORKERS,
            Mailer::Server(server) => server.connections(),
        }
    }

    /// Takes letters until the queue is closed and empty, or `cancel`. Each letter taken is
    /// reported exactly once; letters still in the queue after `cancel` were not begun and are
    /// the caller's. On `cancel` what is on the wire is finished first, so it may take as long as
    /// the server takes: a caller with a deadline drops the future then, and whatever it has not
    /// seen reported may or may not have gone.
    ///
    /// It ends as on `cancel` when nobody receives reports any more: what went would be forgotten,
    /// and go twice. While the server can't be reached, letters come back [`Outcome::Deferred`] at once.
    pub async fn work<G: Gate>(
        &self,
        letters: LetterReceiver,
        gate: &G,
        reports: mpsc::Sender<Report>,
        cancel: CancellationToken,
    ) {
        let desk = Desk {
            letters,
            gate,
            reports,
            cancel,
        };
        match self {
            Mailer::Outbox(outbox) => outbox.work(desk).await,
            Mailer::Server(server) => server.work(desk).await,
        }
    }
}

/// Where a worker gets its letters and hands in its reports.
struct Desk<'g, G> {
    letters: LetterReceiver,
    gate: &'g G,
    reports: mpsc::Sender<Report>,
    cancel: CancellationToken,
}

impl<G: Gate> Desk<'_, G> {
    /// Waits for a letter that may go, for `patience` or for ever; `None`: there is none, or the
    /// queue is closed, or a stop was asked for.
    async fn next(&self, patience: Option<Duration>) -> Option<Letter> {
        loop {
            let letter = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return None,
                () = self.reports.closed() => return None,
                letter = self.letters.recv() => letter.ok()?,
                () = tokio::time::sleep(patience.unwrap_or_default()), if patience.is_some() => {
                    return None;
                }
            };
            if let Some(letter) = self.admitted(letter).await {
                return Some(letter);
            }
        }
    }

    /// A letter that may go, if one is waiting and no stop was asked for.
    async fn next_waiting(&self) -> Option<Letter> {
        while !self.cancel.is_cancelled() && !self.reports.is_closed() {
            let letter = self.letters.try_recv().ok()?;
            if let Some(letter) = self.admitted(letter).await {
                return Some(letter);
            }
        }
        None
    }

    /// Are no more letters to be taken?
    fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || (self.letters.is_closed() && self.letters.is_empty())
    }

    async fn admitted(&self, letter: Letter) -> Option<Letter> {
        if self.gate.admit(letter.key).await {
            return Some(letter);
        }
        self.report(letter.key, Outcome::Suppressed).await;
        None
    }

    /// Hands in a report. Waits while the caller is behind: then the wire waits for the disk.
    async fn report(&self, key: DeliveryKey, outcome: Outcome) {
        self.hand_in(key, outcome, None).await;
    }

    /// The same with what was said of a letter that was taken.
    async fn hand_in(&self, key: DeliveryKey, outcome: Outcome, reply: Option<String>) {
        let report = Report {
            key,
            outcome,
            reply,
        };
        // Whoever no longer listens has given these letters up.
        let _ = self.reports.send(report).await;
    }
}
