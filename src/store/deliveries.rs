//! Deliveries: claimed in order to be sent, settled once they were.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::delivery::{ClaimContent, ClaimItem, RetryPolicy};
use crate::domain::{
    Claim, Content, Delivery, DeliveryKey, DeliveryState, Outcome, Publication, PublicationState,
    Run, RunKey, Standing, Subscriber, SubscriberKey,
};

use super::engine::{Go, Order, Read, Transaction};
use super::record::Record;
use super::rows::{Chunk, Due, Settled};
use super::runs::{open_runs, save_run};
use super::{Store, StoreError, forget, keys, load, load_required, save};

type ChunkKey = (RunKey, SubscriberKey);

/// Chunks that are taken, until when, and how many of their deliveries are out. They live with the
/// process: an open store proves that no former process is at work any more.
#[derive(Default)]
pub(super) struct Leases(Arc<Mutex<HashMap<ChunkKey, Lease>>>);

struct Lease {
    until: Timestamp,
    out: usize,
}

impl Leases {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<ChunkKey, Lease>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn handle(&self) -> Leases {
        Leases(Arc::clone(&self.0))
    }

    fn is_taken(&self, chunk: ChunkKey, now: Timestamp) -> bool {
        self.with(|leases| leases.get(&chunk).is_some_and(|lease| lease.until > now))
    }

    fn take(&self, chunk: ChunkKey, out: usize, until: Timestamp) {
        self.with(|leases| leases.insert(chunk, Lease { until, out }));
    }

    fn give_back(&self, chunk: ChunkKey, number: usize) {
        self.with(|leases| {
            if let Some(lease) = leases.get_mut(&chunk) {
                lease.out = lease.out.saturating_sub(number);
                if lease.out == 0 {
                    leases.remove(&chunk);
                }
            }
        });
    }
}

impl Store {
    /// Takes about `most` deliveries that are due (a chunk at a time, so it may be up to 63 more),
    /// for `lease`: what is not settled by then may be taken again. Whoever may no longer be
    /// written to, and whatever has nothing left to say, is settled here and not handed out.
    pub async fn claim(
        &self,
        most: usize,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<Claim>, StoreError> {
        let leases = self.inner.leases.handle();
        self.write(move |transaction| {
            let due = due_chunks(transaction, &leases, most, now)?;
            let mut claiming = Claiming::over(transaction, now);
            for chunk in due {
                let before = claiming.claims.len();
                claiming.chunk(chunk)?;
                let out = claiming.claims.len() - before;
                if out > 0 {
                    leases.take(chunk, out, now.checked_add(lease).unwrap_or(Timestamp::MAX));
                }
                if claiming.claims.len() >= most {
                    break;
                }
            }
            claiming.finish()
        })
        .await
    }

    /// Writes down what came of deliveries. One that was settled meanwhile stays as it was.
    pub async fn settle(
        &self,
        outcomes: Vec<(DeliveryKey, Outcome)>,
        policy: RetryPolicy,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let leases = self.inner.leases.handle();
        self.write(move |transaction| settle(transaction, &leases, outcomes, policy, now))
            .await
    }

    /// Gives claims back that were not tried.
    pub async fn unclaim(&self, keys: Vec<DeliveryKey>) -> Result<(), StoreError> {
        for key in keys {
            if let Some((chunk, _)) = chunk_of(self.reader(), key)? {
                self.inner.leases.give_back(chunk, 1);
            }
        }
        Ok(())
    }

    /// When the next delivery that is not taken is due: at once, then, or (`None`) never.
    pub async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut next: Option<Timestamp> = None;
        self.reader().scan(
            keys::queue().prefix().range(),
            Order::Ascending,
            &mut |key, value| {
                if self.inner.leases.is_taken(queued_chunk(key), now) {
                    return Ok(Go::On);
                }
                let due = Due::decode(value)?.0.unwrap_or(now);
                next = Some(next.map_or(due, |so_far| so_far.min(due)));
                Ok(if due <= now { Go::Stop } else { Go::On })
            },
        )?;
        Ok(next)
    }

