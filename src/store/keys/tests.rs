use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn keys_sort_as_their_parts(
        (a, b) in (any::<i32>(), any::<i32>()),
        (x, y) in (any::<u64>(), any::<u64>()),
    ) {
        let at = |seconds: i32| Timestamp::from_second(seconds.into()).expect("in range");
        let first = waits(at(a), PublicationKey(x));
        let second = waits(at(b), PublicationKey(y));
        prop_assert_eq!(first.bytes().cmp(second.bytes()), (a, x).cmp(&(b, y)));
        prop_assert_eq!(last_number(first.bytes()), x);
        prop_assert_eq!(instant_before_last(first.bytes()), Some(at(a)));
    }

    #[test]
    fn no_text_is_another_keys_prefix(a in "[a-z\0]{0,4}", b in "[a-z\0]{0,4}", n: u64) {
        let cadence = |zone: &str| Cadence { schedule: a.clone(), zone: Some(zone.to_owned()) };
        let span = postings(&cadence(&b), "x").prefix();
        let inside = posting(&cadence(&b), "x", SubscriberKey(n));
        prop_assert!(span.range().contains(&inside.bytes()));
        let outside = posting(&cadence(&format!("{b}b")), "x", SubscriberKey(n));
        prop_assert!(!span.range().contains(&outside.bytes()));
    }
}

#[test]
fn the_prefix_of_the_greatest_number_has_an_end() {
    let span = had_by(SubscriberKey(u64::MAX)).prefix();
    let inside = had(SubscriberKey(u64::MAX), RunKey(u64::MAX));
    assert!(span.range().contains(&inside.bytes()));
}
