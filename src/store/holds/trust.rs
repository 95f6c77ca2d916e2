//! The store itself, when it is not to be believed: nothing is claimed until somebody says so.

use jiff::Timestamp;

use crate::domain::{
    Decision, DeliveryState, Distrust, Hold, HoldKind, Mark, Run, RunKey, SubscriberKey, Witness,
};

use super::super::cursors::forget_exceptions;
use super::super::deliveries::save_chunk;
use super::super::engine::{Go, Order, Read, Transaction};
use super::super::record::Record;
use super::super::rows::{Chunk, Number, TrustRow};
use super::super::runs::{open_runs, save_run};
use super::super::{Store, StoreError, forget, keys, load, load_required, meta, save};
use super::{holds, open};

/// Chunks of deliveries dropped in one transaction.
const CHUNKS: usize = 16;
/// Who came after the witness was written may have links for keys that a restored copy would give
/// to others: that many are passed over.
const PASSED_OVER: u64 = 1 << 20;

impl Store {
    /// What a witness of this moment would say.
    pub async fn witness(&self, now: Timestamp) -> Result<Witness, StoreError> {
        witness(self.reader(), now)
    }

    /// Writes down that something is going to be claimed. What is returned is to be kept outside the
    /// store before that: a copy from before this call is behind it.
    pub async fn testify(&self, now: Timestamp) -> Result<Witness, StoreError> {
        self.write(move |transaction| {
            let row = trust(transaction)?;
            let row = TrustRow {
                claims: row.claims + 1,
                last: row.last.max(Some(now)),
            };
            save(transaction, keys::trust(), &row)?;
            witness(transaction, now)
        })
        .await
    }

    /// The last instant that was noted. `None`: none was.
    pub async fn last_instant(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(trust(self.reader())?.last)
    }

    /// Notes an instant that has passed, which no clock may show again.
    pub async fn note_instant(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let row = trust(transaction)?;
            if row.last < Some(now) {
                let last = Some(now);
                save(transaction, keys::trust(), &TrustRow { last, ..row })?;
            }
            Ok(())
        })
        .await
    }

    /// Holds the store. Returns the hold if it is a new one: there is one for the clock at the most,
    /// and one for a copy.
    pub async fn distrust(
        &self,
        why: Distrust,
        now: Timestamp,
    ) -> Result<Option<Hold>, StoreError> {
        self.write(move |transaction| {
            let is_known = distrusts(transaction)?
                .iter()
                .any(|(_, known)| known.is_of_clock() == why.is_of_clock());
            if is_known {
                return Ok(None);
            }
            let mut meta = meta(transaction)?;
            let hold = open(&mut meta, HoldKind::Store(why), now);
            save(transaction, keys::meta(), &meta)?;
            save(transaction, keys::hold(hold.key), &hold)?;
            Ok(Some(hold))
        })
        .await
    }

    /// The clock is right again: what was held for it alone, and is not decided, is not held any
    /// more. Returns that hold.
    pub async fn believe(&self) -> Result<Option<Hold>, StoreError> {
        self.write(move |transaction| {
            let held = distrusts(transaction)?.into_iter();
            let mut undecided =
                held.filter(|(hold, why)| hold.decision.is_none() && why.is_of_clock());
            let hold = undecided.next().map(|(hold, _)| hold);
            if let Some(hold) = &hold {
                forget(transaction, keys::hold(hold.key));
            }
            Ok(hold)
        })
        .await
    }
}

/// Is the store held?
pub(in crate::store) fn is_distrusted(reader: &impl Read) -> Result<bool, StoreError> {
    Ok(!distrusts(reader)?.is_empty())
}

fn distrusts(reader: &impl Read) -> Result<Vec<(Hold, Distrust)>, StoreError> {
    let of_store = |hold: Hold| match hold.kind.clone() {
        HoldKind::Store(why) => Some((hold, why)),
        _ => None,
    };
    Ok(holds(reader)?.into_iter().filter_map(of_store).collect())
}

fn trust(reader: &impl Read) -> Result<TrustRow, StoreError> {
    Ok(load(reader, &keys::trust())?.unwrap_or_default())
}