    /// The deliveries of a run after a subscriber, in their order, about `most`.
    pub async fn deliveries(
        &self,
        run: RunKey,
        after: SubscriberKey,
        most: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let reader = self.reader();
        let mut entries = Vec::new();
        // The chunk that `after` is in begins before it.
        let first = chunk_of(
            reader,
            DeliveryKey {
                run,
                subscriber: after,
            },
        )?
        .map_or(after, |((_, first), _)| first);
        let span = keys::chunks(run).prefix().from(keys::chunk(run, first));
        reader.scan(span.range(), Order::Ascending, &mut |_, value| {
            let chunk = Chunk::decode(value)?;
            entries.extend(
                chunk
                    .entries
                    .into_iter()
                    .filter(|entry| entry.subscriber > after),
            );
            Ok(if entries.len() < most {
                Go::On
            } else {
                Go::Stop
            })
        })?;
        entries
            .into_iter()
            .map(|entry| {
                Ok(Delivery {
                    key: DeliveryKey {
                        run,
                        subscriber: entry.subscriber,
                    },
                    state: entry.state,
                    reply: entry.reply,
                    content: content(reader, run, entry.content)?,
                })
            })
            .collect()
    }

    /// What a subscriber was mailed or is to be, by run, newest first.
    pub async fn had(
        &self,
        subscriber: SubscriberKey,
        most: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let reader = self.reader();
        let mut runs = Vec::new();
        let span = keys::had_by(subscriber).prefix();
        reader.scan(span.range(), Order::Descending, &mut |key, _| {
            if runs.len() == most {
                return Ok(Go::Stop);
            }
            runs.push(RunKey(keys::last_number(key)));
            Ok(Go::On)
        })?;
        let mut had = Vec::with_capacity(runs.len());
        for run in runs {
            let key = DeliveryKey { run, subscriber };
            let Some((_, chunk)) = chunk_of(reader, key)? else {
                continue;
            };
            if let Some(entry) = chunk
                .entries
                .into_iter()
                .find(|e| e.subscriber == subscriber)
            {
                had.push(Delivery {
                    key,
                    state: entry.state,
                    reply: entry.reply,
                    content: content(reader, run, entry.content)?,
                });
            }
        }
        Ok(had)
    }
}

fn queued_chunk(key: &[u8]) -> ChunkKey {
    (
        RunKey(keys::number_before(key, 1)),
        SubscriberKey(keys::last_number(key)),
    )
}

fn content(reader: &impl Read, run: RunKey, number: u64) -> Result<Content, StoreError> {
    load_required(reader, &keys::content(run, number))
}

/// Free chunks that are due, enough for `most` deliveries even if each has but one.
fn due_chunks(
    reader: &impl Read,
    leases: &Leases,
    most: usize,
    now: Timestamp,
) -> Result<Vec<ChunkKey>, StoreError> {
    let mut due = Vec::new();
    reader.scan(
        keys::queue().prefix().range(),
        Order::Ascending,
        &mut |key, value| {
            let chunk = queued_chunk(key);
            let at = Due::decode(value)?.0;
            if at.is_none_or(|at| at <= now) && !leases.is_taken(chunk, now) {
                due.push(chunk);
            }
            Ok(if due.len() < most { Go::On } else { Go::Stop })
        },
    )?;
    Ok(due)
}

/// The chunk that holds a delivery: the last that begins no later than its subscriber.
fn chunk_of(reader: &impl Read, key: DeliveryKey) -> Result<Option<(ChunkKey, Chunk)>, StoreError> {
    let span = keys::chunks(key.run)
        .prefix()
        .up_to(keys::chunk(key.run, key.subscriber).next());
    let mut found = None;
    reader.scan(span.range(), Order::Descending, &mut |chunk_key, value| {
        let first = SubscriberKey(keys::last_number(chunk_key));
        found = Some(((key.run, first), Chunk::decode(value)?));
        Ok(Go::Stop)
    })?;
    Ok(found)
}

