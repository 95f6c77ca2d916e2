//! The way to the store: by way of the daemon where one runs, else directly. The user need not
//! know which.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::time::Instant;

use super::{Failure, configuration};
use crate::config::Config;
use crate::control::client::Client;
use crate::control::{Board, Composing, Desk, Refusal, Request, Response, dump, execute};
use crate::daemon::{self, clock};
use crate::store::{Open, Store, StoreError};

/// A daemon that starts or ends, or another command, has the store for a moment at most.
const PATIENCE: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_millis(50);

/// The configuration and a way to ask.
pub(super) struct Access {
    pub(super) config: Arc<Config>,
    direct: Option<Desk>,
}

impl Access {
    /// Finds the way.
    pub(super) async fn open(file: &Path) -> Result<Access, Failure> {
        let config = Arc::new(configuration(file)?);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if client(&config).await?.is_some() {
                let direct = None;
                return Ok(Access { config, direct });
            }
            // The name of a store is given when it is made, and this makes none.
            match Store::open(&config.state, Open::Existing, [0; 16]) {
                // A daemon that is starting or ending, or another command.
                Err(StoreError::Locked(_)) if Instant::now() < deadline => {
                    tokio::time::sleep(RETRY).await;
                }
                Err(StoreError::Locked(path)) => {
                    return Err(Failure::Other(anyhow::anyhow!(
                        "another wici has the store at {} and does not answer on its control socket",
                        path.display()
                    )));
                }
                store => return Ok(Access::to(store?, config)),
            }
        }
    }

    /// A way to a store that is at hand.
    pub(super) fn to(store: Store, config: Arc<Config>) -> Access {
        let direct = Some(Desk {
            store,
            config: Arc::clone(&config),
            board: Arc::new(Board::default()),
            readers: None,
            bell: Arc::new(|| {}),
            composing: composing(&config),
        });
        Access { config, direct }
    }

    /// Asks one question.
    pub(super) async fn ask(&self, request: &Request) -> anyhow::Result<Response> {
        match &self.direct {
            Some(desk) => Ok(execute(desk, request.clone(), false, clock::now()).await?),
            None => self.client().await?.ask(request).await,
        }
    }
}

/// Reads templates and keys when they are needed.
fn composing(config: &Arc<Config>) -> Composing {
    let config = Arc::clone(config);
    Arc::new(move || daemon::composer(&config).map_err(|error| Refusal(format!("{error:#}"))))
}

impl Access {
    /// Takes a dump of the store, piece by piece.
    pub(super) async fn dump(
        &self,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let Some(desk) = &self.direct else {
            return self.client().await?.dump(take).await;
        };
        let mut dump = dump::begin(desk, clock::now()).await?;
        while let Some(bytes) = dump.next().await? {
            take(&bytes)?;
        }
        Ok(())
    }

    async fn client(&self) -> anyhow::Result<Client> {
        let gone = || Refusal("the daemon has just stopped; ask again".to_owned());
        Ok(client(&self.config).await?.ok_or_else(gone)?)
    }
}

async fn client(config: &Config) -> anyhow::Result<Option<Client>> {
    Client::connect(&config.state)
        .await
        .context("the control socket can't be opened; run this as the user that the daemon runs as")
}

/// The answer was to another question: daemon and command are of different versions.
pub(super) fn unexpected() -> Failure {
    Failure::Other(anyhow::anyhow!(
        "the daemon answered in words of another version"
    ))
}
