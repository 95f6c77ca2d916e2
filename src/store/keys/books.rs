//! Tables `k` and `b`: what the books of a run go by.

use super::Key;
use crate::domain::RunKey;

pub(in crate::store) fn books(run: RunKey) -> Key {
    Key::table(b'k').number(run.0)
}

/// All the news that a run was planned from.
pub(in crate::store) fn noted(run: RunKey) -> Key {
    Key::table(b'b').number(run.0)
}

/// The news of one stretch of its planning.
pub(in crate::store) fn noted_in(run: RunKey, stretch: u64) -> Key {
    noted(run).number(stretch)
}

pub(in crate::store) fn noted_row(run: RunKey, stretch: u64, number: u64) -> Key {
    noted_in(run, stretch).number(number)
}
