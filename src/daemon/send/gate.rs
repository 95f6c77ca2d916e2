//! What a worker asks before it says something to a server.

use tokio::sync::watch;

use crate::domain::DeliveryKey;
use crate::domain::delivery::InDoubt;
use crate::mail::Gate;
use crate::store::Store;

/// May letters be begun, or is the disk behind?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    Open,
    Waits,
}

/// Right before MAIL FROM: may the subscriber still be written to? The answer waits for the disk
/// where that is behind. Right before the text: under `in_doubt = "skip"` it is marked on disk.
pub(super) struct StoreGate {
    pub store: Store,
    pub in_doubt: InDoubt,
    pub wire: watch::Receiver<Wire>,
}

impl Gate for StoreGate {
    async fn admit(&self, key: DeliveryKey) -> bool {
        if *self.wire.borrow() == Wire::Waits {
            // An error says that the loop is gone; then nothing will be settled any more.
            let opened = self
                .wire
                .clone()
                .wait_for(|wire| *wire == Wire::Open)
                .await
                .is_ok();
            return opened && self.store.may_write(key.subscriber);
        }
        self.store.may_write(key.subscriber)
    }

    async fn begin_text(&self, key: DeliveryKey) -> bool {
        match self.in_doubt {
            InDoubt::Resend => true,
            InDoubt::Skip => self.store.begin_text(key).await.is_ok(),
        }
    }
}
