//! The files that publications were read from, as they were then: who looks again need not read
//! those that did not change.

use std::collections::BTreeMap;

use crate::domain::{Fingerprint, PublicationKey};

use super::engine::{Go, Order, Read};
use super::record::Record;
use super::rows::{FileRow, Number};
use super::{Store, StoreError, forget, keys, load, save};

/// Rows that say nothing any more, forgotten in one transaction.
const FORGOTTEN: usize = 4096;

impl Store {
    /// Remembers files of a source that were read in this way, and applied before.
    pub async fn keep_files(
        &self,
        source: &str,
        way: u64,
        files: Vec<(String, Fingerprint)>,
    ) -> Result<(), StoreError> {
        if files.is_empty() {
            return Ok(());
        }
        let source = source.to_owned();
        self.write(move |transaction| {
            for (path, fingerprint) in files {
                // Its publication may have been withdrawn in between.
                let place = keys::path(&source, &path);
                if let Some(Number(key)) = load(transaction, &place)? {
                    let publication = PublicationKey(key);
                    let row = FileRow {
                        publication,
                        way,
                        fingerprint,
                    };
                    save(transaction, keys::file(&source, &path), &row)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// The files of a source that were read in this way, and are still where their publications
    /// are believed to be.
    pub async fn known_files(
        &self,
        source: &str,
        way: u64,
    ) -> Result<BTreeMap<String, Fingerprint>, StoreError> {
        let reader = self.reader();
        let mut places = BTreeMap::new();
        let span = keys::paths(source).prefix();
        reader.scan(span.range(), Order::Ascending, &mut |key, value| {
            let path = keys::path_in(key, source).to_owned();
            places.insert(path, PublicationKey(Number::decode(value)?.0));
            Ok(Go::On)
        })?;
        let (mut files, mut former) = (BTreeMap::new(), Vec::new());
        let span = keys::files(source).prefix();
        reader.scan(span.range(), Order::Ascending, &mut |key, value| {
            let row = FileRow::decode(value)?;
            let path = keys::path_in(key, source);
            let is_there = places.get(path) == Some(&row.publication) && row.way == way;
            let path = String::from_utf8_lossy(path).into_owned();
            if is_there {
                files.insert(path, row.fingerprint);
            } else if former.len() < FORGOTTEN {
                former.push(path);
            }
            Ok(Go::On)
        })?;
        let source = source.to_owned();
        self.write(move |transaction| {
            for path in former {
                forget(transaction, keys::file(&source, &path));
            }
            Ok(())
        })
        .await?;
        Ok(files)
    }
}
