//! A long digest by topics, where topics divide it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::TagId;
use crate::domain::delivery::ClaimItem;

/// A digest of fewer items is read from top to bottom all the same.
const FEWEST: usize = 7;

/// Items under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// What they have in common; `None`: nothing.
    pub(super) tag: Option<TagId>,
    /// Their places in the content, ascending; never empty.
    pub(super) items: Vec<usize>,
}

/// Every item once, under the tag that [`Rank`] puts first. What the reader asked for comes first,
/// and then the section with the newest item; what shares no topic with another comes last.
/// One section where topics do not help: the items are few, or have fewer than two topics, or most
/// have none.
pub(super) fn sections(items: &[ClaimItem], asked: &[TagId]) -> Vec<Section> {
    divided(items, asked).unwrap_or_else(|| {
        vec![Section {
            tag: None,
            items: (0..items.len()).collect(),
        }]
    })
}

fn divided(items: &[ClaimItem], asked: &[TagId]) -> Option<Vec<Section>> {
    if items.len() < FEWEST {
        return None;
    }
    let counts = counts(items);
    let mut topics: BTreeMap<&TagId, Vec<usize>> = BTreeMap::new();
    let mut rest = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let ranked = item.publication.tags.iter();
        match ranked.filter_map(|tag| rank(&tag.id, asked, &counts)).min() {
            Some((_, _, tag)) => topics.entry(tag).or_default().push(place),
            None => rest.push(place),
        }
    }
    topics.retain(|tag, places| {
        let stays = places.len() > 1 || asked.contains(tag);
        if !stays {
            rest.append(places);
        }
        stays
    });
    if topics.len() < 2 || rest.len() * 2 > items.len() {
        return None;
    }
    let sections = topics.into_iter().map(|(tag, items)| Section {
        tag: Some(tag.clone()),
        items,
    });
    let mut sections: Vec<Section> = sections.collect();
    sections.sort_by_key(|section| {
        let is_asked = section.tag.as_ref().is_some_and(|tag| asked.contains(tag));
        (!is_asked, section.items.first().copied())
    });
    if !rest.is_empty() {
        rest.sort_unstable();
        sections.push(Section {
            tag: None,
            items: rest,
        });
    }
    Some(sections)
}

/// Less comes first: tags that the reader asked for, then frequent ones.
type Rank<'t> = (bool, Reverse<usize>, &'t TagId);

/// `None` for what all items have: it divides nothing.
fn rank<'t>(tag: &'t TagId, asked: &[TagId], counts: &BTreeMap<&TagId, usize>) -> Option<Rank<'t>> {
    let count = counts.get(tag).copied()?;
    Some((!asked.contains(tag), Reverse(count), tag))
}

/// How many items have each tag that not all of them have.
fn counts(items: &[ClaimItem]) -> BTreeMap<&TagId, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        let tags = item.publication.tags.iter().map(|tag| &tag.id);
        for tag in tags.collect::<BTreeSet<_>>() {
            *counts.entry(tag).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count < items.len());
    counts
}
