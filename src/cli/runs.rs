//! `wici runs`: what was mailed when.

use std::path::Path;

use clap::Subcommand;
use jiff::tz::TimeZone;

use super::access::{Access, unexpected};
use super::{Failure, output};
use crate::control::report::{DeliverySummary, RunSummary};
use crate::control::runs::{AccountSummary, BooksSummary};
use crate::control::{Request, Response};
use crate::domain::{Counts, DeliveryState};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the latest runs, newest first
    List {
        /// How many to list
        #[arg(long, default_value_t = 20, value_name = "NUMBER")]
        most: usize,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Show one run, and those of its deliveries that did not simply go well
    Show {
        /// Its number, as `wici runs list` shows it
        #[arg(value_parser = number)]
        run: u64,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
}

fn number(text: &str) -> Result<u64, &'static str> {
    let number = text.parse();
    number.map_err(|_| "write its number, as `wici runs list` shows it")
}

pub(super) async fn carry_out(file: &Path, command: Command) -> Result<(), Failure> {
    let access = Access::open(file).await?;
    let zone = &access.config.site.zone;
    match command {
        Command::List { most, json } => {
            let Response::Runs(runs) = access.ask(&Request::ListRuns { most }).await? else {
                return Err(unexpected());
            };
            if json {
                output::json(&runs)?;
            } else if runs.is_empty() {
                output::say("Nothing was mailed yet.")?;
            } else {
                print(&runs, zone)?;
            }
        }
        Command::Show { run, json } => {
            let Response::Run(detail) = access.ask(&Request::ShowRun { run }).await? else {
                return Err(unexpected());
            };
            if json {
                output::json(&detail)?;
            } else {
                print(std::slice::from_ref(&detail.run), zone)?;
                if let Some(books) = &detail.books {
                    print_books(books)?;
                }
                if !detail.notable.is_empty() {
                    output::say("")?;
                    print_deliveries(&detail.notable, zone)?;
                }
            }
        }
    }
    Ok(())
}

/// Runs as a table.
pub(super) fn print(runs: &[RunSummary], zone: &TimeZone) -> Result<(), Failure> {
    let rows = runs.iter().map(|run| {
        let closed = run
            .closed
            .map_or_else(|| "open".to_owned(), |at| output::instant(at, zone));
        [
            run.run.to_string(),
            run.schedule.clone(),
            output::instant(run.due, zone),
            closed,
            counts(&run.counts),
        ]
    });
    output::table(
        ["run", "schedule", "due", "closed", "deliveries"],
        rows.collect(),
    )
}

/// Who was to get each publication beside what became of it, and whether the two agree.
fn print_books(books: &BooksSummary) -> Result<(), Failure> {
    if !books.publications.is_empty() {
        output::say("")?;
        let rows = books.publications.iter().map(|account| {
            [
                account.title.clone(),
                account.matched.to_string(),
                account.already_had.to_string(),
                counts(&account.counts),
            ]
        });
        let head = ["publication", "matched", "already had", "deliveries"];
        output::table(head, rows.collect())?;
    }
    if books.left_out > 0 {
        output::say(&format!(
            "{} in neither count: gone, paused or changed since.",
            output::number(books.left_out, "subscriber")
        ))?;
    }
    if books.even {
        return Ok(());
    }
    output::say("The books differ, which is a fault of wici or of its store; please report it:")?;
    for account in &books.publications {
        for line in differences(account) {
            output::say(&line)?;
        }
    }
    match &books.miscounted {
        Some(rows) => output::say(&format!(
            "- by their rows the deliveries are: {}",
            counts(rows)
        )),
        None => Ok(()),
    }
}

fn differences(account: &AccountSummary) -> Vec<String> {
    let kinds = [
        (account.missing, "was to get it and has no delivery of it"),
        (
            account.unasked,
            "has a delivery of it and was not to get it",
        ),
    ];
    let mut lines: Vec<String> = kinds
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("- {}: {number} × {what}", account.title))
        .collect();
    if !lines.is_empty() {
        lines.push(format!("  for example {}", account.examples.join(", ")));
    }
    lines
}

/// Deliveries as a table.
pub(super) fn print_deliveries(
    deliveries: &[DeliverySummary],
    zone: &TimeZone,
) -> Result<(), Failure> {
    let rows = deliveries.iter().map(|delivery| {
        [
            delivery.run.to_string(),
            delivery
                .address
                .clone()
                .unwrap_or_else(|| "(removed)".to_owned()),
            state(&delivery.state, zone),
            delivery.items.to_string(),
            delivery.reply.clone().unwrap_or_default(),
        ]
    });
    output::table(
        ["run", "to", "state", "publications", "server's answer"],
        rows.collect(),
    )
}

pub(super) fn counts(counts: &Counts) -> String {
    let named = [
        (counts.sent, "sent"),
        (counts.pending, "pending"),
        (counts.deferred, "deferred"),
        (counts.failed, "failed"),
        (counts.suppressed, "suppressed"),
        (counts.in_doubt, "in doubt"),
        (counts.expired, "expired"),
        (counts.withdrawn, "withdrawn"),
        (counts.skipped, "skipped"),
    ];
    let some: Vec<String> = named
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, name)| format!("{n} {name}"))
        .collect();
    if some.is_empty() {
        "none".to_owned()
    } else {
        some.join(", ")
    }
}

pub(super) fn state(state: &DeliveryState, zone: &TimeZone) -> String {
    match state {
        DeliveryState::Pending => "pending".to_owned(),
        DeliveryState::Sent => "sent".to_owned(),
        DeliveryState::Deferred { attempts, until } => {
            format!(
                "deferred: tried {attempts} times, again {}",
                output::instant(*until, zone)
            )
        }
        DeliveryState::Failed => "failed".to_owned(),
        DeliveryState::Suppressed => "suppressed".to_owned(),
        DeliveryState::InDoubt => "in doubt".to_owned(),
        DeliveryState::Expired => "expired".to_owned(),
        DeliveryState::Withdrawn => "withdrawn".to_owned(),
        DeliveryState::Skipped => "skipped".to_owned(),
    }
}
