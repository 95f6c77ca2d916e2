//! Holds: what waits for a person, and what they say.

use jiff::Timestamp;

use super::report::HoldSummary;
use super::{Desk, Refusal};
use crate::domain::{Decision, Hold, HoldKey, HoldKind};
use crate::store::StoreError;

/// Publications of a hold that are named.
const EXAMPLES: usize = 10;

/// The holds, oldest first.
pub(super) async fn list(desk: &Desk) -> Result<Vec<HoldSummary>, Refusal> {
    let holds = desk.store.holds().await?;
    let mut summaries = Vec::with_capacity(holds.len());
    for hold in holds {
        summaries.push(summary(desk, hold).await?);
    }
    Ok(summaries)
}

/// Writes a decision down. A daemon's loops carry it out; without one it is done here and now, but
/// for what only a daemon can know: whether the clock is right, and what the sources bring.
pub(super) async fn decide(
    desk: &Desk,
    key: HoldKey,
    decision: Decision,
    running: bool,
    now: Timestamp,
) -> Result<HoldSummary, Refusal> {
    let hold = desk.store.decide(key, decision).await?.ok_or_else(|| {
        Refusal(format!(
            "there is no hold {key}; `wici holds list` shows them"
        ))
    })?;
    if hold.decision != Some(decision) {
        return Err(Refusal(format!(
            "hold {key} was decided otherwise, and that is being carried out"
        )));
    }
    let is_of_store = matches!(hold.kind, HoldKind::Store(_));
    let decided = summary(desk, hold).await?;
    if running {
        (desk.bell)();
    } else if !is_of_store {
        let guards = desk.config.guards;
        while !desk.store.carry_out(key, now, guards).await?.done {}
    }
    Ok(decided)
}

async fn summary(desk: &Desk, hold: Hold) -> Result<HoldSummary, StoreError> {
    let named = desk.store.held(hold.key, EXAMPLES).await?.into_iter();
    let examples = match hold.kind {
        HoldKind::Releases => named.map(|state| state.publication.title).collect(),
        HoldKind::Withdrawals { .. } | HoldKind::Gone { .. } => {
            named.map(|state| state.path).collect()
        }
        HoldKind::Store(_) => Vec::new(),
    };
    Ok(HoldSummary::new(hold, examples))
}
