//! The map as it was at one instant, read in pages while others go on writing: whatever is written
//! ahead of the reader is kept as it was.

use std::collections::BTreeMap;

use super::{Batch, Engine, Go, Order, Read, Rows, StoreError};

/// What is kept may take so many bytes.
const KEPT_MOST: usize = 64 << 20;
/// After every key.
const END: [u8; 1] = [u8::MAX];

#[derive(Default)]
pub(super) struct Snapshot {
    /// What comes before this has been read.
    next: Vec<u8>,
    /// What was written since, as it was.
    former: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    kept: usize,
}

impl Snapshot {
    /// Keeps what a batch is about to change.
    pub(super) fn keep(&mut self, engine: &Engine, batch: &Batch) -> Result<(), StoreError> {
        for key in batch.range(self.next.clone()..).map(|(key, _)| key) {
            if self.kept <= KEPT_MOST && !self.former.contains_key(key) {
                let value = engine.get(key)?;
                self.kept += key.len() + value.as_ref().map_or(0, Vec::len);
                self.former.insert(key.clone(), value);
            }
        }
        Ok(())
    }

    /// The next rows, about `most` bytes of them.
    pub(super) fn page(&mut self, engine: &Engine, most: usize) -> Result<Rows, StoreError> {
        if self.kept > KEPT_MOST {
            return Err(StoreError::TooBusy);
        }
        let mut rows = Rows::new();
        let mut bytes = 0;
        let former = &mut self.former;
        let mut add = |key: &[u8], value: Vec<u8>| {
            bytes += key.len() + value.len();
            rows.push((key.to_vec(), value));
            bytes >= most
        };
        let mut full_at = None;
        engine.scan(&self.next..&END, Order::Ascending, &mut |key, value| {
            // What was there before and is gone comes between.
            while let Some(entry) = former
                .first_entry()
                .filter(|entry| entry.key().as_slice() < key)
            {
                let (gone, was) = entry.remove_entry();
                if was.is_some_and(|was| add(&gone, was)) {
                    full_at = Some(gone);
                    return Ok(Go::Stop);
                }
            }
            let was = match former.remove(key) {
                Some(was) => was,
                None => Some(value.to_vec()),
            };
            if was.is_some_and(|was| add(key, was)) {
                full_at = Some(key.to_vec());
                return Ok(Go::Stop);
            }
            Ok(Go::On)
        })?;
        while full_at.is_none()
            && let Some((gone, was)) = former.pop_first()
        {
            if was.is_some_and(|was| add(&gone, was)) {
                full_at = Some(gone);
            }
        }
        self.next = match full_at {
            Some(mut last) => {
                last.push(0);
                last
            }
            None => END.to_vec(),
        };
        self.kept = former
            .iter()
            .map(|(key, was)| key.len() + was.as_ref().map_or(0, Vec::len))
            .sum();
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Writes = Vec<(u8, Option<u8>)>;

    fn batch(writes: &Writes) -> Batch {
        let one = |(key, value): &(u8, Option<u8>)| (vec![*key], value.map(|value| vec![value; 3]));
        writes.iter().map(one).collect()
    }

    fn writes() -> impl Strategy<Value = Writes> {
        proptest::collection::vec((0u8..30, proptest::option::of(any::<u8>())), 0..20)
    }

    proptest! {
        /// Whatever is written between its pages, it reads the map as it was.
        #[test]
        fn a_snapshot_reads_one_instant(
            before in writes(),
            between in proptest::collection::vec(writes(), 0..12),
            most in 1usize..40,
        ) {
            let engine = Engine::in_memory();
            engine.commit(batch(&before))?;
            let mut expected = Rows::new();
            engine.scan(&[]..&END, Order::Ascending, &mut |key, value| {
                expected.push((key.to_vec(), value.to_vec()));
                Ok(Go::On)
            })?;
            prop_assert!(engine.begin_snapshot());
            prop_assert!(!engine.begin_snapshot(), "one at a time");
            let mut read = Rows::new();
            let mut between = between.iter();
            loop {
                if let Some(writes) = between.next() {
                    engine.commit(batch(writes))?;
                }
                let page = engine.page(most)?;
                if page.is_empty() {
                    break;
                }
                read.extend(page);
            }
            engine.end_snapshot();
            prop_assert_eq!(read, expected);
        }
    }
}
