//! Waits until a burst of hints is over. Pure: the clock is an argument.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::directory::Look;
use super::watch::Hint;

/// More single paths than this are dearer to look at than everything.
const MANY: usize = 10_000;
/// A source that never rests is looked at all the same after so many settle times.
const PATIENCE: i32 = 10;

/// Hints that wait for quiet.
#[derive(Debug)]
pub struct Coalescer {
    settle: SignedDuration,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    look: Look,
    first: Timestamp,
    last: Timestamp,
}

impl Coalescer {
    /// `settle` is how long it must be quiet.
    pub fn new(settle: SignedDuration) -> Coalescer {
        Coalescer {
            settle,
            waiting: None,
        }
    }

    /// Something may have changed.
    pub fn add(&mut self, hint: Hint, now: Timestamp) {
        let look = match hint {
            Hint::Everything => Look::Everything,
            Hint::Paths(paths) => bounded(paths),
        };
        self.waiting = Some(match self.waiting.take() {
            None => Waiting {
                look,
                first: now,
                last: now,
            },
            Some(waiting) => Waiting {
                look: both(waiting.look, look),
                // A clock that was put back must not make anybody wait for it.
                first: waiting.first.min(now),
                last: now,
            },
        });
    }

    /// When to look: a settle time after the last hint, but not later than ten after the first.
    /// `None`: nothing waits.
    pub fn ready_at(&self) -> Option<Timestamp> {
        let waiting = self.waiting.as_ref()?;
        let quiet = later(waiting.last, self.settle);
        let patience = later(waiting.first, self.settle.saturating_mul(PATIENCE));
        Some(quiet.min(patience))
    }

    /// What to look at, if it is time.
    pub fn take(&mut self, now: Timestamp) -> Option<Look> {
        if self.ready_at()? > now {
            return None;
        }
        self.waiting.take().map(|waiting| waiting.look)
    }
}

fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn bounded(paths: BTreeSet<PathBuf>) -> Look {
    if paths.len() > MANY {
        Look::Everything
    } else {
        Look::Paths(paths)
    }
}

fn both(one: Look, other: Look) -> Look {
    match (one, other) {
        (Look::Paths(mut paths), Look::Paths(more)) => {
            paths.extend(more);
            bounded(paths)
        }
        _ => Look::Everything,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).expect("a small number")
    }

    fn paths(names: &[&str]) -> BTreeSet<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    fn coalescer() -> Coalescer {
        Coalescer::new(SignedDuration::from_millis(500))
    }

    #[test]
    fn without_hints_there_is_nothing_to_wait_for() {
        let mut coalescer = coalescer();
        assert_eq!(coalescer.ready_at(), None);
        assert_eq!(coalescer.take(at(1_000)), None);
    }

    #[test]
    fn a_burst_is_one_look_after_a_quiet_time() {
        let mut coalescer = coalescer();
        coalescer.add(Hint::Paths(paths(&["a"])), at(0));
        coalescer.add(Hint::Paths(paths(&["b"])), at(400));
        assert_eq!(coalescer.ready_at(), Some(at(900)));
        assert_eq!(coalescer.take(at(899)), None);
        assert_eq!(
            coalescer.take(at(900)),
            Some(Look::Paths(paths(&["a", "b"])))
        );
        assert_eq!(coalescer.take(at(5_000)), None);
    }

    #[test]
    fn what_never_rests_is_looked_at_after_ten_settle_times() {
        let mut coalescer = coalescer();
        for milliseconds in (0..=4_900).step_by(100) {
            coalescer.add(Hint::Paths(paths(&["a"])), at(milliseconds));
            assert_eq!(coalescer.take(at(milliseconds)), None);
        }
        assert_eq!(coalescer.ready_at(), Some(at(5_000)));
        assert!(coalescer.take(at(5_000)).is_some());
    }

    #[test]
    fn everything_swallows_paths_and_so_do_too_many_of_them() {
        let mut coalescer = coalescer();
        coalescer.add(Hint::Paths(paths(&["a"])), at(0));
        coalescer.add(Hint::Everything, at(0));
        coalescer.add(Hint::Paths(paths(&["b"])), at(0));
        assert_eq!(coalescer.take(at(500)), Some(Look::Everything));

        let many = (0..=MANY).map(|n| PathBuf::from(n.to_string())).collect();
        coalescer.add(Hint::Paths(many), at(0));
        assert_eq!(coalescer.take(at(500)), Some(Look::Everything));
    }

    #[test]
    fn a_clock_put_back_delays_nothing() {
        let mut coalescer = coalescer();
        coalescer.add(Hint::Everything, at(1_000_000));
        coalescer.add(Hint::Everything, at(0));
        assert_eq!(coalescer.ready_at(), Some(at(500)));
    }
}
