//! The way to the store: by way of the daemon where one runs, else directly. The user need not
//! know which.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::{Failure, configuration};
use crate::config::Config;
use crate::control::client::Client;
use crate::control::{Board, Desk, Refusal, Request, Response, execute};
use crate::daemon::clock;
use crate::store::{Open, Store, StoreError};

/// The configuration and a way to ask.
pub(super) struct Access {
    pub(super) config: Arc<Config>,
    direct: Option<Desk>,
}

impl Access {
    /// Finds the way.
    pub(super) async fn open(file: &Path) -> Result<Access, Failure> {
        let config = Arc::new(configuration(file)?);
        let direct = match client(&config).await? {
            Some(_) => None,
            None => Some(Desk {
                store: open(&config)?,
                config: Arc::clone(&config),
                board: Arc::new(Board::default()),
            }),
        };
        Ok(Access { config, direct })
    }

    /// Asks one question.
    pub(super) async fn ask(&self, request: &Request) -> anyhow::Result<Response> {
        match &self.direct {
            Some(desk) => Ok(execute(desk, request.clone(), false, clock::now()).await?),
            None => {
                let client = client(&self.config).await?;
                let gone = || Refusal("the daemon has just stopped; ask again".to_owned());
                client.ok_or_else(gone)?.ask(request).await
            }
        }
    }
}

async fn client(config: &Config) -> anyhow::Result<Option<Client>> {
    Client::connect(&config.state)
        .await
        .context("a daemon runs, and its control socket can't be opened; run this as its user")
}

fn open(config: &Config) -> anyhow::Result<Store> {
    // The name of a store is given when it is made, and this makes none.
    match Store::open(&config.state, Open::Existing, [0; 16]) {
        Err(StoreError::Locked(path)) => anyhow::bail!(
            "another wici has the store at {} and does not answer on its control socket; wait until it has started or ended",
            path.display()
        ),
        other => Ok(other?),
    }
}

/// The answer was to another question: daemon and command are of different versions.
pub(super) fn unexpected() -> Failure {
    Failure::Other(anyhow::anyhow!(
        "the daemon answered in words of another version"
    ))
}
