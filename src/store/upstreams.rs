//! Upstream feeds, as they were last met; and what has to be read again of any source.

use std::collections::BTreeSet;

use crate::domain::{BodyHash, PublicationKey, PublicationState, UpstreamState};

use super::engine::{Go, Order, Read, Transaction};
use super::rows::Number;
use super::{Store, StoreError, forget, keys, load, save};

impl Store {
    /// What is known of the upstream feed of a source.
    pub async fn upstream(&self, source: &str) -> Result<Option<UpstreamState>, StoreError> {
        load(self.reader(), &keys::upstream(source))
    }

    /// Remembers what is known of the upstream feed of a source. What the feed brought is to be
    /// applied before: it is not asked for again.
    pub async fn keep_upstream(
        &self,
        source: &str,
        state: UpstreamState,
    ) -> Result<(), StoreError> {
        let key = keys::upstream(source);
        self.write(move |transaction| save(transaction, key, &state))
            .await
    }

    /// How many bodies of a source were found to be lost since it was last read: what did not change
    /// has to be read, and asked for, as if it were new.
    pub async fn lost_bodies(&self, source: &str) -> Result<u64, StoreError> {
        let lost = load::<Number>(self.reader(), &keys::lost_bodies(source))?;
        Ok(lost.map_or(0, |Number(lost)| lost))
    }

    /// The source was read when so many had been lost: what it has of them is there again, and to
    /// read it for the rest once more would be in vain.
    pub async fn forget_lost_bodies(&self, source: &str, lost: u64) -> Result<(), StoreError> {
        let key = keys::lost_bodies(source);
        self.write(move |transaction| {
            if load(transaction, &key)? == Some(Number(lost)) {
                forget(transaction, key);
            }
            Ok(())
        })
        .await
    }
}

/// Notes that a body is lost, with the sources that had it.
pub(super) fn note_lost(
    transaction: &mut Transaction<'_>,
    hash: BodyHash,
) -> Result<(), StoreError> {
    let mut publications = Vec::new();
    let span = keys::with_body(hash).prefix();
    transaction.scan(span.range(), Order::Ascending, &mut |key, _| {
        publications.push(PublicationKey(keys::last_number(key)));
        Ok(Go::On)
    })?;
    let mut sources = BTreeSet::new();
    for key in publications {
        let state = load::<PublicationState>(transaction, &keys::publication(key))?;
        sources.extend(state.map(|state| state.source));
    }
    for source in sources {
        let key = keys::lost_bodies(&source);
        let Number(before) = load(transaction, &key)?.unwrap_or(Number(0));
        save(transaction, key, &Number(before + 1))?;
    }
    Ok(())
}
