//! What the log says of holds.

use crate::domain::{Decision, Hold, HoldKind};
use crate::store::HoldEvent;

/// Once, when a hold begins or ends by itself.
pub(super) fn tell<'e>(events: impl IntoIterator<Item = &'e HoldEvent>) {
    for event in events {
        match event {
            HoldEvent::Opened(hold) => opened(hold),
            HoldEvent::Dissolved(hold) => {
                tracing::info!(hold = hold.key.0, "what was missing is there again");
            }
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
    }
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
