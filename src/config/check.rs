//! From the tree to a [`Config`]: the top of the file, and what must agree across tables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use toml::de::DeTable;

use super::raw::Table;
use super::report::{Fault, Report};
use super::source::AnySource;
use super::{Config, Secrets, Source, mail, retention, source, tables, web, websub};
use crate::domain::{Problem, TagDefinition, TagId};
use crate::text::tags::fold;

/// Checks the text of a configuration.
pub(super) fn config(
    text: &str,
    file: &Path,
    base: &Path,
    secrets: &Secrets<'_>,
) -> Result<Config, Vec<Problem>> {
    let report = Report::new(file, text);
    let (tree, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What was read around them is a guess: problems in it would be noise. So is what the
        // parser stumbles over on the same line, and after a bracket that was never closed.
        let is_open = errors.iter().any(|error| is_left_open(error.message()));
        let place = |error: &toml::de::Error| error.span().map(|span| span.start);
        let mut told = BTreeSet::new();
        for error in &errors {
            let line = place(error).map(|byte| report.position(byte).0);
            if told.insert(line) && !(is_open && told.len() > 1) {
                report.note(place(error), syntax(error.message(), is_open));
            }
        }
        return Err(report.into_problems());
    }
    let config = Table::top(&report, tree.get_ref(), |top| {
        read(top, file, base, secrets)
    });
    match (config, report.into_problems()) {
        (Some(config), problems) if problems.is_empty() => Ok(config),
        (_, problems) => Err(problems),
    }
}

/// A list or an inline table, which swallows the lines after it.
fn is_left_open(message: &str) -> bool {
    message.starts_with("unclosed array,") || message.starts_with("unclosed inline table")
}

fn syntax(message: &str, is_open: bool) -> Fault {
    let remedy = match message {
        _ if is_open => {
            "a bracket before this place is not closed: put `]` or `}` where its list ends"
        }
        "duplicate key" => "each key and each [table] may be there once; merge the two",
        _ if message.starts_with("missing escaped value") => {
            "write paths with `/`; a `\\` in text has to be doubled"
        }
        _ => "TOML wants `key = value` on a line, with text in straight double quotes",
    };
    Fault::new(message, remedy)
}

fn read(top: &Table<'_>, file: &Path, base: &Path, secrets: &Secrets<'_>) -> Option<Config> {
    let state = top.optional("state", "state", tables::path(base));
    let site = top.section("site", "[site]", tables::site);
    let feeds = top.section("feeds", "[feeds]", |table| tables::feeds(table, base));
    let websub = top.section("websub", "[websub]", websub::websub);
    let web = top.section("web", "[web]", |table| web::web(table, base));
    let mail = top.section("mail", "[mail]", |table| mail::mail(table, base, secrets));
    let guards = top.section("guards", "[guards]", tables::guards);
    let retention = top.section("retention", "[retention]", retention::retention);
    let immediate = top.section("immediate", "[immediate]", tables::immediate);
    top.section("store", "[store]", tables::store);

    if !top.has_any("source") {
        let example = "[[source]] with name = \"pages\" and path = \"content\"";
        top.complain_missing("[[source]]", example);
    }
    let outputs = [state.as_ref(), feeds.as_ref().map(|feeds| &feeds.dir)];
    let mut names = Names::default();
    let mut folders = Names::default();
    let sources = top.sections("source", "[[source]]", |table| {
        let source = source::source(table, base, &mut names)?;
        match &source {
            AnySource::Directory(source) => {
                folders.claim(table, "path", &plain(&source.path).to_string_lossy());
                keep_apart(table, source, &outputs);
            }
            AnySource::Feed(upstream) => folders.claim(table, "url", upstream.url.as_str()),
        }
        Some(source)
    });
    let source_names = sources.iter().map(|source| source.name().to_owned());
    let source_names = source_names.collect();
    let called = sources.iter().flat_map(|source| {
        let former = source.aliases().iter().map(String::as_str);
        let each = [source.name()].into_iter().chain(former);
        each.map(|name| (name.to_owned(), source.name().to_owned()))
    });
    let called = called.collect();
    let (mut directories, mut upstreams) = (Vec::new(), Vec::new());
    for source in sources {
        match source {
            AnySource::Directory(source) => directories.push(source),
            AnySource::Feed(upstream) => upstreams.push(upstream),
        }
    }

    let languages = site.as_ref().map(|site| site.languages.as_slice());
    let (mut names, mut aliases) = (Names::default(), Aliases::default());
    let tags = top.sections("tag", "[[tag]]", |table| {
        let tag = tables::tag(table, languages, &mut names)?;
        aliases.claim(table, &tag);
        Some(tag)
    });

    let labels = top.sections("labels", "[[labels]]", tables::labels);

    let mut names = Names::default();
    let schedules = top.sections("schedule", "[[schedule]]", |table| {
        tables::schedule(table, site.as_ref(), &mut names)
    });

    let (guards, free_space) = guards?;
    Some(Config {
        file: file.to_owned(),
        state: state?,
        site: site?,
        sources: directories,
        upstreams,
        source_names,
        called,
        tags,
        labels,
        feeds: feeds?,
        web: web?,
        websub: websub?,
        mail: mail?,
        guards,
        free_space,
        retention: retention?,
        schedules,
        immediate: immediate?,
        templates: base.join("templates"),
    })
}

/// The names given so far, each with its line.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, u32>);

impl Names {
    /// Notes a name that was given before.
    pub(super) fn claim(&mut self, table: &Table<'_>, key: &'static str, name: &str) {
        if let Some(line) = self.0.get(name) {
            let what = format!("`{name}` is taken by line {line}");
            table.complain(key, Fault::new(what, "choose another"));
        } else {
            self.0.insert(name.to_owned(), table.line(key));
        }
    }
}

/// The words that lead to a tag, as people may write them, and the tag with its line.
#[derive(Default)]
struct Aliases(BTreeMap<String, (TagId, u32)>);

impl Aliases {
    /// Notes words that already lead to another tag.
    fn claim(&mut self, table: &Table<'_>, tag: &TagDefinition) {
        let id = [("id", tag.id.as_str())];
        let aliases = tag.aliases.iter().map(|alias| ("aliases", alias.as_str()));
        for (key, word) in id.into_iter().chain(aliases) {
            let folded = fold(word);
            match self.0.get(&folded) {
                Some((other, line)) if *other != tag.id => table.complain(
                    key,
                    Fault::new(
                        format!("`{word}` already leads to `{other}` (line {line})"),
                        "one word can lead to one tag; take it out here or there",
                    ),
                ),
                _ => {
                    let owner = (tag.id.clone(), table.line(key));
                    self.0.insert(folded, owner);
                }
            }
        }
    }
}

/// Notes a source that would read, or wake at, what the daemon itself writes.
fn keep_apart(table: &Table<'_>, source: &Source, outputs: &[Option<&PathBuf>]) {
    for output in outputs.iter().flatten() {
        if is_inside(output, &source.path) {
            let what = format!("`{}` lies inside it, which is written to", output.display());
            table.complain(
                "path",
                Fault::new(
                    what,
                    "keep content, feeds and state in folders side by side",
                ),
            );
        }
    }
}

/// By their names alone: nothing is looked up.
fn is_inside(inner: &Path, outer: &Path) -> bool {
    inner.is_absolute() == outer.is_absolute() && plain(inner).starts_with(plain(outer))
}

fn plain(path: &Path) -> PathBuf {
    path.components()
        .filter(|component| *component != Component::CurDir)
        .collect()
}
