//! Where things lie in the ordered map: one letter for the table, then the parts of the key.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `M` | | [`Meta`](super::rows::Meta): counters and totals |
//! | `S` | source | [`SourceRow`](super::rows::SourceRow) |
//! | `u` | source | `UpstreamState` |
//! | `q` | source | how many of its bodies were lost since it was last read |
//! | `P` | publication | `PublicationState` |
//! | `R` | publication, revision | `Publication` |
//! | `r` | publication, revision | [`ChangeRow`](super::rows::ChangeRow): what led to it |
//! | `I` | id | publication: the id ledger |
//! | `A` | source, path | publication: where it was last seen |
//! | `f` | source, path | [`FileRow`](super::rows::FileRow): its file, as it was read |
//! | `B` | body hash, publication | nothing: who has this body |
//! | `X` | body hash | [`Place`](super::bodies::Place): where the body lies |
//! | `W` | instant, publication | nothing: what waits for its date, or for its end |
//! | `F` | feed, published, publication | nothing: what is in a feed |
//! | `G` | feed | [`FeedRow`](super::rows::FeedRow) |
//! | `c` | feed, page | [`PageRow`](super::archive::PageRow): a page of its archive |
//! | `m` | publication, row | [`NumbersRow`](super::archive::NumbersRow): where in the archives it is |
//! | `t` | tag | [`TagRow`](super::rows::TagRow): whose the id is |
//! | `n` | label, folded | tag: the ledger of labels |
//! | `N` | sequence | [`NewsRow`](super::rows::NewsRow): what is to be mailed |
//! | `h` | hold | `Hold` |
//! | `i` | hold, number | [`HeldRow`](super::rows::HeldRow): some of its publications |
//! | `j` | publication | [`HeldIn`](super::rows::HeldIn): its news waits in this hold |
//! | `g` | | [`TrustRow`](super::rows::TrustRow): what shows whether the store is its latest state |
//! | `s` | | the number up to which everything was skipped with a copy of the store |
//! | `l` | source, publication | [`LossRow`](super::rows::LossRow): it went within the last minutes |
//! | `Y` | group | run: the first that could have mailed any of the group |
//! | `v` | group, publication | the last change of what the others of the group show of themselves |
//! | `v` | | how far it is filled: a store from before there was one, or ties, is as it is opened |
//! | `v` | 1, tie, publication | nothing: what has this tie |
//! | `U` | subscriber | `Subscriber` |
//! | `E` | address in lower case | subscriber |
//! | `L` | cadence, tag or `*`, subscriber | nothing: whom a publication may concern |
//! | `Z` | cadence, subscriber | nothing: the exceptions, who came behind the mark and are not planned yet |
//! | `K` | cadence | `Mark` |
//! | `T` | slug of a defined tag's id, label or alias | its id, as last configured |
//! | `J` | run | `Run` |
//! | `O` | run | nothing: the runs that are not closed |
//! | `V` | cadence, due (`immediate`: upper number) | run: opened once |
//! | `C` | run, content | `Content` |
//! | `D` | run, first subscriber | [`Chunk`](super::rows::Chunk) of deliveries |
//! | `Q` | run, first subscriber | instant: the chunk is due from then |
//! | `d` | run, subscriber | nothing: the text was begun, and what came of it is not written down |
//! | `H` | subscriber, run | content: who had what |
//! | `w` | | [`RetentionRow`](super::retention::RetentionRow): what was let go of |
//! | `e` | run, first subscriber | [`ShrunkRow`](super::retention::ShrunkRow): who had a delivery |
//! | `a` | run, content | [`TallyRow`](super::retention::TallyRow): its deliveries by state |
//! | `k` | run | [`BooksRow`](super::books::BooksRow): how its planning went |
//! | `b` | run, stretch, number | [`NotedRow`](super::books::NotedRow): the news it was planned from |
//! | `x` | keyed hash of an address | `Suppression` |
//! | `y` | instant, keyed hash | nothing: the suppression list by time |
//! | `z` | | [`Secret`](super::rows::Secret): what those hashes are keyed with |
//! | `p` | topic, callback | `websub::Subscription`: who is pushed a feed |
//! | `o` | `t`, topic | `websub::Topic`: how far its last change has come |
//! | `o` | `d`, instant, topic, callback | nothing: a push that failed is due again then |
//! | `o` | `h`, host | how many subscriptions are pushed to it; of all hosts under the empty one |
//! | `o` | `e`, topic | the change that another's hub was last told of |
//!
//! Numbers and instants are big-endian, so that keys sort as they do; texts end with a zero byte,
//! which none of them can contain.

