//! `wici subscribers list`: some of the subscribers, or how many they are.

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use crate::cli::access::{Access, unexpected};
use crate::cli::{Failure, output};
use crate::control::people::{Standing, Which};
use crate::control::report::{SubscriberSummary, SubscriptionSummary};
use crate::control::{Request, Response};
use crate::domain::SubscriberStatus;

/// Asked for at a time.
const PAGE: usize = 1_000;
/// Shown where nobody said how many.
const SHOWN: usize = 1_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// Only who asked for publications with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only who is mailed by this schedule
    #[arg(long, value_name = "NAME")]
    schedule: Option<String>,
    /// Only who stands like this
    #[arg(long)]
    status: Option<Status>,
    /// Only addresses with this in them
    #[arg(long, value_name = "TEXT")]
    matching: Option<String>,
    /// At most so many [default: 1000 in a table, all of them in JSON]
    #[arg(long, value_name = "NUMBER")]
    most: Option<usize>,
    /// Only how many there are
    #[arg(long)]
    count: bool,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Active,
    Unsubscribed,
    Unconfirmed,
    Paused,
    Suppressed,
}

impl From<Status> for Standing {
    fn from(status: Status) -> Standing {
        match status {
            Status::Active => Standing::Active,
            Status::Unsubscribed => Standing::Unsubscribed,
            Status::Unconfirmed => Standing::Unconfirmed,
            Status::Paused => Standing::Paused,
            Status::Suppressed => Standing::Suppressed,
        }
    }
}

pub(super) async fn list(access: &Access, command: List) -> Result<(), Failure> {
    if command.count {
        return count(access, &command).await;
    }
    if command.json {
        return json(access, &command).await;
    }
    let most = command.most.unwrap_or(SHOWN);
    let mut shown: Vec<SubscriberSummary> = Vec::new();
    let mut pages = Pages::of(access, &command);
    // One more says that there are more.
    while shown.len() <= most {
        let Some(page) = pages.next().await? else {
            break;
        };
        shown.extend(page);
    }
    let is_more = shown.len() > most;
    shown.truncate(most);
    if shown.is_empty() && !is_more {
        return output::say(if pages.is_narrowed {
            "Nobody like this is subscribed."
        } else {
            "Nobody is subscribed yet."
        });
    }
    print(&shown, &access.config.site.zone)?;
    if is_more {
        output::remark(&format!(
            "There are more than these {most}: `--count` says how many, `--most` shows more."
        ));
    }
    Ok(())
}

async fn count(access: &Access, command: &List) -> Result<(), Failure> {
    let mut pages = Pages::of(access, command);
    let mut count = 0;
    while let Some(page) = pages.next().await? {
        count += page.len();
    }
    output::say(&count.to_string())
}

/// One array, written as it comes.
async fn json(access: &Access, command: &List) -> Result<(), Failure> {
    let mut pages = Pages::of(access, command);
    let mut left = command.most.unwrap_or(usize::MAX);
    let mut before = "[\n";
    while left > 0
        && let Some(page) = pages.next().await?
    {
        for subscriber in page.iter().take(left) {
            output::write(&format!("{before}{}", serde_json::to_string(subscriber)?))?;
            before = ",\n";
        }
        left = left.saturating_sub(page.len());
    }
    output::say(if before == "[\n" { "[]" } else { "\n]" })
}

struct Pages<'a> {
    access: &'a Access,
    which: Which,
    is_narrowed: bool,
    after: Option<u64>,
}

impl<'a> Pages<'a> {
    fn of(access: &'a Access, command: &List) -> Pages<'a> {
        let which = Which {
            tag: command.tag.clone(),
            schedule: command.schedule.clone(),
            status: command.status.map(Standing::from),
            matching: command.matching.clone(),
        };
        Pages {
            access,
            is_narrowed: which != Which::default(),
            which,
            after: Some(0),
        }
    }

    /// Some more, if only none of those that were looked at.
    async fn next(&mut self) -> Result<Option<Vec<SubscriberSummary>>, Failure> {
        let Some(after) = self.after else {
            return Ok(None);
        };
        let request = Request::ListSubscribers {
            after,
            most: PAGE,
            which: self.which.clone(),
        };
        let Response::Subscribers(page) = self.access.ask(&request).await? else {
            return Err(unexpected());
        };
        self.after = page.next;
        Ok(Some(page.subscribers))
    }
}

/// A table of subscribers.
pub(super) fn print(subscribers: &[SubscriberSummary], zone: &TimeZone) -> Result<(), Failure> {
    let rows = subscribers.iter().map(|subscriber| {
        let status = match &subscriber.status {
            SubscriberStatus::Active => "active".to_owned(),
            SubscriberStatus::Unsubscribed(at) => {
                format!("unsubscribed {}", output::instant(*at, zone))
            }
            SubscriberStatus::Unconfirmed => "not confirmed".to_owned(),
            SubscriberStatus::Paused(at) => format!("paused {}", output::instant(*at, zone)),
            SubscriberStatus::Suppressed(at) => {
                format!("suppressed {}", output::instant(*at, zone))
            }
        };
        let asked: Vec<String> = subscriber.subscriptions.iter().map(words).collect();
        [
            subscriber.address.clone(),
            status,
            subscriber.language.clone(),
            asked.join("\n"),
        ]
    });
    output::table(
        ["address", "status", "language", "subscriptions"],
        rows.collect(),
    )
}

/// `daily: any of prawo, pomoc; in pl`
pub(super) fn words(subscription: &SubscriptionSummary) -> String {
    let mut words = Vec::new();
    for (name, tags) in [
        ("any of", &subscription.any),
        ("all of", &subscription.all),
        ("none of", &subscription.none),
        ("in", &subscription.languages),
    ] {
        if !tags.is_empty() {
            words.push(format!("{name} {}", tags.join(", ")));
        }
    }
    if words.is_empty() {
        words.push("everything".to_owned());
    }
    let zone = subscription.zone.as_ref();
    let zone = zone.map_or(String::new(), |zone| format!(" ({zone})"));
    format!("{}{zone}: {}", subscription.schedule, words.join("; "))
}
