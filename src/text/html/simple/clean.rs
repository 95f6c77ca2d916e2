//! Cleaning in one pass.

use url::{ParseError, Url};

use super::super::{SCHEMES, is_visible, keep_known_values};
use super::tokens::{Attributes, NotSimple, Token, Tokens, copy_text, escape, said_by};
use super::{Element, Kind};

/// Elements within elements.
const DEPTH: usize = 100;

/// What the sanitiser would make of this HTML, but for what XML forbids and white space around it.
///
/// # Errors
/// It is not simple.
pub(in crate::text::html) fn clean(html: &str, base: &Url) -> Result<String, NotSimple> {
    let tokens = Tokens::of(html)?;
    let mut pass = Pass {
        base,
        out: String::with_capacity(html.len() + html.len() / 4),
        open: Vec::new(),
    };
    for token in tokens {
        match token? {
            Token::Text(text) => pass.text(text)?,
            Token::Start(element, attributes) => pass.start(element, attributes)?,
            Token::End(element) => pass.end(element)?,
        }
    }
    if pass.open.is_empty() {
        Ok(pass.out)
    } else {
        Err(NotSimple)
    }
}

struct Pass<'b> {
    base: &'b Url,
    out: String,
    open: Vec<Element>,
}

impl Pass<'_> {
    fn innermost(&self) -> Kind {
        self.open.last().map_or(Kind::Flow, |element| element.kind)
    }

    fn text(&mut self, text: &str) -> Result<(), NotSimple> {
        // A parser moves words out of a table, and drops the first line end of `pre`.
        let is_misplaced = match self.innermost() {
            Kind::Table | Kind::Section | Kind::Row => {
                text.bytes().any(|b| !b.is_ascii_whitespace())
            }
            Kind::Paragraph => text.starts_with('\n') && self.out.ends_with("<pre>"),
            _ => false,
        };
        if is_misplaced {
            return Err(NotSimple);
        }
        copy_text(&mut self.out, text)
    }

    fn start(&mut self, element: Element, attributes: Attributes<'_>) -> Result<(), NotSimple> {
        let is_within_itself = element.kind == Kind::Inline && self.open.contains(&element);
        if !element.may_stand_in(self.innermost()) || is_within_itself || self.open.len() >= DEPTH {
            return Err(NotSimple);
        }
        let start = self.out.len();
        self.out.push('<');
        self.out.push_str(element.name);
        self.attributes(element.name, attributes)?;
        if element.name == "a" {
            self.out.push_str(" rel=\"noopener noreferrer\"");
        }
        self.out.push('>');
        if element.name == "img" && !self.out.get(start..).is_some_and(is_visible) {
            self.out.truncate(start);
        }
        if !element.is_empty() {
            self.open.push(element);
        }
        Ok(())
    }

    fn end(&mut self, element: Element) -> Result<(), NotSimple> {
        if self.open.pop() != Some(element) {
            return Err(NotSimple);
        }
        self.out.push_str("</");
        self.out.push_str(element.name);
        self.out.push('>');
        Ok(())
    }

    fn attributes(&mut self, element: &str, attributes: Attributes<'_>) -> Result<(), NotSimple> {
        let mut former = [""; 4];
        for (index, attribute) in attributes.enumerate() {
            let (name, value) = attribute?;
            if former.contains(&name) {
                return Err(NotSimple);
            }
            *former.get_mut(index).ok_or(NotSimple)? = name;
            let value = said_by(value)?;
            match (element, name) {
                ("a", "href") | ("img", "src") => {
                    if let Some(url) = self.url(&value)? {
                        self.attribute(name, &url);
                    }
                }
                // The parser tells whether it hides it.
                ("img", "style") => return Err(NotSimple),
                (_, "style") => {}
                (_, "lang" | "title") | ("img", "alt") | ("ol", "start") => {
                    self.attribute(name, &value);
                }
                ("div" | "sup" | "li", "id") => self.attribute(name, &value),
                ("code" | "div" | "sup", "class")
                    if keep_known_values(element, name, &value).is_some() =>
                {
                    self.attribute(name, &value);
                }
                _ => return Err(NotSimple),
            }
        }
        Ok(())
    }

    /// The absolute address, or `None` where there may be none.
    fn url<'v>(&self, value: &'v str) -> Result<Option<std::borrow::Cow<'v, str>>, NotSimple> {
        match Url::parse(value) {
            Ok(url) => Ok(SCHEMES.contains(&url.scheme()).then(|| value.into())),
            Err(ParseError::RelativeUrlWithoutBase) => match self.base.join(value) {
                Ok(url) => Ok(Some(String::from(url).into())),
                Err(_) => Err(NotSimple),
            },
            Err(_) => Ok(None),
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(&mut self.out, value, true);
        self.out.push('"');
    }
}
