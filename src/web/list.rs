//! Publications in a list: of each and its translations one, in the language that its reader reads.

use minijinja::{Value, context};

use super::reader::Reader;
use super::{Site, links};
use crate::domain::{FeedKey, Language, PublicationState, Translation};
use crate::store::StoreError;
use crate::store::pages::Place;

/// Looks at the store for one page, where most of what is found is shown in another language.
const LOOKS: usize = 20;

/// Some of what is in a feed.
pub(super) struct List {
    /// Newest first.
    pub(super) publications: Vec<Value>,
    /// Where older ones begin, if there are any.
    pub(super) older: Option<Place>,
}

/// What the reader is shown of a feed: about `most` publications.
pub(super) async fn list(
    site: &Site,
    reader: &Reader,
    feed: &FeedKey,
    most: usize,
) -> Result<List, StoreError> {
    let (mut publications, mut older) = (Vec::new(), reader.before);
    for _ in 0..LOOKS {
        let listed = site.store.listed(feed, older, most).await?;
        for state in &listed.publications {
            let others = others(site, feed, state).await?;
            let own = rank(site, reader, &state.publication.language);
            if others
                .iter()
                .all(|other| own < rank(site, reader, &other.language))
            {
                publications.push(publication(site, reader, state, &others));
            }
        }
        older = listed.older;
        if older.is_none() || publications.len() * 2 > most {
            break;
        }
    }
    Ok(List {
        publications,
        older,
    })
}

/// Its translations that are in the feed too.
async fn others(
    site: &Site,
    feed: &FeedKey,
    state: &PublicationState,
) -> Result<Vec<Translation>, StoreError> {
    let mut others = site.store.translations_of(state).await?;
    if let Some(tag) = &feed.tag {
        let mut tagged = Vec::with_capacity(others.len());
        for other in others {
            let state = site.store.publication(&other.id).await?;
            let tags = state.map(|state| state.publication.tags);
            if tags.is_some_and(|tags| tags.iter().any(|name| name.id == *tag)) {
                tagged.push(other);
            }
        }
        others = tagged;
    }
    Ok(others)
}

/// The reader's language comes first, then the site's in their order, then the rest by their codes.
fn rank<'l>(site: &Site, reader: &Reader, language: &'l Language) -> (usize, &'l str) {
    let mut languages = site.config.site.languages.iter();
    let place = match language.primary() == reader.language.primary() {
        true => 0,
        false => languages
            .position(|known| known == language)
            .map_or(usize::MAX, |place| place + 1),
    };
    (place, language.as_str())
}

fn publication(
    site: &Site,
    reader: &Reader,
    state: &PublicationState,
    others: &[Translation],
) -> Value {
    let publication = &state.publication;
    let translation = |other: &Translation| {
        context! {
            link => reader.link(site, &links::entry(&other.id), None),
            language => other.language.as_str(),
            code => other.language.primary(),
        }
    };
    context! {
        title => publication.title.as_str(),
        link => reader.link(site, &links::entry(&publication.id), None),
        language => publication.language.as_str(),
        foreign => links::foreign(reader, &publication.language),
        published => publication.published.to_string(),
        summary => publication.summary.as_str(),
        is_archived => publication.archived.is_some(),
        translations => others.iter().map(translation).collect::<Vec<_>>(),
    }
}
