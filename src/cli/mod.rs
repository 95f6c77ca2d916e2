//! Words in, requests out, tables or JSON back. One file per command group.
//!
//! Exit codes: 0 good, 1 the thing asked for failed, 2 usage, 75 the store can't be used
//! (temporary: try again), 78 bad configuration (sysexits.h).

mod access;
mod build;
mod check;
mod init;
mod output;
mod run;
mod runs;
mod status;
mod subscribers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Config};
use crate::daemon;
use crate::domain::Problem;

/// Tells people what is new on a website: feeds, and mail at once or as digests.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Arguments {
    /// The configuration.
    #[arg(
        short,
        long,
        global = true,
        default_value = "daemon.toml",
        value_name = "FILE"
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The daemon (the default)
    Run,
    /// A new site: configuration, a sample publication, templates
    Init {
        /// A folder that is not there yet, or is empty
        dir: PathBuf,
    },
    /// All problems of configuration, templates and content at once
    Check,
    /// One pass, content to feeds, without state: for static hosting
    Build,
    /// How things are
    Status {
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Who is subscribed, and to what
    #[command(subcommand)]
    Subscribers(subscribers::Command),
    /// What was mailed when
    #[command(subcommand)]
    Runs(runs::Command),
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
        Failure::Other(error.into())
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
        Command::Status { json } => status::status(&file, json).await,
        Command::Subscribers(command) => subscribers::carry_out(&file, command).await,
        Command::Runs(command) => runs::carry_out(&file, command).await,
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
