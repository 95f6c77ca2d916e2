//! Many subscribers at once: imports.

use jiff::Timestamp;

use crate::domain::{
    Enrolled, Enrolment, NewSubscription, Subscriber, SubscriberStatus, Subscription, Wish,
};

use super::engine::Transaction;
use super::record::Record;
use super::subscribers::{by_address, subscribe};
use super::suppression::is_suppressed;
use super::{Store, StoreError, keys, meta, save};

impl Store {
    /// Subscribes many, in one transaction, and says what became of each, in their order. Nobody
    /// who left, or who is suppressed, is brought back. Done again, it changes nothing.
    pub async fn enrol(
        &self,
        enrolments: Vec<Enrolment>,
        now: Timestamp,
    ) -> Result<Vec<Enrolled>, StoreError> {
        self.write(move |transaction| enrol_all(transaction, enrolments, now))
            .await
    }

    /// What [`Store::enrol`] would say; nothing is written.
    pub async fn would_enrol(
        &self,
        enrolments: Vec<Enrolment>,
        now: Timestamp,
    ) -> Result<Vec<Enrolled>, StoreError> {
        enrol_all(&mut Transaction::over(self.reader()), enrolments, now)
    }
}

fn enrol_all(
    transaction: &mut Transaction<'_>,
    enrolments: Vec<Enrolment>,
    now: Timestamp,
) -> Result<Vec<Enrolled>, StoreError> {
    enrolments
        .into_iter()
        .map(|enrolment| enrol(transaction, enrolment, now))
        .collect()
}

fn enrol(
    transaction: &mut Transaction<'_>,
    enrolment: Enrolment,
    now: Timestamp,
) -> Result<Enrolled, StoreError> {
    let Enrolment {
        subscription,
        since,
    } = enrolment;
    if is_suppressed(transaction, &subscription.address)? {
        return Ok(Enrolled::Suppressed);
    }
    let known = by_address(transaction, &subscription.address)?;
    // An import vouches for who never confirmed.
    match known.filter(|known| known.status != SubscriberStatus::Unconfirmed) {
        None => {
            let mut subscriber = subscribe(transaction, subscription, now)?;
            subscriber.consent.at = since;
            save(transaction, keys::subscriber(subscriber.key), &subscriber)?;
            Ok(Enrolled::Added)
        }
        Some(known) => extend(transaction, known, subscription, now),
    }
}

fn extend(
    transaction: &mut Transaction<'_>,
    mut known: Subscriber,
    subscription: NewSubscription,
    now: Timestamp,
) -> Result<Enrolled, StoreError> {
    if let SubscriberStatus::Unsubscribed(_) = known.status {
        return Ok(Enrolled::Unsubscribed);
    }
    let wish = Wish {
        filter: subscription.filter.clone(),
        cadence: subscription.cadence.clone(),
    };
    if known.subscriptions.iter().any(|one| one.is(&wish)) {
        return Ok(Enrolled::Already);
    }
    let head = meta(transaction)?.sequence;
    known.subscriptions.push(Subscription::new(wish, head));
    match known.encode() {
        Err(StoreError::TooLarge { .. }) => return Ok(Enrolled::TooMany),
        encoded => encoded?,
    };
    subscribe(transaction, subscription, now)?;
    Ok(Enrolled::Extended)
}
