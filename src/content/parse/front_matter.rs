//! Splits front matter from text, and reads it: YAML between lines of `---`, TOML between lines
//! of `+++`.

use super::fields::Fields;
use super::line_number;
use crate::domain::Problem;

/// The largest front matter, in bytes. It is a handful of keys; more is a mistake or an attack.
const MAX_BYTES: usize = 256 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Yaml,
    Toml,
}

/// Front matter as it stands in its file, from line 2 on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Block<'s>(&'s str);

impl Block<'_> {
    /// The line in the file where one of these keys is written.
    pub fn line_of(self, keys: &[&str]) -> Option<u32> {
        let has_key = |line: &str| {
            keys.iter().any(|key| {
                let line = line.trim_start().trim_start_matches(['"', '\'']);
                let rest = line.strip_prefix(key).unwrap_or_default();
                let rest = rest.trim_start_matches(['"', '\'', ' ']);
                rest.starts_with([':', '='])
            })
        };
        let index = self.0.lines().position(has_key)?;
        Some(line_number(index + 2))
    }
}

/// The fields, where they stand, and the text after them. No front matter is fine.
pub fn read<'s>(path: &str, source: &'s str) -> Result<(Fields, Block<'s>, &'s str), Problem> {
    let Some((format, block, text)) = split(path, source)? else {
        return Ok((Fields::default(), Block::default(), source));
    };
    if block.len() > MAX_BYTES {
        return Err(Problem::of_file(
            path,
            "the front matter is larger than 256 KiB",
            "keep only the keys that describe the publication",
        )
        .at_line(1));
    }
    let fields = match format {
        _ if block.trim().is_empty() => Fields::default(),
        Format::Yaml => yaml(path, block)?,
        Format::Toml => toml(path, block)?,
    };
    Ok((fields, Block(block), text))
}

fn split<'s>(path: &str, source: &'s str) -> Result<Option<(Format, &'s str, &'s str)>, Problem> {
    let (first, rest) = source.split_once('\n').unwrap_or((source, ""));
    let (format, fence) = match first.trim_end() {
        "---" => (Format::Yaml, "---"),
        "+++" => (Format::Toml, "+++"),
        _ => return Ok(None),
    };
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        let bare = line.trim_end();
        if bare == fence || (format == Format::Yaml && bare == "...") {
            let (block, after) = rest.split_at(end);
            let text = after.get(line.len()..).unwrap_or_default();
            return Ok(Some((format, block, text)));
        }
        end += line.len();
    }
    Err(Problem::of_file(
        path,
        format!("the front matter begins with `{fence}` and never ends"),
        format!("write a line `{fence}` after its last key"),
    )
    .at_line(1))
}

fn yaml(path: &str, block: &str) -> Result<Fields, Problem> {
    // Far above what front matter needs, far below what would hurt: aliases can't multiply.
    let budget = serde_saphyr::budget! {
        max_depth: 32,
        max_events: 20_000,
        max_nodes: 10_000,
        max_aliases: 100,
        max_anchors: 100,
        max_documents: 1,
        max_total_scalar_bytes: 2 * MAX_BYTES,
        max_merge_keys: 100,
    };
    let options = serde_saphyr::options! {
        budget: budget,
        with_snippet: false,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        // `title: No` is a word, not an answer.
        strict_booleans: true,
    };
    serde_saphyr::from_str_with_options::<Option<Fields>>(block, options)
        .map(Option::unwrap_or_default)
        .map_err(|error| {
            let place = error.location().filter(|place| place.line() > 0);
            let what = format!("front matter: {}", fault(&error));
            let problem = Problem::of_file(path, what, "correct the YAML between the `---` lines");
            match place {
                Some(place) => problem.at(
                    u32::try_from(place.line()).map_or(1, |line| line.saturating_add(1)),
                    u32::try_from(place.column()).unwrap_or(1).max(1),
                ),
                None => problem.at_line(1),
            }
        })
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

fn toml(path: &str, block: &str) -> Result<Fields, Problem> {
    toml::from_str(block).map_err(|error: toml::de::Error| {
        let what = format!("front matter: {}", error.message());
        let problem = Problem::of_file(path, what, "correct the TOML between the `+++` lines");
        let before = error.span().and_then(|span| block.get(..span.start));
        match before {
            Some(before) => {
                let line = 2 + before.matches('\n').count();
                let column = before
                    .rsplit('\n')
                    .next()
                    .map_or(0, |text| text.chars().count());
                problem.at(line_number(line), line_number(column + 1))
            }
            None => problem.at_line(1),
        }
    })
}
