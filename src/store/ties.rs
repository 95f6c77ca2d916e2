//! What ties publications to their translations: who has a tie, and who is in one group by it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::domain::translation::MOST;
use crate::domain::{PublicationKey, PublicationState, Tie, Tied};

use super::engine::{Engine, Go, Order, Read, Transaction};
use super::identity::with_id;
use super::record::Record;
use super::rows::Number;
use super::{Store, StoreError, keys, load, note, save};

/// Table `v` knows of ties.
const FILLED: Number = Number(2);

/// What a file surely says wrong of its translations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistaken {
    /// The file's publication.
    pub state: PublicationState,
    /// The one in the same language that it would be a translation of, or has its address.
    pub other: PublicationState,
}

impl Store {
    /// The files that surely say something wrong of their translations: what they translate, or
    /// what has their translation key, is in their own language; or, of two files of one name and
    /// language, both live at one address. Looks at everything that is tied.
    pub async fn mistaken(&self) -> Result<Vec<Mistaken>, StoreError> {
        let reader = self.reader();
        let mut keys = Vec::new();
        let span = keys::all_tied().prefix();
        reader.scan(span.range(), Order::Ascending, &mut |key, _| {
            keys.push(PublicationKey(keys::last_number(key)));
            Ok(Go::On)
        })?;
        let mut mistaken = Vec::new();
        for key in keys {
            let state = load::<PublicationState>(reader, &keys::publication(key))?;
            let Some(state) = state.filter(PublicationState::is_present) else {
                continue;
            };
            let other = match named(reader, &state)? {
                Some(tie) => at_odds(reader, &state, &tie)?,
                None => None,
            };
            mistaken.extend(other.map(|other| Mistaken { state, other }));
        }
        Ok(mistaken)
    }
}

/// Whom a publication's own tie can't tie it to.
fn at_odds(
    reader: &impl Read,
    state: &PublicationState,
    tie: &Tie,
) -> Result<Option<PublicationState>, StoreError> {
    let others = match tie {
        Tie::Original(id) => Vec::from_iter(with_id(reader, id)?),
        Tie::Key(_) | Tie::Name(_) => holders(reader, tie)?,
    };
    let is_by_name = matches!(tie, Tie::Name(_));
    Ok(others.into_iter().find(|other| {
        let publication = &other.publication;
        // Of two that share a tie, the later one is told.
        (other.key < state.key || matches!(tie, Tie::Original(_)))
            && other.key != state.key
            && other.is_present()
            && publication.language == state.publication.language
            && (!is_by_name || publication.link == state.publication.link)
    }))
}

/// A publication's own tie, by the one name that what it translates goes by.
pub(super) fn named(
    reader: &impl Read,
    state: &PublicationState,
) -> Result<Option<Tie>, StoreError> {
    Ok(match &state.tie {
        Some(Tie::Original(id)) => {
            let id = match with_id(reader, id)? {
                Some(original) => original.publication.id,
                None => id.clone(),
            };
            Some(Tie::Original(id))
        }
        tie => tie.clone(),
    })
}

/// Whoever has a tie. Beyond the first that are too many there may be more.
pub(super) fn tied(reader: &impl Read, tie: &Tie) -> Result<Vec<PublicationKey>, StoreError> {
    let mut tied = Vec::new();
    let span = keys::tied_by(tie).prefix();
    reader.scan(span.range(), Order::Ascending, &mut |key, _| {
        tied.push(PublicationKey(keys::last_number(key)));
        Ok(if tied.len() <= MOST + 1 {
            Go::On
        } else {
            Go::Stop
        })
    })?;
    Ok(tied)
}

/// The same as they stand, and what they translate.
fn holders(reader: &impl Read, tie: &Tie) -> Result<Vec<PublicationState>, StoreError> {
    let mut holders = Vec::new();
    for key in tied(reader, tie)? {
        holders.extend(load::<PublicationState>(reader, &keys::publication(key))?);
    }
    if let Tie::Original(id) = tie
        && let Some(original) = with_id(reader, id)?
        && holders.iter().all(|state| state.key != original.key)
    {
        holders.push(original);
    }
    Ok(holders)
}

/// Those that a publication is in one group with, itself among them: who is tied to it, directly or
/// through others. Where that would be too many it is alone.
pub(super) fn group_of(
    reader: &impl Read,
    publication: PublicationState,
) -> Result<BTreeMap<PublicationKey, PublicationState>, StoreError> {
    let alone = BTreeMap::from([(publication.key, publication.clone())]);
    let mut group = alone.clone();
    let mut asked = BTreeSet::new();
    let mut waiting = VecDeque::from([publication]);
    while let Some(state) = waiting.pop_front() {
        let own = Tie::Original(state.publication.id.clone());
        // Most are translated by nobody who says so.
        let is_translated = !tied(reader, &own)?.is_empty();
        let own = Some(own).filter(|_| is_translated);
        for tie in named(reader, &state)?.into_iter().chain(own) {
            if asked.contains(&tie) {
                continue;
            }
            let holders = bound(holders(reader, &tie)?, &tie);
            if !holders.iter().any(|holder| holder.key == state.key) {
                continue;
            }
            asked.insert(tie);
            for holder in holders {
                if let Entry::Vacant(place) = group.entry(holder.key) {
                    place.insert(holder.clone());
                    waiting.push_back(holder);
                }
            }
            if group.len() > MOST {
                return Ok(alone);
            }
        }
    }
    Ok(group)
}

fn bound(holders: Vec<PublicationState>, tie: &Tie) -> Vec<PublicationState> {
    let all: Vec<Tied> = holders.iter().map(as_tied).collect();
    let bound: Vec<bool> = all.iter().map(|one| tie.binds(*one, &all)).collect();
    let bound = holders.into_iter().zip(bound);
    bound
        .filter_map(|(state, is)| is.then_some(state))
        .collect()
}

fn as_tied(state: &PublicationState) -> Tied<'_> {
    Tied {
        language: &state.publication.language,
        is_present: state.is_present(),
    }
}

/// Writes down what ties the publications of a store from before that was.
pub(super) fn fill(engine: &Engine) -> Result<(), StoreError> {
    if load(engine, &keys::grouped())? == Some(FILLED) {
        return Ok(());
    }
    let mut all = Vec::new();
    let span = keys::publications().prefix();
    engine.scan(span.range(), Order::Ascending, &mut |_, value| {
        let state = PublicationState::decode(value)?;
        all.extend(Some(state).filter(|state| state.tie.is_some()));
        Ok(Go::On)
    })?;
    let mut transaction = Transaction::over(engine);
    for state in all {
        let Some(tie) = named(engine, &state)? else {
            continue;
        };
        note(&mut transaction, keys::tied(&tie, state.key));
        let original = with_id(engine, state.group())?;
        for key in original
            .into_iter()
            .map(|state| state.key)
            .chain([state.key])
        {
            let place = keys::translation(state.group(), key);
            if load::<Number>(&transaction, &place)?.is_none() {
                save(&mut transaction, place, &Number(0))?;
            }
        }
    }
    save(&mut transaction, keys::grouped(), &FILLED)?;
    transaction.commit()?;
    engine.sync()
}
