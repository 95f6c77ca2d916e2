//! Slugs: from any label to a stable ASCII id.

use deunicode::deunicode_with_tofu;
use unicode_normalization::UnicodeNormalization;

use crate::domain::TagId;

/// The slug of a label: NFKC, lower case, transliterated to ASCII, `+` and `#` spelled out, every
/// other run of non-letters one hyphen; at most [`TagId::MAX`] bytes, cut between words where
/// there is a word to cut at. `None`: nothing that can be written down is left.
pub fn slug(label: &str) -> Option<String> {
    // No label that is meant for people is longer; whoever writes more pays nothing for it.
    let folded: String = label.chars().take(1_000).nfkc().collect();
    let ascii = deunicode_with_tofu(&folded.to_lowercase(), "-").to_ascii_lowercase();
    let mut slug = String::with_capacity(ascii.len());
    for c in ascii.chars() {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            '+' => slug.push_str("-plus-"),
            '#' => slug.push_str("-sharp-"),
            // Soft signs and apostrophes join: Львів is `lviv`, п'ять is `piat`.
            '\'' | '`' => {}
            _ => slug.push('-'),
        }
    }
    let words = slug
        .split('-')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    let cut = shorten(&words);
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// Whole words of an ASCII slug, as many as fit; half of a word where the first alone does not.
fn shorten(slug: &str) -> &str {
    let Some(head) = slug.get(..TagId::MAX) else {
        return slug;
    };
    if slug.len() == head.len() || slug[head.len()..].starts_with('-') {
        return head;
    }
    match head.rsplit_once('-') {
        Some((whole_words, _)) => whole_words,
        None => head,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_become_readable_ascii() {
        for (label, expected) in [
            ("Współpraca", "wspolpraca"),
            ("співпраця", "spivpratsia"),
            ("Львів", "lviv"),
            ("п’ять", "piat"),
            ("  Handel   ludźmi – 2026! ", "handel-ludzmi-2026"),
            ("C++", "c-plus-plus"),
            ("C#", "c-sharp"),
            ("Straße", "strasse"),
            ("ﬁnanse", "finanse"),
            ("../../etc/passwd", "etc-passwd"),
            ("a\r\nb", "a-b"),
        ] {
            assert_eq!(slug(label).as_deref(), Some(expected), "{label:?}");
        }
    }

    #[test]
    fn a_label_without_letters_has_no_slug() {
        for label in ["", "  ", "—", "...", "'", "\u{0}"] {
            assert_eq!(slug(label), None, "{label:?}");
        }
    }

    #[test]
    fn long_labels_are_cut_between_words() {
        let label = "przeciwdziałanie ".repeat(6);
        let cut = slug(&label).unwrap_or_default();
        assert_eq!(cut, ["przeciwdzialanie"; 4].join("-"));
        assert_eq!(slug(&"a".repeat(200)).map(|slug| slug.len()), Some(80));
    }

    proptest! {
        #[test]
        fn any_label_gives_a_tag_id_or_nothing(label in any::<String>()) {
            if let Some(slug) = slug(&label) {
                prop_assert!(TagId::new(&slug).is_ok(), "{slug:?}");
            }
        }

        #[test]
        fn the_slug_of_a_slug_is_itself(label in any::<String>()) {
            let once = slug(&label);
            prop_assert_eq!(once.as_deref().and_then(slug), once);
        }
    }
}
