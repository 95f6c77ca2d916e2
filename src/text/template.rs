//! Templates of mails and pages: the compiled-in ones, each of which a file under `templates/`
//! may replace.
//!
//! In every template, `t("key", name=value)` is a message in the reader's language,
//! `date(instant)` the day in words, `lang` the language tag for HTML, and `text|wrap` breaks
//! plain text into lines of at most 76 columns. What else a template is given stands at its head.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt::Write;

use jiff::Timestamp;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Value};
use minijinja::{
    AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, context, escape_formatter,
};

use super::locale::{Argument, Locale};
use crate::domain::Problem;

/// Name and text of each template that is compiled in.
pub const DEFAULTS: [(&str, &str); 12] = [
    ("mail.txt", include_str!("../../templates/mail.txt")),
    ("mail.html", include_str!("../../templates/mail.html")),
    ("page.html", include_str!("../../templates/page.html")),
    ("index.html", include_str!("../../templates/index.html")),
    ("tag.html", include_str!("../../templates/tag.html")),
    ("entry.html", include_str!("../../templates/entry.html")),
    ("list.html", include_str!("../../templates/list.html")),
    ("follow.html", include_str!("../../templates/follow.html")),
    ("feeds.html", include_str!("../../templates/feeds.html")),
    (
        "unsubscribe.html",
        include_str!("../../templates/unsubscribe.html"),
    ),
    (
        "unsubscribed.html",
        include_str!("../../templates/unsubscribed.html"),
    ),
    ("error.html", include_str!("../../templates/error.html")),
];

/// Steps of one rendering: hundreds of times what the longest mail takes.
const FUEL: u64 = 5_000_000;
/// Of blocks, includes and macros within each other.
const DEPTH: usize = 64;
/// Columns of plain text (RFC 5322 2.1.1 asks for fewer than 78).
const COLUMNS: usize = 76;

/// Every template, compiled.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

/// A template did not come out. Prints in one line: where, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}:{}: {}", .0.file.display(), .0.line.unwrap_or(1), .0.what)]
pub struct RenderError(pub Box<Problem>);

impl Templates {
    /// The compiled-in templates, those of these names replaced by these texts.
    ///
    /// # Errors
    /// Every syntax error and every name that is none of [`DEFAULTS`].
    pub fn new(overrides: &BTreeMap<String, String>) -> Result<Templates, Vec<Problem>> {
        let mut environment = environment();
        let mut problems: Vec<Problem> = overrides
            .keys()
            .filter(|name| !DEFAULTS.iter().any(|(known, _)| known == name))
            .map(|name| unknown(name))
            .collect();
        for (name, default) in DEFAULTS {
            let text = overrides.get(name).map_or(default, String::as_str);
            if let Err(error) = environment.add_template_owned(name, text.to_owned()) {
                problems.push(problem(name, &error));
            }
        }
        if problems.is_empty() {
            Ok(Templates { environment })
        } else {
            Err(problems)
        }
    }

    /// Fills a template in for a reader. `context` is a map; `.html` templates escape every value
    /// in it.
    ///
    /// # Errors
    /// No such template; a name in it that the context does not have; an unknown message; too many
    /// steps.
    pub fn render(
        &self,
        name: &str,
        reader: &Locale,
        context: Value,
    ) -> Result<String, RenderError> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(with_language(reader, context)))
            .map_err(|error| RenderError(Box::new(problem(name, &error))))
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
    {
        environment.set_syntax(syntax);
    }
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(DEPTH);
    environment.set_formatter(format);
    environment.add_filter("wrap", wrap);
    environment
}

/// Escapes what HTML needs escaped. minijinja by itself writes `/` as `&#x2f;` too, which makes
/// links longer, and unreadable to filters that look for them.
fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() && matches!(state.auto_escape(), AutoEscape::Html) => {
            for character in text.chars() {
                match character {
                    '&' => out.write_str("&amp;")?,
                    '<' => out.write_str("&lt;")?,
                    '>' => out.write_str("&gt;")?,
                    '"' => out.write_str("&quot;")?,
                    '\'' => out.write_str("&#39;")?,
                    other => out.write_char(other)?,
                }
            }
            Ok(())
        }
        _ => escape_formatter(out, state, value),
    }
}

fn unknown(name: &str) -> Problem {
    let known: Vec<&str> = DEFAULTS.iter().map(|(name, _)| *name).collect();
    Problem::of_file(
        format!("templates/{name}"),
        "no page or mail is made from a template of this name",
        format!("rename it to one of {}, or move it away", known.join(", ")),
    )
}

/// What minijinja says, at the place where it happened: that may be in another template, which
/// the one of this name extends or includes.
fn problem(name: &str, error: &minijinja::Error) -> Problem {
    let mut cause = error;
    while let Some(inner) = cause.source().and_then(|source| source.downcast_ref()) {
        cause = inner;
    }
    let what = match cause.detail() {
        Some(detail) => format!("{}: {detail}", cause.kind()),
        None => cause.kind().to_string(),
    };
    let place = format!("templates/{}", cause.name().unwrap_or(name));
    let problem = Problem::of_file(place, what, remedy(cause.kind()));
    match cause.line().and_then(|line| u32::try_from(line).ok()) {
        Some(line) => problem.at_line(line),
        None => problem,
    }
}

fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::UndefinedError => {
            "use what the template is given: it stands at the head of the one that is built in, \
             which `wici init DIR` writes (mail.html is given what mail.txt is)"
        }
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction => {
            "use those of minijinja, the filter `wrap`, or the functions t() and date()"
        }
        ErrorKind::OutOfFuel => "let its loops end sooner: no mail or page takes so many steps",
        _ => {
            "templates are written in the Jinja language; mend this line, or remove the file to \
             use the template that is built in"
        }
    }
}

/// The context, and what speaks the reader's language.
fn with_language(reader: &Locale, context: Value) -> Value {
    let (messages, dates) = (reader.clone(), reader.clone());
    let t = move |key: &str, named: Kwargs| translate(&messages, key, &named);
    let date = move |instant: &str| {
        instant
            .parse::<Timestamp>()
            .map(|instant| dates.date(instant))
            .map_err(|error| minijinja::Error::new(ErrorKind::InvalidOperation, error.to_string()))
    };
    context! {
        t => Value::from_function(t),
        date => Value::from_function(date),
        lang => reader.language(),
        ..context
    }
}

fn translate(reader: &Locale, key: &str, named: &Kwargs) -> Result<String, minijinja::Error> {
    let arguments = named
        .args()
        .map(|name| {
            let value: Value = named.get(name)?;
            if value.is_undefined() {
                let what = format!("`{name}` of the message `{key}` is undefined");
                return Err(minijinja::Error::new(ErrorKind::UndefinedError, what));
            }
            let value = match i64::try_from(value.clone()) {
                Ok(number) => Argument::from(number),
                Err(_) => Argument::from(value.to_string()),
            };
            Ok((Cow::Owned(name.to_owned()), value))
        })
        .collect::<Result<HashMap<_, _>, minijinja::Error>>()?;
    reader
        .message_with(key, &arguments)
        .map_err(|error| minijinja::Error::new(ErrorKind::InvalidOperation, error.to_string()))
}

/// Breaks at spaces only: a link or a long word stays whole.
fn wrap(text: &str) -> String {
    let options = textwrap::Options::new(COLUMNS)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

#[cfg(test)]
mod tests;
