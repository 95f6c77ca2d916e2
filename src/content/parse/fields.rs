//! The keys of front matter, as Hugo, Zola, Jekyll and Eleventy write them. Keys that are not
//! here are nobody's error.

mod media;

use std::cell::RefCell;

use jiff::Timestamp;

use super::context::{is_iri, is_pattern};
use super::front_matter::Block;
use super::page::{Page, Place};
use super::tree::{Node, Table, Value};
use super::{Context, date, names};
use crate::domain::{Language, Problem, PublicationId};

/// In the order in which they are asked; the tables are Hugo's `params` and Zola's `extra`.
const PUBLISHED: [&str; 4] = ["publishdate", "pubdate", "published", "date"];
const UPDATED: [&str; 4] = ["updated", "lastmod", "last_modified_at", "modified"];
const EXPIRES: [&str; 3] = ["expires", "expirydate", "unpublishdate"];
const TAGS: [&str; 6] = [
    "tags",
    "tag",
    "taxonomies.tags",
    "categories",
    "category",
    "taxonomies.categories",
];
/// Hugo's, and that of Jekyll's plugin Polyglot.
const TRANSLATION_KEYS: [&str; 3] = ["translationkey", "translation_key", "page_id"];
/// The longest of them, in bytes.
const TRANSLATION_KEY: usize = 500;
const CATEGORIES: [&str; 2] = ["categories", "category"];
const AUTHORS: [&str; 6] = [
    "author",
    "authors",
    "extra.author",
    "extra.authors",
    "params.author",
    "params.authors",
];

/// Reads what front matter says.
///
/// Values that are not what their keys are for are problems of the page, each with its line.
pub fn read(path: &str, table: &Table, block: Block<'_>, context: &Context) -> Page {
    let reader = Reader {
        path,
        table,
        block,
        context,
        problems: RefCell::default(),
        flaws: RefCell::default(),
    };
    if reader.or_note(reader.is_draft()) {
        return Page {
            draft: true,
            ..Page::default()
        };
    }
    let page = reader.page();
    Page {
        problems: reader.problems.into_inner(),
        flaws: reader.flaws.into_inner(),
        ..page
    }
}

