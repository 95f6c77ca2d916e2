//! The templates of a site.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::works::letterhead;
use crate::compose;
use crate::config::Config;
use crate::domain::Problem;
use crate::text::template::Templates;
use crate::web;

/// The templates of a site: the compiled-in ones, and those in its folder in their place, proven on
/// a sample of every letter and page in every language.
///
/// # Errors
/// Every problem in the folder.
pub fn templates(config: &Config) -> Result<Arc<Templates>, Vec<Problem>> {
    let (overrides, mut problems) = read(&config.templates);
    let templates = match Templates::new(&overrides) {
        Ok(templates) => Arc::new(templates),
        Err(more) => {
            problems.extend(more);
            return Err(problems);
        }
    };
    // Those that are compiled in are proven by tests.
    if !overrides.is_empty() {
        problems.extend(compose::proof(&templates, letterhead(config)));
        problems.extend(web::proof(&templates, &config.site));
    }
    if problems.is_empty() {
        Ok(templates)
    } else {
        Err(problems)
    }
}

/// The texts in the folder by name, and what is wrong with the other files. A folder that is not
/// there has none.
fn read(folder: &Path) -> (BTreeMap<String, String>, Vec<Problem>) {
    let mut overrides = BTreeMap::new();
    let mut problems = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return (overrides, problems);
        }
        Err(error) => return (overrides, vec![unreadable(folder, &error)]),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || path.is_dir() || name == "README.md" {
            continue;
        }
        match fs::read(&path).map(String::from_utf8) {
            Ok(Ok(text)) => drop(overrides.insert(name, text)),
            Ok(Err(error)) => problems.push(not_utf8(&name, &error)),
            Err(error) => problems.push(unreadable(&path, &error)),
        }
    }
    (overrides, problems)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    let what = format!("can't be read: {error}");
    Problem::of_file(path, what, "make it readable, or remove it")
}

fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> Problem {
    let good = error.utf8_error().valid_up_to();
    let before = error.as_bytes().iter().take(good);
    let line = before.filter(|byte| **byte == b'\n').count() + 1;
    let place = format!("templates/{name}");
    let problem = Problem::of_file(place, "not UTF-8", "save the file in UTF-8");
    problem.at_line(u32::try_from(line).unwrap_or(u32::MAX))
}
