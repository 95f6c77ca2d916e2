//! How feed readers poll, by what they call themselves. Of who uses them nothing is kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Readers that are told apart.
const MOST: usize = 300;
/// A name is cut after so many characters.
const LONGEST: usize = 60;
const UNNAMED: &str = "(unnamed)";
const OTHERS: &str = "(others)";

/// One request for a feed, and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Poll {
    /// Did it say what it had?
    pub conditional: bool,
    /// 304
    pub not_modified: bool,
    /// 429
    pub refused: bool,
    /// Bytes of the body.
    pub sent: u64,
    /// Bytes that the whole feed, not compressed, has more.
    pub saved: u64,
}

/// How a reader polls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderSummary {
    /// The product of its User-Agent, `newsboat/2.21`.
    pub reader: String,
    /// Of a service that polls for many: how many it says read one of the feeds, at the most.
    pub subscribers: Option<u64>,
    /// Requests.
    pub polls: u64,
    /// Of these, those that said what they had.
    pub conditional: u64,
    /// Of these, those that were told it has not changed (304).
    pub not_modified: u64,
    /// Requests that came too often (429).
    pub refused: u64,
    /// Bytes of feeds that went out.
    pub bytes_sent: u64,
    /// Bytes that did not have to, by 304 or by compression.
    pub bytes_saved: u64,
    /// The last request.
    pub last_seen: Timestamp,
}

impl ReaderSummary {
    fn of(reader: &str) -> ReaderSummary {
        ReaderSummary {
            reader: reader.to_owned(),
            ..ReaderSummary::default()
        }
    }

    fn add(&mut self, other: &ReaderSummary) {
        self.subscribers = self.subscribers.max(other.subscribers);
        self.polls += other.polls;
        self.conditional += other.conditional;
        self.not_modified += other.not_modified;
        self.refused += other.refused;
        self.bytes_sent += other.bytes_sent;
        self.bytes_saved += other.bytes_saved;
        self.last_seen = self.last_seen.max(other.last_seen);
    }
}

/// All readers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadersReport {
    /// When the daemon began to count.
    pub since: Timestamp,
    /// Who polls most comes first; those that are not told apart any more come last.
    pub readers: Vec<ReaderSummary>,
}

/// Counts since the daemon started.
#[derive(Debug)]
pub struct Readers {
    since: Timestamp,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    readers: HashMap<String, ReaderSummary>,
    others: ReaderSummary,
}

impl Readers {
    /// Nobody has polled yet.
    pub fn new(since: Timestamp) -> Readers {
        let table = Table {
            readers: HashMap::new(),
            others: ReaderSummary::of(OTHERS),
        };
        Readers {
            since,
            table: Mutex::new(table),
        }
    }

    /// Counts one request by its User-Agent.
    pub fn note(&self, agent: Option<&str>, poll: &Poll, now: Timestamp) {
        let agent = agent.unwrap_or_default();
        let (reader, subscribers) = (reader(agent), subscribers(agent));
        let one = ReaderSummary {
            reader: String::new(),
            subscribers,
            polls: 1,
            conditional: u64::from(poll.conditional),
            not_modified: u64::from(poll.not_modified),
            refused: u64::from(poll.refused),
            bytes_sent: poll.sent,
            bytes_saved: poll.saved,
            last_seen: now,
        };
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = table.readers.get_mut(reader) {
            known.add(&one);
            return;
        }
        table.make_room();
        let mut new = ReaderSummary::of(reader);
        new.add(&one);
        table.readers.insert(reader.to_owned(), new);
    }

    /// Everything so far.
    pub fn report(&self) -> ReadersReport {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut readers: Vec<ReaderSummary> = table.readers.values().cloned().collect();
        let others = Some(&table.others)
            .filter(|others| others.polls > 0)
            .cloned();
        drop(table);
        readers.sort_by(|a, b| (b.polls, &a.reader).cmp(&(a.polls, &b.reader)));
        readers.extend(others);
        ReadersReport {
            since: self.since,
            readers,
        }
    }
}

impl Table {
    /// Who has polled least joins the others, so that names made up by the hundred drive out nobody
    /// who polls.
    fn make_room(&mut self) {
        if self.readers.len() < MOST {
            return;
        }
        let least = self.readers.values();
        let least = least.min_by_key(|reader| (reader.polls, reader.last_seen));
        let least = least.map(|reader| reader.reader.clone());
        if let Some(least) = least.and_then(|name| self.readers.remove(&name)) {
            self.others.add(&least);
        }
    }
}

