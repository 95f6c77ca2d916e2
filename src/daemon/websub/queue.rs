//! Pushes that wait, by host: those to a host that is busy are passed over, however many they are.

use std::collections::{BTreeMap, VecDeque};

use super::way::Step;
use crate::domain::websub::{CallbackKey, Subscription};

/// A push that is to be made.
pub(super) struct Push {
    pub(super) topic: String,
    pub(super) callback: CallbackKey,
    /// Of the callback.
    pub(super) host: String,
    pub(super) subscription: Subscription,
    /// Its place on the way of a change; `None`: it is owed from before.
    pub(super) step: Option<Step>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Queue {
    /// Never an empty one.
    hosts: BTreeMap<String, VecDeque<Push>>,
    len: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn put(&mut self, push: Push) {
        self.len += 1;
        match self.hosts.get_mut(&push.host) {
            Some(queue) => queue.push_back(push),
            None => {
                let host = push.host.clone();
                self.hosts.insert(host, VecDeque::from([push]));
            }
        }
    }

    /// The first push that is free, to the first host that has room.
    pub(super) fn take(
        &mut self,
        has_room: impl Fn(&str) -> bool,
        is_free: impl Fn(&Push) -> bool,
    ) -> Option<Push> {
        let (queue, at) = self
            .hosts
            .iter_mut()
            .filter(|(host, _)| has_room(host))
            .find_map(|(_, queue)| {
                let at = queue.iter().position(&is_free)?;
                Some((queue, at))
            })?;
        let push = queue.remove(at)?;
        self.len -= 1;
        if queue.is_empty() {
            self.hosts.remove(&push.host);
        }
        Some(push)
    }

    /// Takes back all of them.
    pub(super) fn clear(&mut self) {
        *self = Queue::default();
    }
}
