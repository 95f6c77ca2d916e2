//! The witness: how far the store had come when it last claimed something, kept beside the feeds
//! and outside the store, so that a restored copy of the store is known for what it is.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::domain::Witness;

/// Its name in the feeds folder.
pub const FILE: &str = "witness.json";

/// What a folder says of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Testimony {
    /// How far it had come.
    Of(Witness),
    /// Nothing: the file is of another store.
    OfAnother,
    /// Nothing: there is no such file, or it says nothing that could be read.
    Absent,
}

#[derive(Serialize, Deserialize)]
struct Line {
    /// The store's id, hexadecimal.
    store: String,
    #[serde(flatten)]
    witness: Witness,
}

/// Reads what a feeds folder says of a store.
///
/// # Errors
/// The file is there and can't be read.
pub fn read(dir: &Path, store: [u8; 16]) -> io::Result<Testimony> {
    let text = match fs::read(dir.join(FILE)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Testimony::Absent),
        read => read?,
    };
    Ok(match serde_json::from_slice::<Line>(&text) {
        Ok(line) if line.store == name(store) => Testimony::Of(line.witness),
        Ok(_) => Testimony::OfAnother,
        Err(_) => Testimony::Absent,
    })
}

/// Writes it, in place of the former one. When this returns it is durable.
///
/// # Errors
/// What the disk says; then the former one is as it was.
pub fn write(dir: &Path, store: [u8; 16], witness: Witness) -> io::Result<()> {
    let line = Line {
        store: name(store),
        witness,
    };
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    let temporary = dir.join(".witness.tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(&text)?;
    file.sync_data()?;
    fs::rename(&temporary, dir.join(FILE))?;
    File::open(dir)?.sync_all()
}

fn name(store: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(store))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{RunKey, Sequence};

    #[test]
    fn what_is_written_of_a_store_is_read_for_that_store() -> Result<(), Box<dyn std::error::Error>>
    {
        let dir = tempfile::tempdir()?;
        assert_eq!(read(dir.path(), [1; 16])?, Testimony::Absent);
        let witness = Witness {
            sequence: Sequence(5),
            run: RunKey(3),
            subscriber: 40,
            claims: 9,
            at: "2026-11-24T08:00:00Z".parse()?,
        };
        write(dir.path(), [1; 16], witness)?;
        assert_eq!(read(dir.path(), [1; 16])?, Testimony::Of(witness));
        assert_eq!(read(dir.path(), [2; 16])?, Testimony::OfAnother);
        fs::write(dir.path().join(FILE), "{")?;
        assert_eq!(read(dir.path(), [1; 16])?, Testimony::Absent);
        Ok(())
    }
}
