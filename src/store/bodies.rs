//! Bodies by their address: compressed files beside the database, whose values must stay small.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::domain::BodyHash;

/// A body larger than this was not written by us.
const MOST_BYTES: u64 = 64 << 20;

pub(super) enum Bodies {
    Disk {
        root: PathBuf,
        /// Two sources may bring one body at once.
        turn: Mutex<()>,
    },
    Memory(RwLock<HashMap<BodyHash, String>>),
}

impl Bodies {
    pub(super) fn on_disk(root: PathBuf) -> io::Result<Bodies> {
        fs::create_dir_all(&root)?;
        Ok(Bodies::Disk {
            root,
            turn: Mutex::default(),
        })
    }

    pub(super) fn in_memory() -> Bodies {
        Bodies::Memory(RwLock::default())
    }

    /// Keeps the bodies; when this returns they are durable.
    pub(super) fn keep<'b>(
        &self,
        bodies: impl Iterator<Item = (BodyHash, &'b str)>,
    ) -> io::Result<()> {
        match self {
            Bodies::Memory(map) => {
                let mut map = map.write().unwrap_or_else(PoisonError::into_inner);
                map.extend(bodies.map(|(hash, body)| (hash, body.to_owned())));
                Ok(())
            }
            Bodies::Disk { root, turn } => {
                let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
                let mut folders = BTreeSet::new();
                for (hash, body) in bodies {
                    let path = path_of(root, hash);
                    if !path.exists() {
                        folders.extend(write(&path, body)?);
                    }
                }
                folders
                    .iter()
                    .try_for_each(|folder| File::open(folder).and_then(|f| f.sync_all()))
            }
        }
    }

    /// A body that was kept.
    ///
    /// # Errors
    /// `NotFound`, or `InvalidData` when the file does not hold what its name says.
    pub(super) fn get(&self, hash: BodyHash) -> io::Result<String> {
        match self {
            Bodies::Memory(map) => {
                let map = map.read().unwrap_or_else(PoisonError::into_inner);
                map.get(&hash)
                    .cloned()
                    .ok_or_else(|| io::ErrorKind::NotFound.into())
            }
            Bodies::Disk { root, .. } => {
                let path = path_of(root, hash);
                let body = read(&path)?;
                if BodyHash::of(&body) == hash {
                    return Ok(body);
                }
                // Out of the way, so that it is kept anew when it is found in its source again.
                fs::remove_file(&path)?;
                Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "not what its name says",
                ))
            }
        }
    }
}

/// What a file holds, as far as it can be made out.
fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    let damage = DeflateDecoder::new(File::open(path)?)
        .take(MOST_BYTES)
        .read_to_end(&mut bytes)
        .err();
    match damage {
        // The decoder's words for what can't be decoded; all else is the system's.
        Some(error) if !is_damage(&error) => Err(error),
        _ => Ok(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}

fn path_of(root: &Path, hash: BodyHash) -> PathBuf {
    let name = hash.to_hex();
    let (folder, file) = name.split_at(2);
    root.join(folder).join(file)
}

/// Writes the file under its final name only once it is whole and durable. Returns the folders to
/// sync.
fn write(path: &Path, body: &str) -> io::Result<[PathBuf; 2]> {
    let folder = path.parent().unwrap_or(path).to_owned();
    let root = folder.parent().unwrap_or(&folder).to_owned();
    fs::create_dir_all(&folder)?;
    let unfinished = path.with_extension("new");
    let mut encoder = DeflateEncoder::new(File::create(&unfinished)?, Compression::fast());
    encoder.write_all(body.as_bytes())?;
    encoder.finish()?.sync_all()?;
    fs::rename(&unfinished, path)?;
    Ok([folder, root])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_and_a_torn_file_is_noticed() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let bodies = Bodies::on_disk(root.path().join("bodies"))?;
        let text = "<p>Zażółć gęślą jaźń</p>".repeat(100);
        let hash = BodyHash::of(&text);
        bodies.keep([(hash, text.as_str())].into_iter())?;
        assert_eq!(bodies.get(hash)?, text);
        let path = path_of(&root.path().join("bodies"), hash);
        let whole = fs::read(&path)?;
        fs::write(&path, &whole[..whole.len() / 2])?;
        let damaged = bodies.get(hash).err().map(|error| error.kind());
        assert_eq!(damaged, Some(io::ErrorKind::InvalidData));
        let lost = bodies.get(hash).err().map(|error| error.kind());
        assert_eq!(lost, Some(io::ErrorKind::NotFound));
        // Found in its source again, it is kept anew.
        bodies.keep([(hash, text.as_str())].into_iter())?;
        assert_eq!(bodies.get(hash)?, text);
        Ok(())
    }
}
