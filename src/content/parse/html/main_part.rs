//! Which part of a page is its own, and what in it is furniture.

use std::collections::HashSet;

use dom_query::{Document, NodeId, NodeRef};
use dom_smoothie::{Config, Readability};

use super::runs::{is_heading, words};
use super::selectors::{is, select};
use crate::text::html;

/// Where systems put a page's own text, the most certain first. A selector counts if it is met
/// once: pages with several are lists.
const CONTAINERS: [&str; 20] = [
    "[itemprop~=articleBody]",
    ".entry-content",
    ".wp-block-post-content",
    ".field--name-body",
    ".field-name-body",
    ".article-content",
    ".article-body",
    ".post-content",
    // Its lead stands before it.
    "article:has(> .editor-content)",
    ".editor-content",
    "main article",
    "article",
    "[role=main] article",
    "main",
    "[role=main]",
    "#main-content",
    "#content",
    "#main",
    "#tresc",
    ".content",
];

/// Never a part of the text, wherever they stand.
const FURNITURE: &str = "nav, aside, form, button, dialog, select, input, template, svg, \
     [hidden], [aria-hidden=true], [role=navigation], [role=banner], [role=contentinfo], \
     [role=complementary], [role=search], [role=dialog], [role=alertdialog], [role=toolbar], \
     [role=menu], .sr-only, .visually-hidden, .screen-reader-text";

/// Words in `class` and `id` that say the same.
const FURNISHED: [&str; 30] = [
    "addtoany",
    "breadcrumb",
    "breadcrumbs",
    "comments",
    "consent",
    "cookie",
    "cookies",
    "disqus",
    "footer",
    "gdpr",
    "menu",
    "nav",
    "navbar",
    "navigation",
    "newsletter",
    "pager",
    "pagination",
    "popup",
    "related",
    "relatedposts",
    "respond",
    "rodo",
    "share",
    "sharedaddy",
    "sharing",
    "sidebar",
    "skip",
    "social",
    "socials",
    "toolbar",
];

/// Words in `class` of what is said about the text, and has been read elsewhere.
const ABOUT: [&str; 7] = [
    "author",
    "byline",
    "date",
    "meta",
    "postmetadata",
    "published",
    "submitted",
];
/// The longest line about a text, in bytes.
const ABOUT_LENGTH: usize = 200;

/// Markup and elements up to which a page without evident container is searched for one.
const SEARCHED: usize = 1_000_000;
const SEARCHED_ELEMENTS: usize = 5_000;
/// What the search must leave of the words, as one of so many parts.
const LEAST: usize = 4;

/// The parts of a page that matter.
#[derive(Clone, Copy)]
pub struct Parts<'d> {
    /// All that is shown.
    pub page: NodeRef<'d>,
    /// The text with what is said about it: title, date, tags.
    pub article: NodeRef<'d>,
    /// The text alone, where that is evident.
    pub text: Option<NodeRef<'d>>,
}

