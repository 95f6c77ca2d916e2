//! How the scripted server behaves.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Interval;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::{DROP, Phase, SmtpServer, lock};

pub(super) struct Script {
    pub(super) pipelining: bool,
    /// Answers for the next times a phase is reached.
    pub(super) replies: HashMap<Phase, VecDeque<String>>,
    /// Answers for all other times.
    pub(super) always: HashMap<Phase, String>,
    /// How often a connection is closed, without an answer, where a phase is reached.
    pub(super) drops: HashMap<Phase, u32>,
    pub(super) lenient: bool,
    pub(super) pace: Option<Pace>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) implicit_tls: bool,
    pub(super) injected: &'static str,
    /// The mechanisms that are offered; nothing is taken without.
    pub(super) auth: Option<&'static str>,
    pub(super) lmtp: bool,
    pub(super) utf8: bool,
    /// The largest message, in bytes.
    pub(super) size: usize,
    /// Answers leave byte by byte.
    pub(super) in_pieces: bool,
    pub(super) most: usize,
    pub(super) chaos: Option<u64>,
}

/// One letter a tick, whichever connection it comes by; ticks that nobody waited for are no credit.
#[derive(Clone)]
pub(super) struct Pace {
    pub(super) gap: Duration,
    pub(super) ticks: Arc<tokio::sync::Mutex<Option<Interval>>>,
}

impl Default for Script {
    fn default() -> Script {
        Script {
            pipelining: true,
            replies: HashMap::new(),
            always: HashMap::new(),
            drops: HashMap::new(),
            lenient: false,
            pace: None,
            tls: None,
            implicit_tls: false,
            injected: "",
            auth: None,
            lmtp: false,
            utf8: false,
            size: 1_000_000,
            in_pieces: false,
            most: usize::MAX,
            chaos: None,
        }
    }
}

impl SmtpServer {
    fn told(self, change: impl FnOnce(&mut Script)) -> SmtpServer {
        change(&mut lock(&self.shared.script));
        self
    }

    /// Answers so the next times that phase is reached, one after the other.
    pub fn reply_to<const N: usize>(self, phase: Phase, replies: [&str; N]) -> SmtpServer {
        self.told(|script| {
            let queue = script.replies.entry(phase).or_default();
            queue.extend(replies.map(str::to_owned));
        })
    }

    /// Answers so to the next final dots, one after the other.
    pub fn reply_to_data_end<const N: usize>(self, replies: [&str; N]) -> SmtpServer {
        self.reply_to(Phase::End, replies)
    }

    /// Answers so whenever that phase is reached and nothing else was asked for.
    pub fn always(self, phase: Phase, reply: &str) -> SmtpServer {
        self.told(|script| {
            script.always.insert(phase, reply.to_owned());
        })
    }

    /// Refuses every recipient.
    pub fn refuse_rcpt(self, reply: &str) -> SmtpServer {
        self.always(Phase::Rcpt, reply)
    }

    /// Closes the connection at the next `times` final dots, without an answer.
    pub fn drop_after_the_dot(self, times: u32) -> SmtpServer {
        self.drop_at(Phase::End, times)
    }

    /// Closes the connection the next `times` that phase is reached, without an answer.
    pub fn drop_at(self, phase: Phase, times: u32) -> SmtpServer {
        self.told(|script| *script.drops.entry(phase).or_default() += times)
    }

    /// Answers 421 once, where that phase is reached, and closes the connection.
    pub fn close_with_421_at(self, phase: Phase) -> SmtpServer {
        self.reply_to(phase, ["421 4.3.2 closing"])
    }

    pub fn without_pipelining(self) -> SmtpServer {
        self.told(|script| script.pipelining = false)
    }

    /// Grants DATA even where no recipient was taken.
    pub fn lenient_with_data(self) -> SmtpServer {
        self.told(|script| script.lenient = true)
    }

    /// Answers to so many final dots a second, over all connections.
    pub fn pace(self, per_second: u32) -> SmtpServer {
        self.told(|script| {
            script.pace = Some(Pace {
                gap: Duration::from_secs(1) / per_second.max(1),
                ticks: Arc::default(),
            });
        })
    }

    pub fn offering_starttls(self, config: Arc<ServerConfig>) -> SmtpServer {
        self.told(|script| script.tls = Some(TlsAcceptor::from(config)))
    }

    /// TLS from the first byte.
    pub fn over_tls(self, config: Arc<ServerConfig>) -> SmtpServer {
        self.offering_starttls(config)
            .told(|script| script.implicit_tls = true)
    }

    /// Sends this in the clear right behind the answer to STARTTLS.
    pub fn injecting(self, text: &'static str) -> SmtpServer {
        self.told(|script| script.injected = text)
    }

    /// Offers these mechanisms of AUTH to `user` with `secret`, and takes nothing before it.
    pub fn requiring_auth(self, mechanisms: &'static str) -> SmtpServer {
        self.told(|script| script.auth = Some(mechanisms))
    }

    /// Speaks LMTP (RFC 2033) and no SMTP.
    pub fn speaking_lmtp(self) -> SmtpServer {
        self.told(|script| script.lmtp = true)
    }

    /// Offers SMTPUTF8.
    pub fn offering_utf8(self) -> SmtpServer {
        self.told(|script| script.utf8 = true)
    }

    /// Says that it takes messages of so many bytes at the most.
    pub fn taking_at_most(self, bytes: usize) -> SmtpServer {
        self.told(|script| script.size = bytes)
    }

    /// Answers byte by byte.
    pub fn answering_in_pieces(self) -> SmtpServer {
        self.told(|script| script.in_pieces = true)
    }

    /// Greets further connections with 421.
    pub fn allowing_connections(self, most: usize) -> SmtpServer {
        self.told(|script| script.most = most)
    }

    /// Answers, refuses, closes and drops at random where letters are concerned.
    pub fn unpredictable(self, seed: u64) -> SmtpServer {
        self.told(|script| script.chaos = Some(seed | 1 << 40))
    }
}

impl Script {
    /// Is the connection to be closed here? Takes one from the count.
    pub(super) fn drops_at(&mut self, phase: Phase) -> bool {
        let times = self.drops.entry(phase).or_default();
        let drop = *times > 0;
        *times = times.saturating_sub(1);
        drop
    }

    /// `None`: close the connection.
    pub(super) fn answer(&mut self, phase: Phase, usual: &str) -> Option<String> {
        if self.drops_at(phase) {
            return None;
        }
        if let Some(reply) = self.replies.get_mut(&phase).and_then(VecDeque::pop_front) {
            return Some(reply).filter(|reply| reply != DROP);
        }
        let letters = matches!(phase, Phase::Mail | Phase::Rcpt | Phase::Data | Phase::End);
        if let Some(seed) = self.chaos.as_mut().filter(|_| letters) {
            // xorshift64: the same seed, the same moods.
            *seed ^= *seed << 13;
            *seed ^= *seed >> 7;
            *seed ^= *seed << 17;
            match *seed % 40 {
                0..3 => return Some("451 4.3.0 not now".to_owned()),
                3..6 => return Some("550 5.1.1 never".to_owned()),
                6 => return Some("421 4.3.2 closing".to_owned()),
                7 => return None,
                _ => {}
            }
        }
        Some(
            self.always
                .get(&phase)
                .map_or(usual, |reply| reply)
                .to_owned(),
        )
    }
}
