//! Withdrawals, and what is held back of them when a source lost more than is to be believed.

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
use super::{HoldEvent, holds, open, publications};

/// Former losses forgotten in one transaction.
const FORGOTTEN: usize = 4096;

/// What is missing of a source.
pub(in crate::store) struct Losses<'s> {
    source: &'s str,
    hold: Option<Hold>,
    /// The publications in the hold.
    missing: BTreeSet<PublicationKey>,
    /// The rows of the hold that are no longer as they lie in the store.
    touched: BTreeSet<u64>,
}

impl<'s> Losses<'s> {
    /// What was held of a source before a look.
    pub(in crate::store) fn of(
        reader: &impl Read,
        source: &'s str,
    ) -> Result<Losses<'s>, StoreError> {
        let of_source = |hold: &Hold| match &hold.kind {
            HoldKind::Withdrawals { source: of } => of == source,
            HoldKind::Releases | HoldKind::Store(_) => false,
        };
        let hold = holds(reader)?.into_iter().find(of_source);
        let missing = match &hold {
            Some(hold) => publications(reader, hold.key)?.collect(),
            None => BTreeSet::new(),
        };
        Ok(Losses {
            source,
            hold,
            missing,
            touched: BTreeSet::new(),
        })
    }

    /// The publications whose files are missing, which waits for a person.
    pub(in crate::store) fn missing(&self) -> &BTreeSet<PublicationKey> {
        &self.missing
    }

    /// A publication's file was found, whether where it was or elsewhere.
    pub(in crate::store) fn found(&mut self, changes: &mut Changes, state: &PublicationState) {
        if state.standing == Standing::Withdrawn {
            forget(changes.parts().0, keys::loss(&state.source, state.key));
        }
        if self.missing.remove(&state.key) {
            self.touched.insert(row_of(state.key));
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
    ) -> Result<Option<HoldEvent>, StoreError> {
        let decided = self.hold.as_ref().is_some_and(|h| h.decision.is_some());
        if matches!(pass, Pass::More | Pass::Baseline) || decided {
            self.save(changes.parts().0, now)?;
            return Ok(None);
        }
        let mut missing = BTreeSet::new();
        for path in paths {
            let key = load::<Number>(changes.reader(), &keys::path(self.source, path))?;
            missing.extend(key.map(|Number(key)| PublicationKey(key)));
        }
        let partial = pass == Pass::End && self.hold.is_some();
        let is_held = if partial {
            missing.extend(&self.missing);
            !missing.is_empty()
        } else {
            self.is_great_loss(changes.parts().0, missing.len() as u64, now)?
        };
        if is_held {
            let (transaction, meta) = changes.parts();
            let opened = self.renew(transaction, meta, missing, now)?;
            return Ok(opened.map(HoldEvent::Opened));
        }
        let dissolved = self.dissolve(changes.parts().0, now)?;
        for key in missing {
            withdraw(changes, key)?;
            let loss = keys::loss(self.source, key);
            save(changes.parts().0, loss, &LossRow { at: now })?;
        }
        Ok(dissolved.map(HoldEvent::Dissolved))
    }

    /// Nothing of the source is to be seen. Returns the hold if it is a new one.
    pub(in crate::store) fn suspect(
        mut self,
        transaction: &mut Transaction<'_>,
        meta: &mut Meta,
        now: Timestamp,
    ) -> Result<Option<Hold>, StoreError> {
        let mut all = BTreeSet::new();
        let span = keys::paths(self.source).prefix();
        transaction.scan(span.range(), Order::Ascending, &mut |_, value| {
            all.insert(PublicationKey(Number::decode(value)?.0));
            Ok(Go::On)
        })?;
        let decided = self.hold.as_ref().is_some_and(|h| h.decision.is_some());
        if all.is_empty() || decided {
            return Ok(None);
        }
        self.renew(transaction, meta, all, now)
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

    /// This is missing now. Returns the hold if it is a new one.
    fn renew(
        &mut self,
        transaction: &mut Transaction<'_>,
        meta: &mut Meta,
        missing: BTreeSet<PublicationKey>,
        now: Timestamp,
    ) -> Result<Option<Hold>, StoreError> {
        let differ = self.missing.symmetric_difference(&missing);
        self.touched.extend(differ.map(|key| row_of(*key)));
        self.missing = missing;
        let is_new = self.hold.is_none();
        if is_new {
            let source = self.source.to_owned();
            self.hold = Some(open(meta, HoldKind::Withdrawals { source }, now));
        }
        self.save(transaction, now)?;
        Ok(self.hold.take().filter(|_| is_new))
    }

    fn dissolve(
        &mut self,
        transaction: &mut Transaction<'_>,
        now: Timestamp,
    ) -> Result<Option<Hold>, StoreError> {
        let missing = std::mem::take(&mut self.missing);
        self.touched.extend(missing.into_iter().map(row_of));
        self.save(transaction, now)?;
        if let Some(hold) = &self.hold {
            forget(transaction, keys::hold(hold.key));
        }
        Ok(self.hold.take())
    }

    fn save(
        &mut self,
        transaction: &mut Transaction<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(hold) = self.hold.as_mut().filter(|_| !self.touched.is_empty()) else {
            return Ok(());
        };
        for number in std::mem::take(&mut self.touched) {
            let first = number * HeldRow::SIZE;
            let keys = PublicationKey(first)..PublicationKey(first + HeldRow::SIZE);
            let publications: Vec<_> = self.missing.range(keys).copied().collect();
            let row = keys::held_row(hold.key, number);
            if publications.is_empty() {
                forget(transaction, row);
            } else {
                save(transaction, row, &HeldRow { publications })?;
            }
        }
        hold.publications = self.missing.len() as u64;
        hold.renewed = now;
        save(transaction, keys::hold(hold.key), hold)
    }
}

/// The row of a hold that a publication lies in.
fn row_of(key: PublicationKey) -> u64 {
    key.0 / HeldRow::SIZE
}

/// Withdraws a publication whose file is gone.
fn withdraw(changes: &mut Changes, key: PublicationKey) -> Result<(), StoreError> {
    match place(changes, key)? {
        Some(state) => changes.withdraw(&state.source, &state.path),
        None => Ok(()),
    }
}

/// A publication, if its file is still believed to be at its path.
fn place(changes: &Changes, key: PublicationKey) -> Result<Option<PublicationState>, StoreError> {
    let reader = changes.reader();
    let Some(state) = load::<PublicationState>(reader, &keys::publication(key))? else {
        return Ok(None);
    };
    let place = load::<Number>(reader, &keys::path(&state.source, &state.path))?;
    Ok((place == Some(Number(key.0))).then_some(state))
}

/// Carries out what was decided of a publication whose file is missing: it is withdrawn, or no
/// longer looked for.
pub(super) fn let_go(
    changes: &mut Changes,
    key: PublicationKey,
    decision: Decision,
) -> Result<(), StoreError> {
    match decision {
        Decision::Approve => withdraw(changes, key),
        Decision::Skip => {
            if let Some(state) = place(changes, key)? {
                forget(changes.parts().0, keys::path(&state.source, &state.path));
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
