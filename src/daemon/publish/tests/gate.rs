//! What no reader would take.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::render::{Judge, Judged};

/// A judge that takes nothing in which one of these words is.
fn refusing(words: &'static [&str]) -> Arc<Judge> {
    Arc::new(|judged: &Judged<'_>| {
        let text = String::from_utf8_lossy(judged.bytes);
        match words.iter().find(|word| text.contains(**word)) {
            Some(word) => Err(format!("`{word}` is not allowed")),
            None => Ok(()),
        }
    })
}

impl Case {
    fn judged(&self, words: &'static [&str]) -> Result<Publishing, String> {
        let mut publishing = self.publishing("feeds", CONFIG)?;
        let config = Arc::clone(&publishing.config);
        let renderer = Renderer::new(self.store.clone(), config, AT_HAND);
        publishing.renderer = Arc::new(renderer.judged_by(refusing(words)));
        Ok(publishing)
    }
}

fn told(publishing: &Publishing) -> Vec<String> {
    let problems = publishing.board.problems().into_iter();
    problems.map(|(_, problem)| problem.to_string()).collect()
}

#[tokio::test]
async fn what_no_reader_takes_stays_as_it_was_and_the_rest_goes_out() -> Tested {
    let mut case = Case::new()?;
    let pages = vec![
        page(1, "Pierwszy", &["prawo"], "pl"),
        page(2, "Drugi", &[], "pl"),
    ];
    case.tell(pages, &[]).await?;
    let mut publishing = case.judged(&["Zły"])?;
    let stale = publishing.begin().await?;
    publishing.tick(stale, case.now).await?;
    assert_eq!(told(&publishing), [""; 0]);

    // Two revisions that no reader takes, one after the other, and one publication that has no other.
    case.now = case.now.checked_add(jiff::SignedDuration::from_hours(1))?;
    case.tell(vec![page(1, "Zły, raz", &["prawo"], "pl")], &[])
        .await?;
    let pages = [
        page(1, "Zły, znów", &["prawo", "pomoc"], "pl"),
        page(3, "Zły od początku", &["prawo"], "pl"),
        page(4, "Czwarty", &["prawo"], "pl"),
    ];
    case.tell(pages.into(), &[]).await?;
    for start in ["the same process", "another one"] {
        if start == "another one" {
            drop(publishing);
            publishing = case.judged(&["Zły"])?;
        }
        let stale = publishing.begin().await?;
        assert!(
            stale.len() >= 6,
            "{start}: it is known what is not as it should be"
        );
        publishing.tick(stale, case.now).await?;
        let feeds = case.feeds("feeds")?;
        for (name, feed) in &feeds {
            assert!(!feed.contains("Zły"), "{start}: {name}");
        }
        for format in ["rss", "atom", "json"] {
            let feed = &feeds[&format!("tag/prawo.{format}")];
            assert!(
                feed.contains("Pierwszy") && feed.contains("Czwarty"),
                "{start}: {feed}"
            );
            assert!(feeds[&format!("tag/pomoc.{format}")].contains("Pierwszy"));
        }
        let problems = told(&publishing);
        assert_eq!(problems.len(), 2, "{start}: {problems:?}");
        for (path, instead) in [("1.md", "revision 1 instead"), ("3.md", "it is in no feed")] {
            let named = format!("content/{path}: ");
            let one = problems
                .iter()
                .find(|one| one.contains(&named))
                .ok_or("not named")?;
            assert!(
                one.contains(&format!("tag:portal.example,2026:pages/{path}")),
                "{one}"
            );
            assert!(
                one.contains("`Zły` is not allowed") && one.contains(instead),
                "{one}"
            );
        }
    }

    // One is mended, the other taken away.
    case.tell(vec![page(1, "Dobry", &["prawo"], "pl")], &["3.md"])
        .await?;
    let stale = publishing.begin().await?;
    publishing.tick(stale, case.now).await?;
    assert_eq!(told(&publishing), [""; 0]);
    assert!(case.feeds("feeds")?["tag/prawo.rss"].contains("Dobry"));
    drop(publishing);
    assert!(case.judged(&[])?.begin().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_feed_that_no_reader_takes_keeps_its_file() -> Tested {
    let case = Case::new()?;
    case.tell(vec![page(1, "Pierwszy", &["prawo"], "pl")], &[])
        .await?;
    case.start("feeds", CONFIG).await?;
    let before = case.feeds("feeds")?;
    case.tell(vec![page(1, "Drugi", &["prawo"], "pl")], &[])
        .await?;
    let mut publishing = case.judged(&["prawo · Portal"])?;
    let stale = publishing.begin().await?;
    publishing.tick(stale.clone(), case.now).await?;
    let after = case.feeds("feeds")?;
    let is_feed = |name: &str| {
        [".rss", ".atom", ".json"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    for (name, feed) in before.iter().filter(|(name, _)| is_feed(name)) {
        assert_eq!(after[name] == *feed, name.contains("tag/"), "{name}");
    }
    let problems = told(&publishing);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems[1].contains("the feed tag/prawo: as rss, without its entries"),
        "{problems:?}"
    );
    publishing.renderer = Arc::new(Renderer::new(
        case.store.clone(),
        Arc::clone(&publishing.config),
        AT_HAND,
    ));
    publishing.tick(stale, case.now).await?;
    assert_eq!(told(&publishing), [""; 0]);
    assert!(case.feeds("feeds")?["tag/prawo.atom"].contains("Drugi"));
    Ok(())
}

#[tokio::test]
async fn an_entry_is_written_once_in_a_format_for_all_feeds_and_pages() -> Tested {
    let case = Case::new()?;
    let language = |number| if number % 2 == 0 { "pl" } else { "uk" };
    let pages = (1..=60).map(|number| page(number, "Tytuł", &["prawo"], language(number)));
    case.tell(pages.collect(), &[]).await?;
    let config = case.publishing("feeds", CONFIG)?.config;
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let renderer = Renderer::new(case.store.clone(), config, AT_HAND);
    let renderer = renderer.judged_by(Arc::new(move |judged: &Judged<'_>| {
        count.fetch_add(usize::from(judged.publication.is_some()), Relaxed);
        Ok(())
    }));
    // In three feeds of each language and of all: the ten that are on no page yet, and of each
    // language the newest three, which are among them.
    for key in case.store.feeds().await?.into_keys() {
        while case.store.number(&key).await? {}
        let made = renderer.feed(&key).await?.ok_or("no feed")?;
        for format in [Format::Rss, Format::Atom, Format::Json] {
            renderer.render(&made, format, None).await?;
        }
    }
    assert_eq!(written.load(Relaxed), 10 * 3);
    for key in case.store.page_counts().await?.into_keys() {
        let made = renderer.page(&key, 1).await?.ok_or("no page")?;
        renderer.render(&made, Format::Atom, None).await?;
    }
    assert_eq!(written.load(Relaxed), 10 * 3 + 50);
    Ok(())
}
