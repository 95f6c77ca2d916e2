use jiff::ToSpan;
use jiff::civil::DateTime as Civil;

use super::*;

type Tested = Result<(), Box<dyn std::error::Error>>;

fn warsaw() -> Result<TimeZone, jiff::Error> {
    TimeZone::get("Europe/Warsaw")
}

/// Each row: a line and its next three due instants in Warsaw. 2026-06-01 is a Monday.
const MEANINGS: &str = "\
0 8 * * *        | 2026-06-01 08:00:00+02 | 2026-06-02 08:00:00+02 | 2026-06-03 08:00:00+02
0 8 * * MON      | 2026-06-01 08:00:00+02 | 2026-06-08 08:00:00+02 | 2026-06-15 08:00:00+02
0 8 * * 1        | 2026-06-01 08:00:00+02 | 2026-06-08 08:00:00+02 | 2026-06-15 08:00:00+02
0 8 * * 1-5      | 2026-06-01 08:00:00+02 | 2026-06-02 08:00:00+02 | 2026-06-03 08:00:00+02
0 8 * * 7        | 2026-06-07 08:00:00+02 | 2026-06-14 08:00:00+02 | 2026-06-21 08:00:00+02
0 8 * * 0        | 2026-06-07 08:00:00+02 | 2026-06-14 08:00:00+02 | 2026-06-21 08:00:00+02
0 8 * * sat-sun  | 2026-06-06 08:00:00+02 | 2026-06-07 08:00:00+02 | 2026-06-13 08:00:00+02
0 8 * * 6-7      | 2026-06-06 08:00:00+02 | 2026-06-07 08:00:00+02 | 2026-06-13 08:00:00+02
*/20 8-9 * * *   | 2026-06-01 08:00:00+02 | 2026-06-01 08:20:00+02 | 2026-06-01 08:40:00+02
10-40/15 8 1 * * | 2026-06-01 08:10:00+02 | 2026-06-01 08:25:00+02 | 2026-06-01 08:40:00+02
5,1 0 * JUL,sep *| 2026-07-01 00:01:00+02 | 2026-07-01 00:05:00+02 | 2026-07-02 00:01:00+02
# Either the 5th or a Wednesday.
0 8 5 * WED      | 2026-06-03 08:00:00+02 | 2026-06-05 08:00:00+02 | 2026-06-10 08:00:00+02
# A day field that begins with `*` restricts as well: odd days that are Wednesdays.
0 8 */2 * WED    | 2026-06-03 08:00:00+02 | 2026-06-17 08:00:00+02 | 2026-07-01 08:00:00+02
30 0 8 * * *     | 2026-06-01 08:00:30+02 | 2026-06-02 08:00:30+02 | 2026-06-03 08:00:30+02
0 0 8 * * 1      | 2026-06-01 08:00:00+02 | 2026-06-08 08:00:00+02 | 2026-06-15 08:00:00+02
@yearly          | 2027-01-01 00:00:00+01 | 2028-01-01 00:00:00+01 | 2029-01-01 00:00:00+01
@annually        | 2027-01-01 00:00:00+01 | 2028-01-01 00:00:00+01 | 2029-01-01 00:00:00+01
@monthly         | 2026-07-01 00:00:00+02 | 2026-08-01 00:00:00+02 | 2026-09-01 00:00:00+02
@weekly          | 2026-06-07 00:00:00+02 | 2026-06-14 00:00:00+02 | 2026-06-21 00:00:00+02
@daily           | 2026-06-02 00:00:00+02 | 2026-06-03 00:00:00+02 | 2026-06-04 00:00:00+02
@midnight        | 2026-06-02 00:00:00+02 | 2026-06-03 00:00:00+02 | 2026-06-04 00:00:00+02
@Hourly          | 2026-06-01 01:00:00+02 | 2026-06-01 02:00:00+02 | 2026-06-01 03:00:00+02
0 0 29 2 *       | 2028-02-29 00:00:00+01 | 2032-02-29 00:00:00+01 | 2036-02-29 00:00:00+01";

/// In the night of 29 March 2026, 02:00 to 03:00 is skipped.
const FORWARD: &str = "\
30 2 * * *       | 2026-03-29 03:00:00+02 | 2026-03-30 02:30:00+02 | 2026-03-31 02:30:00+02
0 2 * * *        | 2026-03-29 03:00:00+02 | 2026-03-30 02:00:00+02 | 2026-03-31 02:00:00+02
0 3 * * *        | 2026-03-29 03:00:00+02 | 2026-03-30 03:00:00+02 | 2026-03-31 03:00:00+02
*/20 2 * * *     | 2026-03-29 03:00:00+02 | 2026-03-30 02:00:00+02 | 2026-03-30 02:20:00+02
0 2,3 * * *      | 2026-03-29 03:00:00+02 | 2026-03-30 02:00:00+02 | 2026-03-30 03:00:00+02
30 2 29 3 *      | 2026-03-29 03:00:00+02 | 2027-03-29 02:30:00+02 | 2028-03-29 02:30:00+02
30 * * * *       | 2026-03-29 01:30:00+01 | 2026-03-29 03:30:00+02 | 2026-03-29 04:30:00+02
*/30 * * * *     | 2026-03-29 01:30:00+01 | 2026-03-29 03:00:00+02 | 2026-03-29 03:30:00+02";

