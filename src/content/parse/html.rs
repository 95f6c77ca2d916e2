//! HTML pages: those of content systems, those written by hand, and saved portal pages. What the
//! head says is read first, then what the body says of itself; the main part of the page is the
//! body. A page with front matter has said all there, and is all body.
//!
//! `<meta name="robots" content="noindex">` is for search engines and not for readers: such a page
//! is published.

mod head;
mod json_ld;
mod main_part;
mod runs;
mod said;
mod selectors;

use std::collections::HashSet;

use dom_query::{Document, NodeRef};

use self::head::Head;
use self::main_part::{Parts, prune};
use self::runs::{Run, runs, words};
use self::selectors::select;
use super::page::{Page, Place};
use super::text::{Line, is_date_line, is_notice, is_size_control, take_parts};
use super::{Context, fields, front_matter, line_number};
use crate::domain::Problem;
use crate::text::html::{self, Outline};

/// The longest heading that may be the title, in bytes, and the most that are looked at.
const TITLE: usize = 2_000;
const HEADINGS: usize = 100;

/// Reads an HTML file.
pub fn read(path: &str, source: &str, context: &Context) -> Result<Page, Problem> {
    // So the generators of static sites write a page's text without its furniture.
    if source.starts_with("---\n") || source.starts_with("+++\n") {
        let (table, block, text) = front_matter::read(path, source)?;
        let page = fields::read(path, &table, block, context);
        let body = text.to_owned();
        return Ok(Page { body, ..page });
    }
    let outline = Outline::of(source).map_err(|error| {
        Problem::of_file(path, error.to_string(), "simplify the markup of this page")
    })?;
    let head = Head::of(&outline);
    let mut page = of_head(path, &head, context).map_err(|problem| at_its_line(problem, source))?;
    page.base.clone_from(&outline.base);
    let document = Document::from(outline.markup.as_str());
    if let Some(parts) = Parts::of(&document) {
        add_body(path, &head, &document, parts, &mut page, context)
            .map_err(|problem| at_its_line(problem, source))?;
    }
    if page.title.is_empty() {
        return Err(Problem::of_file(
            path,
            "there is no title",
            "write a `<title>` or an `<h1>`",
        ));
    }
    page.updated = page
        .updated
        .filter(|updated| Some(*updated) > page.published);
    Ok(page)
}

fn of_head(path: &str, head: &Head<'_>, context: &Context) -> Result<Page, Problem> {
    Ok(Page {
        published: head.date(path, &head::PUBLISHED, &context.zone)?,
        updated: head.date(path, &head::UPDATED, &context.zone)?,
        markup_language: head.language(),
        place: head.address().map_or(Place::Pattern, Place::Url),
        tags: head.tags(),
        summary: head.description(),
        authors: head.authors(),
        image: head.image(),
        ..Page::default()
    })
}

/// What is shown: where the head is silent, what it says of itself; then its parts.
fn add_body(
    path: &str,
    head: &Head<'_>,
    document: &Document,
    parts: Parts<'_>,
    page: &mut Page,
    context: &Context,
) -> Result<(), Problem> {
    let zone = &context.zone;
    page.published = page.published.or_else(|| said::published(parts, zone));
    page.updated = page.updated.or_else(|| said::updated(parts, zone));
    page.tags.extend(said::tags(parts.article));
    if page.authors.is_empty() {
        page.authors = said::authors(parts.article);
    }
    let notice = take_notice(document, parts, context);
    parts.clear(document);
    page.title = title(head, parts);
    Labelled::of(path, document, parts, notice, &page.title, context)?.complete(page);
    page.body = parts.html(document);
    Ok(())
}

fn title(head: &Head<'_>, parts: Parts<'_>) -> String {
    let texts = |root: NodeRef<'_>, selector: &'static str| -> Vec<String> {
        let found = select(root, selector);
        let nodes = found.nodes().iter().take(HEADINGS);
        let texts = nodes.map(|node| words(*node, TITLE));
        texts.filter(|text| !text.is_empty()).collect()
    };
    let first = |root, selector| texts(root, selector).into_iter().next();
    let headings = texts(parts.page, "h1, h2, h3");
    // Where nothing is the page's own part for certain, the first heading may be the site's.
    let of_article = || first(parts.article, "h1").filter(|_| parts.is_article());
    head.title(&headings)
        .or_else(of_article)
        .or_else(|| head.heading(&headings))
        .or_else(|| first(parts.page, "h1"))
        .or_else(|| Some(head.window_title()).filter(|title| !title.is_empty()))
        .or_else(|| first(parts.page, "h2"))
        .map(|title| html::one_line(&title))
        .unwrap_or_default()
}

/// The archive notice, taken out of the page: only short lines may come before it.
fn take_notice(document: &Document, parts: Parts<'_>, context: &Context) -> Vec<String> {
    let all = runs(parts.page);
    let is_notice = |run: &Run<'_>| is_notice(&run.text, context);
    let is_short = |run: &Run<'_>| line(0, run).is_short();
    let before = all
        .iter()
        .take_while(|run| is_short(run) && !is_notice(run))
        .count();
    let mut notice = Vec::new();
    let mut emptied = HashSet::new();
    let found = all.iter().skip(before);
    if all.get(before).is_some_and(is_notice) {
        for run in found.take_while(|run| !run.text.is_empty()) {
            run.remove(false, &mut emptied);
            notice.push(run.text.clone());
        }
    }
    prune(document, emptied, parts);
    notice
}

