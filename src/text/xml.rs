//! Characters that XML 1.0 allows.

use std::borrow::Cow;

/// Leaves out what XML 1.0 cannot carry, not even escaped (production 2, `Char`): most control
/// characters, U+FFFE and U+FFFF.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_char) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|c| is_char(*c)).collect())
    }
}

fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}
