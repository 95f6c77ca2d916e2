//! The daemon: built from a configuration, run until it is told to stop, drained.
//!
//! The only place that spawns and that looks at the clock. Each loop is `run(self, stop)` around a
//! `tick(now)` that does one round and that tests, and one-pass commands, call directly:
//!
//! | loop | what |
//! | --- | --- |
//! | [`ingest`] | a source: looks at what changed, tells the store |
//! | [`upstream`] | an upstream feed: asks for it, tells the store |
//! | [`publish`] | renders the feeds that changes touched |
//! | [`schedule`] | releases what is due, opens runs, plans them |
//! | [`send`] | claims, composes, hands over, settles |
//! | [`websub`] | pushes feeds that changed, or tells a hub of them |
//! | [`listen`] | answers over HTTP |
//!
//! [`guard`] is asked by the loops before they act by the clock, and before they claim.
//!
//! The first five work by one configuration ([`works`]); on a reload ([`reload`]) they are drained
//! and others take their places on the same store. Who listens stays, and is shown the new one.

pub mod clock;
pub mod guard;
mod hold;
pub mod ingest;
mod listen;
pub mod publish;
pub mod reload;
pub mod schedule;
pub mod secrets;
pub mod send;
pub mod signals;
mod start;
mod templates;
pub mod tidy;
pub mod upstream;
pub mod websub;
mod works;

use std::fs;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::UnixListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::control::{Board, Desk, Readers, server};
use crate::store::StoreError;
use crate::text::template::Templates;
use guard::Guard;
use listen::socket::Listener;
use listen::{Front, Limits};
use signals::Signals;
use works::{Ended, Ground, Mailing, Works, drain_in_time, ended_early, named};

pub use templates::templates;
pub use works::composer;

/// A daemon that is ready to run: store open, sockets bound.
pub struct Daemon {
    ground: Ground,
    web: Vec<Listener>,
    control: UnixListener,
    config: Arc<Config>,
    templates: Arc<Templates>,
    works: Works,
}

/// Who listens, and what they show at the moment.
struct Listening {
    loops: JoinSet<Ended>,
    fronts: watch::Sender<Front>,
    desks: watch::Sender<Desk>,
}

impl Daemon {
    /// Opens the store, makes the keys if there are none, and binds the sockets.
    ///
    /// # Errors
    /// What the administrator should read; a [`StoreError`] is in the chain where that is the
    /// cause, and a [`reload::Refused`] where subscribers would be left without what they asked
    /// for.
    pub async fn build(mut config: Config, templates: Arc<Templates>) -> anyhow::Result<Daemon> {
        let web = start::listen(&mut config).await?;
        let config = Arc::new(config);
        let store = start::open_store(&config.state).await?;
        let board = Arc::new(Board::default());
        let guard = Guard::of_system(store.clone(), Arc::clone(&board));
        let ground = Ground {
            store,
            keys: Arc::new(secrets::load_or_make(&config.state)?),
            board,
            readers: Arc::new(Readers::new(clock::now())),
            guard: Arc::new(guard),
            signals: Arc::new(Signals::default()),
            clock: clock::system(),
            intents: Arc::default(),
        };
        let control = server::bind(&config.state).with_context(|| {
            let path = server::path(&config.state);
            format!(
                "can't make the control socket {}; if that is too long a path, set `state` to a shorter one",
                path.display()
            )
        })?;
        let works = renew(&ground, &config, &templates).await?;
        Ok(Daemon {
            ground,
            web,
            control,
            config,
            templates,
            works,
        })
    }

    /// Where feeds and pages are served, as people write it.
    ///
    /// # Errors
    /// The system does not say.
    pub fn places(&self) -> std::io::Result<String> {
        let names: std::io::Result<Vec<String>> = self.web.iter().map(Listener::name).collect();
        Ok(names?.join(", "))
    }

