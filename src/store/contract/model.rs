//! Who gets what, plainly: design section 4, with a cursor in every subscription, every filter that
//! it ever had, and every mail in a list. Nothing of marks, exceptions, indexes, pages or rows, and
//! nothing of the store's but plain types. `news` says what is news, `clock` when windows are due,
//! `mails` what becomes of what was planned; `histories` holds the store against all of it.

pub(super) mod clock;
mod mails;
pub(super) mod news;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use news::{News, Page};

pub(super) const LANGUAGES: [&str; 3] = ["pl", "uk", "en"];
pub(super) const ZONES: [&str; 3] = ["Europe/Warsaw", "Europe/Kyiv", "America/New_York"];
pub(super) const SCHEDULES: [&str; 4] = ["daily", "weekly", "local", "immediate"];
pub(super) const IMMEDIATE: usize = 3;
/// Mails by each reader's own clock.
pub(super) const LOCAL: usize = 2;
/// Language, and the slot of what it translates.
pub(super) const PAGES: [(usize, Option<usize>); 5] =
    [(0, None), (1, Some(0)), (0, None), (1, None), (2, Some(0))];
pub(super) const PEOPLE: usize = 3;

/// A schedule, and the zone if it goes by the reader's clock.
pub(super) type Cadence = (usize, Option<usize>);

/// Tags and languages are bits.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Filter {
    pub(super) any: u8,
    pub(super) all: u8,
    pub(super) none: u8,
    pub(super) languages: u8,
}

impl Filter {
    fn passes(self, page: &Page, language: usize) -> bool {
        (self.any == 0 || self.any & page.tags != 0)
            && self.all & page.tags == self.all
            && self.none & page.tags == 0
            && (self.languages == 0 || self.languages & (1 << language) != 0)
    }
}

/// A subscription.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) schedule: usize,
    /// All filters that it had, each with the number after which it came into force.
    filters: Vec<(u64, Filter)>,
    /// Everything up to here is decided.
    cursor: u64,
    /// What was planned and could not be sent because of a pause.
    owed: BTreeSet<usize>,
}

impl Asked {
    fn new(schedule: usize, filter: Filter, cursor: u64) -> Asked {
        Asked {
            schedule,
            filters: vec![(0, filter)],
            cursor,
            owed: BTreeSet::new(),
        }
    }

    fn filter_at(&self, number: u64) -> Filter {
        let before = self.filters.iter().rfind(|(after, _)| *after < number);
        before.map(|(_, filter)| *filter).unwrap_or_default()
    }

    pub(super) fn filter(&self) -> Filter {
        self.filter_at(u64::MAX)
    }

    fn is(&self, (schedule, filter): (usize, Filter)) -> bool {
        self.schedule == schedule && self.filter() == filter
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Status {
    #[default]
    Gone,
    Unconfirmed,
    Active,
    Paused,
}

#[derive(Default)]
pub(super) struct Person {
    pub(super) status: Status,
    pub(super) language: usize,
    pub(super) zone: usize,
    pub(super) asked: Vec<Asked>,
    /// The slot of an original and the major revision, for each item of each mail to them.
    had: Vec<(usize, u32)>,
}

impl Person {
    fn cadence(&self, asked: &Asked) -> Cadence {
        let zone = (asked.schedule == LOCAL).then_some(self.zone);
        (asked.schedule, zone)
    }
}

/// A window that is not planned for everybody yet.
pub(super) struct Window {
    cadence: Cadence,
    upper: u64,
    opened: Timestamp,
    /// So many of those who came first are planned.
    through: usize,
}

struct Item {
    slot: usize,
    title: String,
    major: u32,
}

pub(super) struct Mail {
    who: usize,
    items: Vec<Item>,
    opened: Timestamp,
    /// When to try again, once deferred.
    deferred: Option<Timestamp>,
    /// What it says, once it is with the sender.
    out: Option<Vec<String>>,
    /// Its reader left and came anew while it was with the sender.
    is_void: bool,
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) news: News,
    pub(super) people: [Person; PEOPLE],
    /// People in the order in which they first came.
    came: Vec<usize>,
    windows: Vec<Window>,
    mails: Vec<Mail>,
    clock: clock::Clock,
}

fn original(slot: usize) -> usize {
    PAGES[slot].1.unwrap_or(slot)
}

pub(super) fn title(slot: usize, page: &Page) -> String {
    format!("{slot}.{}", page.edit)
}

/// What people ask for.
impl Model {
    pub(super) fn subscribe(&mut self, who: usize, wish: (usize, Filter), is_vouched_for: bool) {
        if !self.came.contains(&who) {
            self.came.push(who);
        }
        let person = &mut self.people[who];
        let stays = match person.status {
            Status::Active | Status::Paused if !is_vouched_for => return,
            Status::Active | Status::Paused => true,
            Status::Unconfirmed => !is_vouched_for,
            Status::Gone => false,
        };
        if !stays {
            person.asked.clear();
            person.status = match is_vouched_for {
                true => Status::Active,
                false => Status::Unconfirmed,
            };
            let out = self.mails.iter_mut().filter(|mail| mail.who == who);
            out.for_each(|mail| mail.is_void = true);
        }
        if !person.asked.iter().any(|asked| asked.is(wish)) {
            let asked = Asked::new(wish.0, wish.1, self.news.head);
            person.asked.push(asked);
        }
    }

