//! Words in, requests out, tables or JSON back. One file per command group.
//!
//! Exit codes: 0 good, 1 the thing asked for failed, 2 usage, 75 the store can't be used
//! (temporary: try again), 78 bad configuration (sysexits.h).

mod access;
mod build;
mod check;
mod dump;
mod holds;
mod ids;
mod init;
mod output;
mod preview;
mod publications;
mod readers;
mod restore;
mod run;
mod runs;
mod send;
mod status;
mod subscribers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Config};
use crate::daemon;
use crate::daemon::reload::Refused;
use crate::domain::Problem;

const AFTER_HELP: &str = "\
While the daemon runs, commands ask it; else they open the store themselves.
WICI_LOG=error|warn|info|debug sets how much the daemon logs (info).
Exit codes: 0 good, 1 what was asked for failed, 2 usage, 75 the store can't
be used now, 78 bad configuration.";

/// Tells people what is new on a website: feeds, and mail at once or as digests.
#[derive(Debug, Parser)]
#[command(version, about, after_help = AFTER_HELP)]
pub struct Arguments {
    /// The configuration; the paths in it are relative to it
    #[arg(
        short,
        long,
        global = true,
        default_value = "daemon.toml",
        value_name = "FILE",
        display_order = 100
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon; so does `wici` alone
    Run,
    /// Make a new site: configuration, a first publication, templates
    Init {
        /// A folder that is not there yet, or is empty
        dir: PathBuf,
    },
    /// Name every problem of configuration, templates and content
    Check,
    /// Write the feeds once, without daemon or state (static hosting)
    Build,
    /// Show sources, tags, schedules, the latest runs, holds and problems
    Status {
        /// Show instead how feed readers poll, since the daemon started
        #[arg(long)]
        readers: bool,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Add, list, show, change, pause or remove subscribers
    #[command(subcommand)]
    Subscribers(subscribers::Command),
    /// Put ids into content files
    #[command(subcommand)]
    Ids(ids::Command),
    /// List publications, or show one and who got it
    #[command(subcommand)]
    Publications(publications::Command),
    /// List or show runs: what was mailed when, and how it went
    #[command(subcommand)]
    Runs(runs::Command),
    /// Show a mail as it would go out now; nothing is sent
    Preview(preview::Arguments),
    /// Mail what is new now, say who would get it, or send samples to try things out
    Send(send::Arguments),
    /// List what waits for you, and approve or skip it
    #[command(subcommand)]
    Holds(holds::Command),
    /// Write the whole state, keys included, into one file
    Dump {
        /// Where to; one that is there is replaced
        file: PathBuf,
    },
    /// Make the state anew from a file that `wici dump` wrote
    Restore {
        /// Where from
        file: PathBuf,
    },
}

/// What a command ends in, other than well.
#[derive(Debug)]
enum Failure {
    /// The configuration, or a template, is bad (78).
    Configuration(Vec<Problem>),
    /// The thing asked for failed (1), or the store can't be used (75).
    Other(anyhow::Error),
    /// What there is to say has been said (1).
    Said,
    /// Whoever read the output has had enough, as after `| head` (0).
    Unread,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        match error.into().downcast() {
            Ok(Refused(problems)) => Failure::Configuration(problems),
            Err(error) => Failure::Other(error),
        }
    }
}

const TEMPORARY: u8 = 75;
const BAD_CONFIGURATION: u8 = 78;

/// Carries a command out, and says how it ended.
pub async fn run(arguments: Arguments) -> ExitCode {
    let file = arguments.config;
    let result = match arguments.command.unwrap_or(Command::Run) {
        Command::Run => run::run(&file).await,
        Command::Init { dir } => init::init(&dir),
        Command::Check => check::check(&file).await,
        Command::Build => build::build(&file).await,
        Command::Status {
            readers: true,
            json,
        } => readers::readers(&file, json).await,
        Command::Status { json, .. } => status::status(&file, json).await,
        Command::Subscribers(command) => subscribers::carry_out(&file, command).await,
        Command::Ids(command) => ids::carry_out(&file, command).await,
        Command::Publications(command) => publications::carry_out(&file, command).await,
        Command::Runs(command) => runs::carry_out(&file, command).await,
        Command::Preview(arguments) => preview::preview(&file, arguments).await,
        Command::Send(arguments) => send::send(&file, arguments).await,
        Command::Holds(command) => holds::carry_out(&file, command).await,
        Command::Dump { file: to } => dump::dump(&file, &to).await,
        Command::Restore { file: from } => restore::restore(&file, &from),
    };
    match result {
        Ok(()) | Err(Failure::Unread) => ExitCode::SUCCESS,
        Err(Failure::Said) => ExitCode::FAILURE,
        Err(Failure::Configuration(problems)) => {
            output::problems(&problems);
            ExitCode::from(BAD_CONFIGURATION)
        }
        Err(Failure::Other(error)) => {
            output::error(&error);
            if daemon::is_store_trouble(&error) {
                ExitCode::from(TEMPORARY)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn configuration(file: &Path) -> Result<Config, Failure> {
    config::load(file).map_err(Failure::Configuration)
}
