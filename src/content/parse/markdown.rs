//! Markdown with front matter.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::page::Page;
use super::{Context, fields, front_matter, line_number};
use crate::domain::Problem;

/// Quotes and lists within each other, as one line can open them. Every line is compared with all
/// that are open.
const NESTING: usize = 100;

/// Lines, and characters that may be markup. Each can cost a hundred bytes of memory, and more time
/// than a letter; ten megabytes of prose have a tenth of this.
const MARKS: usize = 1_000_000;

/// Reads a Markdown file.
pub fn read(path: &str, source: &str, context: &Context) -> Result<Page, Problem> {
    let (table, block, text) = front_matter::read(path, source)?;
    let mut page = fields::read(path, &table, block, context);
    if page.draft {
        return Ok(page);
    }
    if let Err(problem) = refuse_marks(path, text).and_then(|()| refuse_nesting(path, source)) {
        page.problems.push(problem);
        return Ok(page);
    }
    let events = Parser::new_ext(
        text,
        Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH,
    );
    page.body.reserve(text.len() + text.len() / 4);
    if page.title.trim().is_empty() {
        let mut events: Vec<Event<'_>> = events.collect();
        page.title = take_heading(&mut events);
        pulldown_cmark::html::push_html(&mut page.body, events.into_iter());
    } else {
        pulldown_cmark::html::push_html(&mut page.body, events);
    }
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
    if text.len() <= MARKS || text.as_bytes().iter().filter(is_mark).count() <= MARKS {
        return Ok(());
    }
    Err(Problem::of_file(
        path,
        format!("lines and markup together are more than {MARKS}"),
        "split the page",
    ))
}

fn refuse_nesting(path: &str, source: &str) -> Result<(), Problem> {
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

/// The quotes and lists that a line opens (CommonMark 5.1, 5.2).
fn openers(line: &str) -> usize {
    let mut count = 0;
    let mut rest = line.trim_start();
    while let Some(after) = rest.strip_prefix('>').or_else(|| after_bullet(rest)) {
        count += 1;
        rest = after.trim_start();
    }
    count
}

fn after_bullet(line: &str) -> Option<&str> {
    let unnumbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let after = if unnumbered.len() < line.len() {
        unnumbered.strip_prefix(['.', ')'])
    } else {
        line.strip_prefix(['-', '*', '+'])
    };
    after.filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}
