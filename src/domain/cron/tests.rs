use jiff::civil::DateTime as Civil;
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::*;

type Tested = Result<(), Box<dyn std::error::Error>>;

fn warsaw() -> Result<TimeZone, jiff::Error> {
    TimeZone::get("Europe/Warsaw")
}

/// The next due instants of `line` in Warsaw, as wall-clock time and offset.
fn dues(line: &str, after: &str, count: usize) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let (line, zone) = (CronLine::parse(line)?, warsaw()?);
    let mut at = zone.to_timestamp(after.parse::<Civil>()?)?;
    let mut dues = Vec::new();
    while dues.len() < count {
        at = line.next_after(&zone, at).ok_or("nothing more")?;
        dues.push(
            at.to_zoned_datetime(zone.clone())
                .strftime("%m-%d %H:%M:%S%:::z")
                .to_string(),
        );
    }
    Ok(dues)
}

#[test]
fn lines_mean_what_crontab_means() -> Tested {
    // 2026-06-01 is a Monday.
    for (line, expected) in [
        (
            "0 8 * * *",
            [
                "06-01 08:00:00+02",
                "06-02 08:00:00+02",
                "06-03 08:00:00+02",
            ],
        ),
        (
            "0 8 * * MON",
            [
                "06-01 08:00:00+02",
                "06-08 08:00:00+02",
                "06-15 08:00:00+02",
            ],
        ),
        (
            "0 8 * * 1",
            [
                "06-01 08:00:00+02",
                "06-08 08:00:00+02",
                "06-15 08:00:00+02",
            ],
        ),
        (
            "0 8 * * 1-5",
            [
                "06-01 08:00:00+02",
                "06-02 08:00:00+02",
                "06-03 08:00:00+02",
            ],
        ),
        (
            "0 8 * * 7",
            [
                "06-07 08:00:00+02",
                "06-14 08:00:00+02",
                "06-21 08:00:00+02",
            ],
        ),
        (
            "0 8 * * 0",
            [
                "06-07 08:00:00+02",
                "06-14 08:00:00+02",
                "06-21 08:00:00+02",
            ],
        ),
        (
            "0 8 * * sat-sun",
            [
                "06-06 08:00:00+02",
                "06-07 08:00:00+02",
                "06-13 08:00:00+02",
            ],
        ),
        (
            "0 8 * * 6-7",
            [
                "06-06 08:00:00+02",
                "06-07 08:00:00+02",
                "06-13 08:00:00+02",
            ],
        ),
        (
            "*/20 8-9 * * *",
            [
                "06-01 08:00:00+02",
                "06-01 08:20:00+02",
                "06-01 08:40:00+02",
            ],
        ),
        (
            "10-40/15 8 1 * *",
            [
                "06-01 08:10:00+02",
                "06-01 08:25:00+02",
                "06-01 08:40:00+02",
            ],
        ),
        (
            "5,1 0 * JUL,sep *",
            [
                "07-01 00:01:00+02",
                "07-01 00:05:00+02",
                "07-02 00:01:00+02",
            ],
        ),
        // Either the 5th or a Wednesday.
        (
            "0 8 5 * WED",
            [
                "06-03 08:00:00+02",
                "06-05 08:00:00+02",
                "06-10 08:00:00+02",
            ],
        ),
        // A day field that begins with `*` restricts as well: odd days that are Wednesdays.
        (
            "0 8 */2 * WED",
            [
                "06-03 08:00:00+02",
                "06-17 08:00:00+02",
                "07-01 08:00:00+02",
            ],
        ),
        (
            "30 0 8 * * *",
            [
                "06-01 08:00:30+02",
                "06-02 08:00:30+02",
                "06-03 08:00:30+02",
            ],
        ),
        (
            "0 0 8 * * 1",
            [
                "06-01 08:00:00+02",
                "06-08 08:00:00+02",
                "06-15 08:00:00+02",
            ],
        ),
        ("@yearly", ["01-01 00:00:00+01"; 3]),
        ("@annually", ["01-01 00:00:00+01"; 3]),
        (
            "@monthly",
            [
                "07-01 00:00:00+02",
                "08-01 00:00:00+02",
                "09-01 00:00:00+02",
            ],
        ),
        (
            "@weekly",
            [
                "06-07 00:00:00+02",
                "06-14 00:00:00+02",
                "06-21 00:00:00+02",
            ],
        ),
        (
            "@daily",
            [
                "06-02 00:00:00+02",
                "06-03 00:00:00+02",
                "06-04 00:00:00+02",
            ],
        ),
        (
            "@midnight",
            [
                "06-02 00:00:00+02",
                "06-03 00:00:00+02",
                "06-04 00:00:00+02",
            ],
        ),
        (
            " @Hourly ",
            [
                "06-01 01:00:00+02",
                "06-01 02:00:00+02",
                "06-01 03:00:00+02",
            ],
        ),
        ("0 0 29 2 *", ["02-29 00:00:00+01"; 3]),
    ] {
        assert_eq!(dues(line, "2026-06-01T00:00", 3)?, expected, "{line}");
    }
    Ok(())
}

