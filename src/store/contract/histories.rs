//! Random histories, told to a store and to the model: the mails are the same.
//!
//! A history that fails is named by its seed; `WICI_SEED=… cargo test --lib everyone_gets` tells it
//! again, alone.

mod steps;
mod twins;

use std::cell::Cell;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::*;
use steps::{Step, step};
use twins::{Stop, Twins};

/// Tells a history. Returns how many mails there were.
async fn history(bench: Bench, steps: &[Step]) -> Result<usize, Stop> {
    let mut twins = Twins::over(bench).await?;
    for step in steps {
        twins.take(step).await?;
    }
    // Whatever is left over comes out.
    for approve in [true, false, true, true] {
        let dies = true;
        twins.take(&Step::Decide { approve, dies }).await?;
    }
    twins.take(&Step::Tick).await?;
    for schedule in 0..model::SCHEDULES.len() {
        for zone in 0..model::ZONES.len() {
            twins.take(&Step::Open(schedule, zone)).await?;
        }
    }
    twins.take(&Step::Plan { dies: true }).await?;
    for _ in 0..3 {
        let (defer, refuse) = (0, 0);
        twins.take(&Step::Send { defer, refuse }).await?;
    }
    twins.rest().await
}

/// Tells the history of a seed.
fn tell(
    seed: u64,
    runtime: &tokio::runtime::Runtime,
    bench: fn() -> Result<Bench, Stop>,
) -> Result<usize, Stop> {
    let config = Config {
        cases: 1,
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let steps = proptest::collection::vec(step(), 1..60);
    let mails = Cell::new(0);
    let told = TestRunner::new_with_rng(config, rng).run(&steps, |steps| {
        let fail = |error: Stop| TestCaseError::fail(error.to_string());
        let bench = bench().map_err(fail)?;
        mails.set(runtime.block_on(history(bench, &steps)).map_err(fail)?);
        Ok(())
    });
    match told {
        Ok(()) => Ok(mails.get()),
        Err(error) => Err(format!(
            "WICI_SEED={seed} cargo test --lib everyone_gets tells it again: {error}"
        )
        .into()),
    }
}

fn histories(number: u64, bench: fn() -> Result<Bench, Stop>) -> Test {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    if let Ok(seed) = std::env::var("WICI_SEED") {
        return tell(seed.parse()?, &runtime, bench).map(drop);
    }
    let mut mails = 0;
    for seed in 0..number {
        mails += tell(seed, &runtime, bench)?;
    }
    assert!(
        mails as u64 > 2 * number,
        "hardly anything was mailed: {mails}"
    );
    Ok(())
}

#[test]
fn everyone_gets_what_the_model_says() -> Test {
    histories(10_000, || Ok(Bench::memory()?))
}

#[test]
fn everyone_gets_what_the_model_says_though_the_process_dies() -> Test {
    histories(300, Bench::sled)
}
