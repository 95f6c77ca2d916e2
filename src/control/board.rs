//! What is wrong at the moment, as each loop last saw it: for `status`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::Problem;

/// Problems by where they were met (a source's name, `feeds`, `mail`). A loop that looks again
/// replaces its own.
#[derive(Debug, Default)]
pub struct Board {
    problems: Mutex<BTreeMap<String, BTreeMap<String, Problem>>>,
}

impl Board {
    /// Pins a problem, in place of the former one about the same thing. Is it news?
    pub fn pin(&self, place: &str, about: &str, problem: Problem) -> bool {
        self.with(|problems| {
            let place = problems.entry(place.to_owned()).or_default();
            place.insert(about.to_owned(), problem.clone()) != Some(problem)
        })
    }

    /// Takes the problem about a thing down, if there was one.
    pub fn clear(&self, place: &str, about: &str) {
        self.with(|problems| {
            problems
                .get_mut(place)
                .and_then(|place| place.remove(about))
        });
    }

    /// Takes down every problem of a place that `keep` does not want.
    pub fn retain(&self, place: &str, keep: impl Fn(&str) -> bool) {
        self.with(|problems| {
            if let Some(place) = problems.get_mut(place) {
                place.retain(|about, _| keep(about));
            }
        });
    }

    /// All problems, by place.
    pub fn problems(&self) -> Vec<(String, Problem)> {
        self.with(|problems| {
            let all = problems.iter();
            all.flat_map(|(place, of)| of.values().map(|p| (place.clone(), p.clone())))
                .collect()
        })
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut BTreeMap<String, BTreeMap<String, Problem>>) -> T,
    ) -> T {
        work(&mut self.problems.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
