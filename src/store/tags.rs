//! The ledger of tags. Labels that differ may share a slug (`Łódź` and `Lodz`): the first keeps it,
//! the next get a number, for ever. A `[[tag]]` of the configuration has its id before anybody.

use std::collections::BTreeMap;

use crate::domain::{TagDefinition, TagId, TagMention, TagName};
use crate::text::tags::fold;

use super::engine::{Read, Transaction};
use super::feeds::feed_rows;
use super::renamed::successor;
use super::rows::TagRow;
use super::{Store, StoreError, keys, load, save};

/// A tag as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagView {
    /// What the configuration or whoever first used it called it.
    pub label: String,
    /// The publications in its feed now.
    pub publications: u64,
}

impl Store {
    /// Tells of the tags of the configuration, before anything is applied: their ids are theirs.
    pub async fn define_tags(&self, tags: &[TagDefinition]) -> Result<(), StoreError> {
        let mentions: Vec<TagMention> = tags
            .iter()
            .map(|tag| TagMention {
                id: tag.id.clone(),
                label: tag
                    .labels
                    .values()
                    .next()
                    .map_or_else(|| tag.id.to_string(), Clone::clone),
                defined: true,
            })
            .collect();
        self.write(move |transaction| assign(transaction, &mentions).map(drop))
            .await
    }

    /// Every tag that was ever used and whose place no other has taken.
    pub async fn tags(&self) -> Result<BTreeMap<TagId, TagView>, StoreError> {
        let reader = self.reader();
        let mut tags = BTreeMap::new();
        for (feed, row) in feed_rows(reader, keys::feeds_in(None))? {
            let Some(tag) = feed.tag else { continue };
            let view = TagView {
                label: label(reader, &tag)?,
                publications: row.entries,
            };
            tags.insert(tag, view);
        }
        Ok(tags)
    }

    /// The tag that a person means who names one that the configuration does not define: by its id,
    /// else by a label; the one that has taken its place, if one has.
    pub async fn tag_named(&self, name: &str) -> Result<Option<TagId>, StoreError> {
        let reader = self.reader();
        if let Ok(id) = TagId::new(name)
            && load::<TagRow>(reader, &keys::tag(&id))?.is_some()
        {
            return Ok(Some(successor(reader, &id)?.unwrap_or(id)));
        }
        owned(reader, &fold(name))
    }
}

/// What whoever first used a tag called it; its id where that is not known.
pub(super) fn label(reader: &impl Read, tag: &TagId) -> Result<String, StoreError> {
    let row = load::<TagRow>(reader, &keys::tag(tag))?;
    Ok(row.map_or_else(|| tag.to_string(), |row| row.label))
}

/// The tags that a file mentions, by their ids.
pub(super) fn assign(
    transaction: &mut Transaction<'_>,
    mentions: &[TagMention],
) -> Result<Vec<TagName>, StoreError> {
    let mut tags: Vec<TagName> = Vec::with_capacity(mentions.len());
    for mention in mentions {
        let id = if mention.defined {
            claim(transaction, mention)?
        } else {
            lookup(transaction, mention)?
        };
        if tags.iter().all(|tag| tag.id != id) {
            let label = mention.label.clone();
            tags.push(TagName { id, label });
        }
    }
    Ok(tags)
}

/// The configuration says whose the id is.
fn claim(transaction: &mut Transaction<'_>, mention: &TagMention) -> Result<TagId, StoreError> {
    let row = load::<TagRow>(transaction, &keys::tag(&mention.id))?;
    if row.as_ref().is_none_or(|row| row.owner.is_some()) {
        let row = TagRow {
            owner: None,
            label: mention.label.clone(),
            last: row.map_or(1, |row| row.last),
        };
        save(transaction, keys::tag(&mention.id), &row)?;
    }
    Ok(mention.id.clone())
}

/// The id that the label has; else the first that is free of its slug, `slug-2`, `slug-3`, …
fn lookup(transaction: &mut Transaction<'_>, mention: &TagMention) -> Result<TagId, StoreError> {
    let folded = fold(&mention.label);
    if let Some(id) = owned(transaction, &folded)? {
        return Ok(id);
    }
    let slug = &mention.id;
    let mut last = 1;
    let mut id = slug.clone();
    match load::<TagRow>(transaction, &keys::tag(slug))? {
        Some(mut row) if row.owner.is_some() => {
            loop {
                row.last += 1;
                id = numbered(slug, row.last);
                if load::<TagRow>(transaction, &keys::tag(&id))?.is_none() {
                    break;
                }
            }
            save(transaction, keys::tag(slug), &row)?;
        }
        // A `[[tag]]` had it that is no longer defined.
        Some(row) => last = row.last,
        None => {}
    }
    let row = TagRow {
        owner: Some(folded.clone()),
        label: mention.label.clone(),
        last,
    };
    save(transaction, keys::tag(&id), &row)?;
    save(transaction, keys::tag_label(&folded), &id)?;
    Ok(id)
}

/// The id of a folded label, unless the configuration has since given it to a tag of its own.
pub(super) fn owned(reader: &impl Read, folded: &str) -> Result<Option<TagId>, StoreError> {
    let Some(id) = load::<TagId>(reader, &keys::tag_label(folded))? else {
        return Ok(None);
    };
    let row = load::<TagRow>(reader, &keys::tag(&id))?;
    Ok(row
        .is_some_and(|row| row.owner.as_deref() == Some(folded))
        .then_some(id))
}

/// `lodz-2`, the slug cut where it has no room for the number.
fn numbered(slug: &TagId, number: u32) -> TagId {
    let suffix = format!("-{number}");
    let room = TagId::MAX.saturating_sub(suffix.len());
    let head = slug.as_str().get(..room).unwrap_or(slug.as_str());
    let text = format!("{}{suffix}", head.trim_end_matches('-'));
    TagId::new(&text).unwrap_or_else(|_| slug.clone())
}
