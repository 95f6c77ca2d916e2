//! Plain text, and portal pages saved as text: an optional archive notice, the text-size control,
//! title, date, paragraphs, tags, the share line. Any part may be missing; a plain text file is a
//! title and paragraphs.

use super::labels::{Labels, Part};
use super::page::Page;
use super::{Context, date, line_number};
use crate::domain::{Archived, Problem};
use crate::text::html;

/// A longer line is a sentence, not a tag or the name of a place to share.
const SHORT: usize = 100;

/// Reads a text file.
pub fn read(path: &str, source: &str, context: &Context) -> Result<Page, Problem> {
    let lines: Vec<Line<'_>> = source
        .lines()
        .enumerate()
        .map(|(index, text)| Line {
            number: index + 1,
            text: text.trim(),
        })
        .collect();
    let mut page = Page::default();
    let body = take_parts(path, lines, &mut page, context)?;
    page.body = paragraphs(&body);
    Ok(page)
}

/// Takes out of a page's lines what has a label, and the first other line as the title. What is
/// left is its body. An empty line is the end of a paragraph.
pub(super) fn take_parts<'s>(
    path: &str,
    mut lines: Vec<Line<'s>>,
    page: &mut Page,
    context: &Context,
) -> Result<Vec<Line<'s>>, Problem> {
    let labels = &context.labels;
    take_notice(&mut lines, page, labels);
    lines.retain(|line| !is_size_control(line.text));
    drop_share(&mut lines, labels);
    take_tags(&mut lines, page, labels);

    let mut rest = lines.into_iter().skip_while(|line| line.text.is_empty());
    page.title = rest.next().map_or("", |line| line.text).to_owned();
    let mut body: Vec<Line<'_>> = rest.skip_while(|line| line.text.is_empty()).collect();
    take_date(path, &mut body, page, context)?;
    Ok(body)
}

/// Does an archive notice begin with this line?
pub(super) fn is_notice(line: &str, context: &Context) -> bool {
    context.labels.after(line, Part::Archived).is_some()
}

/// Is this line a label and a date?
pub(super) fn is_date_line(line: &str, context: &Context) -> bool {
    let labelled = context.labels.after(line, Part::Added);
    labelled.is_some_and(|(_, written)| is_written_date(written))
}

/// Prose may begin with the words of a label too.
fn is_written_date(written: &str) -> bool {
    written.starts_with(|c: char| c.is_ascii_digit()) && written.chars().count() <= 40
}

/// A line, without white space around it.
#[derive(Clone, Copy)]
pub(super) struct Line<'s> {
    /// From 1.
    pub number: usize,
    pub text: &'s str,
}

impl Line<'_> {
    pub(super) fn is_short(&self) -> bool {
        self.text.chars().count() <= SHORT && !self.text.ends_with('.')
    }
}

/// `A A A`, also with signs: `A A+ A++`.
pub(super) fn is_size_control(line: &str) -> bool {
    let mut count = 0;
    let only_letters = line.split_whitespace().all(|word| {
        count += 1;
        is_size_letter(word)
    });
    only_letters && count == 3
}

/// One of them. The letter is Cyrillic on some Ukrainian pages.
pub(super) fn is_size_letter(word: &str) -> bool {
    matches!(word.trim_end_matches(['+', '-']), "A" | "a" | "А" | "а")
}

/// The notice is the first thing on the page, up to an empty line or the control.
fn take_notice(lines: &mut Vec<Line<'_>>, page: &mut Page, labels: &Labels) {
    let start = lines
        .iter()
        .take_while(|line| line.text.is_empty() || is_size_control(line.text))
        .count();
    let Some((language, _)) = lines
        .get(start)
        .and_then(|line| labels.after(line.text, Part::Archived))
    else {
        return;
    };
    let notice: Vec<&str> = lines
        .iter()
        .skip(start)
        .map(|line| line.text)
        .take_while(|text| !text.is_empty() && !is_size_control(text))
        .collect();
    lines.drain(..start + notice.len());
    let notice = html::one_line(&notice.join(" "));
    page.labels_language = Some(language.clone());
    page.archived = Some(Archived {
        latest: labels
            .after_last(&notice, Part::CurrentAt)
            .and_then(address),
        notice,
    });
}

