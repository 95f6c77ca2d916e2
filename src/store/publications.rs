//! Publications: what sources found becomes changes, each with its number.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::domain::change::{Newsworthiness, diff};
use crate::domain::publication::{Batch, BodyHash, Found, Pass};
use crate::domain::{
    Change, ChangeKind, FeedKey, Publication, PublicationId, PublicationKey, PublicationState,
    Standing,
};

use super::engine::{Go, Order, Read, Transaction};
use super::rows::{FeedRow, Meta, NewsRow, Number, SourceRow, Totals};
use super::{Store, StoreError, forget, keys, load, meta, note, save};

/// What came of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// What took effect, in order.
    pub changes: Vec<Change>,
    /// What could not be taken.
    pub refused: Vec<Refused>,
}

/// A file that claims the id of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file that was refused.
    pub path: String,
    /// The id it claims.
    pub id: PublicationId,
    /// The file that has it.
    pub holder: String,
}

impl Store {
    /// Takes what a look at a source brought: identities are resolved, changes numbered, news
    /// noted. Bodies are durable before the rows that name them.
    pub async fn apply(
        &self,
        batch: Batch,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Result<Applied, StoreError> {
        let bodies = batch
            .found
            .iter()
            .map(|f| (BodyHash::of(&f.body), f.body.as_str()));
        self.inner.bodies.keep(bodies).map_err(disk)?;
        self.write(move |transaction| apply(transaction, &batch, now, max_age))
            .await
    }

    /// Releases what was waiting for a date that has come.
    pub async fn release_due(
        &self,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Result<Vec<Change>, StoreError> {
        self.write(move |transaction| {
            let mut changes = Changes::begin(transaction, now, max_age, false)?;
            for key in waiting_until(changes.transaction, now)? {
                let Some(state) =
                    load::<PublicationState>(changes.transaction, &keys::publication(key))?
                else {
                    continue;
                };
                let publication = state.publication.clone();
                changes.turn(state, publication)?;
            }
            changes.finish()
        })
        .await
    }

    /// When the next waiting publication is due.
    pub async fn next_release(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut next = None;
        self.reader().scan(
            keys::waiting().prefix().range(),
            Order::Ascending,
            &mut |key, _| {
                next = keys::instant_before_last(key);
                Ok(Go::Stop)
            },
        )?;
        Ok(next)
    }

    /// A publication by its public id.
    pub async fn publication(
        &self,
        id: &PublicationId,
    ) -> Result<Option<PublicationState>, StoreError> {
        match load::<Number>(self.reader(), &keys::id(id))? {
            Some(Number(key)) => load(self.reader(), &keys::publication(PublicationKey(key))),
            None => Ok(None),
        }
    }

    /// The paths of a source at which there was a publication when last looked.
    pub async fn paths(&self, source: &str) -> Result<BTreeSet<String>, StoreError> {
        let reader = self.reader();
        let mut paths = BTreeSet::new();
        reader.scan(
            keys::paths(source).prefix().range(),
            Order::Ascending,
            &mut |key, _| {
                paths.insert(String::from_utf8_lossy(keys::path_in(key, source)).into_owned());
                Ok(Go::On)
            },
        )?;
        Ok(paths)
    }

    /// A body by its address.
    pub async fn body(&self, hash: BodyHash) -> Result<String, StoreError> {
        self.inner.bodies.get(hash).map_err(disk)
    }
}

fn disk(error: std::io::Error) -> StoreError {
    StoreError::Disk {
        path: "bodies".into(),
        why: error.to_string(),
    }
}

fn waiting_until(reader: &impl Read, now: Timestamp) -> Result<Vec<PublicationKey>, StoreError> {
    let mut due = Vec::new();
    reader.scan(
        keys::waiting().prefix().range(),
        Order::Ascending,
        &mut |key, _| match keys::instant_before_last(key) {
            Some(instant) if instant <= now => {
                due.push(PublicationKey(keys::last_number(key)));
                Ok(Go::On)
            }
            _ => Ok(Go::Stop),
        },
    )?;
    Ok(due)
}

fn apply(
    transaction: &mut Transaction<'_>,
    batch: &Batch,
    now: Timestamp,
    max_age: SignedDuration,
) -> Result<Applied, StoreError> {
    let mut source =
        load::<SourceRow>(transaction, &keys::source(&batch.source))?.unwrap_or_default();
    let mut changes = Changes::begin(transaction, now, max_age, !source.scanned)?;
    let missing: BTreeSet<&str> = batch.missing.iter().map(String::as_str).collect();
    let mut refused = Vec::new();
    for found in &batch.found {
        match identify(changes.transaction, &batch.source, found, &missing)? {
            Identity::Known(before) => changes.take(&batch.source, found, *before)?,
            Identity::New(id) => changes.take_new(&batch.source, found, id)?,
            Identity::Taken { id, holder } => refused.push(Refused {
                path: found.path.clone(),
                id,
                holder,
            }),
        }
    }
    if batch.pass != Pass::More {
        for path in &missing {
            changes.withdraw(&batch.source, path)?;
        }
    }
    let changes = changes.finish()?;
    if batch.pass == Pass::EndOfScan && !source.scanned {
        source.scanned = true;
        save(transaction, keys::source(&batch.source), &source)?;
    }
    Ok(Applied { changes, refused })
}

enum Identity {
    Known(Box<PublicationState>),
    New(PublicationId),
    /// The claimed id belongs to a file that is still there.
    Taken {
        id: PublicationId,
        holder: String,
    },
}

/// Which publication is this file? By what it claims, by where it is, by what it says (a moved
/// file), else a new one.
fn identify(
    reader: &impl Read,
    source: &str,
    found: &Found,
    missing: &BTreeSet<&str>,
) -> Result<Identity, StoreError> {
    let here = at_path(reader, source, &found.path)?;
    let is_free = |state: &PublicationState| {
        state.standing == Standing::Withdrawn
            || (state.source == source
                && (state.path == found.path || missing.contains(state.path.as_str())))
    };
    if let Some(id) = &found.declared_id {
        return Ok(match with_id(reader, id)? {
            Some(state) if is_free(&state) => Identity::Known(Box::new(state)),
            Some(state) => Identity::Taken {
                id: id.clone(),
                holder: state.path,
            },
            None => Identity::New(id.clone()),
        });
    }
    if let Some(state) = here {
        return Ok(Identity::Known(Box::new(state)));
    }
    if let Some(state) = moved_here(reader, source, found, missing)? {
        return Ok(Identity::Known(Box::new(state)));
    }
    // The path may have been another publication's first one, which has since moved away.
    let mut id = found.minted_id.clone();
    let mut number = 1;
    while let Some(state) = with_id(reader, &id)? {
        if state.standing == Standing::Withdrawn && state.path == found.path {
            return Ok(Identity::Known(Box::new(state)));
        }
        number += 1;
        id = PublicationId(format!("{}~{number}", found.minted_id.0));
    }
    Ok(Identity::New(id))
}

fn at_path(
    reader: &impl Read,
    source: &str,
    path: &str,
) -> Result<Option<PublicationState>, StoreError> {
    match load::<Number>(reader, &keys::path(source, path))? {
        Some(Number(key)) => load(reader, &keys::publication(PublicationKey(key))),
        None => Ok(None),
    }
}

fn with_id(reader: &impl Read, id: &PublicationId) -> Result<Option<PublicationState>, StoreError> {
    match load::<Number>(reader, &keys::id(id))? {
        Some(Number(key)) => load(reader, &keys::publication(PublicationKey(key))),
        None => Ok(None),
    }
}

/// The one publication of the source with the same body whose file is gone. Of two such, neither:
/// nothing is guessed.
fn moved_here(
    reader: &impl Read,
    source: &str,
    found: &Found,
    missing: &BTreeSet<&str>,
) -> Result<Option<PublicationState>, StoreError> {
    if found.body.is_empty() {
        return Ok(None);
    }
    let span = keys::with_body(BodyHash::of(&found.body)).prefix();
    let mut same_body = Vec::new();
    reader.scan(span.range(), Order::Ascending, &mut |key, _| {
        same_body.push(PublicationKey(keys::last_number(key)));
        Ok(Go::On)
    })?;
    let mut gone = Vec::new();
    for key in same_body {
        if let Some(state) = load::<PublicationState>(reader, &keys::publication(key))?
            && state.source == source
            && (state.standing == Standing::Withdrawn || missing.contains(state.path.as_str()))
        {
            gone.push(state);
        }
    }
    Ok(if gone.len() == 1 { gone.pop() } else { None })
}

/// The changes of one transaction.
struct Changes<'t, 'e> {
    transaction: &'t mut Transaction<'e>,
    meta: Meta,
    worth: Newsworthiness,
    changes: Vec<Change>,
}

impl<'t, 'e> Changes<'t, 'e> {
    fn begin(
        transaction: &'t mut Transaction<'e>,
        now: Timestamp,
        max_age: SignedDuration,
        baseline: bool,
    ) -> Result<Changes<'t, 'e>, StoreError> {
        let meta = meta(transaction)?;
        let worth = Newsworthiness {
            now,
            max_age,
            baseline,
        };
        Ok(Changes {
            transaction,
            meta,
            worth,
            changes: Vec::new(),
        })
    }

    fn finish(self) -> Result<Vec<Change>, StoreError> {
        if meta(self.transaction)? != self.meta {
            save(self.transaction, keys::meta(), &self.meta)?;
        }
        Ok(self.changes)
    }

    fn take_new(
        &mut self,
        source: &str,
        found: &Found,
        id: PublicationId,
    ) -> Result<(), StoreError> {
        self.withdraw(source, &found.path)?;
        self.meta.publication += 1;
        let key = PublicationKey(self.meta.publication);
        save(self.transaction, keys::id(&id), &Number(key.0))?;
        let publication = found.revision(id, self.worth.now);
        let state = PublicationState {
            key,
            source: source.to_owned(),
            path: found.path.clone(),
            standing: Standing::Scheduled,
            revision: 0,
            major: 0,
            sequence: self.meta.sequence,
            first_seen: self.worth.now,
            released: None,
            news: false,
            publication: publication.clone(),
        };
        save(
            self.transaction,
            keys::path(source, &found.path),
            &Number(key.0),
        )?;
        self.meta.totals.scheduled += 1;
        note(self.transaction, keys::body_of(publication.body, key));
        match diff(None, &publication, self.worth) {
            Some((kind, news)) => self.effect(state, publication, kind, news),
            None => self.schedule(state, publication),
        }
    }

    fn take(
        &mut self,
        source: &str,
        found: &Found,
        mut state: PublicationState,
    ) -> Result<(), StoreError> {
        if state.source != source || state.path != found.path {
            let old = keys::path(&state.source, &state.path);
            forget(self.transaction, old);
            self.withdraw(source, &found.path)?;
            state.source = source.to_owned();
            state.path.clone_from(&found.path);
        }
        save(
            self.transaction,
            keys::path(source, &found.path),
            &Number(state.key.0),
        )?;
        let publication = found.revision(state.publication.id.clone(), state.first_seen);
        self.turn(state, publication)
    }

    /// A known publication reads like this now.
    fn turn(
        &mut self,
        state: PublicationState,
        publication: Publication,
    ) -> Result<(), StoreError> {
        match diff(Some(&state), &publication, self.worth) {
            Some((kind, news)) => self.effect(state, publication, kind, news),
            None if state.standing == Standing::Live => {
                save(self.transaction, keys::publication(state.key), &state)
            }
            None => self.schedule(state, publication),
        }
    }

    /// Nothing takes effect before the publication's date.
    fn schedule(
        &mut self,
        mut state: PublicationState,
        publication: Publication,
    ) -> Result<(), StoreError> {
        forget(
            self.transaction,
            keys::waits(state.publication.published, state.key),
        );
        self.replace_body(&state, &publication);
        *count(&mut self.meta.totals, state.standing) -= 1;
        state.standing = Standing::Scheduled;
        *count(&mut self.meta.totals, state.standing) += 1;
        state.publication = publication;
        note(
            self.transaction,
            keys::waits(state.publication.published, state.key),
        );
        save(self.transaction, keys::publication(state.key), &state)
    }

    /// The change takes effect: it is numbered, the feeds are told, and news is noted.
    fn effect(
        &mut self,
        before: PublicationState,
        publication: Publication,
        kind: ChangeKind,
        news: bool,
    ) -> Result<(), StoreError> {
        self.meta.sequence.0 += 1;
        let sequence = self.meta.sequence;
        let standing = if kind == ChangeKind::Withdrawn {
            Standing::Withdrawn
        } else {
            Standing::Live
        };
        let after = PublicationState {
            standing,
            revision: before.revision + 1,
            major: before.major + u32::from(kind == ChangeKind::MajorEdit),
            sequence,
            released: before.released.or(Some(self.worth.now)),
            news: before.news || news,
            publication,
            ..before.clone()
        };
        *count(&mut self.meta.totals, before.standing) -= 1;
        *count(&mut self.meta.totals, after.standing) += 1;
        forget(
            self.transaction,
            keys::waits(before.publication.published, before.key),
        );
        self.replace_body(&before, &after.publication);
        save(self.transaction, keys::publication(after.key), &after)?;
        save(
            self.transaction,
            keys::revision(after.key, after.revision),
            &after.publication,
        )?;
        let feeds = self.move_in_feeds(&before, &after, kind)?;
        if news {
            self.note_news(&after)?;
        }
        self.changes.push(Change {
            sequence,
            kind,
            publication: after.key,
            title: after.publication.title,
            news,
            feeds,
        });
        Ok(())
    }

    fn withdraw(&mut self, source: &str, path: &str) -> Result<(), StoreError> {
        let Some(state) = at_path(self.transaction, source, path)? else {
            return Ok(());
        };
        forget(self.transaction, keys::path(source, path));
        // A file that moved earlier in this pass is at its new path by now.
        if state.source != source || state.path != path {
            return Ok(());
        }
        match state.standing {
            Standing::Withdrawn => Ok(()),
            Standing::Live => {
                let publication = state.publication.clone();
                self.effect(state, publication, ChangeKind::Withdrawn, false)
            }
            Standing::Scheduled => {
                forget(
                    self.transaction,
                    keys::waits(state.publication.published, state.key),
                );
                self.meta.totals.scheduled -= 1;
                self.meta.totals.withdrawn += 1;
                let state = PublicationState {
                    standing: Standing::Withdrawn,
                    ..state
                };
                save(self.transaction, keys::publication(state.key), &state)
            }
        }
    }

    fn replace_body(&mut self, before: &PublicationState, after: &Publication) {
        if before.publication.body != after.body {
            forget(
                self.transaction,
                keys::body_of(before.publication.body, before.key),
            );
            note(self.transaction, keys::body_of(after.body, before.key));
        }
    }

    fn note_news(&mut self, state: &PublicationState) -> Result<(), StoreError> {
        let row = NewsRow {
            publication: state.key,
            at: self.worth.now,
        };
        save(self.transaction, keys::news(state.sequence), &row)?;
        let group = keys::group(state.publication.group());
        if load::<Number>(self.transaction, &group)?.is_none() {
            // Only runs opened from now on can have mailed any of the group.
            save(self.transaction, group, &Number(self.meta.run.0 + 1))?;
        }
        Ok(())
    }

    /// Takes the publication out of the feeds it was in and puts it into those it is in now.
    /// Returns all of them.
    fn move_in_feeds(
        &mut self,
        before: &PublicationState,
        after: &PublicationState,
        kind: ChangeKind,
    ) -> Result<BTreeSet<FeedKey>, StoreError> {
        let of = |state: &PublicationState| match state.standing {
            Standing::Live => FeedKey::of(&state.publication),
            Standing::Scheduled | Standing::Withdrawn => BTreeSet::new(),
        };
        let (left, entered) = (of(before), of(after));
        for feed in &left {
            let key = keys::feed_entry(feed, before.publication.published, before.key);
            forget(self.transaction, key);
        }
        for feed in &entered {
            note(
                self.transaction,
                keys::feed_entry(feed, after.publication.published, after.key),
            );
        }
        let touched: BTreeSet<FeedKey> = left.union(&entered).cloned().collect();
        for feed in &touched {
            // What an author dates, a feed is dated by, so that a build without state has the same
            // bytes each time. Departures have no date but the clock's.
            let instant = match kind {
                ChangeKind::Withdrawn => self.worth.now,
                _ if !entered.contains(feed) => self.worth.now,
                ChangeKind::Restored | ChangeKind::Retagged => self.worth.now,
                _ => after.publication.updated.min(self.worth.now),
            };
            let key = keys::feed(feed);
            let former = load::<FeedRow>(self.transaction, &key)?;
            let row = FeedRow {
                sequence: after.sequence,
                updated: former.map_or(instant, |former| former.updated.max(instant)),
            };
            save(self.transaction, key, &row)?;
        }
        Ok(touched)
    }
}

fn count(totals: &mut Totals, standing: Standing) -> &mut u64 {
    match standing {
        Standing::Live => &mut totals.live,
        Standing::Scheduled => &mut totals.scheduled,
        Standing::Withdrawn => &mut totals.withdrawn,
    }
}
