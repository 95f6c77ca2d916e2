//! The words of HTML, read as a stream of tokens: no tree, so no depth to fear.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::guard;

/// All words. Where a block begins or ends there is white space.
pub fn all(html: &str) -> String {
    read(html, Part::All)
}

/// The words of the first `<p>` that has any; empty where there is none.
pub fn first_paragraph(html: &str) -> String {
    read(html, Part::FirstParagraph)
}

fn read(html: &str, part: Part) -> String {
    if guard::check(html).is_err() {
        return String::new();
    }
    let tokenizer = Tokenizer::new(
        Words {
            part,
            state: RefCell::default(),
        },
        TokenizerOpts::default(),
    );
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // The sink never asks for a script to run, so one call takes all.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.state.take().text
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    FirstParagraph,
}

struct Words {
    part: Part,
    state: RefCell<Reading>,
}

#[derive(Default)]
struct Reading {
    text: String,
    in_paragraph: bool,
    /// Inside an element whose text is not for reading.
    in_raw: bool,
    done: bool,
}

impl Reading {
    fn tag(&mut self, name: &str, kind: TagKind, part: Part) {
        if self.done || is_inline(name) {
            return;
        }
        self.text.push(' ');
        if part == Part::FirstParagraph && name != "br" {
            // Any block ends a paragraph; one without words is forgotten.
            self.done = !self.text.trim().is_empty();
            if !self.done {
                self.text.clear();
                self.in_paragraph = name == "p" && kind == TagKind::StartTag;
            }
        }
    }

    fn words(&mut self, text: &str, part: Part) {
        let wanted = part == Part::All || self.in_paragraph;
        if wanted && !self.in_raw && !self.done {
            self.text.push_str(text);
        }
    }
}

impl TokenSink for Words {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut reading = self.state.borrow_mut();
        match token {
            Token::TagToken(tag) => {
                reading.tag(&tag.name, tag.kind, self.part);
                reading.in_raw = false;
                if tag.kind == TagKind::StartTag {
                    let next = guard::after_start(&tag.name);
                    reading.in_raw = !matches!(next, TokenSinkResult::Continue);
                    return next;
                }
            }
            Token::CharacterTokens(text) => reading.words(&text, self.part),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Elements that stand within a word or a sentence.
pub fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr"
            | "acronym"
            | "b"
            | "bdi"
            | "bdo"
            | "big"
            | "cite"
            | "code"
            | "data"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "ins"
            | "kbd"
            | "mark"
            | "q"
            | "rp"
            | "rt"
            | "ruby"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
    )
}
