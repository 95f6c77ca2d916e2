//! Subscribers and their subscriptions.

use jiff::Timestamp;

use crate::domain::{
    Address, Consent, NewSubscription, Subscriber, SubscriberKey, SubscriberStatus, Subscription,
};

use super::deliveries::suppress_pending;
use super::engine::{Go, Order, Read, Transaction};
use super::rows::Number;
use super::runs::mark_of;
use super::suppression::is_suppressed;
use super::{Store, StoreError, forget, keys, load, meta, note, save};

impl Store {
    /// Subscribes an address that has consented. What is older than this moment is not news to the
    /// subscription. An equal subscription is not made twice. An address that had unsubscribed
    /// begins anew: with this subscription alone.
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
        self.write(move |transaction| {
            let Some(mut subscriber) = load::<Subscriber>(transaction, &keys::subscriber(key))?
            else {
                return Ok(None);
            };
            if subscriber.is_active() {
                unpost(transaction, &subscriber);
                subscriber.status = SubscriberStatus::Unsubscribed(now);
                save(transaction, keys::subscriber(key), &subscriber)?;
                count_active(transaction, -1)?;
            } else if let SubscriberStatus::Suppressed(_) = subscriber.status {
                // Should the address leave the suppression list, they are not written to all the same.
                subscriber.status = SubscriberStatus::Unsubscribed(now);
                save(transaction, keys::subscriber(key), &subscriber)?;
            }
            Ok(Some(subscriber))
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

/// Refuses an address that is on the suppression list.
pub(super) fn subscribe(
    transaction: &mut Transaction<'_>,
    request: NewSubscription,
    now: Timestamp,
) -> Result<Subscriber, StoreError> {
    if is_suppressed(transaction, &request.address)? {
        return Err(StoreError::Suppressed(request.address));
    }
    let mut meta = meta(transaction)?;
    let subscription = Subscription {
        filter: request.filter,
        cadence: request.cadence,
        cursor: meta.sequence,
    };
    let known = by_address(transaction, &request.address)?;
    let was_active = known.as_ref().is_some_and(Subscriber::is_active);
    let mut subscriber = match known {
        Some(subscriber) if was_active => subscriber,
        former => {
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
            Subscriber {
                key,
                address: request.address,
                language: request.language,
                timezone: request.timezone,
                consent: Consent {
                    at: now,
                    basis: request.basis,
                },
                status: SubscriberStatus::Active,
                subscriptions: Vec::new(),
            }
        }
    };
    let is_same = |other: &Subscription| {
        other.filter == subscription.filter && other.cadence == subscription.cadence
    };
    mark_of(transaction, &subscription.cadence, now)?;
    if !subscriber.subscriptions.iter().any(is_same) {
        subscriber.subscriptions.push(subscription);
    }
    for key in postings(&subscriber) {
        note(transaction, key);
    }
    let number = Number(subscriber.key.0);
    save(
        transaction,
        keys::address(&subscriber.address.key()),
        &number,
    )?;
    save(transaction, keys::subscriber(subscriber.key), &subscriber)?;
    if !was_active {
        meta.totals.subscribers += 1;
        save(transaction, keys::meta(), &meta)?;
    }
    Ok(subscriber)
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

pub(super) fn unpost(transaction: &mut Transaction<'_>, subscriber: &Subscriber) {
    for key in postings(subscriber) {
        forget(transaction, key);
    }
}

pub(super) fn count_active(transaction: &mut Transaction<'_>, by: i64) -> Result<(), StoreError> {
    let mut meta = meta(transaction)?;
    meta.totals.subscribers = meta.totals.subscribers.saturating_add_signed(by);
    save(transaction, keys::meta(), &meta)
}
