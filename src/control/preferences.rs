//! What subscribers get is changed for them.

use jiff::Timestamp;

use super::execute::{cadence, tags, timezone, unknown};
use super::report::SubscriberSummary;
use super::request::ChangeSubscriber;
use super::{Desk, Refusal};
use crate::domain::{Address, Preferences, Subscriber, SubscriberStatus, Subscription, Wish};

pub(super) async fn change(
    desk: &Desk,
    change: ChangeSubscriber,
    now: Timestamp,
) -> Result<SubscriberSummary, Refusal> {
    let subscriber = subscribed(desk, &change.address).await?;
    let timezone = match &change.timezone {
        Some(name) => timezone(desk, name)?,
        None => subscriber.timezone.clone(),
    };
    let mut wishes: Vec<(Wish, Option<Wish>)> = Vec::new();
    for one in meant(&subscriber, change.subscription)? {
        let wish = match change.drop {
            true => None,
            false => Some(wish(desk, &change, one, &timezone).await?),
        };
        wishes.push((one.wish(), wish));
    }
    stay_apart(&subscriber, &wishes)?;
    let preferences = Preferences {
        language: change.language,
        timezone: Some(timezone),
        wishes,
    };
    let changed = desk.store.prefer(subscriber.key, preferences, now).await?;
    answer(desk, &change.address, changed)
}

/// Two that ask for the same could not be told apart any more.
fn stay_apart(subscriber: &Subscriber, wishes: &[(Wish, Option<Wish>)]) -> Result<(), Refusal> {
    let mut all: Vec<(usize, Wish)> = Vec::new();
    for (number, one) in (1..).zip(&subscriber.subscriptions) {
        let changed = wishes.iter().find(|(was, _)| one.is(was));
        let Some(wish) = changed.map_or_else(|| Some(one.wish()), |(_, wish)| wish.clone()) else {
            continue;
        };
        if let Some((same, _)) = all.iter().find(|(_, other)| *other == wish) {
            return Err(Refusal(format!(
                "the subscriptions {same} and {number} would be the same; change one of them with `--subscription {number}`, or give it up with `--subscription {number} --drop`"
            )));
        }
        all.push((number, wish));
    }
    Ok(())
}

/// The subscription with that number, or all.
fn meant(subscriber: &Subscriber, number: Option<usize>) -> Result<&[Subscription], Refusal> {
    let all = subscriber.subscriptions.as_slice();
    let Some(number) = number else {
        return Ok(all);
    };
    let one = number
        .checked_sub(1)
        .and_then(|place| all.get(place..=place));
    one.ok_or_else(|| {
        Refusal(format!(
            "there is no subscription {number}; `wici subscribers show` counts them from 1 to {}",
            all.len()
        ))
    })
}

async fn wish(
    desk: &Desk,
    change: &ChangeSubscriber,
    one: &Subscription,
    timezone: &str,
) -> Result<Wish, Refusal> {
    let Wish {
        mut filter,
        cadence: mut when,
    } = one.wish();
    for (set, names) in [
        (&mut filter.any, &change.any),
        (&mut filter.all, &change.all),
        (&mut filter.none, &change.none),
    ] {
        if let Some(names) = names {
            *set = tags(desk, names).await?;
        }
    }
    if let Some(languages) = &change.languages {
        filter.languages.clone_from(languages);
    }
    if change.schedule.is_some() {
        when = cadence(desk, change.schedule.clone(), timezone)?;
    }
    Ok(Wish {
        filter,
        cadence: when,
    })
}

pub(super) async fn pause(
    desk: &Desk,
    address: &Address,
    now: Timestamp,
) -> Result<SubscriberSummary, Refusal> {
    let subscriber = subscribed(desk, address).await?;
    if subscriber.status == SubscriberStatus::Unconfirmed {
        return Err(Refusal(format!(
            "{} is not confirmed yet: nothing is mailed to them anyway",
            address.as_str()
        )));
    }
    let paused = desk.store.pause(subscriber.key, now).await?;
    answer(desk, address, paused)
}

pub(super) async fn resume(
    desk: &Desk,
    address: &Address,
    now: Timestamp,
) -> Result<SubscriberSummary, Refusal> {
    let subscriber = subscribed(desk, address).await?;
    let resumed = desk.store.resume(subscriber.key, now).await?;
    answer(desk, address, resumed)
}

async fn subscribed(desk: &Desk, address: &Address) -> Result<Subscriber, Refusal> {
    let subscriber = desk.store.subscriber(address).await?;
    subscriber
        .filter(Subscriber::is_subscribed)
        .ok_or_else(|| unknown(address))
}

/// The loops look at once: somebody may be waiting for a window of `immediate`.
fn answer(
    desk: &Desk,
    address: &Address,
    subscriber: Option<Subscriber>,
) -> Result<SubscriberSummary, Refusal> {
    (desk.bell)();
    let subscriber = subscriber.ok_or_else(|| unknown(address))?;
    Ok(SubscriberSummary::from(&subscriber))
}
