//! `wici subscribers import`: a table of any size, page by page.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use encoding_rs::Encoding;
use indicatif::{ProgressBar, ProgressStyle};

use super::errors::Errors;
use super::records::Records;
use super::report::Report;
use super::text::{self, Text};
use crate::cli::Failure;
use crate::cli::access::{Access, unexpected};
use crate::control::roll::Outcome;
use crate::control::{Refusal, Request, Response};
use crate::domain::roll::{Layout, Row, Unusable};
use crate::domain::{Enrolled, Language};

/// Rows told at a time, and their bytes.
const PAGE: usize = 2_000;
const PAGE_BYTES: usize = 512 << 10;

#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// A table (CSV) with a column `email`, or an export of listmonk, Mailchimp, Ghost or phpList
    file: PathBuf,
    /// Of rows that name no tags: mail publications with this tag; may be given again
    #[arg(long, value_name = "TAG")]
    any: Vec<String>,
    /// Of rows that name none: when to mail [default: the first schedule]
    #[arg(long, value_name = "NAME")]
    schedule: Option<String>,
    /// Of rows that name none: the language of the mails [default: the site's]
    #[arg(long, value_parser = Language::parse)]
    language: Option<Language>,
    /// What the file is in, as in `windows-1250` [default: what it looks like]
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// Where lines go that can't be taken, with the reason [default: FILE.errors.csv]
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Only say what would become of it
    #[arg(long)]
    dry_run: bool,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

pub(super) async fn import(access: &Access, command: Import) -> Result<(), Failure> {
    let (records, layout, head) = open(&command)?;
    let bar = progress(&command.file)?;
    let errors = command
        .errors
        .clone()
        .unwrap_or_else(|| beside(&command.file));
    let mut importing = Importing {
        access,
        report: Report::of(&layout, command.dry_run),
        errors: Errors::new(errors, head),
        seen: command.dry_run.then(HashSet::new),
        page: Page::default(),
        layout,
        command,
    };
    importing.all(records, &bar).await?;
    bar.finish_and_clear();
    let Importing { report, errors, .. } = importing;
    report.tell(errors.finish()?, importing.command.json)
}

/// The table's records after its head, what its columns say, and the head.
fn open(command: &Import) -> Result<(Records<File>, Layout, Vec<String>), Failure> {
    let path = command.file.display();
    let mut file = File::open(&command.file).with_context(|| format!("can't read {path}"))?;
    let encoding = match &command.encoding {
        Some(name) => Encoding::for_label(name.as_bytes())
            .ok_or_else(|| Refusal(format!("no encoding is called `{name}`")))?,
        None => text::encoding(&mut file)
            .with_context(|| format!("can't read {path}"))?
            .ok_or_else(|| {
                Refusal(format!(
                    "{path} is not UTF-8, and what else it is can't be told: save it as UTF-8, or say `--encoding windows-1250`"
                ))
            })?,
    };
    let mut records = Records::new(Text::new(file, encoding));
    let (layout, head) = layout(&mut records)
        .with_context(|| format!("can't read {path}"))?
        .ok_or_else(|| {
            Refusal(format!(
                "{path} has no column of addresses: its first line must name one column `email`"
            ))
        })?;
    Ok((records, layout, head))
}

/// Finds out what separates the values, and what the columns say. `None`: it can't be found out.
fn layout<R: Read>(records: &mut Records<R>) -> std::io::Result<Option<(Layout, Vec<String>)>> {
    let mut separators = vec![b',', b';', b'\t'];
    // So a spreadsheet may be told.
    if let Some([first, ..]) = records.peek()?.as_deref()
        && let Some([separator]) = first.strip_prefix("sep=").map(str::as_bytes)
    {
        separators = vec![*separator];
        records.next()?;
    } else if records.peek()?.is_some_and(|first| first == ["sep=", ""]) {
        separators = vec![b','];
        records.next()?;
    }
    let mut best: Option<(Layout, Vec<String>, u8)> = None;
    for separator in &separators {
        records.separate_by(*separator);
        let head = records.peek()?.unwrap_or_default();
        let width = best.as_ref().map_or(0, |(_, head, _)| head.len());
        if head.len() > width
            && let Some(layout) = Layout::of(&head)
        {
            best = Some((layout, head, *separator));
        }
    }
    if let Some((layout, head, separator)) = best {
        records.separate_by(separator);
        records.next()?;
        return Ok(Some((layout, head)));
    }
    for separator in separators {
        records.separate_by(separator);
        let first = records.peek()?.unwrap_or_default();
        if let Some(layout) = Layout::headless(&first) {
            return Ok(Some((layout, vec!["email".to_owned()])));
        }
    }
    Ok(None)
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".errors.csv");
    PathBuf::from(name)
}

