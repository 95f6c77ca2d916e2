//! The daemon: built from a configuration, run until it is told to stop, drained.
//!
//! The only place that spawns and that looks at the clock. Each loop is `run(self, stop)` around a
//! `tick(now)` that does one round and that tests, and one-pass commands, call directly:
//!
//! | loop | what |
//! | --- | --- |
//! | [`ingest`] | a source: looks at what changed, tells the store |
//! | [`publish`] | renders the feeds that changes touched |
//! | [`schedule`] | releases what is due, opens runs, plans them |
//! | [`send`] | claims, composes, hands over, settles |
//! | [`listen`] | answers over HTTP |

pub mod clock;
pub mod ingest;
mod listen;
pub mod publish;
pub mod schedule;
pub mod secrets;
pub mod send;
pub mod signals;

use std::fs::{self, DirBuilder};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::compose::{Composer, Letterhead};
use crate::config::Config;
use crate::control::client::Client;
use crate::control::{Board, Clock, Desk, server};
use crate::mail::Mailer;
use crate::publish::Publisher;
use crate::store::{Open, Store, StoreError};
use crate::text::template::Templates;
use crate::web;
use ingest::Ingest;
use publish::Publishing;
use schedule::Scheduling;
use send::Sending;
use signals::Signals;

/// How long the daemon takes to put down what it holds when it is told to stop.
const DRAIN: Duration = Duration::from_secs(30);

/// A command has the store for a moment at most; whoever has it for longer is a daemon.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_RETRY: Duration = Duration::from_millis(50);

/// A daemon that is ready to run: store open, sockets bound.
pub struct Daemon {
    desk: Desk,
    clock: Clock,
    signals: Arc<Signals>,
    web: TcpListener,
    control: UnixListener,
    site: web::Site,
    ingests: Vec<Ingest>,
    publishing: Publishing,
    scheduling: Scheduling,
    sending: Sending,
}

impl Daemon {
    /// Opens the store, makes the keys if there are none, and binds the sockets.
    ///
    /// # Errors
    /// What the administrator should read; a [`StoreError`] is in the chain where that is the
    /// cause.
    pub async fn build(mut config: Config, templates: Templates) -> anyhow::Result<Daemon> {
        let web = listen(&mut config).await?;
        let config = Arc::new(config);
        let clock = clock::system();
        let store = open_store(&config.state).await?;
        store.define_tags(&config.tags).await?;
        let keys = Arc::new(secrets::load_or_make(&config.state)?);
        let board = Arc::new(Board::default());
        let desk = Desk {
            store: store.clone(),
            config: Arc::clone(&config),
            board: Arc::clone(&board),
        };
        let control = server::bind(&config.state).with_context(|| {
            let path = server::path(&config.state);
            format!(
                "can't make the control socket {}; if that is too long a path, set `state` to a shorter one",
                path.display()
            )
        })?;
        let signals = Arc::new(Signals::default());
        let mut publisher = Publisher::open(config.feeds.dir.clone())
            .with_context(|| format!("can't write to {}", config.feeds.dir.display()))?;
        publisher.shelve_existing();
        let templates = Arc::new(templates);
        let site = web::Site {
            shelf: publisher.shelf(),
            store: store.clone(),
            config: Arc::clone(&config),
            keys: Arc::clone(&keys),
            templates: Arc::clone(&templates),
            clock: Arc::clone(&clock),
        };
        let helo = config.web.url.host_str().unwrap_or("localhost").to_owned();
        let mailer = Mailer::from_config(&config.mail, &helo, &[])?;
        let composer = Composer::new(templates, letterhead(&config), keys);
        let ingests = config.sources.iter().map(|source| {
            Ingest::new(
                source,
                &config,
                store.clone(),
                Arc::clone(&board),
                Arc::clone(&signals),
            )
        });
        Ok(Daemon {
            ingests: ingests.collect(),
            publishing: Publishing::new(
                store.clone(),
                Arc::clone(&config),
                publisher,
                board.clone(),
            ),
            scheduling: Scheduling::new(store.clone(), Arc::clone(&config), Arc::clone(&signals)),
            sending: Sending::new(
                store,
                Arc::new(mailer),
                composer,
                &config,
                Arc::clone(&board),
                Arc::clone(&signals),
                Arc::clone(&clock),
            ),
            desk,
            clock,
            signals,
            web,
            control,
            site,
        })
    }

