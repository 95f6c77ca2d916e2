//! Everything known of publications, for the people who look after them. These look through whole
//! tables: seldom asked, and not on the way of the data.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::{
    Cadence, Content, Counts, DeliveryState, Publication, PublicationId, PublicationKey,
    PublicationState, Run, RunKey, Standing, SubscriberKey, TagId,
};

use super::engine::{Go, Order, Read};
use super::identity::{at_path, with_id};
use super::record::Record;
use super::retention::TallyRow;
pub use super::rows::ChangeRow;
use super::rows::{Chunk, Number};
use super::{Store, StoreError, keys, load, load_required};

/// Which publications.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// With this tag.
    pub tag: Option<TagId>,
    /// That stand so.
    pub standing: Option<Standing>,
    /// Of this source.
    pub source: Option<String>,
}

impl Wanted {
    fn matches(&self, state: &PublicationState) -> bool {
        let tags = &state.publication.tags;
        self.standing.is_none_or(|wanted| wanted == state.standing)
            && self
                .source
                .as_ref()
                .is_none_or(|wanted| *wanted == state.source)
            && self
                .tag
                .as_ref()
                .is_none_or(|wanted| tags.iter().any(|tag| tag.id == *wanted))
    }
}

/// One revision, and the change that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Counts the changes of the publication.
    pub revision: u32,
    /// As it read.
    pub publication: Publication,
    /// `None`: it was made before changes were written down.
    pub change: Option<ChangeRow>,
}

/// What one run mailed of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailed {
    /// The run.
    pub run: RunKey,
    /// Of which cadence.
    pub cadence: Cadence,
    /// When its window fell due.
    pub due: Timestamp,
    /// The deliveries with the publication in them.
    pub counts: Counts,
}

/// One subscriber's part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// In which run.
    pub run: RunKey,
    /// Whose.
    pub subscriber: SubscriberKey,
    /// At which revision.
    pub revision: u32,
    /// What became of it.
    pub state: DeliveryState,
}

impl Store {
    /// Those that are wanted, newest first by date of publication: at most `most` after the first
    /// `skip`, and how many there are in all.
    pub async fn publications(
        &self,
        wanted: &Wanted,
        skip: usize,
        most: usize,
    ) -> Result<(Vec<PublicationState>, usize), StoreError> {
        let mut dated = Vec::new();
        self.each_publication(|state| {
            if wanted.matches(&state) {
                dated.push((state.publication.published, state.key));
            }
        })?;
        dated.sort_unstable_by(|a, b| b.cmp(a));
        let mut page = Vec::new();
        for (_, key) in dated.iter().skip(skip).take(most) {
            page.extend(load(self.reader(), &keys::publication(*key))?);
        }
        Ok((page, dated.len()))
    }

    /// The publication that has this id or path; else those whose id or path has this text in it.
    /// At most `most`.
    pub async fn publications_like(
        &self,
        text: &str,
        most: usize,
    ) -> Result<Vec<PublicationState>, StoreError> {
        let exact = with_id(self.reader(), &PublicationId(text.to_owned()))?;
        if let Some(exact) = exact {
            return Ok(vec![exact]);
        }
        let (mut there, mut like) = (Vec::new(), Vec::new());
        self.each_publication(|state| {
            if state.path == text {
                there.push(state);
            } else if like.len() < most
                && (state.path.contains(text) || state.publication.id.0.contains(text))
            {
                like.push(state);
            }
        })?;
        // Where it was long ago counts for less than where another is.
        if there
            .iter()
            .any(|state| state.standing != Standing::Withdrawn)
        {
            there.retain(|state| state.standing != Standing::Withdrawn);
        }
        there.truncate(most);
        Ok(if there.is_empty() { like } else { there })
    }

    /// The publication whose file is at a path.
    pub async fn publication_at(
        &self,
        source: &str,
        path: &str,
    ) -> Result<Option<PublicationState>, StoreError> {
        at_path(self.reader(), source, path)
    }

