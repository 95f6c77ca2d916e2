//! Lines of a table that can't be taken, each with the reason: some on the terminal, all in a table
//! of their own, which can be mended and imported.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context;

use super::private;
use crate::cli::{Failure, output};

/// The columns beside those of the table.
pub(super) const ADDED: [&str; 2] = ["line", "reason"];
/// Shown on the terminal.
const SHOWN: u64 = 20;

pub(super) struct Errors {
    path: PathBuf,
    head: Vec<String>,
    /// Made for the first line.
    table: Option<csv::Writer<File>>,
    number: u64,
}

impl Errors {
    /// `head` names the columns.
    pub(super) fn new(path: PathBuf, head: Vec<String>) -> Errors {
        Errors {
            path,
            head,
            table: None,
            number: 0,
        }
    }

    pub(super) fn note(&mut self, line: u64, why: &str, values: &[String]) -> Result<(), Failure> {
        self.number += 1;
        if self.number <= SHOWN {
            output::remark(&format!("line {line}: {why}"));
        }
        let path = self.path.clone();
        let unwritable = || format!("can't write {}", path.display());
        let table = match &mut self.table {
            Some(table) => table,
            None => {
                let mut table = csv::WriterBuilder::new()
                    .flexible(true)
                    .from_writer(private::create(&self.path).with_context(unwritable)?);
                let head = self.head.iter().map(String::as_str);
                table
                    .write_record(head.chain(ADDED))
                    .with_context(unwritable)?;
                self.table.insert(table)
            }
        };
        let line = line.to_string();
        let missing = self.head.len().saturating_sub(values.len());
        let values = values.iter().map(String::as_str);
        let row = values.chain(std::iter::repeat_n("", missing));
        table
            .write_record(row.chain([line.as_str(), why]))
            .with_context(unwritable)?;
        Ok(())
    }

    /// Where they are, if there were any.
    pub(super) fn finish(self) -> Result<Option<PathBuf>, Failure> {
        let Some(mut table) = self.table else {
            return Ok(None);
        };
        if self.number > SHOWN {
            output::remark(&format!("and {} more", self.number - SHOWN));
        }
        let unwritable = || format!("can't write {}", self.path.display());
        table.flush().with_context(unwritable)?;
        Ok(Some(self.path))
    }
}
