//! A letter as it would go out now, or why there is none.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::execute::{cadence, unknown};
use super::{Desk, Refusal};
use crate::compose::Composer;
use crate::domain::delivery::ClaimContent;
use crate::domain::{
    Address, Basis, Cadence, Claim, Consent, DeliveryKey, Filter, RunKey, Sequence, Subscriber,
    SubscriberKey, SubscriberStatus, Subscription, Wish,
};

/// Nobody: as far as a link in a letter is concerned.
const NOBODY: SubscriberKey = SubscriberKey(u64::MAX - 1);

/// What would go out now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The schedule's name.
    pub schedule: String,
    /// To whom; `None`: to a subscriber of everything, in the site's language.
    pub to: Option<String>,
    /// The message (RFC 5322), or why there is none.
    pub letter: Result<String, Nothing>,
}

/// Why there is no letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nothing {
    /// Nothing is new since then.
    New {
        /// When the last window was.
        since: Timestamp,
    },
    /// Something is, and nothing of it for this subscriber.
    ForThem {
        /// When the last window was.
        since: Timestamp,
        /// How many publications are new.
        new: usize,
    },
    /// They are not written to.
    NotWritten(SubscriberStatus),
}

/// What would go out now, by a schedule (else theirs, or the first one), to a subscriber or to
/// whoever asked for everything.
pub(super) async fn preview(
    desk: &Desk,
    schedule: Option<String>,
    to: Option<Address>,
    now: Timestamp,
) -> Result<Preview, Refusal> {
    let (subscriber, cadence) = match &to {
        Some(address) => subscribed(desk, address, schedule).await?,
        None => anybody(desk, schedule, now)?,
    };
    let letter = match nothing(desk, &subscriber, &cadence, now).await? {
        Err(why) => Err(why),
        Ok(content) => {
            let composer = (desk.composing)()?;
            let claim = claim(subscriber, content, &cadence, now);
            Ok(compose(&composer, &claim)?)
        }
    };
    Ok(Preview {
        schedule: cadence.schedule,
        to: to.map(|address| address.as_str().to_owned()),
        letter,
    })
}

/// A subscriber, and the cadence of theirs that is meant.
async fn subscribed(
    desk: &Desk,
    address: &Address,
    schedule: Option<String>,
) -> Result<(Subscriber, Cadence), Refusal> {
    let subscriber = desk.store.subscriber(address).await?;
    let subscriber = subscriber.ok_or_else(|| unknown(address))?;
    let wanted = match schedule {
        Some(name) => Some(cadence(desk, Some(name), &subscriber.timezone)?.schedule),
        None => None,
    };
    let mut theirs = subscriber.subscriptions.iter().map(|one| &one.cadence);
    let found = theirs
        .find(|theirs| wanted.as_ref().is_none_or(|name| *name == theirs.schedule))
        .cloned();
    let found = found.ok_or_else(|| {
        let theirs = subscriber.subscriptions.iter();
        let theirs: Vec<&str> = theirs.map(|one| one.cadence.schedule.as_str()).collect();
        Refusal(format!(
            "{} is subscribed to: {}",
            address.as_str(),
            theirs.join(", ")
        ))
    })?;
    Ok((subscriber, found))
}

/// Somebody who asked for everything, and had nothing yet.
fn anybody(
    desk: &Desk,
    schedule: Option<String>,
    now: Timestamp,
) -> Result<(Subscriber, Cadence), Refusal> {
    let site = &desk.config.site;
    let cadence = cadence(desk, schedule, &site.timezone)?;
    let everything = Wish {
        filter: Filter::default(),
        cadence: cadence.clone(),
    };
    let subscriber = Subscriber {
        key: NOBODY,
        address: desk.config.mail.from.clone(),
        language: site.language.clone(),
        timezone: site.timezone.clone(),
        consent: Consent {
            at: now,
            basis: Basis::Administrator,
        },
        status: SubscriberStatus::Active,
        subscriptions: vec![Subscription::new(everything, Sequence(0))],
        changed: RunKey(0),
    };
    Ok((subscriber, cadence))
}

/// What there is for a subscriber, or why there is nothing.
async fn nothing(
    desk: &Desk,
    subscriber: &Subscriber,
    cadence: &Cadence,
    now: Timestamp,
) -> Result<Result<ClaimContent, Nothing>, Refusal> {
    if !subscriber.is_active() {
        return Ok(Err(Nothing::NotWritten(subscriber.status.clone())));
    }
    // A schedule that nobody looked at yet begins with the next publication.
    let Some(mark) = desk.store.mark(cadence).await? else {
        return Ok(Err(Nothing::New { since: now }));
    };
    if let Some(content) = desk.store.foresee_for(cadence, subscriber).await?
        && let Some(content) = desk.store.shown(content).await?
    {
        return Ok(Ok(content));
    }
    let since = mark.due;
    let (anybody, _) = anybody(desk, Some(cadence.schedule.clone()), now)?;
    let new = desk.store.foresee_for(cadence, &anybody).await?;
    Ok(Err(match new {
        Some(content) => Nothing::ForThem {
            since,
            new: content.items.len(),
        },
        None => Nothing::New { since },
    }))
}

fn claim(
    subscriber: Subscriber,
    content: ClaimContent,
    cadence: &Cadence,
    now: Timestamp,
) -> Claim {
    let asked = subscriber.subscriptions.into_iter();
    let asked = asked.filter(|one| one.cadence == *cadence);
    Claim {
        key: DeliveryKey {
            run: RunKey(u64::MAX),
            subscriber: subscriber.key,
        },
        address: subscriber.address,
        language: subscriber.language,
        asked: asked.map(|one| one.filter).collect(),
        cadence: cadence.clone(),
        date: now,
        content: Arc::new(content),
    }
}

/// The whole message.
pub(super) fn compose(composer: &Composer, claim: &Claim) -> Result<String, Refusal> {
    let shared = composer.shared(claim);
    let shared = shared.map_err(|error| Refusal(format!("can't compose: {error}")))?;
    Ok(composer.letter(&shared, claim))
}
