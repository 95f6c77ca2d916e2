//! Letting go of what is kept no longer: who was mailed what long ago, old revisions, and the room
//! that they took. In small pieces, so that nobody waits for it; what is not done when the daemon
//! stops is done by the next one.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::control::Clock;
use crate::domain::{PublicationKey, Retention};
use crate::store::{Store, StoreError};

/// After the start there is other work.
const FIRST: Duration = Duration::from_mins(10);
const EVERY: Duration = Duration::from_hours(6);

/// The loop that tidies.
pub struct Tidying {
    store: Store,
    keep: Retention,
}

impl Tidying {
    /// The loop that keeps what `keep` says.
    pub fn new(store: Store, keep: Retention) -> Tidying {
        Tidying { store, keep }
    }

    /// Tidies now and then until `stop`.
    pub async fn run(self, clock: Clock, stop: CancellationToken) -> anyhow::Result<()> {
        let mut pause = FIRST;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
            // Each piece is whole by itself: it can be left after any.
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                done = self.tick(clock()) => done?,
            }
            pause = EVERY;
        }
    }

    /// Lets go of everything that may go.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut pieces = 0_u64;
        while self.store.shrink(self.keep, now).await? {
            pieces += 1;
        }
        while self.store.forget(self.keep, now).await? {
            pieces += 1;
        }
        let mut after = Some(PublicationKey(0));
        while let Some(last) = after {
            after = self.store.prune(last, self.keep, now).await?;
        }
        let bodies = self.store.sweep().await?;
        if pieces > 0 || bodies > 0 {
            tracing::info!(pieces, bodies, "let go of what is kept no longer");
        }
        Ok(())
    }
}
