//! What can be wrong with an upstream feed, in words.

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::domain::{Found, Problem};
use crate::feed;
use crate::net::{self, Answer, NetError};
use crate::store::{Refusal, Refused};

/// There is no feed.
pub(super) struct Failed {
    pub(super) problem: Problem,
    pub(super) retry_after: Option<SignedDuration>,
    pub(super) gone: bool,
}

impl Failed {
    pub(super) fn of(problem: Problem) -> Failed {
        Failed {
            problem,
            retry_after: None,
            gone: false,
        }
    }

    pub(super) fn without_answer(url: &Url, error: &NetError) -> Failed {
        let remedy = match error {
            NetError::Private(_) => {
                "if it is meant, add `allow_private = true` to this source; else correct its `url`"
            }
            NetError::TooLarge(_) => {
                "raise `max_megabytes` of this source, or ask for a feed of fewer entries"
            }
            _ => "it is asked again, less and less often; if it stays so, correct `url`",
        };
        Failed::of(Problem::of_file(net::shown(url), error.to_string(), remedy))
    }

    pub(super) fn refused(url: &Url, answer: &Answer, now: Timestamp) -> Failed {
        let status = answer.status;
        let remedy = match status {
            410 => {
                "take the source out, and say then what becomes of what it brought; it is asked once a week"
            }
            401 | 403 | 407 => "ask whoever runs that site for an address that is open to programs",
            404 => "correct `url` of this source; it is asked again, less and less often",
            429 | 503 => "nothing need be done: it is asked again when the server wants it",
            _ => "it is asked again, less and less often; if it stays so, correct `url`",
        };
        let what = match status {
            410 => "the feed is gone for good, says the server (410)".to_owned(),
            _ => format!("the server answers {status} in place of a feed"),
        };
        Failed {
            problem: Problem::of_file(net::shown(url), what, remedy),
            retry_after: answer.retry_after(now),
            gone: status == 410,
        }
    }
}

/// Entries that a feed of ours can carry, and the others with what is wrong.
pub(super) fn publishable(
    found: Vec<Found>,
    url: &str,
    now: Timestamp,
) -> (Vec<Found>, Vec<(Found, Problem)>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for found in found {
        match feed::check(&found.revision(found.minted_id.clone(), now)) {
            Ok(()) => good.push(found),
            Err(error) => {
                let remedy = "tell whoever runs that site; its last good revision stays";
                let what = format!("“{}”: {error}", found.title);
                bad.push((found, Problem::of_file(url, what, remedy)));
            }
        }
    }
    (good, bad)
}

/// That the store could not take an entry, and which.
pub(super) fn told(url: &str, refused: Refused) -> (String, Problem) {
    let (what, remedy) = match refused.why {
        Refusal::IdTaken { id, source, path } => (
            format!("an entry claims the id {id}, which {path} of the source `{source}` has"),
            "it is published by another source already; take it out of one of the two",
        ),
        Refusal::TooLarge => (
            format!(
                "an entry says more than 48 KiB beside its text: {}",
                refused.path
            ),
            "tell whoever runs that site; the others are taken",
        ),
    };
    (refused.path, Problem::of_file(url, what, remedy))
}
