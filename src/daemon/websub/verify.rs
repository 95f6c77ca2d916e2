//! Did the callback ask for it? (WebSub, section 5.3)
//!
//! Who did, but can't be subscribed, is told so (`denied`, section 5.2): there is no room, or the feed
//! was withdrawn meanwhile. A subscription that was in force is never denied afterwards. Its lease
//! ends, which the subscriber knows; it says itself that it is gone; or it could not be reached for
//! three days. A feed that is withdrawn keeps its subscriptions until then: a tag's comes back with
//! the next publication.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::Hands;
use super::hosts::Hosts;
use crate::control::Clock;
use crate::daemon::secrets;
use crate::domain::Sequence;
use crate::domain::websub::{CallbackKey, Subscription};
use crate::net::Ask;
use crate::store::{Follow, Followed, StoreError};
use crate::web::{Intent, Intents, Mode};

/// Callbacks that are asked at the same time; few of them on one host.
const AT_ONCE: usize = 128;
/// For an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer: it is to repeat the challenge.
const ANSWER: usize = 1 << 10;

/// The loop that verifies.
pub struct Verifying {
    hands: Hands,
    intents: Arc<Intents>,
}

impl Verifying {
    /// Verifies what waits in `intents`.
    pub fn new(hands: Hands, intents: Arc<Intents>) -> Verifying {
        Verifying { hands, intents }
    }

    /// Verifies until `stop`. What is not verified then is forgotten: whoever asked and was not asked
    /// back asks again.
    ///
    /// # Errors
    /// The store's.
    pub async fn run(self, clock: Clock, stop: CancellationToken) -> anyhow::Result<()> {
        let mut work = JoinSet::new();
        let mut hosts = Hosts::default();
        loop {
            let now = clock();
            hosts.forget(now);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                intent = self.intents.next(|host| hosts.has_room(host, now)), if work.len() < AT_ONCE => {
                    let (hands, clock) = (self.hands.clone(), Arc::clone(&clock));
                    let challenge = challenge()?;
                    hosts.begin(intent.host());
                    work.spawn(async move {
                        let host = intent.host().to_owned();
                        (host, hands.verify(intent, &challenge, &clock).await)
                    });
                }
                Some(done) = work.join_next() => {
                    let (host, verified) = done.context("a verification panicked")?;
                    verified?;
                    hosts.end(&host, None, now);
                }
            }
        }
    }
}

/// What nobody can guess, as text.
fn challenge() -> anyhow::Result<String> {
    let mut text = String::new();
    for byte in secrets::random::<16>()? {
        // A String takes everything.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

impl Hands {
    /// Asks the callback, and does what was asked for if it says yes.
    ///
    /// # Errors
    /// The store's.
    pub async fn verify(
        &self,
        intent: Intent,
        challenge: &str,
        clock: &Clock,
    ) -> Result<(), StoreError> {
        let host = intent.host();
        let what = intent.mode.as_str();
        match self.confirms(&intent, challenge).await {
            Ok(()) => {}
            Err(why) => {
                tracing::info!("{host} did not confirm that it wants to {what}: {why}");
                return Ok(());
            }
        }
        if intent.mode == Mode::Unsubscribe {
            let callback = CallbackKey::of(intent.callback.as_str());
            self.store.unfollow(&intent.topic, callback).await?;
            tracing::debug!("{host} is no longer pushed {}", intent.topic);
            return Ok(());
        }
        let Some(document) = self.shelf.get(&intent.topic) else {
            tracing::info!("{host} is not pushed {}: it was withdrawn", intent.topic);
            self.deny(&intent, "there is no such feed any more").await;
            return Ok(());
        };
        match self.follow(&intent, document.sequence, clock()).await? {
            Followed::Done => tracing::debug!("{host} is pushed {}", intent.topic),
            Followed::Full => {
                tracing::warn!(
                    "{host} is not pushed {}: there are as many subscriptions as `[websub]` allows",
                    intent.topic
                );
                self.deny(&intent, "too many subscriptions").await;
            }
        }
        Ok(())
    }

    async fn confirms(&self, intent: &Intent, challenge: &str) -> Result<(), String> {
        let lease = intent.lease.as_secs().to_string();
        let mut fields = vec![
            ("hub.mode", intent.mode.as_str()),
            ("hub.topic", &intent.topic_url),
            ("hub.challenge", challenge),
        ];
        if intent.mode == Mode::Subscribe {
            fields.push(("hub.lease_seconds", &lease));
        }
        let (status, body) = self.ask(&intent.callback, &fields).await?;
        match status {
            200..=299 if body == challenge.as_bytes() => Ok(()),
            200..=299 => Err("it answered something else than the challenge".to_owned()),
            _ => Err(format!("it answered {status}")),
        }
    }

    /// Section 5.2. Whether it takes note is its own affair.
    async fn deny(&self, intent: &Intent, why: &str) {
        let fields = [
            ("hub.mode", "denied"),
            ("hub.topic", &intent.topic_url),
            ("hub.reason", why),
        ];
        if let Err(why) = self.ask(&intent.callback, &fields).await {
            tracing::debug!("it could not be told so: {why}");
        }
    }

    /// Asks with these fields after those that the callback has of its own.
    async fn ask(&self, callback: &Url, fields: &[(&str, &str)]) -> Result<(u16, Vec<u8>), String> {
        let mut url = callback.clone();
        url.query_pairs_mut().extend_pairs(fields);
        let ask = Ask {
            url: &url,
            allow_private: self.config.websub.allow_private,
            accept: "*/*",
            etag: None,
            last_modified: None,
            most: ANSWER,
        };
        match tokio::time::timeout(PATIENCE, self.outgoing.get_there(&ask)).await {
            Ok(Ok(answer)) => Ok((answer.status, answer.body)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }

    async fn follow(
        &self,
        intent: &Intent,
        sequence: Sequence,
        now: Timestamp,
    ) -> Result<Followed, StoreError> {
        let websub = &self.config.websub;
        let follow = Follow {
            topic: intent.topic.clone(),
            subscription: Subscription {
                callback: intent.callback.to_string(),
                secret: intent.secret.clone(),
                expires: now.checked_add(intent.lease).unwrap_or(Timestamp::MAX),
                failing: None,
                due: None,
            },
            sequence,
            most: [websub.most, websub.most_per_host],
        };
        self.store.follow(follow).await
    }
}
