//! Planning: who gets what in a run. Costs what it finds, not what exists: only the posting lists
//! of the news' tags are read.

mod candidates;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::domain::{
    Content, DeliveryState, Item, Mark, PublicationKey, Run, RunKey, Sequence, Subscriber,
    SubscriberKey, TagId,
};

use super::books;
use super::engine::{Go, Order, Read, Transaction};
use super::record::Record;
use super::rows::{Chunk, ChunkEntry, Due, Number};
use super::runs::save_run;
use super::{Store, StoreError, forget, keys, load, save};
use candidates::{Candidate, candidate, candidates, had_since};

impl Store {
    /// Plans the next `most` subscribers of a run: their deliveries and what each had are written
    /// together. When all are planned the cadence's mark moves, for everyone at once. Returns the
    /// run as it stands; call again until `planned`. `None`: there is no such run.
    pub async fn plan(
        &self,
        run: RunKey,
        most: usize,
        now: Timestamp,
    ) -> Result<Option<Run>, StoreError> {
        self.write(move |transaction| {
            let Some(mut run) = load::<Run>(transaction, &keys::run(run))? else {
                return Ok(None);
            };
            if !run.planned {
                books::note(transaction, &run)?;
                Planning::begin(transaction, &run)?.carry_on(&mut run, most)?;
                save_run(transaction, &mut run, now)?;
            }
            Ok(Some(run))
        })
        .await
    }
}

/// The planning of a run, for some subscribers at a time.
pub(super) struct Planning<'t, 'e> {
    transaction: &'t mut Transaction<'e>,
    mark: Sequence,
    candidates: Vec<Candidate>,
    /// Contents of this and former runs, once read or written.
    contents: HashMap<(RunKey, u64), Content>,
    /// Groups of publications in former contents.
    groups: HashMap<PublicationKey, String>,
}

impl<'t, 'e> Planning<'t, 'e> {
    /// Reads the news of the window.
    pub(super) fn begin(
        transaction: &'t mut Transaction<'e>,
        run: &Run,
    ) -> Result<Planning<'t, 'e>, StoreError> {
        let mark = load::<Mark>(transaction, &keys::mark(&run.window.cadence))?
            .map_or(Sequence(0), |mark| mark.upper);
        let candidates = candidates(transaction, mark, run.window.upper)?;
        Ok(Planning {
            transaction,
            mark,
            candidates,
            contents: HashMap::new(),
            groups: HashMap::new(),
        })
    }

    /// Plans the next `most` that the news may concern.
    pub(super) fn carry_on(mut self, run: &mut Run, most: usize) -> Result<(), StoreError> {
        let concerned = self.concerned(run, most)?;
        let is_last = concerned.len() < most;
        let exceptions = self.exceptions(run, concerned.last().copied())?;
        let mut entries = Vec::new();
        for &key in &concerned {
            let subscriber = load::<Subscriber>(self.transaction, &keys::subscriber(key))?;
            let Some(subscriber) = subscriber.filter(Subscriber::is_active) else {
                continue;
            };
            let content = if exceptions.contains(&key) {
                let owed = self.owed(&subscriber, run)?;
                let content = self.content(&subscriber, run, Sequence(0), &owed)?;
                self.settle_exception(subscriber, run)?;
                content
            } else {
                self.content(&subscriber, run, self.mark, &[])?
            };
            if let Some(content) = content {
                let number = self.keep_content(run.key, content)?;
                save(self.transaction, keys::had(key, run.key), &Number(number))?;
                entries.push(ChunkEntry {
                    subscriber: key,
                    content: number,
                    state: DeliveryState::Pending,
                    reply: None,
                });
            }
        }
        run.counts.pending += entries.len() as u64;
        self.keep_chunks(run.key, entries)?;
        run.planned_through = concerned.last().copied().or(run.planned_through);
        if is_last {
            run.planned = true;
            self.move_mark(run)?;
        }
        Ok(())
    }

