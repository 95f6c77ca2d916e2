//! The fields of a cron line, and what they become for the `cron` crate.

use std::collections::BTreeSet;

/// Why a cron line is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Neither five nor six fields.
    #[error(
        "expected five fields (minute, hour, day of month, month, weekday), or six with seconds \
         first; found {0}"
    )]
    Fields(usize),
    /// An unknown `@nickname`.
    #[error(
        "`{0}` is unknown; the nicknames are @yearly, @annually, @monthly, @weekly, @daily, \
         @midnight and @hourly"
    )]
    Nickname(String),
    /// One field is wrong.
    #[error("{field}: expected {expected}; found `{found}`")]
    Field {
        /// Which.
        field: &'static str,
        /// The part that is wrong.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// No date matches.
    #[error("no date matches it, so it would never come due")]
    Never,
    /// The `cron` crate does not take what was made of the line.
    #[error("it cannot be used: {0}")]
    Refused(String),
}

const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// What a field may hold.
struct Kind {
    name: &'static str,
    min: u8,
    max: u8,
    /// Names of the values from `min` on.
    names: &'static [&'static str],
}

const fn numeric(name: &'static str, min: u8, max: u8) -> Kind {
    Kind {
        name,
        min,
        max,
        names: &[],
    }
}

const SECOND: Kind = numeric("second", 0, 59);
const MINUTE: Kind = numeric("minute", 0, 59);
const HOUR: Kind = numeric("hour", 0, 23);
const DAY: Kind = numeric("day of month", 1, 31);
const MONTH: Kind = Kind {
    name: "month",
    min: 1,
    max: 12,
    names: &[
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ],
};
/// 7 is read as 0, so that ranges may end on Sunday.
const WEEKDAY: Kind = Kind {
    name: "weekday",
    min: 0,
    max: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
};

/// A parsed line.
pub(super) struct Fields {
    second: Field,
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
    numeric_weekdays_and_seconds: bool,
}

/// The values that match.
struct Field {
    values: BTreeSet<u8>,
    /// Does it begin with `*`? crontab(5) then takes it as unrestricted, also with a step.
    starred: bool,
}

/// Parses a whole line.
pub(super) fn parse(text: &str) -> Result<Fields, CronError> {
    let text = text.trim();
    let line = if text.starts_with('@') {
        NICKNAMES
            .iter()
            .find(|(nickname, _)| nickname.eq_ignore_ascii_case(text))
            .map(|(_, line)| *line)
            .ok_or_else(|| CronError::Nickname(short(text)))?
    } else {
        text
    };
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (second, [minute, hour, day, month, weekday]) = match words[..] {
        [minute, hour, day, month, weekday] => (None, [minute, hour, day, month, weekday]),
        [second, minute, hour, day, month, weekday] => {
            (Some(second), [minute, hour, day, month, weekday])
        }
        _ => return Err(CronError::Fields(words.len())),
    };
    let mut fields = Fields {
        second: SECOND.parse(second.unwrap_or("0"))?,
        minute: MINUTE.parse(minute)?,
        hour: HOUR.parse(hour)?,
        day: DAY.parse(day)?,
        month: MONTH.parse(month)?,
        weekday: WEEKDAY.parse(weekday)?,
        numeric_weekdays_and_seconds: second.is_some()
            && !weekday.starts_with('*')
            && weekday.contains(|c: char| c.is_ascii_digit()),
    };
    if fields.weekday.values.remove(&7) {
        fields.weekday.values.insert(0);
    }
    Ok(fields)
}

impl Fields {
    /// The same as one or two lines for the `cron` crate: seconds first, weekdays by name (it
    /// counts them from 1), and a line for each of day and weekday where either will do.
    pub(super) fn quartz(&self) -> Vec<String> {
        let time = format!(
            "{} {} {}",
            self.second.numbers(),
            self.minute.numbers(),
            self.hour.numbers()
        );
        let (day, month) = (self.day.numbers(), self.month.numbers());
        let weekday = self.weekday.names(WEEKDAY.names);
        if self.day.starred || self.weekday.starred {
            vec![format!("{time} {day} {month} {weekday}")]
        } else {
            vec![
                format!("{time} {day} {month} *"),
                format!("{time} * {month} {weekday}"),
            ]
        }
    }

    /// Does it run in each of the 24 hours of a day that it runs on?
    pub(super) fn every_hour(&self) -> bool {
        self.hour.values.len() == 24
    }

    /// Is it a line that Quartz would read otherwise?
    pub(super) fn has_numeric_weekdays_and_seconds(&self) -> bool {
        self.numeric_weekdays_and_seconds
    }
}

impl Field {
    fn numbers(&self) -> String {
        join(self.values.iter().map(u8::to_string))
    }

    fn names(&self, names: &[&str]) -> String {
        join(
            self.values
                .iter()
                .filter_map(|value| names.get(usize::from(*value)))
                .map(ToString::to_string),
        )
    }
}

fn join(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(",")
}

impl Kind {
    /// Parses a list of values, ranges and steps.
    fn parse(&self, text: &str) -> Result<Field, CronError> {
        let mut values = BTreeSet::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(step)),
                None => (part, None),
            };
            let (first, last) = match range.split_once('-') {
                _ if range == "*" => (self.min, self.max),
                Some((first, last)) => self.range(part, first, last)?,
                None if step.is_some() => {
                    let expected = format!("a range before the step, as in {range}-{}", self.max);
                    return Err(self.wrong(part, expected));
                }
                None => {
                    let value = self.value(range)?;
                    (value, value)
                }
            };
            let step = step.map_or(Ok(1), |step| self.step(part, step))?;
            values.extend((first..=last).step_by(step));
        }
        Ok(Field {
            values,
            starred: text.starts_with('*'),
        })
    }

    fn range(&self, part: &str, first: &str, last: &str) -> Result<(u8, u8), CronError> {
        let first = self.value(first)?;
        let last = match self.value(last)? {
            // The week ends on Sunday when a range does: SAT-SUN.
            0 if first > 0 && self.max == WEEKDAY.max => WEEKDAY.max,
            last => last,
        };
        if first <= last {
            Ok((first, last))
        } else {
            Err(self.wrong(part, "a range that goes upwards".to_owned()))
        }
    }

    fn value(&self, text: &str) -> Result<u8, CronError> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text))
            .and_then(|position| u8::try_from(position).ok());
        let value = match named {
            Some(position) => Some(self.min + position),
            None => number(text),
        };
        value
            .filter(|value| (self.min..=self.max).contains(value))
            .ok_or_else(|| self.wrong(text, self.expected()))
    }

    fn step(&self, part: &str, step: &str) -> Result<usize, CronError> {
        number(step)
            .filter(|step| (1..=self.max).contains(step))
            .map(usize::from)
            .ok_or_else(|| self.wrong(part, format!("a step of 1 to {} after the `/`", self.max)))
    }

    fn expected(&self) -> String {
        let names = match self.names {
            [first, .., last] => format!(", {first} to {last}"),
            _ => String::new(),
        };
        format!(
            "{} to {}{names}, `*`, or lists, ranges and steps of them",
            self.min, self.max
        )
    }

    fn wrong(&self, found: &str, expected: String) -> CronError {
        CronError::Field {
            field: self.name,
            found: short(found),
            expected,
        }
    }
}

/// Digits alone: `u8::from_str` would take a sign, too.
fn number(text: &str) -> Option<u8> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
