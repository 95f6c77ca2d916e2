//! Before an entry enters a feed, another parser looks at it. What it refuses stays out: the last
//! revision that it takes stands for the publication, and the rest of the feed goes out.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Pieces, Renderer};
use crate::domain::{
    BodyHash, Publication, PublicationId, PublicationKey, PublicationState, Translation,
};
use crate::feed::{Entry, Feed, Format, Unfit, judge_entry, judge_feed, render_entry};

/// Revisions that are tried instead, the latest first.
const BACK: usize = 16;

/// What is judged.
pub struct Judged<'j> {
    /// Whose entry it is; `None`: a feed without its entries.
    pub publication: Option<&'j Publication>,
    /// As it was written.
    pub bytes: &'j [u8],
    /// For a feed in this format.
    pub format: Format,
}

/// Says what is wrong with what was written.
pub type Judge = dyn Fn(&Judged<'_>) -> Result<(), String> + Send + Sync;

/// The judge of what goes out.
pub(super) fn strict(judged: &Judged<'_>) -> Result<(), String> {
    let Judged { bytes, format, .. } = judged;
    let verdict = match judged.publication {
        Some(_) => judge_entry(bytes, *format),
        None => judge_feed(bytes, *format),
    };
    verdict.map_err(|unfit: Unfit| unfit.to_string())
}

/// A revision that readers would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The publication.
    pub key: PublicationKey,
    /// Its id.
    pub id: PublicationId,
    /// The source's name.
    pub source: String,
    /// Where in the source it is.
    pub path: String,
    /// What is wrong, in the judge's words.
    pub why: String,
    /// The revision that feeds have instead; `None`: none.
    pub shown: Option<u32>,
}

/// A feed that readers would refuse, whatever is in it.
#[derive(Debug, thiserror::Error)]
#[error("as {format}, without its entries: {why}")]
pub struct UnfitFeed {
    format: Format,
    why: String,
}

impl Renderer {
    /// The entry of a publication, of its latest revision that is fit for a feed.
    pub(super) async fn fit(
        &self,
        feed: &Feed,
        state: &PublicationState,
        lost: &mut BTreeSet<BodyHash>,
        room: usize,
    ) -> anyhow::Result<Pieces> {
        let others = &self.store.translations_of(state).await?;
        let publication = &state.publication;
        let written = self.write(feed, publication, others, lost, room).await?;
        let why = match written {
            Ok(pieces) => return Ok(pieces),
            Err(why) => why,
        };
        let mut refused = Refused {
            key: state.key,
            id: publication.id.clone(),
            source: state.source.clone(),
            path: state.path.clone(),
            why,
            shown: None,
        };
        let former = self.store.revisions(state.key, BACK).await?.into_iter();
        for former in former.filter(|former| former.revision < state.revision) {
            let publication = &former.publication;
            let written = self.write(feed, publication, others, lost, room).await?;
            if let Ok(pieces) = written {
                refused.shown = Some(former.revision);
                return Ok(Pieces {
                    refused: Some(refused),
                    ..pieces
                });
            }
        }
        Ok(Pieces {
            refused: Some(refused),
            ..Pieces::default()
        })
    }

    /// A revision as an entry, with its body if that is no more than `room`; or why it is unfit.
    async fn write(
        &self,
        feed: &Feed,
        publication: &Publication,
        translations: &[Translation],
        lost: &mut BTreeSet<BodyHash>,
        room: usize,
    ) -> anyhow::Result<Result<Pieces, String>> {
        let mut body = None;
        let mut is_whole = true;
        if self.config.feeds.full {
            body = self.body(publication.body).await?;
            if body.is_none() {
                lost.insert(publication.body);
            }
            body = body.filter(|body| body.len() <= room);
            is_whole = body.is_some();
        }
        let mut pieces = Pieces {
            bytes: body.as_ref().map_or(0, String::len),
            is_whole,
            ..Pieces::default()
        };
        let entry = Entry {
            categories: self.categories(publication),
            publication: publication.clone().into(),
            body,
            translations: translations.to_vec(),
        };
        for format in self.formats_of(feed).iter().copied() {
            let judge = |bytes: Vec<u8>| {
                let judged = Judged {
                    publication: Some(publication),
                    bytes: &bytes,
                    format,
                };
                (self.judge)(&judged).map(|()| bytes)
            };
            let written = render_entry(feed, &entry, format).map_err(|error| error.to_string());
            match written.and_then(judge) {
                Ok(bytes) => drop(pieces.written.insert(format, bytes)),
                Err(why) => return Ok(Err(format!("as {format}: {why}"))),
            }
        }
        Ok(Ok(pieces))
    }

    /// Is the feed, without its entries, what a parser takes?
    pub(super) fn judge_frame(
        &self,
        bytes: &[u8],
        places: &[Range<usize>],
        format: Format,
    ) -> Result<(), UnfitFeed> {
        let entries = places.first().zip(places.last());
        let frame =
            match entries.map(|(first, last)| (bytes.get(..first.start), bytes.get(last.end..))) {
                Some((Some(open), Some(close))) => [open, close].concat(),
                _ => bytes.to_vec(),
            };
        let judged = Judged {
            publication: None,
            bytes: &frame,
            format,
        };
        (self.judge)(&judged).map_err(|why| UnfitFeed { format, why })
    }
}
