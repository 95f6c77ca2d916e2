//! The changes of one transaction: each takes its number, moves in the feeds, and is noted if it is
//! news.

mod feeds;
mod names;
mod translations;

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::change::{Newsworthiness, diff};
use crate::domain::publication::Found;
use crate::domain::{
    Change, ChangeKind, FeedKey, Guards, Publication, PublicationId, PublicationKey,
    PublicationState, Standing, Tie,
};

use super::archive::Archiving;
use super::engine::Transaction;
use super::holds::{Flood, HoldEvent};
use super::identity::{at_path, with_id};
use super::retention::may_be_news;
use super::rows::{ChangeRow, FeedRow, Meta, Number};
use super::{StoreError, forget, keys, load, meta, note, save, tags};

/// The changes of one transaction.
pub(super) struct Changes<'t, 'e> {
    transaction: &'t mut Transaction<'e>,
    meta: Meta,
    worth: Newsworthiness,
    flood: Flood,
    changes: Vec<Change>,
    /// The feeds that were touched, as they are now: many changes touch the same few.
    feeds: HashMap<FeedKey, FeedRow>,
    archiving: Archiving,
    /// Publications at whose path there is another file now.
    displaced: Vec<PublicationKey>,
}

/// What a file amounts to.
struct Said {
    publication: Publication,
    tie: Option<Tie>,
}

impl Said {
    /// What it said last.
    fn of(state: &PublicationState) -> Said {
        Said {
            publication: state.publication.clone(),
            tie: state.tie.clone(),
        }
    }
}

impl<'t, 'e> Changes<'t, 'e> {
    pub(super) fn begin(
        transaction: &'t mut Transaction<'e>,
        now: Timestamp,
        guards: Guards,
        baseline: bool,
    ) -> Result<Changes<'t, 'e>, StoreError> {
        let meta = meta(transaction)?;
        let worth = Newsworthiness {
            now,
            max_age: guards.max_age,
            baseline,
        };
        Ok(Changes {
            transaction,
            meta,
            worth,
            flood: Flood::new(guards, now),
            changes: Vec::new(),
            feeds: HashMap::new(),
            archiving: Archiving::default(),
            displaced: Vec::new(),
        })
    }

    /// What took effect, and the hold that was opened.
    pub(super) fn finish(mut self) -> Result<(Vec<Change>, Option<HoldEvent>), StoreError> {
        let opened = self.flood.finish(self.transaction)?;
        if opened.is_some() {
            // Those before the one that was too many went back into the hold.
            for change in &mut self.changes {
                change.news = false;
            }
        }
        if meta(self.transaction)? != self.meta {
            save(self.transaction, keys::meta(), &self.meta)?;
        }
        for (feed, row) in &self.feeds {
            save(self.transaction, keys::feed(feed), row)?;
        }
        self.archiving.finish(self.transaction)?;
        Ok((self.changes, opened))
    }

