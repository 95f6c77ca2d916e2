//! Splits front matter from text, and reads it: YAML between lines of `---`, TOML between lines
//! of `+++`, JSON in braces or between `---json` and `---`.

use serde_saphyr::Spanned;
use toml::de::DeTable;

use super::line_number;
use super::tree::{self, Table, Value, Yaml};
use crate::domain::Problem;

/// The largest front matter, in bytes. It is a handful of keys; more is a mistake or an attack.
const MAX_BYTES: usize = 256 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Yaml,
    Toml,
    /// Read as the YAML that it is (YAML 1.2, section 1.3).
    Json,
}

impl Format {
    fn remedy(self) -> &'static str {
        match self {
            Format::Yaml => "correct the YAML between the `---` lines",
            Format::Toml => "correct the TOML between the `+++` lines",
            Format::Json => "correct the JSON before the text",
        }
    }
}

/// Front matter as it stands in its file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Block<'s> {
    text: &'s str,
    /// The lines before it.
    above: usize,
}

impl Block<'_> {
    /// The line in the file where this byte of the front matter is.
    pub fn line(self, at: usize) -> u32 {
        let before = self.text.get(..at).unwrap_or(self.text);
        line_number(self.above + 1 + before.matches('\n').count())
    }

    fn column(self, at: usize) -> u32 {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        line_number(line.chars().count() + 1)
    }
}

/// What the front matter says, where it stands, and the text after it. No front matter is fine.
pub fn read<'s>(path: &str, source: &'s str) -> Result<(Table, Block<'s>, &'s str), Problem> {
    let Some((format, block, text)) = split(path, source)? else {
        return Ok((Table::default(), Block::default(), source));
    };
    if block.text.len() > MAX_BYTES {
        return Err(Problem::of_file(
            path,
            "the front matter is larger than 256 KiB",
            "keep only the keys that describe the publication",
        )
        .at_line(line_number(block.above.max(1))));
    }
    let table = match format {
        Format::Toml => toml(path, block)?,
        Format::Yaml | Format::Json => yaml(path, block, format)?,
    };
    Ok((table, block, text))
}

type Split<'s> = (Format, Block<'s>, &'s str);

fn split<'s>(path: &str, source: &'s str) -> Result<Option<Split<'s>>, Problem> {
    // Hugo and Zola pass over empty lines before it.
    let begun = source.trim_start_matches([' ', '\t', '\n']);
    let blank = source.get(..source.len() - begun.len()).unwrap_or_default();
    let begun = match blank.rfind('\n') {
        Some(end) => source.get(end + 1..).unwrap_or_default(),
        None => source,
    };
    let above = blank.matches('\n').count();
    let (first, rest) = begun.split_once('\n').unwrap_or((begun, ""));
    let (found, format, fence) = match first.trim_end() {
        fence @ "---" => (fenced(rest, &[fence, "..."]), Format::Yaml, fence),
        // As Eleventy writes it.
        "---json" => (fenced(rest, &["---"]), Format::Json, "---"),
        fence @ "+++" => (fenced(rest, &[fence]), Format::Toml, fence),
        _ if is_json(begun) => (braced(begun), Format::Json, "{"),
        _ => return Ok(None),
    };
    let above = above + usize::from(fence != "{");
    let Some((text, after)) = found else {
        let end = if fence == "{" { "}" } else { fence };
        return Err(Problem::of_file(
            path,
            format!("the front matter begins with `{fence}` and never ends"),
            format!("write `{end}` on a line of its own after the last key"),
        )
        .at_line(line_number(above.max(1))));
    };
    Ok(Some((format, Block { text, above }, after)))
}

/// The lines before the one that ends them, and the text after it.
fn fenced<'s>(rest: &'s str, ends: &[&str]) -> Option<(&'s str, &'s str)> {
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if ends.contains(&line.trim_end()) {
            let (block, after) = rest.split_at(end);
            return Some((block, after.get(line.len()..).unwrap_or_default()));
        }
        end += line.len();
    }
    None
}

/// Templates (`{{`, `{%`) and attributes (`{:`) begin with a brace too.
fn is_json(text: &str) -> bool {
    text.strip_prefix('{')
        .is_some_and(|rest| rest.trim_start().starts_with(['"', '}']))
}

/// The text up to the brace that closes the first one, and the text after it.
fn braced(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return text.split_at_checked(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn yaml(path: &str, block: Block<'_>, format: Format) -> Result<Table, Problem> {
    // Far above what front matter needs, far below what would hurt: aliases can't multiply.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_events: 20_000,
            max_nodes: 10_000,
            max_aliases: 100,
            max_anchors: 100,
            max_documents: 1,
            max_total_scalar_bytes: 2 * MAX_BYTES,
            max_merge_keys: 100,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 20_000,
        },
        with_snippet: false,
        // Every scalar is taken as it is written.
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
    };
    let parsed: Option<Spanned<Yaml>> = serde_saphyr::from_str_with_options(block.text, options)
        .map_err(|error| {
            let what = format!("front matter: {}", fault(&error));
            let problem = Problem::of_file(path, what, format.remedy());
            match error.location().filter(|place| place.line() > 0) {
                Some(place) => problem.at(
                    line_number(block.above + usize::try_from(place.line()).unwrap_or(1)),
                    u32::try_from(place.column()).unwrap_or(1).max(1),
                ),
                None => problem.at_line(block.line(0)),
            }
        })?;
    let Some(parsed) = parsed else {
        return Ok(Table::default());
    };
    match tree::from_yaml(parsed, block.text).value {
        Value::Table(table) => Ok(table),
        Value::Nothing => Ok(Table::default()),
        Value::Text(_) | Value::List(_) => Err(Problem::of_file(
            path,
            "front matter: expected keys with their values",
            "write each as `key: value` on a line of its own",
        )
        .at_line(block.line(0))),
    }
}

/// What is wrong, without the place (its lines count from the block's) and advice to programmers.
fn fault(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let end = [" at line ", ", set DuplicateKeyPolicy"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min();
    text[..end.unwrap_or(text.len())].to_owned()
}

fn toml(path: &str, block: Block<'_>) -> Result<Table, Problem> {
    match DeTable::parse(block.text) {
        Ok(table) => Ok(tree::from_toml(table.get_ref(), block.text)),
        Err(error) => {
            let what = format!("front matter: {}", error.message());
            let problem = Problem::of_file(path, what, Format::Toml.remedy());
            let at = error.span().map_or(0, |span| span.start);
            Err(problem.at(block.line(at), block.column(at)))
        }
    }
}
