//! What runs are remembered for: news that may yet be mailed to somebody.

use crate::domain::{
    Cadence, Mark, PublicationKey, PublicationState, RunKey, Sequence, Subscriber, SubscriberKey,
};

use super::super::engine::{Go, Order, Read};
use super::super::record::Record;
use super::super::rows::{NewsRow, Number};
use super::super::{StoreError, keys, load, meta};

/// The news that not every schedule has decided.
pub(super) struct Undecided {
    /// Everything up to here is decided by every schedule that has subscribers.
    pub(super) decided: Sequence,
    /// The first run that could have mailed any of it.
    first_run: Option<RunKey>,
    /// The store's last number when this was read.
    head: Sequence,
}

impl Undecided {
    pub(super) fn read(reader: &impl Read) -> Result<Undecided, StoreError> {
        let head = meta(reader)?.sequence;
        let (decided, mut publications) = decided(reader)?;
        let decided = decided.unwrap_or(head);
        let span = keys::all_news().prefix().from(keys::news(decided).next());
        reader.scan(span.range(), Order::Ascending, &mut |_, value| {
            publications.push(NewsRow::decode(value)?.publication);
            Ok(Go::On)
        })?;
        // So is what waits in a hold.
        reader.scan(
            keys::all_held_in().prefix().range(),
            Order::Ascending,
            &mut |key, _| {
                publications.push(PublicationKey(keys::last_number(key)));
                Ok(Go::On)
            },
        )?;
        publications.sort_unstable();
        publications.dedup();
        let mut first_run: Option<RunKey> = None;
        for key in publications {
            let Some(state) = load::<PublicationState>(reader, &keys::publication(key))? else {
                continue;
            };
            let group = keys::group(state.group());
            if let Some(Number(run)) = load(reader, &group)? {
                first_run = Some(first_run.map_or(RunKey(run), |first| first.min(RunKey(run))));
            }
        }
        Ok(Undecided {
            decided,
            first_run,
            head,
        })
    }

    /// May a run have mailed any of it, or of what has become news since?
    pub(super) fn may_be_in(&self, reader: &impl Read, run: RunKey) -> Result<bool, StoreError> {
        Ok(self.first_run.is_some_and(|first| first <= run) || meta(reader)?.sequence != self.head)
    }
}

/// The lowest mark of the cadences that somebody is subscribed to, or cursor of who came behind one;
/// and what is owed to those, whatever their cursors say.
fn decided(reader: &impl Read) -> Result<(Option<Sequence>, Vec<PublicationKey>), StoreError> {
    let mut marks: Vec<(Cadence, Sequence)> = Vec::new();
    let span = keys::marks().prefix();
    reader.scan(span.range(), Order::Ascending, &mut |key, value| {
        let upper = Mark::decode(value)?.upper;
        marks.extend(keys::cadence_in(key).map(|cadence| (cadence, upper)));
        Ok(Go::On)
    })?;
    let mut decided = Vec::new();
    for (cadence, upper) in marks {
        let span = keys::posted(&cadence).prefix();
        reader.scan(span.range(), Order::Ascending, &mut |_, _| {
            decided.push(upper);
            Ok(Go::Stop)
        })?;
    }
    let mut exceptions = Vec::new();
    let span = keys::all_exceptions().prefix();
    reader.scan(span.range(), Order::Ascending, &mut |key, _| {
        exceptions.push(SubscriberKey(keys::last_number(key)));
        Ok(Go::On)
    })?;
    let mut owed = Vec::new();
    for key in exceptions {
        let subscriber = load::<Subscriber>(reader, &keys::subscriber(key))?;
        let theirs = subscriber.iter().flat_map(|one| &one.subscriptions);
        owed.extend(theirs.clone().flat_map(|one| &one.owed).copied());
        decided.extend(theirs.map(|one| one.cursor).min());
    }
    Ok((decided.into_iter().min(), owed))
}
