//! Subscribers and their subscriptions.

use jiff::Timestamp;

use crate::domain::{
    Address, Basis, Consent, NewSubscription, Subscriber, SubscriberKey, SubscriberStatus,
    Subscription, Wish,
};

use super::cursors::postings;
use super::deliveries::suppress_pending;
use super::engine::{Go, Order, Read, Transaction};
use super::rows::{Meta, Number};
use super::runs::mark_of;
use super::suppression::is_suppressed;
use super::{Store, StoreError, keys, load, meta, note, save};

impl Store {
    /// Subscribes an address. What is older than this moment is not news to the subscription. An
    /// equal subscription is not made twice. An address that had unsubscribed, or was never
    /// confirmed, begins anew: with this subscription alone. What somebody asks for themselves waits
    /// to be confirmed, and changes nothing where the address is subscribed already.
    pub async fn subscribe(
        &self,
        request: NewSubscription,
        now: Timestamp,
    ) -> Result<Subscriber, StoreError> {
        self.subscribe_all(vec![request], now)
            .await
            .and_then(|mut made| made.pop().ok_or(StoreError::Ended))
    }

    /// The same for many at once, in one transaction.
    pub async fn subscribe_all(
        &self,
        requests: Vec<NewSubscription>,
        now: Timestamp,
    ) -> Result<Vec<Subscriber>, StoreError> {
        self.write(move |transaction| {
            requests
                .into_iter()
                .map(|request| subscribe(transaction, request, now))
                .collect()
        })
        .await
    }

    /// A subscriber by address.
    pub async fn subscriber(&self, address: &Address) -> Result<Option<Subscriber>, StoreError> {
        by_address(self.reader(), address)
    }

    /// A subscriber by the store's short name.
    pub async fn subscriber_by_key(
        &self,
        key: SubscriberKey,
    ) -> Result<Option<Subscriber>, StoreError> {
        load(self.reader(), &keys::subscriber(key))
    }

    /// Subscribers after `after`, in the order in which they came, at most `most`.
    pub async fn subscribers(
        &self,
        after: SubscriberKey,
        most: usize,
    ) -> Result<Vec<Subscriber>, StoreError> {
        use super::record::Record;
        let span = keys::subscribers()
            .prefix()
            .from(keys::subscriber(after).next());
        let mut page = Vec::new();
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |_, value| {
                page.push(Subscriber::decode(value)?);
                Ok(if page.len() < most { Go::On } else { Go::Stop })
            })?;
        Ok(page)
    }

    /// From this instant nothing more goes to the subscriber. `None`: there is no such one.
    pub async fn unsubscribe(
        &self,
        key: SubscriberKey,
        now: Timestamp,
    ) -> Result<Option<Subscriber>, StoreError> {
        self.change(key, now, move |subscriber, _| {
            if subscriber.is_subscribed() {
                subscriber.status = SubscriberStatus::Unsubscribed(now);
            }
        })
        .await
    }

    /// May mail go to the subscriber at this moment? Asked right before MAIL FROM, so it answers
    /// at once and without waiting; trouble with the store means no, for what becomes of the mail
    /// could not be written down.
    pub fn may_write(&self, key: SubscriberKey) -> bool {
        !self.inner.writer.has_ended()
            && load::<Subscriber>(self.reader(), &keys::subscriber(key))
                .is_ok_and(|subscriber| subscriber.is_some_and(|s| s.is_active()))
    }
}

pub(super) fn by_address(
    reader: &impl Read,
    address: &Address,
) -> Result<Option<Subscriber>, StoreError> {
    match load::<Number>(reader, &keys::address(&address.key()))? {
        Some(Number(key)) => load(reader, &keys::subscriber(SubscriberKey(key))),
        None => Ok(None),
    }
}

/// Subscribes within a transaction. Refuses an address that is on the suppression list.
pub(super) fn subscribe(
    transaction: &mut Transaction<'_>,
    request: NewSubscription,
    now: Timestamp,
) -> Result<Subscriber, StoreError> {
    if is_suppressed(transaction, &request.address)? {
        return Err(StoreError::Suppressed(request.address));
    }
    let Meta {
        sequence: head,
        run,
        ..
    } = meta(transaction)?;
    let is_to_be_confirmed = request.basis == Basis::Request;
    let mut subscriber = match by_address(transaction, &request.address)? {
        Some(known) if known.is_vouched_for() => {
            if is_to_be_confirmed {
                // Nobody changes what another asked for by knowing their address.
                return Ok(known);
            }
            known
        }
        Some(known) if known.is_subscribed() && is_to_be_confirmed => known,
        former => begin(transaction, former, &request, now)?,
    };
    let wish = Wish {
        filter: request.filter,
        cadence: request.cadence,
    };
    if subscriber.is_active() {
        mark_of(transaction, &wish.cadence, head, now)?;
    }
    if !subscriber.subscriptions.iter().any(|one| one.is(&wish)) {
        let subscription = Subscription::new(wish, head);
        subscriber.subscriptions.push(subscription);
        subscriber.changed = run;
    }
    if subscriber.is_active() {
        for key in postings(&subscriber) {
            note(transaction, key);
        }
    }
    save(transaction, keys::subscriber(subscriber.key), &subscriber)?;
    Ok(subscriber)
}

/// Somebody new, or who left and begins anew, with no subscription yet.
fn begin(
    transaction: &mut Transaction<'_>,
    former: Option<Subscriber>,
    request: &NewSubscription,
    now: Timestamp,
) -> Result<Subscriber, StoreError> {
    let mut meta = meta(transaction)?;
    let key = match former {
        Some(former) => {
            // What was planned before is over, also for who thinks better of leaving.
            suppress_pending(transaction, former.key, now)?;
            former.key
        }
        None => {
            meta.subscriber += 1;
            SubscriberKey(meta.subscriber)
        }
    };
    let address = keys::address(&request.address.key());
    save(transaction, address, &Number(key.0))?;
    let status = match request.basis {
        Basis::Request => SubscriberStatus::Unconfirmed,
        Basis::Administrator | Basis::Import => SubscriberStatus::Active,
    };
    meta.totals.subscribers += u64::from(status == SubscriberStatus::Active);
    save(transaction, keys::meta(), &meta)?;
    Ok(Subscriber {
        key,
        address: request.address.clone(),
        language: request.language.clone(),
        timezone: request.timezone.clone(),
        consent: Consent {
            at: now,
            basis: request.basis,
        },
        status,
        subscriptions: Vec::new(),
        changed: meta.run,
    })
}
