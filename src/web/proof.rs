//! Proves templates on every page in every language.

use minijinja::{Value, context};

use super::page;
use crate::config;
use crate::domain::{Language, Problem};
use crate::text::locale::Locale;
use crate::text::template::Templates;

/// What is wrong with the templates of pages, each thing once.
pub fn proof(templates: &Templates, site: &config::Site) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    for language in Locale::SPOKEN.iter().flat_map(|tag| Language::parse(tag)) {
        let reader = Locale::new(&language, site.zone.clone());
        for (name, context) in pages() {
            if let Err(error) = templates.render(name, &reader, page::about(site, context))
                && !problems.contains(&error.0)
            {
                problems.push(*error.0);
            }
        }
    }
    problems
}

/// Every page, by its template, with all that may be in it and with as little as may be.
fn pages() -> Vec<(&'static str, Value)> {
    let address = "https://example.org/feeds/all.atom";
    let feeds = || context! { rss => Value::from(()), atom => address, json => address };
    let publication = |link: &str, summary: &str| {
        context! {
            title => "Sample", link, language => "eo", published => "1970-01-01T00:00:00Z", summary
        }
    };
    let publications = vec![
        publication(address, "What it is about."),
        publication("", ""),
    ];
    let nothing: Vec<Value> = Vec::new();
    let known = context! { address => "r…@example.org" };
    let mut pages = vec![
        (
            "index.html",
            context! {
                feeds => feeds(),
                tags => vec![context! { label => "Help", feeds => feeds() }],
                publications,
            },
        ),
        (
            "index.html",
            context! { feeds => feeds(), tags => nothing.clone(), publications => nothing },
        ),
        ("unsubscribe.html", known.clone()),
        ("unsubscribed.html", known),
        ("unsubscribed.html", context! { address => Value::from(()) }),
    ];
    let statuses = [400, 403, 404, 500];
    pages.extend(statuses.map(|status| ("error.html", context! { status })));
    let all = vec![context! { address, path => "all.atom" }];
    for meant in [vec![], all.clone()] {
        let (status, home, all) = (410, "https://example.org/", all.clone());
        pages.push(("error.html", context! { status, home, all, meant }));
    }
    pages
}
