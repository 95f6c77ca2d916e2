//! Erasing an address: everything that says whose it was goes from the rows, and nothing is mailed
//! to it from the first step on (GDPR, article 17).
//!
//! What stays: the counts of runs; in the rows of deliveries the number that stood for the
//! subscriber, which leads to nobody and is never given out again; and, for who asked not to be
//! written to, a keyed hash on the suppression list (article 17(3), 21(3)): without it the next
//! import would bring them back.
//!
//! What no row holds any more can still be read from the file of sled, which appends and never
//! overwrites: until it uses that part of its log again, which is not bounded in time. Who has to rule
//! it out makes the store anew from its rows (dump and restore) and removes the former file.

use jiff::Timestamp;

use crate::domain::{
    Address, DeliveryKey, DeliveryState, Run, RunKey, Subscriber, SubscriberKey, SubscriberStatus,
    Suppression, SuppressionReason,
};

use super::cursors::{HalfPlanned, change};
use super::deliveries::{chunk_of, save_chunk};
use super::engine::{Go, Order, Read, Transaction};
use super::runs::save_run;
use super::subscribers::by_address;
use super::suppression::{entry, keep};
use super::{Store, StoreError, forget, keys, load};

/// Runs looked at in one transaction.
const PAGE: usize = 256;

/// What was there to erase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// Was the address known as a subscriber's?
    pub subscriber: bool,
    /// Is a keyed hash of it on the suppression list now?
    pub suppressed: bool,
}

impl Store {
    /// Erases an address. If `for_good`, or if its owner had unsubscribed, or if it was on the
    /// suppression list, a keyed hash stays there, and nothing brings the address back. Interrupted,
    /// it can be asked for again.
    pub async fn erase(
        &self,
        address: Address,
        for_good: bool,
        now: Timestamp,
    ) -> Result<Erased, StoreError> {
        let whose = address.clone();
        let (subscriber, suppressed) = self
            .write(move |transaction| begin(transaction, &whose, for_good, now))
            .await?;
        if let Some(key) = subscriber {
            while !self
                .write(move |transaction| forget_deliveries(transaction, key, now))
                .await?
            {}
            self.write(move |transaction| end(transaction, key, &address, now))
                .await?;
        }
        Ok(Erased {
            subscriber: subscriber.is_some(),
            suppressed,
        })
    }
}

/// Nothing more goes to the address; the suppression list no longer shows it.
fn begin(
    transaction: &mut Transaction<'_>,
    address: &Address,
    for_good: bool,
    now: Timestamp,
) -> Result<(Option<SubscriberKey>, bool), StoreError> {
    let known = by_address(transaction, address)?;
    let left = |s: &Subscriber| matches!(s.status, SubscriberStatus::Unsubscribed(_));
    let has_left = known.as_ref().is_some_and(left);
    let key = known.map(|subscriber| subscriber.key);
    if let Some(key) = key {
        leave(transaction, key, now)?;
    }
    let entry = match entry(transaction, address)? {
        Some((_, entry)) => Some(Suppression {
            address: None,
            note: None,
            ..entry
        }),
        None => (for_good || has_left).then_some(Suppression {
            address: None,
            reason: SuppressionReason::Asked,
            note: None,
            at: now,
        }),
    };
    if let Some(entry) = &entry {
        keep(transaction, address, entry)?;
    }
    Ok((key, entry.is_some()))
}

/// The rest goes, with whatever was asked for since [`begin`].
fn end(
    transaction: &mut Transaction<'_>,
    key: SubscriberKey,
    address: &Address,
    now: Timestamp,
) -> Result<(), StoreError> {
    leave(transaction, key, now)?;
    forget(transaction, keys::subscriber(key));
    forget(transaction, keys::address(&address.key()));
    Ok(())
}

/// Nothing is planned for the subscriber any more, and they are not counted.
fn leave(
    transaction: &mut Transaction<'_>,
    key: SubscriberKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let half_planned = HalfPlanned::read(transaction)?;
    change(transaction, &half_planned, key, now, |subscriber, _| {
        subscriber.status = SubscriberStatus::Unsubscribed(now);
    })?;
    Ok(())
}

/// Takes what a subscriber had, and what servers said of it, from some of the runs. Says whether
/// nothing is left.
fn forget_deliveries(
    transaction: &mut Transaction<'_>,
    subscriber: SubscriberKey,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut runs = Vec::new();
    let span = keys::had_by(subscriber).prefix();
    transaction.scan(span.range(), Order::Ascending, &mut |key, _| {
        runs.push(RunKey(keys::last_number(key)));
        Ok(if runs.len() < PAGE { Go::On } else { Go::Stop })
    })?;
    for run in &runs {
        forget(transaction, keys::had(subscriber, *run));
        let key = DeliveryKey {
            run: *run,
            subscriber,
        };
        forget_delivery(transaction, key, now)?;
    }
    Ok(runs.len() < PAGE)
}

fn forget_delivery(
    transaction: &mut Transaction<'_>,
    key: DeliveryKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some((chunk_key, mut chunk)) = chunk_of(transaction, key)? else {
        return Ok(());
    };
    let mut entries = chunk.entries.iter_mut();
    let Some(entry) = entries.find(|entry| entry.subscriber == key.subscriber) else {
        return Ok(());
    };
    entry.reply = None;
    if !entry.state.is_settled()
        && let Some(mut run) = load::<Run>(transaction, &keys::run(key.run))?
    {
        *entry.state.count(&mut run.counts) -= 1;
        run.counts.suppressed += 1;
        entry.state = DeliveryState::Suppressed;
        save_run(transaction, &mut run, now)?;
    }
    save_chunk(transaction, chunk_key, &chunk)
}