/// Writes a chunk back together with when it is next due.
fn save_chunk(
    transaction: &mut Transaction<'_>,
    (run, first): ChunkKey,
    chunk: &Chunk,
) -> Result<(), StoreError> {
    save(transaction, keys::chunk(run, first), chunk)?;
    match chunk.due() {
        Ok(due) => save(transaction, keys::queued(run, first), &Due(due)),
        Err(Settled) => {
            forget(transaction, keys::queued(run, first));
            Ok(())
        }
    }
}

struct Claiming<'t, 'e> {
    transaction: &'t mut Transaction<'e>,
    now: Timestamp,
    runs: BTreeMap<RunKey, Run>,
    /// `None`: everything in it was withdrawn.
    contents: HashMap<(RunKey, u64), Option<Arc<ClaimContent>>>,
    claims: Vec<Claim>,
}

impl<'t, 'e> Claiming<'t, 'e> {
    fn over(transaction: &'t mut Transaction<'e>, now: Timestamp) -> Claiming<'t, 'e> {
        Claiming {
            transaction,
            now,
            runs: BTreeMap::new(),
            contents: HashMap::new(),
            claims: Vec::new(),
        }
    }

    fn finish(self) -> Result<Vec<Claim>, StoreError> {
        for mut run in self.runs.into_values() {
            let stored = load::<Run>(self.transaction, &keys::run(run.key))?;
            if stored.as_ref() != Some(&run) {
                save_run(self.transaction, &mut run, self.now)?;
            }
        }
        Ok(self.claims)
    }

    fn chunk(&mut self, key: ChunkKey) -> Result<(), StoreError> {
        let (number, first) = key;
        let Some(mut chunk) = load::<Chunk>(self.transaction, &keys::chunk(number, first))? else {
            return Ok(());
        };
        let mut changed = false;
        for entry in &mut chunk.entries {
            let is_due = match entry.state {
                DeliveryState::Pending => true,
                DeliveryState::Deferred { until, .. } => until <= self.now,
                _ => false,
            };
            if !is_due {
                continue;
            }
            if let Some(settled) = self.claim(number, entry.subscriber, entry.content)? {
                let run = self.run(number)?;
                *entry.state.count(&mut run.counts) -= 1;
                *settled.count(&mut run.counts) += 1;
                entry.state = settled;
                changed = true;
            }
        }
        if changed {
            save_chunk(self.transaction, key, &chunk)?;
        }
        Ok(())
    }

    /// Hands a delivery out, or says how it ends here.
    fn claim(
        &mut self,
        run: RunKey,
        subscriber: SubscriberKey,
        content: u64,
    ) -> Result<Option<DeliveryState>, StoreError> {
        let subscriber = match load::<Subscriber>(self.transaction, &keys::subscriber(subscriber))?
        {
            Some(subscriber) if subscriber.is_active() => subscriber,
            _ => return Ok(Some(DeliveryState::Suppressed)),
        };
        let Some(content) = self.content(run, content)? else {
            return Ok(Some(DeliveryState::Withdrawn));
        };
        let run = self.run(run)?;
        let claim = Claim {
            key: DeliveryKey {
                run: run.key,
                subscriber: subscriber.key,
            },
            address: subscriber.address,
            language: subscriber.language,
            cadence: run.window.cadence.clone(),
            date: run.opened,
            content,
        };
        self.claims.push(claim);
        Ok(None)
    }

