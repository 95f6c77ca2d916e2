//! Randomness, and the keys under `state/` that sign links.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;

use crate::token::Keys;

/// Bytes that nobody can guess.
///
/// # Errors
/// The system has none to give.
pub fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}

/// The keys in `state/keys`, made at the first start. Without them every link in every mail that
/// ever went out is dead, so a damaged file is an error and is never replaced.
///
/// # Errors
/// The file can't be read or written, or is damaged.
pub fn load_or_make(state: &Path) -> anyhow::Result<Keys> {
    let path = state.join("keys");
    match fs::read_to_string(&path) {
        Ok(text) => Keys::decode(&text).with_context(|| {
            format!(
                "{} is damaged; bring it back from a backup: the links in mails that went out need it",
                path.display()
            )
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let keys = Keys::generate(random()?);
            write(&path, &keys.encode())
                .with_context(|| format!("can't write {}", path.display()))?;
            Ok(keys)
        }
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_made_once_and_are_private() -> anyhow::Result<()> {
        let state = tempfile::tempdir()?;
        let first = load_or_make(state.path())?;
        let again = load_or_make(state.path())?;
        assert_eq!(first.encode(), again.encode());
        let path = state.path().join("keys");
        assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        fs::write(&path, "torn")?;
        assert!(load_or_make(state.path()).is_err());
        assert_eq!(fs::read_to_string(&path)?, "torn");
        Ok(())
    }
}
