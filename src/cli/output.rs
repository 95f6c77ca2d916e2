//! What people see in the terminal.

use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::Failure;
use crate::domain::Problem;

/// A line for people.
///
/// # Errors
/// Nobody reads any more, as after `| head`; or the disk that it goes to is full.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    writeln!(stdout(), "{text}").map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::Unread,
        _ => anyhow::Error::new(error)
            .context("can't write to standard output")
            .into(),
    })
}

/// The same, beside what a pipe is to get. Where nobody can be told, nobody is.
pub(super) fn remark(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}

/// A table, as wide as the terminal.
pub(super) fn table<const N: usize>(
    head: [&str; N],
    rows: Vec<[String; N]>,
) -> Result<(), Failure> {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head);
    for row in rows {
        table.add_row(row);
    }
    say(&table.to_string())
}

/// For machines.
pub(super) fn json(value: &impl Serialize) -> Result<(), Failure> {
    say(&serde_json::to_string_pretty(value)?)
}

/// Every problem, and how many there are.
pub(super) fn problems(problems: &[Problem]) {
    for problem in problems {
        remark(&problem.to_string());
    }
    let count = problems.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    remark(&format!("{} {noun}", paint(&count.to_string(), "31")));
}

/// What went wrong, in one line.
pub(super) fn error(error: &anyhow::Error) {
    remark(&format!("{} {error:#}", paint("wici:", "31")));
}

/// An instant in a zone, to the minute.
pub(super) fn instant(instant: Timestamp, zone: &TimeZone) -> String {
    instant
        .to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

/// Colour (an SGR code) where a person looks.
fn paint(text: &str, code: &str) -> String {
    if stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        format!("\u{1b}[1;{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}
