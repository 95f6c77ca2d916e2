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

/// The translations of a publication.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Translations {
    /// The last change of what they show of themselves.
    pub sequence: Sequence,
    /// Those that can be read now, by language: one for each, and none for the publication's own.
    pub others: Vec<Translation>,
}

impl Store {
    /// The same in other languages, by language: what can be read now.
    pub async fn translations(&self, key: PublicationKey) -> Result<Vec<Translation>, StoreError> {
        match load::<PublicationState>(self.reader(), &keys::publication(key))? {
            Some(state) => Ok(self.translations_of(&state).await?.others),
            None => Ok(Vec::new()),
        }
    }

    /// The same in other languages, and since when they are so.
    pub async fn translations_of(
        &self,
        state: &PublicationState,
    ) -> Result<Translations, StoreError> {
        let (reader, group) = (self.reader(), state.group());
        // First of all: what is read after it is no older.
        let Some(Number(sequence)) = load(reader, &keys::translation(group, state.key))? else {
            return Ok(Translations::default());
        };
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
        Ok(Translations {
            sequence: Sequence(sequence),
            others: others.collect(),
        })
    }
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
