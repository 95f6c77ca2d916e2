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
            let context = page::about(site, context);
            if let Err(error) = templates.render(name, &reader, context)
                && !problems.contains(&error.0)
            {
                problems.push(*error.0);
            }
        }
    }
    problems
}

const ADDRESS: &str = "https://example.org/feeds/all.atom";
const DATE: &str = "1970-01-01T00:00:00Z";

/// Every page, by its template, with all that may be in it and with as little as may be.
fn pages() -> Vec<(&'static str, Value)> {
    let known = context! { address => "r…@example.org" };
    let forgotten = context! { address => () };
    let mut pages = vec![
        (
            "unsubscribe.html",
            context! { ..known.clone(), ..frame(false) },
        ),
        ("unsubscribed.html", context! { ..known, ..frame(false) }),
        (
            "unsubscribed.html",
            context! { ..forgotten, ..frame(false) },
        ),
    ];
    for is_much in [true, false] {
        for (name, context) in [
            ("index.html", index(is_much)),
            ("tag.html", tag(is_much)),
            ("entry.html", entry(is_much)),
        ] {
            pages.push((name, context! { ..context, ..frame(is_much) }));
        }
    }
    // Further pages of the same lists.
    let further = || context! { newest => ADDRESS, ..list(true) };
    for (name, context) in [("index.html", index(false)), ("tag.html", tag(false))] {
        pages.push((name, context! { ..further(), ..context, ..frame(true) }));
    }
    let statuses = [400, 403, 404, 500];
    let errors = statuses.map(|status| ("error.html", context! { status, ..frame(false) }));
    pages.extend(errors);
    let all = vec![context! { address => ADDRESS, path => "all.atom" }];
    for meant in [vec![], all.clone()] {
        let (status, all) = (410, all.clone());
        let context = context! { status, all, meant, ..frame(false) };
        pages.push(("error.html", context));
    }
    pages
}

/// What surrounds a page.
fn frame(is_much: bool) -> Value {
    let language = |is_current: bool| {
        context! { code => "eo", name => "Esperanto", link => "/", address => ADDRESS, is_current }
    };
    let languages = if is_much {
        vec![language(true), language(false)]
    } else {
        Vec::new()
    };
    context! { home => "/", icon => "/favicon.svg", languages, alternates => alternates(is_much) }
}

fn alternates(is_much: bool) -> Vec<Value> {
    let alternate =
        context! { type => "application/atom+xml", address => ADDRESS, title => "Sample" };
    some(is_much, alternate)
}

fn some(is_much: bool, value: Value) -> Vec<Value> {
    if is_much { vec![value] } else { Vec::new() }
}

fn feeds() -> Value {
    context! { rss => (), atom => ADDRESS, json => ADDRESS }
}

fn list(is_much: bool) -> Value {
    let publication = |summary: &str| {
        context! {
            title => "Sample",
            link => ADDRESS,
            language => "eo",
            foreign => is_much.then_some("eo"),
            published => DATE,
            summary,
            is_archived => is_much,
            translations => some(is_much, context! { link => ADDRESS, language => "eo", code => "eo" }),
        }
    };
    let publications = [
        some(is_much, publication("What it is about.")),
        some(is_much, publication("")),
    ];
    context! { publications => publications.concat(), older => is_much.then_some(ADDRESS), newest => () }
}

fn languages_of_feeds(is_much: bool) -> Vec<Value> {
    some(
        is_much,
        context! { code => "eo", feeds => feeds(), list => ADDRESS },
    )
}

fn index(is_much: bool) -> Value {
    let tag = context! { label => "Help", count => 2, link => ADDRESS, feeds => feeds() };
    context! {
        tags => some(is_much, tag),
        feeds => feeds(),
        list => ADDRESS,
        languages_of_feeds => languages_of_feeds(is_much),
        ..list(is_much)
    }
}

fn tag(is_much: bool) -> Value {
    context! {
        label => "Help",
        count => if is_much { 2 } else { 0 },
        feeds => feeds(),
        own_alternates => alternates(is_much),
        languages_of_feeds => languages_of_feeds(is_much),
        ..list(is_much)
    }
}

fn entry(is_much: bool) -> Value {
    let text = |text: &'static str| is_much.then_some(text);
    let archived = context! { notice => "An old page.", latest => ADDRESS, leads => false };
    let size = context! { count => 2, unit => "MB" };
    let file = |size: Value| {
        context! { name => "talk.mp3", address => ADDRESS, media_type => "audio/mpeg", size }
    };
    let tag = context! { label => "Help", link => ADDRESS, alternates => alternates(true) };
    let translation = context! {
        title => "Sample", link => ADDRESS, address => ADDRESS, language => "eo", code => "eo",
        foreign => text("eo"),
    };
    context! {
        title => "Sample",
        link => ADDRESS,
        address => ADDRESS,
        host => text("example.org"),
        language => "eo",
        foreign => text("eo"),
        published => DATE,
        updated => text(DATE),
        authors => some(is_much, Value::from("A. Author")),
        archived => is_much.then_some(archived),
        change_note => text("A date was wrong."),
        summary => "What it is about.",
        body => is_much.then(|| Value::from_safe_string("<p>Text.</p>".to_owned())),
        tags => some(is_much, tag),
        translations => some(is_much, translation),
        files => [some(is_much, file(size)), some(is_much, file(Value::from(())))].concat(),
        letter => "mailto:?subject=Sample",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    /// Each page is given here all that its template names.
    #[test]
    fn the_templates_that_are_built_in_hold() {
        const CONFIG: &str = "[site]\ntitle = \"Portal\"\nurl = \"https://portal.example/\"\n\
            authority = \"portal.example,2026\"\n[[source]]\nname = \"pages\"\npath = \"content\"\n\
            [mail]\nfrom = \"wici@portal.example\"\n";
        let file = Path::new("daemon.toml");
        let config = config::parse(CONFIG, file, Path::new("")).expect("a configuration");
        let templates = Templates::new(&BTreeMap::new()).expect("the built-in templates");
        assert_eq!(proof(&templates, &config.site), []);
    }
}
