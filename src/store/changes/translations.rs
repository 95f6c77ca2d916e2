//! What a change of one publication changes for its translations: they point to each other.

use std::collections::{BTreeMap, BTreeSet};

use super::Changes;
use crate::domain::translation::MOST;
use crate::domain::{
    Change, ChangeKind, FeedKey, Language, PublicationId, PublicationKey, PublicationState,
    Sequence, Standing, Tie,
};
use crate::store::rows::Number;
use crate::store::ties::{group_of, named, tied};
use crate::store::translations::members;
use crate::store::{StoreError, forget, keys, load, note, save};

/// What became of groups.
#[derive(Default)]
struct Regrouped {
    /// Those that show other translations now.
    told: BTreeSet<PublicationKey>,
    /// Those that are in a group of another name now.
    moved: BTreeMap<PublicationKey, Option<PublicationId>>,
    /// Can any of these be read?
    has_moved: bool,
}

impl Regrouped {
    fn place(&self, state: &mut PublicationState) {
        if let Some(group) = self.moved.get(&state.key) {
            state.group.clone_from(group);
        }
    }
}

impl Changes<'_, '_> {
    /// Puts a publication that changes, and all that has to do with it, into the groups that they
    /// belong to now, and notes with its translations what they show of it. Returns the feeds that
    /// those are in.
    pub(super) fn regroup(
        &mut self,
        before: &PublicationState,
        after: &mut PublicationState,
    ) -> Result<BTreeSet<FeedKey>, StoreError> {
        let mut told = BTreeSet::new();
        if may_group_otherwise(before, after) {
            save(self.transaction, keys::publication(after.key), after)?;
            let concerned = self.tie(before, after)?;
            let regrouped = self.settle(concerned, Some(before))?;
            regrouped.place(after);
            told = regrouped.told;
        }
        if shown(before) != shown(after) {
            told.extend(members(self.transaction, after.group())?);
        }
        told.remove(&after.key);
        self.tell(told, after.sequence)
    }

    /// The same for a publication of which readers see nothing else: where that changes what they
    /// see of others, it is a change by itself.
    pub(super) fn regroup_by_itself(
        &mut self,
        before: &PublicationState,
        after: &PublicationState,
    ) -> Result<(), StoreError> {
        if !may_group_otherwise(before, after) {
            return Ok(());
        }
        let concerned = self.tie(before, after)?;
        let regrouped = self.settle(concerned, Some(before))?;
        self.announce(regrouped, after)
    }

    /// What was tied to a publication by a further name of it, before anybody knew whose that is, is
    /// tied to it by its own.
    pub(super) fn take_over_ties(
        &mut self,
        alias: &PublicationId,
        state: &mut PublicationState,
    ) -> Result<(), StoreError> {
        let former = Tie::Original(alias.clone());
        let waiting = tied(self.transaction, &former)?;
        if waiting.is_empty() {
            return Ok(());
        }
        let present = Tie::Original(state.publication.id.clone());
        for key in &waiting {
            forget(self.transaction, keys::tied(&former, *key));
            note(self.transaction, keys::tied(&present, *key));
        }
        let concerned = waiting.into_iter().chain([state.key]).collect();
        let regrouped = self.settle(concerned, None)?;
        regrouped.place(state);
        self.announce(regrouped, state)
    }

    fn announce(
        &mut self,
        regrouped: Regrouped,
        about: &PublicationState,
    ) -> Result<(), StoreError> {
        if regrouped.told.is_empty() && !regrouped.has_moved {
            return Ok(());
        }
        // Whoever is planning meanwhile sees by it that groups are others now.
        self.meta.sequence.0 += 1;
        let sequence = self.meta.sequence;
        if !regrouped.told.is_empty() {
            let feeds = self.tell(regrouped.told, sequence)?;
            self.changes.push(Change {
                sequence,
                kind: ChangeKind::Regrouped,
                publication: about.key,
                title: about.publication.title.clone(),
                news: false,
                feeds,
            });
        }
        Ok(())
    }

    /// Writes down what ties a publication now. Returns those whose groups may be others by it.
    fn tie(
        &mut self,
        before: &PublicationState,
        after: &PublicationState,
    ) -> Result<BTreeSet<PublicationKey>, StoreError> {
        let mut concerned = BTreeSet::from([after.key]);
        let is_new = before.revision == 0;
        let (former, present) = (
            named(self.transaction, before)?,
            named(self.transaction, after)?,
        );
        if former != present
            && let Some(former) = &former
        {
            forget(self.transaction, keys::tied(former, after.key));
        }
        if let Some(present) = &present {
            note(self.transaction, keys::tied(present, after.key));
        }
        let own = is_new.then(|| Tie::Original(after.publication.id.clone()));
        for tie in former.into_iter().chain(present).chain(own) {
            let tied = tied(self.transaction, &tie)?;
            // Far too many for this one to make a difference.
            if tied.len() <= MOST + 1 {
                concerned.extend(tied);
            }
        }
        concerned.extend(members(self.transaction, before.group())?);
        Ok(concerned)
    }

