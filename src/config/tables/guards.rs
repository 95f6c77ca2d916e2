//! `[guards]`

use crate::config::raw::Table;
use crate::config::report::Fault;
use crate::config::value::duration;
use crate::domain::Guards;

const UNITS: [(&str, u64); 4] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
];

/// The guards, and the floor of free space in bytes.
pub(in crate::config) fn guards(table: &Table<'_>) -> Option<(Guards, u64)> {
    let max_age = table.optional("max_age", "7d", duration("1s", "3650d"));
    let hold_over = table.whole("hold_over", 25, [0, 10_000]);
    let free_space = table.optional("free_space", "200MB", size);
    let guards = Guards {
        max_age: max_age?,
        hold_over: hold_over? as u64,
    };
    Some((guards, free_space?))
}

/// A size in bytes, up to 1,000 TB.
fn size(text: &str) -> Result<u64, Fault> {
    let read = || {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
        number
            .parse::<u64>()
            .ok()
            .filter(|number| *number <= 1_000)?
            .checked_mul(*size)
    };
    read().ok_or_else(|| {
        Fault::expected(
            "a size",
            text,
            "write a whole number up to 1000 and a unit: kB, MB, GB or TB, as in \"200MB\"",
        )
    })
}
