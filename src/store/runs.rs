//! Cadences, their marks, and runs: what is due is computed from rows, never remembered.

use jiff::Timestamp;

use crate::domain::{
    Cadence, Counts, Mark, Run, RunKey, Sequence, Subscriber, SubscriberKey, Window,
};

use super::engine::{Go, Order, Read, Transaction};
use super::record::Record;
use super::rows::{NewsRow, Number};
use super::{Store, StoreError, forget, keys, load, meta, note, save};

impl Store {
    /// Makes a cadence known, or tells of its line as it reads now. A new or changed line owes no
    /// windows from before this instant; whoever was subscribed before it was observed misses
    /// nothing.
    pub async fn observe(
        &self,
        cadence: Cadence,
        line: String,
        now: Timestamp,
    ) -> Result<Mark, StoreError> {
        // Asked at every look at the clock; hardly ever anything is to be written.
        if let Some(mark) = self.mark(&cadence).await?.filter(|mark| mark.line == line) {
            return Ok(mark);
        }
        self.write(move |transaction| {
            let head = meta(transaction)?.sequence;
            let mark = mark_of(transaction, &cadence, head, now)?;
            if mark.line == line {
                return Ok(mark);
            }
            let mark = Mark {
                line,
                due: now,
                ..mark
            };
            save(transaction, keys::mark(&cadence), &mark)?;
            Ok(mark)
        })
        .await
    }

    /// How far a cadence has come; `None`: it was never observed.
    pub async fn mark(&self, cadence: &Cadence) -> Result<Option<Mark>, StoreError> {
        load(self.reader(), &keys::mark(cadence))
    }

    /// Did anybody come behind the mark of a cadence for whom not all is decided up to `upper`?
    /// `immediate` opens a window for them.
    pub async fn has_exceptions(
        &self,
        cadence: &Cadence,
        upper: Sequence,
    ) -> Result<bool, StoreError> {
        has_exceptions(self.reader(), cadence, upper)
    }

    /// The zones in which somebody lives to whom a schedule mails by their own clock.
    pub async fn zones(&self, schedule: &str) -> Result<Vec<Cadence>, StoreError> {
        let whole = keys::zones(schedule).prefix();
        let mut zones: Vec<Cadence> = Vec::new();
        loop {
            // Each step leaps over all the lists of the zone before.
            let rest = match zones.last() {
                Some(last) => whole.clone().after(keys::posted(last).prefix()),
                None => whole.clone(),
            };
            let mut next = None;
            self.reader()
                .scan(rest.range(), Order::Ascending, &mut |key, _| {
                    next = keys::cadence_in(key);
                    Ok(Go::Stop)
                })?;
            match next {
                Some(next) => zones.push(next),
                None => break,
            }
        }
        zones.retain(|cadence| cadence.zone.is_some());
        Ok(zones)
    }

    /// Lets the windows due up to an instant go: their items join the next.
    pub async fn let_go(&self, cadence: Cadence, due: Timestamp) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let key = keys::mark(&cadence);
            if let Some(mark) = load::<Mark>(transaction, &key)?
                && mark.due < due
            {
                save(transaction, key, &Mark { due, ..mark })?;
            }
            Ok(())
        })
        .await
    }

    /// The highest number that was news no later than `by`: what `immediate` may mail.
    pub async fn ripe(&self, by: Timestamp) -> Result<Sequence, StoreError> {
        let mut ripe = Sequence(0);
        let span = keys::all_news().prefix();
        self.reader()
            .scan(span.range(), Order::Descending, &mut |key, value| {
                if NewsRow::decode(value)?.at > by {
                    return Ok(Go::On);
                }
                ripe = Sequence(keys::last_number(key));
                Ok(Go::Stop)
            })?;
        Ok(ripe)
    }

    /// When the first news beyond `after` was applied.
    pub async fn first_news(&self, after: Sequence) -> Result<Option<Timestamp>, StoreError> {
        let mut first = None;
        let span = keys::all_news().prefix().from(keys::news(after).next());
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |_, value| {
                first = Some(NewsRow::decode(value)?.at);
                Ok(Go::Stop)
            })?;
        Ok(first)
    }

    /// Opens the run of a window, once: a window that was opened before gives its run again. A
    /// window is known by its cadence and due instant, that of `immediate` by its upper number; one
    /// of `immediate` that was planned is opened anew for who came behind the mark since. `upper` of
    /// `None` is the head. With the run the cadence's windows up to this one are no longer owed.
    pub async fn open_run(
        &self,
        cadence: Cadence,
        due: Timestamp,
        upper: Option<Sequence>,
        now: Timestamp,
    ) -> Result<Run, StoreError> {
        self.write(move |transaction| {
            let mut meta = meta(transaction)?;
            let window = Window {
                cadence: cadence.clone(),
                due,
                upper: upper.unwrap_or(meta.sequence),
            };
            let window_key = keys::window(&window);
            if let Some(Number(key)) = load(transaction, &window_key)?
                && let Some(run) = load::<Run>(transaction, &keys::run(RunKey(key)))?
                && !(cadence.is_immediate()
                    && run.planned
                    && has_exceptions(transaction, &cadence, window.upper)?)
            {
                return Ok(run);
            }
            meta.run.0 += 1;
            let run = Run {
                key: meta.run,
                window,
                opened: now,
                planned_through: None,
                planned: false,
                closed: None,
                counts: Counts::default(),
            };
            if let Some(mark) = load::<Mark>(transaction, &keys::mark(&cadence))? {
                let due = mark.due.max(due);
                save(transaction, keys::mark(&cadence), &Mark { due, ..mark })?;
            }
            save(transaction, keys::meta(), &meta)?;
            save(transaction, window_key, &Number(run.key.0))?;
            save(transaction, keys::run(run.key), &run)?;
            note(transaction, keys::open_run(run.key));
            Ok(run)
        })
        .await
    }

    /// The runs that are not closed, oldest first.
    pub async fn open_runs(&self) -> Result<Vec<Run>, StoreError> {
        open_runs(self.reader())
    }

    /// A run.
    pub async fn run(&self, key: RunKey) -> Result<Option<Run>, StoreError> {
        load(self.reader(), &keys::run(key))
    }

    /// The run of a window of cron that fell due at an instant.
    pub async fn run_of(
        &self,
        cadence: &Cadence,
        due: Timestamp,
    ) -> Result<Option<RunKey>, StoreError> {
        let window = Window {
            cadence: cadence.clone(),
            due,
            upper: Sequence(0),
        };
        let number = load(self.reader(), &keys::window(&window))?;
        Ok(number.map(|Number(run)| RunKey(run)))
    }

    /// The latest runs, newest first.
    pub async fn runs(&self, most: usize) -> Result<Vec<Run>, StoreError> {
        let mut runs = Vec::new();
        self.reader().scan(
            keys::runs().prefix().range(),
            Order::Descending,
            &mut |_, value| {
                if runs.len() == most {
                    return Ok(Go::Stop);
                }
                runs.push(Run::decode(value)?);
                Ok(Go::On)
            },
        )?;
        Ok(runs)
    }
}

