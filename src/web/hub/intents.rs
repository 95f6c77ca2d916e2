//! Requests that wait to be verified: few, each once, and not many to one host, so that nobody can
//! let the hub bother somebody else.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use url::Url;

/// Requests that wait at the most.
const WAITING: usize = 1_000;
/// Hosts that are remembered at the most.
const HOSTS: usize = 10_000;
/// A host is asked so many times at once, and then once in a step.
const BURST: i32 = 200;
const STEP: SignedDuration = SignedDuration::from_millis(500);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To be pushed a feed.
    Subscribe,
    /// To be left alone.
    Unsubscribe,
}

impl Mode {
    /// The value of `hub.mode`.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Subscribe => "subscribe",
            Mode::Unsubscribe => "unsubscribe",
        }
    }
}

/// A request. Its callback has not said yet that it asked for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Intent {
    /// What is asked for.
    pub mode: Mode,
    /// The feed, by its path.
    pub topic: String,
    /// The feed, as whoever asked named it.
    pub topic_url: String,
    /// Where to ask, and to push to.
    pub callback: Url,
    /// For signing.
    pub secret: Option<String>,
    /// For how long.
    pub lease: SignedDuration,
}

impl Intent {
    /// Of the callback.
    pub fn host(&self) -> &str {
        self.callback.host_str().unwrap_or_default()
    }
}

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Its host was asked often; again after so long.
    TooOften(SignedDuration),
    /// Too many wait.
    Busy,
}

/// The requests that wait.
#[derive(Default)]
pub struct Intents {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Default)]
struct Waiting {
    intents: BTreeMap<(String, String), Intent>,
    order: VecDeque<(String, String)>,
    /// When each host would have been asked last, had it been asked once in a step.
    hosts: HashMap<String, Timestamp>,
}

impl Intents {
    /// Takes a request; it takes the place of one by the same callback for the same feed.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn add(&self, intent: Intent, now: Timestamp) -> Result<(), Refused> {
        let name = (intent.topic.clone(), intent.callback.to_string());
        let mut waiting = self.waiting();
        if let Some(same) = waiting.intents.get_mut(&name) {
            *same = intent;
            return Ok(());
        }
        if waiting.intents.len() >= WAITING {
            return Err(Refused::Busy);
        }
        waiting.admit(intent.host(), now)?;
        waiting.order.push_back(name.clone());
        waiting.intents.insert(name, intent);
        self.bell.notify_one();
        Ok(())
    }

    /// The request that has waited the longest among those to hosts that have room, once there is
    /// one. Whoever makes room asks again.
    pub async fn next(&self, has_room: impl Fn(&str) -> bool) -> Intent {
        loop {
            if let Some(intent) = self.take(&has_room) {
                return intent;
            }
            self.bell.notified().await;
        }
    }

    fn take(&self, has_room: impl Fn(&str) -> bool) -> Option<Intent> {
        let mut waiting = self.waiting();
        let Waiting { intents, order, .. } = &mut *waiting;
        let may = |name| {
            intents
                .get(name)
                .is_some_and(|intent: &Intent| has_room(intent.host()))
        };
        let at = order.iter().position(may)?;
        intents.remove(&order.remove(at)?)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn admit(&mut self, host: &str, now: Timestamp) -> Result<(), Refused> {
        if self.hosts.len() >= HOSTS {
            self.hosts.retain(|_, last| *last > now);
        }
        if self.hosts.len() >= HOSTS && !self.hosts.contains_key(host) {
            return Err(Refused::Busy);
        }
        let last = self.hosts.get(host).copied().unwrap_or(now).max(now);
        let ahead = last.duration_since(now);
        let most = STEP.saturating_mul(BURST - 1);
        if ahead > most {
            return Err(Refused::TooOften(ahead.saturating_sub(most)));
        }
        let next = last.checked_add(STEP).unwrap_or(now);
        self.hosts.insert(host.to_owned(), next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(callback: &str, lease: i64) -> Intent {
        Intent {
            mode: Mode::Subscribe,
            topic: "all.atom".to_owned(),
            topic_url: "https://portal.example/feeds/all.atom".to_owned(),
            callback: callback.parse().expect("a URL"),
            secret: None,
            lease: SignedDuration::from_secs(lease),
        }
    }

    #[test]
    fn a_request_that_is_made_again_waits_once_and_says_the_latest() {
        let intents = Intents::default();
        for lease in 0..1_000 {
            let again = intents.add(intent("https://a.example/", lease), Timestamp::UNIX_EPOCH);
            assert_eq!(again, Ok(()));
        }
        let lease = intents.take(|_| true).map(|intent| intent.lease.as_secs());
        assert_eq!(lease, Some(999));
        assert!(intents.take(|_| true).is_none());
    }

    #[test]
    fn a_host_is_not_asked_more_often_than_it_can_bear() {
        let intents = Intents::default();
        let mut now = Timestamp::UNIX_EPOCH;
        let add = |number: i32, now| {
            let callback = format!("https://a.example/{number}");
            let added = intents.add(intent(&callback, 60), now);
            while intents.take(|_| true).is_some() {}
            added
        };
        for number in 0..BURST {
            assert_eq!(add(number, now), Ok(()));
        }
        assert_eq!(add(-1, now), Err(Refused::TooOften(STEP)));
        let other = intents.add(intent("https://b.example/", 60), now);
        assert_eq!(other, Ok(()));
        now += STEP;
        assert_eq!(add(-1, now), Ok(()));
        assert_eq!(add(-2, now), Err(Refused::TooOften(STEP)));
    }

    #[test]
    fn who_waits_for_a_busy_host_is_passed_by() {
        let intents = Intents::default();
        for host in ["busy", "idle"] {
            let intent = intent(&format!("https://{host}.example/"), 60);
            assert_eq!(intents.add(intent, Timestamp::UNIX_EPOCH), Ok(()));
        }
        let next = |is_busy: bool| {
            let taken = intents.take(|host| !is_busy || host != "busy.example");
            taken.map(|intent| intent.host().to_owned())
        };
        assert_eq!(next(true).as_deref(), Some("idle.example"));
        assert_eq!(next(true), None);
        assert_eq!(next(false).as_deref(), Some("busy.example"));
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let intents = Intents::default();
        for number in 0..WAITING {
            let callback = format!("https://{number}.example/");
            let added = intents.add(intent(&callback, 60), Timestamp::UNIX_EPOCH);
            assert_eq!(added, Ok(()));
        }
        let one_more = intent("https://more.example/", 60);
        let added = intents.add(one_more, Timestamp::UNIX_EPOCH);
        assert_eq!(added, Err(Refused::Busy));
    }
}
