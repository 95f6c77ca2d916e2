//! Ids put into the files themselves, so that they stay whatever becomes of path, text and store.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use super::parse::{self, Context};
use super::walk::fingerprint;
use super::{Directory, Look, Reading, Unreadable};
use crate::config::{self, Config};
use crate::domain::{Found, Problem, PublicationId};

/// The files of a source, to be given ids.
pub struct Naming {
    directory: Directory,
    context: Context,
}

impl Naming {
    /// Nothing is read yet.
    pub fn new(source: &config::Source, config: &Config) -> Naming {
        let (site, tags, labels) = (&config.site, &config.tags, &config.labels);
        Naming {
            directory: Directory::new(source, site, tags, labels),
            context: Context::new(source, site, tags, labels),
        }
    }

    /// The content files of the source, in order.
    ///
    /// # Errors
    /// The root can't be read.
    pub fn files(&mut self) -> Result<Vec<String>, Unreadable> {
        let seen = self.directory.look(Look::Everything, &BTreeSet::new())?;
        Ok(seen.changed)
    }

    /// What a file publishes, if it has no id of its own.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn nameless(&self, path: &str) -> Result<Option<Box<Found>>, Vec<Problem>> {
        match self.directory.file(path).read().reading {
            Reading::Found(found) => Ok(Some(found).filter(|found| found.declared_id.is_none())),
            Reading::Draft | Reading::Gone => Ok(None),
            Reading::Unsettled => Err(vec![changed(path)]),
            Reading::Problems(problems) => Err(problems),
        }
    }

    /// Puts the id into the file, whole or not at all; with `dry`, only finds out whether it can
    /// be.
    ///
    /// # Errors
    /// Why it can't. The file is as it was.
    pub fn name(&self, path: &str, id: &PublicationId, dry: bool) -> Result<(), Problem> {
        let real = self.directory.place(path);
        let of_file = |mut problem: Problem| {
            problem.file.clone_from(&real);
            problem
        };
        let failed = |error: io::Error| {
            let remedy = "let whoever runs this write to the file and its folder";
            Problem::of_file(&real, format!("can't be written: {error}"), remedy)
        };
        let before = fs::symlink_metadata(&real).map_err(failed)?;
        if before.is_symlink() {
            let remedy = "put the id into the file that it leads to, unless others lead there too";
            return Err(Problem::of_file(&real, "it is a link", remedy));
        }
        let bytes = fs::read(&real).map_err(failed)?;
        let named = parse::with_id(path, &bytes, id, &self.context).map_err(of_file)?;
        if dry {
            return Ok(());
        }
        let name = real.file_name().unwrap_or_default().to_string_lossy();
        // Hidden files are nobody's content.
        let aside = real.with_file_name(format!(".{name}.{}", std::process::id()));
        let replaced = write_as(&aside, &named, &before).and_then(|()| {
            let now = fs::symlink_metadata(&real)?;
            if fingerprint(&now) == fingerprint(&before) {
                fs::rename(&aside, &real).map(|()| true)
            } else {
                Ok(false)
            }
        });
        if !matches!(replaced, Ok(true)) {
            let _ = fs::remove_file(&aside);
        }
        match replaced {
            Ok(true) => Ok(()),
            Ok(false) => Err(of_file(changed(path))),
            Err(error) => Err(failed(error)),
        }
    }
}

fn changed(path: &str) -> Problem {
    Problem::of_file(path, "it is being written", "try again")
}

/// A new file with the owner and permissions of another, durable.
fn write_as(path: &Path, bytes: &[u8], like: &fs::Metadata) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(path)?;
    let made = file.metadata()?;
    if (made.uid(), made.gid()) != (like.uid(), like.gid()) {
        chown(path, Some(like.uid()), Some(like.gid()))?;
    }
    file.set_permissions(like.permissions())?;
    file.write_all(bytes)?;
    file.sync_all()
}
