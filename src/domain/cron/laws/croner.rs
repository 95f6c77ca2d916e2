//! A hundred thousand lines, zones and instants against the crate `croner`; every difference has a
//! name, and a reason why ours is right.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use croner::errors::CronError as Refused;
use croner::{CivilDateTime, Cron, CronDateTime, Resolution, Weekday};
use jiff::civil::DateTime as Civil;
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::super::*;
use super::any;

/// Where croner reads a line otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// It has no `@midnight`, which crontab(5) lists beside `@daily`.
    Midnight,
    /// It has no list with a `*` in it. By crontab(5) an asterisk stands for the range first-last,
    /// and a list is a set of numbers and ranges.
    StarInList,
    /// It takes `SUN-SUN` for the whole week, since it reads a SUN that ends a range as 7. It is one
    /// day.
    SundayToSunday,
    /// Of `*/2` beside a weekday it says that either will do. crontab(5): either will do where
    /// neither field starts with `*`; else both must fit.
    SteppedStar,
    /// It calls a line fixed only when it names one time of the day, so one with two (`0 2,14`)
    /// misses what a gap skips, and runs twice in a fold. cron(8): a line without `*` in minute and
    /// hour makes up for what was skipped, and does not run again in a repeated hour.
    SeveralTimes,
    /// The same of a line such as `*/30 2`, whose minutes have a `*`. Here cron(8) goes by the
    /// letter and agrees with croner: a night in the year has no run, or two. We go by the meaning:
    /// a digest that comes at some hours of a day comes on every day, and once.
    SomeHours,
    /// It gives up where more than two hours were skipped. cron(8) makes up for less than three
    /// hours, and takes more for a clock set right; a zone that skips a day is no such thing, and
    /// that day's digest comes right after.
    LongGap,
    /// It runs what was skipped only if the line allows the day on which the gap ends. Skipped was
    /// a time of the day before, and cron(8) runs it soon after the change, whatever day that is.
    OtherDay,
}

/// A reading of a zone's clock, for croner.
#[derive(Debug, Clone)]
struct Reading {
    zone: TimeZone,
    at: Timestamp,
}

impl Reading {
    fn at(&self, at: Timestamp) -> Reading {
        let zone = self.zone.clone();
        Reading { zone, at }
    }
}

fn narrow<A, B: TryFrom<A>>(number: A) -> Result<B, Refused> {
    B::try_from(number).map_err(|_| Refused::InvalidDate)
}

impl CronDateTime for Reading {
    fn to_civil(&self) -> CivilDateTime {
        let wall = self.zone.to_datetime(self.at);
        let unsigned = |value: i8| u32::try_from(value).unwrap_or_default();
        CivilDateTime::from_ymd_hms_opt(
            i32::from(wall.year()),
            unsigned(wall.month()),
            unsigned(wall.day()),
            unsigned(wall.hour()),
            unsigned(wall.minute()),
            unsigned(wall.second()),
        )
        .expect("a date")
    }

