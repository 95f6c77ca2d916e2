//! Planning: who gets what in a run. Costs what it finds, not what exists: only the posting lists
//! of the news' tags are read.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::domain::{
    Content, DeliveryState, Item, Mark, PublicationKey, PublicationState, Run, RunKey, Sequence,
    Standing, Subscriber, SubscriberKey, TagId,
};

use super::books;
use super::engine::{Go, Order, Read, Transaction};
use super::names::present_name;
use super::record::Record;
use super::rows::{Chunk, ChunkEntry, Due, NewsRow, Number};
use super::runs::save_run;
use super::{Store, StoreError, keys, load, load_required, save};

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

/// A publication that the window may mail.
struct Candidate {
    sequence: Sequence,
    state: PublicationState,
    /// Its tags, and what those are called now: its file may not have been read since a
    /// configuration gave them other names, and subscriptions go by those.
    tags: BTreeSet<TagId>,
    /// The first run that could have mailed any of its group.
    first_run: RunKey,
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
        let mut entries = Vec::new();
        for &key in &concerned {
            let content = match load::<Subscriber>(self.transaction, &keys::subscriber(key))? {
                Some(subscriber) if subscriber.is_active() => self.content(&subscriber, run)?,
                _ => None,
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

    /// The next subscribers, in their order, that any candidate may concern.
    fn concerned(&self, run: &Run, most: usize) -> Result<Vec<SubscriberKey>, StoreError> {
        let tags = self.candidates.iter().flat_map(|c| &c.tags);
        let mut terms: BTreeSet<&str> = tags.map(TagId::as_str).collect();
        if !self.candidates.is_empty() {
            terms.insert(keys::EVERYTHING);
        }
        let after = SubscriberKey(run.planned_through.map_or(0, |last| last.0));
        let mut concerned: BTreeSet<SubscriberKey> = BTreeSet::new();
        for term in terms {
            let from = keys::posting(&run.window.cadence, term, after).next();
            let span = keys::postings(&run.window.cadence, term)
                .prefix()
                .from(from);
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

    /// What the subscriber gets in this run, if anything.
    fn content(
        &mut self,
        subscriber: &Subscriber,
        run: &Run,
    ) -> Result<Option<Content>, StoreError> {
        let asked = |candidate: &&Candidate| {
            let publication = &candidate.state.publication;
            subscriber.subscriptions.iter().any(|subscription| {
                subscription.cadence == run.window.cadence
                    && candidate.sequence > subscription.cursor.max(self.mark)
                    && subscription
                        .filter
                        .passes(&candidate.tags, &publication.language)
            })
        };
        // Of a publication and its translations, the one in the reader's language.
        let mut chosen: BTreeMap<&str, &Candidate> = BTreeMap::new();
        let rank = |candidate: &Candidate| {
            let language = &candidate.state.publication.language;
            let other_tag = *language != subscriber.language;
            let other_language = language.primary() != subscriber.language.primary();
            (other_tag, other_language, candidate.state.key)
        };
        for candidate in self.candidates.iter().filter(asked) {
            let best = chosen
                .entry(&candidate.state.publication.group().0)
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

/// The news in (mark, upper] that can be read now; of several about one publication, the last.
fn candidates(
    reader: &impl Read,
    mark: Sequence,
    upper: Sequence,
) -> Result<Vec<Candidate>, StoreError> {
    let mut latest: BTreeMap<PublicationKey, Sequence> = BTreeMap::new();
    let span = keys::news(mark).next().until(keys::news(upper).next());
    reader.scan(span.range(), Order::Ascending, &mut |key, value| {
        latest.insert(
            NewsRow::decode(value)?.publication,
            Sequence(keys::last_number(key)),
        );
        Ok(Go::On)
    })?;
    let mut candidates = Vec::with_capacity(latest.len());
    for (key, sequence) in latest {
        let Some(state) = load::<PublicationState>(reader, &keys::publication(key))? else {
            continue;
        };
        if state.standing != Standing::Live {
            continue;
        }
        let group = keys::group(state.publication.group());
        let first_run =
            load::<Number>(reader, &group)?.map_or(RunKey(0), |Number(run)| RunKey(run));
        let mut tags = BTreeSet::new();
        for tag in &state.publication.tags {
            tags.extend(present_name(reader, tag)?);
            tags.insert(tag.id.clone());
        }
        candidates.push(Candidate {
            sequence,
            state,
            tags,
            first_run,
        });
    }
    Ok(candidates)
}

/// What the subscriber was mailed, or is to be, in any run from `since` on: by group, the highest
/// major revision.
fn had_since(
    reader: &impl Read,
    contents: &mut HashMap<(RunKey, u64), Content>,
    groups: &mut HashMap<PublicationKey, String>,
    subscriber: SubscriberKey,
    since: RunKey,
) -> Result<BTreeMap<String, u32>, StoreError> {
    let mut rows = Vec::new();
    let span = keys::had_by(subscriber)
        .prefix()
        .from(keys::had(subscriber, since));
    reader.scan(span.range(), Order::Ascending, &mut |key, value| {
        rows.push((RunKey(keys::last_number(key)), Number::decode(value)?.0));
        Ok(Go::On)
    })?;
    let mut had = BTreeMap::new();
    for row in rows {
        let content = match contents.entry(row) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let key = keys::content(row.0, row.1);
                entry.insert(load_required::<Content>(reader, &key)?)
            }
        };
        for item in &content.items {
            let group = match groups.entry(item.publication) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let key = keys::publication(item.publication);
                    let state = load_required::<PublicationState>(reader, &key)?;
                    entry.insert(state.publication.group().0.clone())
                }
            };
            let major = had.entry(group.clone()).or_insert(item.major);
            *major = item.major.max(*major);
        }
    }
    Ok(had)
}
