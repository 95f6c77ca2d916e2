//! One file of a folder: read and understood on whatever thread, while the folder keeps the books.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustix::fs::OFlags;

use super::super::parse::{self, Context, Parsed};
use super::super::walk;
use super::Reading;
use crate::domain::{Fingerprint, Found, Problem};

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
            Ok(Some((contents, fingerprint))) => (self.understand(contents), Some(fingerprint)),
            Ok(None) => (Reading::Unsettled, None),
            Err(error) if walk::is_gone(&error) => (Reading::Gone, None),
            // Not remembered, so that it is tried again at each look.
            Err(error) => {
                let problem = walk::cannot_read(&self.real, &error);
                (Reading::Problems(vec![problem]), None)
            }
        };
        Read {
            path: self.path,
            reading,
            fingerprint,
        }
    }

    /// A file beside the page, as in a bundle, says itself how long it is.
    fn measure(&self, found: &mut Found) {
        for enclosure in &mut found.enclosures {
            if enclosure.length.is_none()
                && let Some(below) = enclosure.url.strip_prefix(&found.link)
                && let Ok(below) = percent_decode_str(below).decode_utf8()
                && Path::new(&*below)
                    .components()
                    .all(|part| matches!(part, Component::Normal(_)))
                && let Some(folder) = self.real.parent()
                && let Ok(metadata) = fs::symlink_metadata(folder.join(&*below))
            {
                enclosure.length = metadata.is_file().then_some(metadata.len());
            }
        }
    }

    /// They are about the file as it lies there.
    fn place(&self, problems: &mut [Problem]) {
        for problem in problems {
            problem.file.clone_from(&self.real);
        }
    }

    fn understand(&self, contents: Option<Vec<u8>>) -> Reading {
        let parsed = catch_unwind(AssertUnwindSafe(|| match contents {
            Some(bytes) => parse::parse(&self.path, &bytes, &self.context),
            None => Err(vec![parse::too_large(&self.path)]),
        }));
        let fault = || {
            Problem::of_file(
                &self.path,
                "wici fails at this file, which is a fault of wici",
                "report it, with the file; until then its last good revision stays",
            )
        };
        match parsed.unwrap_or_else(|_| Err(vec![fault()])) {
            Ok(Parsed::Publication(mut found)) => {
                self.measure(&mut found);
                self.place(&mut found.flaws);
                Reading::Found(found)
            }
            Ok(Parsed::Draft) => Reading::Draft,
            Err(mut problems) => {
                self.place(&mut problems);
                Reading::Problems(problems)
            }
        }
    }
}

/// The whole file (`None` if it is too large to be read) and its state; or `None` if it changed
/// meanwhile. What took the place of a file, such as a pipe, is not waited for.
pub(super) fn read_settled(path: &Path) -> io::Result<Option<(Option<Vec<u8>>, Fingerprint)>> {
    let file = File::options()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let most = parse::MAX_BYTES as u64;
    let contents = if metadata.len() > most {
        None
    } else {
        // Room for one byte more than there should be, so that one call reads it all.
        let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
        file.take(most + 1).read_to_end(&mut bytes)?;
        Some(bytes)
    };
    let fingerprint = walk::fingerprint(&metadata);
    let after = walk::fingerprint(&fs::metadata(path)?);
    Ok((fingerprint == after).then_some((contents, fingerprint)))
}
