//! Who is pushed a feed (W3C Recommendation WebSub, 23 January 2018), and how far a change has come
//! on its way to all of them. A topic is a feed, by its path under `feeds/`: `tag/prawo.atom`.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::Sequence;

/// Tries of one change; then the next change is waited for.
const TRIES: u32 = 8;
/// After the first try that failed; three times as long after each further one: 18 hours in all.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// Who asks for time (RFC 9110, section 10.2.3) is given no more of it.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);
/// Whoever could not be pushed anything for so long is dropped.
const PATIENCE: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Names a callback: the first half of the BLAKE3 of its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallbackKey(pub [u8; 16]);

impl CallbackKey {
    /// The name of this one.
    pub fn of(callback: &str) -> CallbackKey {
        let hash = blake3::hash(callback.as_bytes());
        CallbackKey(hash.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

/// A subscription that was verified (section 5.3).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// http or https: where changes are pushed to.
    pub callback: String,
    /// What pushes are signed with (section 7.1); under 200 bytes.
    pub secret: Option<String>,
    /// When its lease ends.
    pub expires: Timestamp,
    /// Since when pushes fail, if the last one did.
    pub failing: Option<Failing>,
    /// It is owed a push, which is to be tried then.
    pub due: Option<Timestamp>,
}

/// Pushes that fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// When the first one failed.
    pub since: Timestamp,
    /// How often the one that is owed was tried.
    pub tries: u32,
}

/// The method in `X-Hub-Signature` (section 7.1). SHA-1, which it knows too, is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// HMAC with SHA-256
    Sha256,
    /// HMAC with SHA-384
    Sha384,
    /// HMAC with SHA-512
    Sha512,
}

/// What came of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// 2xx: it has it.
    Delivered,
    /// 410: it wants no more.
    Gone,
    /// Anything else; it asks not to be tried again for so long (`Retry-After`).
    Failed(SignedDuration),
    /// Nobody knows yet: others are not to wait for it. It is owed.
    PutOff,
}

/// What follows from a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing is owed before the next change.
    Rest,
    /// It is tried again.
    Retry,
    /// The subscription ends.
    Drop,
}

impl Subscription {
    /// Where the callback is: all of it that logs may show.
    pub fn host(&self) -> String {
        host(&self.callback)
    }

    /// Does it hold at this instant?
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.expires
    }

    /// Takes note of a push. `chance` is any number: those that failed together are not tried again
    /// together.
    pub fn note(&mut self, pushed: Pushed, now: Timestamp, chance: u64) -> Next {
        self.due = None;
        let wait = match pushed {
            Pushed::Gone => return Next::Drop,
            Pushed::Delivered => {
                self.failing = None;
                return Next::Rest;
            }
            Pushed::Failed(wait) => wait,
            Pushed::PutOff => {
                self.due = Some(pause_after(1, SignedDuration::ZERO, now, chance));
                return Next::Retry;
            }
        };
        let tries = self.failing.map_or(0, |failing| failing.tries) + 1;
        let since = self.failing.map_or(now, |failing| failing.since);
        if now.duration_since(since) >= PATIENCE {
            return Next::Drop;
        }
        if tries >= TRIES {
            self.failing = Some(Failing { since, tries: 0 });
            return Next::Rest;
        }
        self.failing = Some(Failing { since, tries });
        self.due = Some(pause_after(tries, wait, now, chance));
        Next::Retry
    }
}

/// When to try again what failed so often, from 1 on: not before the `wait` that was asked for, of
/// which a day is granted, and a tenth later at the most.
pub fn pause_after(failures: u32, wait: SignedDuration, now: Timestamp, chance: u64) -> Timestamp {
    let times = 3_i32.saturating_pow(failures.clamp(1, TRIES) - 1);
    let pause = FIRST_PAUSE.saturating_mul(times);
    let pause = pause.max(wait.min(LONGEST_WAIT));
    let tenth = pause.as_secs() / 10 + 1;
    let spread = i64::try_from(chance % tenth.unsigned_abs()).unwrap_or(0);
    let pause = pause.saturating_add(SignedDuration::from_secs(spread));
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}

/// The host of a URL, in lower case; empty where there is none.
pub fn host(url: &str) -> String {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str);
    host.unwrap_or_default().to_owned()
}

impl fmt::Debug for Subscription {
    /// A callback's path is its secret, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("host", &self.host())
            .field("is_signed", &self.secret.is_some())
            .field("expires", &self.expires)
            .field("failing", &self.failing)
            .field("due", &self.due)
            .finish()
    }
}

/// A topic that has subscriptions, or had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// How many there are.
    pub subscriptions: u64,
    /// The change that was pushed last, or is being pushed.
    pub sequence: Sequence,
    /// How far that has come; `None`: everyone was tried.
    pub walk: Option<Walk>,
}

/// The way of a change from one subscription to the next, in the order of their names. A further
/// change in the midst of it goes on from there, comes to the end, and takes those before there last:
/// nobody is pushed more than the newest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// After whom it began; `None`: with the first of all.
    pub from: Option<CallbackKey>,
    /// Who was last tried.
    pub at: Option<CallbackKey>,
    /// Did it come to the end, and begin again with the first?
    pub wrapped: bool,
}

impl Walk {
    /// The way of the next change, where this one is in the midst of its own.
    pub fn again(self) -> Walk {
        Walk {
            from: self.at,
            at: self.at,
            wrapped: false,
        }
    }

    /// Up to whom it goes before it turns or ends; `None`: to the end.
    pub fn until(self) -> Option<CallbackKey> {
        self.from.filter(|_| self.wrapped)
    }

    /// One further.
    pub fn past(self, key: CallbackKey) -> Walk {
        Walk {
            at: Some(key),
            ..self
        }
    }

    /// There is nobody before [`Walk::until`] any more. `None`: everyone was tried.
    pub fn turn(self) -> Option<Walk> {
        let rest = Walk {
            at: None,
            wrapped: true,
            ..self
        };
        (!self.wrapped && self.from.is_some()).then_some(rest)
    }
}

#[cfg(test)]
mod tests;