    /// Puts publications into the groups that their ties make. Of the one that changes it is told
    /// how it stood `before`.
    fn settle(
        &mut self,
        concerned: BTreeSet<PublicationKey>,
        before: Option<&PublicationState>,
    ) -> Result<Regrouped, StoreError> {
        let mut groups: Vec<BTreeMap<PublicationKey, PublicationState>> = Vec::new();
        let is_one = concerned.len() == 1;
        for key in concerned {
            if groups.iter().any(|group| group.contains_key(&key)) {
                continue;
            }
            let state = load::<PublicationState>(self.transaction, &keys::publication(key))?;
            let Some(state) = state else { continue };
            if is_one && state.group.is_none() && !matches!(state.tie, Some(Tie::Original(_))) {
                // As most are: nobody shares its tie, and nobody did.
                break;
            }
            groups.push(group_of(self.transaction, state)?);
        }
        // Who could be read together with whom before.
        let mut together: BTreeMap<PublicationId, BTreeSet<PublicationKey>> = BTreeMap::new();
        for state in groups.iter().flat_map(BTreeMap::values) {
            let was = before.filter(|was| was.key == state.key).unwrap_or(state);
            if was.standing == Standing::Live {
                let group = together.entry(state.group().clone()).or_default();
                group.insert(state.key);
            }
        }
        let mut regrouped = Regrouped::default();
        for group in groups {
            let live = group.values().filter(|s| s.standing == Standing::Live);
            let live: BTreeSet<PublicationKey> = live.map(|state| state.key).collect();
            let name = group.values().next().map(|s| s.publication.id.clone());
            let is_several = group.len() > 1;
            for mut state in group.into_values() {
                let others = |all: Option<&BTreeSet<PublicationKey>>| {
                    let mut others = all.cloned().unwrap_or_default();
                    others.remove(&state.key);
                    others
                };
                let is_told = state.standing == Standing::Live
                    && others(together.get(state.group())) != others(Some(&live));
                if is_told {
                    regrouped.told.insert(state.key);
                }
                let group = name.clone().filter(|name| *name != state.publication.id);
                if state.group != group {
                    regrouped.has_moved |= state.standing == Standing::Live;
                    regrouped.moved.insert(state.key, group.clone());
                    self.move_to(&mut state, group)?;
                } else if is_several || is_told {
                    self.enter(&state, Number(0))?;
                }
            }
        }
        Ok(regrouped)
    }

    fn move_to(
        &mut self,
        state: &mut PublicationState,
        group: Option<PublicationId>,
    ) -> Result<(), StoreError> {
        let former = state.group().clone();
        let place = keys::translation(&former, state.key);
        let last = load::<Number>(self.transaction, &place)?;
        forget(self.transaction, place);
        state.group = group;
        self.join(&former, state.group())?;
        self.enter(state, last.unwrap_or(Number(0)))?;
        save(self.transaction, keys::publication(state.key), state)
    }

    fn enter(&mut self, state: &PublicationState, last: Number) -> Result<(), StoreError> {
        let place = keys::translation(state.group(), state.key);
        if load::<Number>(self.transaction, &place)?.is_none() {
            save(self.transaction, place, &last)?;
        }
        Ok(())
    }

    /// What was mailed of a publication was mailed of the group that it joins.
    fn join(&mut self, was: &PublicationId, is: &PublicationId) -> Result<(), StoreError> {
        let first_run = |group| load::<Number>(self.transaction, &keys::group(group));
        if let Some(Number(first)) = first_run(was)? {
            let known = first_run(is)?.map_or(first, |Number(known)| known);
            let first = Number(first.min(known));
            save(self.transaction, keys::group(is), &first)?;
        }
        Ok(())
    }

    /// Notes with publications that they show something else of their translations now. Returns the
    /// feeds that they are in.
    fn tell(
        &mut self,
        told: BTreeSet<PublicationKey>,
        sequence: Sequence,
    ) -> Result<BTreeSet<FeedKey>, StoreError> {
        let mut feeds = BTreeSet::new();
        for key in told {
            let state = load::<PublicationState>(self.transaction, &keys::publication(key))?;
            let Some(state) = state else { continue };
            let place = keys::translation(state.group(), key);
            save(self.transaction, place, &Number(sequence.0))?;
            if state.standing == Standing::Live {
                feeds.extend(FeedKey::of(&state.publication));
                self.archiving.renew(self.transaction, key, sequence)?;
            }
        }
        for feed in &feeds {
            self.renew_feed(feed, sequence)?;
        }
        Ok(feeds)
    }

    /// A feed reads otherwise now, though nothing in it changed of substance: its date stays.
    fn renew_feed(&mut self, feed: &FeedKey, sequence: Sequence) -> Result<(), StoreError> {
        let former = match self.feeds.remove(feed) {
            None => load(self.transaction, &keys::feed(feed))?,
            former => former,
        };
        if let Some(mut row) = former {
            row.sequence = sequence;
            self.feeds.insert(feed.clone(), row);
        }
        Ok(())
    }
}

/// May groups be others by this?
fn may_group_otherwise(before: &PublicationState, after: &PublicationState) -> bool {
    before.revision == 0
        || before.tie != after.tie
        || before.is_present() != after.is_present()
        || before.publication.language != after.publication.language
}

/// What its translations show of a publication.
fn shown(state: &PublicationState) -> Option<(&PublicationId, &Language, &str, &str)> {
    let publication = &state.publication;
    (state.standing == Standing::Live).then_some((
        &publication.id,
        &publication.language,
        publication.link.as_str(),
        publication.title.as_str(),
    ))
}
