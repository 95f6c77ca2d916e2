//! Content distribution (WebSub, section 7): each subscription of a feed that changed is pushed the
//! feed as it is served. Many at a time, few to one host, and never two to one callback. Nobody waits
//! for a host that is slow or silent.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Hands;
use super::delivery::{Sent, Served, deliver, hold};
use super::hosts::Hosts;
use super::queue::{Push, Queue};
use super::way::{PAGE, Way};
use crate::control::Clock;
use crate::daemon::guard::Guard;
use crate::daemon::secrets;
use crate::daemon::signals::Signals;
use crate::domain::Sequence;
use crate::domain::websub::{CallbackKey, Pushed};
use crate::store::{StoreError, Walked};

/// Pushes at a time; beside them, those that are owed from before.
const AT_ONCE: usize = 256;
const OWED: usize = 64;
/// Owed ones that are read ahead: more than one host may have by default.
const OWED_AHEAD: usize = 32_768;
/// Topics whose changes are on their way at a time.
const TOPICS: usize = 16;
/// Results gathered before they are written down, and for how long.
const GATHERED: usize = 128;
const GATHER: Duration = Duration::from_millis(100);
/// How long pushes on the wire are waited for at the end.
const LAST: Duration = Duration::from_secs(3);
/// Between looks at what is due, at the least and at the most; the most is between looks at leases.
const NAP: Duration = Duration::from_secs(1);
const LEASES: Duration = Duration::from_mins(30);

/// The loop that pushes.
pub struct Pushing {
    hands: Hands,
    /// Changes that are on their way, by topic.
    ways: BTreeMap<String, Way>,
    /// What is owed from before, and due.
    owed: Queue,
    /// How many of them are on the wire.
    paying: usize,
    /// When they were last read.
    looked: Option<Instant>,
    /// The feeds whose changes are on their way.
    held: HashMap<String, Served>,
    /// What is on the wire, or is owed and due.
    taken: HashSet<(String, CallbackKey)>,
    hosts: Hosts,
    work: JoinSet<Sent>,
    /// What came of pushes, by topic, and when it was last written down.
    results: BTreeMap<String, Vec<(CallbackKey, Sequence, Pushed)>>,
    gathered: usize,
    settled: Instant,
    /// The topic that was served last: each has its turn.
    turn: String,
}

impl Pushing {
    /// Pushes with these.
    pub fn new(hands: Hands) -> Pushing {
        Pushing {
            hands,
            ways: BTreeMap::new(),
            owed: Queue::default(),
            paying: 0,
            looked: None,
            held: HashMap::new(),
            taken: HashSet::new(),
            hosts: Hosts::default(),
            work: JoinSet::new(),
            results: BTreeMap::new(),
            gathered: 0,
            settled: Instant::now(),
            turn: String::new(),
        }
    }

