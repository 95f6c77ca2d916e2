//! Deliveries: what came of them is written down, and can be told.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;

use crate::domain::delivery::{InDoubt, RetryPolicy};
use crate::domain::{
    Content, Delivery, DeliveryKey, DeliveryState, Outcome, Run, RunKey, SubscriberKey,
};

use super::engine::{Go, Order, Read, Transaction};
use super::leases::Leases;
use super::preferences::withhold;
use super::record::Record;
use super::rows::{Chunk, Due, Settled};
use super::runs::{open_runs, save_run};
use super::{Store, StoreError, forget, keys, load_required, save};

/// Names a chunk by its run and its first subscriber.
pub(super) type ChunkKey = (RunKey, SubscriberKey);

impl Store {
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

pub(super) fn content(reader: &impl Read, run: RunKey, number: u64) -> Result<Content, StoreError> {
    load_required(reader, &keys::content(run, number))
}

/// The chunk that holds a delivery: the last that begins no later than its subscriber.
pub(super) fn chunk_of(
    reader: &impl Read,
    key: DeliveryKey,
) -> Result<Option<(ChunkKey, Chunk)>, StoreError> {
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
pub(super) fn save_chunk(
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

pub(super) fn settle(
    transaction: &mut Transaction<'_>,
    leases: &Leases,
    mut outcomes: Vec<(DeliveryKey, Outcome)>,
    policy: RetryPolicy,
    now: Timestamp,
) -> Result<(), StoreError> {
    if policy.in_doubt == InDoubt::Skip {
        for (key, _) in &outcomes {
            forget(transaction, keys::begun(*key));
        }
    }
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
            let (state, reply) = if outcome == Outcome::Suppressed {
                let whose = (key.run, key.subscriber);
                (withhold(transaction, whose, entry.content)?, None)
            } else {
                policy.after(&entry.state, outcome, run.opened, now)
            };
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