    /// The next subscribers, in their order, that any candidate may concern, and the exceptions.
    fn concerned(&self, run: &Run, most: usize) -> Result<Vec<SubscriberKey>, StoreError> {
        let cadence = &run.window.cadence;
        let tags = self.candidates.iter().flat_map(|c| &c.tags);
        let mut terms: BTreeSet<&str> = tags.map(TagId::as_str).collect();
        if !self.candidates.is_empty() {
            terms.insert(keys::EVERYTHING);
        }
        let after = SubscriberKey(run.planned_through.map_or(0, |last| last.0));
        let listed = terms.into_iter().map(|term| {
            let from = keys::posting(cadence, term, after).next();
            keys::postings(cadence, term).prefix().from(from)
        });
        let exceptions = keys::exceptions(cadence).prefix();
        let exceptions = exceptions.from(keys::exception(cadence, after).next());
        let mut concerned: BTreeSet<SubscriberKey> = BTreeSet::new();
        for span in listed.chain([exceptions]) {
            self.transaction
                .scan(span.range(), Order::Ascending, &mut |key, _| {
                    let subscriber = SubscriberKey(keys::last_number(key));
                    let is_beyond = concerned.last().is_some_and(|last| *last <= subscriber);
                    if concerned.len() == most && is_beyond {
                        // Only the first `most` matter: this list is read no further than they go.
                        return Ok(Go::Stop);
                    }
                    concerned.insert(subscriber);
                    if concerned.len() > most {
                        concerned.pop_last();
                    }
                    Ok(Go::On)
                })?;
        }
        Ok(concerned.into_iter().collect())
    }

    /// The exceptions among the next subscribers; with them the candidates go back to where the
    /// first of them stands.
    fn exceptions(
        &mut self,
        run: &Run,
        last: Option<SubscriberKey>,
    ) -> Result<BTreeSet<SubscriberKey>, StoreError> {
        let mut exceptions = BTreeSet::new();
        let Some(last) = last else {
            return Ok(exceptions);
        };
        let cadence = &run.window.cadence;
        let after = SubscriberKey(run.planned_through.map_or(0, |last| last.0));
        let span = keys::exception(cadence, after).next();
        let span = span.until(keys::exception(cadence, last).next());
        self.transaction
            .scan(span.range(), Order::Ascending, &mut |key, _| {
                exceptions.insert(SubscriberKey(keys::last_number(key)));
                Ok(Go::On)
            })?;
        let mut lowest = self.mark;
        for key in &exceptions {
            let subscriber = load::<Subscriber>(self.transaction, &keys::subscriber(*key))?;
            let theirs = subscriber.iter().flat_map(|s| &s.subscriptions);
            let theirs = theirs.filter(|one| one.cadence == *cadence);
            lowest = theirs.map(|one| one.cursor).fold(lowest, Ord::min);
        }
        if lowest < self.mark {
            self.candidates = candidates(self.transaction, lowest, run.window.upper)?;
        }
        Ok(exceptions)
    }

    /// What was planned for an exception before, and could not be sent.
    fn owed(&self, subscriber: &Subscriber, run: &Run) -> Result<Vec<Candidate>, StoreError> {
        let theirs = subscriber.subscriptions.iter();
        let theirs = theirs.filter(|one| one.cadence == run.window.cadence);
        let owed: BTreeSet<_> = theirs.flat_map(|one| &one.owed).collect();
        let owed = owed
            .into_iter()
            .map(|key| candidate(self.transaction, *key, None));
        owed.filter_map(Result::transpose).collect()
    }

    /// What was an exception is decided up to here, unless the window lies behind the mark itself.
    fn settle_exception(
        &mut self,
        mut subscriber: Subscriber,
        run: &Run,
    ) -> Result<(), StoreError> {
        let cadence = &run.window.cadence;
        let theirs = subscriber.subscriptions.iter_mut();
        for one in theirs.filter(|one| one.cadence == *cadence) {
            one.owed.clear();
            one.cursor = one.cursor.max(run.window.upper);
        }
        if run.window.upper >= self.mark {
            let key = keys::exception(cadence, subscriber.key);
            forget(self.transaction, key);
        }
        save(
            self.transaction,
            keys::subscriber(subscriber.key),
            &subscriber,
        )
    }

