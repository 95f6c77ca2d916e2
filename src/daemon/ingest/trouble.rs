//! What can be wrong with a source, in words, and where it is told.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use unicode_normalization::UnicodeNormalization;

use super::Ingest;
use crate::config;
use crate::content::{Seen, Unreadable, Watcher};
use crate::domain::Problem;
use crate::store::Refusal;

/// What the problem of a source as a whole is about, and where those begin that are not of a file's
/// content: no content path begins so.
pub(super) const ROOT: &str = "/";
/// What the problem is about that not every folder is watched.
pub(super) const EVENTS: &str = "//";

impl Ingest {
    pub(super) fn pin(&self, about: &str, problem: Problem) {
        self.pin_all(about, vec![problem]);
    }

    /// Problems are logged when they come up, not at every look.
    pub(super) fn pin_all(&self, about: &str, problems: Vec<Problem>) {
        for problem in self.board.pin_all(&self.source.name, about, problems) {
            tracing::warn!("{problem}");
        }
    }

    pub(super) fn pin_refusal(&self, watcher: &Watcher) {
        let Some(why) = watcher.refusal() else {
            return self.board.clear(&self.source.name, EVENTS);
        };
        let problem = unwatched(&self.source.path, why, watcher.polling());
        self.pin(EVENTS, problem);
    }

    pub(super) fn pin_unreadable(&self, why: &Unreadable) {
        let problem = unreadable(&self.source, why);
        self.pin(ROOT, problem);
    }

    /// What a look met stands in place of all former problems of the places where it looked, but
    /// for those of files that are there as they were.
    pub(super) fn pin_seen(&self, seen: &Seen) {
        let mut met = BTreeSet::new();
        for problem in &seen.problems {
            let below = problem.file.strip_prefix(&self.source.path);
            let place = below.unwrap_or(&problem.file).to_string_lossy();
            let place: String = place.nfc().collect();
            let about = format!("{ROOT}{place}");
            self.pin(&about, problem.clone());
            met.insert(about);
        }
        let directory = self
            .directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.board.retain(&self.source.name, |about| {
            let place = about.strip_prefix(ROOT);
            about == EVENTS
                || !seen.looked_at(place.unwrap_or(about))
                || met.contains(about)
                || (place.is_none() && directory.has(about))
        });
    }
}

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
