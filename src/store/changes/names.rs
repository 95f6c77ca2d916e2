//! Tags that are called otherwise now.

use super::{Changes, Said};
use crate::domain::{PublicationKey, PublicationState, Standing, TagName};
use crate::store::names::present_name;
use crate::store::{StoreError, keys, load};

impl Changes<'_, '_> {
    /// The tags of a publication that is in the feeds take the names that the configuration gives
    /// them, as if its file were read again.
    pub(in crate::store) fn rename_tags(&mut self, key: PublicationKey) -> Result<(), StoreError> {
        let state = load::<PublicationState>(self.transaction, &keys::publication(key))?;
        let Some(state) = state.filter(|state| state.standing == Standing::Live) else {
            return Ok(());
        };
        let mut said = Said::of(&state);
        let mut tags: Vec<TagName> = Vec::with_capacity(said.publication.tags.len());
        for tag in said.publication.tags {
            let id = present_name(self.transaction, &tag)?.unwrap_or(tag.id);
            if tags.iter().all(|known| known.id != id) {
                let label = tag.label;
                tags.push(TagName { id, label });
            }
        }
        said.publication.tags = tags;
        self.turn(state, said)
    }
}
