//! How one loop tells another that there is something to look at. Hints only: what is to be done
//! is read from the store, and every loop also looks by itself from time to time.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::{Change, FeedKey};

/// The bells.
#[derive(Debug, Default)]
pub struct Signals {
    touched: Mutex<BTreeSet<FeedKey>>,
    render: Notify,
    news: Notify,
    queue: Notify,
}

impl Signals {
    /// Changes took effect: their feeds are to be rendered, and there may be news.
    pub fn changed(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        touched.extend(
            changes
                .iter()
                .flat_map(|change| change.feeds.iter().cloned()),
        );
        drop(touched);
        self.render.notify_one();
        self.news.notify_one();
    }

    /// Something now waits for a date.
    pub fn scheduled(&self) {
        self.news.notify_one();
    }

    /// Deliveries were planned.
    pub fn planned(&self) {
        self.queue.notify_one();
    }

    /// The feeds touched since the last call.
    pub fn take_touched(&self) -> BTreeSet<FeedKey> {
        std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns when feeds were touched.
    pub async fn render(&self) {
        self.render.notified().await;
    }

    /// Returns when there may be news.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Returns when there may be deliveries.
    pub async fn queue(&self) {
        self.queue.notified().await;
    }
}
