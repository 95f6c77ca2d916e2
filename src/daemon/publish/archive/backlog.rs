//! What is still to be done for the archives, and in which order.

use std::collections::BTreeSet;

use super::Archives;
use crate::domain::{BodyHash, FeedKey};

/// A page of a feed's archive.
pub(in crate::daemon::publish) type Page = (FeedKey, u64);

/// What is still to be done, feed by feed: as much as the pages of one feed is held at a time.
#[derive(Debug, Default)]
pub(in crate::daemon::publish) struct Backlog {
    /// Feeds that are to be numbered.
    unnumbered: BTreeSet<FeedKey>,
    /// Feeds that were, and do not lead to their archives yet.
    numbered: BTreeSet<FeedKey>,
    /// Feeds whose pages are to be compared with their files.
    unseen: BTreeSet<FeedKey>,
    /// Pages that are to be written.
    owed: BTreeSet<Page>,
    /// Were the files removed of pages that are none any more?
    is_swept: bool,
}

/// A step: what one transaction or one file takes.
#[derive(Debug, Clone)]
pub(in crate::daemon::publish) enum Step {
    Number(FeedKey),
    Compare(FeedKey),
    Write(Page),
    /// Feeds that can lead to their archives now.
    Lead(BTreeSet<FeedKey>),
    Sweep,
}

/// What came of a step.
pub(in crate::daemon::publish) struct Stepped {
    pub(in crate::daemon::publish) step: Step,
    pub(in crate::daemon::publish) result: anyhow::Result<Outcome>,
}

/// What a step found or made.
pub(in crate::daemon::publish) enum Outcome {
    Numbered {
        is_left: bool,
    },
    /// The pages whose files are not what they should be.
    Stale(Vec<u64>),
    Page(WrittenPage),
    Lead(BTreeSet<FeedKey>),
    Swept,
}

/// What a step brought.
pub(in crate::daemon::publish) enum Brought {
    Page(Page, WrittenPage),
    /// Feeds that are to be rendered again.
    Lead(BTreeSet<FeedKey>),
}

/// What came of a page.
#[derive(Debug, Default)]
pub(in crate::daemon::publish) struct WrittenPage {
    /// Its file, if that is new.
    pub(in crate::daemon::publish) file: Option<String>,
    /// Bodies that it should have.
    pub(in crate::daemon::publish) lost: BTreeSet<BodyHash>,
}

impl Archives {
    /// Pages may be none any more: their files are to be removed.
    pub(in crate::daemon::publish) fn sweep(&mut self) {
        self.backlog.is_swept = false;
    }
}

impl Backlog {
    /// These feeds were rendered anew: so may pages have to be.
    pub(in crate::daemon::publish) fn compare<'f>(
        &mut self,
        feeds: impl IntoIterator<Item = &'f FeedKey>,
    ) {
        let archived = feeds.into_iter().filter(|feed| feed.is_archived());
        self.unseen.extend(archived.cloned());
    }

    pub(in crate::daemon::publish) fn number(&mut self, feeds: Vec<FeedKey>) {
        self.unnumbered.extend(feeds);
    }

    pub(in crate::daemon::publish) fn owe(&mut self, pages: impl IntoIterator<Item = Page>) {
        self.owed.extend(pages);
    }

    /// Is a feed waiting to be numbered?
    pub(in crate::daemon::publish) fn has_unnumbered(&self) -> bool {
        !self.unnumbered.is_empty()
    }

    /// The next step. Nothing is numbered while sources are being read for the first time, since
    /// what is found first is not what is oldest. `is_alone`: no other step is being taken.
    pub(in crate::daemon::publish) fn next(
        &mut self,
        may_number: bool,
        is_alone: bool,
    ) -> Option<Step> {
        if let Some(page) = self.owed.pop_first() {
            return Some(Step::Write(page));
        }
        if let Some(feed) = self.unseen.pop_first() {
            return Some(Step::Compare(feed));
        }
        if !self.numbered.is_empty() {
            return is_alone.then(|| Step::Lead(std::mem::take(&mut self.numbered)));
        }
        if !self.unnumbered.is_empty() {
            let next = may_number.then(|| self.unnumbered.pop_first()).flatten();
            return next.map(Step::Number);
        }
        let is_due = is_alone && !self.is_swept;
        is_due.then(|| {
            self.is_swept = true;
            Step::Sweep
        })
    }

    /// A step was taken. Returns what it brought that is of use elsewhere.
    pub(in crate::daemon::publish) fn took(
        &mut self,
        step: Step,
        outcome: Outcome,
    ) -> Option<Brought> {
        match (step, outcome) {
            (Step::Number(feed), Outcome::Numbered { is_left: true }) => {
                self.unnumbered.insert(feed);
            }
            (Step::Number(feed), _) => {
                self.unseen.insert(feed.clone());
                self.numbered.insert(feed);
            }
            (Step::Compare(feed), Outcome::Stale(pages)) => {
                self.owe(pages.into_iter().map(|page| (feed.clone(), page)));
            }
            (Step::Write(page), Outcome::Page(written)) => {
                return Some(Brought::Page(page, written));
            }
            (_, Outcome::Lead(feeds)) => return Some(Brought::Lead(feeds)),
            _ => {}
        }
        None
    }

    /// A step failed, and is to be taken again.
    pub(in crate::daemon::publish) fn failed(&mut self, step: Step) {
        match step {
            Step::Number(feed) => drop(self.unnumbered.insert(feed)),
            Step::Compare(feed) => drop(self.unseen.insert(feed)),
            Step::Write(page) => drop(self.owed.insert(page)),
            Step::Lead(feeds) => self.numbered.extend(feeds),
            Step::Sweep => self.is_swept = false,
        }
    }
}