    /// What the subscriber gets in this run, if anything. Their cursors are their own or, if that is
    /// greater, `decided`.
    fn content(
        &mut self,
        subscriber: &Subscriber,
        run: &Run,
        decided: Sequence,
        owed: &[Candidate],
    ) -> Result<Option<Content>, StoreError> {
        let mut theirs = Vec::with_capacity(subscriber.subscriptions.len());
        theirs.extend(subscriber.subscriptions.iter());
        theirs.retain(|one| one.cadence == run.window.cadence);
        let asked = |candidate: &&Candidate| {
            let mut theirs = theirs.iter();
            theirs.any(|one| candidate.is_asked_for_by(one, decided))
        };
        // Of a publication and its translations, the one in the reader's language.
        let mut chosen: BTreeMap<&str, &Candidate> = BTreeMap::new();
        let rank = |candidate: &Candidate| {
            let language = &candidate.state.publication.language;
            let other_tag = *language != subscriber.language;
            let other_language = language.primary() != subscriber.language.primary();
            (other_tag, other_language, candidate.state.key)
        };
        for candidate in self.candidates.iter().chain(owed).filter(asked) {
            let best = chosen
                .entry(&candidate.state.group().0)
                .or_insert(candidate);
            if rank(candidate) < rank(best) {
                *best = candidate;
            }
        }
        let Some(since) = chosen.values().map(|candidate| candidate.first_run).min() else {
            return Ok(None);
        };
        let had = had_since(
            self.transaction,
            &mut self.contents,
            &mut self.groups,
            subscriber.key,
            since,
        )?;
        let mut items: Vec<(&Candidate, Item)> = Vec::new();
        for (group, candidate) in chosen {
            let before = had.get(group).copied();
            if before.is_none_or(|major| major < candidate.state.major) {
                items.push((
                    candidate,
                    Item {
                        publication: candidate.state.key,
                        revision: candidate.state.revision,
                        major: candidate.state.major,
                        correction: before.is_some(),
                    },
                ));
            }
        }
        if items.is_empty() {
            return Ok(None);
        }
        items.sort_by_key(|(candidate, item)| {
            std::cmp::Reverse((candidate.state.publication.published, item.publication))
        });
        let beyond = items.len().saturating_sub(Content::KEPT) as u32;
        items.truncate(Content::KEPT);
        Ok(Some(Content {
            items: items.into_iter().map(|(_, item)| item).collect(),
            beyond,
        }))
    }

    fn keep_content(&mut self, run: RunKey, content: Content) -> Result<u64, StoreError> {
        let encoded = content.encode()?;
        let number = blake3::hash(&encoded)
            .as_bytes()
            .first_chunk()
            .map_or(0, |n| u64::from_be_bytes(*n));
        if self.contents.insert((run, number), content).is_none() {
            self.transaction
                .put(keys::content(run, number).into_bytes(), encoded);
        }
        Ok(number)
    }

    fn keep_chunks(&mut self, run: RunKey, entries: Vec<ChunkEntry>) -> Result<(), StoreError> {
        let mut entries = entries.into_iter().peekable();
        while let Some(first) = entries.peek().map(|entry| entry.subscriber) {
            let chunk = Chunk {
                entries: entries.by_ref().take(Chunk::SIZE).collect(),
            };
            save(self.transaction, keys::chunk(run, first), &chunk)?;
            save(self.transaction, keys::queued(run, first), &Due(None))?;
        }
        Ok(())
    }

    fn move_mark(&mut self, run: &Run) -> Result<(), StoreError> {
        let key = keys::mark(&run.window.cadence);
        if let Some(mark) = load::<Mark>(self.transaction, &key)? {
            let upper = mark.upper.max(run.window.upper);
            save(self.transaction, key, &Mark { upper, ..mark })?;
        }
        Ok(())
    }
}
