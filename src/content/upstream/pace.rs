//! When an upstream is asked again.

use jiff::{SignedDuration, Timestamp};

/// The most that a server may ask for, and the longest pause between attempts.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Of a feed that is gone for good (410): it may have been a mistake.
const GONE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The pause after a first failure, unless the feed is asked for more often.
const FIRST: SignedDuration = SignedDuration::from_mins(10);
/// A server may stretch the pause by `max-age` to so many times what is configured.
const STRETCH: i32 = 4;

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was a feed, changed or not; it is good for so long.
    Good(Option<SignedDuration>),
    /// There was none, for this many times in a row; the server wants to be left alone for so long.
    Failed(u32, Option<SignedDuration>),
    /// It is gone, and the server knows that (RFC 9110, section 15.5.11).
    Gone,
}

/// When to ask next, if it is asked `every` so often when all is well. `chance` is any number: it
/// spreads by up to a tenth those who would all come at once.
pub fn next(now: Timestamp, every: SignedDuration, outcome: Outcome, chance: u64) -> Timestamp {
    let pause = match outcome {
        Outcome::Good(max_age) => {
            let most = every.saturating_mul(STRETCH);
            every.max(max_age.unwrap_or_default().min(most))
        }
        Outcome::Failed(times, retry_after) => {
            let doublings = times.saturating_sub(1).min(20);
            let pause = every.min(FIRST).saturating_mul(1 << doublings);
            let longest = every.max(DAY);
            pause
                .min(longest)
                .max(retry_after.unwrap_or_default().min(DAY))
        }
        Outcome::Gone => every.max(GONE),
    };
    let tenth = u64::try_from(pause.as_millis() / 10).unwrap_or(0);
    let spread = SignedDuration::from_millis((chance % (tenth + 1)).try_into().unwrap_or(0));
    now.checked_add(pause.checked_add(spread).unwrap_or(pause))
        .unwrap_or(Timestamp::MAX)
}

/// When it is to be asked again at the latest, after a feed that was there at an instant.
pub fn latest(at: Timestamp, every: SignedDuration) -> Timestamp {
    next(
        at,
        every.saturating_mul(STRETCH),
        Outcome::Good(None),
        u64::MAX,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn minutes(outcome: Outcome) -> i64 {
        let now = Timestamp::UNIX_EPOCH;
        next(now, HOUR, outcome, 0).duration_since(now).as_mins()
    }

    #[test]
    fn failures_are_answered_by_longer_and_longer_pauses() {
        let pauses: Vec<i64> = [1, 2, 3, 4, 5, 9, u32::MAX]
            .map(|times| minutes(Outcome::Failed(times, None)))
            .to_vec();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 24 * 60, 24 * 60]);
    }

    #[test]
    fn a_server_gets_the_time_it_asks_for_within_reason() {
        let asks = |minutes| Some(SignedDuration::from_mins(minutes));
        assert_eq!(minutes(Outcome::Good(None)), 60);
        assert_eq!(minutes(Outcome::Good(asks(5))), 60);
        assert_eq!(minutes(Outcome::Good(asks(90))), 90);
        assert_eq!(minutes(Outcome::Good(asks(600_000))), 240);
        assert_eq!(minutes(Outcome::Failed(1, asks(30))), 30);
        assert_eq!(minutes(Outcome::Failed(1, asks(600_000))), 24 * 60);
        assert_eq!(minutes(Outcome::Gone), 7 * 24 * 60);
    }

    proptest! {
        #[test]
        fn the_next_time_is_always_to_come_and_never_out_of_sight(
            every in 1_000_i64..2_592_000_000,
            times in any::<u32>(),
            asked in proptest::option::of(0..i64::MAX),
            chance in any::<u64>(),
        ) {
            let every = SignedDuration::from_millis(every);
            let asked = asked.map(SignedDuration::from_secs);
            for outcome in [Outcome::Good(asked), Outcome::Failed(times, asked), Outcome::Gone] {
                let now = Timestamp::UNIX_EPOCH;
                let pause = next(now, every, outcome, chance).duration_since(now);
                prop_assert!(pause > SignedDuration::ZERO, "{outcome:?}");
                prop_assert!(pause <= SignedDuration::from_hours(4 * 33 * 24), "{outcome:?}");
            }
        }
    }
}
