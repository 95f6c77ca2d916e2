//! An id put into the front matter of a Markdown file. All else stays byte for byte as it was.

use super::{Context, Form, Parsed, form, parse};
use crate::domain::{Problem, PublicationId};

/// Is there a place for an id in files of this form?
pub fn takes_id(path: &str) -> bool {
    form(path) == Some(Form::Markdown)
}

/// The file with this id in its front matter; one that has none gets it. What comes out reads as
/// the file did, but for the id, or it does not come out.
///
/// # Errors
/// The file is of another form, is not in UTF-8, can't be read itself, or has front matter in which
/// there is no place for another key that would leave the rest what it is.
pub fn with_id(
    path: &str,
    bytes: &[u8],
    id: &PublicationId,
    context: &Context,
) -> Result<Vec<u8>, Problem> {
    if !takes_id(path) {
        return Err(Problem::of_file(
            path,
            "only Markdown files have front matter that an id can be put into",
            "the store keeps its id, as long as its text or its path stays",
        ));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(by_hand(path, "it is not in UTF-8", id));
    };
    let (mark, text) = match text.strip_prefix('\u{FEFF}') {
        Some(rest) => ("\u{FEFF}", rest),
        None => ("", text),
    };
    let mut expected = parse(path, bytes, context).map_err(|problems| {
        let first = problems.into_iter().next();
        first.unwrap_or_else(|| by_hand(path, "it can't be read", id))
    })?;
    if let Parsed::Publication(found) = &mut expected {
        found.declared_id = Some(id.clone());
        found.flaws.clear();
    }
    for (at, insertion) in places(text, id) {
        let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
        let named = [mark, before, &insertion, after].concat().into_bytes();
        let mut read = parse(path, &named, context);
        if let Ok(Parsed::Publication(found)) = &mut read {
            // They are a line further down.
            found.flaws.clear();
        }
        if read.as_ref() == Ok(&expected) {
            return Ok(named);
        }
    }
    Err(by_hand(
        path,
        "an id can't be put into its front matter without changing more than that",
        id,
    ))
}

fn by_hand(path: &str, what: &str, id: &PublicationId) -> Problem {
    Problem::of_file(path, what, format!("write `id: \"{id}\"` there by hand"))
}

/// Where the id may go, and as what: first into the front matter that seems to be there, else
/// before everything.
fn places(text: &str, id: &PublicationId) -> Vec<(usize, String)> {
    let end = line_end(text);
    let mut places = Vec::new();
    let begin = text.len() - text.trim_start().len();
    let begun = text.get(begin..).unwrap_or_default();
    let first = begun.split(['\r', '\n']).next().unwrap_or_default();
    let key = match first.trim_end() {
        "---" => Some(format!("id: \"{id}\"{end}")),
        "+++" => Some(format!("id = \"{id}\"{end}")),
        _ => None,
    };
    if let Some(key) = key {
        places.push((begin + first.len() + end.len(), key));
    } else if let Some((begin, rest)) = braced(begin, begun, first) {
        let within = rest.trim_start();
        let space = rest.get(..rest.len() - within.len()).unwrap_or_default();
        let key = match (within.starts_with('}'), space) {
            (true, _) => format!("\"id\": \"{id}\""),
            (false, "") => format!("\"id\": \"{id}\", "),
            (false, space) => format!("{space}\"id\": \"{id}\","),
        };
        places.push((begin + 1, key));
    }
    places.push((0, format!("---{end}id: \"{id}\"{end}---{end}")));
    places
}

/// Where the brace of JSON front matter is, and what follows it: the first thing of the file, or
/// of what is between `---json` and `---`.
fn braced<'t>(begin: usize, begun: &'t str, first: &str) -> Option<(usize, &'t str)> {
    let before = match first.trim_end() {
        "---json" => begun.find('{')?,
        _ => 0,
    };
    let rest = begun.get(before..)?.strip_prefix('{')?;
    Some((begin + before, rest))
}

/// As the first line ends.
fn line_end(text: &str) -> &'static str {
    match text.find(['\r', '\n']).and_then(|at| text.get(at..)) {
        Some(rest) if rest.starts_with("\r\n") => "\r\n",
        Some(rest) if rest.starts_with('\r') => "\r",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests;
