//! The loops that work by one configuration: built, started and drained together.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::guard::Guard;
use super::ingest::Ingest;
use super::publish::Publishing;
use super::schedule::Scheduling;
use super::send::Sending;
use super::signals::Signals;
use super::tidy::Tidying;
use super::upstream::{self, Upstream};
use crate::compose::{Composer, Letterhead};
use crate::config::Config;
use crate::control::{Board, Clock, Desk};
use crate::mail::Mailer;
use crate::publish::Publisher;
use crate::store::Store;
use crate::text::template::Templates;
use crate::token::Keys;
use crate::web;

/// How long loops take to put down what they hold when they are told to stop.
const DRAIN: Duration = Duration::from_secs(30);

/// What stays whatever is configured.
pub(super) struct Ground {
    pub(super) store: Store,
    pub(super) keys: Arc<Keys>,
    pub(super) board: Arc<Board>,
    pub(super) signals: Arc<Signals>,
    pub(super) clock: Clock,
    pub(super) guard: Arc<Guard>,
}

impl Ground {
    /// What requests are carried out with under a configuration.
    pub(super) fn desk(&self, config: &Arc<Config>) -> Desk {
        let signals = Arc::clone(&self.signals);
        Desk {
            bell: Arc::new(move || signals.ring()),
            store: self.store.clone(),
            config: Arc::clone(config),
            board: Arc::clone(&self.board),
        }
    }
}

/// The loops of a configuration, before they are started.
pub(super) struct Works {
    ingests: Vec<Ingest>,
    upstreams: Vec<Upstream>,
    publishing: Publishing,
    scheduling: Scheduling,
    sending: Sending,
    tidying: Tidying,
    router: Router,
}

impl Works {
    /// Takes over the feeds folder: the works before these have ended by now.
    ///
    /// # Errors
    /// The folder, or the mail server's name or certificates.
    pub(super) fn build(
        ground: &Ground,
        config: &Arc<Config>,
        templates: &Arc<Templates>,
    ) -> anyhow::Result<Works> {
        let store = &ground.store;
        ground.signals.expect(config.source_names.iter().cloned());
        let publisher = Publisher::open(config.feeds.dir.clone())
            .with_context(|| format!("can't write to {}", config.feeds.dir.display()))?;
        let site = web::Site {
            shelf: publisher.shelf(),
            store: store.clone(),
            config: Arc::clone(config),
            keys: Arc::clone(&ground.keys),
            templates: Arc::clone(templates),
            clock: Arc::clone(&ground.clock),
        };
        let helo = config.web.url.host_str().unwrap_or("localhost").to_owned();
        let mailer = Mailer::from_config(&config.mail, &helo)?;
        let keys = Arc::clone(&ground.keys);
        let composer = Composer::new(Arc::clone(templates), letterhead(config), keys);
        let ingests = config.sources.iter().map(|source| {
            Ingest::new(
                source,
                config,
                store.clone(),
                Arc::clone(&ground.board),
                Arc::clone(&ground.signals),
            )
        });
        Ok(Works {
            ingests: ingests.collect(),
            upstreams: upstream::all(config, store, &ground.board, &ground.signals)?,
            publishing: Publishing::new(
                store.clone(),
                Arc::clone(config),
                publisher,
                Arc::clone(&ground.board),
            ),
            scheduling: Scheduling::new(
                store.clone(),
                Arc::clone(config),
                Arc::clone(&ground.signals),
                Arc::clone(&ground.guard),
            ),
            sending: Sending::new(ground, Arc::new(mailer), composer, config),
            tidying: Tidying::new(store.clone(), config.retention),
            router: web::router(site),
        })
    }

    /// The pages and feeds, as these works make them.
    pub(super) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(super) fn start(self, ground: &Ground) -> Working {
        let stop = CancellationToken::new();
        let mut loops = JoinSet::new();
        let clock = || Arc::clone(&ground.clock);
        for ingest in self.ingests {
            loops.spawn(named("content", ingest.run(clock(), stop.clone())));
        }
        for upstream in self.upstreams {
            loops.spawn(named("upstream", upstream.run(clock(), stop.clone())));
        }
        let signals = Arc::clone(&ground.signals);
        let run = self.publishing.run(signals, clock(), stop.clone());
        loops.spawn(named("feeds", run));
        let run = self.scheduling.run(clock(), stop.clone());
        loops.spawn(named("schedule", run));
        loops.spawn(named("mail", self.sending.run(stop.clone())));
        let run = self.tidying.run(clock(), stop.clone());
        loops.spawn(named("retention", run));
        Working { loops, stop }
    }
}

/// Loops at work.
pub(super) struct Working {
    loops: JoinSet<Ended>,
    stop: CancellationToken,
}

impl Working {
    /// Returns when a loop ends by itself, and why.
    pub(super) async fn end(&mut self) -> anyhow::Error {
        match self.loops.join_next().await {
            Some(ended) => ended_early(ended),
            None => anyhow::anyhow!("no loop is at work"),
        }
    }

    /// No new work; what is on the wire is finished and settled.
    ///
    /// # Errors
    /// What the first loop that failed failed at.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        drain(std::mem::take(&mut self.loops)).await
    }
}

pub(super) type Ended = (&'static str, anyhow::Result<()>);

pub(super) async fn named(
    name: &'static str,
    run: impl Future<Output = anyhow::Result<()>>,
) -> Ended {
    (name, run.await)
}

/// Waits for every loop, though not for ever; the first that failed is the answer.
pub(super) async fn drain(mut loops: JoinSet<Ended>) -> anyhow::Result<()> {
    let deadline = Instant::now() + DRAIN;
    let mut result = Ok(());
    loop {
        let ended = match tokio::time::timeout_at(deadline, loops.join_next()).await {
            Ok(Some(ended)) => ended,
            Ok(None) => return result,
            Err(_) => {
                let seconds = DRAIN.as_secs();
                tracing::warn!(
                    "not everything ended within {seconds} s; it is resumed from the store"
                );
                return result;
            }
        };
        let failed = match ended {
            Ok((name, ended)) => ended.with_context(|| format!("the {name} loop failed")),
            Err(panic) => Err(anyhow::anyhow!("a loop panicked: {panic}")),
        };
        result = result.and(failed);
    }
}

pub(super) fn ended_early(ended: Result<Ended, JoinError>) -> anyhow::Error {
    match ended {
        Ok((name, Err(error))) => error.context(format!("the {name} loop failed")),
        Ok((name, Ok(()))) => anyhow::anyhow!("the {name} loop ended by itself"),
        Err(panic) => anyhow::anyhow!("a loop panicked: {panic}"),
    }
}

fn letterhead(config: &Config) -> Letterhead {
    let host = config.web.url.host_str().unwrap_or("localhost");
    Letterhead {
        site_title: config.site.title.clone(),
        site_url: config.site.url.to_string(),
        from_name: config.mail.from_name.clone(),
        from: config.mail.from.clone(),
        web_url: config.web.url.to_string(),
        message_id_domain: config.mail.from.domain().to_owned(),
        list_id: format!("wici.{host}"),
        zone: config.site.zone.clone(),
    }
}
