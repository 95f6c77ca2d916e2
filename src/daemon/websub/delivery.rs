//! One push: the feed as it is served, to one callback (WebSub, section 7).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::Hands;
use super::queue::Push;
use super::way::Step;
use crate::domain::Sequence;
use crate::domain::websub::{CallbackKey, Pushed, Subscription};
use crate::net::{Answer, NetError, Post};
use crate::publish::{Coding, Document};
use crate::token::push_signature;
use crate::web;

const PATIENCE: Duration = Duration::from_secs(10);
const FAILED: Pushed = Pushed::Failed(SignedDuration::ZERO);

/// A feed and its bytes.
pub(super) type Served = (Arc<Document>, Bytes);

/// Has the feed at hand as it is served now.
pub(super) async fn hold(hands: &Hands, held: &mut HashMap<String, Served>, topic: &str) {
    let now = hands.shelf.get(topic);
    let is_held = held.get(topic).map(|(document, _)| document) == now.as_ref();
    if is_held && now.is_some() {
        return;
    }
    match hands.shelf.read(topic, Coding::Identity).await {
        Ok(read) => drop(held.insert(topic.to_owned(), read)),
        Err(_) => drop(held.remove(topic)),
    }
}

/// A push that was made.
pub(super) struct Sent {
    pub(super) topic: String,
    pub(super) callback: CallbackKey,
    pub(super) host: String,
    pub(super) step: Option<Step>,
    pub(super) sequence: Sequence,
    pub(super) pushed: Pushed,
    /// Did its host answer, and not that it has too much to do? `None`: it was not asked.
    pub(super) is_answered: Option<bool>,
}

impl Sent {
    /// A push that is not made, and to whom.
    pub(super) fn unmade(push: Push) -> (Sent, Subscription) {
        let sent = Sent {
            topic: push.topic,
            callback: push.callback,
            host: push.host,
            step: push.step,
            sequence: Sequence::default(),
            pushed: FAILED,
            is_answered: None,
        };
        (sent, push.subscription)
    }
}

/// Makes a push. `served` is the feed, if it is at hand; one that is gone, or damaged and being made
/// anew, is none to push.
pub(super) async fn deliver(
    hands: Hands,
    push: Push,
    served: Option<Served>,
    now: Timestamp,
) -> Sent {
    let (mut sent, subscription) = Sent::unmade(push);
    let served = match served {
        Some(served) => Some(served),
        None => hands.shelf.read(&sent.topic, Coding::Identity).await.ok(),
    };
    if let Some((document, bytes)) = served.filter(|_| subscription.holds(now)) {
        sent.sequence = document.sequence;
        let answer = post(&hands, &sent.topic, &subscription, &document, bytes).await;
        let (pushed, is_answered) = judge(&sent.host, answer, now);
        sent.pushed = pushed;
        sent.is_answered = Some(is_answered);
    }
    sent
}

async fn post(
    hands: &Hands,
    topic: &str,
    subscription: &Subscription,
    document: &Document,
    bytes: Bytes,
) -> Result<Answer, NetError> {
    let url = Url::parse(&subscription.callback).map_err(|_| NetError::Nowhere)?;
    let links = web::links(&hands.config, topic);
    let mut headers = vec![("link", links)];
    if let Some(secret) = &subscription.secret {
        let method = hands.config.websub.signature;
        headers.push(("x-hub-signature", push_signature(method, secret, &bytes)));
    }
    let post = Post {
        url: &url,
        allow_private: hands.config.websub.allow_private,
        media_type: document.media_type,
        headers,
        body: bytes,
        patience: PATIENCE,
    };
    hands.outgoing.post(post).await
}

/// What came of a push, and whether its host can take more.
fn judge(host: &str, answer: Result<Answer, NetError>, now: Timestamp) -> (Pushed, bool) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!("a push to {host} failed: {error}");
            return (FAILED, false);
        }
    };
    match answer.status {
        200..=299 => (Pushed::Delivered, true),
        410 => (Pushed::Gone, true),
        status => {
            tracing::debug!("a push to {host} was answered with {status}");
            let wait = answer.wants_rest(now);
            (Pushed::Failed(wait), !matches!(status, 429 | 503))
        }
    }
}
