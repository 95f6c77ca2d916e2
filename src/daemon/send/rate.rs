//! `[mail] rate`: a bucket of leaves, one a letter.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Rate;

/// A token bucket, kept as the instant at which it will be full (GCRA). It is full at first, so
/// that a restart gives away one bucket and no more.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Between two letters.
    gap: Duration,
    /// What a full bucket holds.
    burst: u32,
    full: Instant,
}

impl Bucket {
    /// A bucket holds what goes in this time, and at least one: timers are not exact, and no server
    /// minds.
    const HOLDS: Duration = Duration::from_millis(100);

    pub(super) fn of(rate: Rate, now: Instant) -> Bucket {
        let gap = rate.per / rate.letters.max(1);
        let burst = Bucket::HOLDS.as_nanos() / gap.as_nanos().max(1);
        Bucket {
            gap,
            burst: u32::try_from(burst).unwrap_or(u32::MAX).max(1),
            full: now,
        }
    }

    /// Letters that may go at once.
    pub(super) fn burst(&self) -> usize {
        self.burst as usize
    }

    /// Takes leave for a letter.
    ///
    /// # Errors
    /// There is none before then.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let full = self.full.max(now) + self.gap;
        let earliest = full - self.gap * self.burst;
        if earliest > now {
            return Err(earliest);
        }
        self.full = full;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::time::{advance, sleep_until};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rate(letters: u32, seconds: u64) -> Rate {
        Rate {
            letters,
            per: Duration::from_secs(seconds),
        }
    }

    /// When each of so many letters goes, if each goes as soon as it may.
    async fn letters(bucket: &mut Bucket, number: usize) -> Vec<Instant> {
        let mut gone = Vec::with_capacity(number);
        while gone.len() < number {
            match bucket.take(Instant::now()) {
                Ok(()) => gone.push(Instant::now()),
                Err(then) => sleep_until(then).await,
            }
        }
        gone
    }

    #[tokio::test(start_paused = true)]
    async fn letters_go_by_the_rate_after_what_the_bucket_held() {
        for (rate, burst, hundred) in [
            (rate(200, 1), 20, Duration::from_millis(400)),
            (rate(10_000, 3_600), 1, Duration::from_millis(35_640)),
            (rate(1, 86_400), 1, 99 * 86_400 * SECOND),
        ] {
            let start = Instant::now();
            let mut bucket = Bucket::of(rate, start);
            assert_eq!(bucket.burst(), burst);
            let gone = letters(&mut bucket, 100).await;
            let at_once = gone.iter().filter(|at| **at == start).count();
            assert_eq!(at_once, burst, "{rate:?}");
            // tokio's timers round up to milliseconds.
            let took = gone[99] - start;
            assert!(took >= hundred && took <= hundred + SECOND / 10, "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_silence_fills_the_bucket_and_no_more() {
        let mut bucket = Bucket::of(rate(200, 1), Instant::now());
        letters(&mut bucket, 20).await;
        advance(1_000 * SECOND).await;
        let start = Instant::now();
        let gone = letters(&mut bucket, 50).await;
        assert_eq!(gone.iter().filter(|at| **at == start).count(), 20);
    }

    proptest! {
        #[test]
        fn no_span_of_time_has_more_than_its_rate_and_a_bucket(
            letters in 1u32..5_000,
            seconds in 1u64..100,
            pauses in proptest::collection::vec(0u64..200_000_000, 1..100),
        ) {
            let rate = rate(letters, seconds);
            let mut now = Instant::now();
            let mut bucket = Bucket::of(rate, now);
            let mut gone = Vec::new();
            for pause in pauses {
                now += Duration::from_nanos(pause);
                while bucket.take(now).is_ok() {
                    gone.push(now);
                }
            }
            // Of every span between two letters at once: the lowest start before each end.
            let per_second = f64::from(letters) / seconds as f64;
            let by_rate = |at: &Instant| (*at - gone[0]).as_secs_f64() * per_second;
            let mut lowest = f64::INFINITY;
            for (number, at) in gone.iter().enumerate() {
                lowest = lowest.min(number as f64 - by_rate(at));
                let above = (number + 1) as f64 - by_rate(at) - lowest;
                prop_assert!(above <= bucket.burst() as f64 + 0.01, "{above} at once");
            }
        }
    }
}
