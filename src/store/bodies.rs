//! Bodies by their address: compressed, in files beside the database, whose values must stay small.
//!
//! A batch's bodies are appended to a pack with one write and one sync ([`packs`]), before the rows
//! that name them, and a row says where each lies. Stores of former versions have a file for each
//! body: what is there is read.

mod packs;
mod sweep;

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use crate::domain::BodyHash;

use super::engine::Read;
use super::{StoreError, keys, load};
use packs::{Packs, inflate, is_loss};

pub(super) use packs::Place;

pub(super) enum Bodies {
    Disk { root: PathBuf, packs: Packs },
    Memory(RwLock<HashMap<BodyHash, String>>),
}

impl Bodies {
    pub(super) fn on_disk(root: PathBuf) -> io::Result<Bodies> {
        Ok(Bodies::Disk {
            packs: Packs::open(root.clone())?,
            root,
        })
    }

    pub(super) fn in_memory() -> Bodies {
        Bodies::Memory(RwLock::default())
    }

    /// Keeps the bodies that are not there yet; when this returns they are durable, and where each
    /// lies is to be written down under [`keys::body`].
    pub(super) fn keep<'b>(
        &self,
        reader: &impl Read,
        bodies: impl Iterator<Item = (BodyHash, &'b str)>,
    ) -> Result<Vec<(BodyHash, Place)>, StoreError> {
        match self {
            Bodies::Memory(map) => {
                let mut map = map.write().unwrap_or_else(PoisonError::into_inner);
                map.extend(bodies.map(|(hash, body)| (hash, body.to_owned())));
                Ok(Vec::new())
            }
            Bodies::Disk { packs, .. } => {
                let mut new = BTreeMap::new();
                for (hash, body) in bodies {
                    if !self.has(reader, hash)? {
                        new.insert(hash, body);
                    }
                }
                packs.append(new).map_err(disk)
            }
        }
    }

    /// Is a body there, as far as can be said without reading it?
    pub(super) fn has(&self, reader: &impl Read, hash: BodyHash) -> Result<bool, StoreError> {
        match self {
            Bodies::Memory(map) => {
                let map = map.read().unwrap_or_else(PoisonError::into_inner);
                Ok(map.contains_key(&hash))
            }
            Bodies::Disk { root, packs } => {
                let place = load::<Place>(reader, &keys::body(hash))?;
                let is_packed = place.is_some_and(|place| packs.reach(place));
                Ok(is_packed || path_of(root, hash).exists())
            }
        }
    }

    /// A body that was kept.
    ///
    /// # Errors
    /// [`StoreError::Body`] when it is lost, or is not what its address says.
    pub(super) fn get(&self, reader: &impl Read, hash: BodyHash) -> Result<String, StoreError> {
        let found = match self {
            Bodies::Memory(map) => {
                let map = map.read().unwrap_or_else(PoisonError::into_inner);
                map.get(&hash).cloned()
            }
            Bodies::Disk { root, packs } => match packed(reader, packs, hash)? {
                Some(body) => Some(body),
                None => read_file(&path_of(root, hash), hash)?,
            },
        };
        found.ok_or(StoreError::Body(hash))
    }
}

/// A body in a pack. It may be moved to another meanwhile.
fn packed(reader: &impl Read, packs: &Packs, hash: BodyHash) -> Result<Option<String>, StoreError> {
    let mut place = load::<Place>(reader, &keys::body(hash))?;
    while let Some(there) = place {
        let body = if_there(packs.read(there))?;
        if body.as_ref().is_some_and(|body| BodyHash::of(body) == hash) {
            return Ok(body);
        }
        place = load(reader, &keys::body(hash))?.filter(|now| *now != there);
    }
    Ok(None)
}

/// A body in a file of its own. One that is damaged is removed: out of the way, so that the body
/// is kept anew when it is found in its source again.
fn read_file(path: &Path, hash: BodyHash) -> Result<Option<String>, StoreError> {
    let body = if_there(File::open(path).and_then(inflate))?;
    let is_damaged = body.as_ref().is_some_and(|body| BodyHash::of(body) != hash);
    if is_damaged {
        fs::remove_file(path).map_err(disk)?;
    }
    Ok(body.filter(|_| !is_damaged))
}

fn path_of(root: &Path, hash: BodyHash) -> PathBuf {
    let name = hash.to_hex();
    let (folder, file) = name.split_at(2);
    root.join(folder).join(file)
}

/// `None`: the file is lost, or ends too early.
fn if_there(read: io::Result<String>) -> Result<Option<String>, StoreError> {
    match read {
        Ok(body) => Ok(Some(body)),
        Err(error) if is_loss(&error) => Ok(None),
        Err(error) => Err(disk(error)),
    }
}

fn disk(error: io::Error) -> StoreError {
    StoreError::Disk {
        path: "bodies".into(),
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
