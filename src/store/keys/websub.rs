//! Tables `p` and `o`: who is pushed what, and what is owed.

use jiff::Timestamp;

use super::{Key, Span};
use crate::domain::websub::CallbackKey;

/// Bytes of a callback's name, and of an instant.
const NAME: usize = 16;
const INSTANT: usize = 8;

fn owed(kind: u8) -> Key {
    let mut key = Key::table(b'o');
    key.0.push(kind);
    key
}

fn named(mut key: Key, callback: CallbackKey) -> Key {
    key.0.extend_from_slice(&callback.0);
    key
}

/// All subscriptions to pushes.
pub(in crate::store) fn followings() -> Key {
    Key::table(b'p')
}

pub(in crate::store) fn following(topic: &str, callback: CallbackKey) -> Key {
    named(followings().text(topic), callback)
}

/// The subscriptions of a topic after one, up to another.
pub(in crate::store) fn followings_between(
    topic: &str,
    after: Option<CallbackKey>,
    until: Option<CallbackKey>,
) -> Span {
    let mut span = followings().text(topic).prefix();
    if let Some(after) = after {
        span = span.from(following(topic, after).next());
    }
    match until {
        Some(until) => span.up_to(following(topic, until).next()),
        None => span,
    }
}

/// The topic and the callback of a key of table `p`.
pub(in crate::store) fn following_in(key: &[u8]) -> Option<(String, CallbackKey)> {
    let (topic, callback) = key.get(1..)?.split_last_chunk::<NAME>()?;
    let topic = topic.strip_suffix(&[0])?;
    let topic = String::from_utf8_lossy(topic).into_owned();
    Some((topic, CallbackKey(*callback)))
}

pub(in crate::store) fn pushes() -> Key {
    owed(b'd')
}

/// Everything that is due at an instant.
pub(in crate::store) fn pushes_until(now: Timestamp) -> Span {
    let mut end = pushes().instant(now);
    // Past all that begins with it.
    end.0.push(u8::MAX);
    pushes().until(end)
}

pub(in crate::store) fn push(at: Timestamp, topic: &str, callback: CallbackKey) -> Key {
    named(pushes().instant(at).text(topic), callback)
}

/// When it is due, and the topic and the callback, of a key of what is owed.
pub(in crate::store) fn push_in(key: &[u8]) -> Option<(Timestamp, String, CallbackKey)> {
    let (instant, rest) = key.get(2..)?.split_first_chunk::<INSTANT>()?;
    let (topic, callback) = rest.split_last_chunk::<NAME>()?;
    let topic = String::from_utf8_lossy(topic.strip_suffix(&[0])?).into_owned();
    let sortable = u64::from_be_bytes(*instant) ^ (1 << 63);
    let instant = Timestamp::from_millisecond(sortable as i64).ok()?;
    Some((instant, topic, CallbackKey(*callback)))
}

pub(in crate::store) fn topics() -> Key {
    owed(b't')
}

pub(in crate::store) fn topic(topic: &str) -> Key {
    topics().text(topic)
}

pub(in crate::store) fn topic_in(key: &[u8]) -> String {
    super::name_in(key.get(1..).unwrap_or_default())
}

/// How many subscriptions have callbacks on a host; of all hosts where it is empty.
pub(in crate::store) fn on_host(host: &str) -> Key {
    owed(b'h').text(host)
}

pub(in crate::store) fn told() -> Key {
    owed(b'e')
}

/// What another's hub was last told of a topic.
pub(in crate::store) fn told_of(topic: &str) -> Key {
    told().text(topic)
}

/// Which kind of row a key of table `o` is for.
pub(in crate::store) fn owed_kind(key: &[u8]) -> Option<u8> {
    key.get(1).copied()
}
