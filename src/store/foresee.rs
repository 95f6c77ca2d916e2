//! Planning that writes nothing: what a run would mail if it were opened now.

use jiff::Timestamp;

use crate::domain::delivery::ClaimContent;
use crate::domain::{Cadence, Content, Counts, Run, RunKey, Subscriber, SubscriberKey, Window};

use super::claims::shown;
use super::engine::Transaction;
use super::plan::Planning;
use super::{Store, StoreError, keys, load, meta};

/// A page of what a run would mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// Who would get a letter, and what would be in it.
    pub letters: Vec<(Subscriber, Content)>,
    /// Where to go on; `None`: that was all.
    pub through: Option<SubscriberKey>,
}

impl Store {
    /// What a run of a cadence, opened now, would mail to the next `most` of those that its news
    /// may concern.
    pub async fn foresee(
        &self,
        cadence: &Cadence,
        after: Option<SubscriberKey>,
        most: usize,
    ) -> Result<Foreseen, StoreError> {
        // Never committed: it leaves no trace.
        let mut imagined = Transaction::over(self.reader());
        let run = Run {
            planned_through: after,
            ..next_run(&imagined, cadence)?
        };
        let mut planning = Planning::begin(&mut imagined, &run)?;
        let concerned = planning.concerned(&run, most)?;
        let mut letters = Vec::new();
        for key in &concerned {
            let subscriber = load::<Subscriber>(self.reader(), &keys::subscriber(*key))?;
            let Some(subscriber) = subscriber.filter(Subscriber::is_active) else {
                continue;
            };
            if let Some(content) = planning.content(&subscriber, &run)? {
                letters.push((subscriber, content));
            }
        }
        let is_last = concerned.len() < most;
        let through = concerned.last().copied().filter(|_| !is_last);
        Ok(Foreseen { letters, through })
    }

    /// What it would mail to one subscriber, whom the store need not know.
    pub async fn foresee_for(
        &self,
        cadence: &Cadence,
        subscriber: &Subscriber,
    ) -> Result<Option<Content>, StoreError> {
        let mut imagined = Transaction::over(self.reader());
        let run = next_run(&imagined, cadence)?;
        Planning::begin(&mut imagined, &run)?.content(subscriber, &run)
    }

    /// A content with its publications, as a letter would have them now.
    pub async fn shown(&self, content: Content) -> Result<Option<ClaimContent>, StoreError> {
        shown(self.reader(), 0, content)
    }
}

/// The run that would be opened next, over everything that there is.
fn next_run(imagined: &Transaction<'_>, cadence: &Cadence) -> Result<Run, StoreError> {
    let meta = meta(imagined)?;
    Ok(Run {
        key: RunKey(meta.run.0 + 1),
        window: Window {
            cadence: cadence.clone(),
            due: Timestamp::MAX,
            upper: meta.sequence,
        },
        opened: Timestamp::MAX,
        planned_through: None,
        planned: false,
        closed: None,
        counts: Counts::default(),
    })
}