/// The address that the text begins with, absolute.
fn address(text: &str) -> Option<String> {
    let written = text.split_whitespace().next()?;
    let written = written.trim_end_matches(['.', ',', ';', ')', '"', '”', '»']);
    let written = written.trim_start_matches(['(', '"', '„', '«']);
    let absolute = if written.contains("://") {
        written.to_owned()
    } else {
        format!("https://{written}")
    };
    let url = url::Url::parse(&absolute).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let has_host = url.host_str().is_some_and(|host| host.contains('.'));
    (is_web && has_host).then(|| {
        // `https://host` gets no slash that the page does not write.
        let bare = url.path() == "/" && !written.ends_with('/');
        if bare {
            url.as_str().trim_end_matches('/').to_owned()
        } else {
            url.into()
        }
    })
}

/// The last share line, and the names of places to share after it.
fn drop_share(lines: &mut Vec<Line<'_>>, labels: &Labels) {
    let Some(at) = lines
        .iter()
        .rposition(|line| line.is_short() && labels.after(line.text, Part::Share).is_some())
    else {
        return;
    };
    // In the title's place these words are a title.
    if lines.iter().take(at).all(|line| line.text.is_empty()) {
        return;
    }
    if lines.iter().skip(at).all(Line::is_short) {
        lines.truncate(at);
    } else {
        lines.remove(at);
    }
}

/// The last tag line. The tags are on it, or on the short lines from there to the end.
fn take_tags(lines: &mut Vec<Line<'_>>, page: &mut Page, labels: &Labels) {
    let found = lines.iter().enumerate().rev().find_map(|(at, line)| {
        let (language, rest) = labels.after(line.text, Part::Tags)?;
        // A sentence may begin with that word; a label ends with a colon or stands alone.
        let is_label = rest.is_empty() || line.text.contains(':');
        (is_label && line.is_short_enough_for_tags(rest)).then_some((at, language, rest))
    });
    let Some((at, language, rest)) = found else {
        return;
    };
    if lines.iter().take(at).all(|line| line.text.is_empty()) {
        return;
    }
    let ends_page = lines.iter().skip(at + 1).all(Line::is_short);
    let mut written = vec![rest];
    if ends_page {
        written.extend(lines.iter().skip(at + 1).map(|line| line.text));
        lines.truncate(at);
    } else {
        lines.remove(at);
    }
    page.labels_language.get_or_insert_with(|| language.clone());
    page.tags = written
        .iter()
        .flat_map(|line| line.split([',', ';', '|']))
        .map(|tag| {
            tag.trim()
                .trim_start_matches(['•', '·', '*'])
                .trim()
                .to_owned()
        })
        .filter(|tag| !tag.is_empty())
        .collect();
}

impl Line<'_> {
    fn is_short_enough_for_tags(&self, rest: &str) -> bool {
        rest.split([',', ';', '|'])
            .all(|tag| tag.chars().count() <= SHORT)
    }
}

/// A date line right after the title.
fn take_date(
    path: &str,
    body: &mut Vec<Line<'_>>,
    page: &mut Page,
    context: &Context,
) -> Result<(), Problem> {
    let Some(line) = body.first().copied() else {
        return Ok(());
    };
    let Some((language, written)) = context.labels.after(line.text, Part::Added) else {
        return Ok(());
    };
    if !is_written_date(written) {
        return Ok(());
    }
    let written = written.trim_end_matches([' ', '.', 'r', 'р']);
    let published = date::parse(written, &context.zone).ok_or_else(|| {
        Problem::of_file(
            path,
            format!("`{written}` is not a date"),
            "write a day of the calendar as DD.MM.YYYY, for example 18.12.2013",
        )
        .at_line(line_number(line.number))
    })?;
    page.published = Some(published);
    page.labels_language.get_or_insert_with(|| language.clone());
    body.remove(0);
    Ok(())
}

/// Lines up to an empty one are a paragraph.
fn paragraphs(lines: &[Line<'_>]) -> String {
    lines
        .split(|line| line.text.is_empty())
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| {
            let text: Vec<String> = paragraph
                .iter()
                .map(|line| html::escape(line.text))
                .collect();
            format!("<p>{}</p>", text.join("\n"))
        })
        .collect::<Vec<_>>()
        .join("\n")
}
