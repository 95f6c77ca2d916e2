//! Which tag a person means.

use super::{Desk, Refusal};
use crate::domain::TagId;
use crate::text::slug::slug;
use crate::text::tags::TagNames;

/// A tag by its id, a label or an alias, the configuration's before others; else the one that will
/// be called so.
///
/// # Errors
/// No tag can be called so.
pub async fn named(desk: &Desk, name: &str) -> Result<TagId, Refusal> {
    let name = name.trim();
    if let Some(id) = TagNames::of(&desk.config.tags).get(name) {
        return Ok(id.clone());
    }
    if let Some(id) = desk.store.tag_named(name).await? {
        return Ok(id);
    }
    slug(name)
        .and_then(|slug| TagId::new(&slug).ok())
        .ok_or_else(|| {
            let shown: String = name.chars().take(80).collect();
            Refusal(format!(
                "`{shown}` has no letter or digit that a tag could be made of"
            ))
        })
}
