//! Templates are proven before they make letters.

use minijinja::value::{Value, ValueKind};

use super::*;

/// What the proof says of one changed template.
fn proven(name: &str, text: &str) -> Vec<String> {
    let overrides = BTreeMap::from([(name.to_owned(), text.to_owned())]);
    let templates = Templates::new(&overrides).expect("it compiles");
    let letterhead = portal().letterhead;
    let problems = proof(&Arc::new(templates), letterhead);
    problems.iter().map(ToString::to_string).collect()
}

const TEXT: &str = include_str!("../../../templates/mail.txt");
const HTML: &str = include_str!("../../../templates/mail.html");

#[test]
fn the_built_in_templates_are_sound() {
    assert_eq!(proven("mail.txt", TEXT), [""; 0]);
    assert_eq!(proven("mail.html", HTML), [""; 0]);
}

#[test]
fn a_fault_in_any_branch_is_found() {
    for (name, text) in [("mail.txt", TEXT), ("mail.html", HTML)] {
        let head = text.find("-#}").expect("a head");
        let mut faults = 0;
        for used in ["t(\"mail-", "item.", "section.", "archived.", "loop."] {
            for (at, _) in text.match_indices(used).filter(|(at, _)| *at > head) {
                let end = at + used.len();
                let bad = format!("{}no-{}", &text[..end], &text[end..]).replace(".no-", ".no_");
                let line = text[..at].matches('\n').count() + 1;
                let place = format!("templates/{name}:{line}: ");
                let told = proven(name, &bad);
                let is_told = told.iter().any(|problem| problem.starts_with(&place));
                assert!(is_told, "{used} at {line} of {name}: {told:?}");
                faults += 1;
            }
        }
        assert!(faults > 30, "{faults} in {name}");
    }
}

#[test]
fn a_letter_without_the_way_out_is_refused() {
    for (name, text) in [("mail.txt", TEXT), ("mail.html", HTML)] {
        for instead in [
            "site.url",
            "unsubscribe_url|upper",
            "unsubscribe_url if single else ''",
        ] {
            let at = text.rfind("unsubscribe_url").expect("it is there");
            let text = format!("{}{instead}{}", &text[..at], &text[at + 15..]);
            let told = proven(name, &text);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains("link to unsubscribe"), "{told:?}");
        }
    }
}

#[test]
fn a_letter_that_is_too_large_is_refused() {
    let told = proven("mail.txt", "{{ unsubscribe_url * 30000 }}");
    assert!(told[0].contains("more than 1000 kB"), "{told:?}");
}

/// The names in a context, those of what is within with it.
fn names(value: &Value, within: &str, found: &mut BTreeSet<String>) {
    match value.kind() {
        ValueKind::Map => {
            for key in value.try_iter().expect("a map") {
                let value = value.get_item(&key).expect("its value");
                let name = format!("{within}{key}");
                names(&value, &format!("{name}."), found);
                found.insert(name);
            }
        }
        ValueKind::Seq => {
            for item in value.try_iter().expect("a list") {
                names(&item, within, found);
            }
        }
        _ => {}
    }
}

/// The names at the head of mail.txt: within each other by their indentation.
fn documented() -> BTreeSet<String> {
    let head = TEXT.split("\n\n").nth(1).expect("a list");
    let mut path: Vec<(usize, &str)> = Vec::new();
    let mut found = BTreeSet::new();
    for line in head.lines() {
        let depth = line.len() - line.trim_start().len();
        let name = line.trim_start().split("  ").next().expect("a name");
        for name in name.split(", ") {
            path.retain(|(outer, _)| *outer < depth);
            path.push((depth, name));
            let path: Vec<&str> = path.iter().map(|(_, name)| *name).collect();
            found.insert(path.join("."));
        }
    }
    found
}

#[test]
fn the_head_of_the_template_names_what_it_is_given_and_nothing_else() {
    let composer = portal();
    let pl = language("pl");
    let reader = Locale::new(&pl, TimeZone::UTC);
    let mut given = BTreeSet::new();
    for claim in samples(
        &pl,
        &composer.letterhead.from,
        "2026-11-24T07:00:00Z".parse().expect("an instant"),
    ) {
        let view = view::View::new(&claim, &composer.letterhead, &reader).expect("messages");
        let context = view.context(100, "https://example.org/").expect("messages");
        names(&context, "", &mut given);
    }
    given.remove("site");
    assert_eq!(documented(), given);
}
