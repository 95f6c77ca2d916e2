//! `wici status`: how things are.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::access::{Access, unexpected};
use super::{Failure, holds, output, runs};
use crate::control::report::{ScheduleStatus, StatusReport};
use crate::control::{Request, Response};

/// Asks and prints.
pub(super) async fn status(file: &Path, json: bool) -> Result<(), Failure> {
    let access = Access::open(file).await?;
    let Response::Status(report) = access.ask(&Request::Status).await? else {
        return Err(unexpected());
    };
    if json {
        output::json(&report)?;
    } else {
        print(&report, &access.config.site.zone)?;
    }
    Ok(())
}

fn print(report: &StatusReport, zone: &TimeZone) -> Result<(), Failure> {
    let running = if report.running {
        "The daemon runs."
    } else {
        "The daemon does not run."
    };
    output::say(&format!("{running} {}.", totals(report)))?;
    if !report.holds.is_empty() {
        output::say("")?;
        holds::print(&report.holds, zone)?;
    }
    let sources = report.sources.iter();
    section(
        ["source", "files or entries"],
        sources
            .map(|s| [s.name.clone(), s.publications.to_string()])
            .collect(),
    )?;
    let feeds = report.sources.iter().filter_map(|source| {
        let upstream = source.upstream.as_ref()?;
        let told = |at: Option<Timestamp>, none: &str| {
            at.map_or(none.to_owned(), |at| output::instant(at, zone))
        };
        Some([
            source.name.clone(),
            told(upstream.last_success, "never"),
            told(upstream.next, "now"),
        ])
    });
    section(["feed", "last there", "asked next"], feeds.collect())?;
    let tags = report.tags.iter();
    section(
        ["tag", "label", "publications"],
        tags.map(|t| [t.id.clone(), t.label.clone(), t.publications.to_string()])
            .collect(),
    )?;
    section(
        ["schedule", "when", "time zone", "next"],
        report.schedules.iter().map(|s| schedule(s, zone)).collect(),
    )?;
    if !report.runs.is_empty() {
        output::say("")?;
        runs::print(&report.runs, zone)?;
    }
    for trouble in &report.problems {
        output::say(&format!("\n{}: {}", trouble.place, trouble.problem))?;
    }
    Ok(())
}

/// `20 publications (1 withdrawn), 3 subscribers, 0 mails to go`
fn totals(report: &StatusReport) -> String {
    let publications = report.publications;
    let mut beside = Vec::new();
    if publications.scheduled > 0 {
        beside.push(format!(
            "{} more to come on their date",
            publications.scheduled
        ));
    }
    for (number, what) in [
        (publications.withdrawn, "withdrawn"),
        (publications.expired, "expired"),
    ] {
        if number > 0 {
            beside.push(format!("{number} {what}"));
        }
    }
    let beside = if beside.is_empty() {
        String::new()
    } else {
        format!(" ({})", beside.join(", "))
    };
    format!(
        "{}{beside}, {}, {} to go",
        output::number(publications.live, "publication"),
        output::number(report.subscribers, "subscriber"),
        output::number(report.queue, "mail"),
    )
}

fn section<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> Result<(), Failure> {
    if !rows.is_empty() {
        output::say("")?;
        output::table(head, rows)?;
    }
    Ok(())
}

/// The next instant is told in the schedule's own zone, which stands beside it; in the site's where
/// each subscriber has their own.
fn schedule(schedule: &ScheduleStatus, site: &TimeZone) -> [String; 4] {
    let zone = match schedule.zones {
        Some(_) => site.clone(),
        None => TimeZone::get(&schedule.timezone).unwrap_or(TimeZone::UTC),
    };
    let read_in = match schedule.zones {
        Some(zones) => format!(
            "{} ({})",
            schedule.timezone,
            output::number(zones as u64, "zone")
        ),
        None if schedule.next.is_some() => schedule.timezone.clone(),
        None => String::new(),
    };
    let next = schedule.next.map(|next| output::instant(next, &zone));
    [
        schedule.name.clone(),
        schedule.line.clone(),
        read_in,
        next.unwrap_or_default(),
    ]
}
