//! What is wrong with something that a person wrote, where it is, and what to do about it.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

/// One fault in a configuration, a template or a content file. Prints as
/// `file:line:column: what\n  remedy`, the form that editors jump to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file as the user named it, or relative to what they named.
    #[serde(serialize_with = "lossy")]
    pub file: PathBuf,
    /// Counted from 1; `None` when the whole file is meant.
    pub line: Option<u32>,
    /// Counted from 1 in characters; only together with `line`.
    pub column: Option<u32>,
    /// What is wrong and what was expected instead.
    pub what: String,
    /// What the user can do.
    pub remedy: String,
}

impl Problem {
    /// A problem with a whole file.
    pub fn of_file(
        file: impl Into<PathBuf>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        Problem {
            file: file.into(),
            line: None,
            column: None,
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// The same problem at a line (from 1).
    pub fn at_line(mut self, line: u32) -> Problem {
        self.line = Some(line);
        self
    }

    /// The same problem at a line and column (both from 1).
    pub fn at(mut self, line: u32, column: u32) -> Problem {
        self.line = Some(line);
        self.column = Some(column);
        self
    }
}

/// A name that is not UTF-8 must not keep the other problems from being told.
fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name may hold line breaks: nobody is to write lines of a log with it.
        for c in self.file.to_string_lossy().chars() {
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}\n  {}", self.what, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_line_break_is_printed_on_one_line() {
        let problem = Problem::of_file("a\nb\u{1b}[2J.md", "there is no title", "add one");
        assert_eq!(
            problem.to_string(),
            "a\\nb\\u{1b}[2J.md: there is no title\n  add one"
        );
    }

    #[test]
    fn prints_place_fault_and_remedy() {
        let problem = Problem::of_file(
            "daemon.toml",
            "unknown key `titel`",
            "did you mean `title`?",
        );
        assert_eq!(
            problem.clone().at(3, 1).to_string(),
            "daemon.toml:3:1: unknown key `titel`\n  did you mean `title`?"
        );
        assert_eq!(
            problem.to_string(),
            "daemon.toml: unknown key `titel`\n  did you mean `title`?"
        );
    }
}
