//! `wici status`: how things are.

use std::path::Path;

use jiff::tz::TimeZone;

use super::access::{Access, unexpected};
use super::{Failure, output, runs};
use crate::control::report::StatusReport;
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
    let publications = report.publications;
    output::say(&format!(
        "{running} {} publications, {} waiting for their date, {} withdrawn; {} subscribers; {} mails to go.",
        publications.live,
        publications.scheduled,
        publications.withdrawn,
        report.subscribers,
        report.queue
    ))?;
    let sources = report.sources.iter();
    output::table(
        ["source", "publications"],
        sources
            .map(|s| [s.name.clone(), s.publications.to_string()])
            .collect(),
    )?;
    if !report.tags.is_empty() {
        let tags = report.tags.iter();
        output::table(
            ["tag", "publications"],
            tags.map(|t| [t.id.clone(), t.publications.to_string()])
                .collect(),
        )?;
    }
    let schedules = report.schedules.iter().map(|s| {
        let next = s
            .next
            .map_or_else(String::new, |next| output::instant(next, zone));
        [s.name.clone(), s.line.clone(), s.timezone.clone(), next]
    });
    output::table(["schedule", "when", "zone", "next"], schedules.collect())?;
    if !report.runs.is_empty() {
        runs::print(&report.runs, zone)?;
    }
    for trouble in &report.problems {
        output::say(&format!("{}: {}", trouble.place, trouble.problem))?;
    }
    Ok(())
}
