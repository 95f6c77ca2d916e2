//! What was mailed long ago is let go of, a piece at a time, so that nobody waits for it.
//!
//! ```text
//! closed ──deliveries──▶ shrunk: who had what (`H`), and how many how ──ledger──▶ forgotten
//! ```
//!
//! The guarantee stays whole. Nobody is mailed a thing twice: while news of a group that a run may
//! have mailed is undecided anywhere, the run is remembered; and once it is forgotten, only a
//! correction makes news of the group, which is something else to everybody. Nobody misses a thing:
//! news goes only when every schedule that has subscribers is past it.

mod undecided;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    ChangeKind, Counts, PublicationKey, PublicationState, Retention, Run, RunKey, Sequence,
    SubscriberKey,
};

use super::engine::{Go, Order, Read, Transaction};
use super::keys::Span;
use super::record::Record;
use super::rows::{ChangeRow, Chunk, NewsRow, Number};
use super::{Store, StoreError, forget, keys, load, save};
use undecided::Undecided;

/// Chunks of deliveries in one piece.
const CHUNKS: usize = 8;
/// Other rows in one piece.
const ROWS: usize = 256;

/// How far it has come. All runs up to these, which are counted from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RetentionRow {
    shrunk: RunKey,
    forgotten: RunKey,
}

/// The subscribers of a chunk, the first one in the key: by how much each is greater than the one
/// before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ShrunkRow {
    steps: Vec<u64>,
}

impl ShrunkRow {
    fn of(chunk: &Chunk) -> ShrunkRow {
        let pairs = chunk.entries.iter().zip(chunk.entries.iter().skip(1));
        ShrunkRow {
            steps: pairs
                .map(|(one, next)| next.subscriber.0 - one.subscriber.0)
                .collect(),
        }
    }

    fn subscribers(&self, first: SubscriberKey) -> impl Iterator<Item = SubscriberKey> {
        let rest = self.steps.iter().scan(first.0, |last, step| {
            *last += step;
            Some(SubscriberKey(*last))
        });
        [first].into_iter().chain(rest)
    }
}

/// The deliveries of a run with the same content, by state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TallyRow(pub(super) Counts);

impl Store {
    /// Shrinks a piece of the deliveries of runs that were closed long ago. Says whether there may
    /// be more.
    pub async fn shrink(&self, keep: Retention, now: Timestamp) -> Result<bool, StoreError> {
        let since = keep.deliveries_since(now);
        self.write(move |transaction| {
            let mut row = row(transaction)?;
            let next = run_after(transaction, row.shrunk)?;
            let Some(next) = next.filter(|next| was_closed_before(next, since)) else {
                return Ok(false);
            };
            if !shrink(transaction, next.key)? {
                row.shrunk = next.key;
                save(transaction, keys::retention(), &row)?;
            }
            Ok(true)
        })
        .await
    }

    /// Forgets a piece of who was mailed what in runs that were closed longer ago. Says whether there
    /// may be more.
    pub async fn forget(&self, keep: Retention, now: Timestamp) -> Result<bool, StoreError> {
        let since = keep.ledger_since(now);
        if self.write(forget_runs).await? {
            return Ok(true);
        }
        // Reads much: not for each piece of a run.
        let undecided = Undecided::read(self.reader())?;
        self.write(move |transaction| {
            if forget_news(transaction, undecided.decided, since)? {
                return Ok(true);
            }
            let mut row = row(transaction)?;
            let next = run_after(transaction, row.forgotten)?;
            let is_due = |next: &Run| next.key <= row.shrunk && was_closed_before(next, since);
            let Some(next) = next.filter(is_due) else {
                return Ok(false);
            };
            if undecided.may_be_in(transaction, next.key)? {
                return Ok(false);
            }
            // From here on nothing but a correction is news of what it mailed.
            row.forgotten = next.key;
            save(transaction, keys::retention(), &row)?;
            Ok(true)
        })
        .await
    }

