//! Publications: what sources found becomes changes, each with its number.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::publication::{Batch, BodyHash, Found, Pass};
use crate::domain::{Change, Guards, PublicationId, PublicationKey, PublicationState};

use super::bodies::Place;
use super::changes::Changes;
use super::engine::{Go, Order, Read, Transaction};
use super::holds::{HoldEvent, Losses, PIECE, Settled, withdraw_all};
use super::identity::{Identity, Look, with_id};
use super::keys::Key;
use super::record::Record;
use super::rows::SourceRow;
use super::{Store, StoreError, forget, keys, load, save, upstreams};

/// What came of a batch, or of the time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// What took effect, in order.
    pub changes: Vec<Change>,
    /// What could not be taken.
    pub refused: Vec<Refused>,
    /// What became of holds.
    pub holds: Vec<HoldEvent>,
}

/// A file that could not be taken. What was last taken of it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub why: Refusal,
}

/// Why a file could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It claims the id of another file that is still there.
    IdTaken {
        /// The id.
        id: PublicationId,
        /// The source of the file that has it.
        source: String,
        /// That file.
        path: String,
    },
    /// All it says beside its body is more than a row holds.
    TooLarge,
}

/// The most bytes of a publication without its body.
const PUBLICATION_MOST: usize = 48 << 10;

/// Publications that fall due in one transaction: as many as a source brings in one.
const DUE_AT_ONCE: usize = 256;

impl Store {
    /// Takes what a look at a source brought: identities are resolved, changes numbered, news
    /// noted. Bodies are durable before the rows that name them. Where much is missing it is
    /// withdrawn in further transactions, so that none is without bounds.
    pub async fn apply(
        &self,
        batch: Batch,
        now: Timestamp,
        guards: Guards,
    ) -> Result<Applied, StoreError> {
        let bodies = batch.found.iter().map(|f| (f.body.hash(), f.body.as_str()));
        let _kept = self.inner.keeping.read().await;
        let places = self.inner.bodies.keep(self.reader(), bodies)?;
        let source = batch.source.clone();
        let taken = self.write(move |transaction| {
            for (hash, place) in &places {
                save(transaction, keys::body(*hash), place)?;
            }
            apply(transaction, &batch, now, guards)
        });
        let (mut applied, lost) = taken.await?;
        for piece in lost.chunks(PIECE) {
            let (source, piece) = (source.clone(), piece.to_vec());
            let withdrawn = self.write(move |transaction| {
                let mut changes = Changes::begin(transaction, now, guards, false)?;
                withdraw_all(&mut changes, &source, &piece, now)?;
                changes.finish()
            });
            applied.changes.extend(withdrawn.await?.0);
        }
        Ok(applied)
    }

    /// Releases what was waiting for a date that has come, and takes out of the feeds what has
    /// expired: a few hundred at most, the earliest first. Call again while
    /// [`Store::next_release`] has come.
    pub async fn release_due(&self, now: Timestamp, guards: Guards) -> Result<Applied, StoreError> {
        self.write(move |transaction| {
            let mut changes = Changes::begin(transaction, now, guards, false)?;
            for key in waiting_until(changes.reader(), now)? {
                changes.fall_due(key)?;
            }
            let (changes, opened) = changes.finish()?;
            Ok(Applied {
                changes,
                holds: opened.into_iter().collect(),
                ..Applied::default()
            })
        })
        .await
    }

    /// When the next publication is due to be released, or to expire.
    pub async fn next_release(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut next = None;
        self.reader().scan(
            keys::waiting().prefix().range(),
            Order::Ascending,
            &mut |key, _| {
                next = keys::instant_before_last(key);
                Ok(Go::Stop)
            },
        )?;
        Ok(next)
    }

    /// A publication by its public id.
    pub async fn publication(
        &self,
        id: &PublicationId,
    ) -> Result<Option<PublicationState>, StoreError> {
        with_id(self.reader(), id)
    }

    /// The paths of a source at which there was a publication when last looked.
    pub async fn paths(&self, source: &str) -> Result<BTreeSet<String>, StoreError> {
        paths(self.reader(), keys::paths(source), source)
    }

    /// Those of the paths that are this one, or below it.
    pub async fn paths_at(&self, source: &str, path: &str) -> Result<BTreeSet<String>, StoreError> {
        let reader = self.reader();
        let mut paths = paths(reader, keys::paths_below(source, path), source)?;
        if reader.get(keys::path(source, path).bytes())?.is_some() {
            paths.insert(path.to_owned());
        }
        Ok(paths)
    }

