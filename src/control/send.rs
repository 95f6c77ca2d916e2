//! Runs that are opened by hand, and what they would mail.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::report::RunSummary;
use super::{Desk, Refusal, schedules};
use crate::domain::{PublicationKey, Run};
use crate::store::StoreError;

/// Subscribers looked at in one go.
const PAGE: usize = 2048;
/// Subscribers that a dry run names.
const NAMED: usize = 20;

/// What was opened by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The schedule's name.
    pub schedule: String,
    /// Its runs: one, or one for each zone. None where there is nothing new.
    pub runs: Vec<RunSummary>,
    /// Where there is nothing new: since when.
    pub nothing_since: Option<Timestamp>,
    /// Does a daemon plan and send them? Else they are planned, and it sends them when it runs.
    pub running: bool,
}

/// What a run opened now would mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRun {
    /// The schedule's name.
    pub schedule: String,
    /// How many mails.
    pub mails: u64,
    /// What would be in them, most often first.
    pub publications: Vec<InDryRun>,
    /// Who would get them: the first few.
    pub subscribers: Vec<String>,
    /// Where nobody would get anything: since when.
    pub nothing_since: Option<Timestamp>,
}

/// A publication in a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InDryRun {
    /// The public id.
    pub id: String,
    /// Plain text.
    pub title: String,
    /// The mails with it.
    pub mails: u64,
    /// Those of them that have it as a correction.
    pub corrections: u64,
}

/// Opens a schedule's run over everything new. Its cursors and mark move as with any other, so the
/// next window has that much less.
pub(super) async fn open(
    desk: &Desk,
    schedule: &str,
    running: bool,
    now: Timestamp,
) -> Result<Opened, Refusal> {
    let mut opened = Opened {
        schedule: schedule.to_owned(),
        runs: Vec::new(),
        nothing_since: None,
        running,
    };
    for (cadence, line) in schedules::cadences_of(desk, schedule).await? {
        let mark = desk.store.observe(cadence.clone(), line, now).await?;
        let newest = desk.store.ripe(Timestamp::MAX).await?;
        if newest <= mark.upper && !desk.store.has_exceptions(&cadence, newest).await? {
            opened.nothing_since = opened.nothing_since.max(Some(mark.due));
            continue;
        }
        let mut run = desk.store.open_run(cadence, now, None, now).await?;
        if !running {
            run = plan(desk, run, now).await?;
        }
        opened.runs.push(RunSummary::from(&run));
    }
    if running {
        (desk.bell)();
    }
    Ok(opened)
}

async fn plan(desk: &Desk, mut run: Run, now: Timestamp) -> Result<Run, StoreError> {
    while !run.planned {
        match desk.store.plan(run.key, PAGE, now).await? {
            Some(further) => run = further,
            None => break,
        }
    }
    Ok(run)
}

/// What [`open`] would lead to. Changes nothing.
pub(super) async fn dry_run(desk: &Desk, schedule: &str) -> Result<DryRun, Refusal> {
    let mut dry = DryRun {
        schedule: schedule.to_owned(),
        ..DryRun::default()
    };
    let mut counts: BTreeMap<PublicationKey, (u64, u64)> = BTreeMap::new();
    for (cadence, _) in schedules::cadences_of(desk, schedule).await? {
        let Some(mark) = desk.store.mark(&cadence).await? else {
            continue;
        };
        dry.nothing_since = dry.nothing_since.max(Some(mark.due));
        let mut after = None;
        loop {
            let page = desk.store.foresee(&cadence, after, PAGE).await?;
            for (subscriber, content) in page.letters {
                dry.mails += 1;
                if dry.subscribers.len() < NAMED {
                    let subscriber = desk.store.subscriber_by_key(subscriber).await?;
                    let address = subscriber.map(|known| known.address.as_str().to_owned());
                    dry.subscribers.extend(address);
                }
                for item in content.items {
                    let (mails, corrections) = counts.entry(item.publication).or_default();
                    *mails += 1;
                    *corrections += u64::from(item.correction);
                }
            }
            after = page.through;
            if after.is_none() {
                break;
            }
        }
    }
    if dry.mails > 0 {
        dry.nothing_since = None;
    }
    for (publication, (mails, corrections)) in counts {
        let revision = desk.store.revisions(publication, 1).await?.pop();
        dry.publications.extend(revision.map(|revision| InDryRun {
            id: revision.publication.id.0,
            title: revision.publication.title,
            mails,
            corrections,
        }));
    }
    dry.publications
        .sort_by_key(|one| std::cmp::Reverse(one.mails));
    Ok(dry)
}
