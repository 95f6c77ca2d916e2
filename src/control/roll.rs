//! Subscribers by the thousand, in pages: what an import brings, and what an export takes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::execute::cadence;
use super::{Desk, Refusal, tags};
use crate::domain::roll::Row;
use crate::domain::{
    Basis, Enrolled, Enrolment, Filter, NewSubscription, Subscriber, SubscriberKey, TagId,
};

/// The most tags in one row: more than anybody chooses, and what a subscriber's row can hold.
const TAGS_MOST: usize = 100;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was understood.
    Enrolled(Enrolled),
    /// It can't be carried out, in these words.
    Refused(String),
}

/// What became of a page of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// In the order of the rows.
    pub outcomes: Vec<Outcome>,
    /// Tags that rows name and no publication has, and how many rows do.
    pub unused: BTreeMap<String, u64>,
}

/// A page of the roll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// A row for each subscription of those who may be written to.
    pub rows: Vec<Row>,
    /// How many subscribers of this page may not be, and have no row.
    pub left_out: u64,
    /// What to ask for next; `None`: this was the last page.
    pub next: Option<u64>,
}

/// Subscribes a page of rows; with `dry_run` only says what would become of them.
pub(super) async fn import(
    desk: &Desk,
    rows: Vec<Row>,
    dry_run: bool,
    now: Timestamp,
) -> Result<Imported, Refusal> {
    let mut reading = Reading::of(desk).await?;
    let (mut outcomes, mut enrolments) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        // What is enrolled gets its outcome below.
        outcomes.push(match reading.enrolment(row, now).await {
            Ok(enrolment) => {
                enrolments.push(enrolment);
                None
            }
            Err(Refusal(why)) => Some(Outcome::Refused(why)),
        });
    }
    let enrolled = if dry_run {
        desk.store.would_enrol(enrolments, now).await?
    } else {
        desk.store.enrol(enrolments, now).await?
    };
    let mut enrolled = enrolled.into_iter().map(Outcome::Enrolled);
    let outcomes = outcomes
        .into_iter()
        .filter_map(|refused| refused.or_else(|| enrolled.next()));
    Ok(Imported {
        outcomes: outcomes.collect(),
        unused: reading.unused,
    })
}

/// Makes enrolments of rows. What many rows say is looked up once.
struct Reading<'d> {
    desk: &'d Desk,
    /// The tags that publications have.
    used: BTreeSet<TagId>,
    tags: HashMap<String, Result<TagId, Refusal>>,
    zones: HashMap<String, bool>,
    unused: BTreeMap<String, u64>,
}

impl Reading<'_> {
    async fn of(desk: &Desk) -> Result<Reading<'_>, Refusal> {
        let used = desk.store.tags().await?.into_iter();
        Ok(Reading {
            desk,
            used: used
                .filter(|(_, view)| view.publications > 0)
                .map(|(id, _)| id)
                .collect(),
            tags: HashMap::new(),
            zones: HashMap::new(),
            unused: BTreeMap::new(),
        })
    }

    async fn enrolment(&mut self, row: Row, now: Timestamp) -> Result<Enrolment, Refusal> {
        if row.any.len() + row.all.len() + row.none.len() > TAGS_MOST {
            return Err(Refusal(format!("it has more than {TAGS_MOST} tags")));
        }
        let since = row.confirmed_at.unwrap_or(now);
        if since > now {
            return Err(Refusal("`confirmed_at` is in the future".to_owned()));
        }
        let site = &self.desk.config.site;
        let timezone = row.timezone.unwrap_or_else(|| site.timezone.clone());
        self.know_zone(&timezone)?;
        let cadence = cadence(self.desk, row.schedule, &timezone)?;
        let filter = Filter {
            any: self.tags(&row.any).await?,
            all: self.tags(&row.all).await?,
            none: self.tags(&row.none).await?,
            languages: row.languages,
        };
        let tags: BTreeSet<&TagId> = [&filter.any, &filter.all, &filter.none]
            .into_iter()
            .flatten()
            .collect();
        for tag in tags {
            if !self.used.contains(tag) {
                *self.unused.entry(tag.to_string()).or_default() += 1;
            }
        }
        Ok(Enrolment {
            subscription: NewSubscription {
                address: row.address,
                language: row.language.unwrap_or_else(|| site.language.clone()),
                timezone,
                basis: Basis::Import,
                filter,
                cadence,
            },
            since,
        })
    }

    fn know_zone(&mut self, name: &str) -> Result<(), Refusal> {
        let known = match self.zones.get(name) {
            Some(known) => *known,
            None => {
                let known = TimeZone::get(name).is_ok();
                self.zones.insert(name.to_owned(), known);
                known
            }
        };
        let shown: String = name.chars().take(40).collect();
        let refusal = || Refusal(format!("`{shown}` is not a time zone; write an IANA name"));
        known.then_some(()).ok_or_else(refusal)
    }

    async fn tags(&mut self, names: &[String]) -> Result<BTreeSet<TagId>, Refusal> {
        let mut tags = BTreeSet::new();
        for name in names {
            let tag = match self.tags.get(name) {
                Some(tag) => tag.clone(),
                None => {
                    let tag = tags::named(self.desk, name).await;
                    self.tags.insert(name.clone(), tag.clone());
                    tag
                }
            };
            tags.insert(tag?);
        }
        Ok(tags)
    }
}

/// The rows of up to `most` subscribers after one.
pub(super) async fn export(desk: &Desk, after: u64, most: usize) -> Result<Exported, Refusal> {
    let page = desk.store.subscribers(SubscriberKey(after), most).await?;
    let next = page.last().filter(|_| page.len() >= most);
    Ok(Exported {
        next: next.map(|last| last.key.0),
        left_out: page.iter().filter(|s| !s.is_active()).count() as u64,
        rows: page
            .iter()
            .filter(|s| s.is_active())
            .flat_map(rows)
            .collect(),
    })
}

fn rows(subscriber: &Subscriber) -> impl Iterator<Item = Row> {
    let names = |tags: &BTreeSet<TagId>| tags.iter().map(TagId::to_string).collect();
    subscriber
        .subscriptions
        .iter()
        .map(move |subscription| Row {
            address: subscriber.address.clone(),
            any: names(&subscription.filter.any),
            all: names(&subscription.filter.all),
            none: names(&subscription.filter.none),
            languages: subscription.filter.languages.clone(),
            schedule: Some(subscription.cadence.schedule.clone()),
            language: Some(subscriber.language.clone()),
            timezone: Some(subscriber.timezone.clone()),
            confirmed_at: Some(subscriber.consent.at),
        })
}
