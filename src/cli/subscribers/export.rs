//! `wici subscribers export`: everyone who may be written to, as a table that can be imported.

use std::io::{BufWriter, ErrorKind, Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use indicatif::ProgressBar;

use super::private;
use crate::cli::access::{Access, unexpected};
use crate::cli::{Failure, output};
use crate::control::{Request, Response};
use crate::domain::roll::{self, Row};

/// Subscribers asked for at a time.
const PAGE: usize = 2_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// Where to write it; `-`: to standard output
    file: PathBuf,
}

pub(super) async fn export(access: &Access, command: Export) -> Result<(), Failure> {
    let path = command.file.display();
    let unwritable = || format!("can't write {path}");
    let unfinished = unfinished(&command.file);
    let out: Box<dyn Write> = if command.file == Path::new("-") {
        Box::new(stdout().lock())
    } else {
        let file = unfinished.as_deref().unwrap_or(&command.file);
        Box::new(private::create(file).with_context(unwritable)?)
    };
    let mut table = csv::Writer::from_writer(BufWriter::new(out));
    let (rows, left_out) = match write(access, &mut table).await {
        Err(Failure::Other(error)) if has_left(&error) => return Err(Failure::Unread),
        written => written?,
    };
    if let Some(unfinished) = unfinished {
        std::fs::rename(&unfinished, &command.file).with_context(unwritable)?;
    }
    let rows = output::number(rows, "subscription");
    output::remark(&match left_out {
        0 => format!("{rows}."),
        number => format!("{rows}; {number} who may not be written to are left out."),
    });
    Ok(())
}

/// Where a file is written, to be renamed once it is whole. `None`: it goes where it is to go at
/// once, to standard output, a pipe or a device.
fn unfinished(file: &Path) -> Option<PathBuf> {
    let is_other = file.exists() && !file.is_file();
    if file == Path::new("-") || is_other {
        return None;
    }
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(".new");
    Some(PathBuf::from(unfinished))
}

async fn write<W: Write>(
    access: &Access,
    table: &mut csv::Writer<W>,
) -> Result<(u64, u64), Failure> {
    table.write_record(roll::COLUMNS)?;
    let bar = ProgressBar::no_length();
    let (mut rows, mut left_out, mut after) = (0, 0, Some(0));
    while let Some(from) = after {
        let request = Request::ExportSubscribers {
            after: from,
            most: PAGE,
        };
        let Response::Exported(page) = access.ask(&request).await? else {
            return Err(unexpected());
        };
        for row in &page.rows {
            table.write_record(values(row))?;
        }
        rows += page.rows.len() as u64;
        left_out += page.left_out;
        after = page.next;
        bar.set_position(rows);
    }
    table.flush()?;
    bar.finish_and_clear();
    Ok((rows, left_out))
}

fn values(row: &Row) -> [String; 9] {
    let text = |value: Option<String>| value.unwrap_or_default();
    [
        roll::guarded(row.address.as_str()),
        roll::joined(&row.any),
        roll::joined(&row.all),
        roll::joined(&row.none),
        roll::joined(&row.languages),
        text(row.schedule.clone()),
        text(row.language.as_ref().map(ToString::to_string)),
        text(row.timezone.clone()),
        text(row.confirmed_at.map(|at| at.to_string())),
    ]
}

/// Whoever read the output, as after `| head`.
fn has_left(error: &anyhow::Error) -> bool {
    let io = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::kind)
    };
    error
        .chain()
        .any(|cause| io(cause) == Some(ErrorKind::BrokenPipe))
}
