//! `wici status`: how things are.

use std::path::Path;

use jiff::Timestamp;

use super::access::{Access, unexpected};
use super::{Failure, holds, output, runs};
use crate::config::Site;
use crate::control::report::StatusReport;
use crate::control::schedules::ScheduleStatus;
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
        print(&report, &access.config.site)?;
    }
    Ok(())
}

fn print(report: &StatusReport, site: &Site) -> Result<(), Failure> {
    let zone = &site.zone;
    let running = if report.running {
        "The daemon runs."
    } else {
        "The daemon does not run."
    };
    output::say(&format!("{running} {}.", totals(report)))?;
    let websub = &report.websub;
    if websub.subscriptions > 0 {
        output::say(&format!(
            "WebSub: {}, {} on the way to them, {} to be tried again.",
            output::number(websub.subscriptions, "subscription"),
            output::number(websub.on_the_way, "changed feed"),
            output::number(websub.retries, "failure"),
        ))?;
    }
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
    print_schedules(&report.schedules, site)?;
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

/// When schedules are due, and which windows were missed.
fn print_schedules(schedules: &[ScheduleStatus], site: &Site) -> Result<(), Failure> {
    let when = |at: Timestamp| output::day_and_time(at, &site.zone);
    let next = format!("next ({})", site.timezone);
    let row = |schedule: &ScheduleStatus| {
        let next: Vec<String> = schedule.next.iter().map(|at| when(*at)).collect();
        let zone = match (schedule.delay, schedule.zones) {
            (Some(_), _) => String::new(),
            (None, Some(zones)) => {
                let zones = output::number(zones as u64, "zone");
                format!("{} ({zones})", schedule.timezone)
            }
            (None, None) => schedule.timezone.clone(),
        };
        let (name, line) = (schedule.name.clone(), schedule.line.clone());
        [name, line, zone, next.join("\n")]
    };
    section(
        ["schedule", "when", "time zone", &next],
        schedules.iter().map(row).collect(),
    )?;
    for schedule in schedules {
        let name = &schedule.name;
        if let Some(due) = schedule.waiting {
            output::say(&format!(
                "{name}: due since {}; the daemon opens it when it runs.",
                when(due)
            ))?;
        }
        if let Some(due) = schedule.missed {
            output::say(&format!(
                "{name}: that of {} was missed by more than `catch_up`; what was in it comes with the next.",
                when(due)
            ))?;
        }
    }
    Ok(())
}
