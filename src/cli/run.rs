//! `wici run`: the daemon.

use std::io::IsTerminal;
use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Failure, configuration, output};
use crate::config::Transport;
use crate::daemon::{self, Daemon};

/// Runs until SIGTERM or SIGINT.
pub(super) async fn run(file: &Path) -> Result<(), Failure> {
    let config = configuration(file)?;
    let templates = daemon::templates(&config.templates).map_err(Failure::Configuration)?;
    start_log();
    let mail = match &config.mail.transport {
        Transport::Outbox(dir) => format!("as files in {}", dir.display()),
        Transport::Smtp(server) => format!("by {}:{}", server.host, server.port),
    };
    let daemon = Daemon::build(config, templates).await?;
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    output::remark(&format!(
        "wici listens on http://{}/; mail goes out {mail}",
        daemon.address()?
    ));
    daemon
        .run(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await?;
    Ok(())
}

fn start_log() {
    let filter = EnvFilter::try_from_env("WICI_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
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
