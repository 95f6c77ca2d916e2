//! Random histories, told to a store and to the model.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::model::{HOLD_OVER, Model, PAGES, PEOPLE, Page, SCHEDULES, SLOTS, TAGS, title};
use super::*;

#[derive(Debug, Clone)]
enum Step {
    /// A file appears, or one that was there before comes back; dated so many hours from now.
    Put {
        slot: usize,
        tags: usize,
        hours: i64,
    },
    Remove(usize),
    Minor(usize),
    Major(usize),
    Retag(usize, usize),
    /// It is of use for so many hours yet, or for ever.
    Expire(usize, Option<i64>),
    Subscribe {
        who: usize,
        schedule: usize,
        any: usize,
    },
    Unsubscribe(usize),
    /// The daemon looks at its schedules.
    Observe(usize),
    Open(usize),
    /// What is open is planned; perhaps the process dies between two pages.
    Plan {
        dies: bool,
    },
    /// What is due is sent; the bits say who defers and who refuses.
    Send {
        defer: u8,
        refuse: u8,
    },
    Wait(i64),
    /// A person says what is to become of the oldest hold; perhaps the process dies right then.
    Decide {
        approve: bool,
        dies: bool,
    },
    /// The process dies.
    Die,
}

fn step() -> impl Strategy<Value = Step> {
    let (slot, tags) = (0..SLOTS, 0..TAGS.len());
    let (who, schedule) = (0..PEOPLE.len(), 0..SCHEDULES.len());
    let hours = prop_oneof![3 => Just(0), 1 => Just(-24 * 30), 1 => Just(30)];
    prop_oneof![
        6 => (slot.clone(), tags.clone(), hours)
            .prop_map(|(slot, tags, hours)| Step::Put { slot, tags, hours }),
        2 => slot.clone().prop_map(Step::Remove),
        1 => slot.clone().prop_map(Step::Minor),
        2 => slot.clone().prop_map(Step::Major),
        2 => (slot.clone(), tags.clone()).prop_map(|(slot, tags)| Step::Retag(slot, tags)),
        2 => (slot, proptest::option::of(-1..60i64))
            .prop_map(|(slot, hours)| Step::Expire(slot, hours)),
        4 => (who.clone(), schedule.clone(), tags)
            .prop_map(|(who, schedule, any)| Step::Subscribe { who, schedule, any }),
        1 => who.prop_map(Step::Unsubscribe),
        1 => schedule.clone().prop_map(Step::Observe),
        4 => schedule.prop_map(Step::Open),
        4 => any::<bool>().prop_map(|dies| Step::Plan { dies }),
        4 => (any::<u8>(), any::<u8>())
            .prop_map(|(defer, refuse)| Step::Send { defer, refuse: refuse & defer }),
        2 => (1..200i64).prop_map(Step::Wait),
        2 => any::<(bool, bool)>().prop_map(|(approve, dies)| Step::Decide { approve, dies }),
        1 => Just(Step::Die),
    ]
}

/// A store, the model, and the files that both are told of.
struct Twins {
    bench: Bench,
    model: Model,
    files: [Option<Page>; SLOTS],
    /// The last state of each file, there or not.
    last: [Option<Page>; SLOTS],
    edits: u32,
    attempts: BTreeMap<DeliveryKey, u32>,
}

type Stop = Box<dyn std::error::Error>;

