//! What holds for every line, zone and instant.

use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::*;

/// One field out of `min..=max`: a value, a range, a list, a step, or anything.
fn field(min: u8, max: u8) -> impl Strategy<Value = String> {
    let value = min..=max;
    prop_oneof![
        3 => Just("*".to_owned()),
        2 => value.clone().prop_map(|v| v.to_string()),
        1 => (value.clone(), value.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => proptest::collection::vec(value.clone(), 1..4)
            .prop_map(|list| join(list.iter().map(u8::to_string))),
        1 => (1..=max).prop_map(|step| format!("*/{step}")),
        1 => (value.clone(), value, 1..=max)
            .prop_map(|(a, b, step)| format!("{}-{}/{step}", a.min(b), a.max(b))),
    ]
}

fn join(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(",")
}

fn line() -> impl Strategy<Value = CronLine> {
    (
        field(0, 59),
        field(0, 23),
        field(1, 31),
        field(1, 12),
        field(0, 7),
    )
        .prop_map(|(minute, hour, day, month, weekday)| {
            format!("{minute} {hour} {day} {month} {weekday}")
        })
        .prop_filter_map("never due", |line| CronLine::parse(&line).ok())
}

/// Any instant, and often one in the nights when Warsaw's clocks change.
fn instant() -> impl Strategy<Value = Timestamp> {
    let around = |second: i64| second - 10_000..second + 10_000;
    prop_oneof![
        946_684_800i64..2_208_988_800, // 2000 to 2040
        around(1_774_746_000),         // 2026-03-29T01:00Z
        around(1_792_890_000),         // 2026-10-25T01:00Z
    ]
    .prop_map(|second| Timestamp::from_second(second).unwrap_or_default())
}

fn zone() -> impl Strategy<Value = TimeZone> {
    prop_oneof![
        3 => Just("Europe/Warsaw"),
        1 => Just("Europe/Kyiv"),
        1 => Just("America/New_York"),
        1 => Just("Australia/Lord_Howe"), // half an hour of summer time
        1 => Just("Africa/Casablanca"),   // winter time during Ramadan
        1 => Just("UTC"),
    ]
    .prop_map(|name| TimeZone::get(name).unwrap_or(TimeZone::UTC))
}

fn naive_matches(line: &CronLine, zone: &TimeZone, instant: Timestamp) -> bool {
    let wall = instant.as_second() + i64::from(zone.to_offset(instant).seconds());
    line.wall_from(wall) == Some(wall)
}

proptest! {
    #[test]
    fn dues_come_strictly_one_after_another(line in line(), zone in zone(), start in instant()) {
        let mut at = start;
        for _ in 0..20 {
            let Some(next) = line.next_after(&zone, at) else { break };
            prop_assert!(next > at, "{line}: {next} after {at}");
            prop_assert_eq!(line.next_after(&zone, next - 1.nanosecond()), Some(next));
            at = next;
        }
    }

    #[test]
    fn the_latest_is_the_one_that_nothing_follows(
        line in line(), zone in zone(), start in instant(), span in 1i64..40_000_000,
    ) {
        let through = start + SignedDuration::from_secs(span);
        match line.latest_in(&zone, start, through) {
            Some(latest) => {
                prop_assert!(start < latest && latest <= through);
                prop_assert_eq!(line.next_after(&zone, latest - 1.second()), Some(latest));
                prop_assert!(line.next_after(&zone, latest).is_none_or(|next| next > through));
            }
            None => prop_assert!(line.next_after(&zone, start).is_none_or(|next| next > through)),
        }
    }

    #[test]
    fn a_due_instant_shows_a_matching_clock_or_ends_a_gap(
        line in line(), zone in zone(), start in instant(),
    ) {
        let Some(due) = line.next_after(&zone, start) else { return Ok(()) };
        let ends_a_gap = zone.to_offset(due) > zone.to_offset(due - 1.second());
        prop_assert!(ends_a_gap || naive_matches(&line, &zone, due), "{line}: {due}");
    }

    /// Against jiff's own reading of each wall-clock time.
    #[test]
    fn no_matching_time_is_missed(line in line(), zone in zone(), start in instant()) {
        let Some(wall) = line.wall_from(start.as_second()) else { return Ok(()) };
        let civil = TimeZone::UTC.to_datetime(Timestamp::from_second(wall)?);
        let reading = zone.to_ambiguous_timestamp(civil);
        let expected = match reading.offset() {
            AmbiguousOffset::Unambiguous { .. } => vec![reading.compatible()?],
            AmbiguousOffset::Fold { .. } if line.every_hour => {
                vec![reading.earlier()?, reading.later()?]
            }
            AmbiguousOffset::Fold { .. } => vec![reading.earlier()?],
            AmbiguousOffset::Gap { .. } if line.every_hour => vec![],
            AmbiguousOffset::Gap { .. } => {
                let beyond = reading.later()? + 1.second();
                let gap = zone.preceding(beyond).next();
                gap.map(|transition| transition.timestamp()).into_iter().collect()
            }
        };
        for due in expected {
            prop_assert_eq!(line.next_after(&zone, due - 1.second()), Some(due), "{}", line);
        }
    }

    /// Without summer time an independent implementation agrees, but that it counts a `*/2` among
    /// the restrictions of which either will do; such lines are left out.
    #[test]
    fn croner_agrees(line in line(), start in instant()) {
        let fields: Vec<&str> = line.as_str().split(' ').collect();
        let stepped = |index: usize| fields[index].starts_with("*/");
        if fields[2] != "*" && fields[4] != "*" && (stepped(2) || stepped(4)) {
            return Ok(());
        }
        let oracle: croner::Cron = line.as_str().parse().expect("croner takes what crontab takes");
        let mut at = DateTime::from_timestamp(start.as_second(), 0).expect("in range");
        let mut ours = start;
        for _ in 0..5 {
            let theirs = oracle.find_next_occurrence(&at, false);
            let Some(next) = line.next_after(&TimeZone::UTC, ours) else { break };
            at = theirs.expect("croner finds the same");
            prop_assert_eq!(next.as_second(), at.timestamp(), "{}", line);
            ours = next;
        }
    }

    #[test]
    fn no_text_makes_parsing_panic(text in "\\PC{0,40}|[-0-9*/,@a-z ]{0,30}") {
        let _ = CronLine::parse(&text);
    }
}
