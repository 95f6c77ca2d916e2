//! Which publication is a file? By what it claims, by where it is, by what it says (a moved file),
//! else a new one.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::publication::{Batch, BodyHash, Found};
use crate::domain::{PublicationId, PublicationKey, PublicationState, Standing};

use super::engine::{Go, Order, Read};
use super::holds::Losses;
use super::rows::Number;
use super::{StoreError, keys, load};

/// A body that more publications than this share is a form, and says nothing of which one moved.
/// Looking at all of them for each file would cost their square.
const MOST_ALIKE: usize = 32;

/// Which publication a file is.
pub(super) enum Identity {
    Known(Box<PublicationState>),
    New(PublicationId),
    /// The claimed id belongs to a file that is still there.
    Taken {
        id: PublicationId,
        holder: Box<PublicationState>,
    },
}

/// What a batch says of the files of its source.
pub(super) struct Look<'b> {
    source: &'b str,
    missing: BTreeSet<&'b str>,
    read: BTreeMap<&'b str, (&'b Found, BodyHash)>,
    /// The publications that files of this batch were found to be: nobody else is one of them.
    taken: BTreeSet<PublicationKey>,
    /// The publications whose files an earlier look missed, or whose source is gone, which waits
    /// for a person: those which a file that reads alike may be, and those whose id may be claimed.
    held: BTreeSet<PublicationKey>,
    claimable: BTreeSet<PublicationKey>,
}

