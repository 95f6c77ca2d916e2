//! `wici holds`: what waits for a person.

use std::path::Path;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use super::access::{Access, unexpected};
use super::{Failure, output};
use crate::control::report::{Held, HoldSummary};
use crate::control::{Request, Response};
use crate::domain::{Decision, Distrust};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List what waits, oldest first
    List {
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// It is as it should be: mail the releases, withdraw what is gone, go on mailing
    Approve(Which),
    /// Leave it at that: never mail the releases, keep what is gone published, drop what waits
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
        (Held::Store, Decision::Approve) => "Mailing goes on.".to_owned(),
        (Held::Store, Decision::Skip) => {
            "What waits is dropped; what is published from now on is mailed.".to_owned()
        }
    })
}

/// Holds, each with what to type.
pub(super) fn print(holds: &[HoldSummary], zone: &TimeZone) -> Result<(), Failure> {
    for hold in holds {
        let (number, since) = (hold.hold, output::instant(hold.opened, zone));
        output::say(&format!(
            "Hold {number}, since {since}: {}",
            what(hold, zone)
        ))?;
        if !hold.examples.is_empty() {
            output::say(&format!("  {}", examples(hold)))?;
        }
        let (approve, skip) = match hold.kind {
            Held::Releases => ("mail them", "leave them in the feeds alone"),
            Held::Withdrawals | Held::Gone => ("withdraw them", "keep them for good"),
            Held::Store => ("go on mailing", "drop what waits to be mailed"),
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

fn what(hold: &HoldSummary, zone: &TimeZone) -> String {
    if let Some(distrust) = &hold.distrust {
        return format!("nothing is mailed: {}", why(distrust, zone));
    }
    let number = output::number(hold.publications, "publication");
    let source = hold.source.as_deref().unwrap_or_default();
    match hold.kind {
        Held::Withdrawals => {
            format!("{number} gone from the source `{source}`, and still published")
        }
        Held::Gone => format!(
            "{number} of the source `{source}`, which is gone from the configuration, and still published; if it is called otherwise now, add `{source}` to the `aliases` of its [[source]]"
        ),
        Held::Releases | Held::Store => format!(
            "{number} in the feeds, and mailed to nobody further until you decide: more news than `hold_over` allows"
        ),
    }
}

fn why(distrust: &Distrust, zone: &TimeZone) -> String {
    let at = |instant| output::instant(instant, zone);
    match distrust {
        Distrust::ClockMoved { from, to } => {
            format!("the clock was moved from {} to {}", at(*from), at(*to))
        }
        Distrust::ClockBehind { last, now } => format!(
            "the clock showed {}, and in the store it was {} already",
            at(*now),
            at(*last)
        ),
        Distrust::Restored(witness) => format!(
            "the store is a copy from before {}; what was mailed since would be mailed again",
            at(witness.at)
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
