//! Subscribers: an address with consent, language and zone, and what it asked for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Address, Cadence, Filter, Language, PublicationKey, RunKey, Sequence, TagId};

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
    /// Somebody asked for it who says that the address is theirs: they have to confirm it.
    Request,
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
    /// Not yet: nobody confirmed that the address is theirs.
    Unconfirmed,
    /// Not now: they asked for silence at that instant.
    Paused(Timestamp),
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
    /// The last run that was opened before anything of this changed.
    pub changed: RunKey,
}

impl Subscriber {
    /// May mail go to this address now?
    pub fn is_active(&self) -> bool {
        self.status == SubscriberStatus::Active
    }

    /// Has the owner of the address consented, and not left?
    pub fn is_vouched_for(&self) -> bool {
        matches!(
            self.status,
            SubscriberStatus::Active | SubscriberStatus::Paused(_)
        )
    }

    /// Does what was asked for stand, whether or not mail may go now?
    pub fn is_subscribed(&self) -> bool {
        !matches!(self.status, SubscriberStatus::Unsubscribed(_))
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
    /// The filters before this one, oldest first, as long as something is undecided from their
    /// times.
    pub former: Vec<FormerFilter>,
    /// What was planned and not sent because of a pause: news whatever the cursor says.
    pub owed: Vec<PublicationKey>,
}

/// A filter that was in force before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerFilter {
    /// What passed.
    pub filter: Filter,
    /// The last number that it was in force at.
    pub until: Sequence,
}

impl Subscription {
    /// The most publications owed; more were hardly read.
    const OWED_MOST: usize = 512;

    /// One that nothing was decided for yet beyond `cursor`.
    pub fn new(wish: Wish, cursor: Sequence) -> Subscription {
        Subscription {
            filter: wish.filter,
            cadence: wish.cadence,
            cursor,
            former: Vec::new(),
            owed: Vec::new(),
        }
    }

    /// Does a publication with these tags count that was news at `number`? It has to pass the
    /// filter in force at its number, and the one in force now.
    pub fn counts<'a>(
        &self,
        number: Sequence,
        tags: impl IntoIterator<Item = &'a TagId> + Clone,
        language: &Language,
    ) -> bool {
        let then = self.former.iter().find(|former| number <= former.until);
        then.is_none_or(|former| former.filter.passes(tags.clone(), language))
            && self.filter.passes(tags, language)
    }

    /// Its filter now, and those before.
    pub fn filters(&self) -> impl Iterator<Item = &Filter> {
        let former = self.former.iter().map(|former| &former.filter);
        [&self.filter].into_iter().chain(former)
    }

    /// The same, to be written otherwise.
    pub fn filters_mut(&mut self) -> impl Iterator<Item = &mut Filter> {
        let former = self.former.iter_mut().map(|former| &mut former.filter);
        [&mut self.filter].into_iter().chain(former)
    }

    /// Takes another filter from the number after `head` on.
    pub fn refilter(&mut self, filter: Filter, head: Sequence) {
        let former = std::mem::replace(&mut self.filter, filter);
        let since = self.former.last().map_or(self.cursor, |last| last.until);
        // One that was in force at no undecided number decides nothing.
        if since < head && former != self.filter {
            self.former.push(FormerFilter {
                filter: former,
                until: head,
            });
        }
    }

    /// Was planned, and could not be sent: it is news again, once.
    pub fn owe(&mut self, publications: impl IntoIterator<Item = PublicationKey>) {
        for key in publications {
            if self.owed.len() < Subscription::OWED_MOST && !self.owed.contains(&key) {
                self.owed.push(key);
            }
        }
    }

    /// What is asked for by it.
    pub fn wish(&self) -> Wish {
        Wish {
            filter: self.filter.clone(),
            cadence: self.cadence.clone(),
        }
    }

    /// Is this the one that is meant?
    pub fn is(&self, wish: &Wish) -> bool {
        self.filter == wish.filter && self.cadence == wish.cadence
    }
}

/// What is asked for, and when it is to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// What passes.
    pub filter: Filter,
    /// When it is mailed.
    pub cadence: Cadence,
}

/// What a subscriber wants to be otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Another language.
    pub language: Option<Language>,
    /// They live elsewhere: an IANA name.
    pub timezone: Option<String>,
    /// From a subscription as it stands to what it is to be; `None`: it is given up.
    pub wishes: Vec<(Wish, Option<Wish>)>,
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
