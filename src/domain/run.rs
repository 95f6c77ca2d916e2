//! Cadences, windows, marks and runs: a run is a row, not an event.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Sequence, SubscriberKey};

/// The name of the built-in schedule that mails each publication by itself.
pub const IMMEDIATE: &str = "immediate";

/// A schedule in one zone: what shares its windows and its mark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cadence {
    /// The schedule's name.
    pub schedule: String,
    /// The IANA zone that its cron line is read in; `None`: the schedule's own.
    pub zone: Option<String>,
}

impl Cadence {
    /// The cadence of `immediate`.
    pub fn immediate() -> Cadence {
        Cadence {
            schedule: IMMEDIATE.to_owned(),
            zone: None,
        }
    }

    /// Is it the built-in one?
    pub fn is_immediate(&self) -> bool {
        self.schedule == IMMEDIATE
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.zone {
            Some(zone) => write!(f, "{} ({zone})", self.schedule),
            None => f.write_str(&self.schedule),
        }
    }
}

/// How far a cadence has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The upper number of its last fully planned window.
    pub upper: Sequence,
    /// Cron line and zone as last seen; changed ones owe no windows from before they were seen.
    pub line: String,
    /// Windows due up to here are opened or let go.
    pub due: Timestamp,
}

/// One opening of a cadence. It has no lower number: that is each subscription's cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Of what.
    pub cadence: Cadence,
    /// When it fell due; for `immediate`, when it was opened.
    pub due: Timestamp,
    /// Changes up to this number are in it.
    pub upper: Sequence,
}

/// The store's short name for a run; a later run has a greater one.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct RunKey(pub u64);

impl fmt::Display for RunKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One window being carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The store's short name.
    pub key: RunKey,
    /// What it carries out.
    pub window: Window,
    /// When it was opened: the Date of its messages.
    pub opened: Timestamp,
    /// Planning goes by subscriber; everyone up to here is planned.
    pub planned_through: Option<SubscriberKey>,
    /// Is planning complete?
    pub planned: bool,
    /// When everyone was settled.
    pub closed: Option<Timestamp>,
    /// The deliveries, by state.
    pub counts: Counts,
}

/// Deliveries by state. Their sum is what was planned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Not yet tried.
    pub pending: u64,
    /// Accepted by the server.
    pub sent: u64,
    /// Put off by the server; will be tried again.
    pub deferred: u64,
    /// Refused for good.
    pub failed: u64,
    /// Unsubscribed or suppressed before the mail went.
    pub suppressed: u64,
    /// The body went and the answer never came.
    pub in_doubt: u64,
    /// Tried for longer than `retry_for`.
    pub expired: u64,
    /// All its publications were withdrawn before the mail went.
    pub withdrawn: u64,
    /// Let go by a person.
    pub skipped: u64,
}

impl Counts {
    /// All deliveries.
    pub fn total(&self) -> u64 {
        self.open()
            + self.sent
            + self.failed
            + self.suppressed
            + self.in_doubt
            + self.expired
            + self.withdrawn
            + self.skipped
    }

    /// Counts some more.
    pub fn add(&mut self, more: &Counts) {
        self.pending += more.pending;
        self.sent += more.sent;
        self.deferred += more.deferred;
        self.failed += more.failed;
        self.suppressed += more.suppressed;
        self.in_doubt += more.in_doubt;
        self.expired += more.expired;
        self.withdrawn += more.withdrawn;
        self.skipped += more.skipped;
    }

    /// Deliveries that are not settled.
    pub fn open(&self) -> u64 {
        self.pending + self.deferred
    }
}
