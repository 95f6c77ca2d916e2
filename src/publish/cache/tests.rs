use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;

use super::*;
use crate::domain::Sequence;

fn document(bytes: &[u8]) -> Document {
    Document::of(bytes, "text/plain", Sequence(1), Timestamp::UNIX_EPOCH)
}

async fn get(cache: &Cache, name: &str, bytes: &Bytes, coding: Coding) -> Bytes {
    let plain = async { Ok(bytes.clone()) };
    let got = cache.get(name, &document(bytes), coding, plain).await;
    got.expect("it is at hand")
}

fn has(cache: &Cache, name: &str, coding: Coding) -> bool {
    let held = cache.held();
    let entry = held.entries.get(name);
    entry.is_some_and(|entry| entry.cells[coding as usize].initialized())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_last_is_held_within_the_bound() {
    let cache = Cache::default();
    let bytes = Bytes::from(vec![7; LARGE]);
    for number in 0..20 {
        get(&cache, &number.to_string(), &bytes, Coding::Identity).await;
        assert_eq!(get(&cache, "0", &bytes, Coding::Identity).await, bytes);
        assert!(cache.held().bytes <= MOST);
    }
    assert_eq!(cache.held().entries.len(), MOST / LARGE);
    assert!(!has(&cache, "1", Coding::Identity));
    assert!(has(&cache, "19", Coding::Identity));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_takes_the_place_of_one_that_was_asked_for() {
    let cache = Cache::default();
    let (one, two) = (Bytes::from_static(b"one"), Bytes::from_static(b"two"));
    cache.renew("a", &document(&one), one.clone());
    assert!(!has(&cache, "a", Coding::Identity), "nobody asked for it");
    for coding in Coding::ALL {
        get(&cache, "a", &one, coding).await;
    }
    cache.renew("a", &document(&two), two.clone());
    assert!(has(&cache, "a", Coding::Identity));
    assert!(!has(&cache, "a", Coding::Gzip), "it is of the former one");
    assert_eq!(get(&cache, "a", &two, Coding::Identity).await, two);
    cache.remove("a");
    assert_eq!(cache.held().bytes, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_too_large_the_codings_are_held() {
    let cache = Cache::default();
    let large = Bytes::from(vec![7; LARGE + 1]);
    assert_eq!(get(&cache, "a", &large, Coding::Identity).await, large);
    assert_eq!(cache.held().bytes, 0);
    let gzip = get(&cache, "a", &large, Coding::Gzip).await;
    assert_eq!(cache.held().bytes, gzip.len());
    assert!(!has(&cache, "a", Coding::Identity));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_at_once_make_one_reading_and_one_compression() {
    let cache = Arc::new(Cache::default());
    let bytes = Bytes::from("to one and all ".repeat(1000));
    let readings = Arc::new(AtomicUsize::new(0));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (cache, bytes, readings) = (Arc::clone(&cache), bytes.clone(), Arc::clone(&readings));
        readers.spawn(async move {
            let plain = async {
                readings.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(bytes.clone())
            };
            let document = document(&bytes);
            let got = cache.get("a", &document, Coding::Brotli, plain).await;
            got.expect("it is at hand")
        });
    }
    let answers = readers.join_all().await;
    assert_eq!(readings.load(Ordering::Relaxed), 1);
    // The very same memory: it was compressed once.
    let one = answers[0].as_ptr();
    assert!(answers.iter().all(|answer| answer.as_ptr() == one));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_failed_is_tried_again() {
    let cache = Cache::default();
    let bytes = Bytes::from_static(b"whole");
    let torn = async { Err(io::ErrorKind::InvalidData.into()) };
    let failed = cache.get("a", &document(&bytes), Coding::Gzip, torn).await;
    assert!(failed.is_err());
    assert_eq!(get(&cache, "a", &bytes, Coding::Identity).await, bytes);
}
