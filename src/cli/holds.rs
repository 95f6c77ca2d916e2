//! `wici holds`: what waits for a person.

use std::path::Path;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use super::access::{Access, unexpected};
use super::{Failure, output};
use crate::control::report::{Held, HoldSummary};
use crate::control::{Request, Response};
use crate::domain::Decision;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List what waits, oldest first
    List {
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// It is as it should be: mail the releases, withdraw what is gone
    Approve(Which),
    /// Leave it at that: never mail the releases, keep what is gone published
    Skip(Which),
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// Its number, as `wici holds list` shows it
    #[arg(value_parser = number)]
    hold: u64,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

fn number(text: &str) -> Result<u64, &'static str> {
    let number = text.parse();
    number.map_err(|_| "write its number, as `wici holds list` shows it")
}

pub(super) async fn carry_out(file: &Path, command: Command) -> Result<(), Failure> {
    let access = Access::open(file).await?;
    let zone = &access.config.site.zone;
    match command {
        Command::List { json } => {
            let Response::Holds(holds) = access.ask(&Request::ListHolds).await? else {
                return Err(unexpected());
            };
            if json {
                output::json(&holds)
            } else if holds.is_empty() {
                output::say("Nothing waits for you.")
            } else {
                print(&holds, zone)
            }
        }
        Command::Approve(which) => decide(&access, which, Decision::Approve).await,
        Command::Skip(which) => decide(&access, which, Decision::Skip).await,
    }
}

async fn decide(access: &Access, which: Which, decision: Decision) -> Result<(), Failure> {
    let hold = which.hold;
    let answer = access.ask(&Request::DecideHold { hold, decision }).await?;
    let Response::Decided(decided) = answer else {
        return Err(unexpected());
    };
    if which.json {
        return output::json(&decided);
    }
    let number = output::number(decided.publications, "publication");
    output::say(&match (decided.kind, decision) {
        (Held::Releases, Decision::Approve) => format!("{number}: to be mailed."),
        (Held::Releases, Decision::Skip) => format!("{number}: in the feeds, not to be mailed."),
        (Held::Withdrawals | Held::Gone, Decision::Approve) => {
            format!("{number}: to be withdrawn.")
        }
        (Held::Withdrawals | Held::Gone, Decision::Skip) => {
            format!("{number}: published for good.")
        }
    })
}

/// Holds, each with what to type.
pub(super) fn print(holds: &[HoldSummary], zone: &TimeZone) -> Result<(), Failure> {
    for hold in holds {
        let (number, since) = (hold.hold, output::instant(hold.opened, zone));
        output::say(&format!("Hold {number}, since {since}: {}", what(hold)))?;
        if !hold.examples.is_empty() {
            output::say(&format!("  {}", examples(hold)))?;
        }
        let (approve, skip) = match hold.kind {
            Held::Releases => ("mail them", "leave them in the feeds alone"),
            Held::Withdrawals | Held::Gone => ("withdraw them", "keep them for good"),
        };
        output::say(&match hold.decision {
            None => format!(
                "  wici holds approve {number}   to {approve}\n  wici holds skip {number}      to {skip}"
            ),
            Some(Decision::Approve) => format!("  decided: {approve}"),
            Some(Decision::Skip) => format!("  decided: {skip}"),
        })?;
    }
    Ok(())
}

fn what(hold: &HoldSummary) -> String {
    let number = output::number(hold.publications, "publication");
    let source = hold.source.as_deref().unwrap_or_default();
    match hold.kind {
        Held::Withdrawals => {
            format!("{number} gone from the source `{source}`, and still published")
        }
        Held::Gone => format!(
            "{number} of the source `{source}`, which is gone from the configuration, and still published; if it is called otherwise now, add `{source}` to the `aliases` of its [[source]]"
        ),
        Held::Releases => format!(
            "{number} in the feeds, and mailed to nobody yet: more news than `hold_over` allows"
        ),
    }
}

/// The first few.
fn examples(hold: &HoldSummary) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = hold
        .examples
        .iter()
        .map(String::as_str)
        .take(SHOWN)
        .collect();
    let more = hold.publications.saturating_sub(shown.len() as u64);
    match more {
        0 => shown.join("; "),
        _ => format!("{}; and {more} more", shown.join("; ")),
    }
}