fn witness(reader: &impl Read, at: Timestamp) -> Result<Witness, StoreError> {
    let meta = meta(reader)?;
    Ok(Witness {
        sequence: meta.sequence,
        run: meta.run,
        subscriber: meta.subscriber,
        claims: trust(reader)?.claims,
        at,
    })
}

/// Carries out a piece of what was decided of the store. To skip it, runs that are begun have to be
/// planned to their end first: what they found is dropped with the rest, and their books are whole.
/// Says whether nothing is left to do.
pub(super) fn carry_out(
    transaction: &mut Transaction<'_>,
    distrust: &Distrust,
    decision: Decision,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if decision == Decision::Skip {
        let is_half_planned = |run: &Run| !run.planned;
        if open_runs(transaction)?.iter().any(is_half_planned) || drop_some(transaction, now)? {
            return Ok(false);
        }
    }
    match distrust {
        Distrust::Restored(witness) => go_beyond(transaction, witness)?,
        Distrust::ClockMoved { .. } | Distrust::ClockBehind { .. } => set_clock(transaction, now)?,
    }
    if decision == Decision::Skip {
        let head = meta(transaction)?.sequence;
        change_marks(transaction, |mark| mark.upper = head)?;
        forget_exceptions(transaction)?;
        // Who is away relies on no mark.
        save(transaction, keys::skipped(), &Number(head.0))?;
    }
    Ok(true)
}

/// Numbers that the lost state may have given out are not given out again: a Message-ID or a link
/// would name another thing.
fn go_beyond(transaction: &mut Transaction<'_>, witness: &Witness) -> Result<(), StoreError> {
    let mut meta = meta(transaction)?;
    meta.sequence = meta.sequence.max(witness.sequence);
    meta.run = meta.run.max(witness.run);
    meta.subscriber = meta.subscriber.max(witness.subscriber) + PASSED_OVER;
    save(transaction, keys::meta(), &meta)?;
    let row = trust(transaction)?;
    let claims = row.claims.max(witness.claims);
    save(transaction, keys::trust(), &TrustRow { claims, ..row })
}

/// The clock is right: what was noted while it was ahead is put right.
fn set_clock(transaction: &mut Transaction<'_>, now: Timestamp) -> Result<(), StoreError> {
    let row = trust(transaction)?;
    let last = Some(now);
    save(transaction, keys::trust(), &TrustRow { last, ..row })?;
    change_marks(transaction, |mark| mark.due = mark.due.min(now))
}

fn change_marks(
    transaction: &mut Transaction<'_>,
    change: impl Fn(&mut Mark),
) -> Result<(), StoreError> {
    let mut marks = Vec::new();
    let span = keys::marks().prefix();
    transaction.scan(span.range(), Order::Ascending, &mut |key, value| {
        marks.push((keys::cadence_in(key), Mark::decode(value)?));
        Ok(Go::On)
    })?;
    for (cadence, mut mark) in marks {
        if let Some(cadence) = cadence {
            change(&mut mark);
            save(transaction, keys::mark(&cadence), &mark)?;
        }
    }
    Ok(())
}

/// Drops some of the deliveries that wait. Says whether there were any.
fn drop_some(transaction: &mut Transaction<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let mut queued = Vec::new();
    let span = keys::queue().prefix();
    transaction.scan(span.range(), Order::Ascending, &mut |key, _| {
        let run = RunKey(keys::number_before(key, 1));
        queued.push((run, SubscriberKey(keys::last_number(key))));
        Ok(if queued.len() < CHUNKS {
            Go::On
        } else {
            Go::Stop
        })
    })?;
    for &(number, first) in &queued {
        let mut chunk = load_required::<Chunk>(transaction, &keys::chunk(number, first))?;
        let mut run = load_required::<Run>(transaction, &keys::run(number))?;
        for entry in chunk.entries.iter_mut().filter(|e| !e.state.is_settled()) {
            *entry.state.count(&mut run.counts) -= 1;
            run.counts.skipped += 1;
            entry.state = DeliveryState::Skipped;
        }
        save_chunk(transaction, (number, first), &chunk)?;
        save_run(transaction, &mut run, now)?;
    }
    Ok(!queued.is_empty())
}
