//! Lists of subscribers as tables (CSV): which program wrote one, and what its rows say. Values
//! that another program has and that mean nothing here are let go.

mod date;

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Address, Language};

/// The columns of our own tables, in the order in which they are written.
pub const COLUMNS: [&str; 9] = [
    "email",
    "any",
    "all",
    "none",
    "languages",
    "schedule",
    "language",
    "timezone",
    "confirmed_at",
];

/// Between several tags or languages in one value.
const SEPARATOR: char = '|';

/// Who is to be subscribed to what, as a row says it: tags and schedules are names as yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Where to write.
    pub address: Address,
    /// At least one of these tags; empty: no such demand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<String>,
    /// Each of these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<String>,
    /// None of these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub none: Vec<String>,
    /// In one of these languages; empty: in every one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub languages: BTreeSet<Language>,
    /// `None`: the first of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// `None`: the site's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// `None`: the site's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Since when there is consent; `None`: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
}

/// The program that wrote a table, told by its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Program {
    /// Ourselves, or a person: any table with a column of addresses.
    Wici,
    /// listmonk.
    Listmonk,
    /// Mailchimp.
    Mailchimp,
    /// Ghost.
    Ghost,
    /// phpList.
    PhpList,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Program::Wici => "wici",
            Program::Listmonk => "listmonk",
            Program::Mailchimp => "Mailchimp",
            Program::Ghost => "Ghost",
            Program::PhpList => "phpList",
        })
    }
}

/// Why somebody in another program's list was not written to there, and is not subscribed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Inactive {
    /// They left.
    Unsubscribed,
    /// Mail to them came back.
    Bounced,
    /// They are not to be written to: blocklisted, disabled, deleted.
    Blocked,
    /// They never confirmed.
    Unconfirmed,
}

/// A row by which nobody is to be subscribed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// Rightly so.
    Inactive(Inactive),
    /// It is wrong, in these words, which do not show the address.
    Bad(String),
}

/// What a value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Email,
    Any,
    All,
    None,
    Languages,
    Schedule,
    Language,
    Timezone,
    ConfirmedAt,
    /// A word.
    Status,
    /// Whether, as `1`, `true` or `yes`.
    If(bool, Inactive),
    /// It is so where there is any value.
    IfAny(Inactive),
    /// Mailchimp's instant of confirmation; without it, there was none.
    Confirmed,
    /// phpList's lists that the subscriber is on.
    Membership,
    Unused,
}

/// Which column of a table says what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Who wrote it.
    pub program: Program,
    /// The columns that mean nothing here.
    pub unused: Vec<String>,
    columns: Vec<Column>,
}

impl Layout {
    /// Tells a table by its head. `None`: there is no column of addresses.
    pub fn of(head: &[String]) -> Option<Layout> {
        let names: Vec<String> = head.iter().map(|name| folded(name)).collect();
        let program = program(&names);
        let columns: Vec<Column> = names.iter().map(|name| column(program, name)).collect();
        if columns.iter().filter(|c| **c == Column::Email).count() != 1 {
            return None;
        }
        let unused = head.iter().zip(&columns);
        let unused = unused.filter(|(name, c)| **c == Column::Unused && !name.trim().is_empty());
        Some(Layout {
            program,
            unused: unused.map(|(name, _)| name.trim().to_owned()).collect(),
            columns,
        })
    }

    /// A table without a head: its first row begins with an address.
    pub fn headless(first: &[String]) -> Option<Layout> {
        Address::parse_pasted(unguarded(first.first()?)).ok()?;
        Some(Layout {
            program: Program::Wici,
            unused: Vec::new(),
            columns: vec![Column::Email],
        })
    }

