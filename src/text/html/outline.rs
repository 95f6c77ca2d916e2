//! A whole HTML page, taken apart by one pass over its tokens: what its head says, and its markup
//! without what is not for reading. No tree, so no depth to fear.

use std::cell::RefCell;

use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};

use super::{TooComplex, escape, guard};

/// Tags, comments and other `<` outside of scripts. A tree of them takes some hundred bytes for
/// each; the longest statutes have a tenth of this.
const MARKS: usize = 200_000;

/// One `<meta>`.
#[derive(Debug, PartialEq, Eq)]
pub struct Meta {
    /// What its `property`, `name`, `itemprop` or `http-equiv` says, in lower case.
    pub name: String,
    /// What its `content` says.
    pub content: String,
    /// From 1.
    pub line: u32,
}

/// One `<link>`.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    /// In lower case.
    pub rel: String,
    /// As written.
    pub href: String,
}

/// What a page says outside of its text, and its markup.
#[derive(Debug, Default)]
pub struct Outline {
    /// The `lang` of `<html>`.
    pub language: Option<String>,
    /// The words of `<title>`.
    pub title: String,
    /// Of the first `<base>` that has one.
    pub base: Option<String>,
    /// In order; also those within the body.
    pub metas: Vec<Meta>,
    /// In order.
    pub links: Vec<Link>,
    /// The texts of `<script type="application/ld+json">`.
    pub json_ld: Vec<String>,
    /// The elements, without scripts, styles, embedded pages and comments. A tree can be made of
    /// it at a bearable cost.
    pub markup: String,
}

impl Outline {
    /// Takes a page apart.
    ///
    /// # Errors
    /// Markup nested or repeated so that parsing it would cost out of all proportion.
    pub fn of(html: &str) -> Result<Outline, TooComplex> {
        let reader = guard::feed(html, Reader::default(), |reader, _| {
            reader.0.borrow().marks <= MARKS
        })?;
        let outline = reader.0.into_inner().outline;
        guard::check(&outline.markup)?;
        Ok(outline)
    }
}

#[derive(Default)]
struct Reader(RefCell<Reading>);

#[derive(Default)]
struct Reading {
    outline: Outline,
    within: Within,
    marks: usize,
}

/// Whose text comes now.
#[derive(Default, PartialEq, Eq)]
enum Within {
    #[default]
    Body,
    Title,
    JsonLd,
    /// An element whose text nobody reads.
    Other,
}

impl Reading {
    fn start(&mut self, tag: &Tag, line: u64) -> TokenSinkResult<()> {
        let name = &*tag.name;
        let next = guard::after_start(name);
        if !matches!(next, TokenSinkResult::Continue) {
            self.within = match name {
                "title" if self.outline.title.is_empty() => Within::Title,
                "script" if is_json_ld(tag) => {
                    self.outline.json_ld.push(String::new());
                    Within::JsonLd
                }
                _ => Within::Other,
            };
            return next;
        }
        match name {
            "meta" => self.meta(tag, line),
            "link" => self.link(tag),
            "base" => {
                let base = &mut self.outline.base;
                *base = base.take().or_else(|| attribute(tag, "href"));
            }
            "html" => {
                let language = attribute(tag, "lang").or_else(|| attribute(tag, "xml:lang"));
                self.outline.language = self.outline.language.take().or(language);
            }
            _ => self.write(tag),
        }
        TokenSinkResult::Continue
    }

    fn meta(&mut self, tag: &Tag, line: u64) {
        let name = ["property", "name", "itemprop", "http-equiv"]
            .into_iter()
            .find_map(|key| attribute(tag, key));
        if let (Some(name), Some(content)) = (name, attribute(tag, "content")) {
            self.outline.metas.push(Meta {
                name: name.to_lowercase(),
                content,
                line: u32::try_from(line).unwrap_or(u32::MAX),
            });
        }
    }

    fn link(&mut self, tag: &Tag) {
        if let (Some(rel), Some(href)) = (attribute(tag, "rel"), attribute(tag, "href")) {
            let rel = rel.to_lowercase();
            self.outline.links.push(Link { rel, href });
        }
    }

    fn write(&mut self, tag: &Tag) {
        let markup = &mut self.outline.markup;
        markup.push_str(match tag.kind {
            TagKind::StartTag => "<",
            TagKind::EndTag => "</",
        });
        markup.push_str(&tag.name);
        for attribute in &tag.attrs {
            let value = escape(&attribute.value);
            markup.extend([" ", &attribute.name.local, "=\"", &value, "\""]);
        }
        markup.push_str(if tag.self_closing { "/>" } else { ">" });
    }

    fn text(&mut self, text: &str) {
        let outline = &mut self.outline;
        match self.within {
            Within::Body => {
                self.marks += text.matches('<').count();
                outline.markup.push_str(&escape(text));
            }
            Within::Title => outline.title.push_str(text),
            Within::JsonLd => {
                if let Some(script) = outline.json_ld.last_mut() {
                    script.push_str(text);
                }
            }
            Within::Other => {}
        }
    }
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let mut reading = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => {
                reading.marks += 1;
                let was_in = std::mem::take(&mut reading.within);
                if tag.kind == TagKind::StartTag {
                    return reading.start(&tag, line);
                }
                if was_in == Within::Body {
                    reading.write(&tag);
                }
            }
            Token::CharacterTokens(text) => reading.text(&text),
            Token::CommentToken(_) => reading.marks += 1,
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn is_json_ld(tag: &Tag) -> bool {
    attribute(tag, "type").is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/ld+json")
    })
}

/// Without white space around it; `None` where it is empty.
fn attribute(tag: &Tag, name: &str) -> Option<String> {
    tag.attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name)
        .map(|attribute| attribute.value.trim().to_owned())
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_markup_come_apart() {
        let outline = Outline::of(
            "<!doctype html><html lang=pl><head><title>A &amp; b</title>\n\
             <meta PROPERTY='og:Title' content=' T '><link rel=Canonical href=/x><base href=/y/>\
             <script>if (a<b) x('</p>')</script><style>p{}</style><!-- <p> -->\
             <script type='application/ld+json; charset=utf-8'>{\"a\": \"<b>\"}</script></head>\
             <body class=\"a&quot;b\"><p>1 &lt; 2<br/><noscript><img></noscript><b>x</b></body>",
        )
        .expect("harmless");
        assert_eq!(outline.language.as_deref(), Some("pl"));
        assert_eq!(outline.title, "A & b");
        assert_eq!(outline.base.as_deref(), Some("/y/"));
        let meta = Meta {
            name: "og:title".into(),
            content: "T".into(),
            line: 2,
        };
        assert_eq!(outline.metas, [meta]);
        assert_eq!(outline.links[0].rel, "canonical");
        assert_eq!(outline.json_ld, ["{\"a\": \"<b>\"}"]);
        assert_eq!(
            outline.markup.replace("\n", ""),
            "<head></head><body class=\"a&quot;b\"><p>1 &lt; 2<br/><b>x</b></body>"
        );
    }

    #[test]
    fn hostile_pages_are_refused_before_they_cost() {
        for (html, is_refused) in [
            ("<div>".repeat(100_000), true),
            ("<".repeat(10_000_000), true),
            ("<p>".repeat(300_000), true),
            ("<!--->".repeat(1_000_000), true),
            (format!("<p {}>", "a=b ".repeat(200_000)), true),
            (format!("<script>{}</script>", "<".repeat(1_000_000)), false),
            ("x".repeat(10_000_000), false),
        ] {
            assert_eq!(Outline::of(&html).is_err(), is_refused, "{:.20}", html);
        }
    }
}
