//! How far everything is decided for a subscriber, whatever becomes of them.
//!
//! Who stays where they are relies on the mark of their cadence, which moves for everybody at once.
//! Before anything about a subscriber changes, their cursors in force are written down; who then
//! stands behind the mark of a cadence is listed there as an exception: their own cursors hold until
//! a window has planned them. So no change repeats or loses a thing.

use jiff::Timestamp;

use crate::domain::{Cadence, Mark, Run, Sequence, Subscriber, SubscriberKey, Subscription};

use super::engine::{Go, Order, Read, Transaction};
use super::rows::Number;
use super::runs::{mark_of, open_runs};
use super::{StoreError, forget, keys, load, meta, note, save};

/// What marks do not tell yet: the runs that are half planned.
pub(super) struct HalfPlanned(Vec<Run>);

impl HalfPlanned {
    pub(super) fn read(reader: &impl Read) -> Result<HalfPlanned, StoreError> {
        let mut runs = open_runs(reader)?;
        runs.retain(|run| !run.planned);
        Ok(HalfPlanned(runs))
    }

    /// The number up to which a cadence has decided everything for who relies on it: its mark, or
    /// the upper number of a run that has come past them already.
    fn decided(
        &self,
        reader: &impl Read,
        cadence: &Cadence,
        subscriber: SubscriberKey,
    ) -> Result<Sequence, StoreError> {
        let mark = load::<Mark>(reader, &keys::mark(cadence))?.map(|mark| mark.upper);
        let past = |run: &&Run| {
            run.window.cadence == *cadence
                && run.planned_through.is_some_and(|last| subscriber <= last)
        };
        let passed = self.0.iter().filter(past).map(|run| run.window.upper);
        Ok(passed.chain(mark).max().unwrap_or_default())
    }
}

/// Changes something about a subscriber, and nothing about what is decided for them. `change` is
/// told the head. `None`: there is no such one.
pub(super) fn change(
    transaction: &mut Transaction<'_>,
    half_planned: &HalfPlanned,
    key: SubscriberKey,
    now: Timestamp,
    change: impl FnOnce(&mut Subscriber, Sequence),
) -> Result<Option<Subscriber>, StoreError> {
    let Some(former) = load::<Subscriber>(transaction, &keys::subscriber(key))? else {
        return Ok(None);
    };
    let mut subscriber = former.clone();
    if former.is_active() {
        write_down(transaction, half_planned, &mut subscriber)?;
    } else {
        skip(transaction, &mut subscriber)?;
    }
    let meta = meta(transaction)?;
    change(&mut subscriber, meta.sequence);
    subscriber.changed = meta.run;
    if !subscriber.is_subscribed() {
        // The books of runs go by what was asked for when they left.
        subscriber.subscriptions.clone_from(&former.subscriptions);
    }
    join_equal(&mut subscriber.subscriptions);
    if subscriber.is_active() {
        // While the former postings tell that somebody lives in the zone.
        for one in &subscriber.subscriptions {
            mark_of(transaction, &one.cadence, one.cursor, now)?;
        }
    }
    if former.is_active() {
        unpost(transaction, &former);
    }
    if subscriber.is_active() {
        post(transaction, half_planned, &subscriber)?;
    }
    count_active(transaction, &former, &subscriber)?;
    save(transaction, keys::subscriber(key), &subscriber)?;
    Ok(Some(subscriber))
}

/// Keeps the total of those who may be written to.
fn count_active(
    transaction: &mut Transaction<'_>,
    former: &Subscriber,
    present: &Subscriber,
) -> Result<(), StoreError> {
    let by = i64::from(present.is_active()) - i64::from(former.is_active());
    if by != 0 {
        let mut meta = meta(transaction)?;
        meta.totals.subscribers = meta.totals.subscribers.saturating_add_signed(by);
        save(transaction, keys::meta(), &meta)?;
    }
    Ok(())
}

