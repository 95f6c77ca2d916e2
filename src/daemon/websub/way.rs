//! A change on its way to the subscriptions of a topic: read from the store a page ahead, pushed in
//! any order, and written down as far as everyone before was tried. Nobody waits for long for those
//! before: they are put off.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::queue::{Push, Queue};
use crate::domain::Sequence;
use crate::domain::websub::{CallbackKey, Subscription, Walk};

/// Subscriptions read ahead, and those that a change may be ahead of what is written down.
pub(super) const PAGE: usize = 128;
const AHEAD: usize = 2_048;
/// Nobody waits longer for those before.
const STUCK: Duration = Duration::from_secs(1);

/// A place on the way of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    sequence: Sequence,
    number: u64,
}

/// See the module.
pub(super) struct Way {
    pub(super) sequence: Sequence,
    topic: String,
    /// Where reading is.
    ahead: Option<Walk>,
    /// How far everyone was tried.
    tried: Option<Walk>,
    /// What is written down.
    written: Option<Walk>,
    /// The steps after `tried`: how far it is with each, and whether that is done.
    steps: VecDeque<(Option<Walk>, bool)>,
    /// The number of the first of them.
    first: u64,
    waiting: Queue,
    /// When `tried` came further last.
    moved: Instant,
}

impl Way {
    pub(super) fn new(topic: &str, sequence: Sequence, walk: Walk) -> Way {
        Way {
            sequence,
            topic: topic.to_owned(),
            ahead: Some(walk),
            tried: Some(walk),
            written: Some(walk),
            steps: VecDeque::new(),
            first: 0,
            waiting: Queue::default(),
            moved: Instant::now(),
        }
    }

    /// Where to read on, if that is wanted.
    pub(super) fn wants(&self) -> Option<Walk> {
        self.ahead.filter(|_| self.steps.len() + PAGE <= AHEAD)
    }

    /// Takes the page that was read there. Who is waiting to be tried again is gone by, and so is
    /// whose lease has ended.
    pub(super) fn read(&mut self, page: Vec<(CallbackKey, Subscription)>, now: Timestamp) {
        let is_last = page.len() < PAGE;
        for (callback, subscription) in page {
            self.ahead = self.ahead.map(|ahead| ahead.past(callback));
            let is_pushed = subscription.due.is_none() && subscription.holds(now);
            let number = self.first + self.steps.len() as u64;
            self.steps.push_back((self.ahead, !is_pushed));
            if is_pushed {
                let sequence = self.sequence;
                self.waiting.put(Push {
                    topic: self.topic.clone(),
                    callback,
                    host: subscription.host(),
                    subscription,
                    step: Some(Step { sequence, number }),
                });
            }
        }
        if is_last {
            self.ahead = self.ahead.and_then(Walk::turn);
            self.steps.push_back((self.ahead, true));
        }
        self.advance();
    }

    /// A push that is free, to a host that has room.
    pub(super) fn take(
        &mut self,
        has_room: impl Fn(&str) -> bool,
        is_free: impl Fn(&Push) -> bool,
    ) -> Option<Push> {
        self.waiting.take(has_room, is_free)
    }

    /// Puts off whoever has not been pushed to, if nobody got further for a while though others wait:
    /// those behind on this way, or on ways of their own. Returns who was; what is on the wire goes
    /// on there.
    pub(super) fn put_off(&mut self, do_others_wait: bool) -> Vec<CallbackKey> {
        let is_full = self.ahead.is_some() && self.wants().is_none();
        if !(is_full || do_others_wait) || self.moved.elapsed() < STUCK {
            return Vec::new();
        }
        self.waiting.clear();
        let mut put_off = Vec::new();
        for (walk, done) in self.steps.iter_mut().filter(|(_, done)| !done) {
            *done = true;
            put_off.extend(walk.and_then(|walk| walk.at));
        }
        self.advance();
        put_off
    }

    /// A push was made, whatever came of it.
    pub(super) fn done(&mut self, step: Step) {
        if step.sequence != self.sequence {
            return;
        }
        let index = step.number.checked_sub(self.first);
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some((_, done)) = index.and_then(|index| self.steps.get_mut(index)) {
            *done = true;
        }
        self.advance();
    }

    fn advance(&mut self) {
        while let Some((walk, true)) = self.steps.front() {
            self.tried = *walk;
            self.moved = Instant::now();
            self.steps.pop_front();
            self.first += 1;
        }
    }

    /// How far everyone was tried, if that is to be written down.
    pub(super) fn news(&mut self) -> Option<Option<Walk>> {
        let is_news = self.tried != self.written;
        self.written = self.tried;
        is_news.then_some(self.tried)
    }

    /// Was everyone tried?
    pub(super) fn is_over(&self) -> bool {
        self.tried.is_none()
    }
}
