//! `wici send`: a run opened by hand, what it would mail, or a sample of each mail.

use std::path::Path;
use std::time::Duration;

use clap::{ArgGroup, Args};
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::access::{Access, unexpected};
use super::subscribers::parse_address;
use super::{Failure, output};
use crate::control::report::{Held, RunSummary};
use crate::control::samples::Kind;
use crate::control::send::{DryRun, Opened};
use crate::control::trial::{TrialOutcome, Tried};
use crate::control::{Request, Response};

/// A million subscribers are planned in less.
const PATIENCE: Duration = Duration::from_secs(120);
/// Runs looked through for those that were opened: one for each zone at most.
const LATEST: usize = 1_000;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["schedule", "test"]))]
pub(super) struct Arguments {
    /// Mail now what is new for the subscribers of this schedule, or of `immediate`
    #[arg(long, value_name = "NAME")]
    schedule: Option<String>,
    /// Only say who would get what
    #[arg(long, requires = "schedule")]
    dry_run: bool,
    /// Send a sample of each mail to this address, and to nobody else
    #[arg(long, value_name = "ADDRESS")]
    test: Option<String>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

pub(super) async fn send(file: &Path, arguments: Arguments) -> Result<(), Failure> {
    let Arguments {
        schedule,
        dry_run,
        test,
        json,
    } = arguments;
    let access = Access::open(file).await?;
    let zone = &access.config.site.zone;
    let request = match (schedule, test) {
        (Some(schedule), _) if dry_run => Request::DryRun { schedule },
        (Some(schedule), _) => Request::OpenRun { schedule },
        (None, test) => Request::Try {
            to: parse_address(&test.unwrap_or_default())?,
        },
    };
    match access.ask(&request).await? {
        Response::Opened(opened) => {
            let opened = planned(&access, opened).await?;
            if json {
                output::json(&opened)
            } else {
                print_opened(&opened, zone)?;
                remark_on_holds(&access, opened.runs.is_empty()).await
            }
        }
        Response::DryRun(dry) if json => output::json(&dry),
        Response::DryRun(dry) => {
            print_dry_run(&dry, zone)?;
            remark_on_holds(&access, dry.mails == 0).await
        }
        Response::Tried(tried) => {
            if json {
                output::json(&tried)?;
            } else {
                print_tried(&tried)?;
            }
            let is_accepted = |one: &Tried| one.outcome == TrialOutcome::Accepted;
            if tried.iter().all(is_accepted) {
                Ok(())
            } else {
                Err(Failure::Said)
            }
        }
        _ => Err(unexpected()),
    }
}

/// Where nothing is to be sent, it may be because it waits for somebody.
async fn remark_on_holds(access: &Access, is_nothing: bool) -> Result<(), Failure> {
    if !is_nothing {
        return Ok(());
    }
    let Response::Holds(holds) = access.ask(&Request::ListHolds).await? else {
        return Err(unexpected());
    };
    let holds = holds.iter().filter(|hold| hold.kind == Held::Releases);
    let held: u64 = holds.map(|hold| hold.publications).sum();
    if held > 0 {
        let held = output::number(held, "publication");
        output::remark(&format!("{held} on hold: `wici holds list` shows them."));
    }
    Ok(())
}

/// Waits until a daemon has planned what was opened.
async fn planned(access: &Access, mut opened: Opened) -> Result<Opened, Failure> {
    let deadline = Instant::now() + PATIENCE;
    while opened.runs.iter().any(|run| !run.planned) {
        if Instant::now() > deadline {
            output::remark("The daemon is still planning; `wici runs list` shows how far it is.");
            break;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        let request = Request::ListRuns { most: LATEST };
        let Response::Runs(runs) = access.ask(&request).await? else {
            return Err(unexpected());
        };
        for run in &mut opened.runs {
            if let Some(now) = runs.iter().find(|now| now.run == run.run) {
                *run = now.clone();
            }
        }
    }
    Ok(opened)
}

fn print_opened(opened: &Opened, zone: &TimeZone) -> Result<(), Failure> {
    if let (true, Some(since)) = (opened.runs.is_empty(), opened.nothing_since) {
        return output::say(&format!(
            "Nothing to send: nothing new since {}.",
            output::day_and_time(since, zone)
        ));
    }
    for run in &opened.runs {
        output::say(&sentence(run, opened.running))?;
    }
    Ok(())
}

fn sentence(run: &RunSummary, running: bool) -> String {
    let (number, schedule) = (run.run, &run.schedule);
    let mails = run.counts.total();
    if mails == 0 {
        return format!("Run {number} of {schedule}: none of what is new is for anybody.");
    }
    let mails = output::number(mails, "mail");
    let then = match (run.closed, running) {
        (Some(_), _) => "all done",
        (None, true) => "on their way",
        (None, false) => "they go out when the daemon runs",
    };
    format!("Run {number} of {schedule}: {mails}, {then}.")
}

fn print_dry_run(dry: &DryRun, zone: &TimeZone) -> Result<(), Failure> {
    if dry.mails == 0 {
        let since = dry.nothing_since.map_or(String::new(), |since| {
            format!(" since {}", output::day_and_time(since, zone))
        });
        return output::say(&format!(
            "`{}` would mail nobody: nothing is new for its subscribers{since}.",
            dry.schedule
        ));
    }
    let mails = output::number(dry.mails, "mail");
    output::say(&format!("`{}` would send {mails} now:", dry.schedule))?;
    let rows = dry.publications.iter().map(|one| {
        [
            one.title.clone(),
            one.mails.to_string(),
            one.corrections.to_string(),
        ]
    });
    output::table(["publication", "mails", "as a correction"], rows.collect())?;
    let named = dry.subscribers.join(", ");
    let more = dry.mails.saturating_sub(dry.subscribers.len() as u64);
    output::say(&match more {
        0 => format!("To {named}."),
        _ => format!("To {named}, and {more} more."),
    })
}

fn print_tried(tried: &[Tried]) -> Result<(), Failure> {
    let rows = tried.iter().map(|one| {
        let kind = match one.kind {
            Kind::Publication => "one publication",
            Kind::Digest => "a digest",
            Kind::Correction => "a correction",
            Kind::Archived => "an archived one",
        };
        let outcome = match one.outcome {
            TrialOutcome::Accepted => "accepted",
            TrialOutcome::Deferred => "put off",
            TrialOutcome::Refused => "refused",
            TrialOutcome::InDoubt => "in doubt",
        };
        let about = if one.real { "published" } else { "made up" };
        [
            kind.to_owned(),
            one.language.clone(),
            about.to_owned(),
            outcome.to_owned(),
            one.answer.clone(),
        ]
    });
    output::table(
        ["mail", "language", "about", "outcome", "answer"],
        rows.collect(),
    )
}
