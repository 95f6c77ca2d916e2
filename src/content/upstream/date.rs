//! Dates as feeds write them.

use chrono::{DateTime, Utc};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::content::parse::parse_date;

/// Zones of this part of the world that RFC 2822 does not know.
const ZONES: [(&str, &str); 8] = [
    ("UTC", "+0000"),
    ("WEST", "+0100"),
    ("CET", "+0100"),
    ("CEST", "+0200"),
    ("EET", "+0200"),
    ("EEST", "+0300"),
    ("BST", "+0100"),
    ("MSK", "+0300"),
];

/// RFC 3339 and what content files may have too, in `zone` where it names none; and RFC 2822, with
/// wrong or foreign weekdays, long months and a few zones more. `None`: nothing of these.
pub fn parse(text: &str, zone: &TimeZone) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let instant = parse_date(text, zone).or_else(|| rfc_2822(text))?;
    DateTime::from_timestamp(
        instant.as_second(),
        instant.subsec_nanosecond().try_into().ok()?,
    )
}

fn rfc_2822(text: &str) -> Option<Timestamp> {
    if text.len() > 64 {
        return None;
    }
    let after_weekday = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words: Vec<&str> = after_weekday.split_whitespace().collect();
    // `24 November 2026`, and `November 24 2026`.
    let is_number = |word: &&str| word.bytes().all(|b| b.is_ascii_digit());
    if words.first().is_some_and(|word| !is_number(word)) && words.len() > 1 {
        words.swap(0, 1);
    }
    if let Some(month) = words.get_mut(1) {
        *month = month.get(..3)?;
    }
    if let Some(zone) = words.last_mut() {
        *zone = offset(zone).unwrap_or(zone);
    }
    jiff::fmt::rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(words.join(" "))
        .ok()
}

fn offset(word: &str) -> Option<&'static str> {
    let known = ZONES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word));
    known.map(|(_, offset)| *offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_feeds_write_them() -> Result<(), jiff::Error> {
        let zone = TimeZone::get("Europe/Warsaw")?;
        let cases = [
            ("2026-11-24T08:00:00Z", Some("2026-11-24T08:00:00Z")),
            (
                "2026-11-24T08:00:00.25+01:00",
                Some("2026-11-24T07:00:00.25Z"),
            ),
            ("2026-11-24T08:00:00+0100", Some("2026-11-24T07:00:00Z")),
            // What has no zone is in the site's.
            ("2026-11-24 08:00:00", Some("2026-11-24T07:00:00Z")),
            ("2026-11-24", Some("2026-11-23T23:00:00Z")),
            ("24.11.2026", Some("2026-11-23T23:00:00Z")),
            (
                "Tue, 24 Nov 2026 08:00:00 GMT",
                Some("2026-11-24T08:00:00Z"),
            ),
            (
                "Tue, 24 Nov 2026 08:00:00 UTC",
                Some("2026-11-24T08:00:00Z"),
            ),
            (
                "Mon, 24 Nov 2026 08:00:00 +0100",
                Some("2026-11-24T07:00:00Z"),
            ),
            ("wt., 24 Nov 2026 08:00 CET", Some("2026-11-24T07:00:00Z")),
            (
                " 24 November 2026 08:00:00 EST ",
                Some("2026-11-24T13:00:00Z"),
            ),
            (
                "November 24 2026 08:00:00 GMT",
                Some("2026-11-24T08:00:00Z"),
            ),
            ("24 Nov 26 08:00:00 GMT", Some("2026-11-24T08:00:00Z")),
            ("Wed, 31 Feb 2013 08:00:00 GMT", None),
            ("24 listopada 2026", None),
            ("yesterday", None),
            ("", None),
            ("żółć, żółć żółć", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(str::parse::<Timestamp>).transpose()?;
            let found = parse(text, &zone).map(|at| at.to_rfc3339().parse::<Timestamp>());
            assert_eq!(found.transpose()?, expected, "{text}");
        }
        Ok(())
    }
}
