//! What the answers say. The field names are what `--json` prints.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::schedules::ScheduleStatus;
use crate::domain::{
    Cadence, Counts, Decision, Delivery, DeliveryState, Distrust, Filter, Hold, HoldKind, Problem,
    Run, Subscriber, SubscriberStatus,
};

/// How are things?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// Does a daemon answer?
    pub running: bool,
    /// Sources, in the order of the configuration.
    pub sources: Vec<SourceStatus>,
    /// Publications by standing.
    pub publications: Publications,
    /// Subscribers that may be written to.
    pub subscribers: u64,
    /// Tags with the number of publications that have them.
    pub tags: Vec<TagStatus>,
    /// Schedules, `immediate` last.
    pub schedules: Vec<ScheduleStatus>,
    /// Deliveries that are not settled.
    pub queue: u64,
    /// Who is pushed to.
    #[serde(default)]
    pub websub: WebSubStatus,
    /// The latest runs, newest first.
    pub runs: Vec<RunSummary>,
    /// What waits for a person.
    pub holds: Vec<HoldSummary>,
    /// What is wrong.
    pub problems: Vec<Trouble>,
}

/// Who is pushed to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSubStatus {
    /// The address of the hub; `None`: there is none.
    pub hub: Option<String>,
    /// By whom pushes were asked for, of this daemon's own hub.
    pub subscriptions: u64,
    /// Feeds whose last change is on its way to them.
    pub on_the_way: u64,
    /// Pushes that failed and are tried again.
    pub retries: u64,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldSummary {
    /// Its number.
    pub hold: u64,
    /// What is held.
    pub kind: Held,
    /// Of withdrawals, and of what is gone: the source's name.
    pub source: Option<String>,
    /// Of the store: why it is not to be believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distrust: Option<Distrust>,
    /// Since when.
    pub opened: Timestamp,
    /// When the last publication joined it, or its list last changed.
    pub renewed: Timestamp,
    /// How many publications wait.
    pub publications: u64,
    /// What was said of it, once that is being carried out.
    pub decision: Option<Decision>,
    /// Some of the publications: titles, or paths of files that are missing.
    pub examples: Vec<String>,
}

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// News that is in the feeds and not mailed.
    Releases,
    /// Publications that are not withdrawn though their files are gone.
    Withdrawals,
    /// The store itself: nothing is mailed.
    Store,
    /// Publications that are not withdrawn though their source is no longer configured.
    Gone,
}

impl HoldSummary {
    /// A hold with some of its publications.
    pub fn new(hold: Hold, examples: Vec<String>) -> HoldSummary {
        let (kind, source, distrust) = match hold.kind {
            HoldKind::Releases => (Held::Releases, None, None),
            HoldKind::Withdrawals { source } => (Held::Withdrawals, Some(source), None),
            HoldKind::Gone { source } => (Held::Gone, Some(source), None),
            HoldKind::Store(distrust) => (Held::Store, None, Some(distrust)),
        };
        HoldSummary {
            hold: hold.key.0,
            kind,
            source,
            distrust,
            opened: hold.opened,
            renewed: hold.renewed,
            publications: hold.publications,
            decision: hold.decision,
            examples,
        }
    }
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// Its name.
    pub name: String,
    /// Files, or entries of a feed, with a publication.
    pub publications: usize,
    /// Of an upstream feed: how it was when last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<UpstreamStatus>,
}

/// An upstream feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamStatus {
    /// As configured.
    pub url: String,
    /// Where it has moved for good.
    pub moved_to: Option<String>,
    /// When a feed was last there.
    pub last_success: Option<Timestamp>,
    /// How often in a row there was none since.
    pub failures: u32,
    /// When it is asked next; `None`: at once.
    pub next: Option<Timestamp>,
}

