//! What can be wrong with a source, in words.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use crate::config;
use crate::content::Unreadable;
use crate::domain::Problem;
use crate::store::Refusal;

/// The store could not take a file.
pub(super) fn refused(file: PathBuf, why: &Refusal) -> Problem {
    let (what, remedy) = match why {
        Refusal::IdTaken { id, source, path } => (
            format!("it claims the id {id}, which {path} of the source `{source}` has"),
            "give one of the two an `id` of its own",
        ),
        Refusal::TooLarge => (
            "it says more than 48 KiB beside its text".to_owned(),
            "shorten its tags, authors, summary or notes",
        ),
    };
    Problem::of_file(file, what, remedy)
}

/// Not every folder can be watched.
pub(super) fn unwatched(root: &Path, why: impl Display, is_polled: bool) -> Problem {
    let instead = if is_polled {
        "it is looked through every few seconds instead"
    } else {
        "what changes in it may be found by a full scan alone"
    };
    Problem::of_file(
        root,
        format!("not every folder can be watched: {why}; {instead}"),
        "raise fs.inotify.max_user_watches, or set `watch = \"poll\"`",
    )
}

/// Nothing of a source is to be seen.
pub(super) fn unreadable(source: &config::Source, unreadable: &Unreadable) -> Problem {
    Problem::of_file(
        &source.path,
        unreadable.to_string(),
        format!(
            "bring it back, or correct `path` of the source `{}`; nothing is withdrawn meanwhile",
            source.name
        ),
    )
}
