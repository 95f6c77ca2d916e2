//! Bodies by their address: compressed files beside the database, whose values must stay small.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::domain::BodyHash;

/// A body larger than this was not written by us.
const MOST_BYTES: u64 = 64 << 20;

pub(super) enum Bodies {
    Disk(PathBuf),
    Memory(RwLock<HashMap<BodyHash, String>>),
}

impl Bodies {
    pub(super) fn on_disk(root: PathBuf) -> io::Result<Bodies> {
        fs::create_dir_all(&root)?;
        Ok(Bodies::Disk(root))
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
            Bodies::Disk(root) => {
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
            Bodies::Disk(root) => {
                let file = File::open(path_of(root, hash))?;
                let mut body = String::new();
                DeflateDecoder::new(file)
                    .take(MOST_BYTES)
                    .read_to_string(&mut body)?;
                if BodyHash::of(&body) != hash {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "not what its name says",
                    ));
                }
                Ok(body)
            }
        }
    }
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
        assert!(bodies.get(hash).is_err());
        Ok(())
    }
}
