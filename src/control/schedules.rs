//! Schedules: which there are, and when their windows are due.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::execute::cadence;
use super::{Desk, Refusal};
use crate::config::Schedule;
use crate::domain::{Cadence, IMMEDIATE, Mark};
use crate::store::StoreError;

/// Due instants that are told of each schedule.
const TOLD: usize = 3;

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleStatus {
    /// Its name.
    pub name: String,
    /// The cron line, or the delay of `immediate` in words.
    pub line: String,
    /// The zone that the line is read in, or `subscriber`: each subscriber's own.
    pub timezone: String,
    /// In how many zones subscribers live, where each has windows of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zones: Option<usize>,
    /// The next instants at which it is due, at most three; of `immediate` when the news that waits
    /// goes out, if any does.
    pub next: Vec<Timestamp>,
    /// Of `immediate`: how long news waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<SignedDuration>,
    /// The latest window that is due and not opened: it will be when the daemon looks at the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Timestamp>,
    /// The latest window, when it was missed by more than `catch_up`: its items join the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Timestamp>,
}

/// Every schedule of the configuration, `immediate` last.
pub(super) async fn status(desk: &Desk, now: Timestamp) -> Result<Vec<ScheduleStatus>, Refusal> {
    let mut all = Vec::new();
    for schedule in &desk.config.schedules {
        all.push(cron(desk, schedule, now).await?);
    }
    all.push(immediate(desk).await?);
    Ok(all)
}

async fn cron(
    desk: &Desk,
    schedule: &Schedule,
    now: Timestamp,
) -> Result<ScheduleStatus, StoreError> {
    let mut status = ScheduleStatus {
        name: schedule.name.clone(),
        line: schedule.cron.to_string(),
        timezone: schedule.timezone.clone(),
        next: Vec::new(),
        delay: None,
        zones: None,
        waiting: None,
        missed: None,
    };
    let cadences = cadences(desk, schedule).await?;
    status.zones = schedule.zoned.then_some(cadences.len());
    for cadence in cadences {
        let zone = schedule.zone_of(&cadence);
        let first = schedule.cron.next_after(&zone, now);
        let dues = std::iter::successors(first, |due| schedule.cron.next_after(&zone, *due));
        status.next.extend(dues.take(TOLD));
        let Some(mark) = desk.store.mark(&cadence).await? else {
            continue;
        };
        match overdue(schedule, &zone, &mark, now) {
            Some(due) if now.duration_since(due) <= schedule.catch_up => {
                status.waiting = status.waiting.max(Some(due));
            }
            Some(due) => status.missed = status.missed.max(Some(due)),
            None if was_let_go(desk, schedule, &zone, (&cadence, &mark)).await? => {
                status.missed = status.missed.max(Some(mark.due));
            }
            None => {}
        }
    }
    status.next.sort_unstable();
    status.next.dedup();
    status.next.truncate(TOLD);
    Ok(status)
}

/// The cadences of a schedule by its name, and what their marks say of its line.
///
/// # Errors
/// There is no such schedule; which there are.
pub(super) async fn cadences_of(
    desk: &Desk,
    name: &str,
) -> Result<Vec<(Cadence, String)>, Refusal> {
    let named = cadence(desk, Some(name.to_owned()), &desk.config.site.timezone)?;
    let Some(schedule) = desk.config.schedule(name) else {
        return Ok(vec![(named, String::new())]);
    };
    let all = cadences(desk, schedule).await?.into_iter();
    Ok(all.map(|cadence| (cadence, schedule.line())).collect())
}

/// All names of the schedule that has this name, or had it.
pub(super) fn called(desk: &Desk, name: String) -> Result<Vec<String>, Refusal> {
    let named = cadence(desk, Some(name), &desk.config.site.timezone)?.schedule;
    let former = desk.config.schedule(&named);
    let former = former.map_or_else(Vec::new, |schedule| schedule.aliases.clone());
    Ok([vec![named], former].concat())
}

/// What shares the windows of a schedule: one, or one for each zone that somebody lives in.
async fn cadences(desk: &Desk, schedule: &Schedule) -> Result<Vec<Cadence>, StoreError> {
    if schedule.zoned {
        return desk.store.zones(&schedule.name).await;
    }
    Ok(vec![schedule.cadence(&schedule.timezone)])
}

/// The latest window since the mark. A line that reads otherwise than when it was last seen owes
/// none.
fn overdue(schedule: &Schedule, zone: &TimeZone, mark: &Mark, now: Timestamp) -> Option<Timestamp> {
    let due = schedule.cron.latest_in(zone, mark.due, now);
    due.filter(|_| mark.line == schedule.line())
}

/// Is the mark at a window that no run carried out?
async fn was_let_go(
    desk: &Desk,
    schedule: &Schedule,
    zone: &TimeZone,
    (cadence, mark): (&Cadence, &Mark),
) -> Result<bool, StoreError> {
    let just_before = mark.due - 1.nanosecond();
    let is_window = schedule.cron.latest_in(zone, just_before, mark.due) == Some(mark.due);
    Ok(is_window && desk.store.run_of(cadence, mark.due).await?.is_none())
}

async fn immediate(desk: &Desk) -> Result<ScheduleStatus, StoreError> {
    let delay = desk.config.immediate.delay;
    let mark = desk.store.mark(&Cadence::immediate()).await?;
    let waits = match mark {
        Some(mark) => desk.store.first_news(mark.upper).await?,
        None => None,
    };
    Ok(ScheduleStatus {
        name: IMMEDIATE.to_owned(),
        line: format!("{delay:#} after each release"),
        timezone: desk.config.site.timezone.clone(),
        next: waits
            .and_then(|at| at.checked_add(delay).ok())
            .into_iter()
            .collect(),
        delay: Some(delay),
        zones: None,
        waiting: None,
        missed: None,
    })
}
