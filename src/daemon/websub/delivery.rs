//! One push: the feed as it is served, to one callback (WebSub, section 7).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use url::Url;

use super::Hands;
use super::way::{Push, Step};
use crate::domain::Sequence;
use crate::domain::websub::{CallbackKey, Pushed, Subscription};
use crate::net::Post;
use crate::publish::Document;
use crate::token::push_signature;
use crate::web;

const PATIENCE: Duration = Duration::from_secs(10);

/// A feed and its bytes.
pub(super) type Served = (Arc<Document>, Bytes);

/// A push that was made.
pub(super) struct Sent {
    pub(super) topic: String,
    pub(super) callback: CallbackKey,
    pub(super) host: String,
    pub(super) step: Option<Step>,
    pub(super) sequence: Sequence,
    pub(super) pushed: Pushed,
}

/// Makes a push. `served` is the feed; one that is gone, or damaged and being made anew, is none to
/// push.
pub(super) async fn deliver(
    hands: Hands,
    push: Push,
    served: Option<Served>,
    now: Timestamp,
) -> Sent {
    let Push {
        topic,
        callback,
        subscription,
        step,
    } = push;
    let mut sent = Sent {
        topic,
        callback,
        host: subscription.host(),
        step,
        sequence: Sequence::default(),
        pushed: Pushed::Failed,
    };
    if let Some((document, bytes)) = served.filter(|_| subscription.holds(now)) {
        sent.sequence = document.sequence;
        sent.pushed = post(&hands, &sent.topic, &subscription, &document, bytes).await;
    }
    sent
}

async fn post(
    hands: &Hands,
    topic: &str,
    subscription: &Subscription,
    document: &Document,
    bytes: Bytes,
) -> Pushed {
    let Ok(url) = Url::parse(&subscription.callback) else {
        return Pushed::Failed;
    };
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
    match hands.outgoing.post(post).await {
        Ok(200..=299) => Pushed::Delivered,
        Ok(410) => Pushed::Gone,
        Ok(status) => {
            tracing::debug!(
                "a push to {} was answered with {status}",
                subscription.host()
            );
            Pushed::Failed
        }
        Err(error) => {
            tracing::debug!("a push to {} failed: {error}", subscription.host());
            Pushed::Failed
        }
    }
}
