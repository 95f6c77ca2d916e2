//! Feeds by any, all and none of some tags: what passes a filter, found by way of the feeds of its
//! tags.

use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use jiff::Timestamp;

use crate::domain::{
    FeedKey, Filter, Language, PublicationKey, PublicationState, Sequence, Standing, TagId,
};

use super::engine::{Go, Order, Read};
use super::keys::Span;
use super::rows::FeedRow;
use super::{Store, StoreError, keys, load, tags};

/// Entries of a feed read at a time.
const PAGE: usize = 64;

/// What passes a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryView {
    /// The newest change among what is shown.
    pub sequence: Sequence,
    /// When what passes, or something akin to it, last changed in substance; never goes back.
    pub updated: Timestamp,
    /// What whoever first used the filter's tags called them.
    pub labels: BTreeMap<TagId, String>,
    /// Newest first by date of publication.
    pub entries: Vec<PublicationState>,
    /// There may be more, among what was not looked at.
    pub is_cut: bool,
}

/// Feeds in which everything is that passes a filter.
struct Cover {
    feeds: Vec<FeedKey>,
    /// The last change in any of them.
    sequence: Sequence,
    updated: Timestamp,
    /// How many are in them.
    entries: u64,
}

impl Store {
    /// A number that grows with each change of what passes, and perhaps with others. Languages are
    /// taken as feeds have them: `en` is not `en-GB`.
    pub async fn touched(&self, filter: &Filter) -> Result<Sequence, StoreError> {
        let covers = covers(self.reader(), filter)?;
        let sequences = covers.iter().map(|cover| cover.sequence);
        Ok(sequences.min().unwrap_or_default())
    }

    /// The newest publications that pass, at most `most`, among the newest `look_at_most` that may.
    pub async fn query(
        &self,
        filter: &Filter,
        most: usize,
        look_at_most: usize,
    ) -> Result<QueryView, StoreError> {
        let reader = self.reader();
        let covers = covers(reader, filter)?;
        // A change of what passes touches a feed of every cover.
        let updated = covers.iter().map(|cover| cover.updated).min();
        let labels = filter
            .tags()
            .map(|tag| Ok((tag.clone(), tags::label(reader, tag)?)));
        let mut view = QueryView {
            sequence: Sequence::default(),
            updated: updated.unwrap_or_default(),
            labels: labels.collect::<Result<_, StoreError>>()?,
            entries: Vec::new(),
            is_cut: false,
        };
        let smallest = covers.into_iter().min_by_key(|cover| cover.entries);
        let feeds = smallest.map(|cover| cover.feeds).unwrap_or_default();
        let mut walk = Walk::over(reader, &feeds)?;
        let mut looked_at = 0;
        while view.entries.len() < most
            && let Some(place) = walk.next()?
        {
            if looked_at == look_at_most {
                view.is_cut = true;
                break;
            }
            looked_at += 1;
            let key = PublicationKey(keys::last_number(&place));
            let state = load::<PublicationState>(reader, &keys::publication(key))?;
            view.entries
                .extend(state.filter(|state| is_at(&place, state) && passes(filter, state)));
        }
        let sequences = view.entries.iter().map(|state| state.sequence);
        view.sequence = sequences.max().unwrap_or_default();
        Ok(view)
    }
}

fn passes(filter: &Filter, state: &PublicationState) -> bool {
    let publication = &state.publication;
    let tags = publication.tags.iter().map(|tag| &tag.id);
    state.standing == Standing::Live && filter.passes(tags, &publication.language)
}

/// One that moved while feeds were walked is elsewhere now.
fn is_at(place: &Place, state: &PublicationState) -> bool {
    let key = keys::feed_entry(&FeedKey::ALL, state.publication.published, state.key);
    key.bytes().ends_with(place)
}

