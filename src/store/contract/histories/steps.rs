//! The steps that histories are made of, and how they are drawn.

use proptest::prelude::*;

use super::super::model::{Filter, LANGUAGES, PAGES, PEOPLE, SCHEDULES, ZONES};

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A file appears, or one that was there before comes back; dated so many hours from now.
    Put {
        slot: usize,
        tags: u8,
        hours: i64,
    },
    Remove(usize),
    Minor(usize),
    Major(usize),
    Retag(usize, u8),
    /// It is of use for so many hours yet, or for ever.
    Expire(usize, Option<i64>),
    /// A person says what is to become of the oldest hold; perhaps the process dies right then.
    Decide {
        approve: bool,
        dies: bool,
    },
    Subscribe {
        who: usize,
        schedule: usize,
        filter: Filter,
        is_vouched_for: bool,
    },
    Confirm(usize),
    Unsubscribe(usize),
    Pause(usize),
    Resume(usize),
    Speak(usize, usize),
    Move(usize, usize),
    /// One of their subscriptions, by its place, goes by another schedule.
    Switch {
        who: usize,
        place: usize,
        schedule: usize,
    },
    /// It has another filter.
    Refilter {
        who: usize,
        place: usize,
        filter: Filter,
    },
    /// It is given up.
    Drop {
        who: usize,
        place: usize,
    },
    /// The daemon looks at the clock.
    Tick,
    /// A window is opened out of turn.
    Open(usize, usize),
    /// What is open is planned for a few.
    Page,
    /// It is planned to the end; perhaps the process dies between two pages.
    Plan {
        dies: bool,
    },
    /// The sender takes what is due.
    Claim,
    /// What the sender has is sent; the bits say who defers and who refuses.
    Send {
        defer: u8,
        refuse: u8,
    },
    Wait(i64),
    /// The process dies.
    Die,
}

fn filter() -> impl Strategy<Value = Filter> {
    // Mostly one demand or none.
    let bits = |rarity: u32| prop_oneof![rarity => Just(0u8), 1 => 1..4u8];
    let languages = prop_oneof![5 => Just(0u8), 1 => 1..(1u8 << LANGUAGES.len())];
    (bits(1), bits(5), bits(5), languages).prop_map(|(any, all, none, languages)| Filter {
        any,
        all,
        none,
        languages,
    })
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let (slot, tags) = (0..PAGES.len(), 0..4u8);
    let (who, schedule, place) = (0..PEOPLE, 0..SCHEDULES.len(), 0..3usize);
    let hours = prop_oneof![3 => Just(0), 1 => Just(-24 * 30), 1 => Just(30)];
    let pages = prop_oneof![
        6 => (slot.clone(), tags.clone(), hours)
            .prop_map(|(slot, tags, hours)| Step::Put { slot, tags, hours }),
        2 => slot.clone().prop_map(Step::Remove),
        1 => slot.clone().prop_map(Step::Minor),
        3 => slot.clone().prop_map(Step::Major),
        2 => (slot.clone(), tags).prop_map(|(slot, tags)| Step::Retag(slot, tags)),
        2 => (slot, proptest::option::of(-1..60i64))
            .prop_map(|(slot, hours)| Step::Expire(slot, hours)),
        2 => any::<(bool, bool)>().prop_map(|(approve, dies)| Step::Decide { approve, dies }),
    ];
    let people = prop_oneof![
        5 => (who.clone(), schedule.clone(), filter(), prop_oneof![5 => Just(true), 1 => Just(false)])
            .prop_map(|(who, schedule, filter, is_vouched_for)| Step::Subscribe {
                who,
                schedule,
                filter,
                is_vouched_for,
            }),
        1 => who.clone().prop_map(Step::Confirm),
        1 => who.clone().prop_map(Step::Unsubscribe),
        1 => who.clone().prop_map(Step::Pause),
        2 => who.clone().prop_map(Step::Resume),
        1 => (who.clone(), 0..LANGUAGES.len()).prop_map(|(who, to)| Step::Speak(who, to)),
        1 => (who.clone(), 0..ZONES.len()).prop_map(|(who, to)| Step::Move(who, to)),
        3 => (who.clone(), place.clone(), schedule.clone())
            .prop_map(|(who, place, schedule)| Step::Switch { who, place, schedule }),
        3 => (who.clone(), place.clone(), filter())
            .prop_map(|(who, place, filter)| Step::Refilter { who, place, filter }),
        1 => (who, place).prop_map(|(who, place)| Step::Drop { who, place }),
    ];
    let daemon = prop_oneof![
        3 => Just(Step::Tick),
        4 => (schedule, 0..ZONES.len()).prop_map(|(schedule, zone)| Step::Open(schedule, zone)),
        3 => Just(Step::Page),
        3 => any::<bool>().prop_map(|dies| Step::Plan { dies }),
        2 => Just(Step::Claim),
        4 => (any::<u8>(), any::<u8>())
            .prop_map(|(defer, refuse)| Step::Send { defer, refuse: refuse & defer }),
        3 => (1..200i64).prop_map(Step::Wait),
        1 => Just(Step::Die),
    ];
    prop_oneof![pages, people, daemon]
}
