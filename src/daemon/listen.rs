//! Accepts HTTP connections, each with its limits: a slow or silent client costs a bounded amount.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{ServiceExt, service_fn};

/// At the most; fewer where the system allows few files to be open.
const CONNECTIONS: u64 = 4096;
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
const HEADER_BYTES: usize = 32 << 10;
/// Nobody keeps a place longer, not even by reading a byte now and then.
const LIFE: Duration = Duration::from_mins(5);
/// An answer that is under way is given so long when its connection is to end.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// Serves the latest of `routers` until `stop`, then lets the answers under way go out.
pub(super) async fn serve(
    listener: TcpListener,
    routers: watch::Receiver<Router>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let connections = TaskTracker::new();
    let room = Arc::new(Semaphore::new(most_connections()));
    loop {
        let permit = tokio::select! {
            () = stop.cancelled() => break,
            permit = Arc::clone(&room).acquire_owned() => permit?,
        };
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, or the client left: neither ends the server.
                    tracing::warn!("can't accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let (routers, stop) = (routers.clone(), stop.clone());
        connections.spawn(async move {
            if let Err(error) = converse(stream, routers, stop).await {
                tracing::debug!("a connection ended: {error}");
            }
            drop(permit);
        });
    }
    connections.close();
    connections.wait().await;
    Ok(())
}

/// Answers one client until it leaves, its time is over, or the daemon is told to stop.
async fn converse(
    stream: TcpStream,
    routers: watch::Receiver<Router>,
    stop: CancellationToken,
) -> Result<(), hyper::Error> {
    // Small answers should not wait for an acknowledgement of the last one.
    let _ = stream.set_nodelay(true);
    let asked = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&asked);
    let service = service_fn(move |request| {
        note.store(true, Ordering::Relaxed);
        let router = routers.borrow().clone();
        router.oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = pin!(connection);
    tokio::select! {
        ended = &mut connection => return ended,
        () = stop.cancelled() => {}
        () = tokio::time::sleep(LIFE) => {}
    }
    if !asked.load(Ordering::Relaxed) {
        return Ok(());
    }
    connection.as_mut().graceful_shutdown();
    let answered = tokio::time::timeout(LAST_ANSWERS, connection).await;
    // A client that does not take its answer is cut off.
    answered.unwrap_or(Ok(()))
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
