//! Cron lines: what crontab(5) means, on the wall clock of a zone.
//!
//! The `cron` crate finds matching wall-clock times; everything around it is ours, because in a
//! zone with summer time the crate skips, repeats and reorders. A zone's history is cut into
//! stretches of one UTC offset, and each stretch owns a range of wall-clock times:
//!
//! | line | where clocks go forward | where they go back |
//! | --- | --- | --- |
//! | runs in every hour (`*/30 * * * *`) | the skipped times are not owed: others are near | the repeated hour runs twice |
//! | any other (`30 2 * * *`) | skipped times run once, right after | the repeated hour runs once, the first time |
//!
//! That is what Debian's cron(8) does, with one difference: it takes each line with a `*` in minute
//! or hour for one that goes on by the new time, so that `*/30 2 * * *` has no run in one night of
//! the year and two times as many in another. Here a line that names hours comes every day, once:
//! nobody's digest is missing because its minutes were written with an asterisk.
//!
//! `laws/crond.rs` holds this against a daemon that watches the clock minute by minute, and
//! `laws/croner.rs` against the crate `croner`, over a hundred thousand random lines, zones and
//! instants; it names every way in which the two differ, and says by crontab(5) who is right: we
//! are, but for the one above, where croner goes by cron(8)'s letter. In short, croner joins `*/2`
//! and a weekday by "or", knows neither `@midnight` nor `*,5`, takes `SUN-SUN` for a week, lets only
//! lines with a single time of the day make up for skipped ones, and those neither after a gap of
//! over two hours nor where it ends on a day that the line does not name.

mod fields;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use cron::Schedule;
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use fields::CronError;

/// The last second of the years that the `cron` crate knows, 1970 to 2100.
const LAST: i64 = 4_133_980_799;

/// A cron line: five fields as in crontab(5), a nickname such as `@daily`, or six fields with
/// seconds first. Weekdays count from Sunday as 0 or 7 in all of them. Where both the day of the
/// month and the weekday are restricted (neither begins with `*`), a day that fits either will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronLine {
    line: String,
    /// Two where either the day of the month or the weekday will do: `cron` demands both.
    schedules: Vec<Schedule>,
    every_hour: bool,
    quartz_like: bool,
}

impl CronLine {
    /// Parses a line.
    ///
    /// # Errors
    /// Says which field is wrong and what was expected; refuses a line that never comes due, such
    /// as `0 0 31 2 *`.
    pub fn parse(text: &str) -> Result<CronLine, CronError> {
        let fields = fields::parse(text)?;
        let schedules = fields
            .quartz()
            .iter()
            .map(|line| Schedule::from_str(line))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| CronError::Refused(error.to_string()))?;
        let line = CronLine {
            line: text.trim().to_owned(),
            schedules,
            every_hour: fields.every_hour(),
            quartz_like: fields.has_numeric_weekdays_and_seconds(),
        };
        line.wall_from(0).ok_or(CronError::Never)?;
        Ok(line)
    }

    /// The line as written.
    pub fn as_str(&self) -> &str {
        &self.line
    }

    /// What may be meant otherwise than it is read: numeric weekdays beside seconds, which other
    /// schedulers count from Sunday as 1.
    pub fn warning(&self) -> Option<String> {
        self.quartz_like.then(|| {
            format!(
                "`{}`: weekdays count as in crontab(5), where 1 is Monday and Sunday is 0 or 7; \
                 names such as MON leave no doubt",
                self.line
            )
        })
    }

    /// The first due instant strictly after `after`; `None` past the year 2100.
    pub fn next_after(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let after = whole_seconds(after);
        let mut stretch = Stretch::at(zone, after)?;
        let mut from = stretch
            .lower(self.every_hour)
            .max(after + stretch.offset + 1);
        loop {
            let due = stretch.instant(self.wall_from(from)?);
            if due < stretch.end {
                return Timestamp::from_second(due).ok();
            }
            stretch = stretch.next(zone)?;
            from = stretch.lower(self.every_hour);
        }
    }

    /// The last due instant in (`after`, `through`]. Searches backwards, so its cost does not grow
    /// with the number of instants between.
    pub fn latest_in(
        &self,
        zone: &TimeZone,
        after: Timestamp,
        through: Timestamp,
    ) -> Option<Timestamp> {
        let after = whole_seconds(after);
        let mut through = whole_seconds(through);
        while through > after {
            let stretch = Stretch::at(zone, through)?;
            let wall = self.wall_through(through + stretch.offset)?;
            if wall >= stretch.lower(self.every_hour) {
                let due = stretch.instant(wall);
                return (due > after).then(|| Timestamp::from_second(due).ok())?;
            }
            through = stretch.start - 1;
        }
        None
    }

    /// The first matching wall-clock time at or after `wall`.
    fn wall_from(&self, wall: i64) -> Option<i64> {
        let before = naive(wall.max(0) - 1)?;
        self.schedules
            .iter()
            .filter_map(|schedule| schedule.after(&before).next())
            .map(|found| found.timestamp())
            .min()
    }

    /// The last matching wall-clock time at or before `wall`.
    fn wall_through(&self, wall: i64) -> Option<i64> {
        let beyond = naive(wall.min(LAST) + 1)?;
        self.schedules
            .iter()
            .filter_map(|schedule| schedule.after(&beyond).next_back())
            .map(|found| found.timestamp())
            .max()
    }
}