struct Reader<'a> {
    path: &'a str,
    table: &'a Table,
    block: Block<'a>,
    context: &'a Context,
    problems: RefCell<Vec<Problem>>,
    /// What costs no more than what it is about.
    flaws: RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    /// A value; where it is wrong, that is noted, and it reads as if it were not there.
    fn or_note<T: Default>(&self, value: Result<T, Problem>) -> T {
        value.unwrap_or_else(|problem| {
            let mut problems = self.problems.borrow_mut();
            // Several keys may be read from one value.
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            T::default()
        })
    }

    /// A value that a publication can do without; where it is wrong, that is noted.
    fn or_leave_out<T: Default>(&self, value: Result<T, Problem>) -> T {
        value.unwrap_or_else(|problem| {
            self.flaws.borrow_mut().push(problem);
            T::default()
        })
    }

    /// Jekyll says `published: false`, and Eleventy `permalink: false` of what gets no page.
    fn is_draft(&self) -> Result<bool, Problem> {
        let says_no = |key| self.table.text(&[key]).and_then(truth) == Some(false);
        if says_no("published") || says_no("permalink") {
            return Ok(true);
        }
        let Some((draft, at)) = self.text(&["draft"])? else {
            return Ok(false);
        };
        truth(draft).ok_or_else(|| {
            self.problem(
                at,
                format!("draft: expected true or false, found `{}`", brief(draft)),
                "write `true` or `false`",
            )
        })
    }

    fn page(&self) -> Page {
        let text = |keys: &[&str]| {
            self.or_note(self.text(keys))
                .map(|(text, _)| text.to_owned())
        };
        let permalink = text(&["permalink"]).map(|written| {
            // Eleventy names the file that is written.
            let folder = written.strip_suffix("index.html").map(str::to_owned);
            folder.unwrap_or(written)
        });
        let place = match (text(&["url"]), permalink, text(&["slug"])) {
            (None, Some(pattern), slug) if is_pattern(&pattern) => Place::Permalink {
                pattern,
                slug,
                categories: self.tags(&CATEGORIES),
            },
            (Some(url), _, _) | (None, Some(url), _) => Place::Url(url),
            (None, None, slug) => match (text(&["path"]), slug) {
                (Some(path), _) => Place::Url(path),
                (None, Some(slug)) => Place::Slug(slug),
                (None, None) => Place::Pattern,
            },
        };
        Page {
            id: self.or_note(self.iri("id")),
            title: self.title(),
            language: self.or_note(self.language()),
            place,
            published: self.or_note(self.date(&PUBLISHED)),
            updated: self.or_note(self.date(&UPDATED)),
            expires: self.or_note(self.date(&EXPIRES)),
            tags: self.tags(&TAGS),
            summary: text(&["summary", "description", "excerpt"]),
            authors: self.words(&AUTHORS, |name| vec![name]),
            change_note: text(&["change_note"]),
            translation_of: self.or_note(self.iri("translation_of")),
            translation_key: self.or_leave_out(self.translation_key()),
            image: self.or_leave_out(self.image()),
            enclosures: self.enclosures(),
            ..Page::default()
        }
    }

    /// One that is wrong is not missing, too.
    fn title(&self) -> String {
        let title = self.text(&["title"]);
        let wrong = if title.is_err() { "?" } else { "" };
        self.or_note(title)
            .map_or(wrong, |(text, _)| text)
            .to_owned()
    }

    /// The first of these keys that says anything, and where.
    fn text(&self, keys: &[&str]) -> Result<Option<(&'a str, usize)>, Problem> {
        for key in keys {
            let Some(node) = self.table.get(key) else {
                continue;
            };
            match (&node.value, node.text()) {
                (Value::List(_) | Value::Table(_), _) => {
                    let what = format!("{key}: expected a text, found a {}", kind(node));
                    return Err(self.problem(node.at, what, "write one text, in quotes"));
                }
                (_, Some(text)) => return Ok(Some((text, node.at))),
                (_, None) => {}
            }
        }
        Ok(None)
    }

    /// All texts under these keys, those of a list one by one; of a table, its `name`.
    fn words(&self, keys: &[&str], split: impl Fn(String) -> Vec<String>) -> Vec<String> {
        let mut words = Vec::new();
        for key in keys {
            let Some(node) = self.table.get(key) else {
                continue;
            };
            let word = |node| self.or_note(self.word(key, node)).map(str::to_owned);
            match &node.value {
                Value::List(nodes) => words.extend(nodes.iter().filter_map(word)),
                _ => words.extend(word(node).map(&split).unwrap_or_default()),
            }
        }
        words
    }

    fn word(&self, key: &str, node: &'a Node) -> Result<Option<&'a str>, Problem> {
        let named = match &node.value {
            Value::Nothing | Value::Text(_) => return Ok(node.text()),
            Value::Table(table) => table.text(&["name"]),
            Value::List(_) => None,
        };
        named.map(Some).ok_or_else(|| {
            let what = format!("{key}: expected a text, found a {}", kind(node));
            self.problem(node.at, what, "write a text, or a list of texts")
        })
    }

    /// `tags: a, b` is meant as a list everywhere, and `tags: a b` by Jekyll, but for its singular
    /// `tag` and `category`.
    fn tags(&self, keys: &[&str]) -> Vec<String> {
        let mut tags = Vec::new();
        for key in keys {
            let by_spaces = names::is_jekylls(self.path) && !matches!(*key, "tag" | "category");
            tags.extend(self.words(&[*key], |text| {
                let parts: Vec<&str> = if by_spaces && !text.contains(',') {
                    text.split_whitespace().collect()
                } else {
                    text.split(',').collect()
                };
                parts.into_iter().map(str::to_owned).collect()
            }));
        }
        tags
    }

    fn date(&self, keys: &[&str]) -> Result<Option<Timestamp>, Problem> {
        for key in keys {
            let Some((written, at)) = self.text(&[key])? else {
                continue;
            };
            // Eleventy's words for "look at the file" are no date, and Jekyll's `published: true`.
            if is_eleventys(written) || (*key == "published" && truth(written).is_some()) {
                continue;
            }
            let parsed = date::parse(written, &self.context.zone);
            return parsed.map(Some).ok_or_else(|| {
                self.problem(
                    at,
                    format!("`{}` is not a date", brief(written)),
                    "write a day of the calendar, for example 2026-03-01, 2026-03-01 08:00, \
                     2026-03-01T08:00:00+01:00 or 01.03.2026",
                )
            });
        }
        Ok(None)
    }

    fn iri(&self, key: &str) -> Result<Option<PublicationId>, Problem> {
        match self.text(&[key])? {
            None => Ok(None),
            Some((iri, _)) if is_iri(iri) => Ok(Some(PublicationId(iri.to_owned()))),
            Some((other, at)) => Err(self.problem(
                at,
                format!("`{}` is not an IRI", brief(other)),
                "write a URL, or a name as in `tag:portal.example,2026:a` or `urn:uuid:…`; \
                 without `id:` one is made from the path",
            )),
        }
    }

    fn translation_key(&self) -> Result<Option<String>, Problem> {
        match self.text(&TRANSLATION_KEYS)? {
            Some((key, at)) if key.len() > TRANSLATION_KEY => Err(self.problem(
                at,
                format!("`{}…` is too long for a translation key", brief(key)),
                "write a short name, the same in each of the translations",
            )),
            key => Ok(key.map(|(key, _)| key.to_owned())),
        }
    }

    fn language(&self) -> Result<Option<Language>, Problem> {
        let Some((written, at)) = self.text(&["language", "lang"])? else {
            return Ok(None);
        };
        Language::parse(written)
            .map(Some)
            .map_err(|error| self.problem(at, error.to_string(), "for example `language: pl`"))
    }

    /// As written, if it leads anywhere on the web.
    fn url(&self, at: usize, written: &str) -> Result<String, Problem> {
        if self.context.is_on_the_web(written) {
            return Ok(written.to_owned());
        }
        Err(self.problem(
            at,
            format!("`{}` is not a URL of the web", brief(written)),
            "write an http or https URL, or a path on the site",
        ))
    }

    fn problem(&self, at: usize, what: String, remedy: &str) -> Problem {
        Problem::of_file(self.path, what, remedy).at_line(self.block.line(at))
    }
}

/// True or false, in the words of YAML 1.1 too.
fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

fn is_eleventys(date: &str) -> bool {
    let words = [
        "last modified",
        "created",
        "git last modified",
        "git created",
    ];
    words.iter().any(|word| date.eq_ignore_ascii_case(word))
}

fn kind(node: &Node) -> &'static str {
    match node.value {
        Value::List(_) => "list",
        Value::Table(_) => "table",
        Value::Nothing | Value::Text(_) => "text",
    }
}

fn brief(written: &str) -> String {
    written.chars().take(80).collect()
}
