//! After whatever is done to files, events and quiet lead to exactly what a full scan finds.

use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::operations::{Hands, Operation, operation};
use super::*;

fn follow(operations: &[Operation]) -> Outcome {
    let mut trial = Trial::new()?;
    let mut hands = Hands::at(&trial.root())?;
    for operation in operations {
        hands.attempt(operation);
        match operation {
            Operation::Look => {
                trial.gather();
                trial.follow()?;
            }
            Operation::Settle => {
                trial.settle()?;
                trial.check()?;
            }
            _ => {}
        }
    }
    trial.settle()?;
    trial.check()
}

/// Another history each time; a failure prints the shortest one, and `PROPTEST_RNG_SEED` makes it
/// the same one again.
#[test]
fn whatever_is_done_to_files_events_lead_to_what_a_full_scan_finds() {
    let config = Config {
        cases: 300,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&vec(operation(), 1..40), |operations| {
        follow(&operations).map_err(|error| TestCaseError::fail(error.to_string()))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
