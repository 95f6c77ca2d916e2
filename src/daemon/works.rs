//! The loops that work by one configuration: built, started and drained together.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::guard::Guard;
use super::ingest::Ingest;
use super::publish::Publishing;
use super::reload::Refused;
use super::schedule::Scheduling;
use super::secrets;
use super::send::Sending;
use super::signals::Signals;
use super::start;
use super::tidy::Tidying;
use super::upstream::{self, Upstream};
use super::websub::{self, Hands};
use crate::compose::{Composer, Letterhead};
use crate::config::Config;
use crate::control::{Board, Clock, Desk, Readers};
use crate::mail::Mailer;
use crate::store::Store;
use crate::text::template::Templates;
use crate::token::Keys;
use crate::web::{self, Routes};

/// How long loops take to put down what they hold when they are told to stop.
const DRAIN: Duration = Duration::from_secs(30);

/// What stays whatever is configured.
pub(super) struct Ground {
    pub(super) store: Store,
    pub(super) keys: Arc<Keys>,
    pub(super) board: Arc<Board>,
    pub(super) readers: Arc<Readers>,
    pub(super) signals: Arc<Signals>,
    pub(super) clock: Clock,
    pub(super) guard: Arc<Guard>,
    pub(super) intents: Arc<web::Intents>,
}

impl Ground {
    /// What requests are carried out with under a configuration.
    pub(super) fn desk(&self, config: &Arc<Config>, works: &Works) -> Desk {
        let signals = Arc::clone(&self.signals);
        let composer = works.composer.clone();
        Desk {
            bell: Arc::new(move || signals.ring()),
            composing: Arc::new(move || Ok(composer.clone())),
            store: self.store.clone(),
            config: Arc::clone(config),
            board: Arc::clone(&self.board),
            readers: Some(Arc::clone(&self.readers)),
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
    websub: Hands,
    composer: Composer,
    routes: Routes,
}

impl Works {
    /// Takes over the feeds folder: nothing of the works before these writes there any more.
    ///
    /// # Errors
    /// The folder, or the mail server's name or certificates.
    pub(super) async fn build(
        ground: &Ground,
        config: &Arc<Config>,
        templates: &Arc<Templates>,
    ) -> anyhow::Result<Works> {
        let store = &ground.store;
        let publisher = start::open_feeds(&config.feeds.dir).await?;
        ground.signals.expect(config.source_names.iter().cloned());
        let site = web::Site {
            shelf: publisher.shelf(),
            store: store.clone(),
            config: Arc::clone(config),
            keys: Arc::clone(&ground.keys),
            templates: Arc::clone(templates),
            clock: Arc::clone(&ground.clock),
            intents: Arc::clone(&ground.intents),
            readers: Arc::clone(&ground.readers),
        };
        let websub = Hands::new(store, &site.shelf, config)?;
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
            .remembering()
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
            composer: composer.clone(),
            sending: Sending::new(ground, Arc::new(mailer), composer, config),
            tidying: Tidying::new(store.clone(), config.retention),
            websub,
            routes: Routes::of(site),
        })
    }

    /// The pages and feeds, as these works make them.
    pub(super) fn routes(&self) -> Routes {
        self.routes.clone()
    }

    /// `former`: letters that the works before these have on the wire; they are settled before
    /// others are claimed.
    pub(super) fn start(self, ground: &Ground, former: Mailing) -> Working {
        let stop = CancellationToken::new();
        let mut loops = JoinSet::new();
        let clock = || Arc::clone(&ground.clock);
        let guard = || Arc::clone(&ground.guard);
        for ingest in self.ingests {
            loops.spawn(named("content", ingest.run(clock(), guard(), stop.clone())));
        }
        for upstream in self.upstreams {
            loops.spawn(named(
                "upstream",
                upstream.run(clock(), guard(), stop.clone()),
            ));
        }
        let signals = Arc::clone(&ground.signals);
        let run = self.publishing.run(signals, clock(), stop.clone());
        loops.spawn(named("feeds", run));
        let run = self.scheduling.run(clock(), stop.clone());
        loops.spawn(named("schedule", run));
        let run = self.tidying.run(clock(), stop.clone());
        loops.spawn(named("retention", run));
        let lent = websub::Lent {
            intents: Arc::clone(&ground.intents),
            signals: Arc::clone(&ground.signals),
            board: Arc::clone(&ground.board),
            guard: guard(),
            clock: clock(),
        };
        let run = self.websub.run(lent, stop.clone());
        loops.spawn(named("websub", run));
        let mailing = former.then(self.sending.run(stop.clone()));
        Working {
            loops,
            mailing,
            stop,
        }
    }
}

/// The loop that mails. On a bad line a letter takes minutes: others are not kept waiting for it.
#[derive(Default)]
pub(super) struct Mailing(JoinSet<Ended>);

impl Mailing {
    /// Mails by `run` once all that came before has ended.
    fn then(mut self, run: impl Future<Output = anyhow::Result<()>> + Send + 'static) -> Mailing {
        let mut mailing = JoinSet::new();
        mailing.spawn(named("mail", async move {
            drain(&mut self.0).await?;
            run.await
        }));
        Mailing(mailing)
    }
}

/// What letters are composed with where no daemon runs: templates and keys are read from disk.
///
/// # Errors
/// A template is bad; the keys can't be read.
pub fn composer(config: &Config) -> anyhow::Result<Composer> {
    let templates = super::templates(config).map_err(Refused)?;
    let keys = Arc::new(secrets::load_or_make(&config.state)?);
    Ok(Composer::new(templates, letterhead(config), keys))
}

/// Loops at work.
pub(super) struct Working {
    /// All but the one that mails.
    loops: JoinSet<Ended>,
    mailing: Mailing,
    stop: CancellationToken,
}

