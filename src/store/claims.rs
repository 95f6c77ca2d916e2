//! Claiming: deliveries are taken in order to be sent.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::delivery::{ClaimContent, ClaimItem};
use crate::domain::{
    Claim, Content, DeliveryKey, DeliveryState, Publication, PublicationState, Run, RunKey,
    Standing, Subscriber, SubscriberKey,
};

use super::deliveries::{ChunkKey, chunk_of, content, save_chunk};
use super::engine::{Go, Order, Read, Transaction};
use super::holds::is_distrusted;
use super::leases::Leases;
use super::preferences::withhold;
use super::record::Record;
use super::rows::{Chunk, Due};
use super::runs::save_run;
use super::{Store, StoreError, keys, load, load_required};

impl Store {
    /// Takes about `most` deliveries that are due (a chunk at a time, so it may be up to 63 more),
    /// for `lease`: what is not settled by then may be taken again. Whoever may no longer be
    /// written to, and whatever has nothing left to say, is settled here and not handed out. While
    /// the store itself is held there is nothing to take.
    pub async fn claim(
        &self,
        most: usize,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<Claim>, StoreError> {
        let leases = self.inner.leases.handle();
        self.write(move |transaction| {
            if is_distrusted(transaction)? {
                return Ok(Vec::new());
            }
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

    /// Gives claims back that were not tried.
    pub async fn unclaim(&self, keys: Vec<DeliveryKey>) -> Result<(), StoreError> {
        for key in keys {
            if let Some((chunk, _)) = chunk_of(self.reader(), key)? {
                self.inner.leases.give_back(chunk, 1);
            }
        }
        Ok(())
    }

    /// When the next delivery that is not taken is due: at once, then, or (`None`) never, as long as
    /// the store itself is held.
    pub async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        if is_distrusted(self.reader())? {
            return Ok(None);
        }
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
}

fn queued_chunk(key: &[u8]) -> ChunkKey {
    (
        RunKey(keys::number_before(key, 1)),
        SubscriberKey(keys::last_number(key)),
    )
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
                // With what a server said it may name somebody who is erased later.
                entry.reply = None;
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
            _ => return withhold(self.transaction, (run, subscriber), content).map(Some),
        };
        let Some(content) = self.content(run, content)? else {
            return Ok(Some(DeliveryState::Withdrawn));
        };
        let run = self.run(run)?;
        let cadence = run.window.cadence.clone();
        let asked = subscriber.subscriptions.into_iter();
        let asked = asked.filter(|subscription| subscription.cadence == cadence);
        let claim = Claim {
            key: DeliveryKey {
                run: run.key,
                subscriber: subscriber.key,
            },
            address: subscriber.address,
            language: subscriber.language,
            asked: asked.map(|subscription| subscription.filter).collect(),
            cadence,
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
        let content = shown(self.transaction, number, planned)?.map(Arc::new);
        self.contents.insert((run, number), content.clone());
        Ok(content)
    }
}

/// A content, known by a number, with its publications as frozen, less those that are withdrawn;
/// `None`: all of them are.
pub(super) fn shown(
    reader: &impl Read,
    number: u64,
    planned: Content,
) -> Result<Option<ClaimContent>, StoreError> {
    let mut live = Vec::with_capacity(planned.items.len().min(Content::SHOWN));
    let mut more = planned.beyond;
    let mut name = number;
    for (place, item) in (1..).zip(planned.items) {
        let state = load::<PublicationState>(reader, &keys::publication(item.publication))?;
        if state.is_none_or(|state| state.standing != Standing::Live) {
            name = without(name, place);
            continue;
        }
        if live.len() == Content::SHOWN {
            more += 1;
            continue;
        }
        let frozen = keys::revision(item.publication, item.revision);
        live.push(ClaimItem {
            publication: load_required::<Publication>(reader, &frozen)?,
            correction: item.correction,
        });
    }
    Ok((!live.is_empty()).then_some(ClaimContent {
        number: name,
        items: live,
        more,
    }))
}

/// Names a content less the item at a place: letters that are alike are told by it.
fn without(number: u64, place: u64) -> u64 {
    let bytes = [number.to_be_bytes(), place.to_be_bytes()].concat();
    blake3::hash(&bytes)
        .as_bytes()
        .first_chunk()
        .map_or(number, |first| u64::from_be_bytes(*first))
}