impl<'d> Parts<'d> {
    /// Of a page. `None`: nothing is shown.
    pub fn of(document: &'d Document) -> Option<Parts<'d>> {
        let page = document.body()?;
        let text = CONTAINERS.iter().find_map(|selector| {
            let found = select(document.root(), selector);
            let [node] = found.nodes() else {
                return None;
            };
            let has_words = node.text().chars().any(char::is_alphabetic);
            has_words.then_some(*node)
        });
        let around = text.and_then(|text| {
            let mut around = text.ancestors_it(None);
            around.find(|node| is(*node, "article, main, [role=main], .hentry"))
        });
        Some(Parts {
            page,
            article: around.or(text).unwrap_or(page),
            text,
        })
    }

    /// Is it known which part is the article?
    pub fn is_article(&self) -> bool {
        self.article.id != self.page.id
    }

    /// Takes the furniture away.
    pub fn clear(&self, document: &Document) {
        // What holds the text, or the title, is no furniture whatever it is called.
        let mut kept: HashSet<NodeId> = HashSet::new();
        let titles = select(document.root(), "h1");
        let own = self.text.iter().chain(titles.nodes().first());
        for node in own {
            kept.insert(node.id);
            kept.extend(node.ancestors_it(None).map(|node| node.id));
        }
        load_pictures(document);
        let may_go = |node: &&NodeRef<'_>| !kept.contains(&node.id);
        for node in select(document.root(), FURNITURE)
            .nodes()
            .iter()
            .filter(may_go)
        {
            node.remove_from_parent();
        }
        for node in select(document.root(), "header, footer").nodes() {
            let is_own = node.ancestors_it(None).any(|node| {
                ["article", "blockquote", "figure"]
                    .iter()
                    .any(|name| node.has_name(name))
            });
            if may_go(&node) && (node.has_name("footer") || !is_own) {
                node.remove_from_parent();
            }
        }
        for node in select(document.root(), "[class], [id], [style]").nodes() {
            if may_go(&node) && is_furniture(node) {
                node.remove_from_parent();
            }
        }
    }

    /// The HTML of the text: of its container, or of what looks most like one.
    pub fn html(&self, document: &Document) -> String {
        if let Some(text) = self.text {
            return text.inner_html().into();
        }
        let whole = self.page.inner_html();
        search(document, &whole).unwrap_or_else(|| whole.into())
    }
}

/// Pictures that scripts load when they come into view name their place elsewhere.
fn load_pictures(document: &Document) {
    for (name, selector) in [
        ("data-src", "img[data-src]"),
        ("data-lazy-src", "img[data-lazy-src]"),
        ("data-original", "img[data-original]"),
    ] {
        for node in select(document.root(), selector).nodes() {
            let src = node.attr("src").unwrap_or_default();
            if let Some(place) = node.attr(name)
                && (src.is_empty() || src.starts_with("data:"))
            {
                node.set_attr("src", &place);
            }
        }
    }
}

fn is_furniture(node: &NodeRef<'_>) -> bool {
    let name = node.node_name().unwrap_or_default();
    if matches!(&*name, "body" | "main" | "article" | "td" | "tr" | "tbody") || is_heading(&name) {
        return false;
    }
    let attribute = |name| node.attr(name).unwrap_or_default().to_lowercase();
    let (class, id) = (attribute("class"), attribute("id"));
    // WordPress makes classes of the names of categories and tags.
    let names = class.split_whitespace().chain(id.split_whitespace());
    let names: Vec<&str> = names
        .filter(|name| !name.starts_with("category-") && !name.starts_with("tag-"))
        .collect();
    let has = |known: &[&str]| {
        let mut parts = names.iter().flat_map(|name| name.split(['-', '_']));
        parts.any(|part| known.contains(&part))
    };
    let style: String = attribute("style").split_whitespace().collect();
    has(&FURNISHED)
        || style.contains("display:none")
        || style.contains("visibility:hidden")
        || (has(&ABOUT) && words(*node, ABOUT_LENGTH).len() <= ABOUT_LENGTH)
}

/// What a reader would take for the text (the method of browsers' reader views), without the
/// element that it is wrapped in. `None`: the page is too large for it, or next to nothing would
/// be left.
fn search(document: &Document, whole: &str) -> Option<String> {
    if whole.len() > SEARCHED {
        return None;
    }
    let config = Config {
        max_elements_to_parse: SEARCHED_ELEMENTS,
        disable_json_ld: true,
        ..Config::default()
    };
    let found = Readability::with_document(document.clone(), None, Some(config))
        .ok()?
        .parse()
        .ok()?;
    let (_, content) = found.content.split_once('>')?;
    let content = content.strip_suffix("</div>")?;
    let length = |html: &str| html::plain(html).len();
    (length(content) * LEAST >= length(whole)).then(|| content.to_owned())
}

/// Takes away elements that have become empty, and those that become so thereby.
pub fn prune(document: &Document, mut emptied: HashSet<NodeId>, parts: Parts<'_>) {
    let is_part = |id: &NodeId| {
        [Some(parts.page), Some(parts.article), parts.text]
            .into_iter()
            .flatten()
            .any(|part| part.id == *id)
    };
    while !emptied.is_empty() {
        let mut parents = HashSet::new();
        for node in emptied.iter().filter_map(|id| document.tree.get(id)) {
            let has_nothing = node
                .children_it(false)
                .all(|child| child.is_text() && child.text().trim().is_empty());
            if has_nothing && !is_part(&node.id) {
                parents.extend(node.parent().map(|parent| parent.id));
                node.remove_from_parent();
            }
        }
        emptied = parents;
    }
}
