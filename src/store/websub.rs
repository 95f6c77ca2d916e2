//! Who is pushed a feed, and how far a change has come on its way to them.
//!
//! A change costs one row a topic and not one a subscriber: those that were pushed to are all up to
//! where its [`Walk`] is. Only who could not be reached has something written down.

mod moving;

use jiff::Timestamp;

use crate::domain::Sequence;
use crate::domain::websub::{self, CallbackKey, Next, Pushed, Subscription, Topic, Walk};

use super::engine::{Go, Order, Read, Transaction};
use super::keys::websub as keys;
use super::record::Record;
use super::rows::Number;
use super::{Store, StoreError, forget, load, note, save};

/// Subscriptions looked at in one piece.
const PIECE: usize = 1_024;

impl Record for Subscription {
    const NAME: &'static str = "subscription to pushes";
}

impl Record for Topic {
    const NAME: &'static str = "topic";
}

/// A verified request to be pushed a topic.
#[derive(Debug, Clone)]
pub struct Follow {
    /// Path of the feed.
    pub topic: String,
    /// Its callback, secret and lease.
    pub subscription: Subscription,
    /// The change that the feed shows now: what is older is not pushed.
    pub sequence: Sequence,
    /// Subscriptions at the most: in all, and to one host.
    pub most: [u64; 2],
}

/// What came of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// It is in force.
    Done,
    /// There is no room for one more.
    Full,
}

/// How far a change has come: to be written down with what came of its pushes.
#[derive(Debug, Clone, Copy)]
pub struct Walked {
    /// The change.
    pub sequence: Sequence,
    /// `None`: everyone was tried.
    pub walk: Option<Walk>,
}

impl Store {
    /// Subscribes a callback to a topic, or renews its subscription.
    pub async fn follow(&self, follow: Follow) -> Result<Followed, StoreError> {
        self.write(move |transaction| {
            let Follow {
                topic,
                mut subscription,
                sequence,
                most,
            } = follow;
            let callback = CallbackKey::of(&subscription.callback);
            let key = keys::following(&topic, callback);
            if let Some(former) = load::<Subscription>(transaction, &key)? {
                // Who was just verified can be reached; what is owed still is.
                subscription.due = former.due;
            } else {
                let host = subscription.host();
                for (host, most) in ["", host.as_str()].into_iter().zip(most) {
                    if count_on(transaction, host)? >= most {
                        return Ok(Followed::Full);
                    }
                }
                let first = Topic {
                    subscriptions: 0,
                    sequence,
                    walk: None,
                };
                let known = load(transaction, &keys::topic(&topic))?;
                count(transaction, &topic, known.unwrap_or(first), &host, 1)?;
            }
            save(transaction, key, &subscription)?;
            Ok(Followed::Done)
        })
        .await
    }

    /// Ends a subscription. Says whether there was one.
    pub async fn unfollow(&self, topic: &str, callback: CallbackKey) -> Result<bool, StoreError> {
        let topic = topic.to_owned();
        self.write(move |transaction| {
            let known = load(transaction, &keys::following(&topic, callback))?;
            let Some(subscription) = known else {
                return Ok(false);
            };
            end(transaction, &topic, callback, &subscription)?;
            Ok(true)
        })
        .await
    }

