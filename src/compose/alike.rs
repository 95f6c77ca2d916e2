//! What letters have in common, and so are rendered once for.

use crate::domain::{Claim, Filter, Language, RunKey, TagId};

/// Letters of a run that are alike but for addresses and links: same items, same language, and
/// asked for by the same of the items' tags.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Alike {
    run: RunKey,
    content: u64,
    language: Language,
    topics: Vec<TagId>,
}

impl Alike {
    /// What the letter of a claim is like.
    pub fn of(claim: &Claim) -> Alike {
        Alike {
            run: claim.key.run,
            content: claim.content.number,
            language: claim.language.clone(),
            topics: topics(claim),
        }
    }
}

/// The tags that the reader asked for and the items have, in order. None for who asked for
/// everything. Tags asked for in vain are left out: they would make as many letters to render as
/// there are readers.
pub(super) fn topics(claim: &Claim) -> Vec<TagId> {
    let asks_for_all = |filter: &Filter| filter.index_tags().is_none();
    if claim.asked.iter().any(asks_for_all) {
        return Vec::new();
    }
    let items = &claim.content.items;
    let is_there = |tag: &TagId| {
        let mut tags = items.iter().flat_map(|item| &item.publication.tags);
        tags.any(|other| other.id == *tag)
    };
    let asked = claim.asked.iter();
    let asked = asked.flat_map(|filter| filter.any.iter().chain(&filter.all));
    let mut topics: Vec<TagId> = asked.filter(|tag| is_there(tag)).cloned().collect();
    topics.sort_unstable();
    topics.dedup();
    topics
}
