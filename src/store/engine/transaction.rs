//! The writes of one verb, laid over the map until they are handed down as one batch.

use std::ops::Range;

use super::{Batch, Engine, Go, Order, Read, StoreError, Visit, bounds};

/// Reads see its own writes. Dropped without [`Transaction::commit`], it leaves no trace.
pub(in crate::store) struct Transaction<'e> {
    engine: &'e Engine,
    writes: Batch,
}

impl<'e> Transaction<'e> {
    pub(in crate::store) fn over(engine: &'e Engine) -> Transaction<'e> {
        Transaction {
            engine,
            writes: Batch::new(),
        }
    }

    /// The map below, as it was before these writes.
    pub(in crate::store) fn engine(&self) -> &'e Engine {
        self.engine
    }

    pub(in crate::store) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.writes.insert(key, Some(value));
    }

    pub(in crate::store) fn remove(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }

    /// Hands the writes down. Returns how many bytes they are.
    pub(in crate::store) fn commit(self) -> Result<usize, StoreError> {
        if self.writes.is_empty() {
            return Ok(0);
        }
        let size = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| {
            key.len() + value.as_ref().map_or(0, Vec::len)
        };
        let bytes = self.writes.iter().map(size).sum();
        self.engine.commit(self.writes).map(|()| bytes)
    }
}

impl Read for Transaction<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.engine.get(key),
        }
    }

    fn scan(&self, range: Range<&[u8]>, order: Order, visit: Visit) -> Result<(), StoreError> {
        let mut writes = self.writes.range::<[u8], _>(bounds(range.clone()));
        let mut next_write = || match order {
            Order::Ascending => writes.next(),
            Order::Descending => writes.next_back(),
        };
        let comes_first = |a: &[u8], b: &[u8]| match order {
            Order::Ascending => a < b,
            Order::Descending => a > b,
        };
        let mut write = next_write();
        let mut go = Go::On;
        self.engine.scan(range, order, &mut |key, value| {
            while let Some((written, new)) = write
                && comes_first(written, key)
            {
                write = next_write();
                if let Some(new) = new {
                    go = visit(written, new)?;
                    if go == Go::Stop {
                        return Ok(go);
                    }
                }
            }
            if let Some((written, new)) = write
                && written == key
            {
                write = next_write();
                if let Some(new) = new {
                    go = visit(key, new)?;
                }
            } else {
                go = visit(key, value)?;
            }
            Ok(go)
        })?;
        while let Some((written, new)) = write
            && go == Go::On
        {
            write = next_write();
            if let Some(new) = new {
                go = visit(written, new)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Writes = Vec<(u8, Option<u8>)>;

    fn rows(reader: &impl Read, range: Range<u8>, order: Order, most: usize) -> Vec<(u8, u8)> {
        let mut rows = Vec::new();
        let bounds = ([range.start], [range.end]);
        reader
            .scan(&bounds.0[..]..&bounds.1[..], order, &mut |key, value| {
                rows.push((key[0], value[0]));
                Ok(if rows.len() == most { Go::Stop } else { Go::On })
            })
            .expect("memory never fails");
        rows
    }

    proptest! {
        /// A transaction reads as a map would that had its writes already.
        #[test]
        fn reads_see_own_writes(
            before in proptest::collection::vec((0u8..20, any::<u8>()), 0..20),
            writes in proptest::collection::vec((0u8..20, proptest::option::of(any::<u8>())), 0..20),
            (low, high) in (0u8..20, 0u8..20),
            most in 1usize..8,
        ) {
            let writes: Writes = writes;
            let engine = Engine::in_memory();
            engine.commit(before.iter().map(|(k, v)| (vec![*k], Some(vec![*v]))).collect())?;
            let mut model: BTreeMap<u8, u8> = before.into_iter().collect();
            let mut transaction = Transaction::over(&engine);
            for (key, value) in writes {
                match value {
                    Some(value) => {
                        model.insert(key, value);
                        transaction.put(vec![key], vec![value]);
                    }
                    None => {
                        model.remove(&key);
                        transaction.remove(vec![key]);
                    }
                }
            }
            let range = low..high.max(low);
            let expected = |m: &BTreeMap<u8, u8>| m.range(range.clone()).map(|(k, v)| (*k, *v)).collect::<Vec<_>>();
            let mut ascending = expected(&model);
            let mut descending: Vec<_> = ascending.iter().rev().copied().collect();
            prop_assert_eq!(rows(&transaction, range.clone(), Order::Ascending, usize::MAX), ascending.clone());
            ascending.truncate(most);
            descending.truncate(most);
            prop_assert_eq!(rows(&transaction, range.clone(), Order::Ascending, most), ascending);
            prop_assert_eq!(rows(&transaction, range.clone(), Order::Descending, most), descending);
            transaction.commit()?;
            prop_assert_eq!(rows(&engine, range.clone(), Order::Ascending, usize::MAX), expected(&model));
        }
    }
}
