//! Publications, as former versions wrote them.

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::publication::Enclosure;
use crate::domain::{
    Archived, BodyHash, Language, Publication, PublicationId, PublicationKey, PublicationState,
    Sequence, Standing, TagName, Tie,
};
use crate::store::record::Record;

impl Record for Publication {
    const NAME: &'static str = "revision";
    const VERSION: u8 = 3;

    fn former(version: u8, bytes: &[u8]) -> Option<postcard::Result<Publication>> {
        match version {
            1 => Some(postcard::from_bytes::<Publication1>(bytes).map(Into::into)),
            2 => Some(postcard::from_bytes::<Publication2>(bytes).map(Into::into)),
            _ => None,
        }
    }
}

impl Record for PublicationState {
    const NAME: &'static str = "publication";
    const VERSION: u8 = 4;

    fn former(version: u8, bytes: &[u8]) -> Option<postcard::Result<PublicationState>> {
        match version {
            1 => Some(postcard::from_bytes::<State<Publication1>>(bytes).map(Into::into)),
            2 => Some(postcard::from_bytes::<State<Publication2>>(bytes).map(Into::into)),
            3 => Some(postcard::from_bytes::<State<Publication>>(bytes).map(Into::into)),
            _ => None,
        }
    }
}

/// Without image, enclosures and expiry.
#[derive(Deserialize)]
struct Publication1 {
    id: PublicationId,
    title: String,
    link: String,
    language: Language,
    published: Timestamp,
    updated: Timestamp,
    tags: Vec<TagName>,
    summary: String,
    body: BodyHash,
    authors: Vec<String>,
    archived: Option<Archived>,
    change_note: Option<String>,
    translation_of: Option<PublicationId>,
}

impl From<Publication1> for Publication {
    fn from(former: Publication1) -> Publication {
        Publication {
            id: former.id,
            title: former.title,
            link: former.link,
            language: former.language,
            published: former.published,
            updated: former.updated,
            tags: former.tags,
            summary: former.summary,
            body: former.body,
            authors: former.authors,
            archived: former.archived,
            change_note: former.change_note,
            translation_of: former.translation_of,
            image: None,
            enclosures: Vec::new(),
            expires: None,
        }
    }
}

/// With files that have no titles.
#[derive(Deserialize)]
struct Publication2 {
    id: PublicationId,
    title: String,
    link: String,
    language: Language,
    published: Timestamp,
    updated: Timestamp,
    tags: Vec<TagName>,
    summary: String,
    body: BodyHash,
    authors: Vec<String>,
    archived: Option<Archived>,
    change_note: Option<String>,
    translation_of: Option<PublicationId>,
    image: Option<String>,
    enclosures: Vec<Enclosure2>,
    expires: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Enclosure2 {
    url: String,
    media_type: String,
    length: Option<u64>,
}

impl From<Publication2> for Publication {
    fn from(former: Publication2) -> Publication {
        let enclosure = |former: Enclosure2| Enclosure {
            url: former.url,
            media_type: former.media_type,
            length: former.length,
            title: None,
        };
        Publication {
            id: former.id,
            title: former.title,
            link: former.link,
            language: former.language,
            published: former.published,
            updated: former.updated,
            tags: former.tags,
            summary: former.summary,
            body: former.body,
            authors: former.authors,
            archived: former.archived,
            change_note: former.change_note,
            translation_of: former.translation_of,
            image: former.image,
            enclosures: former.enclosures.into_iter().map(enclosure).collect(),
            expires: former.expires,
        }
    }
}

/// With a former form of [`Publication`], and without what ties it to its translations: that was what
/// it said that it translates, which named their group.
#[derive(Deserialize)]
struct State<P> {
    key: PublicationKey,
    source: String,
    path: String,
    standing: Standing,
    revision: u32,
    major: u32,
    sequence: Sequence,
    first_seen: Timestamp,
    released: Option<Timestamp>,
    news: bool,
    publication: P,
}

impl<P: Into<Publication>> From<State<P>> for PublicationState {
    fn from(former: State<P>) -> PublicationState {
        let publication: Publication = former.publication.into();
        let original = publication.translation_of.clone();
        PublicationState {
            tie: original.clone().map(Tie::Original),
            group: original.filter(|original| *original != publication.id),
            key: former.key,
            source: former.source,
            path: former.path,
            standing: former.standing,
            revision: former.revision,
            major: former.major,
            sequence: former.sequence,
            first_seen: former.first_seen,
            released: former.released,
            news: former.news,
            publication,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::bytes;
    use super::*;
    use crate::store::StoreError;

    /// As versions 1 to 3 wrote it.
    const STATE1: &str = include_str!("publication-1.hex");
    const STATE2: &str = include_str!("publication-2.hex");
    const STATE3: &str = include_str!("publication-3.hex");

    #[test]
    fn what_version_1_wrote_is_read() -> Result<(), StoreError> {
        let state = PublicationState::decode(&bytes(STATE1))?;
        assert_eq!(state.path, "nabor.md");
        assert_eq!(state.standing, Standing::Live);
        assert_eq!(state.publication.title, "Nabór wniosków");
        assert_eq!(
            state.publication.change_note.as_deref(),
            Some("nowy termin")
        );
        assert_eq!(state.publication.enclosures, []);
        assert_eq!(PublicationState::decode(&state.encode()?)?, state);
        Ok(())
    }

    #[test]
    fn what_version_2_wrote_is_read() -> Result<(), StoreError> {
        let state = PublicationState::decode(&bytes(STATE2))?;
        let publication = &state.publication;
        assert_eq!(publication.title, "Nabór wniosków");
        assert_eq!(
            publication.image.as_deref(),
            Some("https://portal.example/nabor.jpg")
        );
        let file = publication.enclosures.first().expect("a file");
        assert_eq!((file.length, &file.title), (Some(1234), &None));
        assert_eq!(PublicationState::decode(&state.encode()?)?, state);
        Ok(())
    }

    #[test]
    fn what_a_publication_of_version_3_translates_ties_it_and_names_its_group()
    -> Result<(), StoreError> {
        let state = PublicationState::decode(&bytes(STATE3))?;
        let original = PublicationId("urn:wici:7".into());
        assert_eq!(state.publication.translation_of.as_ref(), Some(&original));
        assert_eq!(state.group(), &original);
        assert_eq!(state.tie, Some(Tie::Original(original)));
        let file = state.publication.enclosures.first().expect("a file");
        assert_eq!(file.title.as_deref(), Some("Nagranie"));
        assert_eq!(PublicationState::decode(&state.encode()?)?, state);
        Ok(())
    }
}
