//! Faults, their places, and what may have been meant.

use std::cell::RefCell;
use std::path::Path;

use crate::domain::Problem;

/// What is wrong with a value, and what to do about it; its place is added by the [`Table`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    what: String,
    remedy: String,
}

impl Fault {
    /// `what` goes on after the name of the key and a colon; `remedy` is a sentence.
    pub(super) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Fault {
        Fault {
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// The same fault of something that has a name.
    pub(super) fn of(self, name: &str) -> Fault {
        Fault {
            what: format!("{name}: {}", self.what),
            ..self
        }
    }

    /// Something else was expected than the `found` text.
    pub(super) fn expected(expected: &str, found: &str, remedy: impl Into<String>) -> Fault {
        Fault::new(
            format!("expected {expected}, found {}", quoted(found)),
            remedy,
        )
    }
}

/// A value of the user's for a message: one line, and no longer than a line.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// No longer than a line.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// The problems found so far.
pub(super) struct Report<'t> {
    file: &'t Path,
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

impl<'t> Report<'t> {
    pub(super) fn new(file: &'t Path, text: &'t str) -> Report<'t> {
        Report {
            file,
            text,
            problems: RefCell::default(),
        }
    }

    /// Notes a fault at a byte of the text; `None`: the file as a whole.
    pub(super) fn note(&self, at: Option<usize>, fault: Fault) {
        let problem = Problem::of_file(self.file, fault.what, fault.remedy);
        self.problems.borrow_mut().push(match at {
            Some(byte) => {
                let (line, column) = self.position(byte);
                problem.at(line, column)
            }
            None => problem,
        });
    }

    /// All problems in the order of the text.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }

    /// Line and column of a byte, both from 1; the column in characters.
    pub(super) fn position(&self, byte: usize) -> (u32, u32) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before
            .chars()
            .rev()
            .take_while(|&character| character != '\n')
            .count()
            + 1;
        let small = |number| u32::try_from(number).unwrap_or(u32::MAX);
        (small(line), small(column))
    }
}

/// What may have been meant by an unknown word.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|candidate| {
            let word = word.to_lowercase();
            (strsim::damerau_levenshtein(&word, candidate), candidate)
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= 1.max(candidate.len() / 3));
    match near {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None => {
            let mut known = known.to_vec();
            known.sort_unstable();
            known.dedup();
            format!("known here: {}", known.join(", "))
        }
    }
}
