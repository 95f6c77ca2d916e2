//! `wici dump`: the whole state, keys included, as one file.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use indicatif::{ProgressBar, ProgressStyle};

use super::access::Access;
use super::{Failure, output};
use crate::store::Dumped;

/// Writes the dump under another name, reads it back, and only then gives it its own.
pub(super) async fn dump(file: &Path, to: &Path) -> Result<(), Failure> {
    let access = Access::open(file).await?;
    let Some(name) = to.file_name() else {
        return Err(Failure::Other(anyhow::anyhow!(
            "{} is no file",
            to.display()
        )));
    };
    let mut unfinished = name.to_owned();
    unfinished.push(".part");
    let unfinished = to.with_file_name(unfinished);
    let written = write(&access, &unfinished).await;
    let finished = written.and_then(|dumped| {
        fs::rename(&unfinished, to).context("can't give the dump its name")?;
        let folder = to.parent().filter(|folder| *folder != Path::new(""));
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(dumped)
    });
    if finished.is_err() {
        // Best effort: the error that counts is the first.
        let _ = fs::remove_file(&unfinished);
    }
    let Dumped { rows, bodies } = finished?;
    let (rows, bodies) = (output::number(rows, "row"), output::number(bodies, "text"));
    output::say(&format!(
        "{}: {rows} and {bodies}, with the keys. Keep it where nobody else can read it.",
        to.display()
    ))
}

async fn write(access: &Access, path: &Path) -> anyhow::Result<Dumped> {
    let _ = fs::remove_file(path);
    let target = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("can't write {}", path.display()))?;
    let bar = bar(None);
    let mut target = GzEncoder::new(BufWriter::new(target), Compression::default());
    access
        .dump(|bytes| {
            bar.inc(bytes.len() as u64);
            target.write_all(bytes)
        })
        .await?;
    let file = target
        .finish()?
        .into_inner()
        .map_err(|error| error.into_error())?;
    file.sync_all()?;
    let reader = bar.wrap_read(BufReader::new(File::open(path)?));
    let dumped = Dumped::of(BufReader::new(GzDecoder::new(reader)))?;
    bar.finish_and_clear();
    Ok(dumped)
}

/// A bar over so many bytes, or over as many as come.
pub(super) fn bar(bytes: Option<u64>) -> ProgressBar {
    let (bar, template) = match bytes {
        Some(bytes) => (
            ProgressBar::new(bytes),
            "{bar:40} {bytes}/{total_bytes} {eta}",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {elapsed}"),
    };
    // A template that is not understood leaves the plain bar.
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
