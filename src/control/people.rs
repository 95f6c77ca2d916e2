//! Who is subscribed, who is not to be written to, and who is to be forgotten.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::report::SubscriberSummary;
use super::{Desk, Refusal, Response, schedules, tags};
use crate::domain::{
    Address, Subscriber, SubscriberKey, SubscriberStatus, Suppression, SuppressionReason, TagId,
};

/// Read from the store at a time.
const PAGE: usize = 1_000;
/// Looked at for one answer at the most: then it is given, whatever was found.
const LOOKED_AT: usize = 20_000;

/// Which subscribers are meant; what is not said narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    /// A tag that they asked for, by id, label or alias.
    pub tag: Option<String>,
    /// A schedule that they are mailed by.
    pub schedule: Option<String>,
    /// How they stand.
    pub status: Option<Standing>,
    /// A part of the address.
    pub matching: Option<String>,
}

/// How a subscriber stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// May be written to.
    Active,
    /// Left.
    Unsubscribed,
    /// Never confirmed.
    Unconfirmed,
    /// Asked for silence for a while.
    Paused,
    /// On the suppression list.
    Suppressed,
}

impl Standing {
    fn of(status: &SubscriberStatus) -> Standing {
        match status {
            SubscriberStatus::Active => Standing::Active,
            SubscriberStatus::Unsubscribed(_) => Standing::Unsubscribed,
            SubscriberStatus::Unconfirmed => Standing::Unconfirmed,
            SubscriberStatus::Paused(_) => Standing::Paused,
            SubscriberStatus::Suppressed(_) => Standing::Suppressed,
        }
    }
}

/// A page of subscribers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriberPage {
    /// Those who are meant, in the order in which they came; fewer than asked for, or none, though
    /// there may be more.
    pub subscribers: Vec<SubscriberSummary>,
    /// What to ask for next; `None`: this was the last page.
    pub next: Option<u64>,
}

/// A page of the suppression list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressionPage {
    /// The latest first.
    pub suppressions: Vec<SuppressionSummary>,
    /// What to ask for next; `None`: this was the last page.
    pub next: Option<Vec<u8>>,
}

/// An entry of the suppression list. The field names are what `--json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressionSummary {
    /// Who; `None`: the address is erased, and only a keyed hash of it is kept.
    pub address: Option<String>,
    /// Why.
    pub reason: SuppressionReason,
    /// An administrator's or a server's words.
    pub note: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

impl From<Suppression> for SuppressionSummary {
    fn from(entry: Suppression) -> SuppressionSummary {
        SuppressionSummary {
            address: entry.address.map(String::from),
            reason: entry.reason,
            note: entry.note,
            at: entry.at,
        }
    }
}

/// Subscribers after one, at most `most`.
pub(super) async fn list(
    desk: &Desk,
    after: u64,
    most: usize,
    which: Which,
) -> Result<SubscriberPage, Refusal> {
    let sieve = Sieve::of(desk, which).await?;
    let (mut found, mut after, mut looked_at) = (Vec::new(), SubscriberKey(after), 0);
    while looked_at < LOOKED_AT {
        let page = desk.store.subscribers(after, PAGE).await?;
        let is_last = page.len() < PAGE;
        looked_at += page.len();
        for subscriber in &page {
            after = subscriber.key;
            if sieve.passes(subscriber) {
                found.push(SubscriberSummary::from(subscriber));
                if found.len() >= most {
                    break;
                }
            }
        }
        let is_done = is_last && page.last().is_none_or(|last| last.key == after);
        if is_done || found.len() >= most {
            return Ok(SubscriberPage {
                subscribers: found,
                next: (!is_done).then_some(after.0),
            });
        }
    }
    Ok(SubscriberPage {
        subscribers: found,
        next: Some(after.0),
    })
}

/// [`Which`], looked up once.
struct Sieve {
    tag: Option<TagId>,
    /// All names of the schedule: until a daemon ran, subscriptions know it by a former one.
    schedule: Option<Vec<String>>,
    status: Option<Standing>,
    matching: Option<String>,
}

impl Sieve {
    async fn of(desk: &Desk, which: Which) -> Result<Sieve, Refusal> {
        let tag = match which.tag {
            Some(name) => Some(tags::named(desk, &name).await?),
            None => None,
        };
        Ok(Sieve {
            tag,
            schedule: which
                .schedule
                .map(|name| schedules::called(desk, name))
                .transpose()?,
            status: which.status,
            matching: which.matching.map(|part| part.to_lowercase()),
        })
    }

    fn passes(&self, subscriber: &Subscriber) -> bool {
        let has_status = |status: Standing| Standing::of(&subscriber.status) == status;
        let subscriptions = || subscriber.subscriptions.iter();
        let has_schedule =
            |names: &Vec<String>| subscriptions().any(|s| names.contains(&s.cadence.schedule));
        let has_tag = |tag: &TagId| {
            subscriptions().any(|s| s.filter.any.contains(tag) || s.filter.all.contains(tag))
        };
        let matches = |part: &String| subscriber.address.key().contains(part);
        self.status.is_none_or(has_status)
            && self.schedule.as_ref().is_none_or(has_schedule)
            && self.tag.as_ref().is_none_or(has_tag)
            && self.matching.as_ref().is_none_or(matches)
    }
}

/// Ends a subscriber's mail, as the link in it does.
pub(super) async fn remove(
    desk: &Desk,
    address: &Address,
    now: Timestamp,
) -> Result<Response, Refusal> {
    match desk.store.subscriber(address).await? {
        Some(subscriber) if subscriber.is_subscribed() => {
            desk.store.unsubscribe(subscriber.key, now).await?;
            Ok(Response::Removed)
        }
        _ => Err(super::execute::unknown(address)),
    }
}

/// Puts an address on the suppression list.
pub(super) async fn suppress(
    desk: &Desk,
    address: Address,
    note: Option<String>,
    now: Timestamp,
) -> Result<Response, Refusal> {
    let reason = SuppressionReason::Administrator;
    let is_new = desk.store.suppress(address, reason, note, now).await?;
    Ok(Response::Suppressed { is_new })
}

/// Takes an address from the suppression list.
pub(super) async fn unsuppress(
    desk: &Desk,
    address: Address,
    now: Timestamp,
) -> Result<Response, Refusal> {
    let shown = address.as_str().to_owned();
    if desk.store.unsuppress(address, now).await? {
        Ok(Response::Unsuppressed)
    } else {
        Err(Refusal(format!("{shown} is not on the suppression list")))
    }
}

/// A page of the suppression list.
pub(super) async fn suppressed(
    desk: &Desk,
    after: Option<Vec<u8>>,
    most: usize,
) -> Result<SuppressionPage, Refusal> {
    let (page, next) = desk.store.suppressions(after, most).await?;
    Ok(SuppressionPage {
        suppressions: page.into_iter().map(SuppressionSummary::from).collect(),
        next,
    })
}

/// Erases an address.
pub(super) async fn erase(
    desk: &Desk,
    address: Address,
    for_good: bool,
    now: Timestamp,
) -> Result<Response, Refusal> {
    let unknown = super::execute::unknown(&address);
    let erased = desk.store.erase(address, for_good, now).await?;
    if erased.subscriber || erased.suppressed {
        Ok(Response::Erased {
            suppressed: erased.suppressed,
        })
    } else {
        Err(unknown)
    }
}