    /// Where feeds and pages are served.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.web.local_addr()
    }

    /// Runs until `told_to_stop` (the caller owns the signal), or until a loop ends by itself; then
    /// drains: no new work, what is on the wire is finished and settled.
    ///
    /// # Errors
    /// What ended a loop.
    pub async fn run(self, told_to_stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let state = self.desk.config.state.clone();
        let stop = CancellationToken::new();
        let mut loops = JoinSet::new();
        self.start(&mut loops, &stop);
        let result = tokio::select! {
            () = told_to_stop => Ok(()),
            Some(ended) = loops.join_next() => Err(ended_early(ended)),
        };
        tracing::info!("stopping");
        stop.cancel();
        let result = match tokio::time::timeout(DRAIN, drain(loops)).await {
            Ok(drained) => result.and(drained),
            Err(_) => {
                let seconds = DRAIN.as_secs();
                tracing::warn!(
                    "not everything ended within {seconds} s; the next start resumes it"
                );
                result
            }
        };
        // The socket is a name for a daemon that answers.
        let _ = fs::remove_file(server::path(&state));
        result
    }

    fn start(self, loops: &mut JoinSet<Ended>, stop: &CancellationToken) {
        let Daemon {
            desk,
            clock,
            signals,
            web,
            control,
            site,
            ..
        } = self;
        for ingest in self.ingests {
            let run = ingest.run(Arc::clone(&clock), stop.clone());
            loops.spawn(named("content", run));
        }
        let run = self
            .publishing
            .run(Arc::clone(&signals), Arc::clone(&clock), stop.clone());
        loops.spawn(named("feeds", run));
        loops.spawn(named(
            "schedule",
            self.scheduling.run(Arc::clone(&clock), stop.clone()),
        ));
        loops.spawn(named("mail", self.sending.run(stop.clone())));
        loops.spawn(named(
            "web",
            listen::serve(web, web::router(site), stop.clone()),
        ));
        let control = server::serve(control, desk, clock, stop.clone());
        loops.spawn(named("control", async { Ok(control.await?) }));
    }
}

/// Opens the store, or makes it where nobody but the owner can look into it. A command that has it
/// at this moment is waited for; a daemon is not.
async fn open_store(state: &Path) -> anyhow::Result<Store> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state)
        .map_err(|error| StoreError::Disk {
            path: state.to_owned(),
            why: error.to_string(),
        })?;
    let deadline = tokio::time::Instant::now() + LOCK_PATIENCE;
    loop {
        match Store::open(state, Open::OrCreate, secrets::random()?) {
            Err(StoreError::Locked(_)) if tokio::time::Instant::now() < deadline => {
                if matches!(Client::connect(state).await, Ok(Some(_))) {
                    anyhow::bail!(
                        "another daemon runs on {}; stop it first, or give this one a `state` of its own",
                        state.display()
                    );
                }
                tokio::time::sleep(LOCK_RETRY).await;
            }
            other => return Ok(other?),
        }
    }
}

/// Binds the web listener. Where the system chose the port, links name that one.
async fn listen(config: &mut Config) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(config.web.listen)
        .await
        .map_err(|error| {
            anyhow::anyhow!(
                "can't listen on {}: {error}. Is wici or another program at work there? `[web] listen` in {} names the address",
                config.web.listen,
                config.file.display()
            )
        })?;
    if config.web.url.port() == Some(0) {
        let port = listener.local_addr()?.port();
        // Only a URL that cannot have a port refuses one, and this one has.
        let _ = config.web.url.set_port(Some(port));
    }
    Ok(listener)
}

type Ended = (&'static str, anyhow::Result<()>);

async fn named(name: &'static str, run: impl Future<Output = anyhow::Result<()>>) -> Ended {
    (name, run.await)
}

/// Waits for every loop; the first that failed is the answer.
async fn drain(mut loops: JoinSet<Ended>) -> anyhow::Result<()> {
    let mut result = Ok(());
    while let Some(ended) = loops.join_next().await {
        let failed = match ended {
            Ok((name, ended)) => ended.with_context(|| format!("the {name} loop failed")),
            Err(panic) => Err(anyhow::anyhow!("a loop panicked: {panic}")),
        };
        result = result.and(failed);
    }
    result
}

fn ended_early(ended: Result<Ended, tokio::task::JoinError>) -> anyhow::Error {
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

/// The templates of a site: the compiled-in ones, and those in its folder in their place.
///
/// # Errors
/// Every problem in the folder.
pub fn templates(folder: &Path) -> Result<Templates, Vec<crate::domain::Problem>> {
    use crate::domain::Problem;
    let unreadable = |path: &Path, error: &std::io::Error| {
        Problem::of_file(
            path,
            format!("can't be read: {error}"),
            "make it readable, or remove it",
        )
    };
    let mut overrides = std::collections::BTreeMap::new();
    let mut problems = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Templates::new(&overrides);
        }
        Err(error) => return Err(vec![unreadable(folder, &error)]),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || path.is_dir() || name == "README.md" {
            continue;
        }
        match fs::read_to_string(&path) {
            Ok(text) => drop(overrides.insert(name, text)),
            Err(error) => problems.push(unreadable(&path, &error)),
        }
    }
    match Templates::new(&overrides) {
        Ok(templates) if problems.is_empty() => Ok(templates),
        Ok(_) => Err(problems),
        Err(more) => Err(problems.into_iter().chain(more).collect()),
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
