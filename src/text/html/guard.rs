//! Keeps hostile markup from the tree builder. Its stack of open elements is searched at every
//! tag, open formatting elements are made anew in every block, and attributes are compared with
//! all before them: each is a way to make a few megabytes cost minutes, or all memory.
//!
//! One pass over the tokens estimates that cost, never too low, and refuses what is out of all
//! proportion. Pages that people write stay below a hundredth of the limits.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use html5ever::LocalName;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// The markup is nested, or repeats itself, so that it can't be read at a bearable cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the HTML is nested too deeply, or has too many elements or attributes")]
pub struct TooComplex;

/// Steps through the stack of open elements.
const STEPS: u64 = 100_000_000;
/// Formatting elements made anew.
const REPEATS: u64 = 2_000_000;
/// Comparisons of attribute names within tags.
const COMPARISONS: u64 = 4_000_000_000;
/// Bytes between two looks at the estimate.
const CHUNK: usize = 4096;
/// Elements within elements that may be left after cleaning.
const DEPTH: usize = 128;

/// May this be parsed into a tree?
pub fn check(html: &str) -> Result<(), TooComplex> {
    feed(html, Guard::default(), |guard, chunk| {
        let mut estimate = guard.0.borrow_mut();
        if estimate.blind {
            estimate.open_all(chunk.matches('<').count() as u64);
        }
        !estimate.is_too_much()
    })?;
    Ok(())
}

/// Tokenizes all of it, chunk by chunk, as long as no tag has attributes out of all proportion and
/// `go_on` agrees after each chunk.
pub(super) fn feed<S: TokenSink>(
    html: &str,
    sink: S,
    go_on: impl Fn(&S, &str) -> bool,
) -> Result<S, TooComplex> {
    let listening = Listening {
        sink,
        heard: Cell::new(false),
    };
    let tokenizer = Tokenizer::new(listening, TokenizerOpts::default());
    let input = BufferQueue::default();
    let mut rest = html;
    let mut in_one_tag = 0;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.ceil_char_boundary(CHUNK.min(rest.len())));
        rest = after;
        tokenizer.sink.heard.set(false);
        input.push_back(StrTendril::from(chunk));
        // The sink never asks for a script to run, so one call takes all.
        let _ = tokenizer.feed(&input);
        // No token came out: one tag (or comment) goes on, and may be made of attributes.
        let goes_on = !tokenizer.sink.heard.get();
        in_one_tag = if goes_on { in_one_tag } else { 0 } + separators(chunk);
        if in_one_tag * in_one_tag > COMPARISONS || !go_on(&tokenizer.sink.sink, chunk) {
            return Err(TooComplex);
        }
    }
    tokenizer.end();
    Ok(tokenizer.sink.sink)
}

/// Hears whether a token came.
struct Listening<S> {
    sink: S,
    heard: Cell<bool>,
}

impl<S: TokenSink> TokenSink for Listening<S> {
    type Handle = S::Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<S::Handle> {
        if matches!(
            token,
            Token::TagToken(_) | Token::CharacterTokens(_) | Token::CommentToken(_)
        ) {
            self.heard.set(true);
        }
        self.sink.process_token(token, line)
    }
}

/// Is cleaned HTML (every element closed, in order) too deep for those who read it recursively?
pub fn check_depth(cleaned: &str) -> Result<(), TooComplex> {
    let mut depth = 0_usize;
    for piece in cleaned.split('<').skip(1) {
        if piece.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !is_void(piece.split([' ', '>']).next().unwrap_or_default()) {
            depth += 1;
            if depth > DEPTH {
                return Err(TooComplex);
            }
        }
    }
    Ok(())
}

/// What may come before an attribute's name.
fn separators(chunk: &str) -> u64 {
    let separates = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'"' | b'\'');
    chunk.as_bytes().iter().filter(|b| separates(b)).count() as u64
}

/// How the tokenizer goes on after a start tag, as the tree builder would tell it.
pub(super) fn after_start(name: &str) -> TokenSinkResult<()> {
    match name {
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" => {
            TokenSinkResult::RawData(RawKind::Rawtext)
        }
        "textarea" | "title" => TokenSinkResult::RawData(RawKind::Rcdata),
        "plaintext" => TokenSinkResult::Plaintext,
        _ => TokenSinkResult::Continue,
    }
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Elements that the next of their kind closes: they pile up only together with others.
fn closes_itself(name: &str) -> bool {
    matches!(
        name,
        "p" | "li" | "dt" | "dd" | "tr" | "td" | "th" | "thead" | "tbody" | "tfoot" | "colgroup"
    )
}

fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "nobr"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
    )
}

#[derive(Default)]
struct Guard(RefCell<Estimate>);

#[derive(Default)]
struct Estimate {
    open: HashMap<LocalName, u64>,
    depth: u64,
    formatting: u64,
    steps: u64,
    repeats: u64,
    in_raw: bool,
    /// Markup within a raw element: whether it is markup depends on the tree, so from here on
    /// every `<` counts as an element that stays open.
    blind: bool,
}

impl Estimate {
    fn start(&mut self, tag: &Tag) {
        if !is_void(&tag.name) && !closes_itself(&tag.name) {
            *self.open.entry(tag.name.clone()).or_default() += 1;
            self.depth += 1;
            self.formatting += u64::from(is_formatting(&tag.name));
        }
        self.count();
    }

    fn end(&mut self, tag: &Tag) {
        self.count();
        let Some(open) = self.open.get_mut(&tag.name).filter(|open| **open > 0) else {
            return;
        };
        if !self.blind {
            *open -= 1;
            self.depth -= 1;
            self.formatting -= u64::from(is_formatting(&tag.name));
        }
    }

    fn open_all(&mut self, elements: u64) {
        self.depth += elements;
        self.formatting += elements;
        self.steps += self.depth * elements;
        self.repeats += self.formatting * elements;
    }

    fn count(&mut self) {
        self.steps += self.depth;
        self.repeats += self.formatting;
    }

    fn is_too_much(&self) -> bool {
        self.steps > STEPS || self.repeats > REPEATS
    }
}

impl TokenSink for Guard {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut estimate = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => {
                estimate.in_raw = false;
                if tag.kind == TagKind::EndTag {
                    estimate.end(&tag);
                    return TokenSinkResult::Continue;
                }
                estimate.start(&tag);
                let next = after_start(&tag.name);
                estimate.in_raw = !matches!(next, TokenSinkResult::Continue);
                return next;
            }
            Token::CharacterTokens(text) => {
                estimate.blind |= estimate.in_raw && text.contains('<');
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}