    /// Drops old revisions, which no delivery that is kept has, of a piece of the publications after
    /// one. Returns the last of the piece; `None`: there are no more.
    pub async fn prune(
        &self,
        after: PublicationKey,
        keep: Retention,
        now: Timestamp,
    ) -> Result<Option<PublicationKey>, StoreError> {
        let reader = self.reader();
        let mut since = keep.deliveries_since(now);
        if let Some(run) = run_after(reader, row(reader)?.shrunk)? {
            since = since.min(run.opened);
        }
        let mut piece = Vec::new();
        let span = keys::publications().prefix();
        let span = span.from(keys::publication(after).next());
        reader.scan(span.range(), Order::Ascending, &mut |_, value| {
            let state = PublicationState::decode(value)?;
            piece.push((state.key, state.revision));
            Ok(if piece.len() < ROWS { Go::On } else { Go::Stop })
        })?;
        let last = piece.last().map(|(key, _)| *key);
        let mut old = Vec::new();
        for (key, present) in piece {
            old.extend(superseded(reader, key, present, since)?);
        }
        if !old.is_empty() {
            self.write(move |transaction| {
                for (key, revision) in old {
                    forget(transaction, keys::revision(key, revision));
                    forget(transaction, keys::change(key, revision));
                }
                Ok(())
            })
            .await?;
        }
        Ok(last)
    }
}

/// Is it no longer known who was mailed what of a group? Then only a correction is news of it.
pub(super) fn is_forgotten(
    reader: &impl Read,
    state: &PublicationState,
) -> Result<bool, StoreError> {
    let group = keys::group(state.group());
    let first = load::<Number>(reader, &group)?.map(|Number(run)| RunKey(run));
    Ok(first.is_some_and(|first| first > RunKey(0)) && first <= Some(row(reader)?.forgotten))
}

/// Is a change news, as far as what was forgotten goes?
pub(super) fn may_be_news(
    reader: &impl Read,
    kind: ChangeKind,
    state: &PublicationState,
) -> Result<bool, StoreError> {
    Ok(kind == ChangeKind::MajorEdit || !is_forgotten(reader, state)?)
}

fn row(reader: &impl Read) -> Result<RetentionRow, StoreError> {
    Ok(load(reader, &keys::retention())?.unwrap_or_default())
}

/// The next run. Numbers that a lost state may have given out are passed over.
fn run_after(reader: &impl Read, run: RunKey) -> Result<Option<Run>, StoreError> {
    let mut next = None;
    let span = keys::runs().prefix().from(keys::run(run).next());
    reader.scan(span.range(), Order::Ascending, &mut |_, value| {
        next = Some(Run::decode(value)?);
        Ok(Go::Stop)
    })?;
    Ok(next)
}

fn was_closed_before(run: &Run, since: Timestamp) -> bool {
    run.closed.is_some_and(|at| at < since)
}

/// Shrinks some of a run, and forgets its books. Says whether there was anything left to do.
fn shrink(transaction: &mut Transaction<'_>, run: RunKey) -> Result<bool, StoreError> {
    let mut chunks = Vec::new();
    let span = keys::chunks(run).prefix();
    transaction.scan(span.range(), Order::Ascending, &mut |key, value| {
        chunks.push((SubscriberKey(keys::last_number(key)), Chunk::decode(value)?));
        Ok(if chunks.len() < CHUNKS {
            Go::On
        } else {
            Go::Stop
        })
    })?;
    if chunks.is_empty() {
        return Ok(forget_some(transaction, keys::noted(run).prefix())?
            || forget_some(transaction, keys::books(run).prefix())?);
    }
    let mut tallies: BTreeMap<u64, Counts> = BTreeMap::new();
    for (first, chunk) in chunks {
        for entry in &chunk.entries {
            *entry.state.count(tallies.entry(entry.content).or_default()) += 1;
        }
        save(
            transaction,
            keys::shrunk(run, first),
            &ShrunkRow::of(&chunk),
        )?;
        forget(transaction, keys::chunk(run, first));
    }
    for (content, counts) in tallies {
        let key = keys::tally(run, content);
        let TallyRow(mut tally) = load(transaction, &key)?.unwrap_or_default();
        tally.add(&counts);
        save(transaction, key, &TallyRow(tally))?;
    }
    Ok(true)
}