/// Publications by standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publications {
    /// In the feeds.
    pub live: u64,
    /// Waiting for their date.
    pub scheduled: u64,
    /// No longer in their source.
    pub withdrawn: u64,
    /// No longer of use, as their authors foresaw.
    pub expired: u64,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagStatus {
    /// Its id.
    pub id: String,
    /// What whoever first used it called it.
    pub label: String,
    /// Publications that have it now.
    pub publications: u64,
}

/// A problem and where it was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// A source's name, `feeds` or `mail`.
    pub place: String,
    /// What is wrong.
    #[serde(flatten)]
    pub problem: Problem,
}

/// A subscriber in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriberSummary {
    /// Pass it on as `after` for the next page.
    pub key: u64,
    /// The whole address: whoever asks is an administrator.
    pub address: String,
    /// `active`, or since when not.
    pub status: SubscriberStatus,
    /// Of the mails.
    pub language: String,
    /// IANA name.
    pub timezone: String,
    /// What was asked for.
    pub subscriptions: Vec<SubscriptionSummary>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionSummary {
    /// The schedule's name.
    pub schedule: String,
    /// By whose clock, where the schedule goes by its readers'.
    pub zone: Option<String>,
    /// Tags of which any is enough.
    pub any: Vec<String>,
    /// Tags that are all needed.
    pub all: Vec<String>,
    /// Tags that rule a publication out.
    pub none: Vec<String>,
    /// Languages; empty: every one.
    pub languages: Vec<String>,
}

impl SubscriptionSummary {
    /// What a filter lets through, and when it is mailed.
    pub fn new(cadence: &Cadence, filter: &Filter) -> SubscriptionSummary {
        fn texts<T: ToString>(set: &BTreeSet<T>) -> Vec<String> {
            set.iter().map(T::to_string).collect()
        }
        SubscriptionSummary {
            schedule: cadence.schedule.clone(),
            zone: cadence.zone.clone(),
            any: texts(&filter.any),
            all: texts(&filter.all),
            none: texts(&filter.none),
            languages: texts(&filter.languages),
        }
    }
}

impl From<&Subscriber> for SubscriberSummary {
    fn from(subscriber: &Subscriber) -> SubscriberSummary {
        let subscriptions = subscriber.subscriptions.iter();
        let subscriptions = subscriptions.map(|s| SubscriptionSummary::new(&s.cadence, &s.filter));
        SubscriberSummary {
            key: subscriber.key.0,
            address: subscriber.address.as_str().to_owned(),
            status: subscriber.status.clone(),
            language: subscriber.language.to_string(),
            timezone: subscriber.timezone.clone(),
            subscriptions: subscriptions.collect(),
        }
    }
}

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverySummary {
    /// The run's number.
    pub run: u64,
    /// Whose.
    pub address: Option<String>,
    /// What became of it.
    pub state: DeliveryState,
    /// The server's last answer, where it matters.
    pub reply: Option<String>,
    /// Publications in it.
    pub items: usize,
}

impl DeliverySummary {
    /// A delivery to an address; `None`: it was removed since.
    pub fn new(delivery: Delivery, address: Option<String>) -> DeliverySummary {
        DeliverySummary {
            run: delivery.key.run.0,
            address,
            items: delivery.content.items.len() + delivery.content.beyond as usize,
            state: delivery.state,
            reply: delivery.reply,
        }
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its number.
    pub run: u64,
    /// The schedule's name.
    pub schedule: String,
    /// When its window fell due.
    pub due: Timestamp,
    /// When it was opened.
    pub opened: Timestamp,
    /// When everyone was settled.
    pub closed: Option<Timestamp>,
    /// Is everyone planned?
    pub planned: bool,
    /// Deliveries by state.
    pub counts: Counts,
}

impl From<&Run> for RunSummary {
    fn from(run: &Run) -> RunSummary {
        RunSummary {
            run: run.key.0,
            schedule: run.window.cadence.to_string(),
            due: run.window.due,
            opened: run.opened,
            closed: run.closed,
            planned: run.planned,
            counts: run.counts,
        }
    }
}
