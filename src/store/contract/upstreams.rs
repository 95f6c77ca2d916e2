//! What is remembered of upstream feeds, and what they bring after a silence.

use super::*;
use crate::domain::UpstreamState;

pub(super) async fn what_is_known_of_an_upstream_is_kept_by_its_source(bench: Bench) -> Test {
    let known = UpstreamState {
        etag: Some("\"1\"".to_owned()),
        last_success: Some(bench.now),
        failures: 3,
        ..UpstreamState::new("https://news.example/feed")
    };
    bench.store.keep_upstream("news", known.clone()).await?;
    assert_eq!(bench.store.upstream("news").await?, Some(known.clone()));
    assert_eq!(bench.store.upstream("new").await?, None);
    let moved = UpstreamState {
        moved_to: Some("https://news.example/new".to_owned()),
        ..known
    };
    bench.store.keep_upstream("news", moved.clone()).await?;
    assert_eq!(bench.store.upstream("news").await?, Some(moved));
    Ok(())
}

pub(super) async fn a_later_baseline_is_not_news_and_withdraws_nothing(bench: Bench) -> Test {
    bench.scan([file("a.md", &bench)], &[]).await?;
    let applied = bench
        .batch([file("b.md", &bench)], &[], Pass::Baseline)
        .await?;
    assert_eq!(applied.changes.len(), 1);
    assert!(!applied.changes[0].news);
    // What follows is as ever.
    let applied = bench.scan([file("c.md", &bench)], &[]).await?;
    assert!(applied.changes[0].news);
    assert_eq!(bench.store.totals().await?.live, 3);
    Ok(())
}
