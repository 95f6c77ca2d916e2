//! What holds for every line, zone and instant.

mod any;
mod crond;
mod croner;

use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::*;

fn naive_matches(line: &CronLine, zone: &TimeZone, instant: Timestamp) -> bool {
    let wall = instant.as_second() + i64::from(zone.to_offset(instant).seconds());
    line.wall_from(wall) == Some(wall)
}

proptest! {
    #[test]
    fn dues_come_strictly_one_after_another(line in any::line(), (zone, start) in any::zone_and_instant()) {
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
        line in any::line(), (zone, start) in any::zone_and_instant(), span in 1i64..40_000_000,
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
        line in any::line(), (zone, start) in any::zone_and_instant(),
    ) {
        let Some(due) = line.next_after(&zone, start) else { return Ok(()) };
        let ends_a_gap = zone.to_offset(due) > zone.to_offset(due - 1.second());
        prop_assert!(ends_a_gap || naive_matches(&line, &zone, due), "{line}: {due}");
    }

    /// Against jiff's own reading of each wall-clock time.
    #[test]
    fn no_matching_time_is_missed(line in any::line(), (zone, start) in any::zone_and_instant()) {
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

    /// Two days around a change of clocks, or any two.
    #[test]
    fn a_clock_watched_minute_by_minute_agrees(
        line in any::line_of_minutes(), (zone, at) in any::zone_and_instant(),
    ) {
        // Monrovia's clock was not at whole minutes until 1972.
        let middle = at.as_second().max(100_000_000) / 60 * 60;
        let (from, to) = (middle - 86_400, middle + 86_400);
        // The watch begins a day earlier, to know what the clock has shown.
        let watched = crond::dues(line.as_str(), &zone, from - 86_400, to);
        let watched = watched.into_iter().filter(|due| *due > from).collect::<Vec<_>>();
        let first = line.next_after(&zone, Timestamp::from_second(from)?);
        let ours = std::iter::successors(first, |due| line.next_after(&zone, *due));
        let ours = ours.map(|due| due.as_second()).take_while(|due| *due <= to);
        prop_assert_eq!(ours.collect::<Vec<_>>(), watched, "{}", line);
    }

    #[test]
    fn no_text_makes_parsing_panic(text in "\\PC{0,40}|[-0-9*/,@a-z ]{0,30}") {
        let _ = CronLine::parse(&text);
    }
}
