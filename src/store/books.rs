//! The books of a run: for each publication, those who were to get it beside what became of it.
//!
//! Two counts that know nothing of each other. One passes the filters over every subscriber, by
//! what [`note`] wrote down while the run was planned. The other reads the rows of the deliveries.
//! Where they differ, something is wrong with the planning or with the rows.
//!
//! Looks at every subscriber: for people who ask, not on the way of the data.

mod pass;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::{
    Counts, Language, Mark, Publication, PublicationKey, PublicationState, Run, Sequence, Standing,
    SubscriberKey, TagId,
};

use super::engine::{Go, Order, Read, Transaction};
use super::names::all_names;
use super::record::Record;
use super::rows::NewsRow;
use super::translations::members;
use super::{Store, StoreError, keys, load, load_required, meta, save};
use pass::Pass;
pub(super) use rows::Contents;

/// Subscribers looked at between two chances for others to work.
const PAGE: usize = 1024;
/// Of so many of those with whom something is wrong the store's names are told.
const EXAMPLES: usize = 10;

/// The books of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books {
    /// By publication, in the order in which the store came to know them.
    pub publications: BTreeMap<PublicationKey, Account>,
    /// Those with whom the counts differ because their subscriptions changed since the run was
    /// opened, or they are gone: they are in neither count.
    pub left_out: u64,
    /// The deliveries by their rows, where they are others than the run's own counters say. Only of
    /// a run on which nobody was at work meanwhile.
    pub miscounted: Option<Counts>,
}

/// The books of one publication.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Subscribers who were to get it or a translation of it.
    pub matched: u64,
    /// Those of them who had it before at this major revision, or get a translation instead.
    pub already_had: u64,
    /// The deliveries with it in them.
    pub counts: Counts,
    /// Who was to get it and has no delivery of it. There should be nobody.
    pub missed: Vec<SubscriberKey>,
    /// How many those are.
    pub missing: u64,
    /// Who has a delivery of it and was not to get it. There should be nobody.
    pub unasked: Vec<SubscriberKey>,
    /// How many those are.
    pub beyond: u64,
}

impl Account {
    /// Do the two counts agree?
    pub fn is_even(&self) -> bool {
        self.missing == 0
            && self.beyond == 0
            && self.matched == self.already_had + self.counts.total()
    }

    fn miss(&mut self, subscriber: SubscriberKey) {
        self.missing += 1;
        if self.missed.len() < EXAMPLES {
            self.missed.push(subscriber);
        }
    }

    fn exceed(&mut self, subscriber: SubscriberKey) {
        self.beyond += 1;
        if self.unasked.len() < EXAMPLES {
            self.unasked.push(subscriber);
        }
    }
}

impl Books {
    /// Do all counts agree?
    pub fn are_even(&self) -> bool {
        self.miscounted.is_none() && self.publications.values().all(Account::is_even)
    }
}

impl Store {
    /// The books of a run, as far as it is planned. `None`: none were kept, or no longer are.
    pub async fn books(&self, run: &Run) -> Result<Option<Books>, StoreError> {
        let Some(row) = load::<BooksRow>(self.reader(), &keys::books(run.key))? else {
            return Ok(None);
        };
        let mut pass = Pass::begin(self.reader(), run, &row)?;
        loop {
            let page = self.subscribers(pass.reached(), PAGE).await?;
            if !pass.take(self.reader(), &page)? {
                break;
            }
            tokio::task::yield_now().await;
        }
        let mut books = pass.finish();
        let is_at_rest = load::<Run>(self.reader(), &keys::run(run.key))?.as_ref() == Some(run);
        books.miscounted = books.miscounted.filter(|_| is_at_rest);
        Ok(Some(books))
    }
}

/// What a run was planned from. Publications may change between two pages of its planning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BooksRow {
    stretches: Vec<Stretch>,
}

/// A part of the planning during which no publication changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stretch {
    /// Of the subscribers after this one.
    after: SubscriberKey,
    /// The mark of the cadence.
    mark: Sequence,
    /// The store's last number.
    head: Sequence,
}

