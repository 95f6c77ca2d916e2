//! The templates of a site.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::domain::Problem;
use crate::text::template::Templates;

/// The templates of a site: the compiled-in ones, and those in its folder in their place.
///
/// # Errors
/// Every problem in the folder.
pub fn templates(folder: &Path) -> Result<Templates, Vec<Problem>> {
    let unreadable = |path: &Path, error: &io::Error| {
        Problem::of_file(
            path,
            format!("can't be read: {error}"),
            "make it readable, or remove it",
        )
    };
    let mut overrides = BTreeMap::new();
    let mut problems = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Templates::new(&overrides);
        }
        Err(error) => return Err(vec![unreadable(folder, &error)]),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || path.is_dir() || name == "README.md" {
            continue;
        }
        match fs::read_to_string(&path) {
            Ok(text) => drop(overrides.insert(name, text)),
            Err(error) => problems.push(unreadable(&path, &error)),
        }
    }
    match Templates::new(&overrides) {
        Ok(templates) if problems.is_empty() => Ok(templates),
        Ok(_) => Err(problems),
        Err(more) => Err(problems.into_iter().chain(more).collect()),
    }
}
