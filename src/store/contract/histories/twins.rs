//! A store and the model, which are told the same.

mod daemon;
mod people;

use std::collections::BTreeMap;

use super::super::model::news::{HOLD_OVER, Page};
use super::super::model::{self, LOCAL, Model, PAGES, SCHEDULES, ZONES, title};
use super::super::*;
use super::steps::Step;
use crate::domain::RunKey;

const ADDRESSES: [&str; model::PEOPLE] = ["a@example.org", "b@example.org", "c@example.org"];
const TAGS: [&str; 2] = ["prawo", "pomoc"];
pub(super) type Stop = Box<dyn std::error::Error>;

pub(super) struct Twins {
    bench: Bench,
    model: Model,
    files: [Option<Page>; PAGES.len()],
    /// The last state of each file, there or not.
    last: [Option<Page>; PAGES.len()],
    edits: u32,
    /// What the sender has.
    claims: Vec<Claim>,
    attempts: BTreeMap<DeliveryKey, u32>,
    /// How many mails there were.
    mails: usize,
    /// The last run that the model knows of.
    opened: RunKey,
    /// The last run whose books were looked at.
    balanced: RunKey,
}

impl Twins {
    pub(super) async fn over(mut bench: Bench) -> Result<Twins, Stop> {
        bench.guards.hold_over = HOLD_OVER as u64;
        bench.scan([], &[]).await?;
        Ok(Twins {
            bench,
            model: Model::default(),
            files: [const { None }; PAGES.len()],
            last: [const { None }; PAGES.len()],
            edits: 0,
            claims: Vec::new(),
            attempts: BTreeMap::new(),
            mails: 0,
            opened: RunKey(0),
            balanced: RunKey(0),
        })
    }

    pub(super) async fn take(&mut self, step: &Step) -> Result<(), Stop> {
        self.wait(SignedDuration::from_secs(60)).await?;
        self.edits += 1;
        let (edit, now) = (self.edits, self.bench.now);
        match *step {
            Step::Put { slot, tags, hours } if self.files[slot].is_none() => {
                let published = now + SignedDuration::from_hours(hours);
                let page = self.last[slot].clone().unwrap_or(Page {
                    edit,
                    tags,
                    published,
                    updated: published,
                    note: None,
                    expires: None,
                });
                self.see(slot, page).await
            }
            Step::Minor(slot) => self.edit(slot, |page| page.edit = edit).await,
            Step::Major(slot) => {
                let major = |page: &mut Page| {
                    page.edit = edit;
                    page.updated = page.updated.max(now);
                    page.note = Some(edit);
                };
                self.edit(slot, major).await
            }
            Step::Retag(slot, tags) => self.edit(slot, |page| page.tags = tags).await,
            Step::Expire(slot, hours) => {
                let expires = hours.map(|hours| now + SignedDuration::from_hours(hours));
                self.edit(slot, |page| page.expires = expires).await
            }
            Step::Remove(slot) if self.files[slot].take().is_some() => {
                self.bench.look([], &[&path(slot)]).await?;
                self.model.news.lose(slot);
                Ok(())
            }
            Step::Put { .. } | Step::Remove(_) => Ok(()),
            Step::Decide { approve, dies } => self.decide(approve, dies).await,
            Step::Tick => self.tick().await,
            Step::Open(schedule, zone) => self.open(schedule, zone).await,
            Step::Page => self.page().await.map(drop),
            Step::Plan { dies } => self.plan(dies).await,
            Step::Claim if self.claims.is_empty() => self.claim().await,
            Step::Claim => Ok(()),
            Step::Send { defer, refuse } => self.send(defer, refuse).await,
            Step::Wait(hours) => self.wait(SignedDuration::from_hours(hours)).await,
            Step::Die => self.die(),
            _ => self.ask(step).await,
        }
    }

    /// No run stays open. Returns how many mails there were.
    pub(super) async fn rest(&self) -> Result<usize, Stop> {
        let open = self.bench.store.open_runs().await?;
        match open.is_empty() {
            true => Ok(self.mails),
            false => Err(format!("runs stay open: {open:?}").into()),
        }
    }
}

impl Twins {
    async fn wait(&mut self, time: SignedDuration) -> Result<(), Stop> {
        self.bench.wait(time);
        self.bench.release_due().await?;
        self.model.news.release_due(self.bench.now);
        Ok(())
    }

    async fn edit(&mut self, slot: usize, change: impl FnOnce(&mut Page)) -> Result<(), Stop> {
        // A file that is away is edited as it comes back.
        let Some(mut page) = self.last[slot].clone() else {
            return Ok(());
        };
        change(&mut page);
        self.see(slot, page).await
    }

    async fn see(&mut self, slot: usize, page: Page) -> Result<(), Stop> {
        let (of, original) = PAGES[slot];
        let found = Found {
            title: title(slot, &page),
            language: language(["pl", "uk", "en-GB"][of]),
            published: Some(page.published),
            updated: Some(page.updated),
            expires: page.expires,
            change_note: page.note.map(|note| format!("Zmiana {note}")),
            translation_of: original.map(|other| PublicationId(id_of(&path(other)))),
            ..file(&path(slot), &self.bench).tagged(&names(page.tags))
        };
        self.bench.look([found], &[]).await?;
        self.model.news.see(slot, &page, self.bench.now);
        self.last[slot] = Some(page.clone());
        self.files[slot] = Some(page);
        Ok(())
    }

    async fn decide(&mut self, approve: bool, dies: bool) -> Result<(), Stop> {
        let Some(hold) = self.bench.store.holds().await?.into_iter().next() else {
            return Ok(());
        };
        let decision = if approve {
            Decision::Approve
        } else {
            Decision::Skip
        };
        self.bench.store.decide(hold.key, decision).await?;
        if dies {
            self.die()?;
        }
        self.bench.carry_out(hold.key).await?;
        self.model.news.decide(approve, self.bench.now);
        Ok(())
    }
}

fn path(slot: usize) -> String {
    format!("{slot}.md")
}

/// Tags as text.
fn names(bits: u8) -> String {
    let names = TAGS.iter().enumerate();
    let names = names.filter(|(bit, _)| bits & 1 << bit != 0);
    names.map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
}

fn cadence_in(schedule: usize, zone: usize) -> Cadence {
    Cadence {
        schedule: SCHEDULES[schedule].to_owned(),
        zone: (schedule == LOCAL).then(|| ZONES[zone].to_owned()),
    }
}
