//! News, and what is held back of it when there is too much at once.

use jiff::Timestamp;

use crate::domain::hold::is_recent;
use crate::domain::{
    Decision, Guards, Hold, HoldKey, HoldKind, PublicationKey, PublicationState, Sequence, Standing,
};

use super::super::engine::{Go, Order, Read, Transaction};
use super::super::record::Record;
use super::super::rows::{HeldIn, HeldRow, Meta, NewsRow, Number};
use super::super::{StoreError, forget, keys, load, save};
use super::{HoldEvent, last_row, open};

/// The news of one transaction.
pub(in crate::store) struct Flood {
    guards: Guards,
    now: Timestamp,
    /// How much was news within the last minutes; counted once it is asked.
    recent: Option<u64>,
    /// The hold that all news joins.
    hold: Option<Hold>,
    is_new: bool,
    /// What joined it in this transaction, in order.
    joined: Vec<PublicationKey>,
}

impl Flood {
    pub(in crate::store) fn new(guards: Guards, now: Timestamp) -> Flood {
        Flood {
            guards,
            now,
            recent: None,
            hold: None,
            is_new: false,
            joined: Vec::new(),
        }
    }

    /// Notes that the last change of a publication is news, `first` if nothing of it was before.
    /// Says whether it may be mailed; else it waits in a hold. What waits already stays there, and
    /// goes out as it stands then.
    pub(in crate::store) fn note(
        &mut self,
        transaction: &mut Transaction<'_>,
        meta: &mut Meta,
        state: &PublicationState,
        mut first: bool,
    ) -> Result<bool, StoreError> {
        let place = keys::held_in(state.key);
        if let Some(held) = load::<HeldIn>(transaction, &place)? {
            let hold = load::<Hold>(transaction, &keys::hold(held.hold))?;
            if hold.is_some_and(|hold| hold.decision.is_none()) {
                return Ok(false);
            }
            // What was decided is being carried out; this is news of its own.
            first |= held.first;
            forget(transaction, place);
        }
        let recent = match self.recent {
            Some(recent) => recent,
            None => {
                self.hold = joinable(transaction, self.now)?;
                let recent = recent(transaction, meta.vouched, self.now)?;
                *self.recent.insert(recent.len() as u64)
            }
        };
        if self.hold.is_none() && self.guards.is_flood(recent) {
            self.open(transaction, meta)?;
        }
        match self.hold.as_ref().map(|hold| hold.key) {
            Some(hold) => self.join(transaction, hold, state.key, first)?,
            None => {
                self.recent = Some(recent + 1);
                note_news(transaction, meta, (state.sequence, state), self.now, first)?;
            }
        }
        Ok(self.hold.is_none())
    }

    /// Opens a hold and takes back into it what was news within the last minutes. Whoever has been
    /// mailed some of it will not be mailed it again.
    fn open(
        &mut self,
        transaction: &mut Transaction<'_>,
        meta: &mut Meta,
    ) -> Result<(), StoreError> {
        let hold = open(meta, HoldKind::Releases, self.now);
        save(transaction, keys::hold(hold.key), &hold)?;
        for (sequence, news) in recent(transaction, meta.vouched, self.now)? {
            forget(transaction, keys::news(sequence));
            self.join(transaction, hold.key, news.publication, news.first)?;
        }
        self.hold = Some(hold);
        self.is_new = true;
        Ok(())
    }

    /// A publication joins the hold, unless it has done so.
    fn join(
        &mut self,
        transaction: &mut Transaction<'_>,
        hold: HoldKey,
        publication: PublicationKey,
        mut first: bool,
    ) -> Result<(), StoreError> {
        let place = keys::held_in(publication);
        match load::<HeldIn>(transaction, &place)? {
            Some(held) if held.hold == hold => first |= held.first,
            _ => self.joined.push(publication),
        }
        save(transaction, place, &HeldIn { hold, first })
    }