impl fmt::Display for CronLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl AsRef<str> for CronLine {
    fn as_ref(&self) -> &str {
        &self.line
    }
}

/// The longest time around an instant in which a zone keeps one UTC offset. Instants are in seconds
/// since the Unix epoch; a wall-clock time is that plus the offset.
struct Stretch {
    /// The first instant.
    start: i64,
    /// The first instant of the next stretch.
    end: i64,
    /// Seconds east of Greenwich.
    offset: i64,
    /// The offset of the stretch before.
    former_offset: i64,
}

impl Stretch {
    fn at(zone: &TimeZone, instant: i64) -> Option<Stretch> {
        let now = Timestamp::from_second(instant).ok()?;
        let next = Timestamp::from_second(instant + 1).ok()?;
        let start = zone
            .preceding(next)
            .next()
            .map_or(Timestamp::MIN, |transition| transition.timestamp());
        let end = zone
            .following(now)
            .next()
            .map_or(Timestamp::MAX, |transition| transition.timestamp());
        let former = start
            .checked_sub(jiff::SignedDuration::from_secs(1))
            .unwrap_or(start);
        let seconds_east = |at| i64::from(zone.to_offset(at).seconds());
        Some(Stretch {
            start: start.as_second(),
            end: end.as_second(),
            offset: seconds_east(now),
            former_offset: seconds_east(former),
        })
    }

    /// The stretch after this one. Its start is what this one says: at the seam between the table of
    /// a zone and the rule for the time after it, jiff knows of a transition in one direction only.
    fn next(&self, zone: &TimeZone) -> Option<Stretch> {
        Some(Stretch {
            start: self.end,
            former_offset: self.offset,
            ..Stretch::at(zone, self.end)?
        })
    }

    /// The first wall-clock time that belongs to this stretch. A line that runs in every hour looks
    /// at the clock as it shows now. For others no wall-clock time is lost or owed twice: the
    /// stretch goes on where the one before ended, so it takes skipped times, not repeated ones.
    fn lower(&self, every_hour: bool) -> i64 {
        if every_hour {
            self.start + self.offset
        } else {
            self.start + self.former_offset
        }
    }

    /// The instant of a wall-clock time of this stretch; of a skipped one, right after the gap.
    fn instant(&self, wall: i64) -> i64 {
        (wall - self.offset).max(self.start)
    }
}

/// The last whole second at or before an instant: due instants are whole, so nothing is lost.
fn whole_seconds(instant: Timestamp) -> i64 {
    instant.as_second() - i64::from(instant.subsec_nanosecond() < 0)
}

/// A wall-clock time as `cron` takes it without a zone: as though it were UTC.
fn naive(wall: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(wall, 0)
}
