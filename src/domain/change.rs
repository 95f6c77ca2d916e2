//! What happened to a publication, and whether it is news.
//!
//! | before | now | change | news |
//! | --- | --- | --- | --- |
//! | not live | dated in the future | none yet | |
//! | not live | its `expires` has come | none: it is known, and waits for another `expires` | |
//! | never live | | released | unless in the baseline or found over `max_age` after its date |
//! | live | its `expires` has come | expired | no |
//! | live | `updated` forward and a new `change_note` | major edit | yes |
//! | live | other tags | retagged | within `max_age` of release |
//! | live | anything else differs | minor edit | no |
//! | live | gone, or put off to a date in the future | withdrawn | no |
//! | withdrawn, expired | there again, `updated` forward and a new `change_note` | major edit | yes |
//! | withdrawn, expired | there again | restored | within `max_age` of release |
//!
//! What is expired is a question to the clock and the file alone: it is there again as soon as its
//! `expires` is taken away or put forward. That of a file which expires before it is published never
//! comes.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{FeedKey, Publication, PublicationKey, PublicationState, Sequence, Standing};

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It took effect for the first time.
    Released,
    /// `updated` moved forward and the change note is new.
    MajorEdit,
    /// Any other edit.
    MinorEdit,
    /// Its tags changed.
    Retagged,
    /// It is no longer in its source.
    Withdrawn,
    /// It is there again.
    Restored,
    /// Its `expires` has come.
    Expired,
    /// Others are its translations now, though it reads as before: no new revision.
    Regrouped,
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ChangeKind::Released => "released",
            ChangeKind::MajorEdit => "major edit",
            ChangeKind::MinorEdit => "minor edit",
            ChangeKind::Retagged => "retagged",
            ChangeKind::Withdrawn => "withdrawn",
            ChangeKind::Restored => "restored",
            ChangeKind::Expired => "expired",
            ChangeKind::Regrouped => "regrouped",
        })
    }
}

/// A change that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub sequence: Sequence,
    /// What happened.
    pub kind: ChangeKind,
    /// To which publication.
    pub publication: PublicationKey,
    /// Its title, for people.
    pub title: String,
    /// Is it to be mailed to those who were not mailed it?
    pub news: bool,
    /// The feeds that it was in before or is in now, and those of its translations, where they show
    /// it otherwise now.
    pub feeds: BTreeSet<FeedKey>,
}

/// The instants and limits that decide whether a change is news.
#[derive(Debug, Clone, Copy)]
pub struct Newsworthiness {
    /// The clock.
    pub now: Timestamp,
    /// `[guards] max_age`.
    pub max_age: SignedDuration,
    /// Is the source's first complete scan still going on?
    pub baseline: bool,
}

impl Newsworthiness {
    /// Is a release news that is dated `published` and takes effect now? One that was known
    /// beforehand and waited for its date (`scheduled`) is, even from the baseline.
    pub fn of_release(&self, published: Timestamp, scheduled: bool) -> bool {
        (scheduled || !self.baseline) && self.is_recent(published)
    }

    /// Is something that happens now, to a publication released at `released`, news for those who
    /// were not mailed it?
    pub fn of_return(&self, state: &PublicationState) -> bool {
        state.news
            && state
                .released
                .is_some_and(|released| self.is_recent(released))
    }

    fn is_recent(&self, instant: Timestamp) -> bool {
        self.now.duration_since(instant) <= self.max_age
    }
}

/// What became of a publication that was `before` and reads `after` now, and whether that is news.
/// `None`: nothing that takes effect now.
pub fn diff(
    before: Option<&PublicationState>,
    after: &Publication,
    worth: Newsworthiness,
) -> Option<(ChangeKind, bool)> {
    let expired = after.has_expired(worth.now);
    let in_time = after.published <= worth.now && !expired;
    let Some(before) = before else {
        return in_time.then(|| {
            (
                ChangeKind::Released,
                worth.of_release(after.published, false),
            )
        });
    };
    match before.standing {
        Standing::Live if expired => Some((ChangeKind::Expired, false)),
        Standing::Live => edit(before, after, worth),
        _ if !in_time => None,
        _ if before.released.is_some() => Some(if is_major(&before.publication, after) {
            (ChangeKind::MajorEdit, true)
        } else {
            (ChangeKind::Restored, worth.of_return(before))
        }),
        standing => {
            let scheduled = standing == Standing::Scheduled;
            let news = worth.of_release(after.published, scheduled);
            Some((ChangeKind::Released, news))
        }
    }
}

fn is_major(was: &Publication, is: &Publication) -> bool {
    is.updated > was.updated && is.change_note.is_some() && is.change_note != was.change_note
}

fn edit(
    before: &PublicationState,
    after: &Publication,
    worth: Newsworthiness,
) -> Option<(ChangeKind, bool)> {
    let was = &before.publication;
    if was == after {
        return None;
    }
    if is_major(was, after) {
        return Some((ChangeKind::MajorEdit, true));
    }
    let ids = |p: &Publication| {
        p.tags
            .iter()
            .map(|tag| tag.id.clone())
            .collect::<BTreeSet<_>>()
    };
    if ids(was) != ids(after) {
        return Some((ChangeKind::Retagged, worth.of_return(before)));
    }
    Some((ChangeKind::MinorEdit, false))
}

#[cfg(test)]
mod tests;