    /// A body by its address.
    ///
    /// # Errors
    /// [`StoreError::Body`] where that one body is lost or damaged. It is then out of the way, so
    /// that it is kept anew when it is found in its source again, which is to be read though it
    /// did not change.
    pub async fn body(&self, hash: BodyHash) -> Result<String, StoreError> {
        let place = load::<Place>(self.reader(), &keys::body(hash))?;
        let body = self.inner.bodies.get(self.reader(), hash);
        if let Err(StoreError::Body(_)) = body
            && place.is_some()
        {
            self.write(move |transaction| {
                if load(transaction, &keys::body(hash))? == place {
                    forget(transaction, keys::body(hash));
                    upstreams::note_lost(transaction, hash)?;
                }
                Ok(())
            })
            .await?;
        }
        body
    }

    /// Is this body there, as far as can be said without reading it?
    pub async fn has_body(&self, hash: BodyHash) -> Result<bool, StoreError> {
        self.inner.bodies.has(self.reader(), hash)
    }
}

fn paths(reader: &impl Read, begin: Key, source: &str) -> Result<BTreeSet<String>, StoreError> {
    let mut paths = BTreeSet::new();
    reader.scan(begin.prefix().range(), Order::Ascending, &mut |key, _| {
        paths.insert(String::from_utf8_lossy(keys::path_in(key, source)).into_owned());
        Ok(Go::On)
    })?;
    Ok(paths)
}

fn waiting_until(reader: &impl Read, now: Timestamp) -> Result<Vec<PublicationKey>, StoreError> {
    let mut due = Vec::new();
    reader.scan(
        keys::waiting().prefix().range(),
        Order::Ascending,
        &mut |key, _| match keys::instant_before_last(key) {
            Some(instant) if instant <= now && due.len() < DUE_AT_ONCE => {
                due.push(PublicationKey(keys::last_number(key)));
                Ok(Go::On)
            }
            _ => Ok(Go::Stop),
        },
    )?;
    Ok(due)
}

fn apply(
    transaction: &mut Transaction<'_>,
    batch: &Batch,
    now: Timestamp,
    guards: Guards,
) -> Result<(Applied, Vec<PublicationKey>), StoreError> {
    let mut source =
        load::<SourceRow>(transaction, &keys::source(&batch.source))?.unwrap_or_default();
    let mut losses = Losses::of(transaction, &batch.source)?;
    let mut look = Look::of(batch, &losses);
    let files = look.in_order(transaction, batch)?;
    let baseline = !source.scanned || batch.pass == Pass::Baseline;
    let mut changes = Changes::begin(transaction, now, guards, baseline)?;
    let mut refused = Vec::new();
    for found in files {
        if is_too_large(found, now)? {
            refused.push(Refused {
                path: found.path.clone(),
                why: Refusal::TooLarge,
            });
            continue;
        }
        match look.identify(changes.reader(), found)? {
            Identity::Known(before) => {
                losses.found(&mut changes, &before);
                changes.take(&batch.source, found, *before)?;
            }
            Identity::New(id) => changes.take_new(&batch.source, found, id)?,
            Identity::Taken { id, holder } => refused.push(Refused {
                path: found.path.clone(),
                why: Refusal::IdTaken {
                    id,
                    source: holder.source,
                    path: holder.path,
                },
            }),
        }
    }
    changes.withdraw_displaced(|key| look.is_taken(key))?;
    let Settled { holds, rest } = losses.settle(&mut changes, look.missing(), batch.pass, now)?;
    let (changes, opened) = changes.finish()?;
    if batch.pass == Pass::EndOfScan && !source.scanned {
        source.scanned = true;
        save(transaction, keys::source(&batch.source), &source)?;
    }
    let applied = Applied {
        changes,
        refused,
        holds: opened.into_iter().chain(holds).collect(),
    };
    Ok((applied, rest))
}

/// Would the row, with what the store knows of the publication, be more than the store takes?
fn is_too_large(found: &Found, now: Timestamp) -> Result<bool, StoreError> {
    match found.revision(found.minted_id.clone(), now).encode() {
        Ok(row) => Ok(row.len() > PUBLICATION_MOST),
        Err(StoreError::TooLarge { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}