/// Draws nothing where nobody looks.
fn progress(file: &Path) -> Result<ProgressBar, Failure> {
    let length = std::fs::metadata(file).map(|file| file.len()).unwrap_or(0);
    let bar = ProgressBar::new(length);
    bar.set_style(ProgressStyle::with_template(
        "{wide_bar} {percent}% · {msg} · {eta} left",
    )?);
    Ok(bar)
}

struct Importing<'a> {
    access: &'a Access,
    command: Import,
    layout: Layout,
    page: Page,
    report: Report,
    errors: Errors,
    /// What was seen of a file that changes nothing, so that equal rows are one.
    seen: Option<HashSet<u64>>,
}

/// Rows to be told, and the lines that they are from.
#[derive(Default)]
struct Page {
    rows: Vec<Row>,
    lines: Vec<(u64, Vec<String>)>,
    bytes: usize,
}

impl Importing<'_> {
    async fn all(&mut self, mut records: Records<File>, bar: &ProgressBar) -> Result<(), Failure> {
        let path = self.command.file.clone();
        let unreadable = || format!("can't read {}", path.display());
        while let Some(record) = records.next().with_context(unreadable)? {
            self.report.lines += 1;
            match record.values {
                Ok(values) => self.take(record.line, values)?,
                Err(broken) => self.bad(record.line, broken.why, &[broken.text])?,
            }
            if self.page.rows.len() >= PAGE || self.page.bytes >= PAGE_BYTES {
                self.send().await?;
                bar.set_position(records.taken());
                bar.set_message(format!("{} lines", self.report.lines));
            }
        }
        self.send().await
    }

    fn take(&mut self, line: u64, values: Vec<String>) -> Result<(), Failure> {
        let zone = &self.access.config.site.zone;
        match self.layout.row(&values, zone) {
            Ok(row) => {
                let row = self.completed(row);
                self.page.bytes += values.iter().map(String::len).sum::<usize>();
                self.page.rows.push(row);
                self.page.lines.push((line, values));
            }
            Err(Unusable::Inactive(why)) => *self.report.inactive.entry(why).or_default() += 1,
            Err(Unusable::Bad(why)) => self.bad(line, &why, &values)?,
        }
        Ok(())
    }

    /// With what the command says of rows that say nothing.
    fn completed(&self, mut row: Row) -> Row {
        if row.any.is_empty() && row.all.is_empty() && row.none.is_empty() {
            row.any.clone_from(&self.command.any);
        }
        row.schedule = row.schedule.or_else(|| self.command.schedule.clone());
        row.language = row.language.or_else(|| self.command.language.clone());
        row
    }

    async fn send(&mut self) -> Result<(), Failure> {
        let page = std::mem::take(&mut self.page);
        if page.rows.is_empty() {
            return Ok(());
        }
        let repeated: Vec<bool> = page.rows.iter().map(|row| self.is_repeated(row)).collect();
        let request = Request::ImportSubscribers {
            rows: page.rows,
            dry_run: self.command.dry_run,
        };
        let Response::Imported(imported) = self.access.ask(&request).await? else {
            return Err(unexpected());
        };
        for (tag, rows) in imported.unused {
            *self.report.unused_tags.entry(tag).or_default() += rows;
        }
        for ((outcome, (line, values)), repeated) in
            imported.outcomes.into_iter().zip(page.lines).zip(repeated)
        {
            match outcome {
                Outcome::Enrolled(Enrolled::TooMany) => {
                    self.bad(
                        line,
                        "the address has more subscriptions than one can have",
                        &values,
                    )?;
                }
                Outcome::Enrolled(_) if repeated => self.report.count(Enrolled::Already),
                Outcome::Enrolled(enrolled) => self.report.count(enrolled),
                Outcome::Refused(why) => self.bad(line, &why, &values)?,
            }
        }
        Ok(())
    }

    fn is_repeated(&mut self, row: &Row) -> bool {
        let Some(seen) = &mut self.seen else {
            return false;
        };
        let mut hasher = DefaultHasher::new();
        row.address.key().hash(&mut hasher);
        (&row.any, &row.all, &row.none, &row.languages, &row.schedule).hash(&mut hasher);
        !seen.insert(hasher.finish())
    }

    fn bad(&mut self, line: u64, why: &str, values: &[String]) -> Result<(), Failure> {
        self.report.bad += 1;
        self.errors.note(line, why, values)
    }
}
