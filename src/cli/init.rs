//! `wici init`: a new site.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::{Failure, output};
use crate::text::template;

const CONFIGURATION: &str = include_str!("../../daemon.toml");
const SAMPLE: &str = include_str!("sample.md");

/// Writes configuration, a sample publication and the templates into a new folder.
pub(super) fn init(dir: &Path) -> Result<(), Failure> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::Other(anyhow::anyhow!(
            "{} is not empty; name a folder that is not there yet",
            dir.display()
        )));
    }
    let mut files = vec![
        ("daemon.toml".to_owned(), CONFIGURATION),
        ("content/first.md".to_owned(), SAMPLE),
    ];
    let templates = template::DEFAULTS.iter();
    files.extend(templates.map(|(name, text)| (format!("templates/{name}"), *text)));
    for (name, text) in files {
        let path = dir.join(name);
        write(&path, text).with_context(|| format!("can't write {}", path.display()))?;
    }
    output::say(&format!(
        "A new site is in {0}.\n  1. Look through {0}/daemon.toml: title, addresses, languages.\n  2. wici -c {0}/daemon.toml",
        dir.display()
    ))?;
    Ok(())
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, text)
}
