//! Withdrawals, and what is held back of them when a source lost more than is to be believed.

mod missing;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::hold::{is_great_loss, is_recent};
use crate::domain::publication::Pass;
use crate::domain::{Decision, Hold, HoldKind, PublicationKey, PublicationState, Standing};

use super::super::changes::Changes;
use super::super::engine::{Go, Order, Read, Transaction};
use super::super::record::Record;
use super::super::rows::{HeldRow, LossRow, Meta, Number, SourceRow};
use super::super::{StoreError, forget, keys, load, save};
use super::{HoldEvent, holds};

pub(in crate::store) use missing::{Missing, all_of};

/// Former losses forgotten in one transaction.
const FORGOTTEN: usize = 4096;
/// Publications withdrawn in one transaction.
pub(in crate::store) const PIECE: usize = HeldRow::SIZE as usize;

/// What is missing of a source, and what waits of others.
pub(in crate::store) struct Losses<'s> {
    source: &'s str,
    /// In the hold of this source, if there is one.
    own: Missing,
    /// In the holds of other sources, or of one that is gone: a file of this source may be it.
    others: Vec<Missing>,
}

/// What a look that ended came to.
#[derive(Default)]
pub(in crate::store) struct Settled {
    pub(in crate::store) holds: Vec<HoldEvent>,
    /// What is to be withdrawn after this transaction, piece by piece. Should the process die in
    /// between, the next scan misses it as this look did.
    pub(in crate::store) rest: Vec<PublicationKey>,
}

impl<'s> Losses<'s> {
    /// What was held before a look at a source.
    pub(in crate::store) fn of(
        reader: &impl Read,
        source: &'s str,
    ) -> Result<Losses<'s>, StoreError> {
        let mut losses = Losses {
            source,
            own: Missing::default(),
            others: Vec::new(),
        };
        for hold in holds(reader)? {
            match &hold.kind {
                HoldKind::Releases | HoldKind::Store(_) => {}
                HoldKind::Withdrawals { source: of }
                    if of == source && losses.own.hold().is_none() =>
                {
                    losses.own = Missing::of(reader, hold)?;
                }
                HoldKind::Withdrawals { .. } | HoldKind::Gone { .. } => {
                    losses.others.push(Missing::of(reader, hold)?);
                }
            }
        }
        Ok(losses)
    }

    /// The publications without files which a file of this source that reads alike may be: this
    /// source's own, and those of sources that are gone.
    pub(in crate::store) fn missing(&self) -> BTreeSet<PublicationKey> {
        let gone = self.others.iter().filter(|other| {
            let kind = other.hold().map(|hold| &hold.kind);
            matches!(kind, Some(HoldKind::Gone { .. }))
        });
        [&self.own]
            .into_iter()
            .chain(gone)
            .flat_map(Missing::keys)
            .copied()
            .collect()
    }

    /// All publications without files: whatever file claims the id of one is it.
    pub(in crate::store) fn missing_anywhere(&self) -> BTreeSet<PublicationKey> {
        let all = [&self.own].into_iter().chain(&self.others);
        all.flat_map(Missing::keys).copied().collect()
    }

    /// A publication's file was found, whether where it was or elsewhere.
    pub(in crate::store) fn found(&mut self, changes: &mut Changes, state: &PublicationState) {
        if state.standing == Standing::Withdrawn {
            forget(changes.parts().0, keys::loss(&state.source, state.key));
        }
        for missing in [&mut self.own].into_iter().chain(&mut self.others) {
            missing.found(state.key);
        }
    }

    /// All of a batch was taken. At the end of a look, what is missing is withdrawn, or held: then
    /// or when it is found again a hold begins or ends. While there is one, only a complete scan
    /// can tell that little enough is missing.
    pub(in crate::store) fn settle<'p>(
        mut self,
        changes: &mut Changes,
        paths: impl Iterator<Item = &'p str>,
        pass: Pass,
        now: Timestamp,
    ) -> Result<Settled, StoreError> {
        let mut settled = Settled::default();
        for other in std::mem::take(&mut self.others) {
            let ended = other.keep(changes.parts().0, now)?;
            settled.holds.extend(ended.map(HoldEvent::Dissolved));
        }
        if matches!(pass, Pass::More | Pass::Baseline) || self.own.is_decided() {
            self.own.save(changes.parts().0, now)?;
            return Ok(settled);
        }
        let mut missing = BTreeSet::new();
        for path in paths {
            let key = load::<Number>(changes.reader(), &keys::path(self.source, path))?;
            missing.extend(key.map(|Number(key)| PublicationKey(key)));
        }
        let partial = pass == Pass::End && self.own.hold().is_some();
        let is_held = if partial {
            missing.extend(self.own.keys());
            !missing.is_empty()
        } else {
            self.is_great_loss(changes.parts().0, missing.len() as u64, now)?
        };
        if is_held {
            let (transaction, meta) = changes.parts();
            let opened = self.renew(transaction, meta, missing, now)?;
            settled.holds.extend(opened.map(HoldEvent::Opened));
            return Ok(settled);
        }
        let dissolved = self.own.dissolve(changes.parts().0, now)?;
        settled.holds.extend(dissolved.map(HoldEvent::Dissolved));
        let mut missing: Vec<PublicationKey> = missing.into_iter().collect();
        settled.rest = missing.split_off(missing.len().min(PIECE));
        withdraw_all(changes, self.source, &missing, now)?;
        Ok(settled)
    }

    /// Nothing of the source is to be seen. Returns the hold if it is a new one.
    pub(in crate::store) fn suspect(
        mut self,
        transaction: &mut Transaction<'_>,
        meta: &mut Meta,
        now: Timestamp,
    ) -> Result<Option<Hold>, StoreError> {
        let all = all_of(transaction, self.source)?;
        if all.is_empty() || self.own.is_decided() {
            return Ok(None);
        }
        self.renew(transaction, meta, all, now)
    }

    fn renew(
        &mut self,
        transaction: &mut Transaction<'_>,
        meta: &mut Meta,
        missing: BTreeSet<PublicationKey>,
        now: Timestamp,
    ) -> Result<Option<Hold>, StoreError> {
        let source = self.source.to_owned();
        let of = (HoldKind::Withdrawals { source }, missing);
        self.own.renew(transaction, meta, of, now)
    }

    /// Is what is missing now, with what went within the last minutes, too much?
    fn is_great_loss(
        &self,
        transaction: &mut Transaction<'_>,
        missing: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if missing == 0 {
            return Ok(false);
        }
        let recent = self.recent(transaction, now)?;
        if !is_great_loss(missing + recent, 0) {
            return Ok(false);
        }
        let mut known = 0;
        let span = keys::paths(self.source).prefix();
        transaction.scan(span.range(), Order::Ascending, &mut |_, _| {
            known += 1;
            Ok(Go::On)
        })?;
        Ok(is_great_loss(missing + recent, known + recent))
    }

    /// How many went within the last minutes, and nobody knows of; former losses are forgotten.
    fn recent(&self, transaction: &mut Transaction<'_>, now: Timestamp) -> Result<u64, StoreError> {
        let source = load::<SourceRow>(transaction, &keys::source(self.source))?;
        let known = source.and_then(|source| source.known_losses);
        let mut count = 0;
        let mut former = Vec::new();
        let span = keys::losses(self.source).prefix();
        transaction.scan(span.range(), Order::Ascending, &mut |key, value| {
            let at = LossRow::decode(value)?.at;
            if is_recent(now, at) && known.is_none_or(|known| at > known) {
                count += 1;
            } else if former.len() < FORGOTTEN {
                former.push(PublicationKey(keys::last_number(key)));
            }
            Ok(Go::On)
        })?;
        for key in former {
            forget(transaction, keys::loss(self.source, key));
        }
        Ok(count)
    }
}

