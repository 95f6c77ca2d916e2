//! Accepts HTTP connections, each with its limits: a slow or silent client costs a bounded amount, and
//! those that do nothing give way to those that ask.
//!
//! One loop accepts and keeps the table of connections; nobody else has it, so it needs no lock. Each
//! connection is a task that notes what it does (`activity`); once in a while the loop looks through
//! the notes for those whose time is over.

mod activity;
mod connections;
mod converse;
pub(super) mod socket;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::config::Proxies;
use crate::web::client::Peer;
use crate::web::{self, Routes};
use activity::{Activity, CoarseClock};
use connections::Connections;
use converse::converse;
use socket::{Listener, Stream};

/// What whoever comes is shown.
#[derive(Clone)]
pub(super) struct Front {
    /// Feeds and pages.
    pub(super) routes: Routes,
    /// Who is believed about who asks.
    pub(super) proxies: Arc<Proxies>,
}

/// What a client may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections at a time.
    connections: usize,
    /// Of these, from one address, or one network of IPv6. Loopback, Unix sockets and trusted proxies
    /// speak for many.
    of_one_client: usize,
    head_bytes: usize,
    body_bytes: u64,
    /// The time for the head of a request: of the first one since the connection was made.
    head: Duration,
    /// The time for its body, and for the answer to begin.
    body: Duration,
    /// How long nothing of an answer may be taken.
    stall: Duration,
    /// Between an answer and the next request.
    idle: Duration,
    /// Nobody keeps a place longer, not even by reading a byte now and then.
    life: Duration,
    /// An answer that is under way is given so long when its connection is to end.
    last_answers: Duration,
    /// To tell a client that its request is refused.
    linger: Duration,
}

/// At the most; fewer where the system allows few files to be open. An idle one costs some 20 KB, most
/// of them hyper's buffers.
const CONNECTIONS: u64 = 2048;

/// After an error that others may end.
const PAUSE: Duration = Duration::from_millis(100);

impl Limits {
    /// Those of this machine.
    pub(super) fn of_system() -> Limits {
        Limits {
            connections: most_connections(),
            of_one_client: 256,
            head_bytes: 32 << 10,
            body_bytes: web::BODY_BYTES as u64,
            head: Duration::from_secs(15),
            body: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            idle: Duration::from_mins(1),
            life: Duration::from_mins(5),
            last_answers: Duration::from_secs(10),
            linger: Duration::from_secs(2),
        }
    }

    /// Between two looks at who is over time: what is over it has at most a tenth more.
    fn tick(&self) -> Duration {
        let shortest = [self.head, self.stall, self.idle, self.life];
        let shortest = shortest.into_iter().min().unwrap_or_default();
        (shortest / 10).clamp(Duration::from_millis(2), Duration::from_secs(1))
    }
}

/// Shows the latest of `fronts` to all who come until `stop`, then lets the answers under way go out.
pub(super) async fn serve(
    listeners: Vec<Listener>,
    fronts: watch::Receiver<Front>,
    limits: Limits,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (begun, clock) = (Instant::now(), CoarseClock::default());
    let mut connections = Connections::new(limits, clock.clone());
    let mut tasks = JoinSet::new();
    let mut ticks = interval(limits.tick());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turn = 0;
    loop {
        let (stream, peer) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = tasks.join_next_with_id() => {
                match ended {
                    Ok((id, ())) => connections.remove(id),
                    Err(error) => {
                        tracing::error!("a connection ended: {error}");
                        connections.remove(error.id());
                    }
                }
                continue;
            }
            _ = ticks.tick(), if !connections.is_empty() => {
                clock.set(milliseconds(begun));
                connections.sweep();
                continue;
            }
            accepted = accept(&listeners, &mut turn), if connections.has_room() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or the client left: neither ends the server.
                    tracing::warn!("can't accept a connection: {error}");
                    sleep(PAUSE).await;
                    continue;
                }
            },
        };
        clock.set(milliseconds(begun));
        let client = counted(peer, &fronts);
        if !connections.admit(client) {
            tracing::debug!("a client has {} connections already", limits.of_one_client);
            continue;
        }
        let activity = Arc::new(Activity::new(clock.clone()));
        let (end, ending) = oneshot::channel();
        let noted = Arc::clone(&activity);
        let task = converse(stream, peer, fronts.clone(), limits, noted, ending);
        let id = tasks.spawn(task).id();
        connections.insert(id, activity, client, end);
    }
    // Nobody is turned away by a socket that only seems to listen.
    drop(listeners);
    connections.end_all();
    while tasks.join_next().await.is_some() {}
    Ok(())
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The next connection, from each listener in turn.
async fn accept(listeners: &[Listener], turn: &mut usize) -> std::io::Result<(Stream, Peer)> {
    poll_fn(|cx| {
        for _ in listeners {
            *turn = (*turn + 1) % listeners.len();
            let accepted = listeners
                .get(*turn)
                .map(|listener| listener.poll_accept(cx));
            if let Some(Poll::Ready(accepted)) = accepted {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}

/// By whom a connection is counted, if it is.
fn counted(peer: Peer, fronts: &watch::Receiver<Front>) -> Option<IpAddr> {
    match peer {
        Peer::Ip(address) if !address.is_loopback() => {
            (!fronts.borrow().proxies.has(address)).then_some(address)
        }
        Peer::Ip(_) | Peer::Unix => None,
    }
}

/// Half of the files that may be open are left to content, feeds, mail and the store. What the
/// system allows on demand is demanded.
fn most_connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX).min(2 * CONNECTIONS);
    let mut files = limit.current.unwrap_or(u64::MAX);
    if files < most {
        let raised = Rlimit {
            current: Some(most),
            ..limit
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            files = most;
        }
    }
    usize::try_from(CONNECTIONS.min(files / 2)).map_or(1, |most| most.max(1))
}
