//! The suppression list: who is not to be written to, whoever asks for it. An entry is found by a
//! keyed hash of its address, so that an erased address can stay on it without being readable.

use jiff::Timestamp;

use crate::domain::{
    Address, Subscriber, SubscriberStatus, Subscription, Suppression, SuppressionReason,
};

use super::cursors::{HalfPlanned, change};
use super::deliveries::suppress_pending;
use super::engine::{Go, Order, Read, Transaction};
use super::rows::Secret;
use super::subscribers::by_address;
use super::{Store, StoreError, forget, keys, load, load_required, meta, note, save};

/// What an address is known by.
pub(super) type Digest = [u8; 16];

/// Separates this use of the store's randomness from every other.
const CONTEXT: &str = "wici 2026-11-24 suppression list";

/// The most bytes kept of a note.
const NOTE_MOST: usize = 400;

impl Store {
    /// From this instant nothing more goes to the address, whether or not it is subscribed, and
    /// nobody can subscribe it. One that is on the list already stays there as it is. Says whether
    /// it was not.
    pub async fn suppress(
        &self,
        address: Address,
        reason: SuppressionReason,
        note: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let note = note.map(|mut note| {
            note.truncate(note.floor_char_boundary(NOTE_MOST));
            note
        });
        self.write(move |transaction| {
            if is_suppressed(transaction, &address)? {
                return Ok(false);
            }
            silence(transaction, &address, now)?;
            let entry = Suppression {
                address: Some(address.clone()),
                reason,
                note,
                at: now,
            };
            keep(transaction, &address, &entry)?;
            Ok(true)
        })
        .await
    }

    /// Takes an address from the list. A subscriber who was active before is so again; what was
    /// published meanwhile is not news to them. Says whether it was on the list.
    pub async fn unsuppress(&self, address: Address, now: Timestamp) -> Result<bool, StoreError> {
        self.write(move |transaction| {
            let Some((digest, entry)) = entry(transaction, &address)? else {
                return Ok(false);
            };
            forget(transaction, keys::suppression(&digest));
            forget(transaction, keys::suppressed_at(entry.at, &digest));
            if let Some(subscriber) = by_address(transaction, &address)? {
                revive(transaction, &subscriber, now)?;
            }
            Ok(true)
        })
        .await
    }

    /// The entry of an address.
    pub async fn suppression(&self, address: &Address) -> Result<Option<Suppression>, StoreError> {
        Ok(entry(self.reader(), address)?.map(|(_, entry)| entry))
    }

    /// Entries, the latest first, at most `most`, after those of the pages before: `after` is what
    /// the last page ended with. Together with what to ask for next.
    pub async fn suppressions(
        &self,
        after: Option<Vec<u8>>,
        most: usize,
    ) -> Result<(Vec<Suppression>, Option<Vec<u8>>), StoreError> {
        let mut span = keys::suppressions().prefix();
        if let Some(after) = after {
            span = span.before(&after);
        }
        let (mut page, mut last) = (Vec::new(), None);
        let reader = self.reader();
        reader.scan(span.range(), Order::Descending, &mut |key, _| {
            page.push(load_required(
                reader,
                &keys::suppression(&keys::digest_in(key)),
            )?);
            if page.len() < most {
                return Ok(Go::On);
            }
            last = Some(key.to_vec());
            Ok(Go::Stop)
        })?;
        Ok((page, last))
    }
}

/// Is the address on the list?
pub(super) fn is_suppressed(reader: &impl Read, address: &Address) -> Result<bool, StoreError> {
    Ok(entry(reader, address)?.is_some())
}

/// The address's entry, and where it lies.
pub(super) fn entry(
    reader: &impl Read,
    address: &Address,
) -> Result<Option<(Digest, Suppression)>, StoreError> {
    // Without a secret nobody was ever suppressed.
    let Some(secret) = load::<Secret>(reader, &keys::suppression_secret())? else {
        return Ok(None);
    };
    let digest = digest(&secret, address);
    let entry = load(reader, &keys::suppression(&digest))?;
    Ok(entry.map(|entry| (digest, entry)))
}

/// Writes an entry.
pub(super) fn keep(
    transaction: &mut Transaction<'_>,
    address: &Address,
    entry: &Suppression,
) -> Result<(), StoreError> {
    let key = keys::suppression_secret();
    let secret = match load::<Secret>(transaction, &key)? {
        Some(secret) => secret,
        None => {
            // Its own from now on, whatever becomes of the store's name.
            let secret = Secret(blake3::derive_key(CONTEXT, &meta(transaction)?.id));
            save(transaction, key, &secret)?;
            secret
        }
    };
    let digest = digest(&secret, address);
    save(transaction, keys::suppression(&digest), entry)?;
    note(transaction, keys::suppressed_at(entry.at, &digest));
    Ok(())
}

fn digest(secret: &Secret, address: &Address) -> Digest {
    let hash = blake3::keyed_hash(&secret.0, address.key().as_bytes());
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// Nothing more goes to a subscriber, until the entry is taken from the list. Who has paused stays so:
/// it is seen to when they resume. Who never confirmed has to ask again.
fn silence(
    transaction: &mut Transaction<'_>,
    address: &Address,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(subscriber) = by_address(transaction, address)? else {
        return Ok(());
    };
    let half_planned = HalfPlanned::read(transaction)?;
    change(
        transaction,
        &half_planned,
        subscriber.key,
        now,
        |subscriber, _| {
            if subscriber.is_active() {
                subscriber.status = SubscriberStatus::Suppressed(now);
            } else if subscriber.status == SubscriberStatus::Unconfirmed {
                subscriber.status = SubscriberStatus::Unsubscribed(now);
            }
        },
    )?;
    Ok(())
}

fn revive(
    transaction: &mut Transaction<'_>,
    subscriber: &Subscriber,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !matches!(subscriber.status, SubscriberStatus::Suppressed(_)) {
        return Ok(());
    }
    // What was planned before is over.
    suppress_pending(transaction, subscriber.key, now)?;
    let half_planned = HalfPlanned::read(transaction)?;
    change(
        transaction,
        &half_planned,
        subscriber.key,
        now,
        |subscriber, head| {
            subscriber.status = SubscriberStatus::Active;
            for one in &mut subscriber.subscriptions {
                *one = Subscription::new(one.wish(), head);
            }
        },
    )?;
    Ok(())
}
