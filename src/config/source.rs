//! `[[source]]`: where publications come from.

use std::path::Path;

use super::check::Names;
use super::raw::Table;
use super::report::Fault;
use super::tables::path;
use super::value::{self, duration, one_of};
use super::{Files, Source, Upstream, Watch};

/// What a `[[source]]` is.
pub(super) enum AnySource {
    Directory(Source),
    Feed(Upstream),
}

impl AnySource {
    pub(super) fn name(&self) -> &str {
        match self {
            AnySource::Directory(source) => &source.name,
            AnySource::Feed(upstream) => &upstream.name,
        }
    }

    pub(super) fn aliases(&self) -> &[String] {
        match self {
            AnySource::Directory(source) => &source.aliases,
            AnySource::Feed(upstream) => &upstream.aliases,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SourceKind {
    Directory,
    Feed,
}

pub(super) fn source(table: &Table<'_>, base: &Path, names: &mut Names) -> Option<AnySource> {
    let name = table.required("name", "name = \"pages\"", value::source_name);
    if let Some(name) = &name {
        names.claim(table, "name", name);
    }
    let aliases = table.list("aliases", Vec::new(), value::source_name);
    for alias in aliases.iter().flatten() {
        names.claim(table, "aliases", alias);
    }
    let kind = table.optional(
        "kind",
        "directory",
        one_of(&[
            ("directory", SourceKind::Directory),
            ("feed", SourceKind::Feed),
        ]),
    );
    if kind == Some(SourceKind::Feed) {
        return upstream(table, name, aliases).map(AnySource::Feed);
    }
    let path = match kind {
        Some(_) => table.required("path", "path = \"content\"", path(base)),
        // Another kind might not need one.
        None => table.given("path", path(base)).flatten(),
    };
    let link = table.optional("link", "{site}{path}/", value::link);
    let files = files(table);
    let settle = table.optional("settle", "500ms", duration("0ms", "1m"));
    let rescan = table.optional("rescan", "5m", duration("100ms", "7d"));
    let watch = table.optional(
        "watch",
        "auto",
        one_of(&[
            ("auto", Watch::Auto),
            ("events", Watch::Events),
            ("poll", Watch::Poll),
        ]),
    );
    for key in ["url", "every", "allow_private", "max_megabytes"] {
        // Where the kind can't be read, this may be a feed.
        if table.has(key) && kind.is_some() {
            let fault = Fault::new("only a feed has one", "add kind = \"feed\", or take it out");
            table.complain(key, fault);
        }
    }
    Some(AnySource::Directory(Source {
        name: name?,
        aliases: aliases?,
        path: path?,
        link: link?,
        files: files?,
        settle: settle?,
        rescan: rescan?,
        watch: watch?,
    }))
}

fn upstream(
    table: &Table<'_>,
    name: Option<String>,
    aliases: Option<Vec<String>>,
) -> Option<Upstream> {
    let example = "url = \"https://news.example/feed.xml\"";
    let url = table.required("url", example, value::feed_url);
    let every = table.optional("every", "30m", duration("1s", "30d"));
    let allow_private = table.flag("allow_private");
    let megabytes = table.whole("max_megabytes", 10, [1, 100]);
    Some(Upstream {
        name: name?,
        aliases: aliases?,
        url: url?,
        every: every?,
        allow_private: allow_private?,
        most: megabytes? << 20,
    })
}

fn files(table: &Table<'_>) -> Option<Files> {
    let include = table.list("include", Vec::new(), value::pattern);
    let exclude = table.list("exclude", Vec::new(), value::pattern);
    let section_pages = table.flag("section_pages");
    let readme = table.flag("readme");
    Files::new(&include?, &exclude?, section_pages?, readme?)
        .map_err(|error| {
            let what = format!("these patterns are too many or too large: {error}");
            table.complain("exclude", Fault::new(what, "write fewer of them"));
        })
        .ok()
}
