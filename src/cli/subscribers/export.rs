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
    let to_stdout = command.file == Path::new("-");
    let path = command.file.display();
    let unwritable = || format!("can't write {path}");
    // Whole, or not at all.
    let mut unfinished = command.file.clone().into_os_string();
    unfinished.push(".new");
    let unfinished = PathBuf::from(unfinished);
    let out: Box<dyn Write> = if to_stdout {
        Box::new(stdout().lock())
    } else {
        Box::new(private::create(&unfinished).with_context(unwritable)?)
    };
    let mut table = csv::Writer::from_writer(BufWriter::new(out));
    let (rows, left_out) = match write(access, &mut table).await {
        Err(Failure::Other(error)) if has_left(&error) && to_stdout => return Err(Failure::Unread),
        written => written?,
    };
    if !to_stdout {
        std::fs::rename(&unfinished, &command.file).with_context(unwritable)?;
    }
    let rows = output::number(rows, "subscription");
    output::remark(&match left_out {
        0 => format!("{rows}."),
        number => format!("{rows}; {number} who may not be written to are left out."),
    });
    Ok(())
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
