//! One turn at reading: a few files, on a thread of its own.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jiff::Timestamp;

use crate::content::{Directory, Reading};
use crate::domain::Problem;
use crate::domain::publication::Found;
use crate::feed;

/// Files read in one turn, and about how many bytes of bodies.
const TURN: usize = 16;
const TURN_BYTES: usize = 8 << 20;

/// Works on a thread where blocking hurts nobody.
#[expect(
    clippy::disallowed_methods,
    reason = "the daemon may spawn, and this is waited for"
)]
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is going down, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Reads from the front of what `changed` until it is another's turn; returns the rest too.
pub(super) fn read_some(
    directory: &mut Directory,
    mut changed: VecDeque<String>,
    now: Timestamp,
) -> (Vec<(String, Reading)>, VecDeque<String>) {
    let mut read = Vec::new();
    let mut bytes = 0;
    while read.len() < TURN && bytes < TURN_BYTES {
        let Some(path) = changed.pop_front() else {
            break;
        };
        let reading = read_one(directory, &path, now);
        if let Reading::Found(found) = &reading {
            bytes += found.body.len();
        }
        read.push((path, reading));
    }
    (read, changed)
}

/// Reads one file. One that no feed could carry, or that makes a parser panic, is not taken: the
/// last good revision stays.
fn read_one(directory: &mut Directory, path: &str, now: Timestamp) -> Reading {
    let checked = catch_unwind(AssertUnwindSafe(|| match directory.read(path) {
        Reading::Found(found) => match publishable(&found, now) {
            Ok(()) => Reading::Found(found),
            Err(problem) => Reading::Problem(problem),
        },
        other => other,
    }));
    checked.unwrap_or_else(|_| {
        Reading::Problem(Problem::of_file(
            path,
            "wici fails at this file, which is a fault of wici",
            "report it, with the file; until then its last good revision stays",
        ))
    })
}

/// A publication that no feed could carry is not taken: the last good revision stays.
fn publishable(found: &Found, now: Timestamp) -> Result<(), Problem> {
    feed::check(&found.revision(found.minted_id.clone(), now)).map_err(|error| {
        Problem::of_file(
            &found.path,
            error.to_string(),
            "correct the file; until then its last good revision stays",
        )
    })
}

/// What expires before it is published is taken at its word, and is never in the feeds; its author
/// should know.
pub(super) fn never_readable(found: &Found) -> Option<Problem> {
    let (published, expires) = (found.published?, found.expires?);
    (expires <= published).then(|| {
        Problem::of_file(
            &found.path,
            format!("it expires ({expires}) before it is published ({published}), so nobody ever reads it"),
            "correct `expires`, or the date",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Language, PublicationId};

    #[test]
    fn what_expires_before_it_is_published_is_told() {
        let day = |day: i64| Timestamp::from_second(day * 86_400).ok();
        let found = |published, expires| Found {
            path: "nabor.md".into(),
            declared_id: None,
            minted_id: PublicationId("urn:wici:1".into()),
            title: "Nabór".into(),
            link: "https://portal.example/nabor/".into(),
            language: Language::parse("pl").expect("a language"),
            published,
            updated: None,
            tags: Vec::new(),
            summary: String::new(),
            body: String::new(),
            authors: Vec::new(),
            archived: None,
            change_note: None,
            translation_of: None,
            image: None,
            enclosures: Vec::new(),
            expires,
        };
        assert_eq!(never_readable(&found(day(1), None)), None);
        assert_eq!(never_readable(&found(None, day(1))), None);
        assert_eq!(never_readable(&found(day(1), day(2))), None);
        let problem = never_readable(&found(day(2), day(2))).expect("nobody reads it");
        assert!(problem.remedy.contains("`expires`"));
    }
}
