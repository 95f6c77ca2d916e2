//! Holds: what waits for a person, and what becomes of it.
//!
//! `flood` holds back news, `losses` withdrawals, `trust` all mail. A decision is written down at once and carried
//! out piece by piece, each one transaction, so that no number of publications is too many and a
//! process that dies in the middle is resumed.

mod flood;
mod losses;
mod trust;

use jiff::Timestamp;

use crate::domain::{
    Change, Decision, Guards, Hold, HoldKey, HoldKind, PublicationKey, PublicationState,
};

use super::changes::Changes;
use super::engine::{Go, Order, Read, Transaction};
use super::record::Record;
use super::rows::{HeldIn, HeldRow, Meta};
use super::{Store, StoreError, forget, keys, load, meta, save};

pub(super) use flood::Flood;
pub(super) use losses::{Losses, Missing, PIECE, Settled, all_of, withdraw_all};
pub(super) use trust::is_distrusted;

/// What became of a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldEvent {
    /// It waits for a person from now on.
    Opened(Hold),
    /// What was missing is there again.
    Dissolved(Hold),
}

/// What was carried out of a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CarriedOut {
    /// What took effect.
    pub changes: Vec<Change>,
    /// Is nothing left to do?
    pub done: bool,
}

impl Store {
    /// The holds, oldest first.
    pub async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        holds(self.reader())
    }

    /// The first publications of a hold, at most `most`.
    pub async fn held(
        &self,
        hold: HoldKey,
        most: usize,
    ) -> Result<Vec<PublicationState>, StoreError> {
        let reader = self.reader();
        let mut held = Vec::new();
        let Some((_, row)) = first_row(reader, hold)? else {
            return Ok(held);
        };
        for key in row.publications.into_iter().take(most) {
            held.extend(load::<PublicationState>(reader, &keys::publication(key))?);
        }
        Ok(held)
    }

    /// The hold in which news of a publication waits.
    pub async fn waits_in(
        &self,
        publication: PublicationKey,
    ) -> Result<Option<HoldKey>, StoreError> {
        let held = load::<HeldIn>(self.reader(), &keys::held_in(publication))?;
        Ok(held.map(|held| held.hold))
    }

    /// A source as a whole is not to be seen: should it have publications, they are held, lest they
    /// be withdrawn. Returns the hold if it is a new one.
    pub async fn suspect(&self, source: &str, now: Timestamp) -> Result<Option<Hold>, StoreError> {
        let source = source.to_owned();
        self.write(move |transaction| {
            let mut meta = meta(transaction)?;
            let opened = Losses::of(transaction, &source)?.suspect(transaction, &mut meta, now)?;
            if opened.is_some() {
                save(transaction, keys::meta(), &meta)?;
            }
            Ok(opened)
        })
        .await
    }

    /// Writes down what a person says of a hold. What was said first stands: the hold that is
    /// returned tells. `None`: there is no such hold.
    pub async fn decide(
        &self,
        hold: HoldKey,
        decision: Decision,
    ) -> Result<Option<Hold>, StoreError> {
        self.write(move |transaction| {
            let Some(mut hold) = load::<Hold>(transaction, &keys::hold(hold))? else {
                return Ok(None);
            };
            if hold.decision.is_none() {
                hold.decision = Some(decision);
                save(transaction, keys::hold(hold.key), &hold)?;
            }
            Ok(Some(hold))
        })
        .await
    }

    /// Carries out a piece of what was decided; call again until it is done, and the hold gone.
    pub async fn carry_out(
        &self,
        hold: HoldKey,
        now: Timestamp,
        guards: Guards,
    ) -> Result<CarriedOut, StoreError> {
        self.write(move |transaction| carry_out(transaction, hold, now, guards))
            .await
    }
}

