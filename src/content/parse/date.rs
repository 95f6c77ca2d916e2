//! Dates as authors write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// Reads RFC 3339 (also as Jekyll writes it, `2026-03-01 08:00:00 +0100`),
/// `YYYY-MM-DD[ HH:MM[:SS]]` and `DD.MM.YYYY[ HH:MM[:SS]]`; without a zone, in the given one,
/// midnight without a time. `None`: nothing of these, or no day that ever was.
pub fn parse(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    // Nothing that is a date is longer; and the byte arithmetic below is safe in ASCII.
    if !text.is_ascii() || text.len() > 64 {
        return None;
    }
    let (day, time) = match text.split_once([' ', 'T', 't']) {
        Some((day, time)) => (day, Some(time.trim())),
        None => (text, None),
    };
    let date = iso_date(day).or_else(|| dotted_date(day))?;
    let Some(time) = time else {
        return zone.to_timestamp(date.to_datetime(Time::midnight())).ok();
    };
    let (clock, offset) = split_offset(time);
    let local = DateTime::from_parts(date, clock_time(clock)?);
    match offset {
        None => zone.to_timestamp(local).ok(),
        Some(offset) => offset_zone(offset)?.to_timestamp(local).ok(),
    }
}

/// The day that a file's name begins with, and what follows: `2026-11-02-nabor`.
pub fn in_name(name: &str) -> Option<(Date, &str)> {
    let (day, rest) = name.split_at_checked(10)?;
    let rest = rest.strip_prefix(['-', '_'])?;
    Some((iso_date(day)?, rest)).filter(|_| !rest.is_empty())
}

fn iso_date(text: &str) -> Option<Date> {
    let [year, month, day] = numbers(text, '-')?;
    (text.len() == 10).then(|| date(year, month, day)).flatten()
}

fn dotted_date(text: &str) -> Option<Date> {
    let [day, month, year] = numbers(text, '.')?;
    (year >= 1000).then(|| date(year, month, day)).flatten()
}

fn date(year: u16, month: u16, day: u16) -> Option<Date> {
    Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()
}

fn clock_time(text: &str) -> Option<Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let nanoseconds: i32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let [hour, minute, second] = numbers(whole, ':')
        .or_else(|| numbers(&format!("{whole}:00"), ':'))?
        .map(|number| i8::try_from(number).unwrap_or(i8::MAX));
    // RFC 3339 allows a leap second; no clock here shows one.
    let second = if second == 60 { 59 } else { second };
    Time::new(hour, minute, second, nanoseconds).ok()
}

/// `08:00Z`, `08:00+01:00` and `08:00 +0100` into clock and offset.
fn split_offset(time: &str) -> (&str, Option<&str>) {
    match time.find(['Z', 'z', '+', '-']) {
        Some(at) => {
            let (clock, offset) = time.split_at(at);
            (clock.trim_end(), Some(offset))
        }
        None => (time, None),
    }
}

fn offset_zone(offset: &str) -> Option<TimeZone> {
    if offset.eq_ignore_ascii_case("z") {
        return Some(TimeZone::UTC);
    }
    let (sign, digits) = offset.split_at_checked(1)?;
    let digits = digits.replace(':', "");
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = (hours <= 23 && minutes <= 59).then_some(hours * 3600 + minutes * 60)?;
    let signed = if sign == "-" { -seconds } else { seconds };
    Some(TimeZone::fixed(
        jiff::tz::Offset::from_seconds(signed).ok()?,
    ))
}

/// Exactly three numbers of one to four digits.
fn numbers(text: &str, between: char) -> Option<[u16; 3]> {
    let mut parts = text.split(between).map(|part| {
        let digits = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u16>().ok()).flatten()
    });
    let three = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn in_warsaw(text: &str) -> Option<String> {
        let zone = TimeZone::get("Europe/Warsaw").expect("a bundled zone");
        parse(text, &zone).map(|instant| instant.to_string())
    }

    #[test]
    fn every_documented_form_is_read() {
        for (text, expected) in [
            ("2013-12-18", "2013-12-17T23:00:00Z"),
            ("18.12.2013", "2013-12-17T23:00:00Z"),
            ("8.7.2013", "2013-07-07T22:00:00Z"),
            ("2013-12-18 08:30", "2013-12-18T07:30:00Z"),
            ("2013-12-18T08:30:15", "2013-12-18T07:30:15Z"),
            ("18.12.2013 08:30", "2013-12-18T07:30:00Z"),
            ("2013-12-18T08:30:00Z", "2013-12-18T08:30:00Z"),
            ("2013-12-18t08:30:00.25z", "2013-12-18T08:30:00.25Z"),
            ("2013-12-18T08:30:00-05:00", "2013-12-18T13:30:00Z"),
            ("2013-12-18 08:30:00 +0100", "2013-12-18T07:30:00Z"),
        ] {
            assert_eq!(in_warsaw(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn days_that_never_were_and_other_words_are_no_dates() {
        for text in [
            "",
            "31.02.2013",
            "2013-02-29",
            "2013-13-01",
            "2013-1-1",
            "18.12.13",
            "18.12",
            "jutro",
            "2013-12-18 25:00",
            "2013-12-18T08:30:00+99:00",
            "2013-12-18 08:30 CET",
            "2013",
            "12/18/2013",
            "2013-12-18T",
            "２０１３-12-18",
        ] {
            assert_eq!(in_warsaw(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9.:TZ +-]{0,40}|\\PC{0,20}") {
            let _ = in_warsaw(&text);
        }
    }
}
