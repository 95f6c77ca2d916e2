//! What a page says of itself within its body: who wrote it, when, and its tags.

use dom_query::NodeRef;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::head::instant;
use super::main_part::Parts;
use super::runs::words;
use super::selectors::select;

/// When it was published.
const PUBLISHED: [&str; 4] = [
    "[itemprop~=datePublished]",
    "time[pubdate]",
    "time.published",
    "time.entry-date",
];
/// The same, within an article: elsewhere it may be today's date, for the reader.
const SHOWN: [&str; 5] = [
    "header time[datetime]",
    "time[datetime]",
    ".event-date",
    ".published",
    ".date",
];
const UPDATED: [&str; 2] = ["[itemprop~=dateModified]", "time.updated"];
const AUTHORS: [&str; 3] = ["[itemprop~=author]", "[rel~=author]", ".byline .fn"];

/// The longest name that is read, in bytes, and the most names.
const NAME: usize = 500;
const MANY: usize = 200;

/// The first date that one of the elements shows.
fn date(article: NodeRef<'_>, selectors: &[&'static str], zone: &TimeZone) -> Option<Timestamp> {
    selectors.iter().find_map(|&selector| {
        let found = find(article, selector);
        found.iter().find_map(|node| {
            let attribute = node.attr("datetime").or_else(|| node.attr("content"));
            let text = attribute.map_or_else(|| words(*node, NAME), |text| text.to_string());
            instant(&text, zone)
        })
    })
}

/// When it was published.
pub fn published(parts: Parts<'_>, zone: &TimeZone) -> Option<Timestamp> {
    let shown = || {
        let article = Some(parts.article).filter(|_| parts.is_article())?;
        date(article, &SHOWN, zone)
    };
    date(parts.article, &PUBLISHED, zone).or_else(shown)
}

/// When it last changed.
pub fn updated(parts: Parts<'_>, zone: &TimeZone) -> Option<Timestamp> {
    date(parts.article, &UPDATED, zone)
}

/// Names.
pub fn authors(article: NodeRef<'_>) -> Vec<String> {
    AUTHORS
        .iter()
        .map(|selector| names(article, selector))
        .find(|names| !names.is_empty())
        .unwrap_or_default()
}

/// Labels: links to the tags' own pages.
pub fn tags(article: NodeRef<'_>) -> Vec<String> {
    let marked = names(article, "a[rel~=tag]");
    if marked.is_empty() {
        names(article, "[class*=field--name-field-tag] a, .tags a")
    } else {
        marked
    }
}

fn names(article: NodeRef<'_>, selector: &'static str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for node in find(article, selector).into_iter().take(MANY) {
        let inner = find(node, "[itemprop~=name]");
        let name = words(*inner.first().unwrap_or(&node), NAME);
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Within the article, and not in what stands beside it.
fn find<'d>(article: NodeRef<'d>, selector: &'static str) -> Vec<NodeRef<'d>> {
    let is_aside = |node: &NodeRef<'_>| node.has_name("aside") || node.has_name("nav");
    let found = select(article, selector);
    let nodes = found.nodes().iter().copied();
    nodes
        .filter(|node| !node.ancestors_it(None).any(|node| is_aside(&node)))
        .collect()
}
