use super::*;
use crate::domain::Language;
use jiff::tz::TimeZone;

fn reader(tag: &str) -> Locale {
    Locale::new(&Language::parse(tag).expect("a tag"), TimeZone::UTC)
}

fn with(name: &str, text: &str) -> Result<Templates, Vec<Problem>> {
    Templates::new(&BTreeMap::from([(name.to_owned(), text.to_owned())]))
}

fn render(text: &str, name: &str, context: Value) -> Result<String, String> {
    let templates = with(name, text).map_err(|problems| format!("{problems:?}"))?;
    templates
        .render(name, &reader("pl"), context)
        .map_err(|error| error.to_string())
}

#[test]
fn values_are_escaped_in_html_and_left_alone_in_text() {
    let context = || context! { x => "<a href=\"/\">&'" };
    assert_eq!(
        render("{{ x }}", "error.html", context()),
        Ok("&lt;a href=&quot;/&quot;&gt;&amp;&#39;".into())
    );
    assert_eq!(
        render("{{ x }}", "mail.txt", context()),
        Ok("<a href=\"/\">&'".into())
    );
    let message = "{{ t('back', site='<b>') }}";
    assert!(
        render(message, "error.html", context()).is_ok_and(|html| html.contains("„&lt;b&gt;”"))
    );
}

#[test]
fn messages_and_dates_are_in_the_readers_language() {
    let text = "{{ t('publications', count=22) }}, {{ date('2026-11-24T00:00:00Z') }}, {{ lang }}";
    assert_eq!(
        render(text, "mail.txt", context! {}),
        Ok("22 publikacje, 24 listopada 2026, pl".into())
    );
}

#[test]
fn a_name_that_is_missing_is_an_error_and_not_a_gap() {
    for text in [
        "{{ titel }}",
        "{{ site.titel }}",
        "{{ t('no-such-key') }}",
        "{{ t('publications') }}",
        "{{ date('yesterday') }}",
    ] {
        let error = render(
            text,
            "mail.txt",
            context! { site => context! { title => "x" } },
        );
        assert!(
            error
                .as_ref()
                .is_err_and(|e| e.starts_with("templates/mail.txt:1: ")),
            "{error:?}"
        );
    }
}

#[test]
fn an_endless_template_comes_to_an_end() {
    let text = "{% for a in range(9000) %}{% for b in range(9000) %}x{% endfor %}{% endfor %}";
    assert!(render(text, "mail.txt", context! {}).is_err_and(|e| e.contains("fuel")));
    let text = "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}";
    assert!(render(text, "mail.txt", context! {}).is_err());
}

#[test]
fn every_problem_is_told_with_its_place_and_remedy() {
    let overrides = BTreeMap::from([
        ("mail.txt".to_owned(), "ok\n{% if %}".to_owned()),
        ("mial.html".to_owned(), String::new()),
        ("error.html".to_owned(), "\n\n{{ x".to_owned()),
    ]);
    let problems = Templates::new(&overrides).expect_err("three problems");
    let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
    let told = told.join("\n");
    for part in [
        "templates/mial.html: ",
        "mail.txt, mail.html",
        "templates/mail.txt:2: syntax error: ",
        "templates/error.html:3: ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(problems.len(), 3, "{told}");
}

#[test]
fn long_lines_are_wrapped_and_links_are_not() {
    let long = "słowo ".repeat(40) + &"https://example.org/".repeat(6);
    let wrapped =
        render("{{ x|wrap }}", "mail.txt", context! { x => long.as_str() }).expect("text");
    assert!(
        wrapped
            .lines()
            .all(|l| l.chars().count() <= 76 || l.starts_with("https://"))
    );
    assert_eq!(wrapped.replace('\n', " "), long);
}

#[test]
fn a_page_is_in_the_readers_language() {
    let templates = Templates::new(&BTreeMap::new()).expect("the built-in templates");
    let context = context! {
        site => context! { title => "Portal", url => "https://portal.example/" },
        home => "/",
        icon => "/favicon.svg",
        languages => Vec::<Value>::new(),
        alternates => Vec::<Value>::new(),
        address => "j…@example.org",
    };
    for (tag, title) in [
        ("pl", "<h1>Rezygnacja z powiadomień</h1>"),
        ("uk", "<h1>Відмова від сповіщень</h1>"),
        ("en", "<h1>Unsubscribe</h1>"),
    ] {
        let page = templates.render("unsubscribe.html", &reader(tag), context.clone());
        let page = page.expect("a page").replace('\u{a0}', " ");
        assert!(
            page.starts_with("<!DOCTYPE html>") && page.contains("</html>"),
            "{page}"
        );
        assert!(page.contains(&format!("<html lang=\"{tag}\">")) && page.contains(title));
        assert!(page.contains("<form method=\"post\">") && page.contains("j…\u{2060}@example.org"));
    }
}
