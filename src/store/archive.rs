//! The archives of feeds (RFC 5005 section 4): of everything and of each tag, in all languages.
//!
//! What appears in a feed takes the feed's next number, and keeps it for good. A page of the archive
//! holds [`PAGE`] numbers, so which publications are on it never changes once it is full; what of them
//! left the feed is told there as a tombstone, and is an entry at its old place when it comes back.
//!
//! What a source's first scan finds is not numbered as it comes, but afterwards, a few hundred at a
//! time, from the oldest to the newest: so pages follow the dates, also in a build without state, and
//! the scan is not held up. The same is done for the feeds of stores that knew no archives.

mod rows;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::departures::Departed;
use super::engine::{Engine, Go, Order, Read, Transaction};
use super::feeds::{feed_row, feed_rows};
use super::record::Record;
use super::rows::FeedRow;
use super::{Store, StoreError, keys, load, save};
use crate::domain::{FeedKey, PublicationKey, PublicationState, Sequence, Standing};

pub(super) use rows::{Archiving, Numbering, NumbersRow, PageRow, Step, numbers};

/// Numbers on a page. No setting: pages that readers and caches have would fall apart by another.
pub const PAGE: u64 = 50;
/// Publications that are numbered in one transaction.
const AT_ONCE: usize = 256;

/// A full page of a feed's archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageView {
    /// The last change that touched it.
    pub sequence: Sequence,
    /// Its last change of substance, as far as that is not told by its entries.
    pub updated: Timestamp,
    /// In the order of their numbers.
    pub entries: Vec<PublicationState>,
    /// What is no longer in the feed.
    pub departed: Vec<Departed>,
}

impl Store {
    /// Numbers some of what is in a feed and has no number yet. Is anything left to be numbered?
    pub async fn number(&self, feed: &FeedKey) -> Result<bool, StoreError> {
        let feed = feed.clone();
        self.write(move |transaction| number(transaction, &feed))
            .await
    }

    /// The feeds in which something has no number yet, and never had.
    pub async fn unnumbered(&self) -> Result<Vec<FeedKey>, StoreError> {
        let rows = archived(self.reader())?.into_iter();
        let unnumbered = rows.filter(|(_, row)| !row.numbering.is_done());
        Ok(unnumbered.map(|(feed, _)| feed).collect())
    }

    /// How many full pages the archive of each feed has, where there are any.
    pub async fn page_counts(&self) -> Result<BTreeMap<FeedKey, u64>, StoreError> {
        let rows = archived(self.reader())?.into_iter();
        let counts = rows.map(|(feed, row)| (feed, row.numbering.pages()));
        Ok(counts.filter(|(_, pages)| *pages > 0).collect())
    }

