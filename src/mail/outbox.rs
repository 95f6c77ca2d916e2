//! Each letter an `.eml` file: for trying things out, and for tests.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use super::{Desk, Gate, Letter};
use crate::domain::Outcome;

/// A folder of `.eml` files, named `<run>-<subscriber>.eml`, so that a letter sent again takes
/// the place of its first copy.
#[derive(Debug)]
pub struct Outbox {
    dir: PathBuf,
}

impl Outbox {
    /// Workers that are worth running: they share the disk's syncs.
    pub(super) const WORKERS: usize = 4;

    /// The folder is made when the first letter comes.
    pub fn new(dir: impl Into<PathBuf>) -> Outbox {
        Outbox { dir: dir.into() }
    }

    pub(super) async fn work<G: Gate>(&self, desk: Desk<'_, G>) {
        while let Some(letter) = desk.next(None).await {
            let (outcome, place) = match self.store(&letter).await {
                Ok(path) => (Outcome::Accepted, Some(path.display().to_string())),
                Err(error) => {
                    let why = format!("can't write to {}: {error}", self.dir.display());
                    (Outcome::Deferred(why), None)
                }
            };
            desk.hand_in(letter.key, outcome, place).await;
        }
    }

    /// Writes the letter so that it is whole under its name and survives a power loss, or is not
    /// there. Returns where it is.
    async fn store(&self, letter: &Letter) -> io::Result<PathBuf> {
        let name = format!("{}-{}", letter.key.run, letter.key.subscriber.0);
        let path = self.dir.join(format!("{name}.eml"));
        let draft = self.dir.join(format!(".{name}.tmp"));
        if let Err(error) = write(&draft, letter.text.as_bytes()).await {
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            fs::create_dir_all(&self.dir).await?;
            write(&draft, letter.text.as_bytes()).await?;
        }
        fs::rename(&draft, &path).await?;
        File::open(&self.dir).await?.sync_all().await?;
        Ok(path)
    }
}

async fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path).await?;
    file.write_all(bytes).await?;
    file.sync_all().await
}
