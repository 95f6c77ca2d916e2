//! Against cron(8)'s own way, minute by minute: a daemon that looks at the wall clock.

use jiff::civil::DateTime as Civil;

use super::super::*;

/// What a line allows, read by an eye of its own.
struct Allowed {
    minutes: [bool; 60],
    hours: [bool; 24],
    days: [bool; 32],
    months: [bool; 13],
    weekdays: [bool; 8],
    /// Does either of day and weekday do?
    either: bool,
}

fn field<const N: usize>(text: &str, min: usize, names: &str) -> [bool; N] {
    let number = |word: &str| {
        let named = names
            .split(' ')
            .position(|name| name.eq_ignore_ascii_case(word));
        named.map_or_else(|| word.parse().expect("a number"), |place| place + min)
    };
    let mut allowed = [false; N];
    for part in text.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (min, N - 1),
            // FRI-SUN
            Some((first, last)) if number(last) < number(first) => (number(first), N - 1),
            Some((first, last)) => (number(first), number(last)),
            None => (number(range), number(range)),
        };
        for value in (first..=last).step_by(step.parse().expect("a step")) {
            allowed[value] = true;
        }
    }
    allowed
}

impl Allowed {
    fn by(line: &str) -> Allowed {
        let fields: Vec<&str> = line.split(' ').collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            panic!("five fields: {line}");
        };
        let months = "jan feb mar apr may jun jul aug sep oct nov dec";
        let mut weekdays: [bool; 8] = field(weekday, 0, "sun mon tue wed thu fri sat");
        weekdays[0] |= weekdays[7];
        Allowed {
            minutes: field(minute, 0, ""),
            hours: field(hour, 0, ""),
            days: field(day, 1, ""),
            months: field(month, 1, months),
            weekdays,
            either: !day.starts_with('*') && !weekday.starts_with('*'),
        }
    }

    fn matches(&self, wall: Civil) -> bool {
        let of = |allowed: &[bool], value: i8| allowed[usize::try_from(value).expect("positive")];
        let day = of(&self.days, wall.day());
        let weekday = of(&self.weekdays, wall.weekday().to_sunday_zero_offset());
        of(&self.minutes, wall.minute())
            && of(&self.hours, wall.hour())
            && of(&self.months, wall.month())
            && if self.either {
                day || weekday
            } else {
                day && weekday
            }
    }

    fn every_hour(&self) -> bool {
        self.hours.iter().all(|allowed| *allowed)
    }
}

/// Every due instant in (`start`, `end`], both whole minutes. Looks once a minute: a line that runs
/// in every hour goes by what the clock shows now. Any other is due when the clock reaches or has
/// just skipped its time; minutes that the clock shows for a second time are passed over.
pub(super) fn dues(line: &str, zone: &TimeZone, start: i64, end: i64) -> Vec<i64> {
    let allowed = Allowed::by(line);
    let wall = |instant: i64| zone.to_datetime(Timestamp::from_second(instant).expect("in range"));
    let minutes = |from: Civil, to: Civil| {
        std::iter::successors(Some(from), |at| {
            at.checked_add(jiff::ToSpan::minutes(1)).ok()
        })
        .skip(1)
        .take_while(move |at| *at <= to)
    };
    let mut reached = wall(start);
    let mut dues = Vec::new();
    for instant in (start + 60..=end).step_by(60) {
        let now = wall(instant);
        let is_due = if allowed.every_hour() {
            allowed.matches(now)
        } else {
            minutes(reached, now).any(|passed| allowed.matches(passed))
        };
        if is_due {
            dues.push(instant);
        }
        reached = reached.max(now);
    }
    dues
}
