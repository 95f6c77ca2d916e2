//! One file of a folder: read and understood on whatever thread, while the folder keeps the books.

use std::fs;
use std::io::{self, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::parse::{self, Context, Parsed};
use super::super::walk::{self, Fingerprint};
use super::Reading;
use crate::domain::Problem;

/// A file that is to be read.
#[derive(Debug)]
pub struct Unread {
    pub(super) path: String,
    pub(super) real: PathBuf,
    pub(super) context: Arc<Context>,
}

/// A file that was read.
#[derive(Debug)]
pub struct Read {
    /// Relative to the folder.
    pub path: String,
    /// What became of it.
    pub reading: Reading,
    /// Its state when it was read to the end.
    pub(super) fingerprint: Option<Fingerprint>,
}

impl Unread {
    /// Reads and understands the file. One at which a parser panics is a problem, as others are.
    pub fn read(self) -> Read {
        let (reading, fingerprint) = match read_settled(&self.real) {
            Ok(Some((bytes, fingerprint))) => (self.understand(&bytes), Some(fingerprint)),
            Ok(None) => (Reading::Unsettled, None),
            Err(error) if walk::is_gone(&error) => (Reading::Gone, None),
            Err(error) => {
                let problem = Problem::of_file(
                    self.real,
                    format!("cannot be read: {error}"),
                    "let the daemon's user read it",
                );
                (Reading::Problem(problem), None)
            }
        };
        Read {
            path: self.path,
            reading,
            fingerprint,
        }
    }

    fn understand(&self, bytes: &[u8]) -> Reading {
        let parsed = catch_unwind(AssertUnwindSafe(|| {
            parse::parse(&self.path, bytes, &self.context)
        }));
        let fault = || {
            Problem::of_file(
                &self.path,
                "wici fails at this file, which is a fault of wici",
                "report it, with the file; until then its last good revision stays",
            )
        };
        match parsed.unwrap_or_else(|_| Err(fault())) {
            Ok(Parsed::Publication(found)) => Reading::Found(found),
            Ok(Parsed::Draft) => Reading::Draft,
            Err(mut problem) => {
                problem.file.clone_from(&self.real);
                Reading::Problem(problem)
            }
        }
    }
}

/// The whole file and its state, or `None` if it changed meanwhile. One byte more than the
/// largest file is read at most: enough to refuse it.
fn read_settled(path: &Path) -> io::Result<Option<(Vec<u8>, Fingerprint)>> {
    let most = parse::MAX_BYTES + 1;
    let before = fs::metadata(path)?;
    if !before.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    // Room for one byte more than there should be, so that one call reads it all.
    let room = usize::try_from(before.len()).map_or(most, |length| most.min(length + 1));
    let mut bytes = Vec::with_capacity(room);
    fs::File::open(path)?
        .take(most as u64)
        .read_to_end(&mut bytes)?;
    let fingerprint = Fingerprint::of(&before);
    let after = Fingerprint::of(&fs::metadata(path)?);
    Ok((fingerprint == after).then_some((bytes, fingerprint)))
}
