//! When windows are due, plainly: looked for on the wall clock of a zone, hour by hour.

use std::collections::BTreeMap;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Unit};

use super::{Cadence, IMMEDIATE, LOCAL, Model, SCHEDULES, Status, ZONES};

/// Time to undo a publication before it is mailed.
pub(in super::super) const DELAY: SignedDuration = SignedDuration::from_mins(2);
/// A window missed by more than this is not mailed late.
const CATCH_UP: SignedDuration = SignedDuration::from_hours(24);

/// By cadence, the instant up to which windows were opened or let go.
#[derive(Default)]
pub(super) struct Clock(BTreeMap<Cadence, Timestamp>);

impl Model {
    /// Opens and plans what is due. A cadence owes nothing from before it was first looked at, or
    /// from before somebody lived in its zone.
    pub(in super::super) fn tick(&mut self, now: Timestamp) {
        self.plan_everything();
        for schedule in (0..SCHEDULES.len()).filter(|schedule| *schedule != IMMEDIATE) {
            for zone in 0..ZONES.len() {
                let cadence = match schedule {
                    LOCAL => (schedule, Some(zone)),
                    _ => (schedule, None),
                };
                if schedule != LOCAL && zone > 0 || !self.is_asked_for(cadence) {
                    continue;
                }
                let since = *self.clock.0.entry(cadence).or_insert(now);
                if let Some(due) = latest(cadence, since, now) {
                    self.clock.0.insert(cadence, due);
                    if now.duration_since(due) <= CATCH_UP {
                        self.open(cadence, self.news.head, now);
                        self.plan_everything();
                    }
                }
            }
        }
        self.open_ripe(now);
        self.plan_everything();
    }

    /// A window was opened out of turn.
    pub(in super::super) fn open_early(&mut self, cadence: Cadence, now: Timestamp) {
        if let Some(since) = self.clock.0.get_mut(&cadence) {
            *since = now.max(*since);
        }
        self.open(cadence, self.news.head, now);
    }

    /// A window of `immediate` was opened.
    pub(in super::super) fn open_ripe(&mut self, now: Timestamp) {
        self.open((IMMEDIATE, None), self.news.ripe(now - DELAY), now);
    }

    /// Forgets zones in which nobody lives any more.
    pub(in super::super) fn forsake(&mut self) {
        let mut clock = std::mem::take(&mut self.clock);
        clock.0.retain(|cadence, _| self.is_asked_for(*cadence));
        self.clock = clock;
    }

    /// Is there anybody to look at the clock for?
    fn is_asked_for(&self, cadence: Cadence) -> bool {
        let mut people = self.people.iter();
        cadence.1.is_none()
            || people.any(|person| {
                let mut asked = person.asked.iter();
                person.status == Status::Active
                    && asked.any(|asked| person.cadence(asked) == cadence)
            })
    }
}

/// The last instant in (`after`, `through`] at which it is eight o'clock, on a Monday if weekly.
fn latest((schedule, zone): Cadence, after: Timestamp, through: Timestamp) -> Option<Timestamp> {
    let zone = TimeZone::get(ZONES[zone.unwrap_or(0)]).ok()?;
    let mut hour = through.round(Unit::Hour).ok()?;
    while hour > after {
        let wall = zone.to_datetime(hour);
        let is_due = wall.hour() == 8 && (schedule != 1 || wall.weekday() == Weekday::Monday);
        if is_due && hour <= through {
            return Some(hour);
        }
        hour -= SignedDuration::from_hours(1);
    }
    None
}
