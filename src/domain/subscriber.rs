//! Subscribers: an address with consent, language and zone, and what it asked for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Address, Cadence, Filter, Language, Sequence};

/// The store's short name for a subscriber. Numbers are never used twice: an address that was
/// removed and comes again is somebody new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SubscriberKey(pub u64);

/// On what ground we may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// An administrator vouches for it.
    Administrator,
    /// So does who imported a list.
    Import,
}

/// Since when, and on what ground, we may write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Since when.
    pub at: Timestamp,
    /// On what ground.
    pub basis: Basis,
}

/// May we write?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubscriberStatus {
    /// Yes.
    Active,
    /// No: unsubscribed at that instant.
    Unsubscribed(Timestamp),
    /// No: on the suppression list since that instant.
    Suppressed(Timestamp),
}

/// An address with consent, language and time zone, and its subscriptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// The store's short name.
    pub key: SubscriberKey,
    /// Where to write.
    pub address: Address,
    /// The language of the mails.
    pub language: Language,
    /// IANA name.
    pub timezone: String,
    /// The ground for writing.
    pub consent: Consent,
    /// May we write?
    pub status: SubscriberStatus,
    /// What was asked for, in the order of asking.
    pub subscriptions: Vec<Subscription>,
}

impl Subscriber {
    /// May mail go to this address now?
    pub fn is_active(&self) -> bool {
        self.status == SubscriberStatus::Active
    }
}

/// A filter and a schedule, and how far everything is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// What passes.
    pub filter: Filter,
    /// When it is mailed.
    pub cadence: Cadence,
    /// Everything up to this number is decided; the cadence's mark may be further.
    pub cursor: Sequence,
}

/// A request to subscribe an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSubscription {
    /// Where to write.
    pub address: Address,
    /// The language of the mails.
    pub language: Language,
    /// IANA name.
    pub timezone: String,
    /// On what ground.
    pub basis: Basis,
    /// What passes.
    pub filter: Filter,
    /// When it is mailed.
    pub cadence: Cadence,
}
