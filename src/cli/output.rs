//! What people see in the terminal.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where it is printed"
)]

use std::io::IsTerminal;

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::domain::Problem;

/// A line for people.
pub(super) fn say(text: &str) {
    println!("{text}");
}

/// The same, beside what a pipe is to get.
pub(super) fn remark(text: &str) {
    eprintln!("{text}");
}

/// A table, as wide as the terminal.
pub(super) fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head);
    for row in rows {
        table.add_row(row);
    }
    println!("{table}");
}

/// For machines.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Every problem, and how many there are.
pub(super) fn problems(problems: &[Problem]) {
    for problem in problems {
        eprintln!("{problem}");
    }
    let count = problems.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    eprintln!("{} {noun}", paint(&count.to_string(), "31"));
}

/// What went wrong, in one line.
pub(super) fn error(error: &anyhow::Error) {
    eprintln!("{} {error:#}", paint("wici:", "31"));
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
    if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        format!("\u{1b}[1;{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}
