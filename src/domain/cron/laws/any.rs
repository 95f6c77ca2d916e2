//! Any line, zone and instant.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::*;

const MONTHS: &[&str] = &[
    "jan", "Feb", "MAR", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
/// Sunday stands at both ends of a week.
const WEEKDAYS: &[&str] = &["sun", "Mon", "TUE", "wed", "thu", "fri", "sat", "Sun"];

/// Zones with something to stumble over; every other zone is drawn too.
const ODD: &[&str] = &[
    "Africa/Cairo",        // forward at midnight, and years without summer time
    "Africa/Casablanca",   // winter time in Ramadan: four changes a year
    "America/Havana",      // forward at midnight, back from 01:00 to midnight
    "America/Sao_Paulo",   // forward at midnight; none since 2019
    "America/St_Johns",    // at 00:01; in 1988 by two hours
    "America/Nuuk",        // at 22:00 and 23:00 the evening before
    "Antarctica/Casey",    // by three hours, now and then
    "Antarctica/Troll",    // by two hours
    "Asia/Gaza",           // another date each year
    "Asia/Pyongyang",      // by half an hour, once each way
    "Australia/Lord_Howe", // by half an hour
    "Europe/Dublin",       // its winter time is the exception: negative summer time
    "Europe/Warsaw",       //
    "Pacific/Apia",        // 30 December 2011 did not exist
    "Pacific/Kwajalein",   // nor did 21 August 1993
    "Africa/Monrovia",     // offset by 44 minutes 30 seconds until 1972
];

/// A number that a field takes, by name where it has names.
fn value(min: u8, max: u8, names: &'static [&'static str]) -> BoxedStrategy<String> {
    let number = (min..=max).prop_map(|value| value.to_string());
    if names.is_empty() {
        number.boxed()
    } else {
        prop_oneof![3 => number, 1 => select(names).prop_map(str::to_owned)].boxed()
    }
}

/// A value, a range, or either with a step: what lists are made of.
fn part(min: u8, max: u8, names: &'static [&'static str]) -> impl Strategy<Value = String> {
    let range = (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b)));
    let named = (0..names.len().max(1), 0..names.len().max(1)).prop_map(move |(a, b)| {
        match (names.get(a.min(b)), names.get(a.max(b))) {
            (Some(first), Some(last)) => format!("{first}-{last}"),
            _ => min.to_string(),
        }
    });
    prop_oneof![
        4 => value(min, max, names),
        2 => range.clone(),
        1 => named,
        1 => (range, 1..=max).prop_map(|(range, step)| format!("{range}/{step}")),
        1 => (1..=max).prop_map(|step| format!("*/{step}")),
    ]
}

fn field(min: u8, max: u8, names: &'static [&'static str]) -> impl Strategy<Value = String> {
    let listed = prop_oneof![40 => part(min, max, names), 1 => Just("*".to_owned())];
    prop_oneof![
        4 => Just("*".to_owned()),
        5 => part(min, max, names),
        1 => vec(listed, 2..4).prop_map(|parts| parts.join(",")),
    ]
}

/// Five fields; the hours are often those in which clocks change.
fn five() -> impl Strategy<Value = String> {
    let hour = prop_oneof![
        3 => field(0, 23, &[]),
        2 => (0u8..4).prop_map(|hour| hour.to_string()),
        1 => (22u8..24).prop_map(|hour| hour.to_string()),
    ];
    // Most schedules say nothing of days.
    let rarely = |field: BoxedStrategy<String>| prop_oneof![1 => Just("*".to_owned()), 1 => field];
    (
        field(0, 59, &[]),
        hour,
        rarely(field(1, 31, &[]).boxed()),
        rarely(field(1, 12, MONTHS).boxed()),
        rarely(field(0, 7, WEEKDAYS).boxed()),
    )
        .prop_map(|(minute, hour, day, month, weekday)| {
            format!("{minute} {hour} {day} {month} {weekday}")
        })
}

/// A line of any form that comes due at all.
pub(super) fn line() -> impl Strategy<Value = CronLine> {
    let nicknames = &[
        "@yearly",
        "@Annually",
        "@monthly",
        "@WEEKLY",
        "@daily",
        "@midnight",
        "@hourly",
    ];
    let six = (field(0, 59, &[]), five()).prop_map(|(second, five)| format!("{second} {five}"));
    prop_oneof![
        20 => five(),
        4 => six,
        1 => select(nicknames).prop_map(str::to_owned),
    ]
    .prop_filter_map("never due", |line| CronLine::parse(&line).ok())
}

/// A line of five fields.
pub(super) fn line_of_minutes() -> impl Strategy<Value = CronLine> {
    five().prop_filter_map("never due", |line| CronLine::parse(&line).ok())
}

/// Any zone, and often an odd one.
pub(super) fn zone() -> impl Strategy<Value = TimeZone> {
    let mut names: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    names.sort();
    assert!(names.len() > 400, "the system knows {} zones", names.len());
    prop_oneof![
        1 => select(names),
        1 => select(ODD).prop_map(str::to_owned),
    ]
    .prop_map(|name| TimeZone::get(&name).expect("a zone that the system has"))
}

/// Any zone and an instant between 1970 and 2100, mostly near a change of its clocks.
pub(super) fn zone_and_instant() -> impl Strategy<Value = (TimeZone, Timestamp)> {
    let instant = 0i64..4_102_000_000;
    let beside = prop_oneof![
        1 => Just(None),
        2 => (-12_000i64..12_000).prop_map(Some),
        1 => (-200_000i64..200_000).prop_map(Some),
    ];
    (zone(), instant, beside).prop_map(|(zone, second, beside)| {
        let at = Timestamp::from_second(second).expect("in range");
        let change = zone.following(at).next().map(|change| change.timestamp());
        let at = match (change, beside) {
            (Some(change), Some(beside)) => change.as_second() + beside,
            _ => second,
        };
        let at = Timestamp::from_second(at.clamp(0, 4_102_000_000)).expect("in range");
        (zone, at)
    })
}
