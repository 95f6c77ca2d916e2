//! Selectors, each compiled once: pages are many, and a page is looked through with some thirty.

use std::cell::RefCell;
use std::collections::HashMap;

use dom_query::{Matcher, NodeRef, Selection};

thread_local! {
    static COMPILED: RefCell<HashMap<&'static str, Option<Matcher>>> = RefCell::default();
}

/// What a selector finds below a node. One that is none finds nothing.
pub(super) fn select<'d>(below: NodeRef<'d>, selector: &'static str) -> Selection<'d> {
    with(selector, |matcher| {
        Selection::from(below).select_matcher(matcher)
    })
    .unwrap_or_default()
}

/// Is it what a selector would find?
pub(super) fn is(node: NodeRef<'_>, selector: &'static str) -> bool {
    with(selector, |matcher| node.is_match(matcher)).unwrap_or_default()
}

fn with<T>(selector: &'static str, work: impl FnOnce(&Matcher) -> T) -> Option<T> {
    COMPILED.with_borrow_mut(|compiled| {
        let compile = || Matcher::new(selector).ok();
        compiled
            .entry(selector)
            .or_insert_with(compile)
            .as_ref()
            .map(work)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dom_query::Document;

    #[test]
    fn a_selector_finds_what_it_always_finds() {
        let page = Document::from("<main><h1 class=a>T</h1><p><b class=a>t</b></p></main>");
        for _ in 0..2 {
            let found = select(page.root(), "h1, .a");
            assert_eq!(found.nodes().len(), 2);
            let below = found
                .nodes()
                .first()
                .map(|node| select(*node, ".a").nodes().len());
            assert_eq!(below, Some(0), "not itself");
            assert!(found.nodes().iter().all(|node| is(*node, ".a")));
            assert!(select(page.root(), "p >> [").nodes().is_empty());
        }
    }
}