impl<'b> Look<'b> {
    pub(super) fn of(batch: &'b Batch, losses: &Losses<'_>) -> Look<'b> {
        let read = batch
            .found
            .iter()
            .map(|found| (found.path.as_str(), (found, found.body.hash())));
        Look {
            source: &batch.source,
            missing: batch.missing.iter().map(String::as_str).collect(),
            read: read.collect(),
            taken: BTreeSet::new(),
            held: losses.missing(),
            claimable: losses.missing_anywhere(),
        }
    }

    /// The files in the order in which they are to be identified. Who claims an id comes first;
    /// then files at new paths, for one of them may be what has just made room for another file at
    /// its old path.
    pub(super) fn in_order(
        &self,
        reader: &impl Read,
        batch: &'b Batch,
    ) -> Result<Vec<&'b Found>, StoreError> {
        let mut ranked = Vec::with_capacity(batch.found.len());
        for found in &batch.found {
            let is_known = at_path(reader, self.source, &found.path)?.is_some();
            ranked.push((found.declared_id.is_none(), is_known, found));
        }
        ranked.sort_by_key(|(unclaimed, is_known, _)| (*unclaimed, *unclaimed && *is_known));
        Ok(ranked.into_iter().map(|(_, _, found)| found).collect())
    }

    pub(super) fn missing(&self) -> impl Iterator<Item = &'b str> {
        self.missing.iter().copied()
    }

    pub(super) fn is_taken(&self, key: PublicationKey) -> bool {
        self.taken.contains(&key)
    }

    /// Asked once for each file, in order, what came of the earlier ones being written down.
    pub(super) fn identify(
        &mut self,
        reader: &impl Read,
        found: &Found,
    ) -> Result<Identity, StoreError> {
        let identity = self.resolve(reader, found)?;
        if let Identity::Known(state) = &identity {
            self.taken.insert(state.key);
        }
        Ok(identity)
    }

    fn resolve(&self, reader: &impl Read, found: &Found) -> Result<Identity, StoreError> {
        let here = at_path(reader, self.source, &found.path)?.filter(|s| !self.is_taken(s.key));
        let body = found.body.hash();
        if let Some(id) = &found.declared_id {
            return Ok(match with_id(reader, id)? {
                Some(state) if self.may_be_claimed(reader, &state, id, found)? => known(state),
                Some(state) => Identity::Taken {
                    id: id.clone(),
                    holder: Box::new(state),
                },
                // The same text at the same place: the id is a further name of what is there.
                None => match here {
                    Some(state) if state.publication.body == body => known(state),
                    _ => Identity::New(id.clone()),
                },
            });
        }
        if let Some(state) = here {
            let renamed_onto = |other: &PublicationState| {
                Ok(other.source == self.source
                    && self.missing.contains(other.path.as_str())
                    && other.standing != Standing::Withdrawn
                    && other.publication.title == found.title)
            };
            let moved = if state.publication.body == body {
                None
            } else {
                self.moved_here(reader, found, body, renamed_onto)?
            };
            return Ok(known(moved.unwrap_or(state)));
        }
        let left = |other: &PublicationState| {
            Ok(self.held.contains(&other.key)
                || (other.source == self.source
                    && (other.standing == Standing::Withdrawn
                        || self.missing.contains(other.path.as_str())
                        || self.has_made_room(other, found)
                        || is_let_go(reader, other)?)))
        };
        if let Some(state) = self.moved_here(reader, found, body, left)? {
            return Ok(known(state));
        }
        self.minted(reader, found)
    }

    /// May a file claim the id of this publication? Not while another file is it.
    fn may_be_claimed(
        &self,
        reader: &impl Read,
        state: &PublicationState,
        id: &PublicationId,
        by: &Found,
    ) -> Result<bool, StoreError> {
        let path = state.path.as_str();
        let claims_another = |(found, _): &(&Found, _)| found.declared_id.as_ref() != Some(id);
        Ok(!self.is_taken(state.key)
            && (state.standing == Standing::Withdrawn
                || (state.source == self.source
                    && (path == by.path
                        || self.missing.contains(path)
                        || self.read.get(path).is_some_and(claims_another)))
                || self.claimable.contains(&state.key)
                || is_let_go(reader, state)?))
    }

    /// Does its path hold something else now, while this file reads as it did?
    fn has_made_room(&self, state: &PublicationState, found: &Found) -> bool {
        state.publication.title == found.title
            && self
                .read
                .get(state.path.as_str())
                .is_some_and(|(_, body)| *body != state.publication.body)
    }

    /// The one publication with the same body that may have moved. Of two such, the one that was at
    /// this path in a source that is gone, else neither: nothing is guessed.
    fn moved_here(
        &self,
        reader: &impl Read,
        found: &Found,
        body: BodyHash,
        may_have_moved: impl Fn(&PublicationState) -> Result<bool, StoreError>,
    ) -> Result<Option<PublicationState>, StoreError> {
        if found.body.is_empty() {
            return Ok(None);
        }
        let mut same_body = Vec::new();
        let span = keys::with_body(body).prefix();
        reader.scan(span.range(), Order::Ascending, &mut |key, _| {
            same_body.push(PublicationKey(keys::last_number(key)));
            Ok(if same_body.len() > MOST_ALIKE {
                Go::Stop
            } else {
                Go::On
            })
        })?;
        if same_body.len() > MOST_ALIKE {
            return Ok(None);
        }
        let mut moved = Vec::new();
        for key in same_body {
            if let Some(state) = load::<PublicationState>(reader, &keys::publication(key))?
                && !self.is_taken(key)
                && may_have_moved(&state)?
            {
                moved.push(state);
            }
        }
        if moved.len() > 1 {
            moved.retain(|state| state.source != self.source && state.path == found.path);
        }
        Ok(if moved.len() == 1 { moved.pop() } else { None })
    }

    /// A new file. Its path may have been another publication's first one, which has since moved
    /// away; or the very publication that was withdrawn from it, or let go.
    fn minted(&self, reader: &impl Read, found: &Found) -> Result<Identity, StoreError> {
        let mut id = found.minted_id.clone();
        let mut number = 1;
        while let Some(state) = with_id(reader, &id)? {
            if state.path == found.path
                && !self.is_taken(state.key)
                && (state.standing == Standing::Withdrawn || is_let_go(reader, &state)?)
            {
                return Ok(known(state));
            }
            number += 1;
            id = PublicationId(format!("{}~{number}", found.minted_id.0));
        }
        Ok(Identity::New(id))
    }
}

fn known(state: PublicationState) -> Identity {
    Identity::Known(Box::new(state))
}

/// Does it stand though it has no file: was its withdrawal skipped?
fn is_let_go(reader: &impl Read, state: &PublicationState) -> Result<bool, StoreError> {
    let place = load::<Number>(reader, &keys::path(&state.source, &state.path))?;
    Ok(state.standing != Standing::Withdrawn && place != Some(Number(state.key.0)))
}

/// The publication whose file is at a path.
pub(super) fn at_path(
    reader: &impl Read,
    source: &str,
    path: &str,
) -> Result<Option<PublicationState>, StoreError> {
    match load::<Number>(reader, &keys::path(source, path))? {
        Some(Number(key)) => load(reader, &keys::publication(PublicationKey(key))),
        None => Ok(None),
    }
}

/// The publication that an id names.
pub(super) fn with_id(
    reader: &impl Read,
    id: &PublicationId,
) -> Result<Option<PublicationState>, StoreError> {
    match load::<Number>(reader, &keys::id(id))? {
        Some(Number(key)) => load(reader, &keys::publication(PublicationKey(key))),
        None => Ok(None),
    }
}