#[test]
fn where_clocks_go_forward_skipped_times_run_once_right_after() -> Tested {
    for (line, expected) in [
        (
            "30 2 * * *",
            [
                "03-29 03:00:00+02",
                "03-30 02:30:00+02",
                "03-31 02:30:00+02",
            ],
        ),
        (
            "0 2 * * *",
            [
                "03-29 03:00:00+02",
                "03-30 02:00:00+02",
                "03-31 02:00:00+02",
            ],
        ),
        (
            "0 3 * * *",
            [
                "03-29 03:00:00+02",
                "03-30 03:00:00+02",
                "03-31 03:00:00+02",
            ],
        ),
        (
            "*/20 2 * * *",
            [
                "03-29 03:00:00+02",
                "03-30 02:00:00+02",
                "03-30 02:20:00+02",
            ],
        ),
        (
            "0 2,3 * * *",
            [
                "03-29 03:00:00+02",
                "03-30 02:00:00+02",
                "03-30 03:00:00+02",
            ],
        ),
        (
            "30 2 29 3 *",
            [
                "03-29 03:00:00+02",
                "03-29 02:30:00+02",
                "03-29 02:30:00+02",
            ],
        ),
        (
            "30 * * * *",
            [
                "03-29 01:30:00+01",
                "03-29 03:30:00+02",
                "03-29 04:30:00+02",
            ],
        ),
        (
            "*/30 * * * *",
            [
                "03-29 01:30:00+01",
                "03-29 03:00:00+02",
                "03-29 03:30:00+02",
            ],
        ),
    ] {
        assert_eq!(dues(line, "2026-03-29T01:00", 3)?, expected, "{line}");
    }
    Ok(())
}

#[test]
fn where_clocks_go_back_a_daily_line_runs_once_and_an_hourly_one_on() -> Tested {
    for (line, expected) in [
        (
            "30 2 * * *",
            [
                "10-25 02:30:00+02",
                "10-26 02:30:00+01",
                "10-27 02:30:00+01",
            ],
        ),
        (
            "0 3 * * *",
            [
                "10-25 03:00:00+01",
                "10-26 03:00:00+01",
                "10-27 03:00:00+01",
            ],
        ),
        (
            "*/30 2,3 * * *",
            [
                "10-25 02:00:00+02",
                "10-25 02:30:00+02",
                "10-25 03:00:00+01",
            ],
        ),
        (
            "@hourly",
            [
                "10-25 02:00:00+02",
                "10-25 02:00:00+01",
                "10-25 03:00:00+01",
            ],
        ),
        (
            "30 * * * *",
            [
                "10-25 01:30:00+02",
                "10-25 02:30:00+02",
                "10-25 02:30:00+01",
            ],
        ),
    ] {
        assert_eq!(dues(line, "2026-10-25T01:00", 3)?, expected, "{line}");
    }
    Ok(())
}

#[test]
fn in_the_repeated_hour_a_daily_line_has_already_run() -> Tested {
    let (line, zone) = (CronLine::parse("30 2 * * *")?, warsaw()?);
    let first: Timestamp = "2026-10-25T00:30:00Z".parse()?;
    let second_pass: Timestamp = "2026-10-25T01:10:00Z".parse()?;
    assert_eq!(
        line.latest_in(&zone, first - 1.hour(), second_pass),
        Some(first)
    );
    assert_eq!(line.latest_in(&zone, first, second_pass), None);
    assert_eq!(
        line.next_after(&zone, second_pass),
        Some("2026-10-26T01:30:00Z".parse()?)
    );
    Ok(())
}

#[test]
fn a_whole_day_that_a_zone_skipped_is_made_up_for_once() -> Tested {
    // Samoa had no 30 December 2011.
    let zone = TimeZone::get("Pacific/Apia")?;
    let line = CronLine::parse("0 8,20 * * *")?;
    let mut at: Timestamp = "2011-12-30T08:00:00Z".parse()?;
    let mut dues = Vec::new();
    for _ in 0..3 {
        at = line.next_after(&zone, at).ok_or("nothing more")?;
        dues.push(
            at.to_zoned_datetime(zone.clone())
                .strftime("%d %H:%M")
                .to_string(),
        );
    }
    assert_eq!(dues, ["31 00:00", "31 08:00", "31 20:00"]);
    Ok(())
}

