//! What is served, by path.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use jiff::Timestamp;

use crate::domain::Sequence;

/// One file as it is served.
#[derive(Debug)]
pub struct Document {
    /// The file's bytes.
    pub bytes: Bytes,
    /// A strong entity tag (RFC 9110 8.8.3), quotes included: the sequence number and the first 16
    /// hexadecimal digits of the bytes' BLAKE3.
    pub etag: String,
    /// The value of Content-Type.
    pub media_type: &'static str,
    /// The number of the last change that it shows.
    pub sequence: Sequence,
    /// When that was: the value of Last-Modified. It may lie a little ahead: each version has a
    /// second of its own.
    pub modified: Timestamp,
    /// BLAKE3 of the bytes.
    pub(super) hash: blake3::Hash,
}

impl Document {
    pub(super) fn new(
        bytes: Bytes,
        media_type: &'static str,
        sequence: Sequence,
        modified: Timestamp,
    ) -> Document {
        let hash = blake3::hash(&bytes);
        Document {
            etag: format!("\"{sequence}-{}\"", &hash.to_hex()[..16]),
            bytes,
            media_type,
            sequence,
            modified,
            hash,
        }
    }
}

/// The documents that are served, by path as in `pl/tag/szkolenia.atom`. Readers hold the lock for
/// one look-up, writers for one insertion.
#[derive(Debug, Default)]
pub struct Shelf {
    documents: RwLock<HashMap<String, Arc<Document>>>,
}

impl Shelf {
    /// The document at a path.
    pub fn get(&self, path: &str) -> Option<Arc<Document>> {
        // A map whose lock is poisoned is still whole: every change is one call.
        let documents = self.documents.read();
        documents
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .cloned()
    }

    /// All documents.
    pub(super) fn all(&self) -> Vec<(String, Arc<Document>)> {
        let documents = self.documents.read();
        let documents = documents.unwrap_or_else(PoisonError::into_inner);
        let all = documents.iter();
        all.map(|(path, document)| (path.clone(), Arc::clone(document)))
            .collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        let documents = self.documents.read();
        documents.unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Is there nothing to serve?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn put(&self, path: &str, document: Document) {
        let documents = self.documents.write();
        documents
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_owned(), Arc::new(document));
    }

    pub(super) fn remove(&self, path: &str) {
        let documents = self.documents.write();
        documents
            .unwrap_or_else(PoisonError::into_inner)
            .remove(path);
    }
}