/// The first product of a User-Agent (RFC 9110, section 10.1.5); of one that begins as browsers do and
/// goes on with `(compatible; NAME`, that name.
fn reader(agent: &str) -> &str {
    let named = agent
        .strip_prefix("Mozilla/")
        .and_then(|rest| rest.split_once("(compatible; "))
        .map(|(_, rest)| rest);
    let name = named
        .unwrap_or(agent)
        .trim_start()
        .split([' ', ';', ',', '(', ')'])
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or(UNNAMED);
    let end = name
        .char_indices()
        .nth(LONGEST)
        .map_or(name.len(), |(end, _)| end);
    &name[..end]
}

/// `16` of `Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers)`.
fn subscribers(agent: &str) -> Option<u64> {
    let words = agent
        .split([' ', ';', ',', '(', ')'])
        .filter(|word| !word.is_empty());
    let pairs = words.clone().zip(words.skip(1));
    let told = pairs.filter(|(_, noun)| {
        noun.eq_ignore_ascii_case("subscribers") || noun.eq_ignore_ascii_case("subscriber")
    });
    told.filter_map(|(number, _)| number.parse().ok()).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: Poll = Poll {
        conditional: true,
        not_modified: true,
        refused: false,
        sent: 0,
        saved: 10,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    #[test]
    fn a_reader_is_named_by_its_first_product_and_its_number_of_subscribers_is_seen() {
        for (agent, name, number) in [
            ("newsboat/2.21.0 (Linux x86_64)", "newsboat/2.21.0", None),
            (
                "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)",
                "Feedly/1.0",
                Some(16),
            ),
            (
                "NewsBlur Feed Fetcher - 1 subscriber - http://www.newsblur.com/site/1/x",
                "NewsBlur",
                Some(1),
            ),
            (
                "Feedbin feed-id:1373711 - 142 subscribers",
                "Feedbin",
                Some(142),
            ),
            (
                "Mozilla/5.0 (compatible; theoldreader.com; 3 Subscribers; feed-id=1)",
                "theoldreader.com",
                Some(3),
            ),
            (
                "Mozilla/5.0 (compatible; Miniflux/2.1; +https://miniflux.app)",
                "Miniflux/2.1",
                None,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0",
                "Mozilla/5.0",
                None,
            ),
            (
                "many subscribers; 99999999999999999999 subscribers",
                "many",
                None,
            ),
            ("", "(unnamed)", None),
            ("(compatible)", "(unnamed)", None),
        ] {
            assert_eq!(
                (reader(agent), subscribers(agent)),
                (name, number),
                "{agent}"
            );
        }
        assert_eq!(reader(&"é".repeat(100)).chars().count(), LONGEST);
    }

    #[test]
    fn what_a_reader_did_is_summed_up() {
        let readers = Readers::new(at(1));
        readers.note(Some("Feedly/1.0 (16 subscribers)"), &POLL, at(2));
        let whole = Poll {
            conditional: false,
            not_modified: false,
            sent: 4,
            saved: 6,
            ..POLL
        };
        readers.note(Some("Feedly/1.0 (5 subscribers)"), &whole, at(3));
        readers.note(None, &POLL, at(4));
        let report = readers.report();
        assert_eq!((report.since, report.readers.len()), (at(1), 2));
        let feedly = ReaderSummary {
            reader: "Feedly/1.0".to_owned(),
            subscribers: Some(16),
            polls: 2,
            conditional: 1,
            not_modified: 1,
            refused: 0,
            bytes_sent: 4,
            bytes_saved: 16,
            last_seen: at(3),
        };
        assert_eq!(report.readers.first(), Some(&feedly));
    }

    #[test]
    fn names_made_up_by_the_hundred_drive_out_nobody_and_are_counted_together() {
        let readers = Readers::new(at(0));
        for second in 0..2 {
            readers.note(Some("newsboat/2.21"), &POLL, at(second));
        }
        for number in 0..1_000 {
            readers.note(Some(&format!("Made-up/{number}")), &POLL, at(number));
        }
        let report = readers.report();
        assert_eq!(report.readers.len(), MOST + 1);
        assert_eq!(report.readers.first().map(|first| first.polls), Some(2));
        let last = report.readers.last();
        assert_eq!(last.map(|last| last.reader.as_str()), Some(OTHERS));
        let polls: u64 = report.readers.iter().map(|reader| reader.polls).sum();
        assert_eq!(polls, 1_002);
    }
}
