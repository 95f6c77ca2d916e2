//! Markdown with front matter.

use jiff::Timestamp;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::context::is_iri;
use super::fields::{Fields, Moment, Switch, Word, Words};
use super::front_matter::{self, Block};
use super::page::{Page, Place};
use super::{Context, date, line_number};
use crate::domain::{Language, Problem, PublicationId};

/// Quotes and lists within each other, as one line can open them. Every line is compared with all
/// that are open.
const NESTING: usize = 100;

/// Lines, and characters that may be markup. Each can cost a hundred bytes of memory, and more time
/// than a letter; ten megabytes of prose have a tenth of this.
const MARKS: usize = 1_000_000;

/// Reads a Markdown file.
pub fn read(path: &str, source: &str, context: &Context) -> Result<Page, Problem> {
    let (fields, block, text) = front_matter::read(path, source)?;
    let mut page = Reader {
        path,
        block,
        context,
    }
    .page(fields)?;
    if page.draft {
        return Ok(page);
    }
    refuse_marks(path, text)?;
    refuse_nesting(path, source)?;
    let mut events: Vec<Event<'_>> = Parser::new_ext(
        text,
        Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH,
    )
    .collect();
    if page.title.trim().is_empty() {
        page.title = take_heading(&mut events);
    }
    pulldown_cmark::html::push_html(&mut page.body, events.into_iter());
    Ok(page)
}

/// Takes the first heading of the first level out of the text.
fn take_heading(events: &mut Vec<Event<'_>>) -> String {
    let is_start = |event: &Event<'_>| {
        matches!(
            event,
            Event::Start(Tag::Heading {
                level: HeadingLevel::H1,
                ..
            })
        )
    };
    let is_end = |event: &Event<'_>| matches!(event, Event::End(TagEnd::Heading(HeadingLevel::H1)));
    let range = events
        .iter()
        .position(is_start)
        .zip(events.iter().position(is_end));
    let Some((start, end)) = range.filter(|(start, end)| start < end) else {
        return String::new();
    };
    let mut title = String::new();
    for event in events.drain(start..=end) {
        match event {
            Event::Text(text) | Event::Code(text) => title.push_str(&text),
            Event::SoftBreak | Event::HardBreak => title.push(' '),
            _ => {}
        }
    }
    title
}

fn refuse_marks(path: &str, text: &str) -> Result<(), Problem> {
    let is_mark = |b: &&u8| b"\n!&*<>[\\]^_`|~".contains(b);
    if text.as_bytes().iter().filter(is_mark).count() <= MARKS {
        return Ok(());
    }
    Err(Problem::of_file(
        path,
        format!("lines and markup together are more than {MARKS}"),
        "split the page",
    ))
}

fn refuse_nesting(path: &str, source: &str) -> Result<(), Problem> {
    let openers = |line: &str| {
        line.bytes()
            .take_while(|b| b.is_ascii_digit() || b" \t>-*+.)".contains(b))
            .filter(|b| b">-*+.)".contains(b))
            .count()
    };
    // A rule (`---`, `* * *`) may be as long as it likes: it opens nothing.
    let is_rule = |line: &str| {
        let mut marks = line.bytes().filter(|b| !b.is_ascii_whitespace());
        marks
            .next()
            .is_some_and(|first| b"-*".contains(&first) && marks.all(|b| b == first))
    };
    match source
        .lines()
        .position(|line| openers(line) > NESTING && !is_rule(line))
    {
        None => Ok(()),
        Some(index) => Err(Problem::of_file(
            path,
            format!("more than {NESTING} quotes or lists are nested here"),
            "nest less deeply",
        )
        .at_line(line_number(index + 1))),
    }
}

struct Reader<'a> {
    path: &'a str,
    block: Block<'a>,
    context: &'a Context,
}

impl Reader<'_> {
    fn page(&self, fields: Fields) -> Result<Page, Problem> {
        let taxonomies = fields.taxonomies.unwrap_or_default();
        let tags = [
            fields.tags,
            taxonomies.tags,
            fields.categories,
            taxonomies.categories,
        ];
        let place = if let Some(url) = text(fields.url)
            .or(text(fields.permalink))
            .or(text(fields.path))
        {
            Place::Url(url)
        } else {
            text(fields.slug).map_or(Place::Pattern, Place::Slug)
        };
        Ok(Page {
            draft: fields.draft.is_some_and(|Switch(draft)| draft),
            id: self.iri("id", fields.id)?,
            title: text(fields.title).unwrap_or_default(),
            language: self.language(text(fields.language).or(text(fields.lang)))?,
            place,
            published: self.date(&["date"], fields.date)?,
            updated: match self.date(&["updated"], fields.updated)? {
                Some(updated) => Some(updated),
                None => self.date(&["lastmod"], fields.lastmod)?,
            },
            tags: tags.into_iter().flatten().flat_map(split_tags).collect(),
            summary: text(fields.summary).or(text(fields.description)),
            authors: [fields.author, fields.authors]
                .into_iter()
                .flatten()
                .flat_map(names)
                .collect(),
            change_note: text(fields.change_note),
            translation_of: self.iri("translation_of", fields.translation_of)?,
            ..Page::default()
        })
    }

    fn date(&self, keys: &[&str], written: Option<Moment>) -> Result<Option<Timestamp>, Problem> {
        let Some(Moment(written)) = written.filter(|Moment(text)| !text.trim().is_empty()) else {
            return Ok(None);
        };
        date::parse(&written, &self.context.zone)
            .map(Some)
            .ok_or_else(|| {
                self.problem(
                    keys,
                    format!("`{}` is not a date", brief(&written)),
                    "write a day of the calendar, for example 2026-03-01, 2026-03-01 08:00, \
                 2026-03-01T08:00:00+01:00 or 01.03.2026",
                )
            })
    }

    fn iri(&self, key: &str, written: Option<Word>) -> Result<Option<PublicationId>, Problem> {
        match text(written) {
            None => Ok(None),
            Some(iri) if is_iri(&iri) => Ok(Some(PublicationId(iri))),
            Some(other) => Err(self.problem(
                &[key],
                format!("`{}` is not an IRI", brief(&other)),
                "write a URL, or a name as in `tag:portal.example,2026:a` or `urn:uuid:…`; \
                 without `id:` one is made from the path",
            )),
        }
    }

    fn language(&self, written: Option<String>) -> Result<Option<Language>, Problem> {
        written
            .map(|written| Language::parse(&written))
            .transpose()
            .map_err(|error| {
                self.problem(
                    &["language", "lang"],
                    error.to_string(),
                    "for example `language: pl`",
                )
            })
    }

    fn problem(&self, keys: &[&str], what: String, remedy: &str) -> Problem {
        let problem = Problem::of_file(self.path, what, remedy);
        match self.block.line_of(keys) {
            Some(line) => problem.at_line(line),
            None => problem,
        }
    }
}

fn brief(written: &str) -> String {
    written.chars().take(80).collect()
}

fn text(word: Option<Word>) -> Option<String> {
    word.map(|Word(text)| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// `tags: a, b` is meant as a list.
fn split_tags(words: Words) -> Vec<String> {
    match words {
        Words::One(text) => text.split(',').map(str::to_owned).collect(),
        Words::List(list) => list,
    }
}

fn names(words: Words) -> Vec<String> {
    match words {
        Words::One(text) => vec![text],
        Words::List(list) => list,
    }
}
