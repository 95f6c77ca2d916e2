//! What the daemon stands on: its store, its feeds folder and its listener.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::listen::socket::{self, Listener};
use super::secrets;
use crate::config::{Config, Listen};
use crate::control::client::Client;
use crate::publish::{OpenError, Publisher};
use crate::store::{Open, Store, StoreError};

/// A command has the store for a moment at most; whoever has it for longer is a daemon.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_RETRY: Duration = Duration::from_millis(50);

/// Opens the store, or makes it where nobody but the owner can look into it. A command that has it
/// at this moment is waited for; a daemon is not.
pub(super) async fn open_store(state: &Path) -> anyhow::Result<Store> {
    let deadline = tokio::time::Instant::now() + LOCK_PATIENCE;
    loop {
        match Store::open(state, Open::OrCreate, secrets::random()?) {
            Err(StoreError::Locked(_)) if tokio::time::Instant::now() < deadline => {
                if matches!(Client::connect(state).await, Ok(Some(_))) {
                    anyhow::bail!(
                        "another daemon runs on {}; stop it first, or give this one a `state` of its own",
                        state.display()
                    );
                }
                tokio::time::sleep(LOCK_RETRY).await;
            }
            other => return Ok(other?),
        }
    }
}

/// Takes the feeds folder over. A `wici build` that writes there at this moment is waited for.
///
/// # Errors
/// Another daemon has it; the disk's.
pub(super) async fn open_feeds(dir: &Path) -> anyhow::Result<Publisher> {
    let deadline = tokio::time::Instant::now() + LOCK_PATIENCE;
    loop {
        match Publisher::open(dir.to_owned()) {
            Err(OpenError::Taken { .. }) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(LOCK_RETRY).await;
            }
            Err(taken @ OpenError::Taken { .. }) => return Err(taken.into()),
            opened => {
                return opened.with_context(|| format!("can't write to {}", dir.display()));
            }
        }
    }
}

/// Opens what `[web] listen` names.
pub(super) async fn listen(config: &mut Config) -> anyhow::Result<Vec<Listener>> {
    let listen = &config.web.listen;
    let listeners = socket::open(listen).await.with_context(|| {
        let hint = match listen {
            Listen::Systemd => "",
            Listen::Tcp(_) | Listen::Unix(_) => "; is wici or another program at work there?",
        };
        let file = config.file.display();
        format!("can't listen on {listen}, as `[web] listen` in {file} says{hint}")
    })?;
    if let Some(port) = listeners.first().and_then(Listener::port) {
        name_port(config, port);
    }
    Ok(listeners)
}

/// Where the system chose the port, links name that one.
pub(super) fn name_port(config: &mut Config, port: u16) {
    if config.web.url.port() == Some(0) {
        // Only a URL that cannot have a port refuses one, and this one has.
        let _ = config.web.url.set_port(Some(port));
    }
}
