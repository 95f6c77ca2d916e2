//! What is wrong at the moment, as each loop last saw it: for `status`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::Problem;

/// Problems by where they were met (a source's name, `feeds`, `mail`). A loop that looks again
/// replaces its own.
#[derive(Debug, Default)]
pub struct Board {
    problems: Mutex<BTreeMap<String, BTreeMap<String, Vec<Problem>>>>,
}

impl Board {
    /// Pins a problem, in place of the former ones about the same thing. Is it news?
    pub fn pin(&self, place: &str, about: &str, problem: Problem) -> bool {
        !self.pin_all(place, about, vec![problem]).is_empty()
    }

    /// Pins several. Returns those that are news.
    pub fn pin_all(&self, place: &str, about: &str, all: Vec<Problem>) -> Vec<Problem> {
        self.with(|problems| {
            let place = problems.entry(place.to_owned()).or_default();
            let former = place.insert(about.to_owned(), all.clone());
            let former = former.unwrap_or_default();
            let is_news = |problem: &Problem| !former.contains(problem);
            all.into_iter().filter(is_news).collect()
        })
    }

    /// Takes the problems about a thing down, if there were any.
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
            all.flat_map(|(place, of)| of.values().flatten().map(|p| (place.clone(), p.clone())))
                .collect()
        })
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut BTreeMap<String, BTreeMap<String, Vec<Problem>>>) -> T,
    ) -> T {
        work(&mut self.problems.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
