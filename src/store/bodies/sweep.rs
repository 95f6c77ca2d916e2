//! Bodies that no revision has any more are let go of, and packs that are mostly empty are emptied.
//!
//! A crash at any moment loses nothing that a row names. A body is copied, and the copy is durable,
//! before its row names the copy; a pack goes only once no durable row names it. What a crash leaves
//! are bytes that no row names.

use std::collections::{BTreeMap, HashSet};

use super::super::engine::{Go, Order, Read};
use super::super::record::Record;
use super::super::{Store, StoreError, forget, keys, load, meta, save};
use super::{Bodies, Packs, Place, disk};
use crate::domain::{BodyHash, Publication, Sequence};

/// Rows read between two chances for others to work.
const PAGE: usize = 1024;
/// Bodies let go of, or moved, in one piece.
const PIECE: usize = 128;

impl Store {
    /// Lets go of the bodies that no revision has, and of the room that they took. Returns how many
    /// they were. What is not done, because publications change meanwhile, is done by the next one.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let Bodies::Disk { packs, .. } = &self.inner.bodies else {
            return Ok(0);
        };
        let (head, named) = self.named().await?;
        let mut orphans = Vec::new();
        self.each_body(|hash, _| {
            if !named.contains(&short(hash)) {
                orphans.push(hash);
            }
        })
        .await?;
        let mut gone = 0;
        for piece in orphans.chunks(PIECE) {
            match self.let_go_of(piece.to_vec(), head).await? {
                Some(number) => gone += number,
                None => return Ok(gone),
            }
        }
        self.compact(packs).await?;
        Ok(gone)
    }

    /// The bodies that revisions have, by the beginnings of their hashes, and the store's last number
    /// before they were looked at.
    async fn named(&self) -> Result<(Sequence, HashSet<u64>), StoreError> {
        let head = meta(self.reader())?.sequence;
        let mut named = HashSet::new();
        let mut span = keys::all_revisions().prefix();
        loop {
            let (mut last, mut number) = (None, 0);
            self.reader()
                .scan(span.range(), Order::Ascending, &mut |key, value| {
                    named.insert(short(Publication::decode(value)?.body));
                    (last, number) = (Some(key.to_vec()), number + 1);
                    Ok(if number < PAGE { Go::On } else { Go::Stop })
                })?;
            let Some(last) = last else {
                return Ok((head, named));
            };
            span = span.past(last);
            tokio::task::yield_now().await;
        }
    }

    async fn each_body(&self, mut see: impl FnMut(BodyHash, Place)) -> Result<(), StoreError> {
        let mut span = keys::bodies().prefix();
        loop {
            let (mut last, mut number) = (None, 0);
            self.reader()
                .scan(span.range(), Order::Ascending, &mut |key, value| {
                    if let Some(hash) = keys::hash_in(key) {
                        see(hash, Place::decode(value)?);
                    }
                    (last, number) = (Some(key.to_vec()), number + 1);
                    Ok(if number < PAGE { Go::On } else { Go::Stop })
                })?;
            let Some(last) = last else { return Ok(()) };
            span = span.past(last);
            tokio::task::yield_now().await;
        }
    }

    /// Forgets where bodies lie that no publication has now, unless one has changed since `head`.
    async fn let_go_of(
        &self,
        bodies: Vec<BodyHash>,
        head: Sequence,
    ) -> Result<Option<usize>, StoreError> {
        let _alone = self.inner.keeping.write().await;
        self.write(move |transaction| {
            if meta(transaction)?.sequence != head {
                return Ok(None);
            }
            let mut gone = 0;
            for hash in bodies {
                let mut is_had = false;
                let span = keys::with_body(hash).prefix();
                transaction.scan(span.range(), Order::Ascending, &mut |_, _| {
                    is_had = true;
                    Ok(Go::Stop)
                })?;
                if !is_had {
                    forget(transaction, keys::body(hash));
                    gone += 1;
                }
            }
            Ok(Some(gone))
        })
        .await
    }

    /// Empties the packs of which less than half is in use.
    async fn compact(&self, packs: &Packs) -> Result<(), StoreError> {
        let mut used: BTreeMap<u32, u64> = BTreeMap::new();
        self.each_body(|_, place| {
            *used.entry(place.pack).or_default() += u64::from(place.length);
        })
        .await?;
        for (pack, length) in packs.full() {
            if used.get(&pack).copied().unwrap_or(0) < length / 2 {
                self.move_out_of(packs, pack).await?;
                self.remove_unused(packs, pack).await?;
            }
        }
        Ok(())
    }

    /// Moves the bodies of a pack to the last one.
    async fn move_out_of(&self, packs: &Packs, pack: u32) -> Result<(), StoreError> {
        let mut bodies = Vec::new();
        self.each_body(|hash, place| {
            if place.pack == pack {
                bodies.push((hash, place));
            }
        })
        .await?;
        for piece in bodies.chunks(PIECE) {
            let _alone = self.inner.keeping.write().await;
            let moved = packs.copy(piece).map_err(disk)?;
            self.write(move |transaction| {
                for (hash, from, to) in moved {
                    // It may be lost, or let go of, by now.
                    if load(transaction, &keys::body(hash))? == Some(from) {
                        save(transaction, keys::body(hash), &to)?;
                    }
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Removes a pack in which nothing is. New bodies go to the last one alone, so it stays so.
    async fn remove_unused(&self, packs: &Packs, pack: u32) -> Result<(), StoreError> {
        let mut is_used = false;
        self.each_body(|_, place| is_used |= place.pack == pack)
            .await?;
        if is_used {
            // Damaged bodies: they are read anew from their sources.
            return Ok(());
        }
        packs.remove(pack).map_err(disk)
    }
}

/// The beginning of a hash: two with the same one keep each other, no more.
fn short(hash: BodyHash) -> u64 {
    hash.0
        .first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
