//! Packs: files to which compressed bodies are appended, a batch at a time. Bytes that no row names
//! are what a crash left, or a body that was replaced, and harm nobody.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use crate::domain::BodyHash;

/// A pack that has so much gets no more.
const PACK_BYTES: u64 = 64 << 20;
/// A body larger than this was not written by us.
const BODY_MOST: u64 = 64 << 20;

/// Where a body lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Place {
    pub(super) pack: u32,
    offset: u64,
    pub(super) length: u32,
}

#[derive(Debug)]
pub(in crate::store) struct Packs {
    root: PathBuf,
    /// How much there is of each pack. Two sources may bring bodies at once: whoever appends holds
    /// the lock.
    lengths: Mutex<BTreeMap<u32, u64>>,
}

impl Packs {
    pub(super) fn open(root: PathBuf) -> io::Result<Packs> {
        fs::create_dir_all(&root)?;
        let mut lengths = BTreeMap::new();
        for entry in fs::read_dir(&root)? {
            let entry = entry?;
            if let Some(pack) = number_of(&entry.file_name().to_string_lossy()) {
                lengths.insert(pack, entry.metadata()?.len());
            }
        }
        Ok(Packs {
            root,
            lengths: Mutex::new(lengths),
        })
    }

    /// Can a body be there? Its pack may have been lost, or cut.
    pub(super) fn reach(&self, place: Place) -> bool {
        let lengths = self.lengths.lock().unwrap_or_else(PoisonError::into_inner);
        let end = place.offset.saturating_add(place.length.into());
        lengths
            .get(&place.pack)
            .is_some_and(|length| end <= *length)
    }

    /// Appends the bodies with one write and one sync, and says where each lies.
    pub(super) fn append(
        &self,
        bodies: BTreeMap<BodyHash, &str>,
    ) -> io::Result<Vec<(BodyHash, Place)>> {
        if bodies.is_empty() {
            return Ok(Vec::new());
        }
        let mut compressed = Vec::with_capacity(bodies.len());
        for (hash, body) in bodies {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(body.as_bytes())?;
            compressed.push((hash, encoder.finish()?));
        }
        self.write(compressed)
    }

    /// Appends bodies that are compressed.
    fn write(&self, bodies: Vec<(BodyHash, Vec<u8>)>) -> io::Result<Vec<(BodyHash, Place)>> {
        let mut bytes = Vec::new();
        let mut places = Vec::with_capacity(bodies.len());
        let mut lengths = self.lengths.lock().unwrap_or_else(PoisonError::into_inner);
        let (pack, end) = match lengths.last_key_value() {
            Some((pack, length)) if *length < PACK_BYTES => (*pack, *length),
            Some((pack, _)) => (pack + 1, 0),
            None => (1, 0),
        };
        for (hash, body) in bodies {
            let length = u32::try_from(body.len()).map_err(io::Error::other)?;
            let offset = end + bytes.len() as u64;
            bytes.extend_from_slice(&body);
            places.push((
                hash,
                Place {
                    pack,
                    offset,
                    length,
                },
            ));
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path(pack))?;
        file.write_all_at(&bytes, end)?;
        file.sync_data()?;
        if end == 0 {
            File::open(&self.root)?.sync_all()?;
        }
        lengths.insert(pack, end + bytes.len() as u64);
        Ok(places)
    }

    /// The packs that get no more, and how much there is of each.
    pub(super) fn full(&self) -> BTreeMap<u32, u64> {
        let lengths = self.lengths.lock().unwrap_or_else(PoisonError::into_inner);
        let mut full = lengths.clone();
        full.pop_last();
        full
    }

    /// Copies bodies to the end of the last pack, with one write and one sync: from where to where.
    /// Damaged ones stay where they are.
    pub(in crate::store) fn copy(
        &self,
        bodies: &[(BodyHash, Place)],
    ) -> io::Result<Vec<(BodyHash, Place, Place)>> {
        let mut whole = Vec::with_capacity(bodies.len());
        let mut former = BTreeMap::new();
        for (hash, place) in bodies {
            let is_whole = match self.read(*place) {
                Ok(body) => BodyHash::of(&body) == *hash,
                Err(error) if is_loss(&error) => false,
                Err(error) => return Err(error),
            };
            if is_whole {
                whole.push((*hash, self.bytes(*place)?));
                former.insert(*hash, *place);
            }
        }
        if whole.is_empty() {
            return Ok(Vec::new());
        }
        let moved = self.write(whole)?.into_iter();
        let moved = moved.filter_map(|(hash, to)| Some((hash, *former.get(&hash)?, to)));
        Ok(moved.collect())
    }

    /// Removes a pack that no durable row names. Never the last: its number would be given again.
    pub(super) fn remove(&self, pack: u32) -> io::Result<()> {
        let mut lengths = self.lengths.lock().unwrap_or_else(PoisonError::into_inner);
        if lengths
            .last_key_value()
            .is_some_and(|(last, _)| *last == pack)
        {
            return Ok(());
        }
        fs::remove_file(self.path(pack))?;
        lengths.remove(&pack);
        Ok(())
    }

    /// What lies at a place, as far as it can be made out.
    pub(super) fn read(&self, place: Place) -> io::Result<String> {
        inflate(self.bytes(place)?.as_slice())
    }

    fn bytes(&self, place: Place) -> io::Result<Vec<u8>> {
        if u64::from(place.length) > BODY_MOST {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; place.length as usize];
        File::open(self.path(place.pack))?.read_exact_at(&mut bytes, place.offset)?;
        Ok(bytes)
    }

    fn path(&self, pack: u32) -> PathBuf {
        self.root.join(format!("{pack:08}.pack"))
    }
}

fn number_of(name: &str) -> Option<u32> {
    name.strip_suffix(".pack")?.parse().ok()
}

/// The body in a stream, as far as it can be made out.
pub(super) fn inflate(stream: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let damage = DeflateDecoder::new(stream)
        .take(BODY_MOST)
        .read_to_end(&mut bytes)
        .err();
    match damage {
        // The decoder's words for what can't be decoded; all else is the system's.
        Some(error) if !is_damage(&error) => Err(error),
        _ => Ok(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Is it lost, or does its file end too early?
pub(super) fn is_loss(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof
    )
}

fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}