    /// The full pages of a feed's archive, from 1, and the last change that touched each.
    pub async fn pages(&self, feed: &FeedKey) -> Result<Vec<(u64, Sequence)>, StoreError> {
        let full = full_pages(self.reader(), feed)?;
        let mut pages = Vec::new();
        let span = keys::pages(feed).prefix();
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |key, value| {
                let number = keys::last_number(key);
                if number > full {
                    return Ok(Go::Stop);
                }
                pages.push((number, PageRow::decode(value)?.sequence));
                Ok(Go::On)
            })?;
        Ok(pages)
    }

    /// A full page of a feed's archive; `None`: there is none of that number.
    pub async fn page(&self, feed: &FeedKey, number: u64) -> Result<Option<PageView>, StoreError> {
        let reader = self.reader();
        if !(1..=full_pages(reader, feed)?).contains(&number) {
            return Ok(None);
        }
        let Some(row) = load::<PageRow>(reader, &keys::page(feed, number))? else {
            return Ok(None);
        };
        let mut view = PageView {
            sequence: row.sequence,
            updated: row.updated,
            entries: Vec::with_capacity(row.members.len()),
            departed: Vec::new(),
        };
        for member in row.members {
            let state = load::<PublicationState>(reader, &keys::publication(member.publication))?;
            let Some(state) = state else { continue };
            match member.left {
                Some((when, sequence)) => view.departed.push(Departed {
                    id: state.publication.id,
                    when,
                    sequence,
                }),
                // One that left since the row was read: its change renders the page again.
                None => view
                    .entries
                    .extend(Some(state).filter(|state| state.standing == Standing::Live)),
            }
        }
        Ok(Some(view))
    }

    /// What is in a feed and on no full page of its archive: besides its newest entries, whoever
    /// follows the archive from there has to be told of it. None of a feed that is not numbered yet,
    /// unless all of it would fit on the first page.
    pub async fn not_archived(&self, feed: &FeedKey) -> Result<Vec<PublicationState>, StoreError> {
        let reader = self.reader();
        let Some(row) = load::<FeedRow>(reader, &keys::feed(feed))? else {
            return Ok(Vec::new());
        };
        let mut publications = Vec::new();
        if row.numbering.is_done() {
            let page = keys::page(feed, row.numbering.pages() + 1);
            let page = load::<PageRow>(reader, &page)?.unwrap_or_default();
            let present = page.members.into_iter().filter(|one| one.left.is_none());
            publications.extend(present.map(|member| member.publication));
        } else if feed.is_archived() && row.entries < PAGE {
            let span = keys::feed_entries(feed).prefix();
            reader.scan(span.range(), Order::Ascending, &mut |key, _| {
                publications.push(PublicationKey(keys::last_number(key)));
                Ok(Go::On)
            })?;
        }
        let mut states = Vec::with_capacity(publications.len());
        for key in publications {
            let state = load::<PublicationState>(reader, &keys::publication(key))?;
            states.extend(state.filter(|state| state.standing == Standing::Live));
        }
        Ok(states)
    }
}

/// The page that holds a number.
fn page_of(number: u64) -> u64 {
    number / PAGE + 1
}

fn full_pages(reader: &Engine, feed: &FeedKey) -> Result<u64, StoreError> {
    Ok(feed_row(reader, feed)?.map_or(0, |row| row.numbering.pages()))
}

/// The feeds that have an archive.
fn archived(reader: &Engine) -> Result<Vec<(FeedKey, FeedRow)>, StoreError> {
    feed_rows(reader, keys::feeds_in(None))
}

fn number(transaction: &mut Transaction<'_>, feed: &FeedKey) -> Result<bool, StoreError> {
    let row = load::<FeedRow>(transaction, &keys::feed(feed))?;
    let Some(mut row) = row.filter(|row| feed.is_archived() && !row.numbering.is_done()) else {
        return Ok(false);
    };
    let all = keys::feed_entries(feed).prefix();
    let start = row.numbering.reached().unwrap_or(&all.start).to_vec();
    let mut found: Vec<Vec<u8>> = Vec::with_capacity(AT_ONCE);
    transaction.scan(&start[..]..&all.end[..], Order::Ascending, &mut |key, _| {
        if found.len() == AT_ONCE {
            return Ok(Go::Stop);
        }
        found.push(key.to_vec());
        Ok(Go::On)
    })?;
    let mut archiving = Archiving::default();
    for key in &found {
        let publication = PublicationKey(keys::last_number(key));
        let mut known = numbers(transaction, publication)?;
        if !known.iter().any(|(tag, _)| *tag == feed.tag) {
            archiving.give_number(transaction, feed, &mut row, &mut known, publication)?;
        }
    }
    let is_left = found.len() == AT_ONCE;
    match found.pop().filter(|_| is_left) {
        Some(mut last) => {
            last.push(0);
            row.numbering.reach(last);
        }
        None => row.numbering.finish(),
    }
    archiving.finish(transaction)?;
    save(transaction, keys::feed(feed), &row)?;
    Ok(is_left)
}
