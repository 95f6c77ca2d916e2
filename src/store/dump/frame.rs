//! Frames of a dump.

use std::io::{self, ErrorKind, Read};

/// What a dump begins with.
pub(in crate::store) const MAGIC: &[u8] = b"wici dump 1\n";
/// The same up to the version.
const NAME: &[u8] = b"wici dump ";

/// No key and no value is longer.
const KEY_MOST: usize = 64 << 10;
const VALUE_MOST: usize = 64 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::store) enum Kind {
    Head = 1,
    Row,
    Body,
    Keys,
    End,
}

impl Kind {
    const ALL: [Kind; 5] = [Kind::Head, Kind::Row, Kind::Body, Kind::Keys, Kind::End];
}

#[derive(Debug)]
pub(in crate::store) struct Frame {
    pub(in crate::store) kind: Kind,
    pub(in crate::store) key: Vec<u8>,
    pub(in crate::store) value: Vec<u8>,
}

/// Writes a frame. Keys and values of a store are well within what a length says.
pub(super) fn put(bytes: &mut Vec<u8>, kind: Kind, key: &[u8], value: &[u8]) {
    bytes.push(kind as u8);
    bytes.extend_from_slice(&(key.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(value);
}

/// Reads frames, with bounded memory whatever they say, and hashes what it has read.
pub(in crate::store) struct Frames<R> {
    from: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Frames<R> {
    /// # Errors
    /// What a person should read: it is no dump, or of a newer program.
    pub(in crate::store) fn over(mut from: R) -> Result<Frames<R>, String> {
        let mut magic = [0; MAGIC.len()];
        let read = from.read_exact(&mut magic);
        if read.is_err() || !magic.starts_with(NAME) {
            return Err("it is not a dump of wici".to_owned());
        }
        if magic != MAGIC {
            return Err(
                "it was made by a newer wici; install that version or a later one".to_owned(),
            );
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&magic);
        Ok(Frames { from, hasher })
    }

    /// # Errors
    /// What a person should read: it ends too early, or is damaged.
    pub(in crate::store) fn next(&mut self) -> Result<Frame, String> {
        let mut head = [0; 9];
        self.read(&mut head)?;
        let [kind, lengths @ ..] = head;
        let length = |at: usize| {
            let bytes = lengths
                .get(at..at + 4)
                .and_then(|bytes| bytes.first_chunk::<4>());
            bytes.map_or(usize::MAX, |bytes| u32::from_le_bytes(*bytes) as usize)
        };
        let kind = Kind::ALL.into_iter().find(|known| *known as u8 == kind);
        let (key, value) = (length(0), length(4));
        let Some(kind) = kind.filter(|_| key <= KEY_MOST && value <= VALUE_MOST) else {
            return Err(damaged());
        };
        let mut frame = Frame {
            kind,
            key: vec![0; key],
            value: Vec::new(),
        };
        self.read(&mut frame.key)?;
        // The lengths may lie: room is made for what is there.
        let mut limited = self.from.by_ref().take(value as u64);
        limited.read_to_end(&mut frame.value).map_err(told)?;
        if frame.value.len() < value {
            return Err(cut());
        }
        if kind != Kind::End {
            self.hasher.update(&head);
            self.hasher.update(&frame.key);
            self.hasher.update(&frame.value);
        }
        Ok(frame)
    }

    /// Is this the end of what was written, and of all there is?
    ///
    /// # Errors
    /// No: it is damaged.
    pub(in crate::store) fn end(&mut self, last: &Frame) -> Result<(), String> {
        let is_whole = last.value == self.hasher.finalize().as_bytes();
        let is_last = self.from.read(&mut [0]).map_err(told)? == 0;
        if is_whole && is_last {
            Ok(())
        } else {
            Err(damaged())
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        self.from.read_exact(bytes).map_err(told)
    }
}

pub(in crate::store) fn damaged() -> String {
    "it is damaged: it is not what was written".to_owned()
}

fn cut() -> String {
    "it is cut off: its end is missing".to_owned()
}

fn told(error: io::Error) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof => cut(),
        // Of the decompression.
        ErrorKind::InvalidInput | ErrorKind::InvalidData => damaged(),
        _ => format!("it can't be read: {error}"),
    }
}
