//! How the hosts of callbacks bear pushes: each gets a few at a time, and one that answers none, or
//! says that it has too much to do, is left alone for a while. Whoever has a callback there is owed
//! the push meanwhile, and no other waits for it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// Requests to one host at a time.
const AT_ONCE: usize = 16;
/// So many in a row that were not answered.
const UNANSWERED: u32 = 8;
/// Shorter than the first pause before a push is tried again.
const REST: SignedDuration = SignedDuration::from_secs(30);

/// Those that are pushed to, or rest.
#[derive(Default)]
pub(super) struct Hosts(HashMap<String, Host>);

#[derive(Default)]
struct Host {
    at_work: usize,
    /// Since its last answer.
    unanswered: u32,
    /// It is left alone until then.
    rests: Option<Timestamp>,
}

impl Hosts {
    /// May one more be pushed to? Where a host rests nobody has to wait for room.
    pub(super) fn has_room(&self, host: &str, now: Timestamp) -> bool {
        let known = self.0.get(host);
        known.is_none_or(|known| known.at_work < AT_ONCE || known.is_resting(now))
    }

    pub(super) fn is_resting(&self, host: &str, now: Timestamp) -> bool {
        self.0.get(host).is_some_and(|host| host.is_resting(now))
    }

    pub(super) fn begin(&mut self, host: &str) {
        match self.0.get_mut(host) {
            Some(known) => known.at_work += 1,
            None => {
                let known = Host {
                    at_work: 1,
                    ..Host::default()
                };
                self.0.insert(host.to_owned(), known);
            }
        }
    }

    /// A push has ended; it was answered, or not, or was not made.
    pub(super) fn end(&mut self, host: &str, is_answered: Option<bool>, now: Timestamp) {
        let Some(known) = self.0.get_mut(host) else {
            return;
        };
        known.at_work = known.at_work.saturating_sub(1);
        match is_answered {
            Some(true) => {
                known.unanswered = 0;
                known.rests = None;
            }
            Some(false) => known.unanswered += 1,
            None => {}
        }
        if known.unanswered >= UNANSWERED {
            known.unanswered = 0;
            known.rests = now.checked_add(REST).ok();
        }
    }

    /// Forgets those that nothing is pushed to and that do not rest.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.0
            .retain(|_, host| host.at_work > 0 || host.is_resting(now));
    }
}

impl Host {
    fn is_resting(&self, now: Timestamp) -> bool {
        self.rests.is_some_and(|until| now < until)
    }
}