    /// The next subscriptions of a topic on the way of a change.
    pub async fn followers(
        &self,
        topic: &str,
        walk: Walk,
        most: usize,
    ) -> Result<Vec<(CallbackKey, Subscription)>, StoreError> {
        let span = keys::followings_between(topic, walk.at, walk.until());
        let mut found = Vec::new();
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |key, value| {
                if let Some((_, callback)) = keys::following_in(key) {
                    found.push((callback, Subscription::decode(value)?));
                }
                Ok(if found.len() < most { Go::On } else { Go::Stop })
            })?;
        Ok(found)
    }

    /// Ends the subscriptions whose lease has ended, among those after one. Returns the last one
    /// looked at; `None`: there are no more.
    pub async fn lapse(
        &self,
        after: Option<(String, CallbackKey)>,
        now: Timestamp,
    ) -> Result<Option<(String, CallbackKey)>, StoreError> {
        let mut span = keys::followings().prefix();
        if let Some((topic, callback)) = after {
            span = span.from(keys::following(&topic, callback).next());
        }
        let (mut last, mut ended, mut looked_at) = (None, Vec::new(), 0);
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |key, value| {
                last = keys::following_in(key);
                looked_at += 1;
                if !Subscription::decode(value)?.holds(now) {
                    ended.extend(last.clone());
                }
                Ok(if looked_at < PIECE { Go::On } else { Go::Stop })
            })?;
        if !ended.is_empty() {
            self.write(move |transaction| {
                for (topic, callback) in ended {
                    let known = load(transaction, &keys::following(&topic, callback))?;
                    // It may have been renewed meanwhile.
                    let known = known.filter(|known: &Subscription| !known.holds(now));
                    if let Some(subscription) = known {
                        end(transaction, &topic, callback, &subscription)?;
                    }
                }
                Ok(())
            })
            .await?;
        }
        Ok(last.filter(|_| looked_at == PIECE))
    }

    /// The topics that have subscriptions.
    pub async fn topics(&self) -> Result<Vec<(String, Topic)>, StoreError> {
        let mut topics = Vec::new();
        let span = keys::topics().prefix();
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |key, value| {
                topics.push((keys::topic_in(key), Topic::decode(value)?));
                Ok(Go::On)
            })?;
        Ok(topics)
    }

    /// These feeds show another change than was pushed last: each sets out on its way. Returns those
    /// that are on their way now; the others have nobody to go to.
    pub async fn topics_changed(
        &self,
        changed: Vec<(String, Sequence)>,
    ) -> Result<Vec<(String, Sequence, Walk)>, StoreError> {
        self.write(move |transaction| {
            let mut going = Vec::with_capacity(changed.len());
            for (name, sequence) in changed {
                let key = keys::topic(&name);
                let Some(mut topic) = load::<Topic>(transaction, &key)? else {
                    continue;
                };
                if topic.sequence != sequence {
                    let next = topic.walk.map_or_else(Walk::default, Walk::again);
                    topic.sequence = sequence;
                    topic.walk = Some(next);
                    save(transaction, key, &topic)?;
                }
                going.extend(topic.walk.map(|walk| (name, sequence, walk)));
            }
            Ok(going)
        })
        .await
    }

    /// Pushes that failed and are due again, those that wait the longest first.
    pub async fn due_pushes(
        &self,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<(String, CallbackKey)>, StoreError> {
        let mut due = Vec::new();
        let span = keys::pushes_until(now);
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |key, _| {
                due.extend(keys::push_in(key).map(|(_, topic, callback)| (topic, callback)));
                Ok(if due.len() < most { Go::On } else { Go::Stop })
            })?;
        Ok(due)
    }

    /// When the next push is due that failed.
    pub async fn next_push(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut first = None;
        let span = keys::pushes().prefix();
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |key, _| {
                first = keys::push_in(key).map(|(at, ..)| at);
                Ok(Go::Stop)
            })?;
        Ok(first)
    }

    /// How many pushes failed and are to be tried again.
    pub async fn count_pushes(&self) -> Result<u64, StoreError> {
        let mut number = 0;
        let span = keys::pushes().prefix();
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |_, _| {
                number += 1;
                Ok(Go::On)
            })?;
        Ok(number)
    }

    /// A subscription.
    pub async fn follower(
        &self,
        topic: &str,
        callback: CallbackKey,
    ) -> Result<Option<Subscription>, StoreError> {
        load(self.reader(), &keys::following(topic, callback))
    }

    /// Writes down what came of pushes of a topic, each with the change that was pushed, and how far
    /// a change has come. Returns those that were dropped.
    pub async fn settle_pushes(
        &self,
        topic: &str,
        pushes: Vec<(CallbackKey, Sequence, Pushed)>,
        walked: Option<Walked>,
        now: Timestamp,
        chance: u64,
    ) -> Result<Vec<Subscription>, StoreError> {
        let topic = topic.to_owned();
        self.write(move |transaction| {
            let row = keys::topic(&topic);
            let Some(known) = load::<Topic>(transaction, &row)? else {
                return Ok(Vec::new());
            };
            if let Some(walked) = walked.filter(|walked| walked.sequence == known.sequence) {
                let walk = walked.walk;
                save(
                    transaction,
                    row,
                    &Topic {
                        walk,
                        ..known.clone()
                    },
                )?;
            }
            let mut dropped = Vec::new();
            for (number, (callback, sequence, pushed)) in pushes.into_iter().enumerate() {
                let key = keys::following(&topic, callback);
                let Some(mut subscription) = load::<Subscription>(transaction, &key)? else {
                    continue;
                };
                let former = subscription.clone();
                let chance = chance.rotate_left(number as u32 % 64);
                match subscription.note(pushed, now, chance) {
                    Next::Drop => {
                        end(transaction, &topic, callback, &former)?;
                        dropped.push(former);
                        continue;
                    }
                    // The change after it went by who was waiting to be tried again.
                    Next::Rest if former.due.is_some() && sequence != known.sequence => {
                        subscription.due = Some(now);
                    }
                    Next::Rest | Next::Retry => {}
                }
                if subscription != former {
                    put_off(transaction, &topic, callback, [&former, &subscription]);
                    save(transaction, key, &subscription)?;
                }
            }
            Ok(dropped)
        })
        .await
    }

    /// How many subscriptions there are.
    pub async fn count_followers(&self) -> Result<u64, StoreError> {
        count_on(self.reader(), "")
    }

    /// The change of each topic that another's hub was last told of.
    pub async fn told(&self) -> Result<Vec<(String, Sequence)>, StoreError> {
        let mut told = Vec::new();
        let span = keys::told().prefix();
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |key, value| {
                let Number(sequence) = Number::decode(value)?;
                told.push((keys::topic_in(key), Sequence(sequence)));
                Ok(Go::On)
            })?;
        Ok(told)
    }

    /// Another's hub was told of these.
    pub async fn note_told(&self, told: Vec<(String, Sequence)>) -> Result<(), StoreError> {
        self.write(move |transaction| {
            for (topic, Sequence(sequence)) in told {
                save(transaction, keys::told_of(&topic), &Number(sequence))?;
            }
            Ok(())
        })
        .await
    }
}

