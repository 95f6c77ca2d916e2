//! The books of runs, as former versions wrote them.

use serde::Deserialize;

use crate::domain::{PublicationKey, Sequence};
use crate::store::books::{Noted, NotedRow};
use crate::store::record::Record;

impl Record for NotedRow {
    const NAME: &'static str = "noted news";
    const VERSION: u8 = 2;

    fn former(version: u8, bytes: &[u8]) -> Option<postcard::Result<NotedRow>> {
        let read = || {
            let news = postcard::from_bytes::<Vec<Noted1>>(bytes)?;
            Ok(NotedRow::of(news.into_iter().map(Into::into).collect()))
        };
        (version == 1).then(read)
    }
}

/// Without translations.
#[derive(Deserialize)]
struct Noted1 {
    publication: PublicationKey,
    sequence: Sequence,
    revision: u32,
    major: u32,
}

impl From<Noted1> for Noted {
    fn from(former: Noted1) -> Noted {
        Noted {
            publication: former.publication,
            sequence: former.sequence,
            revision: former.revision,
            major: former.major,
            group: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn of_news_of_version_1_no_translations_are_known() -> Result<(), StoreError> {
        let news = vec![(PublicationKey(7), Sequence(300), 2u32, 1u32)];
        let mut former =
            postcard::to_extend(&news, vec![1]).map_err(StoreError::corrupt::<NotedRow>)?;
        former.extend(crc32fast::hash(&former).to_le_bytes());
        let noted = Noted {
            publication: PublicationKey(7),
            sequence: Sequence(300),
            revision: 2,
            major: 1,
            group: Vec::new(),
        };
        assert_eq!(NotedRow::decode(&former)?, NotedRow::of(vec![noted]));
        Ok(())
    }
}
