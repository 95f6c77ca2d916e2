//! Proves templates on every kind of letter in every language: a fault in a branch that only
//! corrections take is found before any goes out.

use std::sync::Arc;

use jiff::Timestamp;

use super::{ComposeError, Composer, Letterhead, samples, view};
use crate::domain::{Claim, Language, Problem};
use crate::text::locale::Locale;
use crate::text::template::Templates;
use crate::token::Keys;

/// What is wrong with the templates of letters, each thing once. Letters must show the way out: a
/// template without the link to unsubscribe is refused.
pub fn proof(templates: &Arc<Templates>, letterhead: Letterhead) -> Vec<Problem> {
    let to = letterhead.from.clone();
    // Nobody gets these letters, so that anybody may know their keys.
    let keys = Arc::new(Keys::generate([0; 32]));
    let composer = Composer::new(Arc::clone(templates), letterhead, keys);
    let mut problems: Vec<Problem> = Vec::new();
    for language in Locale::SPOKEN.iter().flat_map(|tag| Language::parse(tag)) {
        for claim in samples(&language, &to, Timestamp::UNIX_EPOCH) {
            for name in ["mail.txt", "mail.html"] {
                let problem = fault(&composer, &claim, name);
                problems.extend(problem.filter(|problem| !problems.contains(problem)));
            }
        }
    }
    problems
}

/// What is wrong with one part of a letter, if anything.
fn fault(composer: &Composer, claim: &Claim, name: &'static str) -> Option<Problem> {
    let letterhead = &composer.letterhead;
    let reader = Locale::new(&claim.language, letterhead.zone.clone());
    let mark = composer.mark();
    let part = || -> Result<String, ComposeError> {
        let view = view::View::new(claim, letterhead, &reader)?;
        let context = view.context(usize::MAX, &composer.unsubscribe_url(&mark))?;
        composer.part(name, &reader, context)
    };
    match part() {
        Ok(part) if part.contains(&mark) => None,
        Ok(_) => Some(Problem::of_file(
            format!("templates/{name}"),
            "there is no way out of the list: a letter must show the link to unsubscribe",
            "print {{ unsubscribe_url }} in every letter, as it is",
        )),
        Err(ComposeError::Template(error)) => Some(*error.0),
        Err(error) => Some(Problem::of_file(
            format!("templates/{name}"),
            error.to_string(),
            "shorten it, or remove the file to use the template that is built in",
        )),
    }
}
