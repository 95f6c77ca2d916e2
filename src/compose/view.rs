//! What templates see of a letter, and its subject.

use minijinja::{Value, context};
use url::Url;

use super::Letterhead;
use super::header::{one_line, shorten};
use crate::domain::Cadence;
use crate::domain::delivery::{ClaimContent, ClaimItem};
use crate::text::locale::{Locale, NoMessage};

/// The longest title that is a subject by itself, in characters.
const LONGEST_SUBJECT: usize = 200;
/// Of the titles that follow the count in a digest's subject, together.
const LONGEST_TITLES: usize = 100;

/// The title of the one publication, or their number and the first titles.
pub(super) fn subject(content: &ClaimContent, reader: &Locale) -> Result<String, NoMessage> {
    let mut titles = content
        .items
        .iter()
        .map(|item| one_line(&item.publication.title));
    if let ([_], 0) = (content.items.as_slice(), content.more) {
        let title = titles.next().unwrap_or_default();
        return Ok(shorten(&title, LONGEST_SUBJECT));
    }
    let titles = shorten(&titles.collect::<Vec<_>>().join("; "), LONGEST_TITLES);
    reader.message(
        "mail-subject",
        [
            ("count", count(content).into()),
            ("news", news(content).into()),
            ("titles", titles.into()),
        ],
    )
}

/// The context of `mail.txt` and `mail.html`.
pub(super) fn context(
    content: &ClaimContent,
    cadence: &Cadence,
    letterhead: &Letterhead,
    subject: &str,
    unsubscribe_url: &str,
) -> Value {
    context! {
        site => context! {
            title => one_line(&letterhead.site_title),
            url => letterhead.site_url.as_str(),
        },
        subject,
        schedule => cadence.schedule.as_str(),
        count => count(content),
        news => news(content),
        items => content.items.iter().map(item).collect::<Vec<_>>(),
        more => content.more,
        unsubscribe_url,
    }
}

fn item(item: &ClaimItem) -> Value {
    let publication = &item.publication;
    let note = publication.change_note.as_deref().map(one_line);
    let archived = publication.archived.as_ref().map(|archived| {
        context! { latest => archived.latest.as_deref().and_then(web_link) }
    });
    context! {
        title => one_line(&publication.title),
        link => web_link(&publication.link),
        published => publication.published.to_string(),
        summary => one_line(&publication.summary),
        language => publication.language.as_str(),
        correction => item.correction,
        note => note.filter(|note| item.correction && !note.is_empty()),
        archived,
    }
}

fn count(content: &ClaimContent) -> i64 {
    i64::try_from(content.items.len()).unwrap_or(i64::MAX) + i64::from(content.more)
}

fn news(content: &ClaimContent) -> &'static str {
    if content.items.iter().any(|item| item.correction) {
        "mixed"
    } else {
        "new"
    }
}

/// A link that is safe to print and to click: http or https, in ASCII, without white space.
fn web_link(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}
