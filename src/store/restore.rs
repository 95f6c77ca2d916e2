//! A store made from a dump, or no store at all.
//!
//! It is made in a folder of its own under `state`, read back, and moved to its place, the database
//! last: a process that dies before that leaves nothing that opens as a store.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::bodies::Bodies;
use super::dump::{Dumped, Frame, Frames, Head, Kind, check_row, damaged};
use super::engine::{Batch, Engine, Go, Order, Read as _};
use super::record::Record;
use super::rows::Meta;
use super::{StoreError, keys, lock};
use crate::domain::BodyHash;
use crate::token::Keys;

/// Where it is made.
const FOLDER: &str = "restoring";
/// Bytes written together: see the writer's.
const BATCH: usize = 1 << 20;

/// Did a restore stop half-way here?
pub(super) fn is_unfinished(state: &Path) -> bool {
    state.join(FOLDER).exists() && !state.join("db").exists()
}

/// Refuses a folder in which a restore stopped half-way, and clears up after one that was just
/// done. The caller holds the lock.
pub(super) fn check(state: &Path) -> Result<(), StoreError> {
    if is_unfinished(state) {
        return Err(StoreError::Unfinished(state.to_owned()));
    }
    let folder = state.join(FOLDER);
    remove(&folder).map_err(|error| disk(&folder, error))
}

/// A store being made from a dump.
pub struct Restoring<R> {
    frames: Frames<R>,
    state: PathBuf,
    folder: PathBuf,
    engine: Engine,
    bodies: Bodies,
    batch: Batch,
    bytes: usize,
    waiting: Vec<(BodyHash, String)>,
    last_key: Vec<u8>,
    rows: blake3::Hasher,
    keys: Option<String>,
    restored: Dumped,
    _lock: File,
}

impl<R: io::Read> Restoring<R> {
    /// Begins to make a store under `state` from the bytes of a dump, where there is none.
    ///
    /// # Errors
    /// There is a store already; the folder can't be used; it is no dump of this version.
    pub fn begin(state: &Path, dump: R) -> Result<Restoring<R>, StoreError> {
        let mut frames = Frames::over(dump).map_err(StoreError::Dump)?;
        let head = frames.next().map_err(StoreError::Dump)?;
        if head.kind != Kind::Head || serde_json::from_slice::<Head>(&head.value).is_err() {
            return Err(StoreError::Dump(damaged()));
        }
        let lock = lock(state)?;
        let folder = state.join(FOLDER);
        let [db, bodies, keys] = ["db", "bodies", "keys"].map(|name| state.join(name));
        if db.exists() || (!folder.exists() && (bodies.exists() || keys.exists())) {
            return Err(StoreError::Present(state.to_owned()));
        }
        if folder.exists() {
            // What a restore left that stopped half-way.
            for part in [&bodies, &keys, &folder] {
                remove(part).map_err(|error| disk(part, error))?;
            }
        }
        fs::create_dir_all(&folder).map_err(|error| disk(&folder, error))?;
        sync(state)?;
        Ok(Restoring {
            frames,
            engine: Engine::open(&folder)?,
            bodies: Bodies::on_disk(folder.join("bodies")).map_err(|error| disk(&folder, error))?,
            state: state.to_owned(),
            folder,
            batch: Batch::new(),
            bytes: 0,
            waiting: Vec::new(),
            last_key: Vec::new(),
            rows: blake3::Hasher::new(),
            keys: None,
            restored: Dumped::default(),
            _lock: lock,
        })
    }

    /// Takes the next piece. Says whether there is more.
    ///
    /// # Errors
    /// The dump is cut off or damaged; the disk. Then nothing is there that opens as a store.
    pub fn step(&mut self) -> Result<bool, StoreError> {
        let frame = self.frames.next().map_err(StoreError::Dump)?;
        match frame.kind {
            Kind::Row if self.keys.is_none() => self.row(frame)?,
            Kind::Body => self.body(frame)?,
            Kind::Keys if self.keys.is_none() => self.keys = Some(text(frame.value)?),
            Kind::End if self.keys.is_some() => {
                self.frames.end(&frame).map_err(StoreError::Dump)?;
                self.write()?;
                return Ok(false);
            }
            _ => return Err(StoreError::Dump(damaged())),
        }
        if self.bytes >= BATCH {
            self.write()?;
        }
        Ok(true)
    }

