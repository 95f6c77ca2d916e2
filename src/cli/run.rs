//! `wici run`: the daemon.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, oneshot};
use tracing_subscriber::EnvFilter;

use super::{Failure, configuration, output};
use crate::config::Transport;
use crate::daemon::{self, Daemon};

/// Runs until SIGTERM or SIGINT, then drains; the second signal ends it at once. SIGHUP reads the
/// configuration anew.
pub(super) async fn run(file: &Path) -> Result<(), Failure> {
    let config = configuration(file)?;
    let templates = daemon::templates(&config).map_err(Failure::Configuration)?;
    start_log();
    let mail = match &config.mail.transport {
        Transport::Outbox(dir) => format!("as files in {}", dir.display()),
        Transport::Server(server) => format!("by {}", server.place),
    };
    // From here on a signal waits until it can be obeyed in order.
    let mut signals = Signals::new()?;
    let daemon = Daemon::build(config, templates).await?;
    output::remark(&format!(
        "wici listens on {}; mail goes out {mail}",
        daemon.places()?
    ));
    let (tell, told) = oneshot::channel::<()>();
    let reload = Arc::new(Notify::new());
    let stop = async {
        let _ = told.await;
    };
    let run = daemon.run(stop, Arc::clone(&reload));
    let told_twice = async {
        signals.stop(&reload).await;
        let _ = tell.send(());
        signals.stop(&reload).await;
    };
    tokio::select! {
        ended = run => ended?,
        () = told_twice => return Err(Failure::Other(anyhow::anyhow!(
            "told twice to stop: what was under way is resumed at the next start"
        ))),
    }
    Ok(())
}

/// The signals that mean something to the daemon.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    /// Somebody sits at a terminal that may be closed.
    attended: bool,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            attended: std::io::stderr().is_terminal(),
        })
    }

    /// Returns when the daemon is to stop. A terminal that hangs up is to stop it; without one,
    /// SIGHUP is for a reload.
    async fn stop(&mut self, reload: &Notify) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {
                    if self.attended {
                        return;
                    }
                    reload.notify_one();
                }
            }
        }
    }
}

fn start_log() {
    let filter = EnvFilter::try_from_env("WICI_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A log that can't be written, because its reader or the disk is gone, ends nothing: the
        // other way would print, and panic.
        .log_internal_errors(false)
        .with_target(false);
    // systemd's journal stamps each line itself.
    let has_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let log = log
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if has_journal {
        log.without_time().init();
    } else {
        log.init();
    }
}
