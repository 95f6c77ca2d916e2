//! The rows of archives, and how they change within a transaction.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{PAGE, page_of};
use crate::domain::{FeedKey, PublicationKey, Sequence, TagId};
use crate::store::engine::{Go, Order, Read, Transaction};
use crate::store::record::Record;
use crate::store::rows::FeedRow;
use crate::store::{StoreError, keys, load, save};

/// How far a feed's publications are numbered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Numbering {
    /// How many numbers were given: also the next one.
    given: u64,
    reached: Reached,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Reached {
    /// Nothing is numbered.
    #[default]
    Nothing,
    /// What lies before this key of table `F`, and what came since numbering began.
    Before(Vec<u8>),
    Everything,
}

impl Numbering {
    /// Of a feed in which nothing was yet.
    pub(in crate::store) fn from_the_first() -> Numbering {
        Numbering {
            given: 0,
            reached: Reached::Everything,
        }
    }

    pub(in crate::store) fn has_begun(&self) -> bool {
        self.reached != Reached::Nothing
    }

    pub(in crate::store) fn is_done(&self) -> bool {
        self.reached == Reached::Everything
    }

    /// Full pages, once everything is numbered.
    pub(in crate::store) fn pages(&self) -> u64 {
        if self.is_done() { self.given / PAGE } else { 0 }
    }

    pub(super) fn reached(&self) -> Option<&[u8]> {
        match &self.reached {
            Reached::Before(key) => Some(key),
            _ => None,
        }
    }

    pub(super) fn reach(&mut self, key: Vec<u8>) {
        self.reached = Reached::Before(key);
    }

    pub(super) fn finish(&mut self) {
        self.reached = Reached::Everything;
    }
}

/// A page of a feed's archive, full or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct PageRow {
    /// The last change that touched it.
    pub(super) sequence: Sequence,
    /// Its last change of substance since it was numbered; never goes back.
    pub(super) updated: Timestamp,
    /// In the order of their numbers.
    pub(super) members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) publication: PublicationKey,
    /// When it left the feed, and by which change; `None`: it is there.
    pub(super) left: Option<(Timestamp, Sequence)>,
}

/// Some of the numbers that feeds gave to a publication. Each row is full before the next is begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct NumbersRow {
    numbers: Vec<(Option<TagId>, u64)>,
}

impl NumbersRow {
    /// Numbers in one row, so that it stays small however often a publication is tagged otherwise.
    const SIZE: usize = 64;
}

/// The numbers that feeds gave to a publication, by tag.
pub(in crate::store) fn numbers(
    reader: &impl Read,
    publication: PublicationKey,
) -> Result<Vec<(Option<TagId>, u64)>, StoreError> {
    let mut numbers = Vec::new();
    let span = keys::numbers(publication).prefix();
    reader.scan(span.range(), Order::Ascending, &mut |_, value| {
        numbers.extend(NumbersRow::decode(value)?.numbers);
        Ok(Go::On)
    })?;
    Ok(numbers)
}

/// How a publication stands in a feed after a change.
pub(in crate::store) struct Step {
    pub(in crate::store) publication: PublicationKey,
    pub(in crate::store) sequence: Sequence,
    /// When it left; `None`: it is there.
    pub(in crate::store) left: Option<Timestamp>,
    /// What the page is dated by.
    pub(in crate::store) instant: Timestamp,
}

/// The pages that a transaction touched, as they are now: many changes touch the same few.
#[derive(Default)]
pub(in crate::store) struct Archiving {
    pages: HashMap<(FeedKey, u64), PageRow>,
}

impl Archiving {
    /// A publication enters a feed, stays there changed, or leaves it. `known`: the numbers that it
    /// has so far.
    pub(in crate::store) fn step(
        &mut self,
        transaction: &mut Transaction<'_>,
        feed: &FeedKey,
        row: &mut FeedRow,
        known: &mut Vec<(Option<TagId>, u64)>,
        step: &Step,
    ) -> Result<(), StoreError> {
        if !feed.is_archived() || !row.numbering.has_begun() {
            return Ok(());
        }
        let number = match known.iter().find(|(tag, _)| *tag == feed.tag) {
            Some((_, number)) => *number,
            None if step.left.is_some() => return Ok(()),
            None => self.give_number(transaction, feed, row, known, step.publication)?,
        };
        let page = self.page(transaction, feed, page_of(number))?;
        page.sequence = step.sequence;
        page.updated = page.updated.max(step.instant);
        let place = usize::try_from(number % PAGE).unwrap_or(usize::MAX);
        if let Some(member) = page.members.get_mut(place) {
            member.left = step.left.map(|when| (when, step.sequence));
        }
        Ok(())
    }

    /// A publication reads otherwise in all feeds, though nothing of substance changed.
    pub(in crate::store) fn renew(
        &mut self,
        reader: &impl Read,
        publication: PublicationKey,
        sequence: Sequence,
    ) -> Result<(), StoreError> {
        for (tag, number) in numbers(reader, publication)? {
            let feed = FeedKey::in_all_languages(tag);
            self.page(reader, &feed, page_of(number))?.sequence = sequence;
        }
        Ok(())
    }

    /// Gives the feed's next number to a publication that has none there. Returns it. `known`: as
    /// before.
    pub(super) fn give_number(
        &mut self,
        transaction: &mut Transaction<'_>,
        feed: &FeedKey,
        row: &mut FeedRow,
        known: &mut Vec<(Option<TagId>, u64)>,
        publication: PublicationKey,
    ) -> Result<u64, StoreError> {
        let number = row.numbering.given;
        row.numbering.given += 1;
        let page = self.page(transaction, feed, page_of(number))?;
        page.sequence = page.sequence.max(row.sequence);
        page.members.push(Member {
            publication,
            left: None,
        });
        known.push((feed.tag.clone(), number));
        let last = (known.len() - 1) / NumbersRow::SIZE;
        let numbers = NumbersRow {
            numbers: known[last * NumbersRow::SIZE..].to_vec(),
        };
        save(
            transaction,
            keys::numbers_row(publication, last as u64),
            &numbers,
        )?;
        Ok(number)
    }

    fn page(
        &mut self,
        reader: &impl Read,
        feed: &FeedKey,
        number: u64,
    ) -> Result<&mut PageRow, StoreError> {
        use std::collections::hash_map::Entry;
        Ok(match self.pages.entry((feed.clone(), number)) {
            Entry::Occupied(page) => page.into_mut(),
            Entry::Vacant(place) => {
                let page = load(reader, &keys::page(feed, number))?;
                place.insert(page.unwrap_or_default())
            }
        })
    }

    /// Writes them.
    pub(in crate::store) fn finish(
        &self,
        transaction: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        for ((feed, number), page) in &self.pages {
            save(transaction, keys::page(feed, *number), page)?;
        }
        Ok(())
    }
}