    /// The rows, with what was changed so far.
    pub(super) fn reader(&self) -> &Transaction<'e> {
        self.transaction
    }

    /// The rows, to be changed, and the counters.
    pub(super) fn parts(&mut self) -> (&mut Transaction<'e>, &mut Meta) {
        (self.transaction, &mut self.meta)
    }

    /// The file of a publication that nobody knew.
    pub(super) fn take_new(
        &mut self,
        source: &str,
        found: &Found,
        id: PublicationId,
    ) -> Result<(), StoreError> {
        self.meta.publication += 1;
        let key = PublicationKey(self.meta.publication);
        save(self.transaction, keys::id(&id), &Number(key.0))?;
        self.put_at(source, &found.path, key)?;
        let said = self.said(found, id, self.worth.now)?;
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
            publication: said.publication.clone(),
            tie: None,
            group: None,
        };
        self.meta.totals.scheduled += 1;
        note(self.transaction, keys::body_of(said.publication.body, key));
        match diff(None, &said.publication, self.worth) {
            Some((kind, news)) => self.effect(state, said, kind, news).map(drop),
            None => self.set_aside(state, said),
        }
    }

    /// The file of a known publication.
    pub(super) fn take(
        &mut self,
        source: &str,
        found: &Found,
        mut state: PublicationState,
    ) -> Result<(), StoreError> {
        let has_moved = self.put_at(source, &found.path, state.key)?;
        if (state.source.as_str(), state.path.as_str()) != (source, found.path.as_str()) {
            let old = keys::path(&state.source, &state.path);
            // The place that it left may be another's by now.
            if load(self.transaction, &old)? == Some(Number(state.key.0)) {
                forget(self.transaction, old);
            }
            state.source = source.to_owned();
            state.path.clone_from(&found.path);
        }
        if let Some(id) = &found.declared_id
            && load::<Number>(self.transaction, &keys::id(id))?.is_none()
        {
            save(self.transaction, keys::id(id), &Number(state.key.0))?;
            self.take_over_ties(id, &mut state)?;
        }
        let said = self.said(found, state.publication.id.clone(), state.first_seen)?;
        if has_moved {
            save(self.transaction, keys::publication(state.key), &state)?;
        }
        self.turn(state, said)
    }

    /// Something waited for this instant: its date, or its end.
    pub(super) fn fall_due(&mut self, key: PublicationKey) -> Result<(), StoreError> {
        match load::<PublicationState>(self.transaction, &keys::publication(key))? {
            Some(state) => {
                let said = Said::of(&state);
                self.turn(state, said)
            }
            None => Ok(()),
        }
    }

    /// There is no file at a path any more.
    pub(super) fn withdraw(&mut self, source: &str, path: &str) -> Result<(), StoreError> {
        let Some(state) = at_path(self.transaction, source, path)? else {
            return Ok(());
        };
        forget(self.transaction, keys::path(source, path));
        self.lose(state)
    }

    /// Withdraws those at whose path there is another file now, unless they are elsewhere.
    pub(super) fn withdraw_displaced(
        &mut self,
        is_elsewhere: impl Fn(PublicationKey) -> bool,
    ) -> Result<(), StoreError> {
        for key in std::mem::take(&mut self.displaced) {
            if !is_elsewhere(key)
                && let Some(state) = load(self.transaction, &keys::publication(key))?
            {
                self.lose(state)?;
            }
        }
        Ok(())
    }

    /// Notes whose file is at a path. Says whether that is new.
    fn put_at(
        &mut self,
        source: &str,
        path: &str,
        key: PublicationKey,
    ) -> Result<bool, StoreError> {
        let place = keys::path(source, path);
        let former = load::<Number>(self.transaction, &place)?;
        if former == Some(Number(key.0)) {
            return Ok(false);
        }
        self.displaced
            .extend(former.map(|Number(other)| PublicationKey(other)));
        save(self.transaction, place, &Number(key.0))?;
        Ok(true)
    }

    /// What a file amounts to. The publication that it translates may have several names; it is told
    /// by one. So is a tag.
    fn said(
        &mut self,
        found: &Found,
        id: PublicationId,
        first_seen: Timestamp,
    ) -> Result<Said, StoreError> {
        let mut publication = found.revision(id, first_seen);
        publication.tags = tags::assign(self.transaction, &found.tags)?;
        if let Some(original) = &publication.translation_of
            && let Some(state) = with_id(self.transaction, original)?
        {
            publication.translation_of = Some(state.publication.id);
        }
        Ok(Said {
            publication,
            tie: found.tie(),
        })
    }

    /// A known publication reads like this now.
    fn turn(&mut self, state: PublicationState, said: Said) -> Result<(), StoreError> {
        let is_live = state.standing == Standing::Live;
        let is_put_off = said.publication.published > self.worth.now
            && said.publication.published != state.publication.published;
        if is_live && is_put_off {
            let as_it_was = Said::of(&state);
            let state = self.effect(state, as_it_was, ChangeKind::Withdrawn, false)?;
            return self.set_aside(state, said);
        }
        match diff(Some(&state), &said.publication, self.worth) {
            Some((kind, news)) => self.effect(state, said, kind, news).map(drop),
            None if is_live && said.tie == state.tie => Ok(()),
            None if is_live => {
                let before = state.clone();
                let after = PublicationState {
                    tie: said.tie,
                    ..state
                };
                self.stand(&before, after)
            }
            None => self.set_aside(state, said),
        }
    }

    /// Nothing takes effect before the publication's date, nor after its end.
    fn set_aside(&mut self, state: PublicationState, said: Said) -> Result<(), StoreError> {
        self.no_longer_waits(&state);
        self.replace_body(&state, &said.publication);
        let standing = if said.publication.has_expired(self.worth.now) {
            Standing::Expired
        } else {
            Standing::Scheduled
        };
        let before = state.clone();
        let after = PublicationState {
            standing,
            publication: said.publication,
            tie: said.tie,
            ..state
        };
        self.waits(&after);
        self.stand(&before, after)
    }

    /// A publication stands otherwise than before, and no reader sees anything else of it.
    fn stand(
        &mut self,
        before: &PublicationState,
        after: PublicationState,
    ) -> Result<(), StoreError> {
        *self.meta.totals.of(before.standing) -= 1;
        *self.meta.totals.of(after.standing) += 1;
        save(self.transaction, keys::publication(after.key), &after)?;
        self.regroup_by_itself(before, &after)
    }

    /// The change takes effect: it is numbered, the feeds are told, and news is noted. Returns how
    /// the publication stands then.
    fn effect(
        &mut self,
        before: PublicationState,
        said: Said,
        kind: ChangeKind,
        news: bool,
    ) -> Result<PublicationState, StoreError> {
        self.meta.sequence.0 += 1;
        let sequence = self.meta.sequence;
        let standing = match kind {
            ChangeKind::Withdrawn => Standing::Withdrawn,
            ChangeKind::Expired => Standing::Expired,
            _ => Standing::Live,
        };
        let mut after = PublicationState {
            standing,
            revision: before.revision + 1,
            major: before.major + u32::from(kind == ChangeKind::MajorEdit),
            sequence,
            released: before.released.or(Some(self.worth.now)),
            publication: said.publication,
            tie: said.tie,
            ..before.clone()
        };
        *self.meta.totals.of(before.standing) -= 1;
        *self.meta.totals.of(after.standing) += 1;
        self.no_longer_waits(&before);
        self.waits(&after);
        self.replace_body(&before, &after.publication);
        let of_translations = self.regroup(&before, &mut after)?;
        let news = news && may_be_news(self.transaction, kind, &after)?;
        after.news |= news;
        save(self.transaction, keys::publication(after.key), &after)?;
        let revision = keys::revision(after.key, after.revision);
        save(self.transaction, revision, &after.publication)?;
        let change = ChangeRow {
            sequence,
            kind,
            at: self.worth.now,
            news,
        };
        let place = keys::change(after.key, after.revision);
        save(self.transaction, place, &change)?;
        let mut feeds = self.move_in_feeds(&before, &after, kind)?;
        feeds.extend(of_translations);
        let first = !before.news;
        let news = news
            && self
                .flood
                .note(self.transaction, &mut self.meta, &after, first)?;
        self.changes.push(Change {
            sequence,
            kind,
            publication: after.key,
            title: after.publication.title.clone(),
            news,
            feeds,
        });
        Ok(after)
    }

    fn lose(&mut self, state: PublicationState) -> Result<(), StoreError> {
        match state.standing {
            Standing::Withdrawn => Ok(()),
            Standing::Live => {
                let said = Said::of(&state);
                self.effect(state, said, ChangeKind::Withdrawn, false)
                    .map(drop)
            }
            Standing::Scheduled | Standing::Expired => {
                self.no_longer_waits(&state);
                let after = PublicationState {
                    standing: Standing::Withdrawn,
                    ..state.clone()
                };
                self.stand(&state, after)
            }
        }
    }

    fn waits(&mut self, state: &PublicationState) {
        if let Some(due) = state.due() {
            note(self.transaction, keys::waits(due, state.key));
        }
    }

    fn no_longer_waits(&mut self, state: &PublicationState) {
        if let Some(due) = state.due() {
            forget(self.transaction, keys::waits(due, state.key));
        }
    }

    fn replace_body(&mut self, before: &PublicationState, after: &Publication) {
        if before.publication.body != after.body {
            let former = keys::body_of(before.publication.body, before.key);
            forget(self.transaction, former);
            note(self.transaction, keys::body_of(after.body, before.key));
        }
    }
}
