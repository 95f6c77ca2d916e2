//! The bytes of the documents that were asked for last, up to a bound.

use std::collections::HashMap;

use bytes::Bytes;

use super::Document;

/// Bytes held at the most.
const MOST: usize = 32 << 20;
/// A document larger than this is read from its file each time: it would drive out too many others.
const LARGE: usize = MOST / 8;

#[derive(Debug, Default)]
pub(super) struct Cache {
    held: HashMap<String, Held>,
    bytes: usize,
    /// Counts uses.
    tick: u64,
}

#[derive(Debug)]
struct Held {
    hash: blake3::Hash,
    bytes: Bytes,
    used: u64,
}

impl Cache {
    /// The bytes of this version of the document at a path.
    pub fn get(&mut self, path: &str, document: &Document) -> Option<Bytes> {
        self.tick += 1;
        let held = self.held.get_mut(path)?;
        held.used = self.tick;
        (held.hash == document.hash).then(|| held.bytes.clone())
    }

    /// Holds the bytes, and lets go of those that were not asked for the longest.
    pub fn insert(&mut self, path: &str, document: &Document, bytes: Bytes) {
        self.remove(path);
        if bytes.len() > LARGE {
            return;
        }
        self.tick += 1;
        self.bytes += bytes.len();
        let held = Held {
            hash: document.hash,
            bytes,
            used: self.tick,
        };
        self.held.insert(path.to_owned(), held);
        while self.bytes > MOST {
            let oldest = self.held.iter().min_by_key(|(_, held)| held.used);
            let Some(path) = oldest.map(|(path, _)| path.clone()) else {
                break;
            };
            self.remove(&path);
        }
    }

    /// The document changed: who asked for the former version will ask for this one.
    pub fn renew(&mut self, path: &str, document: &Document, bytes: Bytes) {
        if self.held.contains_key(path) {
            self.insert(path, document, bytes);
        }
    }

    fn remove(&mut self, path: &str) {
        if let Some(held) = self.held.remove(path) {
            self.bytes -= held.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Sequence;
    use jiff::Timestamp;

    fn document(bytes: &[u8]) -> Document {
        let (hash, length) = (blake3::hash(bytes), bytes.len() as u64);
        Document::new(
            hash,
            length,
            "text/plain",
            Sequence(1),
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn what_was_asked_for_last_is_held_within_the_bound() {
        let mut cache = Cache::default();
        let bytes = Bytes::from(vec![7; LARGE]);
        let of = document(&bytes);
        for number in 0..20 {
            cache.insert(&number.to_string(), &of, bytes.clone());
            assert_eq!(cache.get("0", &of).as_ref(), Some(&bytes));
            assert!(cache.bytes <= MOST);
        }
        assert_eq!(cache.held.len(), MOST / LARGE);
        assert_eq!(cache.get("1", &of), None);
        assert_eq!(cache.get("19", &of), Some(bytes));
    }

    #[test]
    fn another_version_and_what_is_too_large_are_not_there() {
        let mut cache = Cache::default();
        let (one, two) = (Bytes::from_static(b"one"), Bytes::from_static(b"two"));
        cache.renew("a", &document(&one), one.clone());
        assert_eq!(cache.get("a", &document(&one)), None);
        cache.insert("a", &document(&one), one.clone());
        assert_eq!(cache.get("a", &document(&two)), None);
        cache.renew("a", &document(&two), two.clone());
        assert_eq!(cache.get("a", &document(&two)), Some(two));
        let large = Bytes::from(vec![7; LARGE + 1]);
        cache.insert("a", &document(&large), large.clone());
        assert_eq!((cache.get("a", &document(&large)), cache.bytes), (None, 0));
    }
}
