//! The control socket: HTTP with JSON over a Unix socket that only the daemon's user can open.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::dump::{self, Stream};
use super::{Clock, Desk, Refusal, Request, Response, execute};

/// A command that has not asked its question, or read the answer, by then is left.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// The socket's place under the state folder.
pub fn path(state: &Path) -> PathBuf {
    state.join("control.sock")
}

/// Binds the socket, in place of one that a dead daemon left. The caller holds the state's lock.
pub fn bind(state: &Path) -> io::Result<UnixListener> {
    let path = path(state);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers requests at the latest of `desks` until `stop`.
pub async fn serve(
    listener: UnixListener,
    desks: watch::Receiver<Desk>,
    clock: Clock,
    stop: CancellationToken,
) -> io::Result<()> {
    let router = Router::new()
        .route("/", post(answer))
        .route("/dump", post(dump))
        .with_state((desks, clock));
    let served =
        axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let too_late = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_ANSWERS).await;
    };
    tokio::select! {
        ended = async { served.await } => ended,
        () = too_late => Ok(()),
    }
}

async fn dump(
    State((desks, clock)): State<(watch::Receiver<Desk>, Clock)>,
) -> Result<Body, (StatusCode, Json<Refusal>)> {
    let desk = desks.borrow().clone();
    let dump = dump::begin(&desk, clock()).await;
    dump.map(|dump| Body::new(Stream::of(dump)))
        .map_err(|refusal| (StatusCode::UNPROCESSABLE_ENTITY, Json(refusal)))
}

async fn answer(
    State((desks, clock)): State<(watch::Receiver<Desk>, Clock)>,
    Json(request): Json<Request>,
) -> Result<Json<Response>, (StatusCode, Json<Refusal>)> {
    let desk = desks.borrow().clone();
    execute(&desk, request, true, clock())
        .await
        .map(Json)
        .map_err(|refusal| (StatusCode::UNPROCESSABLE_ENTITY, Json(refusal)))
}
