//! What people see in the terminal.

use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};

use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table,
    TableStyle, Width,
};
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
    write(&format!("{text}\n"))
}

/// The same without an end of the line.
///
/// # Errors
/// Those of [`say`].
pub(super) fn write(text: &str) -> Result<(), Failure> {
    stdout()
        .write_all(text.as_bytes())
        .map_err(|error| match error.kind() {
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

/// Names and addresses up to this many characters are not broken, where there is room for them.
const UNBROKEN: usize = 40;

/// Words up to this many are not either.
const WORD: usize = 12;
/// Beside what is in a cell.
const PADDING: usize = 2;
/// Between two columns.
const GAP: usize = 1;

/// A table no wider than the terminal, with a line under its head. Numbers stand to the right.
pub(super) fn table<const N: usize>(
    head: [&str; N],
    rows: Vec<[String; N]>,
) -> Result<(), Failure> {
    let style = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    let mut table = Table::new();
    table
        .load_style(style)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head.map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    let words = |place: usize, most: usize| longest_word(head[place], &rows, place, most);
    let narrowest: usize = (0..N).map(|place| words(place, WORD) + PADDING + GAP).sum();
    let mut room = usize::from(table.width().unwrap_or(u16::MAX)).saturating_sub(narrowest);
    for (place, column) in table.column_iter_mut().enumerate() {
        let mut cells = rows.iter().map(|row| &row[place]);
        if cells.clone().all(|cell| cell.parse::<u64>().is_ok()) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let mut width = words(place, WORD);
        if cells.all(|cell| !cell.contains(' ')) {
            let more = (words(place, UNBROKEN) - width).min(room);
            width += more;
            room -= more;
        }
        let width = Width::Fixed((width + PADDING) as u16);
        column.set_constraint(ColumnConstraint::LowerBoundary(width));
    }
    table.add_rows(rows);
    say(&table.trim_fmt())
}

/// The characters of the longest word of a column, not counting beyond `most`; none of its head is
/// broken.
fn longest_word<const N: usize>(
    head: &str,
    rows: &[[String; N]],
    place: usize,
    most: usize,
) -> usize {
    let longest = |text: &str| {
        text.split_whitespace()
            .map(|word| word.chars().count())
            .max()
    };
    let cells = rows.iter().filter_map(|row| longest(&row[place]));
    let cells = cells.max().unwrap_or(0).min(most);
    cells.max(longest(head).unwrap_or(0))
}

/// `1 mail`, `2 mails`.
pub(super) fn number(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
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
    let count = number(problems.len() as u64, "problem");
    remark(&paint(&count, "31"));
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

/// The same of what is to come, as people say it.
pub(super) fn day_and_time(instant: Timestamp, zone: &TimeZone) -> String {
    instant
        .to_zoned_datetime(zone.clone())
        .strftime("%a %-d %b %Y, %H:%M")
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