mod archive;
mod begun;
mod books;
mod cadences;
mod holds;
mod paths;
mod people;
mod retention;
mod span;
mod translations;
mod waiting;
pub(super) mod websub;

use jiff::Timestamp;

use crate::domain::{
    BodyHash, Cadence, FeedKey, Language, PublicationId, PublicationKey, RunKey, Sequence,
    SubscriberKey, TagId, Window,
};

pub(super) use archive::{numbers, numbers_row, page, pages};
pub(super) use begun::{all_begun, begun};
pub(super) use books::{books, noted, noted_in, noted_row};
pub(super) use cadences::{
    all_exceptions, cadence_in, exception, exceptions, mark, marks, posted, posting, postings,
    zones,
};
pub(super) use holds::{held, held_in, held_row, hold, holds, loss, losses, skipped, trust};
pub(super) use paths::{
    all_paths, file, files, lost_bodies, path, path_in, paths, paths_below, source, source_in,
    upstream,
};
pub(super) use people::{
    address, digest_in, subscriber, subscribers, suppressed_at, suppression, suppression_secret,
    suppressions,
};
pub(super) use retention::{
    all_contents, all_held_in, all_revisions, all_shrunk, all_tallies, bodies, hash_in, retention,
    shrunk, tallies, tally,
};
pub(super) use span::Span;
pub(super) use translations::{all_tied, grouped, tied, tied_by, translation, translations};
pub(super) use waiting::{instant_before_last, waiting, waits};

/// A key being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key(Vec<u8>);

impl Key {
    fn table(letter: u8) -> Key {
        Key(vec![letter])
    }

    fn text(mut self, text: &str) -> Key {
        // A zero inside would let one key pose as another's prefix.
        self.0.extend(text.bytes().filter(|byte| *byte != 0));
        self.0.push(0);
        self
    }

    fn hash(mut self, hash: BodyHash) -> Key {
        self.0.extend_from_slice(&hash.0);
        self
    }