    /// Pushes what changes until `stop`; first what changed while nobody did.
    ///
    /// # Errors
    /// The store's.
    pub async fn run(
        mut self,
        signals: Arc<Signals>,
        guard: Arc<Guard>,
        clock: Clock,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let mut is_rung = true;
        let mut leases = tokio::time::interval(LEASES);
        loop {
            if is_rung {
                self.notice().await?;
            }
            let chance = u64::from_ne_bytes(secrets::random()?);
            let next = tokio::select! {
                () = stop.cancelled() => break,
                next = self.round(clock(), chance) => next?,
            };
            // At work, it only looks whether somebody rings.
            let pause = next.map_or(Duration::ZERO, |next| match next {
                Some(due) => Duration::try_from(due.duration_since(clock()))
                    .unwrap_or_default()
                    .clamp(NAP, LEASES),
                None => LEASES,
            });
            is_rung = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = signals.published() => true,
                _ = leases.tick() => {
                    self.end_leases(&guard, clock()).await?;
                    false
                }
                () = tokio::time::sleep(pause) => false,
            };
        }
        // What is not told by then is pushed again by who comes next.
        let _ = tokio::time::timeout(LAST, self.finish(clock())).await;
        let chance = u64::from_ne_bytes(secrets::random()?);
        Ok(self.settle(clock(), chance).await?)
    }

    /// Pushes everything that is due at an instant.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&mut self, now: Timestamp, chance: u64) -> anyhow::Result<()> {
        self.notice().await?;
        self.looked = None;
        while self.round(now, chance).await?.is_none() {}
        Ok(())
    }

    /// Which feeds show another change than was pushed?
    async fn notice(&mut self) -> Result<(), StoreError> {
        let mut changed = Vec::new();
        for (name, topic) in self.hands.store.topics().await? {
            let Some(document) = self.hands.shelf.get(&name) else {
                continue;
            };
            let is_on_its_way = self.ways.contains_key(&name) || topic.walk.is_none();
            if document.sequence != topic.sequence || !is_on_its_way {
                changed.push((name, document.sequence));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        for (name, sequence, walk) in self.hands.store.topics_changed(changed).await? {
            let way = Way::new(&name, sequence, walk);
            self.ways.insert(name, way);
        }
        Ok(())
    }

    /// One step: reads ahead, begins what may be begun, waits a moment, writes down what came of it.
    /// Returns nothing while there is something to do, else when there is next.
    async fn round(
        &mut self,
        now: Timestamp,
        chance: u64,
    ) -> anyhow::Result<Option<Option<Timestamp>>> {
        self.read_ahead(now).await?;
        self.begin(now);
        if let Ok(Some(sent)) = tokio::time::timeout(GATHER, self.work.join_next()).await {
            self.take_note(sent.context("a push panicked")?, now);
            while let Some(sent) = self.work.try_join_next() {
                self.take_note(sent.context("a push panicked")?, now);
            }
        }
        let is_idle = self.work.is_empty();
        if is_idle || self.gathered >= GATHERED || self.settled.elapsed() >= GATHER {
            self.settle(now, chance).await?;
        }
        let is_owed = self.ways.keys().any(|topic| self.held.contains_key(topic));
        if !is_idle || is_owed || self.owed.len() > 0 {
            return Ok(None);
        }
        self.held.clear();
        Ok(Some(self.hands.store.next_push().await?))
    }

    async fn read_ahead(&mut self, now: Timestamp) -> anyhow::Result<()> {
        // Those that were withdrawn meanwhile do not stand in the way of others.
        let shelf = &self.hands.shelf;
        let served = self
            .ways
            .iter_mut()
            .filter(|(topic, _)| shelf.get(topic).is_some());
        for (topic, way) in served.take(TOPICS) {
            while let Some(walk) = way.wants() {
                let page = self.hands.store.followers(topic, walk, PAGE).await?;
                way.read(page, now);
            }
            hold(&self.hands, &mut self.held, topic).await;
        }
        let is_time = self.looked.is_none_or(|looked| looked.elapsed() >= NAP);
        if !is_time || self.owed.len() + PAGE > OWED_AHEAD {
            return Ok(());
        }
        self.looked = Some(Instant::now());
        let most = self.taken.len() + PAGE;
        for (topic, callback) in self.hands.store.due_pushes(now, most).await? {
            let name = (topic, callback);
            if self.taken.contains(&name) {
                continue;
            }
            let known = self.hands.store.follower(&name.0, callback).await?;
            if let Some(subscription) = known {
                self.taken.insert(name.clone());
                self.owed.put(Push {
                    topic: name.0,
                    callback,
                    host: subscription.host(),
                    subscription,
                    step: None,
                });
            }
        }
        Ok(())
    }

    /// Begins as many pushes as there is room for, a topic after the other.
    fn begin(&mut self, now: Timestamp) {
        while self.paying < OWED {
            let has_room = |host: &str| self.hosts.has_room(host, now);
            let Some(push) = self.owed.take(has_room, |_| true) else {
                break;
            };
            self.paying += 1;
            self.send(push, now);
        }
        while self.work.len() - self.paying < AT_ONCE {
            let Some(push) = self.next(now) else {
                self.put_off();
                break;
            };
            self.turn.clone_from(&push.topic);
            self.taken.insert((push.topic.clone(), push.callback));
            self.send(push, now);
        }
    }

    fn next(&mut self, now: Timestamp) -> Option<Push> {
        let held = |topic: &&String| self.held.contains_key(*topic);
        let topics: Vec<String> = self
            .ways
            .keys()
            .filter(held)
            .take(TOPICS)
            .cloned()
            .collect();
        let after = topics.partition_point(|topic| *topic <= self.turn);
        let (before, after) = topics.split_at(after);
        after.iter().chain(before).find_map(|topic| {
            let has_room = |host: &str| self.hosts.has_room(host, now);
            let is_free = |push: &Push| {
                let name = (push.topic.clone(), push.callback);
                !self.taken.contains(&name)
            };
            self.ways.get_mut(topic)?.take(has_room, is_free)
        })
    }

    /// There is room for more, and nobody to fill it: who keeps the others waiting is owed the push.
    fn put_off(&mut self) {
        let do_others_wait = self.ways.len() > TOPICS;
        for (topic, way) in &mut self.ways {
            for callback in way.put_off(do_others_wait) {
                let results = self.results.entry(topic.clone()).or_default();
                results.push((callback, way.sequence, Pushed::PutOff));
                self.gathered += 1;
            }
        }
    }

    fn send(&mut self, push: Push, now: Timestamp) {
        let is_resting = self.hosts.is_resting(&push.host, now);
        self.hosts.begin(&push.host);
        if is_resting {
            let (sent, _) = Sent::unmade(push);
            return self.take_note(sent, now);
        }
        let held = self.held.get(&push.topic).cloned();
        let hands = self.hands.clone();
        self.work.spawn(deliver(hands, push, held, now));
    }

    fn take_note(&mut self, sent: Sent, now: Timestamp) {
        self.hosts.end(&sent.host, sent.is_answered, now);
        self.taken.remove(&(sent.topic.clone(), sent.callback));
        match sent.step {
            Some(step) => {
                if let Some(way) = self.ways.get_mut(&sent.topic) {
                    way.done(step);
                }
            }
            None => self.paying -= 1,
        }
        let results = self.results.entry(sent.topic).or_default();
        results.push((sent.callback, sent.sequence, sent.pushed));
        self.gathered += 1;
    }

    /// Waits for what is on the wire.
    async fn finish(&mut self, now: Timestamp) {
        while let Some(sent) = self.work.join_next().await {
            if let Ok(sent) = sent {
                self.take_note(sent, now);
            }
        }
    }

    /// Writes down what came of pushes, and how far changes have come.
    async fn settle(&mut self, now: Timestamp, chance: u64) -> Result<(), StoreError> {
        let mut results = std::mem::take(&mut self.results);
        self.gathered = 0;
        let mut over = Vec::new();
        for (topic, way) in &mut self.ways {
            let walk = way.news();
            let walked = walk.map(|walk| Walked {
                sequence: way.sequence,
                walk,
            });
            let pushes = results.remove(topic).unwrap_or_default();
            if walked.is_some() || !pushes.is_empty() {
                write(&self.hands, topic, pushes, walked, now, chance).await?;
            }
            if way.is_over() {
                over.push(topic.clone());
            }
        }
        for (topic, pushes) in results {
            write(&self.hands, &topic, pushes, None, now, chance).await?;
        }
        for topic in over {
            self.ways.remove(&topic);
            self.held.remove(&topic);
        }
        self.hosts.forget(now);
        self.settled = Instant::now();
        Ok(())
    }

    /// Ends subscriptions whose lease has ended, if the clock is right.
    async fn end_leases(&self, guard: &Guard, now: Timestamp) -> Result<(), StoreError> {
        if !guard.look(now).await?.clock {
            return Ok(());
        }
        let mut after = None;
        loop {
            after = self.hands.store.lapse(after, now).await?;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

async fn write(
    hands: &Hands,
    topic: &str,
    pushes: Vec<(CallbackKey, Sequence, Pushed)>,
    walked: Option<Walked>,
    now: Timestamp,
    chance: u64,
) -> Result<(), StoreError> {
    let store = &hands.store;
    let dropped = store
        .settle_pushes(topic, pushes, walked, now, chance)
        .await?;
    for subscription in dropped {
        tracing::info!(
            "{} is no longer pushed {topic}: it is gone, or could not be reached for three days",
            subscription.host()
        );
    }
    Ok(())
}