    fn civil_weekday(&self) -> Weekday {
        let weekday = self.zone.to_datetime(self.at).weekday();
        Weekday::from_days_from_sunday(weekday.to_sunday_zero_offset() as u32)
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Reading>, Refused> {
        let wall = Civil::new(
            narrow(civil.year())?,
            narrow(civil.month())?,
            narrow(civil.day())?,
            narrow(civil.hour())?,
            narrow(civil.minute())?,
            narrow(civil.second())?,
            0,
        )
        .map_err(|_| Refused::InvalidDate)?;
        let reading = self.zone.to_ambiguous_timestamp(wall);
        let earlier = reading.earlier().map_err(|_| Refused::InvalidTime)?;
        Ok(match reading.offset() {
            AmbiguousOffset::Unambiguous { .. } => Resolution::Single(self.at(earlier)),
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
            AmbiguousOffset::Fold { .. } => {
                let later = reading.later().map_err(|_| Refused::InvalidTime)?;
                Resolution::Ambiguous(self.at(earlier), self.at(later))
            }
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Reading> {
        let at = self
            .at
            .checked_add(SignedDuration::from_secs(seconds))
            .ok()?;
        Some(self.at(at))
    }

    fn cmp_instant(&self, other: &Reading) -> Ordering {
        self.at.cmp(&other.at)
    }
}

/// A line, zone and instant, and what each says comes next.
struct Case<'c> {
    line: &'c CronLine,
    zone: &'c TimeZone,
    after: Timestamp,
    ours: Timestamp,
    /// `None`: it gave up.
    theirs: Option<Timestamp>,
}

impl Case<'_> {
    /// `None`: nothing here explains it.
    fn difference(&self) -> Option<Difference> {
        let fields: Vec<&str> = match self.line.as_str() {
            nickname if nickname.starts_with('@') => vec!["0", "0", "*", "*", "*"],
            line => line.split(' ').collect(),
        };
        let [.., minute, hour, day, _, weekday] = fields[..] else {
            return None;
        };
        let starred = |field: &str| field.starts_with('*');
        if day != "*" && weekday != "*" && (starred(day) || starred(weekday)) {
            return Some(Difference::SteppedStar);
        }
        let mut weekdays = weekday.split(['/', ',']);
        if weekdays.any(|range| range.eq_ignore_ascii_case("sun-sun")) {
            return Some(Difference::SundayToSunday);
        }
        if self.line.every_hour {
            return None;
        }
        let cron: Cron = self.line.as_str().parse().ok()?;
        let is_fixed = cron.determine_job_type() == croner::JobType::FixedTime;
        if is_fixed {
            let skipped = self.gap_before(self.ours)?;
            return match self.theirs {
                None if skipped > 7_200 => Some(Difference::LongGap),
                Some(theirs) if theirs > self.ours => Some(Difference::OtherDay),
                _ => None,
            };
        }
        let skipped = self.gap_before(self.ours).is_some();
        let repeated = self.theirs.is_some_and(|theirs| self.is_repetition(theirs));
        if !skipped && !repeated {
            return None;
        }
        let by_the_letter =
            starred(minute) || starred(hour) || (fields.len() == 6 && starred(fields[0]));
        Some(if by_the_letter {
            Difference::SomeHours
        } else {
            Difference::SeveralTimes
        })
    }

    /// The seconds that the clock skipped right before an instant.
    fn gap_before(&self, instant: Timestamp) -> Option<i64> {
        let east = |at: Timestamp| i64::from(self.zone.to_offset(at).seconds());
        let skipped = east(instant) - east(instant - 1.second());
        (skipped > 0).then_some(skipped)
    }

    /// Has the clock shown this reading before?
    fn is_repetition(&self, instant: Timestamp) -> bool {
        let reading = self
            .zone
            .to_ambiguous_timestamp(self.zone.to_datetime(instant));
        reading.later().is_ok_and(|later| {
            reading
                .earlier()
                .is_ok_and(|earlier| earlier < later && later == instant)
        })
    }
}

fn has_star_in_list(field: &str) -> bool {
    field != "*" && field.split(',').any(|part| part == "*")
}

/// What the two say; `None`: the same, or nothing any more before the year 2100 ends.
fn compare(
    line: &CronLine,
    zone: &TimeZone,
    after: Timestamp,
) -> Result<Option<Difference>, String> {
    let text = line.as_str();
    let Some(ours) = line.next_after(zone, after) else {
        return Ok(None);
    };
    let cron: Cron = match text.parse() {
        Ok(cron) => cron,
        Err(_) if text.eq_ignore_ascii_case("@midnight") => return Ok(Some(Difference::Midnight)),
        Err(_) if text.split(' ').any(has_star_in_list) => return Ok(Some(Difference::StarInList)),
        Err(error) => return Err(format!("croner refuses it: {error}")),
    };
    let reading = Reading {
        zone: zone.clone(),
        at: after,
    };
    let theirs = cron
        .find_next_occurrence(&reading, false)
        .ok()
        .map(|found| found.at);
    if theirs == Some(ours) {
        return Ok(None);
    }
    let case = Case {
        line,
        zone,
        after,
        ours,
        theirs,
    };
    let unexplained = || {
        let shown = |at: Option<Timestamp>| {
            at.map_or("nothing".to_owned(), |at| {
                at.to_zoned_datetime(zone.clone()).to_string()
            })
        };
        format!(
            "after {}: {}, croner: {}",
            shown(Some(case.after)),
            shown(Some(ours)),
            shown(theirs)
        )
    };
    case.difference().map(Some).ok_or_else(unexplained)
}

#[test]
fn croner_agrees_but_where_crontab_says_otherwise() {
    let mut config = Config {
        cases: 100_000,
        failure_persistence: None,
        ..Config::default()
    };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    let counts: RefCell<BTreeMap<Difference, u32>> = RefCell::default();
    let result = TestRunner::new(config).run(
        &(any::line(), any::zone_and_instant()),
        |(line, (zone, after))| {
            match compare(&line, &zone, after) {
                Ok(None) => {}
                Ok(Some(difference)) => *counts.borrow_mut().entry(difference).or_default() += 1,
                Err(why) => prop_assert!(false, "`{line}` {why}"),
            }
            Ok(())
        },
    );
    println!("differences: {:?}", counts.borrow());
    result.expect("every difference has its reason");
    let differing: u32 = counts.borrow().values().sum();
    assert!(differing < 10_000, "the two agree nearly always");
}

/// Each with a line, a zone and an instant that show it.
const SHOWN: [(Difference, &str, &str, &str); 9] = [
    (
        Difference::Midnight,
        "@midnight",
        "UTC",
        "2026-11-24T08:00Z",
    ),
    (
        Difference::StarInList,
        "*,5 8 * * *",
        "UTC",
        "2026-11-24T08:00Z",
    ),
    (
        Difference::SundayToSunday,
        "0 8 * * SUN-SUN",
        "UTC",
        "2026-11-24T08:00Z",
    ),
    (
        Difference::SteppedStar,
        "0 8 */2 * WED",
        "UTC",
        "2026-11-25T08:00Z",
    ),
    (
        Difference::SeveralTimes,
        "0 2,14 * * *",
        "Europe/Warsaw",
        "2026-03-29T00:30Z",
    ),
    (
        Difference::SeveralTimes,
        "0 2,14 * * *",
        "Europe/Warsaw",
        "2026-10-25T00:30Z",
    ),
    (
        Difference::SomeHours,
        "*/30 2 * * *",
        "Europe/Warsaw",
        "2026-03-29T00:30Z",
    ),
    (
        Difference::LongGap,
        "0 8 * * *",
        "Pacific/Apia",
        "2011-12-30T09:00Z",
    ),
    (
        Difference::OtherDay,
        "30 23 * * SAT",
        "America/Nuuk",
        "2026-03-29T00:30Z",
    ),
];

#[test]
fn each_difference_is_real() {
    for (difference, line, zone, after) in SHOWN {
        let line = CronLine::parse(line).expect("a line");
        let zone = TimeZone::get(zone).expect("a zone");
        let after = after.parse().expect("an instant");
        assert_eq!(
            compare(&line, &zone, after),
            Ok(Some(difference)),
            "`{line}`"
        );
    }
}