    fn number(mut self, number: u64) -> Key {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    fn instant(self, instant: Timestamp) -> Key {
        // Flipping the sign bit makes signed numbers sort as unsigned ones.
        let sortable = (instant.as_millisecond() as u64) ^ (1 << 63);
        self.number(sortable)
    }

    fn cadence(self, cadence: &Cadence) -> Key {
        self.text(&cadence.schedule)
            .text(cadence.zone.as_deref().unwrap_or(""))
    }

    fn feed(self, feed: &FeedKey) -> Key {
        self.text(feed.language.as_ref().map_or("", |l| l.as_str()))
            .text(feed.tag.as_ref().map_or("", |t| t.as_str()))
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Everything that begins with this key.
    pub(super) fn prefix(self) -> Span {
        let mut end = self.0.clone();
        while end.last() == Some(&u8::MAX) {
            end.pop();
        }
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        Span { start: self.0, end }
    }

    /// Everything from this key up to another.
    pub(super) fn until(self, end: Key) -> Span {
        Span {
            start: self.0,
            end: end.0,
        }
    }

    /// The first key after this one.
    pub(super) fn next(mut self) -> Key {
        self.0.push(0);
        self
    }
}

/// The number at the end of a key.
pub(super) fn last_number(key: &[u8]) -> u64 {
    key.last_chunk::<8>()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The number before the last `skip` numbers of a key.
pub(super) fn number_before(key: &[u8], skip: usize) -> u64 {
    last_number(&key[..key.len().saturating_sub(skip * 8)])
}

/// The posting list that a subscription without an index tag is in.
pub(super) const EVERYTHING: &str = "*";

pub(super) fn meta() -> Key {
    Key::table(b'M')
}

pub(super) fn publications() -> Key {
    Key::table(b'P')
}

pub(super) fn publication(key: PublicationKey) -> Key {
    publications().number(key.0)
}

pub(super) fn revisions(key: PublicationKey) -> Key {
    Key::table(b'R').number(key.0)
}

pub(super) fn revision(key: PublicationKey, revision: u32) -> Key {
    revisions(key).number(u64::from(revision))
}

pub(super) fn change(key: PublicationKey, revision: u32) -> Key {
    Key::table(b'r').number(key.0).number(u64::from(revision))
}

pub(super) fn id(id: &PublicationId) -> Key {
    Key::table(b'I').text(&id.0)
}

pub(super) fn with_body(hash: BodyHash) -> Key {
    Key::table(b'B').hash(hash)
}

pub(super) fn body_of(hash: BodyHash, key: PublicationKey) -> Key {
    with_body(hash).number(key.0)
}

pub(super) fn body(hash: BodyHash) -> Key {
    Key::table(b'X').hash(hash)
}

/// Is it a key of table `X`, which says where an engine's bodies lie?
pub(super) fn is_place(key: &[u8]) -> bool {
    key.first() == Some(&b'X')
}

/// Is it a key of table `R`?
pub(super) fn is_revision(key: &[u8]) -> bool {
    key.first() == Some(&b'R')
}

pub(super) fn feed_entries(feed: &FeedKey) -> Key {
    Key::table(b'F').feed(feed)
}

pub(super) fn feed_entry(feed: &FeedKey, published: Timestamp, key: PublicationKey) -> Key {
    feed_entries(feed).instant(published).number(key.0)
}

pub(super) fn feeds() -> Key {
    Key::table(b'G')
}

/// The feeds of a language, or (`None`) those in every language.
pub(super) fn feeds_in(language: Option<&Language>) -> Key {
    feeds().text(language.map_or("", |l| l.as_str()))
}

pub(super) fn feed(feed: &FeedKey) -> Key {
    feeds().feed(feed)
}

pub(super) fn tag(tag: &TagId) -> Key {
    Key::table(b't').text(tag.as_str())
}

pub(super) fn tag_label(folded: &str) -> Key {
    Key::table(b'n').text(folded)
}

pub(super) fn all_news() -> Key {
    Key::table(b'N')
}

pub(super) fn news(sequence: Sequence) -> Key {
    all_news().number(sequence.0)
}

pub(super) fn group(id: &PublicationId) -> Key {
    Key::table(b'Y').text(&id.0)
}

pub(super) fn tag_names() -> Key {
    Key::table(b'T')
}

pub(super) fn tag_name(name: &str) -> Key {
    tag_names().text(name)
}

/// The name in a key of table `T`.
pub(super) fn name_in(key: &[u8]) -> String {
    let name = key.get(1..key.len().saturating_sub(1)).unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

pub(super) fn runs() -> Key {
    Key::table(b'J')
}

pub(super) fn run(key: RunKey) -> Key {
    runs().number(key.0)
}

pub(super) fn open_runs() -> Key {
    Key::table(b'O')
}

pub(super) fn open_run(key: RunKey) -> Key {
    open_runs().number(key.0)
}

pub(super) fn window(window: &Window) -> Key {
    let key = Key::table(b'V').cadence(&window.cadence);
    if window.cadence.is_immediate() {
        key.number(window.upper.0)
    } else {
        key.instant(window.due)
    }
}

pub(super) fn contents(run: RunKey) -> Key {
    Key::table(b'C').number(run.0)
}

pub(super) fn content(run: RunKey, number: u64) -> Key {
    contents(run).number(number)
}

pub(super) fn chunks(run: RunKey) -> Key {
    Key::table(b'D').number(run.0)
}

pub(super) fn chunk(run: RunKey, first: SubscriberKey) -> Key {
    chunks(run).number(first.0)
}

pub(super) fn queue() -> Key {
    Key::table(b'Q')
}

pub(super) fn queued(run: RunKey, first: SubscriberKey) -> Key {
    queue().number(run.0).number(first.0)
}

pub(super) fn had_by(subscriber: SubscriberKey) -> Key {
    Key::table(b'H').number(subscriber.0)
}

pub(super) fn had(subscriber: SubscriberKey, run: RunKey) -> Key {
    had_by(subscriber).number(run.0)
}

#[cfg(test)]
mod tests;
