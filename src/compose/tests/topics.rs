//! Long digests by topics, and which letters are alike.

use super::*;
use crate::compose::sections::sections;

/// Items with these tags each.
fn tagged(items: &[&str]) -> Vec<ClaimItem> {
    let items = items.iter().enumerate();
    let items = items.map(|(place, tags)| item("pl", &format!("Numer {place}"), "", tags));
    items.collect()
}

/// `topic:places` for each section.
fn divided(items: &[&str], asked: &str) -> String {
    let asked: Vec<TagId> = asking(asked).any.into_iter().collect();
    let sections = sections(&tagged(items), &asked).into_iter();
    let sections = sections.map(|section| {
        let topic = section.tag.map_or_else(String::new, |tag| tag.to_string());
        let places: Vec<String> = section.items.iter().map(ToString::to_string).collect();
        format!("{topic}:{}", places.join(","))
    });
    sections.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_long_digest_is_divided_by_topics_and_each_item_is_there_once() {
    let items = ["a", "b", "a b", "", "b c", "a", "c", "b"];
    assert_eq!(divided(&items, ""), "a:0,5 b:1,2,4,7 :3,6");
    assert_eq!(divided(&items, "a c"), "a:0,2,5 c:4,6 b:1,7 :3");
}

#[test]
fn what_was_asked_for_has_a_heading_even_for_one() {
    let items = ["a", "a", "a", "a", "b", "a", "a"];
    assert_eq!(divided(&items, "a b"), "a:0,1,2,3,5,6 b:4");
    assert_eq!(divided(&items, "a"), ":0,1,2,3,4,5,6");
}

#[test]
fn topics_that_divide_nothing_make_no_headings() {
    for items in [
        &["a", "a", "b", "b", "c", "c"][..],
        &["a"; 8],
        &["", "", "", "", "a", "b", "a", "b", ""],
        &["a", "b", "c", "d", "e", "f", "g"],
    ] {
        let all: Vec<String> = (0..items.len()).map(|place| place.to_string()).collect();
        assert_eq!(divided(items, "a"), format!(":{}", all.join(",")));
    }
    // All have `a`; `b` and `c` still divide them.
    let items = ["a b", "a c", "a b", "a c", "a b", "a c", "a"];
    assert_eq!(divided(&items, "a"), "b:0,2,4 c:1,3,5 :6");
}

#[test]
fn letters_are_alike_whatever_else_their_readers_asked_for() {
    let content = content(tagged(&["a", "b"]), 0);
    let like = |asked: &[Filter]| {
        let mut claim = claim(&content, "pl", &daily());
        claim.asked = asked.to_vec();
        Alike::of(&claim)
    };
    assert_eq!(like(&[asking("a x y")]), like(&[asking("z"), asking("a")]));
    assert_ne!(like(&[asking("a")]), like(&[asking("a b")]));
    assert_eq!(
        like(&[asking("a"), Filter::default()]),
        like(&[Filter::default()])
    );
    let mut uk = claim(&content, "uk", &daily());
    uk.asked = vec![asking("a")];
    assert_ne!(Alike::of(&uk), like(&[asking("a")]));
}

#[test]
fn why_tells_the_topics_that_led_here() {
    let content = content(tagged(&["szkolenia", "other"]), 0);
    let why = |asked: Vec<Filter>| {
        let mut claim = claim(&content, "en", &daily());
        claim.asked = asked;
        let letter = compose(&portal(), &claim);
        let text = parse(&letter).body_text(0).expect("text").into_owned();
        let why = text
            .rsplit_once("\n-- \r\n")
            .expect("a signature")
            .1
            .to_owned();
        why.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let topics = why(vec![asking("szkolenia prawo"), asking("other")]);
    assert!(
        topics.contains("updates from Portal Miejski on #other, Training, sent once a day."),
        "{topics}"
    );
    let all = why(vec![Filter::default()]);
    assert!(
        all.contains("updates from Portal Miejski, sent once a day."),
        "{all}"
    );
}