    /// Runs until `told_to_stop` (the caller owns the signal), or until a loop ends by itself; then
    /// drains: no new work, what is on the wire is finished and settled. Each time that
    /// `told_to_reload` is notified the configuration is read anew, and taken if it is good.
    ///
    /// # Errors
    /// What ended a loop.
    pub async fn run(
        self,
        told_to_stop: impl Future<Output = ()>,
        told_to_reload: Arc<Notify>,
    ) -> anyhow::Result<()> {
        let Daemon {
            ground,
            web,
            control,
            mut config,
            mut templates,
            works,
        } = self;
        let stop = CancellationToken::new();
        let mut listening = listen(&ground, &works, &config, (web, control), &stop);
        let mut working = works.start(&ground, Mailing::default());
        let mut told_to_stop = std::pin::pin!(told_to_stop);
        let result = loop {
            tokio::select! {
                () = &mut told_to_stop => break Ok(()),
                Some(ended) = listening.loops.join_next() => break Err(ended_early(ended)),
                ended = working.end() => break Err(ended),
                () = told_to_reload.notified() => {}
            }
            let read = match reload::read(&ground, &config).await {
                Ok(Some(read)) => read,
                Ok(None) => continue,
                Err(error) => break Err(error.into()),
            };
            let former = tokio::select! {
                former = working.make_way() => former,
                () = &mut told_to_stop => break Ok(()),
            };
            let former = match former {
                Ok(former) => former,
                Err(error) => break Err(error),
            };
            match renew(&ground, &read.config, &read.templates).await {
                Ok(works) => {
                    reload::let_go(&ground, &config, &read.config);
                    (config, templates) = (read.config, read.templates);
                    listening.show(&ground, &works, &config);
                    working = works.start(&ground, former);
                    tracing::info!("the configuration was read anew");
                }
                Err(error) if is_store_trouble(&error) => break Err(error),
                Err(error) => {
                    reload::refuse(&ground, &config, &error);
                    match Works::build(&ground, &config, &templates).await {
                        Ok(works) => {
                            listening.show(&ground, &works, &config);
                            working = works.start(&ground, former);
                        }
                        Err(error) => break Err(error),
                    }
                }
            }
        };
        tracing::info!("stopping");
        stop.cancel();
        let result = result.and(working.stop().await);
        let result = result.and(drain_in_time(listening.loops).await);
        // The socket is a name for a daemon that answers.
        let _ = fs::remove_file(server::path(&config.state));
        result
    }
}

/// What subscribers have asked for follows the new names once nothing stands in the way of the
/// works, and before they start.
async fn renew(
    ground: &Ground,
    config: &Arc<Config>,
    templates: &Arc<Templates>,
) -> anyhow::Result<Works> {
    let works = Works::build(ground, config, templates).await?;
    ground.guard.begin(config, (ground.clock)()).await?;
    reload::adopt(ground, config).await?;
    Ok(works)
}

fn listen(
    ground: &Ground,
    works: &Works,
    config: &Arc<Config>,
    (web, control): (Vec<Listener>, UnixListener),
    stop: &CancellationToken,
) -> Listening {
    let (fronts, shown) = watch::channel(front(works, config));
    let (desks, seen) = watch::channel(ground.desk(config, works));
    let mut loops = JoinSet::new();
    let web = listen::serve(web, shown, Limits::of_system(), stop.clone());
    loops.spawn(named("web", web));
    let control = server::serve(control, seen, Arc::clone(&ground.clock), stop.clone());
    loops.spawn(named("control", async { Ok(control.await?) }));
    Listening {
        loops,
        fronts,
        desks,
    }
}

fn front(works: &Works, config: &Config) -> Front {
    Front {
        routes: works.routes(),
        proxies: Arc::new(config.web.trusted_proxies.clone()),
    }
}

impl Listening {
    fn show(&self, ground: &Ground, works: &Works, config: &Arc<Config>) {
        drop(self.fronts.send_replace(front(works, config)));
        drop(self.desks.send_replace(ground.desk(config, works)));
    }
}

/// Is a store that can't be used at the bottom of an error?
pub fn is_store_trouble(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        matches!(
            cause.downcast_ref(),
            Some(StoreError::Disk { .. } | StoreError::Ended | StoreError::Stalled)
        )
    })
}

#[cfg(test)]
mod tests;
