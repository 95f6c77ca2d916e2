//! What passes a filter, held against a walk over everything.

use std::cmp::Reverse;

use super::*;
use crate::domain::{Sequence, Standing};

const TAGS: [&str; 4] = ["dotacje", "pomoc", "prawo", "raporty"];
const LANGUAGES: [&str; 3] = ["pl", "uk", "en"];

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }

    /// Some tags, each with a chance of one in `of`.
    fn tags(&mut self, of: u64) -> String {
        let mut tags = TAGS.to_vec();
        tags.retain(|_| self.below(of) == 0);
        tags.join(" ")
    }

    fn filter(&mut self) -> Filter {
        let mut languages: BTreeSet<Language> = LANGUAGES.map(language).into();
        languages.retain(|_| self.below(2) == 0);
        Filter {
            any: tags(&self.tags(3)),
            all: tags(&self.tags(5)),
            none: tags(&self.tags(6)),
            languages,
        }
    }
}

/// The same, plainly.
async fn naive(bench: &Bench, filter: &Filter) -> Result<Vec<PublicationState>, StoreError> {
    let mut passing = Vec::new();
    for number in 0..SLOTS {
        let id = PublicationId(id_of(&format!("{number}.md")));
        let Some(state) = bench.store.publication(&id).await? else {
            continue;
        };
        let tags = state.publication.tags.iter().map(|tag| &tag.id);
        if state.standing == Standing::Live && filter.passes(tags, &state.publication.language) {
            passing.push(state);
        }
    }
    passing.sort_by_key(|state| Reverse((state.publication.published, state.key)));
    Ok(passing)
}

const SLOTS: u64 = 12;

pub(super) async fn what_passes_is_found_newest_first_whatever_happened_before(
    mut bench: Bench,
) -> Test {
    let mut numbers = Numbers(7);
    let filters: Vec<Filter> = (0..40).map(|_| numbers.filter()).collect();
    let mut former = vec![(Sequence::default(), Timestamp::default(), Vec::new()); filters.len()];
    bench.scan([], &[]).await?;
    for _ in 0..60 {
        bench.wait(SignedDuration::from_secs(1));
        let path = format!("{}.md", numbers.below(SLOTS));
        if numbers.below(5) == 0 {
            bench.look([], &[&path]).await?;
        } else {
            let hours = i64::try_from(numbers.below(5))?;
            let page = Found {
                published: bench
                    .now
                    .checked_sub(SignedDuration::from_hours(hours))
                    .ok(),
                language: language(LANGUAGES[usize::try_from(numbers.below(3))?]),
                ..file(&path, &bench).tagged(&numbers.tags(2))
            };
            bench.look([page], &[]).await?;
        }
        for (filter, (touched, updated, entries)) in filters.iter().zip(&mut former) {
            let now = bench.store.touched(filter).await?;
            let view = bench.store.query(filter, 5, 1_000).await?;
            let mut expected = naive(&bench, filter).await?;
            expected.truncate(5);
            assert_eq!(view.entries, expected, "{filter:?}");
            assert!(!view.is_cut);
            assert!(view.updated >= *updated, "a date went back: {filter:?}");
            assert!(now >= *touched);
            assert!(now > *touched || expected == *entries, "{filter:?}");
            (*touched, *updated, *entries) = (now, view.updated, expected);
        }
    }
    Ok(())
}

pub(super) async fn no_more_is_looked_at_than_allowed(bench: Bench) -> Test {
    let pages = (0..200).map(|number| {
        let tags = if number == 0 { "pomoc prawo" } else { "prawo" };
        let age = SignedDuration::from_mins(200 - number);
        Found {
            published: bench.now.checked_sub(age).ok(),
            ..file(&format!("{number:03}.md"), &bench).tagged(tags)
        }
    });
    bench.scan(pages.collect::<Vec<_>>(), &[]).await?;
    let both = |any: &str, none: &str| Filter {
        any: tags(any),
        none: tags(none),
        ..Filter::default()
    };
    let filter = both("pomoc prawo", "");
    let view = bench.store.query(&filter, 150, 1_000).await?;
    assert_eq!((view.entries.len(), view.is_cut), (150, false));
    let view = bench.store.query(&filter, 150, 100).await?;
    assert_eq!((view.entries.len(), view.is_cut), (100, true));
    // Nothing that is looked at passes.
    let view = bench.store.query(&both("", "prawo"), 10, 100).await?;
    assert_eq!((view.entries.len(), view.is_cut), (0, true));
    // The smallest feed leads.
    let rare = Filter {
        all: tags("pomoc prawo"),
        ..Filter::default()
    };
    let view = bench.store.query(&rare, 10, 1).await?;
    assert_eq!((view.entries.len(), view.is_cut), (1, false));
    assert_eq!(view.sequence, view.entries[0].sequence);
    Ok(())
}
