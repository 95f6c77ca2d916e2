//! Tags that the configuration calls otherwise than when they were given.

use super::names::names;
use super::*;
use crate::domain::{FeedKey, PublicationKey};

fn feed(tag: &str) -> FeedKey {
    FeedKey::in_all_languages(TagId::new(tag).ok())
}

impl Bench {
    async fn call_tags(&self, tags: &str) -> Result<Applied, StoreError> {
        let orphans = self.store.adopt(names("daily", tags), self.now).await?;
        assert_eq!(orphans, []);
        self.store.adopt_tags(self.now, self.guards).await
    }

    async fn tags_of(&self, path: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let state = self.publication(&id_of(path)).await?;
        let tags = state.publication.tags.into_iter();
        Ok(tags.map(|tag| tag.id.to_string()).collect())
    }

    async fn keys_in(&self, tag: &str) -> Result<Option<Vec<PublicationKey>>, StoreError> {
        let view = self.store.feed(&feed(tag), 1_000).await?;
        Ok(view.map(|view| view.entries.iter().map(|state| state.key).collect()))
    }
}

pub(super) async fn publications_take_the_present_names_of_their_tags(bench: Bench) -> Test {
    let many = (0..600).map(|n| file(&format!("{n}.md"), &bench).tagged("ustawy pomoc"));
    bench.scan(many, &[]).await?;
    bench
        .scan([file("both.md", &bench).tagged("prawo ustawy")], &[])
        .await?;
    let renamed = bench.call_tags("prawo=ustawy").await?;
    assert_eq!(renamed.changes.len(), 601);
    assert_eq!(bench.tags_of("7.md").await?, ["pomoc", "prawo"]);
    assert_eq!(bench.tags_of("both.md").await?, ["prawo"]);
    assert_eq!(
        bench.keys_in("prawo").await?.map(|keys| keys.len()),
        Some(601)
    );
    // Once more, and the file read again, it is no change.
    let again = bench.call_tags("prawo=ustawy").await?;
    assert_eq!(again, Applied::default());
    let mut read = file("7.md", &bench).tagged("pomoc");
    read.tags.push(TagMention {
        id: TagId::new("prawo")?,
        label: "ustawy".to_owned(),
        defined: true,
    });
    assert_eq!(bench.look([read], &[]).await?.changes, []);
    Ok(())
}

pub(super) async fn the_feed_of_a_former_name_is_no_more_until_the_name_is_its_own_again(
    bench: Bench,
) -> Test {
    let page = file("a.md", &bench);
    bench.scan([page.clone().tagged("ustawy")], &[]).await?;
    let many = (0..120).map(|n| file(&format!("{n}.md"), &bench).tagged("ustawy"));
    bench.look(many, &[]).await?;
    let (former, tag) = (feed("ustawy"), TagId::new("ustawy")?);
    while bench.store.number(&former).await? {}
    assert_eq!(bench.store.left_feeds().await?, []);
    bench.call_tags("prawo=ustawy").await?;
    let store = &bench.store;
    assert_eq!(store.successor(&tag).await?, TagId::new("prawo").ok());
    assert_eq!(store.tag_named("ustawy").await?, TagId::new("prawo").ok());
    let pl = FeedKey {
        language: Some(language("pl")),
        tag: Some(tag.clone()),
    };
    assert_eq!(store.left_feeds().await?, [former.clone(), pl]);
    assert_eq!(bench.keys_in("ustawy").await?, None);
    assert_eq!(store.entries_in(&former).await?, None);
    assert!(!store.feeds().await?.contains_key(&former));
    assert!(!store.tags().await?.contains_key(&tag));
    assert!(!store.page_counts().await?.contains_key(&former));
    assert_eq!(store.page(&former, 1).await?, None);
    assert!(store.ever_had(&former).await?);
    assert!(!store.ever_had(&feed("nic")).await?);
    // Nothing of it is lost.
    bench.call_tags("").await?;
    let store = &bench.store;
    assert_eq!(store.left_feeds().await?, []);
    assert_eq!(bench.keys_in("ustawy").await?, Some(Vec::new()));
    assert_eq!(store.page_counts().await?[&former], 2);
    bench.look([page.tagged("ustawy")], &[]).await?;
    assert_eq!(
        bench.keys_in("ustawy").await?.map(|keys| keys.len()),
        Some(1)
    );
    Ok(())
}