#[test]
fn the_latest_of_a_year_of_seconds_is_found_at_once() -> Tested {
    let (line, zone) = (CronLine::parse("* * * * * *")?, warsaw()?);
    let after: Timestamp = "1990-01-01T00:00:00Z".parse()?;
    let through: Timestamp = "2026-01-01T00:00:00.75Z".parse()?;
    for _ in 0..1_000 {
        assert_eq!(
            line.latest_in(&zone, after, through),
            Some("2026-01-01T00:00:00Z".parse()?)
        );
    }
    Ok(())
}

#[test]
fn wrong_lines_say_which_field_and_what_was_expected() {
    for (line, message) in [
        (
            "",
            "expected five fields (minute, hour, day of month, month, weekday), or six with seconds first; found 0",
        ),
        (
            "0 8 * *",
            "expected five fields (minute, hour, day of month, month, weekday), or six with seconds first; found 4",
        ),
        (
            "@reboot",
            "`@reboot` is unknown; the nicknames are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly",
        ),
        (
            "60 8 * * *",
            "minute: expected 0 to 59, `*`, or lists, ranges and steps of them; found `60`",
        ),
        (
            "0 24 * * *",
            "hour: expected 0 to 23, `*`, or lists, ranges and steps of them; found `24`",
        ),
        (
            "0 8 0 * *",
            "day of month: expected 1 to 31, `*`, or lists, ranges and steps of them; found `0`",
        ),
        (
            "0 8 L * *",
            "day of month: expected 1 to 31, `*`, or lists, ranges and steps of them; found `L`",
        ),
        (
            "0 8 * 13 *",
            "month: expected 1 to 12, JAN to DEC, `*`, or lists, ranges and steps of them; found `13`",
        ),
        (
            "0 8 * * 8",
            "weekday: expected 0 to 7, SUN to SAT, `*`, or lists, ranges and steps of them; found `8`",
        ),
        (
            "0 8 * * MON#1",
            "weekday: expected 0 to 7, SUN to SAT, `*`, or lists, ranges and steps of them; found `MON#1`",
        ),
        (
            "0 8 ? * MON",
            "day of month: expected 1 to 31, `*`, or lists, ranges and steps of them; found `?`",
        ),
        (
            "0 8 * * FRI-TUE",
            "weekday: expected a range that goes upwards; found `FRI-TUE`",
        ),
        (
            "5/15 * * * *",
            "minute: expected a range before the step, as in 5-59; found `5/15`",
        ),
        (
            "*/0 * * * *",
            "minute: expected a step of 1 to 59 after the `/`; found `*/0`",
        ),
        (
            "*/60 * * * *",
            "minute: expected a step of 1 to 59 after the `/`; found `*/60`",
        ),
        (
            "+5 * * * *",
            "minute: expected 0 to 59, `*`, or lists, ranges and steps of them; found `+5`",
        ),
        (
            "1,,2 * * * *",
            "minute: expected 0 to 59, `*`, or lists, ranges and steps of them; found ``",
        ),
        (
            "61 0 8 * * *",
            "second: expected 0 to 59, `*`, or lists, ranges and steps of them; found `61`",
        ),
        (
            "0 0 31 2 *",
            "no date matches it, so it would never come due",
        ),
        (
            "0 0 30 2 */2",
            "no date matches it, so it would never come due",
        ),
    ] {
        let error = CronLine::parse(line).map_err(|error| error.to_string());
        assert_eq!(error, Err(message.to_owned()), "{line:?}");
    }
}

#[test]
fn an_impossible_day_does_no_harm_beside_a_weekday() -> Tested {
    assert!(CronLine::parse("0 0 31 2 MON").is_ok());
    Ok(())
}

#[test]
fn numbered_weekdays_beside_seconds_are_warned_of() -> Tested {
    for (line, warned) in [
        ("0 0 8 * * 1-5", true),
        ("0 0 8 * * MON-FRI", false),
        ("0 0 8 * * */2", false),
        ("0 8 * * 1-5", false),
    ] {
        assert_eq!(CronLine::parse(line)?.warning().is_some(), warned, "{line}");
    }
    Ok(())
}

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

    /// Without summer time an independent implementation agrees. It takes `*/1` for a restriction
    /// where crontab(5) does not, so only lines with one of day and weekday restricted, or both
    /// without a `*`, are compared.
    #[test]
    fn croner_agrees(line in line(), start in instant()) {
        let fields: Vec<&str> = line.as_str().split(' ').collect();
        let free = |index: usize| fields[index] == "*";
        let stepped = |index: usize| fields[index].starts_with("*/");
        prop_assume!(free(2) || free(4) || !(stepped(2) || stepped(4)));
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