impl Twins {
    async fn take(&mut self, step: &Step) -> Result<(), Stop> {
        self.bench.wait(SignedDuration::from_secs(60));
        self.release().await?;
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
                self.see(slot, page).await?;
            }
            Step::Minor(slot) => self.edit(slot, |page| page.edit = edit).await?,
            Step::Major(slot) => {
                self.edit(slot, |page| {
                    page.edit = edit;
                    page.updated = page.updated.max(now);
                    page.note = Some(edit);
                })
                .await?;
            }
            Step::Retag(slot, tags) => self.edit(slot, |page| page.tags = tags).await?,
            Step::Expire(slot, hours) => {
                let expires = hours.map(|hours| now + SignedDuration::from_hours(hours));
                self.edit(slot, |page| page.expires = expires).await?;
            }
            Step::Remove(slot) if self.files[slot].take().is_some() => {
                self.bench.look([], &[&path(slot)]).await?;
                self.model.lose(slot);
            }
            Step::Put { .. } | Step::Remove(_) => {}
            Step::Subscribe { who, schedule, any } => {
                let mut request = request(PEOPLE[who].0, SCHEDULES[schedule], TAGS[any]);
                request.language = language(PEOPLE[who].1);
                self.bench.store.subscribe(request, now).await?;
                self.model.subscribe(who, schedule, any);
            }
            Step::Unsubscribe(who) => {
                let address = Address::parse(PEOPLE[who].0)?;
                if let Some(known) = self.bench.store.subscriber(&address).await? {
                    self.bench.store.unsubscribe(known.key, now).await?;
                }
                self.model.unsubscribe(who);
            }
            Step::Observe(schedule) => {
                let line = "0 8 * * *".to_owned();
                let cadence = cadence(SCHEDULES[schedule]);
                self.bench.store.observe(cadence, line, now).await?;
            }
            Step::Open(schedule) => {
                let cadence = cadence(SCHEDULES[schedule]);
                self.bench.store.open_run(cadence, now, None, now).await?;
                self.model.windows.push((schedule, self.model.number, now));
            }
            Step::Plan { dies } => self.plan(dies).await?,
            Step::Send { defer, refuse } => self.send(defer, refuse).await?,
            Step::Wait(hours) => {
                self.bench.wait(SignedDuration::from_hours(hours));
                self.release().await?;
            }
            Step::Decide { approve, dies } => self.decide(approve, dies).await?,
            Step::Die => self.die()?,
        }
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
        let found = Found {
            title: title(slot, &page),
            language: language(PAGES[slot].0),
            published: Some(page.published),
            updated: Some(page.updated),
            expires: page.expires,
            change_note: page.note.map(|note| format!("Zmiana {note}")),
            translation_of: PAGES[slot]
                .1
                .map(|other| PublicationId(id_of(&path(other)))),
            ..file(&path(slot), &self.bench).tagged(TAGS[page.tags])
        };
        self.bench.look([found], &[]).await?;
        self.model.see(slot, &page, self.bench.now);
        self.last[slot] = Some(page.clone());
        self.files[slot] = Some(page);
        Ok(())
    }

    async fn release(&mut self) -> Result<(), Stop> {
        self.bench.release_due().await?;
        let mut waiting: Vec<usize> = self.model.known.keys().copied().collect();
        waiting.sort_by_key(|slot| (self.model.known[slot].page.published, *slot));
        for slot in waiting {
            self.model.release(slot, self.bench.now);
        }
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
        self.model.decide(approve);
        Ok(())
    }

    async fn plan(&mut self, dies: bool) -> Result<(), Stop> {
        let mut open = self.bench.store.open_runs().await?;
        open.retain(|run| !run.planned);
        for run in open {
            let mut dies = dies;
            loop {
                let (key, now) = (run.key, self.bench.now);
                let run = self.bench.store.plan(key, 1, now).await?.ok_or("no run")?;
                if run.planned {
                    break;
                }
                if std::mem::take(&mut dies) {
                    self.die()?;
                }
            }
        }
        self.model.plan();
        books::are_even(&self.bench).await
    }

    async fn send(&mut self, defer: u8, refuse: u8) -> Result<(), Stop> {
        let claims = self.bench.claim().await?;
        let mut mails: Vec<_> = claims.iter().map(told).collect();
        mails.iter_mut().for_each(|(_, titles)| titles.sort());
        mails.sort();
        let mut outcomes = Vec::new();
        for claim in &claims {
            let who = PEOPLE
                .iter()
                .position(|(a, _)| *a == claim.address.as_str());
            let bit = 1 << who.ok_or("a stranger")?;
            let attempts = self.attempts.entry(claim.key).or_default();
            *attempts += 1;
            let outcome = if refuse & bit != 0 {
                Outcome::Refused("550".to_owned())
            } else if defer & bit != 0 && *attempts == 1 {
                Outcome::Deferred("451".to_owned())
            } else {
                Outcome::Accepted
            };
            outcomes.push((claim.key, outcome));
        }
        self.bench.settle(outcomes).await?;
        let expected = self.model.send(defer, refuse, self.bench.now);
        if mails == expected {
            Ok(())
        } else {
            Err(format!("sent {mails:?} instead of {expected:?}").into())
        }
    }

    fn die(&mut self) -> Result<(), Stop> {
        if self.bench.folder.is_some() {
            let now = self.bench.now;
            // The clock of a bench without a folder does not matter.
            let bench = std::mem::replace(&mut self.bench, Bench::memory()?);
            self.bench = reopening::reopen(bench)?;
            self.bench.now = now;
        }
        Ok(())
    }
}

fn path(slot: usize) -> String {
    format!("{slot}.md")
}

async fn history(mut bench: Bench, steps: &[Step]) -> Result<(), Stop> {
    bench.guards.hold_over = HOLD_OVER as u64;
    bench.scan([], &[]).await?;
    let mut twins = Twins {
        bench,
        model: Model::default(),
        files: [const { None }; SLOTS],
        last: [const { None }; SLOTS],
        edits: 0,
        attempts: BTreeMap::new(),
    };
    for step in steps {
        twins.take(step).await?;
    }
    // Whatever is left over comes out.
    for approve in [true, false, true, true] {
        let dies = true;
        twins.take(&Step::Decide { approve, dies }).await?;
    }
    for schedule in 0..SCHEDULES.len() {
        twins.take(&Step::Open(schedule)).await?;
    }
    twins.take(&Step::Plan { dies: true }).await?;
    for _ in 0..2 {
        twins
            .take(&Step::Send {
                defer: 0,
                refuse: 0,
            })
            .await?;
    }
    let open = twins.bench.store.open_runs().await?;
    if open.is_empty() {
        Ok(())
    } else {
        Err(format!("runs stay open: {open:?}").into())
    }
}

fn histories(cases: u32, bench: fn() -> Result<Bench, Stop>) -> Test {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let steps = proptest::collection::vec(step(), 1..60);
    TestRunner::new(config).run(&steps, |steps| {
        let bench = bench().map_err(|error| TestCaseError::fail(error.to_string()))?;
        runtime
            .block_on(history(bench, &steps))
            .map_err(|error| TestCaseError::fail(error.to_string()))
    })?;
    Ok(())
}

#[test]
fn everyone_gets_what_the_model_says() -> Test {
    histories(400, || Ok(Bench::memory()?))
}

#[test]
fn everyone_gets_what_the_model_says_though_the_process_dies() -> Test {
    histories(12, Bench::sled)
}
