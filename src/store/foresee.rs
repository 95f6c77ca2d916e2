//! What a run would mail if it were opened now: planned as any other, in a transaction that is
//! never committed.

use jiff::Timestamp;

use crate::domain::delivery::ClaimContent;
use crate::domain::{Cadence, Content, Counts, Run, RunKey, Subscriber, SubscriberKey, Window};

use super::claims::shown;
use super::deliveries::content;
use super::engine::{Go, Order, Read, Transaction};
use super::plan::Planning;
use super::record::Record;
use super::rows::Chunk;
use super::{Store, StoreError, keys, meta, note, save};

/// A page of what a run would mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// Who would get a letter, and what would be in it.
    pub letters: Vec<(SubscriberKey, Content)>,
    /// Where to go on; `None`: that was all.
    pub through: Option<SubscriberKey>,
}

impl Store {
    /// What a run of a cadence, opened now over everything there is, would mail to the next `most`
    /// of those that its news may concern.
    pub async fn foresee(
        &self,
        cadence: &Cadence,
        after: Option<SubscriberKey>,
        most: usize,
    ) -> Result<Foreseen, StoreError> {
        foresee(Transaction::over(self.reader()), cadence, after, most)
    }

    /// What it would mail to one subscriber, whom the store need not know.
    pub async fn foresee_for(
        &self,
        cadence: &Cadence,
        subscriber: &Subscriber,
    ) -> Result<Option<Content>, StoreError> {
        let key = subscriber.key;
        let mut imagined = Transaction::over(self.reader());
        save(&mut imagined, keys::subscriber(key), subscriber)?;
        // Whoever is listed under everything is looked at, whatever they asked for.
        note(&mut imagined, keys::posting(cadence, keys::EVERYTHING, key));
        let before = SubscriberKey(key.0.saturating_sub(1));
        let foreseen = foresee(imagined, cadence, Some(before), 1)?;
        let mut letters = foreseen.letters.into_iter();
        Ok(letters.find_map(|(to, content)| (to == key).then_some(content)))
    }

    /// A content with its publications, as a letter would have them now.
    pub async fn shown(&self, content: Content) -> Result<Option<ClaimContent>, StoreError> {
        shown(self.reader(), 0, content)
    }
}

fn foresee(
    mut imagined: Transaction<'_>,
    cadence: &Cadence,
    after: Option<SubscriberKey>,
    most: usize,
) -> Result<Foreseen, StoreError> {
    let meta = meta(&imagined)?;
    let mut run = Run {
        key: RunKey(meta.run.0 + 1),
        window: Window {
            cadence: cadence.clone(),
            due: Timestamp::MAX,
            upper: meta.sequence,
        },
        opened: Timestamp::MAX,
        planned_through: after,
        planned: false,
        closed: None,
        counts: Counts::default(),
    };
    Planning::begin(&mut imagined, &run)?.carry_on(&mut run, most)?;
    let mut entries = Vec::new();
    let chunks = keys::chunks(run.key).prefix();
    imagined.scan(chunks.range(), Order::Ascending, &mut |_, value| {
        entries.extend(Chunk::decode(value)?.entries);
        Ok(Go::On)
    })?;
    let letters = entries.into_iter().map(|entry| {
        let content = content(&imagined, run.key, entry.content)?;
        Ok((entry.subscriber, content))
    });
    Ok(Foreseen {
        letters: letters.collect::<Result<_, StoreError>>()?,
        through: run.planned_through.filter(|_| !run.planned),
    })
}
