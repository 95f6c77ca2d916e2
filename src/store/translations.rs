//! Which publications say the same in several languages: table `v` leads from a group to its members.
//! Most publications are in none.

use std::collections::BTreeMap;

use crate::domain::translation::MOST;
use crate::domain::{
    Language, PublicationId, PublicationKey, PublicationState, Sequence, Standing, Translation,
};

use super::engine::{Go, Order, Read};
use super::rows::Number;
use super::{Store, StoreError, keys, load};

impl Store {
    /// The last change of what the translations of a publication show of themselves; zero where it
    /// never had any that changed.
    pub async fn translated(&self, state: &PublicationState) -> Result<Sequence, StoreError> {
        let changed = changed(self.reader(), state)?;
        Ok(changed.map_or(Sequence::default(), |Number(sequence)| Sequence(sequence)))
    }

    /// The same in other languages, by language: what can be read now.
    pub async fn translations(&self, key: PublicationKey) -> Result<Vec<Translation>, StoreError> {
        match load::<PublicationState>(self.reader(), &keys::publication(key))? {
            Some(state) => self.translations_of(&state).await,
            None => Ok(Vec::new()),
        }
    }

    /// The same, of a publication as it stands: one in each language but its own.
    pub async fn translations_of(
        &self,
        state: &PublicationState,
    ) -> Result<Vec<Translation>, StoreError> {
        let (reader, group) = (self.reader(), state.group());
        if changed(reader, state)?.is_none() {
            return Ok(Vec::new());
        }
        let mut by_language: BTreeMap<Language, PublicationState> = BTreeMap::new();
        for key in members(reader, group)? {
            let Some(other) = load::<PublicationState>(reader, &keys::publication(key))? else {
                continue;
            };
            let language = &other.publication.language;
            if other.standing != Standing::Live || *language == state.publication.language {
                continue;
            }
            let newness = |state: &PublicationState| {
                let publication = &state.publication;
                (publication.published, publication.id.clone())
            };
            let known = by_language.get(language);
            if known.is_none_or(|known| newness(known) < newness(&other)) {
                by_language.insert(language.clone(), other);
            }
        }
        let others = by_language.into_values().map(|other| Translation {
            id: other.publication.id,
            language: other.publication.language,
            link: other.publication.link,
            title: other.publication.title,
        });
        Ok(others.collect())
    }
}

/// `None`: it is in no group.
fn changed(reader: &impl Read, state: &PublicationState) -> Result<Option<Number>, StoreError> {
    load(reader, &keys::translation(state.group(), state.key))
}

/// The publications of a group of several.
pub(super) fn members(
    reader: &impl Read,
    group: &PublicationId,
) -> Result<Vec<PublicationKey>, StoreError> {
    let mut members = Vec::new();
    let span = keys::translations(group).prefix();
    reader.scan(span.range(), Order::Ascending, &mut |key, _| {
        members.push(PublicationKey(keys::last_number(key)));
        Ok(if members.len() < MOST {
            Go::On
        } else {
            Go::Stop
        })
    })?;
    Ok(members)
}