pub(super) fn open_runs(reader: &impl Read) -> Result<Vec<Run>, StoreError> {
    let mut open = Vec::new();
    let span = keys::open_runs().prefix();
    reader.scan(span.range(), Order::Ascending, &mut |key, _| {
        open.push(RunKey(keys::last_number(key)));
        Ok(Go::On)
    })?;
    let mut runs = Vec::with_capacity(open.len());
    for key in open {
        runs.extend(load::<Run>(reader, &keys::run(key))?);
    }
    Ok(runs)
}

/// The mark of a cadence. It begins with what comes first, an observation or a subscription, and
/// where that stands: so it is never ahead of a subscription that waits for its first window.
pub(super) fn mark_of(
    transaction: &mut Transaction<'_>,
    cadence: &Cadence,
    begin: Sequence,
    now: Timestamp,
) -> Result<Mark, StoreError> {
    let key = keys::mark(cadence);
    let known = load::<Mark>(transaction, &key)?;
    // A zone owes nothing from before somebody lived in it.
    let is_forsaken = cadence.zone.is_some() && !is_posted(transaction, cadence)?;
    if let Some(mark) = known.filter(|_| !is_forsaken) {
        return Ok(mark);
    }
    let mark = Mark {
        upper: begin,
        line: String::new(),
        due: now,
    };
    save(transaction, key, &mark)?;
    Ok(mark)
}

/// Is anybody in the posting lists of a cadence?
fn is_posted(reader: &impl Read, cadence: &Cadence) -> Result<bool, StoreError> {
    let mut is_posted = false;
    let span = keys::posted(cadence).prefix();
    reader.scan(span.range(), Order::Ascending, &mut |_, _| {
        is_posted = true;
        Ok(Go::Stop)
    })?;
    Ok(is_posted)
}

fn has_exceptions(
    reader: &impl Read,
    cadence: &Cadence,
    upper: Sequence,
) -> Result<bool, StoreError> {
    let mut exceptions = Vec::new();
    let span = keys::exceptions(cadence).prefix();
    reader.scan(span.range(), Order::Ascending, &mut |key, _| {
        exceptions.push(SubscriberKey(keys::last_number(key)));
        Ok(Go::On)
    })?;
    for key in exceptions {
        let subscriber = load::<Subscriber>(reader, &keys::subscriber(key))?;
        let theirs = subscriber.iter().flat_map(|s| &s.subscriptions);
        let mut theirs = theirs.filter(|one| one.cadence == *cadence);
        if theirs.any(|one| one.cursor < upper || !one.owed.is_empty()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes a run back, and closes it when everyone is settled.
pub(super) fn save_run(
    transaction: &mut Transaction<'_>,
    run: &mut Run,
    now: Timestamp,
) -> Result<(), StoreError> {
    if run.planned && run.counts.open() == 0 && run.closed.is_none() {
        run.closed = Some(now);
        forget(transaction, keys::open_run(run.key));
    }
    save(transaction, keys::run(run.key), run)
}