fn line<'r>(number: usize, run: &'r Run<'_>) -> Line<'r> {
    Line {
        number,
        text: &run.text,
    }
}

/// What a page marks by words of its text, as saved portal pages do.
struct Labelled(Page);

impl Labelled {
    /// Takes it out of the article, together with the title and the short lines before it.
    fn of(
        path: &str,
        document: &Document,
        parts: Parts<'_>,
        notice: Vec<String>,
        title: &str,
        context: &Context,
    ) -> Result<Labelled, Problem> {
        let runs = runs(parts.article);
        let (after_title, title) = match place_of_title(&runs, parts, title) {
            0 if !has_heading(parts) => place_by_date(&runs, context).unwrap_or((0, title)),
            place => (place, title),
        };
        let known = notice.iter().map(String::as_str).chain(["", title, ""]);
        let mut lines: Vec<Line<'_>> = known.map(|text| Line { number: 0, text }).collect();
        let own = runs.iter().enumerate().skip(after_title);
        lines.extend(own.map(|(index, run)| line(index + 1, run)));

        let mut page = Page::default();
        let mut body = take_parts(path, lines, &mut page, context).map_err(|mut problem| {
            // The number of a run is no line of the file.
            problem.line = None;
            problem
        })?;
        take_bare_date(&mut body, &mut page, context);
        let kept: HashSet<usize> = body.iter().map(|line| line.number).collect();
        let last_kept = body.iter().rfind(|line| !line.text.is_empty());
        let last_kept = last_kept.map_or(usize::MAX, |line| line.number);
        let mut emptied = HashSet::new();
        let mut is_over = false;
        for (index, run) in runs.iter().enumerate() {
            let number = index + 1;
            let is_before = index < after_title && line(number, run).is_short();
            let is_taken = index >= after_title && !kept.contains(&number);
            let has_words = !run.text.is_empty();
            if has_words && (is_before || is_taken) {
                run.remove(is_before, &mut emptied);
                is_over |= number > last_kept;
            } else if is_over && run.is_picture() {
                // Such as the signs of places to share.
                run.remove(false, &mut emptied);
            }
        }
        prune(document, emptied, parts);
        Ok(Labelled(page))
    }

    /// The head comes first, but tags are from everywhere.
    fn complete(self, page: &mut Page) {
        let Labelled(labelled) = self;
        if !page.title.is_empty() {
            page.title = labelled.title;
        }
        page.archived = labelled.archived;
        page.labels_language = labelled.labels_language;
        page.published = page.published.or(labelled.published);
        page.tags.extend(labelled.tags);
    }
}

/// The number of lines up to the title, itself included; 0: it is not among them.
fn place_of_title(runs: &[Run<'_>], parts: Parts<'_>, title: &str) -> usize {
    let same = |text: &str| text.to_lowercase() == title.to_lowercase();
    let by_words = runs.iter().position(|run| same(&run.text));
    // Another wording of the title is still the title.
    let by_heading = || {
        let found = select(parts.article, "h1");
        let [heading] = found.nodes() else {
            return None;
        };
        let text = words(*heading, TITLE);
        runs.iter().position(|run| run.text == text)
    };
    by_words
        .or_else(by_heading)
        .filter(|at| runs.iter().take(*at).all(|run| line(0, run).is_short()))
        .map_or(0, |at| at + 1)
}

fn has_heading(parts: Parts<'_>) -> bool {
    select(parts.page, "h1").exists()
}

/// Where neither window title nor headings name the title, as where the window has the site's name:
/// what stands before the labelled date is it. Its place, as above, and its words.
fn place_by_date<'r>(runs: &'r [Run<'_>], context: &Context) -> Option<(usize, &'r str)> {
    let said = |run: &&Run<'_>| !run.text.is_empty();
    let mut before = None;
    for (at, run) in runs.iter().enumerate().filter(|(_, run)| said(run)) {
        if is_date_line(&run.text, context) {
            return before;
        }
        if !line(0, run).is_short() {
            return None;
        }
        before = (!is_size_control(&run.text)).then_some((at + 1, &*run.text));
    }
    None
}

/// A date without label, right after the title.
fn take_bare_date(body: &mut Vec<Line<'_>>, page: &mut Page, context: &Context) {
    let first = body.first().map(|line| line.text).unwrap_or_default();
    if let Some(published) = super::date::parse(first, &context.zone) {
        page.published = page.published.or(Some(published));
        body.remove(0);
    }
}

/// The problem at the first line of the file that has the words in question, if it has no line.
fn at_its_line(problem: Problem, source: &str) -> Problem {
    if problem.line.is_some() {
        return problem;
    }
    let quoted = problem.what.split('`').nth(1).map(str::to_owned);
    let at = quoted.and_then(|words| source.lines().position(|line| line.contains(&words)));
    match at {
        Some(index) => problem.at_line(line_number(index + 1)),
        None => problem,
    }
}
