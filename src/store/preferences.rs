//! What subscribers want to be otherwise: what is mailed to them, when, in which language, and
//! whether at all for now.

use jiff::Timestamp;

use crate::domain::{
    DeliveryState, Preferences, RunKey, Sequence, Subscriber, SubscriberKey, SubscriberStatus,
    Subscription, Wish,
};

use super::cursors::{HalfPlanned, change};
use super::deliveries::content;
use super::engine::Transaction;
use super::{Store, StoreError, forget, keys, load, save, suppression};

impl Store {
    /// Takes over what a subscriber wants to be otherwise. Nothing is mailed twice or missed by it.
    /// A wish for what is not asked for any more changes nothing; who gives up the last subscription
    /// has unsubscribed. `None`: there is no such subscriber.
    pub async fn prefer(
        &self,
        key: SubscriberKey,
        preferences: Preferences,
        now: Timestamp,
    ) -> Result<Option<Subscriber>, StoreError> {
        self.change(key, now, move |subscriber, head| {
            prefer(subscriber, preferences, head);
            if subscriber.subscriptions.is_empty() && subscriber.is_subscribed() {
                subscriber.status = SubscriberStatus::Unsubscribed(now);
            }
        })
        .await
    }

    /// From this instant nothing goes to the subscriber until they resume. What is planned for them
    /// and was not sent is told then, with what came meanwhile. `None`: there is no such one.
    pub async fn pause(
        &self,
        key: SubscriberKey,
        now: Timestamp,
    ) -> Result<Option<Subscriber>, StoreError> {
        self.change(key, now, move |subscriber, _| {
            if subscriber.is_active() {
                subscriber.status = SubscriberStatus::Paused(now);
            }
        })
        .await
    }

    /// Ends a pause: the next window brings what came meanwhile, unless the address has come onto the
    /// suppression list. `None`: there is no such one.
    pub async fn resume(
        &self,
        key: SubscriberKey,
        now: Timestamp,
    ) -> Result<Option<Subscriber>, StoreError> {
        self.write(move |transaction| {
            let Some(former) = load::<Subscriber>(transaction, &keys::subscriber(key))? else {
                return Ok(None);
            };
            let status = match suppression::entry(transaction, &former.address)? {
                Some((_, entry)) => SubscriberStatus::Suppressed(entry.at),
                None => SubscriberStatus::Active,
            };
            let half_planned = HalfPlanned::read(transaction)?;
            change(transaction, &half_planned, key, now, |subscriber, _| {
                if matches!(subscriber.status, SubscriberStatus::Paused(_)) {
                    subscriber.status = status;
                }
            })
        })
        .await
    }

    /// The address is theirs: what is published from now on is news to them. `None`: there is no such
    /// one.
    pub async fn confirm(
        &self,
        key: SubscriberKey,
        now: Timestamp,
    ) -> Result<Option<Subscriber>, StoreError> {
        self.change(key, now, move |subscriber, head| {
            if subscriber.status == SubscriberStatus::Unconfirmed {
                subscriber.status = SubscriberStatus::Active;
                subscriber.consent.at = now;
                for one in &mut subscriber.subscriptions {
                    *one = Subscription::new(one.wish(), head);
                }
            }
        })
        .await
    }

    pub(super) async fn change(
        &self,
        key: SubscriberKey,
        now: Timestamp,
        changed: impl FnOnce(&mut Subscriber, Sequence) + Send + 'static,
    ) -> Result<Option<Subscriber>, StoreError> {
        self.write(move |transaction| {
            let half_planned = HalfPlanned::read(transaction)?;
            change(transaction, &half_planned, key, now, changed)
        })
        .await
    }
}

fn prefer(subscriber: &mut Subscriber, preferences: Preferences, head: Sequence) {
    let Preferences {
        language,
        timezone,
        wishes,
    } = preferences;
    subscriber.language = language.unwrap_or_else(|| subscriber.language.clone());
    subscriber.timezone = timezone.unwrap_or_else(|| subscriber.timezone.clone());
    // All at once, so that two can change places.
    subscriber.subscriptions.retain_mut(|one| {
        let Some((_, wish)) = wishes.iter().find(|(was, _)| one.is(was)) else {
            return true;
        };
        if let Some(Wish { filter, cadence }) = wish.clone() {
            one.refilter(filter, head);
            one.cadence = cadence;
        }
        wish.is_some()
    });
    for one in &mut subscriber.subscriptions {
        if let Some(zone) = &mut one.cadence.zone {
            zone.clone_from(&subscriber.timezone);
        }
    }
}

/// How a delivery ends, or waits, that may not go now. To who has paused, what is in it is owed.
pub(super) fn withhold(
    transaction: &mut Transaction<'_>,
    (run, key): (RunKey, SubscriberKey),
    number: u64,
) -> Result<DeliveryState, StoreError> {
    let Some(mut subscriber) = load::<Subscriber>(transaction, &keys::subscriber(key))? else {
        return Ok(DeliveryState::Suppressed);
    };
    match subscriber.status {
        // They resumed while the letter was on its way back.
        SubscriberStatus::Active => return Ok(DeliveryState::Pending),
        SubscriberStatus::Paused(_) => {}
        SubscriberStatus::Unsubscribed(_)
        | SubscriberStatus::Unconfirmed
        | SubscriberStatus::Suppressed(_) => {
            return Ok(DeliveryState::Suppressed);
        }
    }
    let content = content(transaction, run, number)?;
    for one in &mut subscriber.subscriptions {
        one.owe(content.items.iter().map(|item| item.publication));
    }
    save(transaction, keys::subscriber(key), &subscriber)?;
    forget(transaction, keys::had(key, run));
    Ok(DeliveryState::Suppressed)
}