    /// Writes down what joined the hold.
    pub(in crate::store) fn finish(
        self,
        transaction: &mut Transaction<'_>,
    ) -> Result<Option<HoldEvent>, StoreError> {
        let Some(mut hold) = self.hold.filter(|_| !self.joined.is_empty()) else {
            return Ok(None);
        };
        hold.publications += self.joined.len() as u64;
        hold.renewed = self.now;
        save(transaction, keys::hold(hold.key), &hold)?;
        let (mut number, mut row) = last_row(transaction, hold.key)?.unwrap_or_default();
        for publication in self.joined {
            if row.publications.len() as u64 == HeldRow::SIZE {
                save(transaction, keys::held_row(hold.key, number), &row)?;
                row.publications.clear();
                number += 1;
            }
            row.publications.push(publication);
        }
        save(transaction, keys::held_row(hold.key, number), &row)?;
        Ok(self.is_new.then_some(HoldEvent::Opened(hold)))
    }
}

/// The hold that news joins: the last one, as long as it is still being joined.
fn joinable(reader: &impl Read, now: Timestamp) -> Result<Option<Hold>, StoreError> {
    let mut last = None;
    let span = keys::holds().prefix();
    reader.scan(span.range(), Order::Descending, &mut |_, value| {
        let hold = Hold::decode(value)?;
        if hold.kind != HoldKind::Releases {
            return Ok(Go::On);
        }
        last = Some(hold);
        Ok(Go::Stop)
    })?;
    Ok(last.filter(|hold| hold.decision.is_none() && is_recent(now, hold.renewed)))
}

/// The news of the last minutes that nobody vouches for, oldest first.
fn recent(
    reader: &impl Read,
    vouched: Sequence,
    now: Timestamp,
) -> Result<Vec<(Sequence, NewsRow)>, StoreError> {
    let mut recent = Vec::new();
    let span = keys::all_news().prefix().from(keys::news(vouched).next());
    reader.scan(span.range(), Order::Descending, &mut |key, value| {
        let news = NewsRow::decode(value)?;
        if !is_recent(now, news.at) {
            return Ok(Go::Stop);
        }
        recent.push((Sequence(keys::last_number(key)), news));
        Ok(Go::On)
    })?;
    recent.reverse();
    Ok(recent)
}

fn note_news(
    transaction: &mut Transaction<'_>,
    meta: &Meta,
    (sequence, state): (Sequence, &PublicationState),
    at: Timestamp,
    first: bool,
) -> Result<(), StoreError> {
    let row = NewsRow {
        publication: state.key,
        at,
        first,
    };
    save(transaction, keys::news(sequence), &row)?;
    let group = keys::group(state.group());
    if load::<Number>(transaction, &group)?.is_none() {
        // Only runs opened from now on can have mailed any of the group.
        save(transaction, group, &Number(meta.run.0 + 1))?;
    }
    Ok(())
}

/// Carries out what was decided of one that was held back: it is news under a new number, if it can
/// still be read; or it never was.
pub(super) fn let_out(
    transaction: &mut Transaction<'_>,
    meta: &mut Meta,
    (hold, publication): (HoldKey, PublicationKey),
    decision: Decision,
    now: Timestamp,
) -> Result<(), StoreError> {
    let place = keys::held_in(publication);
    // Since the decision it may have become news of its own.
    let held = load::<HeldIn>(transaction, &place)?.filter(|held| held.hold == hold);
    let state = load::<PublicationState>(transaction, &keys::publication(publication))?;
    let (Some(held), Some(mut state)) = (held, state) else {
        return Ok(());
    };
    forget(transaction, place);
    match decision {
        Decision::Approve if state.standing == Standing::Live => {
            meta.sequence.0 += 1;
            meta.vouched = meta.sequence;
            note_news(transaction, meta, (meta.sequence, &state), now, held.first)
        }
        Decision::Skip if held.first => {
            state.news = false;
            save(transaction, keys::publication(publication), &state)
        }
        Decision::Approve | Decision::Skip => Ok(()),
    }
}
