//! So many in a time: a bucket of leaves that fills at a rate, one leave for each (GCRA, as in ITU-T
//! I.371). Instants are times since one instant that whoever asks has chosen.

use std::time::Duration;

/// So many in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At least 1.
    pub number: u32,
    /// A second, a minute, an hour or a day.
    pub per: Duration,
}

/// How a bucket fills, and what it holds. The bucket itself is the instant at which it will be full.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// Between two leaves.
    gap: Duration,
    burst: u32,
}

impl Bucket {
    /// A bucket that holds what goes in such a time, and at least one leave.
    pub fn holding(rate: Rate, time: Duration) -> Bucket {
        let gap = rate.per / rate.number.max(1);
        let burst = time.as_nanos() / gap.as_nanos().max(1);
        Bucket {
            gap,
            burst: u32::try_from(burst).unwrap_or(u32::MAX).max(1),
        }
    }

    /// Leaves in a full bucket.
    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// Takes a leave from a bucket that will be `full` then.
    ///
    /// # Errors
    /// There is none before then.
    pub fn take(&self, full: &mut Duration, now: Duration) -> Result<(), Duration> {
        let later = (*full).max(now).saturating_add(self.gap);
        let earliest = later.saturating_sub(self.gap.saturating_mul(self.burst));
        if earliest > now {
            return Err(earliest);
        }
        *full = later;
        Ok(())
    }

    /// Puts leaves back into a bucket that will be `full` then; it holds no more for it.
    pub fn give(&self, full: &mut Duration, leaves: u32) {
        *full = full.saturating_sub(self.gap.saturating_mul(leaves));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const HELD: Duration = Duration::from_millis(100);

    fn rate(number: u32, seconds: u64) -> Rate {
        Rate {
            number,
            per: Duration::from_secs(seconds),
        }
    }

    /// When each of so many goes, if each goes as soon as it may.
    fn as_soon_as_may_be(bucket: Bucket, full: &mut Duration, mut now: Duration) -> Vec<Duration> {
        let mut gone = Vec::new();
        while gone.len() < 100 {
            match bucket.take(full, now) {
                Ok(()) => gone.push(now),
                Err(then) => now = then,
            }
        }
        gone
    }

    #[test]
    fn they_go_by_the_rate_after_what_the_bucket_held() {
        for (rate, burst, hundred) in [
            (rate(200, 1), 20, Duration::from_millis(400)),
            (rate(10_000, 3_600), 1, Duration::from_millis(35_640)),
            (rate(1, 86_400), 1, 99 * 86_400 * SECOND),
        ] {
            let bucket = Bucket::holding(rate, HELD);
            assert_eq!(bucket.burst(), burst);
            for start in [Duration::ZERO, 1_000 * SECOND] {
                let mut full = Duration::ZERO;
                let gone = as_soon_as_may_be(bucket, &mut full, start);
                let at_once = gone.iter().filter(|at| **at == start).count();
                assert_eq!(at_once, burst as usize, "{rate:?}");
                let last = gone.last().copied().unwrap_or_default();
                assert!((last - start).abs_diff(hundred) < HELD, "{last:?}");
            }
        }
    }

    #[test]
    fn a_long_silence_fills_the_bucket_and_no_more() {
        let (bucket, mut full) = (Bucket::holding(rate(200, 1), HELD), Duration::ZERO);
        as_soon_as_may_be(bucket, &mut full, SECOND);
        let start = 1_000 * SECOND;
        let gone = as_soon_as_may_be(bucket, &mut full, start);
        assert_eq!(gone.iter().filter(|at| **at == start).count(), 20);
    }

    proptest! {
        #[test]
        fn no_span_of_time_has_more_than_its_rate_and_a_bucket(
            number in 1u32..5_000,
            seconds in 1u64..100,
            pauses in proptest::collection::vec(0u64..200_000_000, 1..100),
        ) {
            let bucket = Bucket::holding(rate(number, seconds), HELD);
            let (mut now, mut full) = (Duration::ZERO, Duration::ZERO);
            let mut gone = Vec::new();
            for pause in pauses {
                now += Duration::from_nanos(pause);
                while bucket.take(&mut full, now).is_ok() {
                    gone.push(now);
                }
            }
            // Of every span between two at once: the lowest start before each end.
            let per_second = f64::from(number) / seconds as f64;
            let by_rate = |at: &Duration| (*at - gone[0]).as_secs_f64() * per_second;
            let mut lowest = f64::INFINITY;
            for (number, at) in gone.iter().enumerate() {
                lowest = lowest.min(number as f64 - by_rate(at));
                let above = (number + 1) as f64 - by_rate(at) - lowest;
                prop_assert!(above <= f64::from(bucket.burst()) + 0.01, "{above} at once");
            }
        }
    }
}