/// Withdraws a piece of what a source lost.
pub(in crate::store) fn withdraw_all(
    changes: &mut Changes,
    source: &str,
    lost: &[PublicationKey],
    now: Timestamp,
) -> Result<(), StoreError> {
    for key in lost {
        if withdraw(changes, source, *key)? {
            let loss = keys::loss(source, *key);
            save(changes.parts().0, loss, &LossRow { at: now })?;
        }
    }
    Ok(())
}

/// Withdraws a publication whose file is gone from a source, unless it is there again or elsewhere.
fn withdraw(changes: &mut Changes, source: &str, key: PublicationKey) -> Result<bool, StoreError> {
    let state = place(changes, source, key)?;
    if let Some(state) = &state {
        changes.withdraw(source, &state.path)?;
    }
    Ok(state.is_some())
}

/// A publication, if its file is still believed to be in a source.
fn place(
    changes: &Changes,
    source: &str,
    key: PublicationKey,
) -> Result<Option<PublicationState>, StoreError> {
    let reader = changes.reader();
    let state = load::<PublicationState>(reader, &keys::publication(key))?;
    let Some(state) = state.filter(|state| state.source == source) else {
        return Ok(None);
    };
    let place = load::<Number>(reader, &keys::path(source, &state.path))?;
    Ok((place == Some(Number(key.0))).then_some(state))
}

/// Carries out what was decided of a publication whose file is missing from a source: it is
/// withdrawn, or no longer looked for.
pub(super) fn let_go(
    changes: &mut Changes,
    source: &str,
    key: PublicationKey,
    decision: Decision,
) -> Result<(), StoreError> {
    match decision {
        Decision::Approve => withdraw(changes, source, key).map(drop),
        Decision::Skip => {
            if let Some(state) = place(changes, source, key)? {
                forget(changes.parts().0, keys::path(source, &state.path));
            }
            Ok(())
        }
    }
}

/// What was lost so far is known, and no sign of worse.
pub(super) fn accept(
    transaction: &mut Transaction<'_>,
    source: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = keys::source(source);
    let row = load::<SourceRow>(transaction, &key)?.unwrap_or_default();
    let known_losses = Some(now);
    save(
        transaction,
        key,
        &SourceRow {
            known_losses,
            ..row
        },
    )
}
