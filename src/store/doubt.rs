//! What is in doubt after a crash.
//!
//! Under `in_doubt = "skip"` a delivery is marked right before the text of its letter is written, and
//! the mark goes with its settlement. One that is marked while nobody sends was perhaps sent by who
//! is no more: it is in doubt, and is not claimed again.

use jiff::{SignedDuration, Timestamp};

use crate::domain::delivery::{InDoubt, RetryPolicy};
use crate::domain::{DeliveryKey, Outcome, RunKey, SubscriberKey};

use super::deliveries::settle;
use super::engine::{Go, Order, Read, Transaction};
use super::leases::Leases;
use super::{Store, StoreError, keys, note};

/// Marks that are settled in one transaction.
const PIECE: usize = 256;

impl Store {
    /// Marks a delivery: the text of its letter is about to be written.
    pub async fn begin_text(&self, key: DeliveryKey) -> Result<(), StoreError> {
        self.write(move |transaction| {
            note(transaction, keys::begun(key));
            Ok(())
        })
        .await
    }

    /// For who begins to send, while nobody else does: what a former one had claimed and not settled
    /// is free, but for what it had marked, which is in doubt. Returns how many are.
    pub async fn take_over(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.inner.leases.clear();
        let mut marked = 0;
        loop {
            let leases = self.inner.leases.handle();
            let settled = self
                .write(move |transaction| settle_marked(transaction, &leases, now))
                .await?;
            if settled == 0 {
                return Ok(marked);
            }
            marked += settled;
        }
    }
}

fn settle_marked(
    transaction: &mut Transaction<'_>,
    leases: &Leases,
    now: Timestamp,
) -> Result<usize, StoreError> {
    const LEAVE_IT: RetryPolicy = RetryPolicy {
        retry_for: SignedDuration::ZERO,
        in_doubt: InDoubt::Skip,
    };
    let mut marked = Vec::new();
    let span = keys::all_begun().prefix();
    transaction.scan(span.range(), Order::Ascending, &mut |key, _| {
        let key = DeliveryKey {
            run: RunKey(keys::number_before(key, 1)),
            subscriber: SubscriberKey(keys::last_number(key)),
        };
        let why = "wici ended before the server's answer came";
        marked.push((key, Outcome::InDoubt(why.to_owned())));
        Ok(match marked.len() < PIECE {
            true => Go::On,
            false => Go::Stop,
        })
    })?;
    let number = marked.len();
    settle(transaction, leases, marked, LEAVE_IT, now)?;
    Ok(number)
}
