//! Feeds by queries that were asked for last, up to a bound.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::domain::Sequence;
use crate::publish::Document;

/// Bytes held at the most, and feeds.
const MOST_BYTES: usize = 16 << 20;
const MOST: usize = 256;

/// A feed as it was rendered.
pub(super) struct Version {
    /// What [`Store::touched`](crate::store::Store::touched) said right before.
    pub(super) touched: Sequence,
    pub(super) document: Document,
    pub(super) bytes: Bytes,
}

#[derive(Default)]
pub(super) struct Cache {
    held: HashMap<String, Held>,
    bytes: usize,
    /// Counts uses.
    tick: u64,
}

struct Held {
    version: Arc<Version>,
    used: u64,
}

impl Cache {
    /// The feed of this name, if nothing has touched it since.
    pub(super) fn get(&mut self, name: &str, touched: Sequence) -> Option<Arc<Version>> {
        self.tick += 1;
        let held = self.held.get_mut(name)?;
        held.used = self.tick;
        let is_current = held.version.touched >= touched;
        is_current.then(|| Arc::clone(&held.version))
    }

    /// The feed of this name as it was last.
    pub(super) fn former(&self, name: &str) -> Option<Arc<Version>> {
        let held = self.held.get(name)?;
        Some(Arc::clone(&held.version))
    }

    /// Holds a feed, and lets go of those that were not asked for the longest.
    pub(super) fn hold(&mut self, name: String, version: Arc<Version>) {
        self.tick += 1;
        self.let_go(&name);
        self.bytes += version.bytes.len();
        let used = self.tick;
        self.held.insert(name, Held { version, used });
        while self.bytes > MOST_BYTES || self.held.len() > MOST {
            let oldest = self.held.iter().min_by_key(|(_, held)| held.used);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                break;
            };
            self.let_go(&name);
        }
    }

    fn let_go(&mut self, name: &str) {
        if let Some(held) = self.held.remove(name) {
            self.bytes -= held.version.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn version(touched: u64, bytes: usize) -> Arc<Version> {
        let bytes = vec![7; bytes];
        let touched = Sequence(touched);
        Arc::new(Version {
            document: Document::of(&bytes, "text/plain", touched, Timestamp::UNIX_EPOCH),
            touched,
            bytes: bytes.into(),
        })
    }

    #[test]
    fn what_was_asked_for_last_is_held_within_both_bounds() {
        let mut cache = Cache::default();
        for number in 0..2 * MOST {
            cache.hold(number.to_string(), version(1, 10));
            assert!(cache.get("0", Sequence(1)).is_some());
        }
        assert_eq!((cache.held.len(), cache.bytes), (MOST, 10 * MOST));
        assert!(cache.get("1", Sequence(1)).is_none());
        for number in 0..5 {
            cache.hold(number.to_string(), version(1, MOST_BYTES / 4));
            assert!(cache.bytes <= MOST_BYTES);
        }
        assert!(cache.get("4", Sequence(1)).is_some());
        cache.hold("large".to_owned(), version(1, MOST_BYTES + 1));
        assert_eq!((cache.held.len(), cache.bytes), (0, 0));
    }

    #[test]
    fn what_was_touched_since_is_not_there() {
        let mut cache = Cache::default();
        cache.hold("a".to_owned(), version(3, 1));
        assert!(cache.get("a", Sequence(4)).is_none());
        cache.hold("a".to_owned(), version(4, 1));
        assert!(cache.get("a", Sequence(4)).is_some());
        assert_eq!(cache.bytes, 1);
    }
}
