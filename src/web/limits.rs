//! Who polls a feed again and again without a word of what they have is told to (429), and what
//! readers poll is counted.
//!
//! A client is an address with a User-Agent. Each feed that it polls has two buckets: one for answers
//! that it had already, whatever it said, one for all its conditional requests. The table of them has
//! a fixed size; who was not seen for longest gives way.
//!
//! Another's hub asks anew for a feed that it is told has changed, often twice and without a word of
//! what it has (WebSub leaves that open), and must not be kept waiting. Nothing proves who is the hub:
//! a User-Agent is anybody's, and large hubs fetch from other addresses than they are told at. So
//! where there is one, each change brings leave for a few answers more, to everybody.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, RETRY_AFTER,
    USER_AGENT,
};
use axum::http::{Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use tokio::time::Instant;

use super::Site;
use super::answer::Served;
use super::client::Client;
use super::feeds::is_query;
use crate::config::{self, Hub};
use crate::control::readers::Poll;
use crate::control::{Clock, Readers};
use crate::domain::Rate;
use crate::domain::rate::Bucket;

const UNCONDITIONAL: &str = "\
You have asked for this feed again and again, and it has not changed. Please
keep the ETag of an answer and send it with the next request, as If-None-Match:
you are then told in a few bytes whether there is anything new.
";

const TOO_OFTEN: &str = "\
You ask for this feed very often. Cache-Control says how long an answer may be
relied on; nothing is missed by asking less often.
";

/// Sets of slots, each under a lock of its own.
const SETS: usize = 2048;
/// Slots in a set: 16,384 of 64 bytes in all.
const WAYS: usize = 8;

/// A hub fetches a change so often, beside the first time.
const AGAIN: u32 = 3;

/// What is known of one client's polls of one feed.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    key: u64,
    /// Of the version that it had last; 0: none.
    version: u64,
    unconditional: Duration,
    conditional: Duration,
    /// Where nobody was yet: zero.
    seen: Duration,
}

/// See the module.
struct Polls {
    unconditional: Option<Bucket>,
    conditional: Option<Bucket>,
    loopback: bool,
    /// Leaves that a change brings.
    brought: u32,
    hasher: RandomState,
    sets: Vec<Mutex<[Slot; WAYS]>>,
    begun: Instant,
}

impl Polls {
    fn new(config: &config::Polls, hub: &Hub) -> Polls {
        // A bucket holds what goes in its time: who asks twelve times an hour may do so in a row.
        let bucket = |rate: Rate| Bucket::holding(rate, rate.per);
        Polls {
            unconditional: config.unconditional.map(bucket),
            conditional: config.conditional.map(bucket),
            loopback: config.loopback,
            brought: match hub {
                Hub::Other(_) => AGAIN,
                Hub::Own | Hub::None => 0,
            },
            hasher: RandomState::new(),
            sets: (0..SETS).map(|_| Mutex::default()).collect(),
            begun: Instant::now(),
        }
    }

    /// What a request goes by; `None`: its client may do as it likes.
    fn key(&self, Client(client): Client, request: &Request<()>) -> Option<u64> {
        let client = client.filter(|address| self.loopback || !address.is_loopback())?;
        let agent = request.headers().get(USER_AGENT).map(HeaderValue::as_bytes);
        let uri = request.uri();
        // However it is spelt, and whatever is put behind it so that no cache knows it.
        let path: Cow<'_, [u8]> = percent_decode_str(uri.path()).into();
        let query = uri.query().filter(|_| is_query(&path));
        Some(self.hasher.hash_one((client, agent, path, query)))
    }

    /// Takes leave for a conditional request.
    ///
    /// # Errors
    /// There is none for so long.
    fn ask(&self, key: u64, now: Duration) -> Result<(), Duration> {
        let Some(bucket) = &self.conditional else {
            return Ok(());
        };
        let leave = self.with(key, |slot| {
            slot.seen = now;
            bucket.take(&mut slot.conditional, now)
        });
        leave.unwrap_or(Ok(())).map_err(|then| then - now)
    }

