//! What is claimed and not yet settled.

use std::collections::VecDeque;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::asked::Asked;
use super::gate::Wire;
use super::{GATHER, LOOK_EVERY, UNSETTLED};
use crate::domain::{Claim, DeliveryKey, Outcome};
use crate::mail::{LetterSender, Report};

/// What came of asking for claims.
pub(super) enum Claimed {
    /// These, at that instant; none: nothing is due.
    These(Timestamp, Vec<Claim>),
    /// The guards let nothing be claimed.
    Halted,
}

/// What was settled.
pub(super) struct Settled {
    pub all_accepted: bool,
}

pub(super) struct Flow {
    pub letters: LetterSender,
    pub reports: mpsc::Receiver<Report>,
    pub claiming: Asked<Claimed>,
    pub settling: Asked<Settled>,
    /// Claims, and when each was made.
    pub ready: VecDeque<(Timestamp, Claim)>,
    /// Letters with the workers.
    pub in_flight: usize,
    /// What was reported and is not yet being settled, and since when that waits.
    outcomes: Vec<(DeliveryKey, Outcome)>,
    gathering: Option<Instant>,
    being_settled: usize,
    /// The wire waits for a settlement that is not done by then.
    pub patience: Instant,
    /// There may be something to claim; else it is looked for at `look_at`.
    pub may_be_due: bool,
    pub look_at: Instant,
    /// By `[mail] rate` the next letter goes then.
    pub leave: Option<Instant>,
}

impl Flow {
    pub(super) fn new(letters: LetterSender, reports: mpsc::Receiver<Report>) -> Flow {
        let now = Instant::now();
        Flow {
            letters,
            reports,
            claiming: Asked::nothing(),
            settling: Asked::nothing(),
            ready: VecDeque::new(),
            in_flight: 0,
            outcomes: Vec::new(),
            gathering: None,
            being_settled: 0,
            patience: now,
            may_be_due: true,
            look_at: now + LOOK_EVERY,
            leave: None,
        }
    }

    /// What was being settled is durable.
    pub(super) fn settled(&mut self) {
        self.being_settled = 0;
    }

    /// Letters that were handed over and are not durably settled.
    pub(super) fn unsettled(&self) -> usize {
        self.in_flight + self.outcomes.len() + self.being_settled
    }

    /// Takes a report and all that came with it.
    pub(super) fn note(&mut self, first: Report) {
        let mut next = Some(first);
        while let Some(report) = next {
            self.in_flight -= 1;
            self.reported(report.key, report.outcome);
            next = self.reports.try_recv().ok();
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.outcomes.is_empty() && !self.settling.is_under_way()
    }

    pub(super) fn reported(&mut self, key: DeliveryKey, outcome: Outcome) {
        self.gathering.get_or_insert_with(Instant::now);
        self.outcomes.push((key, outcome));
    }

    /// Takes the outcomes that are to be settled now: when they have been gathered for long enough,
    /// or are many, or no more are on their way.
    pub(super) fn take_gathered(&mut self, now: Instant) -> Option<Vec<(DeliveryKey, Outcome)>> {
        let since = self.gathering?;
        let is_time =
            since + GATHER <= now || self.outcomes.len() >= UNSETTLED / 2 || self.in_flight == 0;
        if self.settling.is_under_way() || !is_time {
            return None;
        }
        self.gathering = None;
        let outcomes = std::mem::take(&mut self.outcomes);
        self.being_settled = outcomes.len();
        Some(outcomes)
    }

    /// When to wake up if nothing happens.
    pub(super) fn next_timer(&self, wire: Wire) -> Instant {
        let settling = self.settling.is_under_way();
        [
            self.leave,
            (!self.may_be_due).then_some(self.look_at),
            (settling && wire == Wire::Open).then_some(self.patience),
            self.gathering
                .filter(|_| !settling)
                .map(|since| since + GATHER),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or_else(|| Instant::now() + LOOK_EVERY)
    }
}
