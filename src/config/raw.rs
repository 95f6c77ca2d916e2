//! The text of a configuration as a tree that knows its places, read key by key.
//!
//! serde would stop at the first fault. Here each fault is noted and reading goes on; a value that
//! cannot be had is `None`, and its problem is already in the [`Report`]. The keys that are asked
//! for are the keys that exist: whatever else a table holds is reported when its reading ends.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::report::{Fault, Report, shortened, suggestion};

/// Keys of the design that this version does not have: the table as it is written, and the key.
const LATER: &[(&str, &str)] = &[("", "admin"), ("[mail]", "dkim"), ("[mail]", "bounces")];

/// Keys that stand outside every table: written below one, TOML takes them for the table's.
const TOP: [&str; 1] = ["state"];

/// A table, or the want of one: then every key is missing.
pub(super) struct Table<'d> {
    report: &'d Report<'d>,
    /// As the user writes it, `[site]`; empty for the top of the file.
    name: &'static str,
    at: Option<usize>,
    entries: Option<&'d DeTable<'d>>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'d> Table<'d> {
    /// Reads the top of the file.
    pub(super) fn top<T>(
        report: &'d Report<'d>,
        entries: &'d DeTable<'d>,
        read: impl FnOnce(&Table<'d>) -> T,
    ) -> T {
        Table::read(report, "", None, Some(entries), read)
    }

    fn read<T>(
        report: &'d Report<'d>,
        name: &'static str,
        at: Option<usize>,
        entries: Option<&'d DeTable<'d>>,
        read: impl FnOnce(&Table<'d>) -> T,
    ) -> T {
        let table = Table {
            report,
            name,
            at,
            entries,
            asked: RefCell::default(),
        };
        let result = read(&table);
        table.report_the_rest();
        result
    }

    /// Reads the table `[key]`, whose `name` is that with its brackets. A missing one is read as an
    /// empty one; `None` when there is something else in its place.
    pub(super) fn section<T>(
        &self,
        key: &'static str,
        name: &'static str,
        read: impl FnOnce(&Table<'d>) -> Option<T>,
    ) -> Option<T> {
        let Some(value) = self.find(key) else {
            return Table::read(self.report, name, None, None, read);
        };
        let at = Some(value.span().start);
        match value.get_ref() {
            DeValue::Table(entries) => Table::read(self.report, name, at, Some(entries), read),
            other => {
                self.note_kind(key, at, "a table", other, &format!("write a line {name}"));
                None
            }
        }
    }

    /// Reads each of the tables `[[key]]`; what cannot be had is left out.
    pub(super) fn sections<T>(
        &self,
        key: &'static str,
        name: &'static str,
        mut read: impl FnMut(&Table<'d>) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.find(key) else {
            return Vec::new();
        };
        let remedy = format!("write a line {name} before each");
        let DeValue::Array(elements) = value.get_ref() else {
            let at = Some(value.span().start);
            self.note_kind(key, at, "a list of tables", value.get_ref(), &remedy);
            return Vec::new();
        };
        let mut results = Vec::new();
        for element in elements {
            let at = Some(element.span().start);
            match element.get_ref() {
                DeValue::Table(entries) => {
                    results.extend(Table::read(self.report, name, at, Some(entries), &mut read));
                }
                other => self.note_kind(key, at, "a table", other, &remedy),
            }
        }
        results
    }

    /// A string that must be there; `example` is a line that would do.
    pub(super) fn required<T>(
        &self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        if self.find(key).is_none() {
            self.complain_missing(key, example);
        }
        self.given(key, read)?
    }

    /// A string that may be left out; `default` is then read in its place.
    pub(super) fn optional<T>(
        &self,
        key: &'static str,
        default: &str,
        read: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        match self.given(key, &read)? {
            Some(value) => Some(value),
            None => self.noted(key, self.at, read(default)),
        }
    }

    /// A string if it is given: `Some(None)` when it is not, `None` when it is wrong.
    pub(super) fn given<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<Option<T>> {
        let Some(value) = self.find(key) else {
            return Some(None);
        };
        let result = string(value.get_ref()).and_then(read);
        self.noted(key, Some(value.span().start), result).map(Some)
    }

    /// A whole number of `least` to `most` that may be left out.
    pub(super) fn whole(
        &self,
        key: &'static str,
        default: usize,
        [least, most]: [usize; 2],
    ) -> Option<usize> {
        let Some(value) = self.find(key) else {
            return Some(default);
        };
        let wrong = |found: &str, remedy: &str| {
            let expected = format!("expected a whole number from {least} to {most}, found {found}");
            Fault::new(expected, remedy)
        };
        let result = match value.get_ref() {
            DeValue::Integer(integer) => usize::from_str_radix(integer.as_str(), integer.radix())
                .ok()
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(|| wrong(integer.as_str(), "choose one in this range")),
            other => Err(wrong(kind(other), "write it in digits, without quotes")),
        };
        self.noted(key, Some(value.span().start), result)
    }

    /// True or false; false when it is left out.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        self.flag_or(key, false)
    }

    /// True or false that may be left out.
    pub(super) fn flag_or(&self, key: &'static str, default: bool) -> Option<bool> {
        let Some(value) = self.find(key) else {
            return Some(default);
        };
        let at = Some(value.span().start);
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            other => {
                self.note_kind(
                    key,
                    at,
                    "true or false",
                    other,
                    "write true or false, without quotes",
                );
                None
            }
        }
    }

    /// A list that may be left out; each faulty element is noted at its place.
    pub(super) fn list<T>(
        &self,
        key: &'static str,
        default: Vec<T>,
        mut read: impl FnMut(&str) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let Some(value) = self.find(key) else {
            return Some(default);
        };
        let DeValue::Array(elements) = value.get_ref() else {
            let (at, remedy) = (Some(value.span().start), "put it in brackets: [\"…\"]");
            self.note_kind(key, at, "a list of strings", value.get_ref(), remedy);
            return None;
        };
        // First all, then the verdict, so that no fault goes unseen.
        let results: Vec<Option<T>> = elements
            .iter()
            .map(|element| {
                let result = string(element.get_ref()).and_then(&mut read);
                self.noted(key, Some(element.span().start), result)
            })
            .collect();
        results.into_iter().collect()
    }

    /// The keys and strings of a small table such as `label`, which may be left out.
    pub(super) fn pairs<T>(
        &self,
        key: &'static str,
        example: &str,
        read: impl Fn(&str, &str) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let Some(value) = self.find(key) else {
            return Some(Vec::new());
        };
        let DeValue::Table(entries) = value.get_ref() else {
            let (at, remedy) = (Some(value.span().start), format!("write {example}"));
            self.note_kind(key, at, "a table", value.get_ref(), &remedy);
            return None;
        };
        let results: Vec<Option<T>> = entries
            .iter()
            .map(|(name, value)| {
                let result = string(value.get_ref()).and_then(|text| read(name.get_ref(), text));
                self.noted(key, Some(name.span().start), result)
            })
            .collect();
        results.into_iter().collect()
    }

    /// Notes a fault of a value that was well formed; without the key, one of the table.
    pub(super) fn complain(&self, key: &'static str, fault: Fault) {
        let at = self.find(key).map(|value| value.span().start).or(self.at);
        self.note(key, at, fault);
    }

    /// Notes that a key is missing; `example` is a line that would do.
    pub(super) fn complain_missing(&self, key: &'static str, example: &str) {
        self.note(
            key,
            self.at,
            Fault::new("missing", format!("add it, as in {example}")),
        );
    }

    /// The line of a key's value, for messages about another one.
    pub(super) fn line(&self, key: &'static str) -> u32 {
        self.find(key)
            .map_or(0, |value| self.report.position(value.span().start).0)
    }

    /// Is there anything but an empty list? Asking makes no key known.
    pub(super) fn has_any(&self, key: &str) -> bool {
        self.entries
            .and_then(|entries| entries.get(key))
            .is_some_and(|value| {
                !value
                    .get_ref()
                    .as_array()
                    .is_some_and(|list| list.is_empty())
            })
    }

    /// Is the key there? Asking makes it known.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.find(key).is_some()
    }

    fn find(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.borrow_mut().push(key);
        self.entries?.get(key)
    }

    fn noted<T>(&self, key: &str, at: Option<usize>, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.note(key, at, fault)).ok()
    }

    fn note_kind(
        &self,
        key: &str,
        at: Option<usize>,
        expected: &str,
        found: &DeValue<'_>,
        remedy: &str,
    ) {
        let what = format!("expected {expected}, found {}", kind(found));
        self.note(key, at, Fault::new(what, remedy));
    }

    fn note(&self, key: &str, at: Option<usize>, fault: Fault) {
        let name = match self.name {
            "" => key.to_owned(),
            table => format!("{table} {key}"),
        };
        self.report.note(at, fault.of(&name));
    }

    /// Reports the keys that nobody asked for.
    fn report_the_rest(&self) {
        let asked = self.asked.borrow();
        for (key, value) in self.entries.into_iter().flatten() {
            let name: &str = key.get_ref();
            if asked.contains(&name) {
                continue;
            }
            let fault = if LATER.contains(&(self.name, name)) {
                Fault::new(
                    "not in this version yet",
                    "take it out; a later version will have it",
                )
            } else if TOP.contains(&name) && !self.name.is_empty() {
                let remedy =
                    format!("`{name}` stands at the top of the file, before the first [table]");
                Fault::new("unknown key", remedy)
            } else {
                Fault::new("unknown key", suggestion(name, &asked))
            };
            // A table begins at its bracket, before the key.
            let at = key.span().start.min(value.span().start);
            let shown = match value.get_ref() {
                DeValue::Table(_) if self.name.is_empty() => format!("[{name}]"),
                DeValue::Array(_) if self.name.is_empty() => format!("[[{name}]]"),
                _ => shortened(name),
            };
            self.note(&shown, Some(at), fault);
        }
    }
}

/// A string.
fn string<'v>(value: &'v DeValue<'_>) -> Result<&'v str, Fault> {
    value.as_str().ok_or_else(|| {
        let remedy = match value {
            DeValue::Array(_) | DeValue::Table(_) => "write one string, in double quotes",
            _ => "put it in double quotes",
        };
        Fault::new(format!("expected a string, found {}", kind(value)), remedy)
    })
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
