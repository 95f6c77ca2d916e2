//! The publications of one hold of withdrawals: their files are missing.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::super::super::engine::{Go, Order, Read, Transaction};
use super::super::super::record::Record;
use super::super::super::rows::{HeldRow, Meta, Number};
use super::super::super::{StoreError, forget, keys, save};
use super::super::{open, publications};
use crate::domain::{Hold, HoldKind, PublicationKey};

/// What is missing, as its hold has it: rows are written where it differs.
#[derive(Default)]
pub(in crate::store) struct Missing {
    hold: Option<Hold>,
    keys: BTreeSet<PublicationKey>,
    /// The rows of the hold that are no longer as they lie in the store.
    touched: BTreeSet<u64>,
}

impl Missing {
    pub(in crate::store) fn of(reader: &impl Read, hold: Hold) -> Result<Missing, StoreError> {
        Ok(Missing {
            keys: publications(reader, hold.key)?.collect(),
            hold: Some(hold),
            touched: BTreeSet::new(),
        })
    }

    pub(super) fn keys(&self) -> &BTreeSet<PublicationKey> {
        &self.keys
    }

    pub(super) fn hold(&self) -> Option<&Hold> {
        self.hold.as_ref()
    }

    pub(in crate::store) fn into_hold(self) -> Option<Hold> {
        self.hold
    }

    /// Is what a person said being carried out?
    pub(super) fn is_decided(&self) -> bool {
        self.hold.as_ref().is_some_and(|h| h.decision.is_some())
    }

    pub(super) fn found(&mut self, key: PublicationKey) {
        if self.keys.remove(&key) {
            self.touched.insert(row_of(key));
        }
    }

    /// This is missing now. Returns the hold if it is a new one, of this kind.
    pub(in crate::store) fn renew(
        &mut self,
        transaction: &mut Transaction<'_>,
        meta: &mut Meta,
        (kind, missing): (HoldKind, BTreeSet<PublicationKey>),
        now: Timestamp,
    ) -> Result<Option<Hold>, StoreError> {
        let differ = self.keys.symmetric_difference(&missing);
        self.touched.extend(differ.map(|key| row_of(*key)));
        self.keys = missing;
        let is_new = self.hold.is_none();
        if is_new {
            self.hold = Some(open(meta, kind, now));
        }
        self.save(transaction, now)?;
        Ok(self.hold.clone().filter(|_| is_new))
    }

    /// Nothing waits any more. Returns the hold that ends with it.
    pub(in crate::store) fn dissolve(
        mut self,
        transaction: &mut Transaction<'_>,
        now: Timestamp,
    ) -> Result<Option<Hold>, StoreError> {
        let missing = std::mem::take(&mut self.keys);
        self.touched.extend(missing.into_iter().map(row_of));
        self.save(transaction, now)?;
        if let Some(hold) = &self.hold {
            forget(transaction, keys::hold(hold.key));
        }
        Ok(self.hold)
    }

    /// What was found of it is written down. Returns the hold that ends as all of it was.
    pub(super) fn keep(
        mut self,
        transaction: &mut Transaction<'_>,
        now: Timestamp,
    ) -> Result<Option<Hold>, StoreError> {
        if self.keys.is_empty() && !self.touched.is_empty() && !self.is_decided() {
            return self.dissolve(transaction, now);
        }
        self.save(transaction, now)?;
        Ok(None)
    }

    pub(super) fn save(
        &mut self,
        transaction: &mut Transaction<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(hold) = self.hold.as_mut().filter(|_| !self.touched.is_empty()) else {
            return Ok(());
        };
        for number in std::mem::take(&mut self.touched) {
            let first = number * HeldRow::SIZE;
            let keys = PublicationKey(first)..PublicationKey(first + HeldRow::SIZE);
            let publications: Vec<_> = self.keys.range(keys).copied().collect();
            let row = keys::held_row(hold.key, number);
            if publications.is_empty() {
                forget(transaction, row);
            } else {
                save(transaction, row, &HeldRow { publications })?;
            }
        }
        hold.publications = self.keys.len() as u64;
        hold.renewed = now;
        save(transaction, keys::hold(hold.key), hold)
    }
}

/// The row of a hold that a publication lies in.
fn row_of(key: PublicationKey) -> u64 {
    key.0 / HeldRow::SIZE
}

/// All publications of a source that are believed to have a file.
pub(in crate::store) fn all_of(
    reader: &impl Read,
    source: &str,
) -> Result<BTreeSet<PublicationKey>, StoreError> {
    let mut all = BTreeSet::new();
    let span = keys::paths(source).prefix();
    reader.scan(span.range(), Order::Ascending, &mut |_, value| {
        all.insert(PublicationKey(Number::decode(value)?.0));
        Ok(Go::On)
    })?;
    Ok(all)
}