/// In the night of 25 October 2026, 02:00 to 03:00 comes twice.
const BACK: &str = "\
30 2 * * *       | 2026-10-25 02:30:00+02 | 2026-10-26 02:30:00+01 | 2026-10-27 02:30:00+01
0 3 * * *        | 2026-10-25 03:00:00+01 | 2026-10-26 03:00:00+01 | 2026-10-27 03:00:00+01
*/30 2,3 * * *   | 2026-10-25 02:00:00+02 | 2026-10-25 02:30:00+02 | 2026-10-25 03:00:00+01
@hourly          | 2026-10-25 02:00:00+02 | 2026-10-25 02:00:00+01 | 2026-10-25 03:00:00+01
30 * * * *       | 2026-10-25 01:30:00+02 | 2026-10-25 02:30:00+02 | 2026-10-25 02:30:00+01";

/// Each row of a table must hold after that wall-clock time in Warsaw.
fn check(table: &str, after: &str) -> Tested {
    let zone = TimeZone::get("Europe/Warsaw")?;
    let after = zone.to_timestamp(after.parse::<Civil>()?)?;
    for row in table.lines().filter(|row| !row.starts_with('#')) {
        let (line, expected) = row.split_once('|').ok_or(row)?;
        let line = CronLine::parse(line)?;
        let dues = std::iter::successors(line.next_after(&zone, after), |due| {
            line.next_after(&zone, *due)
        });
        let shown: Vec<String> = dues
            .take(3)
            .map(|due| due.to_zoned_datetime(zone.clone()))
            .map(|due| due.strftime("%Y-%m-%d %H:%M:%S%:::z").to_string())
            .collect();
        assert_eq!(shown.join(" | "), expected.trim(), "{line}");
    }
    Ok(())
}

#[test]
fn lines_mean_what_crontab_means() -> Tested {
    check(MEANINGS, "2026-06-01T00:00")
}

#[test]
fn where_clocks_go_forward_skipped_times_run_once_right_after() -> Tested {
    check(FORWARD, "2026-03-29T01:00")
}

#[test]
fn where_clocks_go_back_a_daily_line_runs_once_and_an_hourly_one_on() -> Tested {
    check(BACK, "2026-10-25T01:00")
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
fn the_last_years_end_is_the_end() -> Tested {
    let line = CronLine::parse("0 8 * * *")?;
    let zone = TimeZone::UTC;
    let last: Timestamp = "2100-12-31T08:00:00Z".parse()?;
    assert_eq!(line.next_after(&zone, last), None);
    let later: Timestamp = "2150-06-01T00:00:00Z".parse()?;
    assert_eq!(
        line.latest_in(&zone, Timestamp::UNIX_EPOCH, later),
        Some(last)
    );
    assert_eq!(line.latest_in(&zone, last, later), None);
    Ok(())
}

#[test]
fn time_goes_on_where_the_table_of_a_zone_ends() -> Tested {
    let zone = TimeZone::get("Australia/Lord_Howe")?;
    let line = CronLine::parse("0 0 */3 10 MON")?;
    let last_in_table: Timestamp = "2037-10-18T13:00:00Z".parse()?;
    assert_eq!(
        line.next_after(&zone, last_in_table),
        Some("2038-10-03T13:00:00Z".parse()?)
    );
    Ok(())
}

const WRONG: &str = "\
                | expected five fields (minute, hour, day of month, month, weekday), or six with seconds first; found 0
0 8 * *         | expected five fields (minute, hour, day of month, month, weekday), or six with seconds first; found 4
@reboot         | `@reboot` is unknown; the nicknames are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly
60 8 * * *      | minute: expected 0 to 59, `*`, or lists, ranges and steps of them; found `60`
0 24 * * *      | hour: expected 0 to 23, `*`, or lists, ranges and steps of them; found `24`
0 8 0 * *       | day of month: expected 1 to 31, `*`, or lists, ranges and steps of them; found `0`
0 8 L * *       | day of month: expected 1 to 31, `*`, or lists, ranges and steps of them; found `L`
0 8 * 13 *      | month: expected 1 to 12, JAN to DEC, `*`, or lists, ranges and steps of them; found `13`
0 8 * * 8       | weekday: expected 0 to 7, SUN to SAT, `*`, or lists, ranges and steps of them; found `8`
0 8 * * MON#1   | weekday: expected 0 to 7, SUN to SAT, `*`, or lists, ranges and steps of them; found `MON#1`
0 8 ? * MON     | day of month: expected 1 to 31, `*`, or lists, ranges and steps of them; found `?`
0 8 * * FRI-TUE | weekday: expected a range that goes upwards; found `FRI-TUE`
5/15 * * * *    | minute: expected a range before the step, as in 5-59; found `5/15`
*/0 * * * *     | minute: expected a step of 1 to 59 after the `/`; found `*/0`
*/60 * * * *    | minute: expected a step of 1 to 59 after the `/`; found `*/60`
+5 * * * *      | minute: expected 0 to 59, `*`, or lists, ranges and steps of them; found `+5`
1,,2 * * * *    | minute: expected 0 to 59, `*`, or lists, ranges and steps of them; found ``
61 0 8 * * *    | second: expected 0 to 59, `*`, or lists, ranges and steps of them; found `61`
0 0 31 2 *      | no date matches it, so it would never come due
0 0 30 2 */2    | no date matches it, so it would never come due";

#[test]
fn wrong_lines_say_which_field_and_what_was_expected() -> Tested {
    for row in WRONG.lines() {
        let (line, message) = row.split_once('|').ok_or(row)?;
        let error = CronLine::parse(line).map_err(|error| error.to_string());
        assert_eq!(error, Err(message.trim().to_owned()), "{line:?}");
    }
    Ok(())
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
