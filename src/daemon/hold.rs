//! What the log says of holds.

use crate::domain::{Decision, Distrust, Hold, HoldKind};
use crate::store::HoldEvent;

/// Once, when a hold begins or ends by itself.
pub(super) fn tell<'e>(events: impl IntoIterator<Item = &'e HoldEvent>) {
    for event in events {
        match event {
            HoldEvent::Opened(hold) => opened(hold),
            HoldEvent::Dissolved(hold) => dissolved(hold),
        }
    }
}

fn opened(hold: &Hold) {
    let (key, number) = (hold.key.0, hold.publications);
    match &hold.kind {
        HoldKind::Releases => tracing::warn!(
            hold = key,
            "more news than `hold_over` within ten minutes: it is in the feeds and mailed to nobody before `wici holds approve {key}`"
        ),
        HoldKind::Withdrawals { source } => tracing::warn!(
            hold = key,
            source,
            "{number} publications are gone from their source: they stay published until `wici holds approve {key}`, or until they are there again"
        ),
        HoldKind::Gone { source } => tracing::warn!(
            hold = key,
            source,
            "the source is gone from the configuration and left {number} publications. Is it called otherwise now? Then add `{source}` to the `aliases` of its [[source]]. Else `wici holds approve {key}` withdraws them, and `wici holds skip {key}` keeps them for good"
        ),
        HoldKind::Store(why) => store(key, why),
    }
}

fn store(key: u64, why: &Distrust) {
    let what = match why {
        Distrust::ClockMoved { from, to } => {
            format!("the clock was moved from {from:.0} to {to:.0}")
        }
        Distrust::ClockBehind { last, now } => {
            format!("the clock shows {now:.0}, and in the store it was {last:.0} already")
        }
        Distrust::Restored(witness) => format!(
            "the store is a copy from before {:.0}: mail went out since that it knows nothing of",
            witness.at
        ),
    };
    tracing::error!(
        hold = key,
        "{what}; nothing is mailed until `wici holds approve {key}` or `wici holds skip {key}`"
    );
}

fn dissolved(hold: &Hold) {
    let what = match &hold.kind {
        HoldKind::Store(_) => "the clock is right again: mail goes on",
        HoldKind::Gone { .. } => "what a source that was gone had published is there again",
        HoldKind::Releases | HoldKind::Withdrawals { .. } => "what was missing is there again",
    };
    tracing::info!(hold = hold.key.0, "{what}");
}

/// Once, when a decision has been carried out.
pub(super) fn tell_done(hold: &Hold) {
    let word = match hold.decision {
        Some(Decision::Approve) => "approved",
        _ => "skipped",
    };
    tracing::info!(
        hold = hold.key.0,
        publications = hold.publications,
        "{word}"
    );
}
