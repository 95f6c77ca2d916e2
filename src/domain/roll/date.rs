//! Instants as tables write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// RFC 3339; `YYYY-MM-DD[ HH:MM[:SS]]` and `DD.MM.YYYY` in a zone; and what Go prints, as listmonk
/// does: `2024-05-06 07:08:09.123456 +0200 CEST`.
///
/// # Errors
/// It is none of these; in words.
pub(super) fn parse(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let wrong = || {
        let shown: String = text.chars().take(40).collect();
        format!("`{shown}` is not an instant; write it as in 2026-11-24 or 2026-11-24T08:00:00Z")
    };
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let mut words = text.split_whitespace();
    if let (Some(date), Some(time), Some(offset)) = (words.next(), words.next(), words.next())
        && let Ok(instant) = format!("{date}T{time}{offset}").parse::<Timestamp>()
    {
        return Ok(instant);
    }
    let local = text
        .parse::<DateTime>()
        .or_else(|_| Date::strptime("%d.%m.%Y", text).map(DateTime::from))
        .map_err(|_| wrong())?;
    zone.to_timestamp(local).map_err(|_| wrong())
}
