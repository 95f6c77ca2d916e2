//! Readers of what former versions wrote. A field that was added gets the value that it had before
//! anybody knew of it.

mod books;
mod publications;

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::{
    Address, Cadence, Consent, Filter, HoldKey, Language, PublicationKey, RunKey, Sequence,
    Subscriber, SubscriberKey, SubscriberStatus, Subscription,
};

use super::archive::Numbering;
use super::departures::Departures;
use super::record::Record;
use super::rows::{FeedRow, Meta, NewsRow, SourceRow, Totals};

impl Record for Meta {
    const NAME: &'static str = "meta";
    const VERSION: u8 = 2;

    fn former(version: u8, bytes: &[u8]) -> Option<postcard::Result<Meta>> {
        (version == 1).then(|| postcard::from_bytes::<Meta1>(bytes).map(Into::into))
    }
}

impl Record for SourceRow {
    const NAME: &'static str = "source";
    const VERSION: u8 = 2;

    fn former(version: u8, bytes: &[u8]) -> Option<postcard::Result<SourceRow>> {
        let read = || {
            let scanned = postcard::from_bytes::<bool>(bytes)?;
            Ok(SourceRow {
                scanned,
                known_losses: None,
            })
        };
        (version == 1).then(read)
    }
}

impl Record for FeedRow {
    const NAME: &'static str = "feed";
    const VERSION: u8 = 2;

    /// Nothing was numbered, and nobody noted what left.
    fn former(version: u8, bytes: &[u8]) -> Option<postcard::Result<FeedRow>> {
        let read = || {
            let (sequence, updated, entries) =
                postcard::from_bytes::<(Sequence, Timestamp, u64)>(bytes)?;
            Ok(FeedRow {
                sequence,
                updated,
                entries,
                numbering: Numbering::default(),
                departures: Departures::unknown_until(sequence),
            })
        };
        (version == 1).then(read)
    }
}

impl Record for NewsRow {
    const NAME: &'static str = "news";
    const VERSION: u8 = 2;

    fn former(version: u8, bytes: &[u8]) -> Option<postcard::Result<NewsRow>> {
        let read = || {
            let (publication, at) = postcard::from_bytes::<(PublicationKey, Timestamp)>(bytes)?;
            Ok(NewsRow {
                publication,
                at,
                first: false,
            })
        };
        (version == 1).then(read)
    }
}

impl Record for Subscriber {
    const NAME: &'static str = "subscriber";
    const VERSION: u8 = 2;

    fn former(version: u8, bytes: &[u8]) -> Option<postcard::Result<Subscriber>> {
        (version == 1).then(|| postcard::from_bytes::<Subscriber1>(bytes).map(Into::into))
    }
}

/// Without holds, and without what has expired.
#[derive(Deserialize)]
struct Meta1 {
    id: [u8; 16],
    sequence: Sequence,
    publication: u64,
    subscriber: u64,
    run: RunKey,
    live: u64,
    scheduled: u64,
    withdrawn: u64,
    subscribers: u64,
}

impl From<Meta1> for Meta {
    fn from(former: Meta1) -> Meta {
        Meta {
            id: former.id,
            sequence: former.sequence,
            publication: former.publication,
            subscriber: former.subscriber,
            run: former.run,
            totals: Totals {
                live: former.live,
                scheduled: former.scheduled,
                withdrawn: former.withdrawn,
                subscribers: former.subscribers,
                expired: 0,
            },
            hold: HoldKey(0),
            vouched: Sequence(0),
        }
    }
}

/// With the first form of subscriptions.
#[derive(Deserialize)]
struct Subscriber1 {
    key: SubscriberKey,
    address: Address,
    language: Language,
    timezone: String,
    consent: Consent,
    status: SubscriberStatus,
    subscriptions: Vec<Subscription1>,
}

/// Without former filters, and without what is owed.
#[derive(Deserialize)]
struct Subscription1 {
    filter: Filter,
    cadence: Cadence,
    cursor: Sequence,
}

impl From<Subscriber1> for Subscriber {
    fn from(former: Subscriber1) -> Subscriber {
        let subscription = |former: Subscription1| Subscription {
            filter: former.filter,
            cadence: former.cadence,
            cursor: former.cursor,
            former: Vec::new(),
            owed: Vec::new(),
        };
        Subscriber {
            key: former.key,
            address: former.address,
            language: former.language,
            timezone: former.timezone,
            consent: former.consent,
            status: former.status,
            subscriptions: former.subscriptions.into_iter().map(subscription).collect(),
            changed: RunKey(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    // As version 1 wrote them.
    const META1: &str = "0107070707070707070707070707070707ac02fa01280cf001030727d719f1cd";
    const SOURCE1: &str = "01012813c52f";
    const SUBSCRIBER1: &str = "01070d61406578616d706c652e6f726702706c0d4575726f70652f57617273617714323032362d31\
        312d32345430383a30303a30305a0000010105707261776f000000056461696c7900ac02773198ec";
    const NEWS1: &str = "01ac0214323032362d31312d32345430383a30303a30305a073a50f6";

    #[test]
    fn counters_sources_and_news_of_version_1_are_read() -> Result<(), StoreError> {
        let meta = Meta::decode(&bytes(META1))?;
        assert_eq!((meta.id, meta.sequence), ([7; 16], Sequence(300)));
        assert_eq!((meta.run, meta.totals.live), (RunKey(12), 240));
        assert_eq!((meta.hold, meta.vouched), (HoldKey(0), Sequence(0)));
        let source = SourceRow::decode(&bytes(SOURCE1))?;
        assert_eq!((source.scanned, source.known_losses), (true, None));
        let news = NewsRow::decode(&bytes(NEWS1))?;
        assert_eq!(news.publication, PublicationKey(300));
        assert_eq!(news.at.to_string(), "2026-11-24T08:00:00Z");
        assert!(!news.first);
        Ok(())
    }

    #[test]
    fn of_a_feed_of_version_1_nothing_is_numbered_and_no_departure_known() -> Result<(), StoreError>
    {
        let updated: Timestamp = "2026-11-24T08:00:00Z".parse().expect("an instant");
        let mut former = vec![1];
        let value = postcard::to_extend(&(Sequence(300), updated, 7u64), former);
        former = value.map_err(StoreError::corrupt::<FeedRow>)?;
        former.extend(crc32fast::hash(&former).to_le_bytes());
        let row = FeedRow::decode(&former)?;
        assert_eq!(
            (row.sequence, row.updated, row.entries),
            (Sequence(300), updated, 7)
        );
        assert!(!row.numbering.has_begun());
        assert_eq!(row.departures, Departures::unknown_until(Sequence(300)));
        Ok(())
    }

    #[test]
    fn subscribers_of_version_1_are_read() -> Result<(), StoreError> {
        let subscriber = Subscriber::decode(&bytes(SUBSCRIBER1))?;
        assert_eq!(subscriber.address.as_str(), "a@example.org");
        assert!(subscriber.is_active());
        let one = subscriber.subscriptions.first().expect("a subscription");
        assert_eq!(one.cadence.schedule, "daily");
        assert_eq!((one.cursor, one.former.len()), (Sequence(300), 0));
        assert_eq!(Subscriber::decode(&subscriber.encode()?)?, subscriber);
        Ok(())
    }

    pub(super) fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex
            .bytes()
            .filter_map(|b| char::from(b).to_digit(16))
            .map(|digit| digit as u8)
            .collect();
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    }
}
