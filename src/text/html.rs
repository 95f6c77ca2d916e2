//! HTML: cleaning, plain text, summaries.

mod guard;
pub mod headings;
mod outline;
mod simple;
pub mod tables;
mod words;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};
use url::Url;

use super::xml;
pub use guard::TooComplex;
pub use outline::{Link, Meta, Outline};
pub use words::is_inline;

/// Of the addresses that may be linked to.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

/// What is in the addresses of pictures that count readers and are nothing to look at.
const COUNTERS: [&str; 8] = [
    "//pixel.wp.com/",
    "//stats.wp.com/",
    "//feeds.feedburner.com/~r/",
    "//feeds.feedburner.com/~ff/",
    "//www.google-analytics.com/",
    "//www.facebook.com/tr",
    "//ad.doubleclick.net/",
    "//b.scorecardresearch.com/",
];

/// The length of a summary, in characters.
const SUMMARY: usize = 300;

/// What may be shown of this HTML anywhere: known harmless elements and attributes, URLs absolute
/// (relative ones against `base`), no script, style, form, embedded page, event handler, inline
/// image data or tracking pixel. Well-formed as browsers write it, and clean of what XML forbids.
///
/// # Errors
/// Markup nested or repeated so that parsing it would cost out of all proportion.
pub fn sanitise(html: &str, base: &Url) -> Result<String, TooComplex> {
    let body = match simple::clean(html, base) {
        Ok(body) => body,
        Err(simple::NotSimple) => sanitise_any(html, base)?,
    };
    Ok(match xml::clean(&body) {
        Cow::Borrowed(clean) if clean.trim().len() == clean.len() => body,
        clean => clean.trim().to_owned(),
    })
}

/// The same by a parser, but for what XML forbids and white space around it.
fn sanitise_any(html: &str, base: &Url) -> Result<String, TooComplex> {
    guard::check(html)?;
    let cleaned = Builder::default()
        .rm_tags(["area", "map"])
        .add_tags(["tfoot"])
        .add_clean_content_tags([
            "iframe", "noscript", "object", "template", "textarea", "title",
        ])
        .url_schemes(HashSet::from(SCHEMES))
        .url_relative(UrlRelative::RewriteWithBase(base.clone()))
        .add_tag_attributes("code", ["class"])
        .add_tag_attributes("div", ["class", "id"])
        .add_tag_attributes("sup", ["class", "id"])
        .add_tag_attributes("li", ["id"])
        .add_tag_attributes("time", ["datetime"])
        .add_tag_attributes("img", ["hidden", "style"])
        .attribute_filter(keep_known_values)
        .clean(html)
        .to_string();
    guard::check_depth(&cleaned)?;
    Ok(without_unseen(&cleaned))
}

/// Classes are for the site's own styles, but for the two that carry meaning: the language of
/// code, and what a footnote is. Of styles none stays but what hides a picture.
fn keep_known_values<'v>(element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let known = match (element, attribute) {
        // Kept for `is_visible`, which drops the picture as a whole.
        ("img", "hidden") => true,
        ("img", "style") => hides(value),
        ("code", "class") => value.starts_with("language-") && !value.contains(' '),
        (_, "class") => matches!(
            value,
            "footnote-definition" | "footnote-definition-label" | "footnote-reference"
        ),
        _ => true,
    };
    known.then_some(Cow::Borrowed(value))
}

/// Does a style hide its element, or make it a pixel?
fn hides(style: &str) -> bool {
    let style: String = style.to_ascii_lowercase().split_whitespace().collect();
    style.split(';').any(|rule| {
        matches!(
            rule.trim_end_matches("!important"),
            "display:none"
                | "visibility:hidden"
                | "opacity:0"
                | "width:0"
                | "width:1px"
                | "width:0px"
                | "height:0"
                | "height:1px"
                | "height:0px"
        )
    })
}

/// Drops images that nobody can see, for they are there to count readers: hidden ones, those
/// without a source or one pixel wide or high, and those from places that serve nothing else.
/// `html` is what the sanitiser wrote: attributes are quoted, and quotes within them escaped.
fn without_unseen(html: &str) -> String {
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find("<img") {
        let (before, image) = rest.split_at(start);
        let end = end_of_tag(image);
        let (tag, after) = image.split_at(end);
        kept.push_str(before);
        if is_visible(tag) {
            kept.push_str(tag);
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// The length of the tag that `html` begins with, its `>` included.
fn end_of_tag(html: &str) -> usize {
    let mut quoted = false;
    html.bytes()
        .position(|b| {
            quoted ^= b == b'"';
            b == b'>' && !quoted
        })
        .map_or(html.len(), |at| at + 1)
}

fn is_visible(tag: &str) -> bool {
    // Split at quotes: names (with their `=`) and values take turns.
    let mut parts = tag.trim_start_matches("<img").split('"');
    let mut attributes = HashMap::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        attributes.insert(name.trim().trim_end_matches('='), value.trim());
    }
    let tiny = |name| {
        attributes
            .get(name)
            .is_some_and(|size| matches!(size.trim_end_matches("px"), "0" | "1"))
    };
    let is_hidden = attributes.contains_key("hidden") || attributes.contains_key("style");
    let counts = |src: &&str| src.is_empty() || COUNTERS.iter().any(|place| src.contains(place));
    !is_hidden && !attributes.get("src").is_none_or(counts) && !tiny("width") && !tiny("height")
}

/// The words of some HTML on one line, without markup; scripts and styles are no words.
pub fn plain(html: &str) -> String {
    one_line(&words::all(html))
}

/// The first paragraph that has words, without markup, or all words where there is no paragraph;
/// at most about 300 characters.
pub fn summary(html: &str) -> String {
    let paragraph = words::first_paragraph(html);
    let text = one_line(&paragraph);
    if text.is_empty() {
        shorten(&plain(html), SUMMARY)
    } else {
        shorten(&text, SUMMARY)
    }
}

/// Plain text on one line: white space folded, without control characters (XML allows some, and
/// nobody can read them) and what else XML forbids.
pub fn one_line(text: &str) -> String {
    let said = |c: &char| c.is_whitespace() || !c.is_control();
    let clean: String = xml::clean(text).chars().filter(said).collect();
    let mut line = String::with_capacity(clean.len());
    for word in clean.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// The text as it is, or cut after a word and ended by `…`, `most` characters in all.
pub fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let end = text
        .char_indices()
        .nth(room)
        .map_or(text.len(), |(at, _)| at);
    let (head, tail) = text.split_at(end);
    let whole_words = if tail.starts_with(char::is_whitespace) {
        head
    } else {
        // A word longer than half the room is cut: better than losing all before it.
        match head.rfind(char::is_whitespace) {
            Some(space) if space > end / 2 => &head[..space],
            _ => head,
        }
    };
    let trimmed = whole_words.trim_end_matches(|c: char| c.is_whitespace() || ",;:–—-".contains(c));
    format!("{trimmed}…")
}

/// Text as HTML.
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests;