fn carry_out(
    transaction: &mut Transaction<'_>,
    key: HoldKey,
    now: Timestamp,
    guards: Guards,
) -> Result<CarriedOut, StoreError> {
    let decided = load::<Hold>(transaction, &keys::hold(key))?.and_then(|hold| {
        let decision = hold.decision?;
        Some((hold, decision))
    });
    let Some((hold, decision)) = decided else {
        return Ok(CarriedOut {
            done: true,
            ..CarriedOut::default()
        });
    };
    if let HoldKind::Store(distrust) = &hold.kind {
        let done = trust::carry_out(transaction, distrust, decision, now)?;
        if done {
            forget(transaction, keys::hold(key));
        }
        return Ok(CarriedOut {
            done,
            ..CarriedOut::default()
        });
    }
    let mut changes = Changes::begin(transaction, now, guards, false)?;
    if let Some((number, row)) = first_row(changes.reader(), key)? {
        for publication in row.publications {
            match &hold.kind {
                HoldKind::Releases => {
                    let (transaction, meta) = changes.parts();
                    flood::let_out(transaction, meta, (key, publication), decision, now)?;
                }
                HoldKind::Withdrawals { source } | HoldKind::Gone { source } => {
                    losses::let_go(&mut changes, source, publication, decision)?;
                }
                HoldKind::Store(_) => {}
            }
        }
        forget(changes.parts().0, keys::held_row(key, number));
    }
    let done = first_row(changes.reader(), key)?.is_none();
    if done {
        let (transaction, _) = changes.parts();
        match &hold.kind {
            HoldKind::Releases | HoldKind::Store(_) => {}
            HoldKind::Withdrawals { source } => losses::accept(transaction, source, now)?,
            // Should there ever be one of that name again, it is another.
            HoldKind::Gone { source } => {
                forget(transaction, keys::source(source));
                forget(transaction, keys::upstream(source));
                forget(transaction, keys::lost_bodies(source));
            }
        }
        forget(transaction, keys::hold(key));
    }
    let (changes, _) = changes.finish()?;
    Ok(CarriedOut { changes, done })
}

pub(super) fn holds(reader: &impl Read) -> Result<Vec<Hold>, StoreError> {
    let mut holds = Vec::new();
    let span = keys::holds().prefix();
    reader.scan(span.range(), Order::Ascending, &mut |_, value| {
        holds.push(Hold::decode(value)?);
        Ok(Go::On)
    })?;
    Ok(holds)
}

/// Begins a hold, with nothing in it yet.
fn open(meta: &mut Meta, kind: HoldKind, now: Timestamp) -> Hold {
    meta.hold.0 += 1;
    Hold {
        key: meta.hold,
        kind,
        opened: now,
        renewed: now,
        publications: 0,
        decision: None,
    }
}

/// The first row of a hold's publications, and its number.
fn first_row(reader: &impl Read, hold: HoldKey) -> Result<Option<(u64, HeldRow)>, StoreError> {
    row_at_end(reader, hold, Order::Ascending)
}

/// The last one.
fn last_row(reader: &impl Read, hold: HoldKey) -> Result<Option<(u64, HeldRow)>, StoreError> {
    row_at_end(reader, hold, Order::Descending)
}

fn row_at_end(
    reader: &impl Read,
    hold: HoldKey,
    order: Order,
) -> Result<Option<(u64, HeldRow)>, StoreError> {
    let mut row = None;
    let span = keys::held(hold).prefix();
    reader.scan(span.range(), order, &mut |key, value| {
        row = Some((keys::last_number(key), HeldRow::decode(value)?));
        Ok(Go::Stop)
    })?;
    Ok(row)
}

/// All of a hold's publications.
fn publications(
    reader: &impl Read,
    hold: HoldKey,
) -> Result<impl Iterator<Item = PublicationKey>, StoreError> {
    let mut all = Vec::new();
    let span = keys::held(hold).prefix();
    reader.scan(span.range(), Order::Ascending, &mut |_, value| {
        all.extend(HeldRow::decode(value)?.publications);
        Ok(Go::On)
    })?;
    Ok(all.into_iter())
}
