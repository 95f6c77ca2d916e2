//! Who gets what, plainly: a cursor in every subscription, every mail in a list, nothing of marks,
//! indexes, pages or runs. `histories` holds the store against it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{MAX_AGE, POLICY};

/// More news than this within ten minutes waits.
pub(super) const HOLD_OVER: usize = 2;
const WINDOW: SignedDuration = SignedDuration::from_mins(10);

pub(super) const SLOTS: usize = 4;
/// Language, and the slot of what it translates.
pub(super) const PAGES: [(&str, Option<usize>); SLOTS] =
    [("pl", None), ("uk", Some(0)), ("pl", None), ("uk", None)];
pub(super) const PEOPLE: [(&str, &str); 3] = [
    ("a@example.org", "pl"),
    ("b@example.org", "uk"),
    ("c@example.org", "pl"),
];
pub(super) const SCHEDULES: [&str; 2] = ["daily", "weekly"];
/// Tags are bits.
pub(super) const TAGS: [&str; 4] = ["", "prawo", "pomoc", "pomoc prawo"];

/// What matters of a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Page {
    pub(super) edit: u32,
    pub(super) tags: usize,
    pub(super) published: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) note: Option<u32>,
    pub(super) expires: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stands {
    Waiting,
    Live,
    /// Withdrawn or expired.
    Gone,
}

pub(super) struct Known {
    pub(super) page: Page,
    stands: Stands,
    major: u32,
    released: Option<Timestamp>,
    was_news: bool,
    /// A person let its news out.
    approved: bool,
    /// Its last news in each window: all its news, in order.
    news: Vec<u64>,
}

pub(super) struct Asked {
    schedule: usize,
    any: usize,
    cursor: u64,
}

#[derive(Default)]
pub(super) struct Person {
    active: bool,
    asked: Vec<Asked>,
    /// Slot of the original → major revision.
    had: BTreeMap<usize, u32>,
}

pub(super) struct Mail {
    who: usize,
    items: Vec<(usize, String)>,
    opened: Timestamp,
    /// When to try again, once deferred.
    deferred: Option<Timestamp>,
}

/// News that waits for a person.
struct Held {
    slots: Vec<usize>,
    renewed: Timestamp,
}

#[derive(Default)]
pub(super) struct Model {
    /// What may be mailed and was news not long ago: number, when, what.
    recent: Vec<(u64, Timestamp, usize)>,
    holds: BTreeMap<u64, Held>,
    /// The number of the last hold.
    hold: u64,
    pub(super) number: u64,
    pub(super) known: BTreeMap<usize, Known>,
    pub(super) people: [Person; PEOPLE.len()],
    pub(super) windows: Vec<(usize, u64, Timestamp)>,
    pub(super) mails: Vec<Mail>,
}

impl Page {
    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

pub(super) fn is_recent(now: Timestamp, then: Timestamp) -> bool {
    now.duration_since(then) <= MAX_AGE
}

pub(super) fn original(slot: usize) -> usize {
    PAGES[slot].1.unwrap_or(slot)
}

pub(super) fn title(slot: usize, page: &Page) -> String {
    format!("{slot}.{}", page.edit)
}

impl Model {
    pub(super) fn see(&mut self, slot: usize, page: &Page, now: Timestamp) {
        let known = self.known.entry(slot).or_insert_with(|| Known {
            page: page.clone(),
            stands: Stands::Waiting,
            major: 0,
            released: None,
            was_news: false,
            approved: false,
            news: Vec::new(),
        });
        let was = std::mem::replace(&mut known.page, page.clone());
        let Some(released) = known.released else {
            known.stands = Stands::Waiting;
            return self.release(slot, now);
        };
        if known.stands == Stands::Live && was == *page {
            return;
        }
        if page.has_expired(now) {
            self.number += u64::from(known.stands == Stands::Live);
            known.stands = Stands::Gone;
            return;
        }
        let is_major = page.updated > was.updated && page.note.is_some() && page.note != was.note;
        let is_return = known.stands == Stands::Gone || was.tags != page.tags;
        known.stands = Stands::Live;
        known.major += u32::from(is_major);
        self.number += 1;
        if is_major || (is_return && known.was_news && is_recent(now, released)) {
            known.was_news = true;
            self.note(slot, now);
        }
    }

    /// The last change of a page is news: it may be mailed, or it waits.
    fn note(&mut self, slot: usize, now: Timestamp) {
        if self.holds.values().any(|held| held.slots.contains(&slot)) {
            return;
        }
        let is_recent = |at: &Timestamp| now.duration_since(*at) <= WINDOW;
        self.recent.retain(|(_, at, _)| is_recent(at));
        let is_joined = self
            .holds
            .last_key_value()
            .is_some_and(|(_, held)| is_recent(&held.renewed));
        if !is_joined {
            self.recent.push((self.number, now, slot));
            if let Some(known) = self.known.get_mut(&slot) {
                known.news.push(self.number);
            }
            if self.recent.len() > HOLD_OVER {
                self.hold_back(now);
            }
        } else if let Some(mut last) = self.holds.last_entry() {
            last.get_mut().slots.push(slot);
            last.get_mut().renewed = now;
        }
    }

