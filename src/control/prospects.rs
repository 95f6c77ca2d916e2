//! How many would be mailed a publication that is still to go out, by which schedule, and when.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Desk, Refusal};
use crate::domain::{Cadence, PublicationState};
use crate::store::prospects::ToCome;

/// Who would be mailed a publication by one schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prospect {
    /// The schedule, in its zone.
    pub schedule: String,
    /// How many. Whoever several schedules would mail it counts for the first of them alone.
    pub subscribers: u64,
    /// When; `None`: once a person lets it out of its hold.
    pub next: Option<Timestamp>,
}

/// By each schedule that would mail a publication to anybody, the first one first.
///
/// # Errors
/// The store's.
pub async fn of(
    desk: &Desk,
    state: &PublicationState,
    now: Timestamp,
) -> Result<Vec<Prospect>, Refusal> {
    let Some(to_come) = desk.store.to_come(state).await? else {
        return Ok(Vec::new());
    };
    let mut due = Vec::new();
    for cadence in desk.store.cadences().await? {
        let next = next(desk, &cadence, state, to_come, now);
        due.extend(next.map(|next| (next, cadence)));
    }
    due.sort();
    let cadences: Vec<Cadence> = due.iter().map(|(_, cadence)| cadence.clone()).collect();
    let subscribers = desk.store.prospects(state, &cadences).await?;
    let is_sure = to_come != ToCome::Held;
    let prospects = due.into_iter().zip(subscribers);
    let prospects = prospects.filter(|(_, subscribers)| *subscribers > 0);
    let prospects = prospects.map(|((next, cadence), subscribers)| Prospect {
        schedule: cadence.to_string(),
        subscribers,
        next: is_sure.then_some(next),
    });
    Ok(prospects.collect())
}

/// When a cadence would mail it; `None`: there is no such schedule any more, or it is never due.
fn next(
    desk: &Desk,
    cadence: &Cadence,
    state: &PublicationState,
    to_come: ToCome,
    now: Timestamp,
) -> Option<Timestamp> {
    let from = match to_come {
        ToCome::Scheduled => state.publication.published.max(now),
        ToCome::News(at) if cadence.is_immediate() => at,
        ToCome::Held | ToCome::News(_) => now,
    };
    if cadence.is_immediate() {
        let due = from.checked_add(desk.config.immediate.delay).ok()?;
        return Some(due.max(now));
    }
    let mut schedules = desk.config.schedules.iter();
    let schedule = schedules.find(|schedule| schedule.name == cadence.schedule)?;
    let zone = match &cadence.zone {
        Some(zone) => TimeZone::get(zone).ok()?,
        None => schedule.zone.clone(),
    };
    schedule.cron.next_after(&zone, from)
}