impl Working {
    /// Returns when a loop ends by itself, and why.
    pub(super) async fn end(&mut self) -> anyhow::Error {
        tokio::select! {
            Some(ended) = self.loops.join_next() => ended_early(ended),
            Some(ended) = self.mailing.0.join_next() => ended_early(ended),
            else => anyhow::anyhow!("no loop is at work"),
        }
    }

    /// No new work: returns when others may take the places of these loops, on the same store and in
    /// the same folder, however long that takes. What is on the wire then is handed on.
    ///
    /// # Errors
    /// What the first loop that failed failed at.
    pub(super) async fn make_way(&mut self) -> anyhow::Result<Mailing> {
        self.stop.cancel();
        let patience = async {
            loop {
                tokio::time::sleep(DRAIN).await;
                tracing::warn!(
                    "the former configuration is still being worked by; the new one waits"
                );
            }
        };
        tokio::select! {
            ended = drain(&mut self.loops) => ended?,
            () = patience => {}
        }
        Ok(std::mem::take(&mut self.mailing))
    }

    /// No new work; what is on the wire is finished and settled, though not for ever.
    ///
    /// # Errors
    /// What the first loop that failed failed at.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        let mut all = std::mem::take(&mut self.loops);
        let mut mailing = std::mem::take(&mut self.mailing);
        all.spawn(named("mail", async move { drain(&mut mailing.0).await }));
        drain_in_time(all).await
    }
}

pub(super) type Ended = (&'static str, anyhow::Result<()>);

pub(super) async fn named(
    name: &'static str,
    run: impl Future<Output = anyhow::Result<()>>,
) -> Ended {
    (name, run.await)
}

/// Waits for every loop; the first that failed is the answer.
async fn drain(loops: &mut JoinSet<Ended>) -> anyhow::Result<()> {
    let mut result = Ok(());
    while let Some(ended) = loops.join_next().await {
        result = result.and(failure_of(ended));
    }
    result
}

/// The same, though not for ever.
pub(super) async fn drain_in_time(mut loops: JoinSet<Ended>) -> anyhow::Result<()> {
    let deadline = Instant::now() + DRAIN;
    let mut result = Ok(());
    loop {
        match tokio::time::timeout_at(deadline, loops.join_next()).await {
            Ok(Some(ended)) => result = result.and(failure_of(ended)),
            Ok(None) => return result,
            Err(_) => {
                let seconds = DRAIN.as_secs();
                tracing::warn!(
                    "not everything ended within {seconds} s; it is resumed from the store"
                );
                return result;
            }
        }
    }
}

fn failure_of(ended: Result<Ended, JoinError>) -> anyhow::Result<()> {
    match ended {
        Ok((name, ended)) => ended.with_context(|| format!("the {name} loop failed")),
        Err(panic) => Err(anyhow::anyhow!("a loop panicked: {panic}")),
    }
}

pub(super) fn ended_early(ended: Result<Ended, JoinError>) -> anyhow::Error {
    match ended {
        Ok((name, Err(error))) => error.context(format!("the {name} loop failed")),
        Ok((name, Ok(()))) => anyhow::anyhow!("the {name} loop ended by itself"),
        Err(panic) => anyhow::anyhow!("a loop panicked: {panic}"),
    }
}

pub(super) fn letterhead(config: &Config) -> Letterhead {
    let sender = config.mail.from.domain();
    // An address in figures names no list (RFC 2919 2).
    let host = config.web.url.domain().unwrap_or(sender);
    Letterhead {
        site_title: config.site.title.clone(),
        site_url: config.site.url.to_string(),
        from_name: config.mail.from_name.clone(),
        reply_to: config.mail.reply_to.clone(),
        from: config.mail.from.clone(),
        web_url: config.web.url.to_string(),
        message_id_domain: sender.to_owned(),
        list_id: format!("wici.{host}"),
        zone: config.site.zone.clone(),
        language: config.site.language.clone(),
        tags: config.tags.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// A loop that takes so long to end, and what it says then.
    fn slow(
        said: &Arc<Mutex<Vec<&'static str>>>,
        word: &'static str,
        seconds: u64,
        stop: &CancellationToken,
    ) -> impl Future<Output = anyhow::Result<()>> + Send + use<> {
        let (said, stop) = (Arc::clone(said), stop.clone());
        async move {
            stop.cancelled().await;
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            said.lock().expect("nobody panicked").push(word);
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn others_take_the_places_of_loops_that_have_ended_and_mail_after_the_last_letter()
    -> anyhow::Result<()> {
        let said = Arc::default();
        let stop = CancellationToken::new();
        let mut loops = JoinSet::new();
        loops.spawn(named("feeds", slow(&said, "feeds", 100, &stop)));
        let mut working = Working {
            loops,
            mailing: Mailing::default().then(slow(&said, "letter", 700, &stop)),
            stop: stop.clone(),
        };
        let former = working.make_way().await?;
        assert_eq!(*said.lock().expect("nobody panicked"), ["feeds"]);
        let mut mailing = former.then(slow(&said, "next letter", 0, &stop));
        drain(&mut mailing.0).await?;
        let said = said.lock().expect("nobody panicked");
        assert_eq!(*said, ["feeds", "letter", "next letter"]);
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_nothing_is_waited_for_without_end() -> anyhow::Result<()> {
        let said = Arc::default();
        let stop = CancellationToken::new();
        let mut working = Working {
            loops: JoinSet::new(),
            mailing: Mailing::default().then(slow(&said, "letter", 700, &stop)),
            stop,
        };
        working.stop().await?;
        assert!(said.lock().expect("nobody panicked").is_empty());
        Ok(())
    }
}
