//! Characters that XML 1.0 allows.

use std::borrow::Cow;

/// May this character stand in an XML document? (XML 1.0, production 2, `Char`.)
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Tells of nearly every clean text that it is, at the speed of memory: U+FFFE and U+FFFF begin with
/// EF BF in UTF-8, and so do few others.
fn is_plainly_clean(text: &str) -> bool {
    let is_suspect = |b: u8| b == 0xEF || (b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r'));
    let mut chunks = text.as_bytes().chunks(256);
    // Without a branch for each byte, a chunk is a few vector instructions.
    chunks.all(|chunk| !chunk.iter().fold(false, |any, b| any | is_suspect(*b)))
}

/// The text without what XML 1.0 forbids: control characters, U+FFFE and U+FFFF. No feed library
/// checks this, and one such character makes a whole feed ill-formed.
pub fn clean(text: &str) -> Cow<'_, str> {
    if is_plainly_clean(text) || text.chars().all(is_xml) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|c| is_xml(*c)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_xml_forbids_goes_and_the_rest_stays() {
        assert_eq!(clean("a\u{0}b\u{8}\u{B}\u{1F}c\u{FFFE}\u{FFFF}d"), "abcd");
        let fine = "zażółć\tgęślą\r\njaźń – Ґанок \u{10FFFF}\u{FFFD}";
        assert!(matches!(clean(fine), Cow::Borrowed(text) if text == fine));
    }

    proptest! {
        #[test]
        fn the_result_is_clean_and_stays_so(text in any::<String>()) {
            let once = clean(&text).into_owned();
            prop_assert!(once.chars().all(is_xml));
            prop_assert!(matches!(clean(&once), Cow::Borrowed(_)));
        }
    }
}
