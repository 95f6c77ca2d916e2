//! Upstream feeds, as they were last met.

use crate::domain::UpstreamState;

use super::{Store, StoreError, keys, load, save};

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
}
