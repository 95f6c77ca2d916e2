//! What became of an import.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::errors::ADDED;
use crate::cli::{Failure, output};
use crate::domain::Enrolled;
use crate::domain::roll::{Inactive, Layout, Program};

/// Counts of lines. The field names are what `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Who wrote the table.
    pub(super) program: Program,
    /// Was anything changed?
    pub(super) dry_run: bool,
    /// All, without the head.
    pub(super) lines: u64,
    pub(super) added: u64,
    pub(super) extended: u64,
    pub(super) already: u64,
    pub(super) unsubscribed: u64,
    pub(super) suppressed: u64,
    /// Not written to by the program that wrote the table.
    pub(super) inactive: BTreeMap<Inactive, u64>,
    pub(super) bad: u64,
    pub(super) errors: Option<PathBuf>,
    pub(super) unused_columns: Vec<String>,
    /// No publication has them.
    pub(super) unused_tags: BTreeMap<String, u64>,
}

/// Without the columns that [`super::errors`] adds.
fn unused(layout: &Layout) -> Vec<String> {
    let unused = layout.unused.iter();
    let foreign = unused.filter(|name| !ADDED.contains(&name.as_str()));
    foreign.cloned().collect()
}

impl Report {
    pub(super) fn of(layout: &Layout, dry_run: bool) -> Report {
        Report {
            program: layout.program,
            dry_run,
            lines: 0,
            added: 0,
            extended: 0,
            already: 0,
            unsubscribed: 0,
            suppressed: 0,
            inactive: BTreeMap::new(),
            bad: 0,
            errors: None,
            unused_columns: unused(layout),
            unused_tags: BTreeMap::new(),
        }
    }

    pub(super) fn count(&mut self, enrolled: Enrolled) {
        *match enrolled {
            Enrolled::Added => &mut self.added,
            Enrolled::Extended => &mut self.extended,
            Enrolled::Already => &mut self.already,
            Enrolled::Unsubscribed => &mut self.unsubscribed,
            Enrolled::Suppressed => &mut self.suppressed,
            Enrolled::TooMany => &mut self.bad,
        } += 1;
    }

    /// Says it all. Lines that could not be taken are a failure, after the others were.
    pub(super) fn tell(mut self, errors: Option<PathBuf>, json: bool) -> Result<(), Failure> {
        self.errors = errors;
        if json {
            output::json(&self)?;
        } else {
            self.print()?;
        }
        if self.bad > 0 {
            Err(Failure::Said)
        } else {
            Ok(())
        }
    }

    fn print(&self) -> Result<(), Failure> {
        let lines = output::number(self.lines, "line");
        output::say(&match self.program {
            Program::Wici => format!("{lines}:"),
            program => format!("{lines} of an export of {program}:"),
        })?;
        let inactive = |why| self.inactive.get(&why).copied().unwrap_or_default();
        for (number, what) in [
            (self.added, "subscribed"),
            (self.extended, "subscribed to more than before"),
            (self.already, "subscribed already"),
            (
                self.unsubscribed,
                "not brought back: they unsubscribed here",
            ),
            (
                self.suppressed,
                "not subscribed: they are on the suppression list",
            ),
            (
                inactive(Inactive::Unsubscribed),
                "not subscribed: unsubscribed there",
            ),
            (
                inactive(Inactive::Bounced),
                "not subscribed: mail to them came back there",
            ),
            (inactive(Inactive::Blocked), "not subscribed: blocked there"),
            (
                inactive(Inactive::Unconfirmed),
                "not subscribed: never confirmed there",
            ),
            (self.bad, "can't be taken"),
        ] {
            if number > 0 {
                output::say(&format!("{number:>10} {what}"))?;
            }
        }
        if !self.unused_columns.is_empty() && self.program == Program::Wici {
            let columns = self.unused_columns.join(", ");
            output::remark(&format!("Columns that mean nothing here: {columns}."));
        }
        for (tag, lines) in self.unused_tags.iter().take(20) {
            let lines = output::number(*lines, "line");
            output::remark(&format!(
                "No publication has the tag `{tag}` yet ({lines})."
            ));
        }
        if let Some(errors) = &self.errors {
            let errors = errors.display();
            output::remark(&format!(
                "The lines that can't be taken, with the reasons, are in {errors}."
            ));
        }
        if self.dry_run {
            output::say("Nothing was changed (--dry-run).")?;
        }
        Ok(())
    }
}