    /// The cursor starts at the head on confirmation.
    pub(super) fn confirm(&mut self, who: usize) {
        let person = &mut self.people[who];
        if person.status == Status::Unconfirmed {
            person.status = Status::Active;
            for asked in &mut person.asked {
                *asked = Asked::new(asked.schedule, asked.filter(), self.news.head);
            }
        }
    }

    pub(super) fn unsubscribe(&mut self, who: usize) {
        self.people[who].status = Status::Gone;
        self.mails
            .retain(|mail| mail.who != who || mail.out.is_some());
    }

    pub(super) fn pause(&mut self, who: usize) {
        let status = &mut self.people[who].status;
        if *status == Status::Active {
            *status = Status::Paused;
        }
    }

    pub(super) fn resume(&mut self, who: usize) {
        let status = &mut self.people[who].status;
        if *status == Status::Paused {
            *status = Status::Active;
        }
    }

    /// A wish becomes another, or (`None`) is given up.
    pub(super) fn change(
        &mut self,
        who: usize,
        was: (usize, Filter),
        wish: Option<(usize, Filter)>,
    ) {
        let person = &mut self.people[who];
        if person.status == Status::Gone {
            return;
        }
        match wish {
            None if person.asked.iter().all(|asked| asked.is(was)) => self.unsubscribe(who),
            None => person.asked.retain(|asked| !asked.is(was)),
            Some((schedule, filter)) => {
                for asked in person.asked.iter_mut().filter(|asked| asked.is(was)) {
                    asked.schedule = schedule;
                    asked.filters.push((self.news.head, filter));
                }
            }
        }
    }
}

/// Who gets what.
impl Model {
    pub(super) fn open(&mut self, cadence: Cadence, upper: u64, opened: Timestamp) {
        self.windows.push(Window {
            cadence,
            upper,
            opened,
            through: 0,
        });
    }

    /// Plans the first window for those who came first, up to `through`; `None`: for everybody.
    pub(super) fn plan(&mut self, through: Option<usize>) {
        let Some(window) = self.windows.first_mut() else {
            return;
        };
        let from = window.through;
        window.through = through.unwrap_or(self.came.len()).max(from);
        for place in from..window.through {
            self.plan_for(self.came[place]);
        }
        if through.is_none() {
            self.windows.remove(0);
        }
    }

    pub(super) fn plan_everything(&mut self) {
        while !self.windows.is_empty() {
            self.plan(None);
        }
    }

    /// Of the publications in (cursor, upper], as they stand now, those that passed the filter in
    /// force at their number and pass the one in force now, and were not mailed to them at that
    /// major revision; of a publication and its translations, the one in the language that comes
    /// first for them.
    fn plan_for(&mut self, who: usize) {
        let (window, person) = (&self.windows[0], &mut self.people[who]);
        if person.status != Status::Active {
            return;
        }
        let counts = |slot: usize, asked: &Asked| {
            let known = &self.news.known[&slot];
            let passes = |filter: Filter| filter.passes(&known.page, PAGES[slot].0);
            let is_news = known
                .number(window.upper)
                .is_some_and(|number| number > asked.cursor && passes(asked.filter_at(number)));
            known.is_live() && passes(asked.filter()) && (is_news || asked.owed.contains(&slot))
        };
        let theirs = person.asked.iter();
        let theirs: Vec<&Asked> = theirs
            .filter(|asked| person.cadence(asked) == window.cadence)
            .collect();
        let mut chosen: BTreeMap<usize, usize> = BTreeMap::new();
        for &slot in self.news.known.keys() {
            if theirs.iter().any(|asked| counts(slot, asked)) {
                let rank = |slot: usize| {
                    let is_foreign = PAGES[slot].0 != person.language;
                    (is_foreign, self.news.known[&slot].order)
                };
                let best = chosen.entry(original(slot)).or_insert(slot);
                *best = std::cmp::min_by_key(*best, slot, |slot| rank(*slot));
            }
        }
        let mut items = Vec::new();
        for (original, slot) in chosen {
            let known = &self.news.known[&slot];
            let had = person.had.iter().filter(|had| had.0 == original);
            let had = had.map(|(_, major)| *major).max();
            if had.is_none_or(|major| major < known.major) {
                let mark = if had.is_some() { "!" } else { "" };
                items.push(Item {
                    slot,
                    title: format!("{mark}{}", title(slot, &known.page)),
                    major: known.major,
                });
                person.had.push((original, known.major));
            }
        }
        for place in 0..person.asked.len() {
            if person.cadence(&person.asked[place]) == window.cadence {
                let asked = &mut person.asked[place];
                asked.cursor = asked.cursor.max(window.upper);
                asked.owed.clear();
            }
        }
        if !items.is_empty() {
            self.mails.push(Mail {
                who,
                items,
                opened: window.opened,
                deferred: None,
                out: None,
                is_void: false,
            });
        }
    }
}