/// One cover for what has any of the tags, and one for each tag that all have; for what may have
/// any tags at all, the feed of everything.
fn covers(reader: &impl Read, filter: &Filter) -> Result<Vec<Cover>, StoreError> {
    let of = |tag: Option<&TagId>| -> Vec<FeedKey> {
        let feed = |language: Option<&Language>| FeedKey {
            language: language.cloned(),
            tag: tag.cloned(),
        };
        match filter.languages.is_empty() {
            true => vec![feed(None)],
            false => filter.languages.iter().map(Some).map(feed).collect(),
        }
    };
    let mut covers: Vec<Vec<FeedKey>> = filter.all.iter().map(|tag| of(Some(tag))).collect();
    if !filter.any.is_empty() {
        covers.push(filter.any.iter().flat_map(|tag| of(Some(tag))).collect());
    }
    if covers.is_empty() {
        covers.push(of(None));
    }
    covers
        .into_iter()
        .map(|feeds| cover(reader, feeds))
        .collect()
}

fn cover(reader: &impl Read, feeds: Vec<FeedKey>) -> Result<Cover, StoreError> {
    let mut cover = Cover {
        feeds: Vec::with_capacity(feeds.len()),
        sequence: Sequence::default(),
        updated: Timestamp::default(),
        entries: 0,
    };
    for feed in feeds {
        if let Some(row) = load::<FeedRow>(reader, &keys::feed(&feed))? {
            cover.feeds.push(feed);
            cover.sequence = cover.sequence.max(row.sequence);
            cover.updated = cover.updated.max(row.updated);
            cover.entries += row.entries;
        }
    }
    Ok(cover)
}

/// The end of a key of table `F`, by which entries of all feeds are sorted: date and publication.
type Place = [u8; 16];

/// The entries of some feeds, each once, newest first.
struct Walk<'r, R> {
    reader: &'r R,
    feeds: Vec<Stream>,
    /// The next of each feed.
    heads: BinaryHeap<(Place, usize)>,
}

impl<'r, R: Read> Walk<'r, R> {
    fn over(reader: &'r R, feeds: &[FeedKey]) -> Result<Walk<'r, R>, StoreError> {
        let mut walk = Walk {
            reader,
            feeds: feeds.iter().map(Stream::of).collect(),
            heads: BinaryHeap::with_capacity(feeds.len()),
        };
        for feed in 0..feeds.len() {
            walk.advance(feed)?;
        }
        Ok(walk)
    }

    fn next(&mut self) -> Result<Option<Place>, StoreError> {
        let Some((place, feed)) = self.heads.pop() else {
            return Ok(None);
        };
        self.advance(feed)?;
        while let Some((_, other)) = self.heads.peek().copied().filter(|(at, _)| *at == place) {
            self.heads.pop();
            self.advance(other)?;
        }
        Ok(Some(place))
    }

    fn advance(&mut self, feed: usize) -> Result<(), StoreError> {
        if let Some(stream) = self.feeds.get_mut(feed)
            && let Some(place) = stream.next(self.reader)?
        {
            self.heads.push((place, feed));
        }
        Ok(())
    }
}

/// The entries of a feed, newest first, read a page at a time.
struct Stream {
    /// What is still to be read.
    span: Span,
    page: VecDeque<Place>,
}

impl Stream {
    fn of(feed: &FeedKey) -> Stream {
        Stream {
            span: keys::feed_entries(feed).prefix(),
            page: VecDeque::new(),
        }
    }

    fn next(&mut self, reader: &impl Read) -> Result<Option<Place>, StoreError> {
        if self.page.is_empty() {
            self.read(reader)?;
        }
        Ok(self.page.pop_front())
    }

    fn read(&mut self, reader: &impl Read) -> Result<(), StoreError> {
        let mut end = self.span.start.clone();
        reader.scan(self.span.range(), Order::Descending, &mut |key, _| {
            self.page.extend(key.last_chunk());
            Ok(if self.page.len() < PAGE {
                Go::On
            } else {
                end = key.to_vec();
                Go::Stop
            })
        })?;
        self.span.end = end;
        Ok(())
    }
}