fn count_on(reader: &impl Read, host: &str) -> Result<u64, StoreError> {
    let known = load::<Number>(reader, &keys::on_host(host))?;
    Ok(known.map_or(0, |Number(number)| number))
}

/// Counts one more, or one less, to a host. A topic without subscriptions has no row.
fn count(
    transaction: &mut Transaction<'_>,
    name: &str,
    mut topic: Topic,
    host: &str,
    step: i64,
) -> Result<(), StoreError> {
    topic.subscriptions = topic.subscriptions.saturating_add_signed(step);
    match topic.subscriptions {
        0 => forget(transaction, keys::topic(name)),
        _ => save(transaction, keys::topic(name), &topic)?,
    }
    for host in ["", host] {
        let number = count_on(transaction, host)?.saturating_add_signed(step);
        match number {
            0 => forget(transaction, keys::on_host(host)),
            _ => save(transaction, keys::on_host(host), &Number(number))?,
        }
    }
    Ok(())
}

fn end(
    transaction: &mut Transaction<'_>,
    topic: &str,
    callback: CallbackKey,
    subscription: &websub::Subscription,
) -> Result<(), StoreError> {
    forget(transaction, keys::following(topic, callback));
    if let Some(due) = subscription.due {
        forget(transaction, keys::push(due, topic, callback));
    }
    match load(transaction, &keys::topic(topic))? {
        Some(known) => count(transaction, topic, known, &subscription.host(), -1),
        None => Ok(()),
    }
}

/// Moves the note of when a push is due.
fn put_off(
    transaction: &mut Transaction<'_>,
    topic: &str,
    callback: CallbackKey,
    [former, present]: [&Subscription; 2],
) {
    if let Some(due) = former.due {
        forget(transaction, keys::push(due, topic, callback));
    }
    if let Some(due) = present.due {
        note(transaction, keys::push(due, topic, callback));
    }
}