/// Some of the news of a stretch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NotedRow {
    news: Vec<Noted>,
}

impl NotedRow {
    /// With the largest groups they are no more than a row takes.
    const SIZE: usize = 128;

    pub(super) fn of(news: Vec<Noted>) -> NotedRow {
        NotedRow { news }
    }
}

/// News that a run may mail, as it stood then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Noted {
    pub(super) publication: PublicationKey,
    /// Of several numbers the last.
    pub(super) sequence: Sequence,
    pub(super) revision: u32,
    pub(super) major: u32,
    /// Itself and its translations then. Nobody: it was noted before these were.
    pub(super) group: Vec<PublicationKey>,
}

/// Notes what the next page of a run is planned from, if that changed since the last one.
pub(super) fn note(transaction: &mut Transaction<'_>, run: &Run) -> Result<(), StoreError> {
    let mut row = load::<BooksRow>(transaction, &keys::books(run.key))?.unwrap_or_default();
    let mark = load::<Mark>(transaction, &keys::mark(&run.window.cadence))?;
    let stretch = Stretch {
        after: run.planned_through.unwrap_or(SubscriberKey(0)),
        mark: mark.map_or(Sequence(0), |mark| mark.upper),
        head: meta(transaction)?.sequence,
    };
    let is_noted = |last: &Stretch| (last.mark, last.head) == (stretch.mark, stretch.head);
    if row.stretches.last().is_some_and(is_noted) {
        return Ok(());
    }
    let number = row.stretches.len() as u64;
    let news = news(transaction, stretch.mark, run.window.upper)?;
    for (page, news) in news.chunks(NotedRow::SIZE).enumerate() {
        let key = keys::noted_row(run.key, number, page as u64);
        save(transaction, key, &NotedRow::of(news.to_vec()))?;
    }
    row.stretches.push(stretch);
    save(transaction, keys::books(run.key), &row)
}

/// What is news beyond the mark and can be read.
fn news(reader: &impl Read, mark: Sequence, upper: Sequence) -> Result<Vec<Noted>, StoreError> {
    let mut numbers = Vec::new();
    let span = keys::news(mark).next().until(keys::news(upper).next());
    reader.scan(span.range(), Order::Descending, &mut |key, value| {
        let number = Sequence(keys::last_number(key));
        numbers.push((number, NewsRow::decode(value)?.publication));
        Ok(Go::On)
    })?;
    let mut seen = BTreeSet::new();
    let mut news = Vec::new();
    for (sequence, publication) in numbers {
        if !seen.insert(publication) {
            continue;
        }
        let state = load::<PublicationState>(reader, &keys::publication(publication))?;
        if let Some(state) = state.filter(|s| s.standing == Standing::Live) {
            news.push(Noted {
                publication,
                sequence,
                revision: state.revision,
                major: state.major,
                group: group(reader, &state)?,
            });
        }
    }
    Ok(news)
}

/// A publication and its translations, in their order.
fn group(reader: &impl Read, state: &PublicationState) -> Result<Vec<PublicationKey>, StoreError> {
    let mut group: BTreeSet<_> = members(reader, state.group())?.into_iter().collect();
    group.insert(state.key);
    Ok(group.into_iter().collect())
}

/// News as filters see it.
struct News {
    publication: PublicationKey,
    sequence: Sequence,
    major: u32,
    group: Vec<PublicationKey>,
    language: Language,
    /// By the names of its revision, and by those that they have now.
    tags: BTreeSet<TagId>,
}

impl News {
    fn of(reader: &impl Read, noted: Noted) -> Result<News, StoreError> {
        let key = keys::revision(noted.publication, noted.revision);
        let publication = load_required::<Publication>(reader, &key)?;
        let group = match noted.group {
            unknown if unknown.is_empty() => group(
                reader,
                &load_required(reader, &keys::publication(noted.publication))?,
            )?,
            known => known,
        };
        Ok(News {
            publication: noted.publication,
            sequence: noted.sequence,
            major: noted.major,
            group,
            tags: all_names(reader, &publication)?,
            language: publication.language,
        })
    }
}
