//! Does a text look as if it had been read in the right encoding?

use std::borrow::Cow;

/// Polish letters beyond ASCII.
const POLISH: &str = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ";
/// What may touch a letter without being one.
const PUNCTUATION: &str = "\u{A0}„”“‚’‘«»–—…™°";
/// The most frequent letters beyond ASCII, of Polish and of Ukrainian.
const COMMON: &str = "łóążęоаинвіетрс";

/// A text in one of the encodings, if it looks like Polish or Ukrainian there.
pub struct Reading<'b> {
    /// The text.
    pub text: Cow<'b, str>,
    /// Letters beyond ASCII.
    pub letters: usize,
    /// Those of them that are neither Polish nor Cyrillic letters of these parts, or capitals
    /// within a word.
    pub odd: usize,
    /// Those of them that are frequent.
    pub common: usize,
}

impl Reading<'_> {
    /// `None`: nobody would write this.
    pub fn of(text: Cow<'_, str>) -> Option<Reading<'_>> {
        let mut odd = oddities(&text)?;
        let (mut letters, mut common) = (0, 0);
        for c in text.chars().filter(|c| is_letter_beyond_ascii(*c)) {
            letters += 1;
            odd += usize::from(!is_expected(c));
            common += usize::from(COMMON.contains(c));
        }
        is_rare(odd, letters).then_some(Reading {
            text,
            letters,
            odd,
            common,
        })
    }
}

/// A name from elsewhere may be among the rest.
fn is_rare(odd: usize, letters: usize) -> bool {
    odd * 20 <= letters
}

fn is_letter_beyond_ascii(c: char) -> bool {
    !c.is_ascii() && c.is_alphabetic()
}

/// Ukrainian letters, and those that Russian and Belarusian have besides.
fn is_expected(c: char) -> bool {
    POLISH.contains(c) || matches!(c, 'А'..='я' | 'Ё' | 'ё' | 'Ў' | 'ў') || "ІіЇїЄєҐґ".contains(c)
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{4FF}')
}

/// Capitals within words. `None`: too many of them, or control characters, drawn lines, signs
/// within words, words of two alphabets: what letters become when read in another encoding.
pub fn oddities(text: &str) -> Option<usize> {
    let (mut letters, mut capitals) = (0, 0);
    let mut before = ' ';
    for c in text.chars() {
        let is_control = matches!(c, '\0'..='\u{8}' | '\u{E}'..='\u{1F}' | '\u{7F}'..='\u{9F}');
        let is_drawn = matches!(c, '\u{2320}'..='\u{2321}' | '\u{2500}'..='\u{25A0}' | '\u{FFFD}');
        if is_control || is_drawn || are_strange_neighbours(before, c) {
            return None;
        }
        letters += usize::from(is_letter_beyond_ascii(c));
        let is_ascii = before.is_ascii() && c.is_ascii();
        capitals += usize::from(!is_ascii && before.is_lowercase() && c.is_uppercase());
        before = c;
    }
    is_rare(capitals, letters).then_some(capitals)
}

fn are_strange_neighbours(before: char, c: char) -> bool {
    if before.is_ascii() && c.is_ascii() {
        return false;
    }
    if before.is_alphabetic() && c.is_alphabetic() {
        return is_cyrillic(before) != is_cyrillic(c);
    }
    let is_sign = |c: char| !c.is_ascii() && !c.is_alphabetic() && !PUNCTUATION.contains(c);
    // `m²` is a unit; no word begins with a sign.
    (is_sign(before) && c.is_alphabetic())
        || (before.is_alphabetic() && is_sign(c) && !matches!(c, '²' | '³'))
}
