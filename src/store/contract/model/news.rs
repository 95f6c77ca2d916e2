//! What is news, plainly: what becomes of pages, and what waits for a person.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::super::MAX_AGE;

/// More news than this within ten minutes waits.
pub(in super::super) const HOLD_OVER: usize = 2;
const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// What matters of a file.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Page {
    pub(in super::super) edit: u32,
    /// Tags are bits.
    pub(in super::super) tags: u8,
    pub(in super::super) published: Timestamp,
    pub(in super::super) updated: Timestamp,
    pub(in super::super) note: Option<u32>,
    pub(in super::super) expires: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stands {
    Waiting,
    Live,
    /// Withdrawn or expired.
    Gone,
}

pub(in super::super) struct Known {
    pub(in super::super) page: Page,
    /// Which it was among all that were ever seen.
    pub(super) order: usize,
    stands: Stands,
    pub(super) major: u32,
    released: Option<Timestamp>,
    was_news: bool,
    /// A person let its news out.
    approved: bool,
    /// The numbers at which it was news, and when.
    pub(super) news: Vec<(u64, Timestamp)>,
}

/// News that waits for a person.
struct Held {
    slots: Vec<usize>,
    renewed: Timestamp,
}

#[derive(Default)]
pub(in super::super) struct News {
    /// What may be mailed and was news not long ago: number, when, what.
    recent: Vec<(u64, Timestamp, usize)>,
    holds: BTreeMap<u64, Held>,
    /// The number of the last hold.
    hold: u64,
    /// The number of the last change.
    pub(super) head: u64,
    pub(in super::super) known: BTreeMap<usize, Known>,
}

impl Page {
    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl Known {
    pub(super) fn is_live(&self) -> bool {
        self.stands == Stands::Live
    }

    /// Its number in a window: of several, the last.
    pub(super) fn number(&self, upper: u64) -> Option<u64> {
        let numbers = self.news.iter().map(|(number, _)| *number);
        numbers.filter(|number| *number <= upper).max()
    }
}

fn is_recent(now: Timestamp, then: Timestamp) -> bool {
    now.duration_since(then) <= MAX_AGE
}

impl News {
    pub(in super::super) fn see(&mut self, slot: usize, page: &Page, now: Timestamp) {
        let order = self.known.len();
        let known = self.known.entry(slot).or_insert_with(|| Known {
            page: page.clone(),
            order,
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
        if known.is_live() && was == *page {
            return;
        }
        if page.has_expired(now) {
            self.head += u64::from(known.is_live());
            known.stands = Stands::Gone;
            return;
        }
        let is_major = page.updated > was.updated && page.note.is_some() && page.note != was.note;
        let is_return = known.stands == Stands::Gone || was.tags != page.tags;
        known.stands = Stands::Live;
        known.major += u32::from(is_major);
        self.head += 1;
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
            self.recent.push((self.head, now, slot));
            if let Some(known) = self.known.get_mut(&slot) {
                known.news.push((self.head, now));
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
                known.news.retain(|(news, _)| *news != number);
            }
            slots.retain(|other| *other != slot);
            slots.push(slot);
        }
        self.hold += 1;
        let renewed = now;
        self.holds.insert(self.hold, Held { slots, renewed });
    }

    /// A person says what is to become of the oldest hold.
    pub(in super::super) fn decide(&mut self, approve: bool, now: Timestamp) {
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
            if known.is_live() {
                self.head += 1;
                known.news.push((self.head, now));
                self.recent.clear();
            }
        }
    }

    /// Everything whose instant has come: what waits is released, what has ended is taken away.
    pub(in super::super) fn release_due(&mut self, now: Timestamp) {
        let mut slots: Vec<usize> = self.known.keys().copied().collect();
        slots.sort_by_key(|slot| (self.known[slot].page.published, *slot));
        for slot in slots {
            self.release(slot, now);
        }
    }

    fn release(&mut self, slot: usize, now: Timestamp) {
        let Some(known) = self.known.get_mut(&slot) else {
            return;
        };
        if known.page.has_expired(now) {
            self.head += u64::from(known.is_live());
            if known.is_live() {
                known.stands = Stands::Gone;
            }
        } else if known.stands == Stands::Waiting && known.page.published <= now {
            self.head += 1;
            known.stands = Stands::Live;
            known.released = Some(now);
            known.was_news = is_recent(now, known.page.published);
            if known.was_news {
                self.note(slot, now);
            }
        }
    }

    pub(in super::super) fn lose(&mut self, slot: usize) {
        if let Some(known) = self.known.get_mut(&slot) {
            self.head += u64::from(known.is_live());
            known.stands = Stands::Gone;
        }
    }

    /// The highest number at which something was news no later than `by`.
    pub(super) fn ripe(&self, by: Timestamp) -> u64 {
        let news = self.known.values().flat_map(|known| &known.news);
        let ripe = news.filter(|(_, at)| *at <= by).map(|(number, _)| *number);
        ripe.max().unwrap_or_default()
    }
}