    /// Takes leave for a whole answer, where it is one that the client has. Who says each time that
    /// it has something else has said nothing.
    ///
    /// # Errors
    /// There is none for so long.
    fn answer(&self, key: u64, etag: &HeaderValue, now: Duration) -> Result<(), Duration> {
        let Some(bucket) = &self.unconditional else {
            return Ok(());
        };
        let version = self.hasher.hash_one(version(etag.as_bytes())).max(1);
        let leave = self.with(key, |slot| {
            slot.seen = now;
            if mem::replace(&mut slot.version, version) == version {
                return bucket.take(&mut slot.unconditional, now);
            }
            bucket.give(&mut slot.unconditional, self.brought);
            Ok(())
        });
        leave.unwrap_or(Ok(())).map_err(|then| then - now)
    }

    /// Always something: there are sets, and slots in each.
    fn with<T>(&self, key: u64, work: impl FnOnce(&mut Slot) -> T) -> Option<T> {
        let set = self.sets.get(key as usize % SETS)?;
        let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = match set.iter().position(|slot| slot.key == key) {
            Some(place) => set.get_mut(place)?,
            None => {
                let slot = set.iter_mut().min_by_key(|slot| slot.seen)?;
                *slot = Slot {
                    key,
                    ..Slot::default()
                };
                slot
            }
        };
        Some(work(slot))
    }
}

/// An entity tag without the coding: whoever has had one of them has had it all.
fn version(etag: &[u8]) -> &[u8] {
    let mut dashes = etag.iter().enumerate().filter(|(_, byte)| **byte == b'-');
    let end = dashes.nth(1).map_or(etag.len(), |(at, _)| at);
    let version = etag.get(..end).unwrap_or(etag);
    version.strip_suffix(b"\"").unwrap_or(version)
}

/// Stands in front of the feeds.
pub(super) struct Gate {
    polls: Polls,
    readers: Arc<Readers>,
    clock: Clock,
}

impl Gate {
    pub(super) fn of(site: &Site) -> Gate {
        Gate {
            polls: Polls::new(&site.config.web.polls, &site.config.websub.hub),
            readers: Arc::clone(&site.readers),
            clock: Arc::clone(&site.clock),
        }
    }

    /// Lets a request have its answer, or not, and counts it.
    pub(super) async fn pass(
        &self,
        client: Client,
        request: &Request<()>,
        answer: impl Future<Output = Served>,
    ) -> Response {
        let headers = request.headers();
        let is_conditional =
            headers.contains_key(IF_NONE_MATCH) || headers.contains_key(IF_MODIFIED_SINCE);
        let is_get = request.method() == Method::GET;
        // HEAD costs as little as 304.
        let is_cheap = is_conditional || !is_get;
        let polls = &self.polls;
        let client = polls.key(client, request);
        let client = client.map(|key| (key, polls.begun.elapsed()));
        let served = match client.filter(|_| is_cheap) {
            Some((key, now)) => polls.ask(key, now).map_err(|wait| refusal(wait, TOO_OFTEN)),
            None => Ok(()),
        };
        let served = match served {
            Ok(()) => answer.await,
            Err(refusal) => refusal.into(),
        };
        let etag = served.response.headers().get(ETAG);
        let etag = etag.filter(|_| is_get && served.response.status() == StatusCode::OK);
        let leave = match client.zip(etag) {
            Some(((key, now), etag)) => polls.answer(key, etag, now),
            None => Ok(()),
        };
        let Served { response, whole } = match leave {
            Ok(()) => served,
            Err(wait) => refusal(wait, UNCONDITIONAL).into(),
        };
        let status = response.status();
        let sent = if is_get {
            response.body().size_hint().lower()
        } else {
            0
        };
        let poll = Poll {
            conditional: is_conditional,
            not_modified: status == StatusCode::NOT_MODIFIED,
            refused: status == StatusCode::TOO_MANY_REQUESTS,
            sent,
            saved: if is_get {
                whole.saturating_sub(sent)
            } else {
                0
            },
        };
        let agent = headers
            .get(USER_AGENT)
            .and_then(|agent| agent.to_str().ok());
        self.readers.note(agent, &poll, (self.clock)());
        response
    }
}

