//! What one subscriber was mailed and why, and what of the latest news they were not.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Cadence, Content, Delivery, Filter, Publication, PublicationKey, PublicationState, Run, RunKey,
    Sequence, Standing, Subscriber, SubscriberStatus,
};

use super::books::Contents;
use super::cursors::in_force;
use super::engine::{Go, Order, Read};
use super::names::all_names;
use super::record::Record;
use super::rows::NewsRow;
use super::{Store, StoreError, keys, load};

/// A mail to a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailing {
    /// The run that it belongs to.
    pub run: Run,
    /// The delivery.
    pub delivery: Delivery,
    /// What was in it, newest first; at most [`Content::SHOWN`].
    pub items: Vec<MailedItem>,
}

/// A publication in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailedItem {
    /// At the revision that was mailed.
    pub publication: Publication,
    /// Had they been mailed an earlier one?
    pub correction: bool,
    /// The filter that lets it through, of a subscription to the run's cadence that is still there.
    pub because: Option<Filter>,
}

/// Why a subscriber was not mailed a publication that was news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum WhyNot {
    /// It is yet to be mailed, with the next run of a schedule.
    Waits {
        /// The schedule, in its zone.
        schedule: String,
    },
    /// They had it as a translation, or the translation had them.
    Translation {
        /// In which run.
        run: u64,
    },
    /// It can't be read any more.
    Gone {
        /// How it stands.
        standing: Standing,
    },
    /// They are not subscribed any more.
    Unsubscribed,
    /// They have paused: it comes once they resume.
    Paused,
    /// Their address is on the suppression list.
    Suppressed,
    /// They have not confirmed that the address is theirs.
    Unconfirmed,
    /// It is older than the subscription that would let it through.
    Older,
    /// No subscription of theirs lets it through.
    Filter,
    /// Their schedule is past it and mailed it when it was something else, or they were.
    Past,
}

impl Store {
    /// The latest mails to a subscriber, newest first.
    pub async fn mailings(
        &self,
        subscriber: &Subscriber,
        most: usize,
    ) -> Result<Vec<Mailing>, StoreError> {
        let reader = self.reader();
        let mut mailings = Vec::new();
        for delivery in self.had(subscriber.key, most).await? {
            let Some(run) = load::<Run>(reader, &keys::run(delivery.key.run))? else {
                continue;
            };
            let mut items = Vec::new();
            for item in delivery.content.items.iter().take(Content::SHOWN) {
                let key = keys::revision(item.publication, item.revision);
                let Some(publication) = load::<Publication>(reader, &key)? else {
                    continue;
                };
                items.push(MailedItem {
                    because: let_through(reader, subscriber, &run.window.cadence, &publication)?,
                    publication,
                    correction: item.correction,
                });
            }
            mailings.push(Mailing {
                run,
                delivery,
                items,
            });
        }
        Ok(mailings)
    }

    /// Those of the latest publications that were news which a subscriber was not mailed, newest
    /// first, and why. Looks at `most` publications.
    pub async fn not_mailed(
        &self,
        subscriber: &Subscriber,
        most: usize,
    ) -> Result<Vec<(PublicationState, WhyNot)>, StoreError> {
        let reader = self.reader();
        let mut contents = Contents::default();
        let all = RunKey(0)..RunKey(u64::MAX);
        let had = contents.had(reader, subscriber.key, all.clone())?;
        let items = contents.items(reader, subscriber.key, all)?;
        let mut not_mailed = Vec::new();
        for (number, publication) in latest_news(reader, most)? {
            let Some(state) = load::<PublicationState>(reader, &keys::publication(publication))?
            else {
                continue;
            };
            let run_of = |wanted: PublicationKey| {
                let mut items = items.iter().filter(|(_, item)| item.publication == wanted);
                items.next_back().map(|(run, _)| *run)
            };
            let is_had = had
                .get(state.group())
                .is_some_and(|major| *major >= state.major);
            if run_of(publication).is_some() && is_had {
                continue;
            }
            let why = if is_had {
                let group = state.group().clone();
                let mut of_group = Vec::new();
                for (run, item) in &items {
                    if contents.group(reader, item.publication)? == group {
                        of_group.push(run.0);
                    }
                }
                WhyNot::Translation {
                    run: of_group.last().copied().unwrap_or_default(),
                }
            } else {
                why_not(reader, subscriber, number, &state)?
            };
            not_mailed.push((state, why));
        }
        Ok(not_mailed)
    }
}

/// The publications that were last news, each with its last number, newest first.
fn latest_news(
    reader: &impl Read,
    most: usize,
) -> Result<Vec<(Sequence, PublicationKey)>, StoreError> {
    let mut latest: Vec<(Sequence, PublicationKey)> = Vec::new();
    let span = keys::all_news().prefix();
    reader.scan(span.range(), Order::Descending, &mut |key, value| {
        let publication = NewsRow::decode(value)?.publication;
        if latest.iter().all(|(_, other)| *other != publication) {
            latest.push((Sequence(keys::last_number(key)), publication));
        }
        Ok(if latest.len() < most {
            Go::On
        } else {
            Go::Stop
        })
    })?;
    Ok(latest)
}

fn why_not(
    reader: &impl Read,
    subscriber: &Subscriber,
    number: Sequence,
    state: &PublicationState,
) -> Result<WhyNot, StoreError> {
    if state.standing != Standing::Live {
        let standing = state.standing;
        return Ok(WhyNot::Gone { standing });
    }
    match subscriber.status {
        SubscriberStatus::Active => {}
        SubscriberStatus::Paused(_) => return Ok(WhyNot::Paused),
        SubscriberStatus::Unconfirmed => return Ok(WhyNot::Unconfirmed),
        SubscriberStatus::Suppressed(_) => return Ok(WhyNot::Suppressed),
        SubscriberStatus::Unsubscribed(_) => return Ok(WhyNot::Unsubscribed),
    }
    let tags = all_names(reader, &state.publication)?;
    let mut why = WhyNot::Filter;
    for subscription in &subscriber.subscriptions {
        let language = &state.publication.language;
        if !subscription.counts(number, &tags, language) {
            continue;
        }
        if number <= subscription.cursor {
            if why == WhyNot::Filter {
                why = WhyNot::Older;
            }
        } else if number <= in_force(reader, subscriber.key, subscription)? {
            why = WhyNot::Past;
        } else {
            return Ok(WhyNot::Waits {
                schedule: subscription.cadence.to_string(),
            });
        }
    }
    Ok(why)
}

fn let_through(
    reader: &impl Read,
    subscriber: &Subscriber,
    cadence: &Cadence,
    publication: &Publication,
) -> Result<Option<Filter>, StoreError> {
    let tags = all_names(reader, publication)?;
    let mut subscriptions = subscriber.subscriptions.iter();
    let found = subscriptions.find(|subscription| {
        subscription.cadence == *cadence && subscription.filter.passes(&tags, &publication.language)
    });
    Ok(found.map(|subscription| subscription.filter.clone()))
}