    /// How much there was so far.
    pub fn restored(&self) -> Dumped {
        self.restored
    }

    /// Reads back what was written, and makes it the store of its folder.
    ///
    /// # Errors
    /// What is there is not what was in the dump; a newer program wrote some of it; the disk.
    pub fn finish(self) -> Result<Dumped, StoreError> {
        self.verify()?;
        let Restoring {
            state,
            folder,
            engine,
            keys,
            restored,
            _lock,
            ..
        } = self;
        let mut parts = vec!["bodies", "db"];
        // A store that no daemon has had yet has no keys.
        if let Some(text) = keys.filter(|text| !text.is_empty()) {
            Keys::decode(&text).map_err(|_| StoreError::Dump(damaged()))?;
            let path = folder.join("keys");
            write_keys(&path, &text).map_err(|error| disk(&path, error))?;
            parts.insert(0, "keys");
        }
        drop(engine);
        sync(&folder)?;
        // The database last: with it there is a store.
        for name in parts {
            fs::rename(folder.join(name), state.join(name)).map_err(|error| disk(&state, error))?;
            sync(&state)?;
        }
        fs::remove_dir_all(&folder).map_err(|error| disk(&folder, error))?;
        Ok(restored)
    }

    fn row(&mut self, frame: Frame) -> Result<(), StoreError> {
        if frame.key <= self.last_key || keys::is_place(&frame.key) {
            return Err(StoreError::Dump(damaged()));
        }
        check_row(&frame.key, &frame.value)?;
        self.rows.update(&frame.key).update(&frame.value);
        self.restored.rows += 1;
        self.last_key.clone_from(&frame.key);
        self.bytes += frame.key.len() + frame.value.len();
        self.batch.insert(frame.key, Some(frame.value));
        Ok(())
    }

    fn body(&mut self, frame: Frame) -> Result<(), StoreError> {
        let hash = frame.key.try_into().map(BodyHash);
        let hash = hash.map_err(|_| StoreError::Dump(damaged()))?;
        let body = text(frame.value)?;
        if BodyHash::of(&body) != hash {
            return Err(StoreError::Dump(damaged()));
        }
        self.restored.bodies += 1;
        self.bytes += body.len();
        self.waiting.push((hash, body));
        Ok(())
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let waiting = self.waiting.iter();
        let bodies = waiting.map(|(hash, body)| (*hash, body.as_str()));
        for (hash, place) in self.bodies.keep(&self.engine, bodies)? {
            let key = keys::body(hash).into_bytes();
            self.batch.insert(key, Some(place.encode()?));
        }
        self.waiting.clear();
        self.engine.commit(std::mem::take(&mut self.batch))?;
        self.bytes = 0;
        self.engine.sync()
    }

    fn verify(&self) -> Result<(), StoreError> {
        let mut rows = blake3::Hasher::new();
        let mut has_meta = false;
        self.engine
            .scan(&[]..&[u8::MAX], Order::Ascending, &mut |key, value| {
                if keys::is_place(key) {
                    let hash = key.get(1..).and_then(|hash| hash.first_chunk());
                    let hash = hash.ok_or_else(|| StoreError::Dump(damaged()))?;
                    self.bodies.get(&self.engine, BodyHash(*hash))?;
                } else {
                    rows.update(key).update(value);
                    has_meta |= key == keys::meta().bytes();
                }
                Ok(Go::On)
            })?;
        if !has_meta {
            return Err(StoreError::corrupt::<Meta>("it is missing"));
        }
        if rows.finalize() != self.rows.finalize() {
            return Err(StoreError::Disk {
                path: self.folder.clone(),
                why: "what was written reads differently".to_owned(),
            });
        }
        Ok(())
    }
}

fn text(bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|_| StoreError::Dump(damaged()))
}

fn write_keys(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> Result<(), StoreError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| disk(folder, error))
}

fn disk(path: &Path, error: io::Error) -> StoreError {
    StoreError::Disk {
        path: path.to_owned(),
        why: error.to_string(),
    }
}
