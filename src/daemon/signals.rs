//! How one loop tells another that there is something to look at. Hints only: what is to be done
//! is read from the store, and every loop also looks by itself from time to time.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::{Change, FeedKey};

/// The bells.
#[derive(Debug, Default)]
pub struct Signals {
    touched: Mutex<BTreeSet<FeedKey>>,
    /// Sources that nobody has looked at since the works began.
    unseen: Mutex<BTreeSet<String>>,
    render: Notify,
    news: Notify,
    queue: Notify,
    published: Notify,
}

impl Signals {
    /// Changes took effect: their feeds are to be rendered, once somebody rings.
    pub fn touch(&self, changes: &[Change]) {
        let feeds = changes.iter().flat_map(|change| change.feeds.iter());
        self.touched().extend(feeds.cloned());
    }

    /// What was touched is to be looked at now: one look at a source is one rendering, however many
    /// batches it took. There may be news, or something that waits for a date.
    pub fn ring(&self) {
        if !self.touched().is_empty() {
            self.render.notify_one();
        }
        self.news.notify_one();
    }

    /// These sources are going to be looked at.
    pub fn expect(&self, sources: impl IntoIterator<Item = String>) {
        *locked(&self.unseen) = sources.into_iter().collect();
    }

    /// A source was looked at, whatever came of it.
    pub fn seen(&self, source: &str) {
        let mut unseen = locked(&self.unseen);
        if unseen.remove(source) && unseen.is_empty() {
            self.news.notify_one();
        }
    }

    /// Was every source looked at?
    pub fn all_seen(&self) -> bool {
        locked(&self.unseen).is_empty()
    }

    /// Deliveries were planned.
    pub fn planned(&self) {
        self.queue.notify_one();
    }

    /// Feeds were written.
    pub fn publish(&self) {
        self.published.notify_one();
    }

    /// Returns when feeds were written.
    pub async fn published(&self) {
        self.published.notified().await;
    }

    /// The feeds touched since the last call.
    pub fn take_touched(&self) -> BTreeSet<FeedKey> {
        std::mem::take(&mut *self.touched())
    }

    fn touched(&self) -> MutexGuard<'_, BTreeSet<FeedKey>> {
        locked(&self.touched)
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

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ChangeKind, PublicationKey, Sequence};

    async fn is_rung(signals: &Signals) -> bool {
        tokio::select! {
            biased;
            () = signals.render() => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn what_is_touched_is_rendered_once_somebody_rings() {
        let signals = Signals::default();
        let change = |number| Change {
            sequence: Sequence(number),
            kind: ChangeKind::Released,
            publication: PublicationKey(number),
            title: "Nowe".to_owned(),
            news: true,
            feeds: BTreeSet::from([FeedKey::ALL]),
        };
        signals.ring();
        assert!(!is_rung(&signals).await, "nothing was touched");
        signals.touch(&[change(1)]);
        signals.touch(&[change(2)]);
        assert!(!is_rung(&signals).await, "nobody rang");
        signals.ring();
        assert!(is_rung(&signals).await);
        assert_eq!(signals.take_touched(), BTreeSet::from([FeedKey::ALL]));
        assert!(!is_rung(&signals).await, "it rang once");
    }
}
