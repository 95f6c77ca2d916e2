//! A scripted SMTP server: it behaves as it is told, and remembers what it was given.
//!
//! It runs on a runtime and a thread of its own, on a port that the system chooses, so that plain
//! tests can use it, and it ends when it is dropped. It may be told how to behave at any time:
//!
//! ```ignore
//! let server = SmtpServer::start().reply_to(Phase::End, ["451 4.3.0 later", "250 ok"]);
//! ```

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Interval;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

mod session;

/// In place of a reply: the connection is closed without one.
pub const DROP: &str = "drop";

/// Where in the conversation something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    Greeting,
    Ehlo,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// Before anything of the message is read.
    Body,
    /// After the final dot.
    End,
}

/// A message whose final dot arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub from: String,
    pub to: String,
    /// Without the dots that SMTP adds.
    pub data: Vec<u8>,
    /// Was a 2yz answer to it written?
    pub accepted: bool,
}

/// See the module.
pub struct SmtpServer {
    port: u16,
    shared: Arc<Shared>,
    // Ends the connections when the server is dropped.
    runtime: Option<tokio::runtime::Runtime>,
}

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    seen: Mutex<Seen>,
    more: Condvar,
}

struct Script {
    pipelining: bool,
    /// Answers for the next times a phase is reached.
    replies: HashMap<Phase, VecDeque<String>>,
    /// Answers for all other times.
    always: HashMap<Phase, String>,
    /// How often a connection is closed, without an answer, where a phase is reached.
    drops: HashMap<Phase, u32>,
    silent: Option<Phase>,
    lenient: bool,
    pace: Option<Pace>,
    tls: Option<TlsAcceptor>,
    implicit_tls: bool,
    injected: &'static [u8],
    auth: bool,
    most: usize,
    chaos: Option<u64>,
}

/// One letter a tick, whichever connection it comes by; ticks that nobody waited for are no credit.
#[derive(Clone)]
struct Pace {
    gap: Duration,
    ticks: Arc<tokio::sync::Mutex<Option<Interval>>>,
}

#[derive(Default)]
struct Seen {
    messages: Vec<Message>,
    commands: Vec<String>,
    violations: Vec<String>,
    open: usize,
    connections: usize,
    envelopes_behind_a_dot: usize,
}

impl Default for Script {
    fn default() -> Script {
        Script {
            pipelining: true,
            replies: HashMap::new(),
            always: HashMap::new(),
            drops: HashMap::new(),
            silent: None,
            lenient: false,
            pace: None,
            tls: None,
            implicit_tls: false,
            injected: b"",
            auth: false,
            most: usize::MAX,
            chaos: None,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SmtpServer {
    /// A server that takes everything and offers PIPELINING, SIZE and 8BITMIME.
    pub fn start() -> SmtpServer {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let port = listener.local_addr().expect("its address").port();
        listener.set_nonblocking(true).expect("a socket option");
        let shared = Arc::new(Shared::default());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.spawn(session::accept(listener, Arc::clone(&shared)));
        SmtpServer {
            port,
            shared,
            runtime: Some(runtime),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

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

    /// Never answers in that phase.
    pub fn silent_at(self, phase: Phase) -> SmtpServer {
        self.told(|script| script.silent = Some(phase))
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

    /// Sends these bytes in the clear right behind the answer to STARTTLS.
    pub fn injecting(self, bytes: &'static [u8]) -> SmtpServer {
        self.told(|script| script.injected = bytes)
    }

    /// Offers AUTH, and takes nothing before it.
    pub fn requiring_auth(self) -> SmtpServer {
        self.told(|script| script.auth = true)
    }

    /// Greets further connections with 421.
    pub fn allowing_connections(self, most: usize) -> SmtpServer {
        self.told(|script| script.most = most)
    }

    /// Answers, refuses, closes and drops at random where letters are concerned.
    pub fn unpredictable(self, seed: u64) -> SmtpServer {
        self.told(|script| script.chaos = Some(seed | 1 << 40))
    }

    /// Every message whose final dot has arrived.
    pub fn messages(&self) -> Vec<Message> {
        lock(&self.shared.seen).messages.clone()
    }

    /// Every message so far, which is forgotten here.
    pub fn take_messages(&self) -> Vec<Message> {
        std::mem::take(&mut lock(&self.shared.seen).messages)
    }

    /// Every command line, in the order of arrival.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.shared.seen).commands.clone()
    }

    /// What the client did that SMTP forbids.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.shared.seen).violations.clone()
    }

    /// Connections made so far.
    pub fn connections(&self) -> usize {
        lock(&self.shared.seen).connections
    }

    /// How often the next envelope was there already when a final dot was answered.
    pub fn envelopes_behind_a_dot(&self) -> usize {
        lock(&self.shared.seen).envelopes_behind_a_dot
    }

    /// Waits until `n` messages were accepted; false: they were not by then.
    pub fn wait_for(&self, n: usize, patience: Duration) -> bool {
        self.wait_until(patience, |seen| {
            seen.messages.iter().filter(|m| m.accepted).count() >= n
        })
    }

    /// Waits until no connection is open; false: there is one yet.
    pub fn wait_for_silence(&self, patience: Duration) -> bool {
        self.wait_until(patience, |seen| seen.open == 0)
    }

    fn wait_until(&self, patience: Duration, enough: impl Fn(&Seen) -> bool) -> bool {
        let seen = lock(&self.shared.seen);
        let (seen, _) = self
            .shared
            .more
            .wait_timeout_while(seen, patience, |seen| !enough(seen))
            .unwrap_or_else(PoisonError::into_inner);
        enough(&seen)
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        // Also where a test drops it inside a runtime, which may not block.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Script {
    /// Is the connection to be closed here? Takes one from the count.
    fn drops_at(&mut self, phase: Phase) -> bool {
        let times = self.drops.entry(phase).or_default();
        let drop = *times > 0;
        *times = times.saturating_sub(1);
        drop
    }

    /// `None`: close the connection.
    fn answer(&mut self, phase: Phase, usual: &str) -> Option<String> {
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
                3..6 => return Some("554 5.7.1 never".to_owned()),
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
