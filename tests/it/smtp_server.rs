//! A scripted SMTP server: it behaves as it is told, and remembers what it was given.
//!
//! It runs on a runtime and a thread of its own, on a port that the system chooses or on a socket in
//! a folder, so that plain tests can use it, and it ends when it is dropped. It may be told how to
//! behave at any time:
//!
//! ```ignore
//! let server = SmtpServer::start().reply_to(Phase::End, ["451 4.3.0 later", "250 ok"]);
//! ```

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use wici::config::Place;

mod script;
mod session;

use script::Script;

/// In place of a reply: the connection is closed without one.
pub const DROP: &str = "drop";
/// In place of a reply: nothing more is ever said.
pub const SILENT: &str = "silent";

/// Where in the conversation something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    Greeting,
    Ehlo,
    StartTls,
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
    place: Place,
    shared: Arc<Shared>,
    // Ends the connections when the server is dropped.
    runtime: Option<Runtime>,
}

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    seen: Mutex<Seen>,
    more: Condvar,
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SmtpServer {
    /// A server that takes everything and offers PIPELINING, SIZE and 8BITMIME.
    pub fn start() -> SmtpServer {
        SmtpServer::listening_on("127.0.0.1", "localhost")
    }

    /// The same by IPv6.
    pub fn start_by_ipv6() -> SmtpServer {
        SmtpServer::listening_on("::1", "::1")
    }

    fn listening_on(address: &str, host: &str) -> SmtpServer {
        let listener = std::net::TcpListener::bind((address, 0)).expect("a loopback port");
        let place = Place::Tcp {
            host: host.to_owned(),
            port: listener.local_addr().expect("its address").port(),
        };
        listener.set_nonblocking(true).expect("a socket option");
        SmtpServer::at(place, |runtime, shared| {
            runtime.spawn(session::accept(listener, shared));
        })
    }

    /// The same on a socket of this machine.
    pub fn start_at_socket(path: &Path) -> SmtpServer {
        let listener = UnixListener::bind(path).expect("a socket");
        listener.set_nonblocking(true).expect("a socket option");
        SmtpServer::at(Place::Unix(path.to_owned()), |runtime, shared| {
            runtime.spawn(session::accept_at_socket(listener, shared));
        })
    }

    fn at(place: Place, listen: impl FnOnce(&Runtime, Arc<Shared>)) -> SmtpServer {
        let shared = Arc::new(Shared::default());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        listen(&runtime, Arc::clone(&shared));
        SmtpServer {
            place,
            shared,
            runtime: Some(runtime),
        }
    }

    pub fn place(&self) -> Place {
        self.place.clone()
    }

    pub fn port(&self) -> u16 {
        match self.place {
            Place::Tcp { port, .. } => port,
            Place::Unix(_) => panic!("a socket has no port"),
        }
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
