//! Whatever happens: what was on a page stays on it, and pages and feed together tell everything.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

const TAGS: [&str; 2] = ["prawo", "pomoc"];
const MOST: u64 = 300;

#[derive(Debug, Clone)]
enum Step {
    /// So many more files, tagged by the bits.
    Put(u64, u8),
    /// Files from there are removed, tagged otherwise, or put back.
    Remove(u64, u64),
    Retag(u64, u64, u8),
    Return(u64, u64),
    /// Some of what has no number gets one.
    Number(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (from, some) = (0..MOST, 1..9u64);
    prop_oneof![
        4 => (1..90u64, 0..4u8).prop_map(|(many, tags)| Step::Put(many, tags)),
        2 => (from.clone(), some.clone()).prop_map(|(from, some)| Step::Remove(from, some)),
        2 => (from.clone(), some.clone(), 0..4u8)
            .prop_map(|(from, some, tags)| Step::Retag(from, some, tags)),
        2 => (from, some).prop_map(|(from, some)| Step::Return(from, some)),
        3 => (0..3usize).prop_map(Step::Number),
    ]
}

/// What was told so far.
#[derive(Default)]
struct Told {
    /// Who is published, and by which tags.
    files: BTreeMap<u64, (u8, bool)>,
    /// The publications of each page.
    pages: BTreeMap<(FeedKey, u64), BTreeSet<String>>,
    /// What was in a feed as of a change.
    former: Vec<(FeedKey, Sequence, BTreeSet<String>)>,
}

impl Told {
    async fn take(&mut self, step: &Step, bench: &Bench) -> Test {
        let known = self.files.len() as u64;
        let known_in = |from: u64, some: u64| (from..from + some).filter(move |n| *n < known);
        let mut missing = Vec::new();
        let mut found = Vec::new();
        match step {
            Step::Put(many, tags) => {
                for number in known..(known + many).min(MOST) {
                    self.files.insert(number, (*tags, true));
                    found.push(number);
                }
            }
            Step::Remove(from, some) => {
                for number in known_in(*from, *some) {
                    self.files.entry(number).and_modify(|file| file.1 = false);
                    missing.push(path(number));
                }
            }
            Step::Retag(from, some, tags) => {
                for number in known_in(*from, *some) {
                    self.files.insert(number, (*tags, true));
                    found.push(number);
                }
            }
            Step::Return(from, some) => {
                for number in known_in(*from, *some) {
                    self.files.entry(number).and_modify(|file| file.1 = true);
                    found.push(number);
                }
            }
            Step::Number(which) => {
                let unnumbered = bench.store.unnumbered().await?;
                if let Some(feed) = unnumbered.get(*which) {
                    bench.store.number(feed).await?;
                }
            }
        }
        let tagged = found.into_iter().map(|number| {
            let bits = self.files[&number].0;
            let named = TAGS
                .iter()
                .enumerate()
                .filter(|(bit, _)| bits >> bit & 1 == 1);
            let names: Vec<&str> = named.map(|(_, name)| *name).collect();
            file(&path(number), bench).tagged(&names.join(" "))
        });
        let tagged: Vec<Found> = tagged.collect();
        let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
        bench.look(tagged, &missing).await?;
        Ok(())
    }

    /// What should be in a feed.
    fn members(&self, tag: Option<usize>) -> BTreeSet<String> {
        let files = self.files.iter();
        files
            .filter(|(_, (tags, there))| *there && tag.is_none_or(|bit| tags >> bit & 1 == 1))
            .map(|(number, _)| id_of(&path(*number)))
            .collect()
    }

    async fn check(&mut self, bench: &Bench) -> Test {
        let unnumbered = bench.store.unnumbered().await?;
        let tags = TAGS
            .iter()
            .enumerate()
            .map(|(bit, tag)| (tag_feed(tag), Some(bit)));
        for (feed, tag) in [(FeedKey::ALL, None)].into_iter().chain(tags) {
            let members = self.members(tag);
            let mut told = BTreeSet::new();
            let mut tell = |id: String| assert!(told.insert(id), "told twice");
            for (number, _) in bench.store.pages(&feed).await? {
                let page = bench.store.page(&feed, number).await?.ok_or("no page")?;
                let departed: BTreeSet<_> = page.departed.into_iter().map(|one| one.id.0).collect();
                assert!(departed.is_disjoint(&members));
                let mut on = departed;
                for state in page.entries {
                    tell(state.publication.id.0.clone());
                    on.insert(state.publication.id.0);
                }
                assert_eq!(on.len() as u64, PAGE);
                let before = self.pages.entry((feed.clone(), number));
                assert_eq!(*before.or_insert_with(|| on.clone()), on);
            }
            for state in bench.store.not_archived(&feed).await? {
                tell(state.publication.id.0);
            }
            if unnumbered.contains(&feed) {
                assert!(told.is_subset(&members));
            } else {
                assert_eq!(told, members);
            }
            if let Some(view) = bench.store.feed(&feed, 0).await? {
                self.former.push((feed, view.sequence, members));
            }
        }
        for (feed, since, before) in &self.former {
            let Some(departed) = departed(bench, feed, *since).await? else {
                continue;
            };
            let tag = TAGS.iter().position(|tag| tag_feed(tag) == *feed);
            let now = self.members(tag);
            let departed: BTreeSet<String> = departed.into_iter().collect();
            assert!(departed.is_disjoint(&now));
            assert!(before.difference(&now).all(|id| departed.contains(id)));
        }
        Ok(())
    }
}

fn path(number: u64) -> String {
    format!("{number:03}.md")
}

async fn history(baseline: bool, steps: &[Step]) -> Test {
    let bench = Bench::memory()?;
    if !baseline {
        bench.scan([], &[]).await?;
    }
    let mut told = Told::default();
    for step in steps {
        told.take(step, &bench).await?;
        told.check(&bench).await?;
    }
    number_all(&bench).await?;
    told.check(&bench).await
}

#[test]
fn what_is_on_a_page_stays_on_it_and_everything_is_told_once() -> Test {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let config = Config {
        cases: 30,
        failure_persistence: None,
        ..Config::default()
    };
    let histories = (any::<bool>(), proptest::collection::vec(step(), 1..25));
    TestRunner::new(config).run(&histories, |(baseline, steps)| {
        let told = runtime.block_on(history(baseline, &steps));
        told.map_err(|error| TestCaseError::fail(error.to_string()))
    })?;
    Ok(())
}
