//! Whose the feeds folder is: one process at a time writes to it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process;

use super::OpenError;

/// The lock's name in the feeds folder. No document is called so, and servers of files pass hidden
/// ones over. It stays there: what counts is who has it open and locked, and a process that is gone,
/// by whatever signal, has nothing locked.
const FILE: &str = ".lock";

/// As long as it lives, nobody else takes the folder over.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes a folder over, and writes down who has it.
    pub(super) fn of(dir: &Path) -> Result<Lock, OpenError> {
        let path = dir.join(FILE);
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                return Err(OpenError::Taken {
                    dir: dir.to_owned(),
                    process: holder.trim().parse().ok(),
                });
            }
            // A file system that knows no locks can't be asked.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        note(&mut file)?;
        Ok(Lock { file })
    }

    /// Nobody is said to write there any more: what is left is the same whoever did.
    pub(super) fn blank(&self) {
        // Who it was tells those alone who meet a lock.
        let _ = self.file.set_len(0);
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.blank();
    }
}

fn note(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", process::id())
}