    /// The latest revisions of a publication, newest first, at most `most`.
    pub async fn revisions(
        &self,
        key: PublicationKey,
        most: usize,
    ) -> Result<Vec<Revision>, StoreError> {
        let reader = self.reader();
        let mut revisions = Vec::new();
        let span = keys::revisions(key).prefix();
        reader.scan(span.range(), Order::Descending, &mut |key, value| {
            if revisions.len() == most {
                return Ok(Go::Stop);
            }
            revisions.push(Revision {
                revision: u32::try_from(keys::last_number(key)).unwrap_or(u32::MAX),
                publication: Publication::decode(value)?,
                change: None,
            });
            Ok(Go::On)
        })?;
        for revision in &mut revisions {
            revision.change = load(reader, &keys::change(key, revision.revision))?;
        }
        Ok(revisions)
    }

    /// The runs that mailed a publication, oldest first; and who got it, at most `most`.
    pub async fn mailed(
        &self,
        state: &PublicationState,
        most: usize,
    ) -> Result<(Vec<Mailed>, Vec<Receipt>), StoreError> {
        let reader = self.reader();
        let (mut mailed, mut receipts) = (Vec::new(), Vec::new());
        let group = keys::group(state.group());
        let Some(Number(first)) = load(reader, &group)? else {
            return Ok((mailed, receipts));
        };
        let mut runs = Vec::new();
        let span = keys::runs().prefix().from(keys::run(RunKey(first)));
        reader.scan(span.range(), Order::Ascending, &mut |key, _| {
            runs.push(RunKey(keys::last_number(key)));
            Ok(Go::On)
        })?;
        for key in runs {
            let contents = contents_with(reader, key, state.key)?;
            if contents.is_empty() {
                continue;
            }
            let mut counts = Counts::default();
            let span = keys::chunks(key).prefix();
            reader.scan(span.range(), Order::Ascending, &mut |_, value| {
                for entry in Chunk::decode(value)?.entries {
                    let Some(revision) = contents.get(&entry.content) else {
                        continue;
                    };
                    *entry.state.count(&mut counts) += 1;
                    if receipts.len() < most {
                        receipts.push(Receipt {
                            run: key,
                            subscriber: entry.subscriber,
                            revision: *revision,
                            state: entry.state,
                        });
                    }
                }
                Ok(Go::On)
            })?;
            for content in contents.keys() {
                // What is left once deliveries are kept no longer.
                let tally = load::<TallyRow>(reader, &keys::tally(key, *content))?;
                counts.add(&tally.unwrap_or_default().0);
            }
            let run = load_required::<Run>(reader, &keys::run(key))?;
            mailed.push(Mailed {
                run: key,
                cadence: run.window.cadence,
                due: run.window.due,
                counts,
            });
        }
        Ok((mailed, receipts))
    }

    fn each_publication(&self, mut see: impl FnMut(PublicationState)) -> Result<(), StoreError> {
        let span = keys::publications().prefix();
        self.reader()
            .scan(span.range(), Order::Ascending, &mut |_, value| {
                see(PublicationState::decode(value)?);
                Ok(Go::On)
            })
    }
}

/// The contents of a run that have a publication, with its revision in them.
fn contents_with(
    reader: &impl Read,
    run: RunKey,
    publication: PublicationKey,
) -> Result<BTreeMap<u64, u32>, StoreError> {
    let mut contents = BTreeMap::new();
    let span = keys::contents(run).prefix();
    reader.scan(span.range(), Order::Ascending, &mut |key, value| {
        let content = Content::decode(value)?;
        let item = content
            .items
            .iter()
            .find(|item| item.publication == publication);
        contents.extend(item.map(|item| (keys::last_number(key), item.revision)));
        Ok(Go::On)
    })?;
    Ok(contents)
}
