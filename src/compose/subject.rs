//! The subject of a letter.

use super::header::{one_line, shorten};
use crate::domain::delivery::{ClaimContent, ClaimItem};
use crate::text::locale::{Locale, NoMessage};

/// The longest title that is a subject by itself, in characters.
const LONGEST_SUBJECT: usize = 200;
/// Of the titles that follow the count in a digest's subject, together.
const LONGEST_TITLES: usize = 100;

/// A subject, and the titles that found no place in it.
pub(super) struct Subject {
    pub(super) text: String,
    /// Of a digest: those that are cut off or left out.
    pub(super) rest: Vec<String>,
}

/// The title of the one publication, or their number and the first titles; `items` in the order
/// that they are shown in.
pub(super) fn of<'c>(
    content: &'c ClaimContent,
    items: impl Iterator<Item = &'c ClaimItem>,
    reader: &Locale,
) -> Result<Subject, NoMessage> {
    if let Some(item) = single(content) {
        let title = shorten(&one_line(&item.publication.title), LONGEST_SUBJECT);
        let text = match item.correction {
            true => reader.message("mail-subject-updated", [("title", title.into())])?,
            false => title,
        };
        return Ok(Subject {
            text,
            rest: Vec::new(),
        });
    }
    let titles: Vec<String> = items
        .map(|item| one_line(&item.publication.title))
        .collect();
    let mut room = LONGEST_TITLES;
    let whole = titles.iter().take_while(|title| {
        let left = room.checked_sub(title.chars().count());
        // A separator is before the next.
        room = left.unwrap_or(0).saturating_sub("; ".len());
        left.is_some()
    });
    let whole = whole.count();
    let text = reader.message(
        "mail-subject",
        [
            ("count", count(content).into()),
            ("news", news(content).into()),
            ("titles", shorten(&titles.join("; "), LONGEST_TITLES).into()),
        ],
    )?;
    Ok(Subject {
        text,
        rest: titles.into_iter().skip(whole).collect(),
    })
}

/// The publication of a letter that is about nothing else.
pub(super) fn single(content: &ClaimContent) -> Option<&ClaimItem> {
    match (content.items.as_slice(), content.more) {
        ([item], 0) => Some(item),
        _ => None,
    }
}

pub(super) fn count(content: &ClaimContent) -> i64 {
    i64::try_from(content.items.len()).unwrap_or(i64::MAX) + i64::from(content.more)
}

/// Are all of them new to the reader? A word for messages to choose by.
pub(super) fn news(content: &ClaimContent) -> &'static str {
    if content.items.iter().any(|item| item.correction) {
        "mixed"
    } else {
        "new"
    }
}
