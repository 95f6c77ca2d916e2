//! Another's hub is told which feeds changed; it asks for them, and pushes them. WebSub leaves open
//! how (section 6): this is what PubSubHubbub had, and what hubs go on taking: a POST with
//! `hub.mode=publish` and the topic, as `hub.url` and as `hub.topic`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::{Url, form_urlencoded};

use super::Hands;
use crate::config::Hub;
use crate::control::{Board, Clock};
use crate::daemon::secrets;
use crate::daemon::signals::Signals;
use crate::domain::websub::pause_after;
use crate::domain::{Problem, Sequence};
use crate::net::{self, Post};
use crate::render::feeds_url;
use crate::web;

/// Topics that it is told of at a time.
const AT_ONCE: usize = 4;
/// For one answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between looks, at the most.
const NAP: Duration = Duration::from_mins(30);
const FORM: &str = "application/x-www-form-urlencoded";

/// The hub does not take what it is told.
struct Refusal {
    why: String,
    /// It asks to be left in peace for so long.
    wait: SignedDuration,
    /// It has something against this feed, perhaps nothing against the others.
    is_of_one: bool,
}

/// The loop that tells.
pub struct Telling {
    hands: Hands,
    board: Arc<Board>,
    failures: u32,
    /// Not to be told before then.
    rests: Option<Timestamp>,
}

impl Telling {
    /// Tells the hub of the configuration.
    pub fn new(hands: Hands, board: Arc<Board>) -> Telling {
        Telling {
            hands,
            board,
            failures: 0,
            rests: None,
        }
    }

    /// Tells until `stop`; first of what changed while nobody did.
    ///
    /// # Errors
    /// The store's.
    pub async fn run(
        mut self,
        signals: Arc<Signals>,
        clock: Clock,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        loop {
            let chance = u64::from_ne_bytes(secrets::random()?);
            // Left in the middle, it is as if the process had been killed there.
            let next = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                next = self.tick(clock(), chance) => next?,
            };
            let pause = next.map(|next| Duration::try_from(next.duration_since(clock())));
            let pause = pause.map_or(NAP, Result::unwrap_or_default).min(NAP);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = signals.published() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Tells of what changed. Returns when it is to be tried again, if it failed.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&mut self, now: Timestamp, chance: u64) -> anyhow::Result<Option<Timestamp>> {
        let Hub::Other(hub) = self.hands.config.websub.hub.clone() else {
            return Ok(None);
        };
        if let Some(rests) = self.rests.filter(|rests| *rests > now) {
            return Ok(Some(rests));
        }
        let told = self.hands.store.told().await?;
        let is_first = told.is_empty();
        let told: HashMap<String, Sequence> = told.into_iter().collect();
        let feeds = self.hands.shelf.all().into_iter();
        let changed = feeds
            .map(|(topic, document)| (topic, document.sequence))
            .filter(|(topic, sequence)| web::is_topic(topic) && told.get(topic) != Some(sequence));
        let mut changed: Vec<(String, Sequence)> = changed.collect();
        changed.sort();
        if is_first {
            // Nobody was subscribed by way of this hub: there is no change to tell.
            self.hands.store.note_told(changed).await?;
            return Ok(None);
        }
        let mut refused = None;
        for some in changed.chunks(AT_ONCE) {
            let (told, failed) = self.tell(&hub, some, now).await?;
            self.hands.store.note_told(told).await?;
            refused = failed.or(refused);
            if refused.as_ref().is_some_and(|refusal| !refusal.is_of_one) {
                break;
            }
        }
        if let Some(refusal) = refused {
            return Ok(Some(self.fail(&hub, &refusal, now, chance)));
        }
        self.failures = 0;
        self.rests = None;
        self.board.clear("feeds", "hub");
        Ok(None)
    }

    /// Tells of a few. Returns those that it took, and why it did not take another.
    async fn tell(
        &self,
        hub: &Url,
        some: &[(String, Sequence)],
        now: Timestamp,
    ) -> anyhow::Result<(Vec<(String, Sequence)>, Option<Refusal>)> {
        let mut work = JoinSet::new();
        for (topic, sequence) in some.iter().cloned() {
            let (hands, hub) = (self.hands.clone(), hub.clone());
            work.spawn(async move {
                let answer = hands.tell(&hub, &topic, now).await;
                (topic, sequence, answer)
            });
        }
        let (mut told, mut failed) = (Vec::new(), None::<Refusal>);
        while let Some(done) = work.join_next().await {
            let (topic, sequence, answer) = done.context("telling the hub panicked")?;
            match answer {
                Ok(()) => told.push((topic, sequence)),
                // What stands against all of them is what counts.
                Err(refusal) if refusal.is_of_one => failed = failed.or(Some(refusal)),
                Err(refusal) => failed = Some(refusal),
            }
        }
        Ok((told, failed))
    }

    fn fail(&mut self, hub: &Url, refusal: &Refusal, now: Timestamp, chance: u64) -> Timestamp {
        self.failures = self.failures.saturating_add(1);
        let rests = pause_after(self.failures, refusal.wait, now, chance);
        self.rests = Some(rests);
        let problem = Problem::of_file(
            net::shown(hub),
            format!("the hub can't be told that feeds changed: {}", refusal.why),
            "it is tried again; if it stays so, name another hub in `[websub] hub`",
        );
        if self.board.pin("feeds", "hub", problem.clone()) {
            tracing::warn!("{problem}");
        }
        rests
    }
}

impl Hands {
    async fn tell(&self, hub: &Url, topic: &str, now: Timestamp) -> Result<(), Refusal> {
        let url = format!("{}{topic}", feeds_url(&self.config));
        let fields = [
            ("hub.mode", "publish"),
            ("hub.url", &url),
            ("hub.topic", &url),
        ];
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let post = Post {
            url: hub,
            allow_private: self.config.websub.allow_private,
            media_type: FORM,
            headers: Vec::new(),
            body: Bytes::from(form),
            patience: PATIENCE,
        };
        match self.outgoing.post(post).await {
            Ok(answer) if matches!(answer.status, 200..=299) => Ok(()),
            Ok(answer) => Err(Refusal {
                why: format!("it answered {}", answer.status),
                wait: answer.wants_rest(now),
                is_of_one: matches!(answer.status, 400..=499) && answer.status != 429,
            }),
            Err(error) => Err(Refusal {
                why: error.to_string(),
                wait: SignedDuration::ZERO,
                is_of_one: false,
            }),
        }
    }
}