    fn run(&mut self, key: RunKey) -> Result<&mut Run, StoreError> {
        match self.runs.entry(key) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let run = load_required::<Run>(self.transaction, &keys::run(key))?;
                Ok(entry.insert(run))
            }
        }
    }

    fn content(
        &mut self,
        run: RunKey,
        number: u64,
    ) -> Result<Option<Arc<ClaimContent>>, StoreError> {
        if let Some(content) = self.contents.get(&(run, number)) {
            return Ok(content.clone());
        }
        let planned = content(self.transaction, run, number)?;
        let mut live = Vec::with_capacity(planned.items.len().min(Content::SHOWN));
        let mut more = planned.beyond;
        for item in planned.items {
            let key = keys::publication(item.publication);
            let state = load::<PublicationState>(self.transaction, &key)?;
            if state.is_none_or(|state| state.standing != Standing::Live) {
                continue;
            }
            if live.len() == Content::SHOWN {
                more += 1;
                continue;
            }
            let frozen = keys::revision(item.publication, item.revision);
            let publication = load_required::<Publication>(self.transaction, &frozen)?;
            live.push(ClaimItem {
                publication,
                correction: item.correction,
            });
        }
        let content = (!live.is_empty()).then(|| {
            Arc::new(ClaimContent {
                number,
                items: live,
                more,
            })
        });
        self.contents.insert((run, number), content.clone());
        Ok(content)
    }
}

/// Settles what waits for a subscriber who is not to get it.
pub(super) fn suppress_pending(
    transaction: &mut Transaction<'_>,
    subscriber: SubscriberKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    for mut run in open_runs(transaction)? {
        let key = DeliveryKey {
            run: run.key,
            subscriber,
        };
        let Some((chunk_key, mut chunk)) = chunk_of(transaction, key)? else {
            continue;
        };
        let waiting = chunk
            .entries
            .iter_mut()
            .find(|entry| entry.subscriber == subscriber && !entry.state.is_settled());
        if let Some(entry) = waiting {
            *entry.state.count(&mut run.counts) -= 1;
            run.counts.suppressed += 1;
            entry.state = DeliveryState::Suppressed;
            save_chunk(transaction, chunk_key, &chunk)?;
            save_run(transaction, &mut run, now)?;
        }
    }
    Ok(())
}

fn settle(
    transaction: &mut Transaction<'_>,
    leases: &Leases,
    mut outcomes: Vec<(DeliveryKey, Outcome)>,
    policy: RetryPolicy,
    now: Timestamp,
) -> Result<(), StoreError> {
    outcomes.sort_by_key(|(key, _)| *key);
    let mut outcomes = outcomes.into_iter().peekable();
    let mut runs: BTreeMap<RunKey, Run> = BTreeMap::new();
    while let Some(key) = outcomes.peek().map(|(key, _)| *key) {
        let Some((chunk_key, mut chunk)) = chunk_of(transaction, key)? else {
            outcomes.next();
            continue;
        };
        let run = match runs.entry(key.run) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                entry.insert(load_required::<Run>(transaction, &keys::run(key.run))?)
            }
        };
        let last = chunk
            .entries
            .last()
            .map_or(key.subscriber, |entry| entry.subscriber);
        let mut number = 0;
        // Several outcomes of one chunk cost one write.
        while let Some((key, outcome)) = outcomes.next_if(|(next, _)| {
            next.run == key.run && (next.subscriber <= last || next.subscriber == key.subscriber)
        }) {
            number += 1;
            let Ok(place) = chunk
                .entries
                .binary_search_by_key(&key.subscriber, |entry| entry.subscriber)
            else {
                continue;
            };
            let Some(entry) = chunk.entries.get_mut(place) else {
                continue;
            };
            if entry.state.is_settled() {
                continue;
            }
            let (state, reply) = policy.after(&entry.state, outcome, run.opened, now);
            *entry.state.count(&mut run.counts) -= 1;
            *state.count(&mut run.counts) += 1;
            entry.state = state;
            entry.reply = reply;
        }
        save_chunk(transaction, chunk_key, &chunk)?;
        leases.give_back(chunk_key, number);
    }
    for mut run in runs.into_values() {
        save_run(transaction, &mut run, now)?;
    }
    Ok(())
}