    /// What a row says. Instants without a zone are in `zone`.
    ///
    /// # Errors
    /// Nobody is to be subscribed by it.
    pub fn row(&self, values: &[String], zone: &TimeZone) -> Result<Row, Unusable> {
        let surplus = values.get(self.columns.len()..).unwrap_or_default();
        if self.columns.len() > 1 && surplus.iter().any(|value| !value.trim().is_empty()) {
            let (has, head) = (values.len(), self.columns.len());
            return Err(bad(format!("it has {has} values and the head has {head}")));
        }
        let value = |place: usize| values.get(place).map_or("", |value| value.trim());
        let columns = || self.columns.iter().enumerate();
        let email = columns().find(|(_, column)| **column == Column::Email);
        let email = email.map_or("", |(place, _)| value(place));
        if email.is_empty() {
            return Err(bad("there is no address".to_owned()));
        }
        for (place, column) in columns() {
            inactive(*column, value(place))?;
        }
        let address = Address::parse_pasted(unguarded(email));
        let mut row = Row {
            address: address.map_err(|why| bad(why.to_string()))?,
            any: Vec::new(),
            all: Vec::new(),
            none: Vec::new(),
            languages: BTreeSet::new(),
            schedule: None,
            language: None,
            timezone: None,
            confirmed_at: None,
        };
        // Mailchimp writes Greenwich time.
        let zone = match self.program {
            Program::Mailchimp => &TimeZone::UTC,
            _ => zone,
        };
        for (place, column) in columns() {
            row.take(*column, value(place), zone).map_err(bad)?;
        }
        Ok(row)
    }
}

impl Row {
    fn take(&mut self, column: Column, value: &str, zone: &TimeZone) -> Result<(), String> {
        if value.is_empty() {
            return Ok(());
        }
        let several = || {
            value
                .split(SEPARATOR)
                .map(str::trim)
                .filter(|v| !v.is_empty())
        };
        let names = || several().map(str::to_owned).collect();
        let language = |text: &str| Language::parse(text).map_err(|why| why.to_string());
        match column {
            Column::Any => self.any = names(),
            Column::All => self.all = names(),
            Column::None => self.none = names(),
            Column::Languages => {
                self.languages = several().map(language).collect::<Result<_, _>>()?
            }
            Column::Schedule => self.schedule = Some(value.to_owned()),
            Column::Language => self.language = Some(language(value)?),
            Column::Timezone => self.timezone = Some(value.to_owned()),
            Column::ConfirmedAt | Column::Confirmed => {
                self.confirmed_at = Some(date::parse(value, zone)?)
            }
            _ => {}
        }
        Ok(())
    }
}

fn bad(why: String) -> Unusable {
    Unusable::Bad(why)
}

/// As column names are compared.
fn folded(name: &str) -> String {
    let name = name.trim().to_lowercase();
    name.trim_matches('"').replace([' ', '-'], "_")
}

fn program(names: &[String]) -> Program {
    let has = |name: &str| names.iter().any(|other| other == name);
    let tells = |part: &str| names.iter().any(|name| tells(name, part));
    if has("subscribed_to_emails") {
        Program::Ghost
    } else if has("status") && (has("uuid") || has("attributes")) {
        Program::Listmonk
    } else if ["member_rating", "optin_time", "leid", "euid"]
        .iter()
        .any(|name| has(name))
    {
        Program::Mailchimp
    } else if tells("confirmed") || tells("blacklisted") {
        Program::PhpList
    } else {
        Program::Wici
    }
}

/// phpList heads its columns by a question, `Is this subscriber confirmed`, or by the bare word.
fn tells(name: &str, what: &str) -> bool {
    name == what || (name.starts_with("is_th") && name.ends_with(what))
}