    /// All recent news waits.
    fn hold_back(&mut self, now: Timestamp) {
        let mut slots = Vec::new();
        for (number, _, slot) in std::mem::take(&mut self.recent) {
            if let Some(known) = self.known.get_mut(&slot) {
                known.news.retain(|news| *news != number);
            }
            slots.retain(|other| *other != slot);
            slots.push(slot);
        }
        self.hold += 1;
        let renewed = now;
        self.holds.insert(self.hold, Held { slots, renewed });
    }

    /// A person says what is to become of the oldest hold.
    pub(super) fn decide(&mut self, approve: bool) {
        let Some((_, held)) = self.holds.pop_first() else {
            return;
        };
        for slot in held.slots {
            let Some(known) = self.known.get_mut(&slot) else {
                continue;
            };
            if !approve {
                known.was_news = known.approved || !known.news.is_empty();
                continue;
            }
            known.approved = true;
            if known.stands == Stands::Live {
                self.number += 1;
                known.news.push(self.number);
                self.recent.clear();
            }
        }
    }

    /// Releases what waits, if its date has come; takes away what is live, if its end has.
    pub(super) fn release(&mut self, slot: usize, now: Timestamp) {
        let Some(known) = self.known.get_mut(&slot) else {
            return;
        };
        if known.page.has_expired(now) {
            self.number += u64::from(known.stands == Stands::Live);
            if known.stands == Stands::Live {
                known.stands = Stands::Gone;
            }
        } else if known.stands == Stands::Waiting && known.page.published <= now {
            self.number += 1;
            known.stands = Stands::Live;
            known.released = Some(now);
            known.was_news = is_recent(now, known.page.published);
            if known.was_news {
                self.note(slot, now);
            }
        }
    }

    pub(super) fn lose(&mut self, slot: usize) {
        if let Some(known) = self.known.get_mut(&slot) {
            self.number += u64::from(known.stands == Stands::Live);
            known.stands = Stands::Gone;
        }
    }

    pub(super) fn subscribe(&mut self, who: usize, schedule: usize, any: usize) {
        let person = &mut self.people[who];
        if !person.active {
            person.active = true;
            person.asked.clear();
        }
        let is_same = |asked: &Asked| (asked.schedule, asked.any) == (schedule, any);
        if !person.asked.iter().any(is_same) {
            person.asked.push(Asked {
                schedule,
                any,
                cursor: self.number,
            });
        }
    }

    pub(super) fn unsubscribe(&mut self, who: usize) {
        self.people[who].active = false;
        self.mails.retain(|mail| mail.who != who);
    }

    pub(super) fn plan(&mut self) {
        for (schedule, upper, opened) in std::mem::take(&mut self.windows) {
            for who in 0..PEOPLE.len() {
                if self.people[who].active {
                    self.plan_for(who, schedule, upper, opened);
                }
                for asked in &mut self.people[who].asked {
                    if asked.schedule == schedule {
                        asked.cursor = asked.cursor.max(upper);
                    }
                }
            }
        }
    }

    fn plan_for(&mut self, who: usize, schedule: usize, upper: u64, opened: Timestamp) {
        let person = &mut self.people[who];
        // By original: the publication itself or the translation that the reader prefers.
        let mut chosen: BTreeMap<usize, usize> = BTreeMap::new();
        for (&slot, known) in &self.known {
            let wants = |asked: &Asked| {
                asked.schedule == schedule
                    && (asked.any == 0 || asked.any & known.page.tags != 0)
                    && known.news.iter().any(|n| *n > asked.cursor && *n <= upper)
            };
            let is_own_language = PAGES[slot].0 == PEOPLE[who].1;
            if known.stands == Stands::Live
                && person.asked.iter().any(wants)
                && (is_own_language || !chosen.contains_key(&original(slot)))
            {
                chosen.insert(original(slot), slot);
            }
        }
        let mut items = Vec::new();
        for (original, slot) in chosen {
            let known = &self.known[&slot];
            let before = person.had.get(&original).copied();
            if before.is_none_or(|major| major < known.major) {
                let mark = if before.is_some() { "!" } else { "" };
                items.push((slot, format!("{mark}{}", title(slot, &known.page))));
                person.had.insert(original, known.major);
            }
        }
        if !items.is_empty() {
            self.mails.push(Mail {
                who,
                items,
                opened,
                deferred: None,
            });
        }
    }

    /// Who is told what now. `outcome` says of each how it ended.
    pub(super) fn send(
        &mut self,
        defer: u8,
        refuse: u8,
        now: Timestamp,
    ) -> Vec<(String, Vec<String>)> {
        let mut told = Vec::new();
        for mut mail in std::mem::take(&mut self.mails) {
            if mail.deferred.is_some_and(|until| until > now) {
                self.mails.push(mail);
                continue;
            }
            let live = |slot: usize| self.known[&slot].stands == Stands::Live;
            let mut titles: Vec<String> = mail
                .items
                .iter()
                .filter(|(slot, _)| live(*slot))
                .map(|(_, title)| title.clone())
                .collect();
            if titles.is_empty() {
                continue;
            }
            titles.sort();
            told.push((PEOPLE[mail.who].0.to_owned(), titles));
            let bit = 1 << mail.who;
            // The first pause is half a minute; of a second attempt no test step defers.
            let until = now + SignedDuration::from_secs(30);
            let is_first = mail.deferred.is_none();
            if defer & !refuse & bit != 0 && is_first && until <= mail.opened + POLICY.retry_for {
                mail.deferred = Some(until);
                self.mails.push(mail);
            }
        }
        told.sort();
        told
    }
}