fn refusal(wait: Duration, why: &'static str) -> Response {
    let seconds = wait.as_secs() + 1;
    let headers = [
        (RETRY_AFTER, HeaderValue::from(seconds)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
    ];
    (StatusCode::TOO_MANY_REQUESTS, headers, Body::from(why)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polls(number: u32) -> Polls {
        beside(number, &Hub::Own)
    }

    fn beside(number: u32, hub: &Hub) -> Polls {
        let rate = Some(Rate {
            number,
            per: Duration::from_secs(3_600),
        });
        let config = config::Polls {
            unconditional: rate,
            conditional: rate,
            loopback: true,
        };
        Polls::new(&config, hub)
    }

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    const ONE: HeaderValue = HeaderValue::from_static("\"1\"");
    const TWO: HeaderValue = HeaderValue::from_static("\"2\"");

    #[test]
    fn only_what_a_client_has_already_counts() {
        let polls = polls(2);
        assert_eq!(polls.answer(1, &ONE, at(1)), Ok(()), "it is given the tag");
        assert_eq!(polls.answer(1, &ONE, at(2)), Ok(()));
        assert_eq!(polls.answer(1, &ONE, at(3)), Ok(()));
        assert_eq!(polls.answer(1, &ONE, at(4)), Err(at(1_798)));
        assert_eq!(polls.answer(2, &ONE, at(4)), Ok(()), "another client");
        assert_eq!(polls.answer(1, &TWO, at(5)), Ok(()), "it has changed");
        assert_eq!(polls.answer(1, &TWO, at(6)), Err(at(1_796)));
        assert_eq!(polls.ask(1, at(6)), Ok(()), "with its tag it may ask");
        assert_eq!(polls.answer(1, &TWO, at(1_802)), Ok(()), "it has waited");
    }

    #[test]
    fn who_has_had_one_coding_has_had_them_all() {
        let polls = polls(1);
        let tags = ["\"7-9f86d081884c7d65\"", "\"7-9f86d081884c7d65-gz\""];
        let tags = tags.map(HeaderValue::from_static);
        let answers = [0, 1, 0].map(|tag: usize| polls.answer(1, &tags[tag], at(1)).is_ok());
        assert_eq!(answers, [true, true, false]);
    }

    /// Twelve an hour, as by default.
    #[test]
    fn a_hub_that_fetches_twenty_changes_within_a_minute_twice_each_waits_for_none() {
        let hub = "https://hub.example/".parse().expect("a URL");
        let refused = |hub: &Hub| {
            let polls = beside(12, hub);
            let fetches = (0..20).flat_map(|change| [change, change]);
            let answers = fetches.map(|change: u64| {
                let etag = format!("\"{change}-9f86d081884c7d65\"");
                let etag = HeaderValue::try_from(etag).expect("a tag");
                polls.answer(1, &etag, at(change * 3))
            });
            answers.filter(Result::is_err).count()
        };
        assert_eq!(refused(&Hub::Other(hub)), 0);
        assert_eq!(refused(&Hub::Own), 8, "where nobody fetches for others");
    }

    #[test]
    fn what_changes_bring_is_not_saved_up() {
        let hub = "https://hub.example/".parse().expect("a URL");
        let polls = beside(5, &Hub::Other(hub));
        for change in 0..100 {
            let etag = HeaderValue::try_from(format!("\"{change}-0\"")).expect("a tag");
            assert_eq!(polls.answer(1, &etag, at(0)), Ok(()));
        }
        let etag = HeaderValue::from_static("\"99-0\"");
        let again = (0..100).filter(|_| polls.answer(1, &etag, at(0)).is_ok());
        assert_eq!(again.count(), 5);
    }

    #[test]
    fn the_table_does_not_grow_and_who_was_seen_last_stays() {
        let polls = polls(1);
        for key in 0..100_000 {
            assert_eq!(
                polls.ask(7, at(0)).is_ok(),
                key == 0,
                "the one that goes on"
            );
            assert_eq!(polls.ask(key * 8 + 1_000, at(0)), Ok(()));
        }
    }
}