fn column(program: Program, name: &str) -> Column {
    match name {
        "email" | "e_mail" | "email_address" | "e_mail_address" => return Column::Email,
        // Ghost's says who pays.
        "status" if program != Program::Ghost => return Column::Status,
        _ => {}
    }
    match (program, name) {
        (Program::Wici, "any") => Column::Any,
        (Program::Wici, "all") => Column::All,
        (Program::Wici, "none") => Column::None,
        (Program::Wici, "languages") => Column::Languages,
        (Program::Wici, "schedule") => Column::Schedule,
        (Program::Wici, "language") => Column::Language,
        (Program::Wici, "timezone") => Column::Timezone,
        (Program::Wici, "confirmed_at") => Column::ConfirmedAt,
        (Program::Listmonk | Program::Ghost, "created_at") => Column::ConfirmedAt,
        (Program::Mailchimp, "confirm_time") => Column::Confirmed,
        (Program::Mailchimp, "unsub_time") => Column::IfAny(Inactive::Unsubscribed),
        (Program::Mailchimp, "clean_time") => Column::IfAny(Inactive::Bounced),
        (Program::Ghost, "subscribed_to_emails") => Column::If(false, Inactive::Unsubscribed),
        (Program::Ghost, "deleted_at") => Column::IfAny(Inactive::Blocked),
        (Program::PhpList, "entered") => Column::ConfirmedAt,
        (Program::PhpList, "list_membership") => Column::Membership,
        (Program::PhpList, "is_this_account_disabled?" | "disabled") => {
            Column::If(true, Inactive::Blocked)
        }
        (Program::PhpList, name) if tells(name, "confirmed") => {
            Column::If(false, Inactive::Unconfirmed)
        }
        (Program::PhpList, name) if tells(name, "blacklisted") => {
            Column::If(true, Inactive::Blocked)
        }
        _ => Column::Unused,
    }
}

/// Does the value say that nobody is to be written to?
fn inactive(column: Column, value: &str) -> Result<(), Unusable> {
    let why = match column {
        Column::IfAny(why) if !value.is_empty() => Some(why),
        Column::Confirmed if value.is_empty() => Some(Inactive::Unconfirmed),
        Column::Membership if value == "No Lists" => Some(Inactive::Unsubscribed),
        Column::If(is, why) => (truth(value)? == is).then_some(why),
        Column::Status => status(value)?,
        _ => None,
    };
    why.map_or(Ok(()), |why| Err(Unusable::Inactive(why)))
}

fn truth(value: &str) -> Result<bool, Unusable> {
    match value.to_lowercase().as_str() {
        "1" | "true" | "yes" => Ok(true),
        "0" | "false" | "no" | "" => Ok(false),
        other => Err(unknown(other)),
    }
}

/// The words of all the programs: none means two things.
fn status(value: &str) -> Result<Option<Inactive>, Unusable> {
    Ok(match value.to_lowercase().as_str() {
        "" | "enabled" | "subscribed" | "active" | "confirmed" => None,
        "unsubscribed" | "cancelled" | "archived" => Some(Inactive::Unsubscribed),
        "cleaned" | "bounced" => Some(Inactive::Bounced),
        "disabled" | "blocklisted" | "blacklisted" | "suppressed" => Some(Inactive::Blocked),
        "unconfirmed" | "pending" | "non-subscribed" | "nonsubscribed" => {
            Some(Inactive::Unconfirmed)
        }
        other => return Err(unknown(other)),
    })
}

fn unknown(value: &str) -> Unusable {
    let shown: String = value.chars().take(40).collect();
    bad(format!(
        "what `{shown}` means for a subscriber is not known"
    ))
}

/// What a spreadsheet would take for a formula, were it the first in a value.
const FORMULA: [char; 5] = ['=', '+', '-', '@', '\''];

/// An address as it is written into a table: one that a spreadsheet would take for a formula gets
/// an apostrophe before it, which [`Layout::row`] takes away again.
pub fn guarded(address: &str) -> String {
    if address.starts_with(FORMULA) {
        format!("'{address}")
    } else {
        address.to_owned()
    }
}

fn unguarded(value: &str) -> &str {
    match value.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA) => rest,
        _ => value,
    }
}

/// Several tags or languages as one value.
pub fn joined<T: fmt::Display>(several: impl IntoIterator<Item = T>) -> String {
    let several: Vec<String> = several.into_iter().map(|one| one.to_string()).collect();
    several.join("|")
}

#[cfg(test)]
mod tests;
