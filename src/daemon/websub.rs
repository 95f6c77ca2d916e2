//! Who can be pushed to is pushed what changed (W3C Recommendation WebSub, 23 January 2018): by the
//! daemon's own hub, which verifies who asks ([`verify`]) and pushes ([`push`]), or by another's,
//! which is told ([`tell`]).

mod delivery;
mod hosts;
pub mod push;
mod queue;
pub mod tell;
pub mod verify;
mod way;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::guard::Guard;
use super::signals::Signals;
use crate::config::{Config, Hub};
use crate::control::{Board, Clock};
use crate::net::Outgoing;
use crate::publish::Shelf;
use crate::store::Store;
use crate::web::Intents;
use push::Pushing;
use tell::Telling;
use verify::Verifying;

/// What the loops of a hub work with.
#[derive(Clone)]
pub struct Hands {
    /// Who is pushed what.
    pub store: Store,
    /// The feeds as served.
    pub shelf: Arc<Shelf>,
    /// For the addresses, and what is allowed.
    pub config: Arc<Config>,
    /// Asks and pushes.
    pub outgoing: Arc<Outgoing>,
}

impl Hands {
    /// # Errors
    /// Outgoing HTTP can't be set up.
    pub fn new(store: &Store, shelf: &Arc<Shelf>, config: &Arc<Config>) -> anyhow::Result<Hands> {
        let agent = format!("wici/{} (+{})", env!("CARGO_PKG_VERSION"), config.site.url);
        Ok(Hands {
            store: store.clone(),
            shelf: Arc::clone(shelf),
            config: Arc::clone(config),
            outgoing: Arc::new(Outgoing::new(&agent)?),
        })
    }

    /// The loop that the configuration asks for.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn run(self, lent: Lent, stop: CancellationToken) -> anyhow::Result<()> {
        let Lent {
            intents,
            signals,
            board,
            guard,
            clock,
        } = lent;
        match self.config.websub.hub {
            Hub::Own => {
                let verifying = Verifying::new(self.clone(), intents);
                let verifying = verifying.run(Arc::clone(&clock), stop.clone());
                let pushing = Pushing::new(self).run(signals, guard, clock, stop);
                tokio::try_join!(verifying, pushing).map(drop)
            }
            Hub::Other(_) => Telling::new(self, board).run(signals, clock, stop).await,
            Hub::None => {
                stop.cancelled().await;
                Ok(())
            }
        }
    }
}

/// What the daemon lends to the loop.
pub(super) struct Lent {
    pub(super) intents: Arc<Intents>,
    pub(super) signals: Arc<Signals>,
    pub(super) board: Arc<Board>,
    pub(super) guard: Arc<Guard>,
    pub(super) clock: Clock,
}

#[cfg(test)]
mod tests;