/// Makes the cursors in force the subscriber's own.
fn write_down(
    reader: &impl Read,
    half_planned: &HalfPlanned,
    subscriber: &mut Subscriber,
) -> Result<(), StoreError> {
    for subscription in &mut subscriber.subscriptions {
        let exception = keys::exception(&subscription.cadence, subscriber.key);
        if reader.get(exception.bytes())?.is_none() {
            let decided = half_planned.decided(reader, &subscription.cadence, subscriber.key)?;
            subscription.cursor = subscription.cursor.max(decided);
            // It was skipped, or they were listed for it.
            subscription.owed.clear();
        }
        let cursor = subscription.cursor;
        subscription.former.retain(|former| cursor < former.until);
    }
    Ok(())
}

/// What was skipped while they were away is decided for them too, and what was owed before that.
fn skip(reader: &impl Read, subscriber: &mut Subscriber) -> Result<(), StoreError> {
    let Some(Number(skipped)) = load(reader, &keys::skipped())? else {
        return Ok(());
    };
    let skipped = Sequence(skipped);
    let theirs = subscriber.subscriptions.iter_mut();
    for one in theirs.filter(|one| one.cursor <= skipped) {
        one.cursor = skipped;
        one.former.retain(|former| skipped < former.until);
        one.owed.clear();
    }
    Ok(())
}

/// The number up to which everything is decided for a subscription of an active subscriber.
pub(super) fn in_force(
    reader: &impl Read,
    subscriber: SubscriberKey,
    one: &Subscription,
) -> Result<Sequence, StoreError> {
    let exception = keys::exception(&one.cadence, subscriber);
    if reader.get(exception.bytes())?.is_some() {
        return Ok(one.cursor);
    }
    let mark = load::<Mark>(reader, &keys::mark(&one.cadence))?;
    Ok(mark.map_or(one.cursor, |mark| mark.upper.max(one.cursor)))
}

/// Enters a subscriber, whose cursors are their own, where planning looks for them.
fn post(
    transaction: &mut Transaction<'_>,
    half_planned: &HalfPlanned,
    subscriber: &Subscriber,
) -> Result<(), StoreError> {
    for Subscription {
        cadence,
        cursor,
        owed,
        ..
    } in &subscriber.subscriptions
    {
        let decided = half_planned.decided(transaction, cadence, subscriber.key)?;
        if *cursor < decided || !owed.is_empty() {
            note(transaction, keys::exception(cadence, subscriber.key));
        }
    }
    for key in postings(subscriber) {
        note(transaction, key);
    }
    Ok(())
}

/// Lets everybody rely on the marks.
pub(super) fn forget_exceptions(transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
    let mut exceptions = Vec::new();
    let span = keys::all_exceptions().prefix();
    transaction.scan(span.range(), Order::Ascending, &mut |key, _| {
        exceptions.push(key.to_vec());
        Ok(Go::On)
    })?;
    for key in exceptions {
        transaction.remove(key);
    }
    Ok(())
}

/// Where the subscriber stands in the posting lists.
pub(super) fn postings(subscriber: &Subscriber) -> Vec<keys::Key> {
    let mut postings = Vec::new();
    for subscription in &subscriber.subscriptions {
        let post = |term: &str| keys::posting(&subscription.cadence, term, subscriber.key);
        match subscription.filter.index_tags() {
            Some(tags) => postings.extend(tags.into_iter().map(|tag| post(tag.as_str()))),
            None => postings.push(post(keys::EVERYTHING)),
        }
    }
    postings
}

/// Takes a subscriber away from where planning looks.
pub(super) fn unpost(transaction: &mut Transaction<'_>, subscriber: &Subscriber) {
    for key in postings(subscriber) {
        forget(transaction, key);
    }
    for subscription in &subscriber.subscriptions {
        let exception = keys::exception(&subscription.cadence, subscriber.key);
        forget(transaction, exception);
    }
}

/// Two subscriptions that have become equal are one, as far back as either was. While they have
/// pasts that tell them apart, both stay.
fn join_equal(subscriptions: &mut Vec<Subscription>) {
    for one in std::mem::take(subscriptions) {
        let same = subscriptions.iter_mut().find(|other| {
            (&other.filter, &other.cadence, &other.former)
                == (&one.filter, &one.cadence, &one.former)
        });
        match same {
            Some(other) => {
                other.cursor = other.cursor.min(one.cursor);
                other.owe(one.owed);
            }
            None => subscriptions.push(one),
        }
    }
}