/// Forgets news that every schedule is past, and that is old.
fn forget_news(
    transaction: &mut Transaction<'_>,
    decided: Sequence,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let mut old = Vec::new();
    let span = keys::all_news().prefix().up_to(keys::news(decided).next());
    transaction.scan(span.range(), Order::Ascending, &mut |key, value| {
        if NewsRow::decode(value)?.at >= since || old.len() == ROWS {
            return Ok(Go::Stop);
        }
        old.push(key.to_vec());
        Ok(Go::On)
    })?;
    Ok(remove(transaction, old))
}

/// Forgets some of who was mailed what in the runs that are to be forgotten; what was in the mails
/// goes last, since who had it is told by it.
fn forget_runs(transaction: &mut Transaction<'_>) -> Result<bool, StoreError> {
    let first_kept = RunKey(row(transaction)?.forgotten.0 + 1);
    let mut shrunk = Vec::new();
    let span = keys::all_shrunk().prefix();
    let span = span.up_to(keys::shrunk(first_kept, SubscriberKey(0)));
    transaction.scan(span.range(), Order::Ascending, &mut |key, value| {
        let run = RunKey(keys::number_before(key, 1));
        let first = SubscriberKey(keys::last_number(key));
        shrunk.push((run, first, ShrunkRow::decode(value)?));
        Ok(if shrunk.len() < CHUNKS {
            Go::On
        } else {
            Go::Stop
        })
    })?;
    let is_some = !shrunk.is_empty();
    for (run, first, row) in shrunk {
        for subscriber in row.subscribers(first) {
            forget(transaction, keys::had(subscriber, run));
        }
        forget(transaction, keys::shrunk(run, first));
    }
    let tallies = keys::all_tallies()
        .prefix()
        .up_to(keys::tallies(first_kept));
    let contents = keys::all_contents()
        .prefix()
        .up_to(keys::contents(first_kept));
    Ok(is_some || forget_some(transaction, tallies)? || forget_some(transaction, contents)?)
}

/// Forgets some rows of a stretch. Says whether there were any.
fn forget_some(transaction: &mut Transaction<'_>, span: Span) -> Result<bool, StoreError> {
    let mut some = Vec::new();
    transaction.scan(span.range(), Order::Ascending, &mut |key, _| {
        some.push(key.to_vec());
        Ok(if some.len() < ROWS { Go::On } else { Go::Stop })
    })?;
    Ok(remove(transaction, some))
}

fn remove(transaction: &mut Transaction<'_>, rows: Vec<Vec<u8>>) -> bool {
    let is_some = !rows.is_empty();
    for key in rows {
        transaction.remove(key);
    }
    is_some
}

/// Revisions of a publication that others took the place of before an instant.
fn superseded(
    reader: &impl Read,
    key: PublicationKey,
    present: u32,
    since: Timestamp,
) -> Result<Vec<(PublicationKey, u32)>, StoreError> {
    let mut revisions = Vec::new();
    let span = keys::revisions(key).prefix();
    let span = span.up_to(keys::revision(key, present));
    reader.scan(span.range(), Order::Ascending, &mut |key, _| {
        revisions.extend(u32::try_from(keys::last_number(key)));
        Ok(Go::On)
    })?;
    let mut old = Vec::new();
    for revision in revisions {
        let next = load::<ChangeRow>(reader, &keys::change(key, revision + 1))?;
        if next.is_some_and(|next| next.at < since) {
            old.push((key, revision));
        }
    }
    Ok(old)
}
