//! Text and tags, one after the other.

use std::borrow::Cow;

use memchr::{memchr, memchr3};

use super::Element;

/// A parser has to tell what this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::text::html) struct NotSimple;

/// A piece of HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::text::html) enum Token<'h> {
    /// As written, with entities.
    Text(&'h str),
    Start(Element, Attributes<'h>),
    End(Element),
}

/// The tokens of some HTML.
pub(in crate::text::html) struct Tokens<'h>(&'h str);

impl<'h> Tokens<'h> {
    /// # Errors
    /// There are characters that a parser drops or replaces.
    pub(in crate::text::html) fn of(html: &'h str) -> Result<Tokens<'h>, NotSimple> {
        let is_odd = |b: u8| b < b' ' && b != b'\n' && b != b'\t';
        if html.starts_with('\u{FEFF}') || html.bytes().fold(false, |odd, b| odd | is_odd(b)) {
            return Err(NotSimple);
        }
        Ok(Tokens(html))
    }

    fn tag(&mut self) -> Result<Token<'h>, NotSimple> {
        let end = memchr(b'>', self.0.as_bytes()).ok_or(NotSimple)?;
        let tag = self.0.get(1..end).ok_or(NotSimple)?;
        self.0 = self.0.get(end + 1..).ok_or(NotSimple)?;
        if let Some(name) = tag.strip_prefix('/') {
            return Element::named(name).map(Token::End).ok_or(NotSimple);
        }
        let (name, attributes) = tag.split_at(tag.find(' ').unwrap_or(tag.len()));
        let element = Element::named(name).ok_or(NotSimple)?;
        let attributes = match attributes.strip_suffix(" /") {
            Some(attributes) if element.is_empty() => attributes,
            _ => attributes,
        };
        Ok(Token::Start(element, Attributes(attributes)))
    }
}

impl<'h> Iterator for Tokens<'h> {
    type Item = Result<Token<'h>, NotSimple>;

    fn next(&mut self) -> Option<Result<Token<'h>, NotSimple>> {
        match memchr(b'<', self.0.as_bytes()) {
            None if self.0.is_empty() => None,
            Some(0) => Some(self.tag()),
            end => {
                let (text, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
                self.0 = rest;
                Some(Ok(Token::Text(text)))
            }
        }
    }
}

/// Names and values, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::text::html) struct Attributes<'h>(&'h str);

impl<'h> Iterator for Attributes<'h> {
    type Item = Result<(&'h str, &'h str), NotSimple>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let attribute = self.0.strip_prefix(' ').and_then(|rest| {
            let (name, rest) = rest.split_once("=\"")?;
            let (value, rest) = rest.split_once('"')?;
            self.0 = rest;
            let is_plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
            is_plain.then_some((name, value))
        });
        Some(attribute.ok_or(NotSimple))
    }
}

/// Appends what some HTML text says.
pub(in crate::text::html) fn push_text(said: &mut String, mut text: &str) -> Result<(), NotSimple> {
    while let Some(at) = memchr(b'&', text.as_bytes()) {
        let (plain, rest) = text.split_at(at);
        said.push_str(plain);
        let (character, after) = entity(rest)?;
        said.push_str(character);
        text = after;
    }
    said.push_str(text);
    Ok(())
}

/// The character that an entity at the front stands for, and the rest.
fn entity(text: &str) -> Result<(&'static str, &str), NotSimple> {
    const ENTITIES: [(&str, &str); 7] = [
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&nbsp;", "\u{A0}"),
    ];
    ENTITIES
        .iter()
        .find_map(|(entity, character)| Some((*character, text.strip_prefix(entity)?)))
        .ok_or(NotSimple)
}

/// Copies text as a serialiser writes it.
pub(super) fn copy_text(out: &mut String, mut text: &str) -> Result<(), NotSimple> {
    // The no-break space is C2 A0 in UTF-8.
    while let Some(at) = memchr3(b'&', b'>', 0xC2, text.as_bytes()) {
        let (plain, rest) = text.split_at(at);
        out.push_str(plain);
        let (character, after) = match rest.chars().next() {
            Some('&') => entity(rest)?,
            Some(other) => rest.split_at(other.len_utf8()),
            None => ("", rest),
        };
        escape(out, character, false);
        text = after;
    }
    out.push_str(text);
    Ok(())
}

/// What an attribute's value says.
pub(super) fn said_by(value: &str) -> Result<Cow<'_, str>, NotSimple> {
    if !value.contains('&') {
        return Ok(Cow::Borrowed(value));
    }
    let mut said = String::with_capacity(value.len());
    push_text(&mut said, value)?;
    Ok(Cow::Owned(said))
}

/// Appends plain text as a serialiser writes it (HTML, 13.3 "escaping a string").
pub(super) fn escape(out: &mut String, text: &str, in_attribute: bool) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{A0}' => out.push_str("&nbsp;"),
            '"' if in_attribute => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}
