//! From the bytes of one file to what it publishes. Pure: no file is opened here.
//!
//! Each form of file (Markdown, HTML, text) becomes a [`Page`]: what its author said. What the path and
//! the configuration add (link, language, ids, tags after aliases) is the same for all forms, and
//! comes from [`Context`].

mod context;
mod date;
mod encoding;
mod fields;
mod front_matter;
mod html;
mod labels;
mod language;
mod markdown;
mod names;
mod naming;
mod page;
mod text;
mod tree;

pub use context::Context;
pub(in crate::content) use context::{absolute, is_iri};
pub(in crate::content) use date::parse as parse_date;
pub use encoding::likely_encoding;
pub use naming::{takes_id, with_id};
pub(in crate::content) use page::{Page, Place};

use crate::domain::{Found, Problem};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// Something to publish.
    Publication(Box<Found>),
    /// Not yet for readers.
    Draft,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Html,
    Markdown,
    Text,
}

fn form(path: &str) -> Option<Form> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, extension) = name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        _ if stem.is_empty() => None,
        "html" | "htm" | "xhtml" => Some(Form::Html),
        "md" | "markdown" => Some(Form::Markdown),
        "txt" => Some(Form::Text),
        _ => None,
    }
}

/// Does the name say that this is a content file?
pub fn is_content(path: &str) -> bool {
    form(path).is_some()
}

/// Reads one file. `path` is relative to its source, in NFC, with `/` between folders.
///
/// # Errors
/// What keeps the file from being published, each with its line where it has one: all of it, as far
/// as it can be told.
pub fn parse(path: &str, bytes: &[u8], context: &Context) -> Result<Parsed, Vec<Problem>> {
    if names::is_jekylls_draft(path) {
        return Ok(Parsed::Draft);
    }
    let Some(form) = form(path) else {
        return Err(vec![Problem::of_file(
            path,
            "this kind of file is not known",
            "content files end in `.md`, `.markdown`, `.html`, `.htm`, `.xhtml` or `.txt`",
        )]);
    };
    let page = read(path, bytes, form, context).map_err(|problem| vec![problem])?;
    if page.draft {
        return Ok(Parsed::Draft);
    }
    let found = context.complete(path, page)?;
    Ok(Parsed::Publication(Box::new(found)))
}

/// What a file says, and what is wrong with that.
///
/// # Errors
/// What keeps it from being read any further.
fn read(path: &str, bytes: &[u8], form: Form, context: &Context) -> Result<Page, Problem> {
    let source = encoding::decode(path, bytes, form)?;
    match form {
        Form::Html => html::read(path, &source, context),
        Form::Markdown => markdown::read(path, &source, context),
        Form::Text => text::read(path, &source, context),
    }
}

/// What there is to say of a file of more than [`MAX_BYTES`].
pub fn too_large(path: &str) -> Problem {
    Problem::of_file(
        path,
        "the file is larger than 16 MiB",
        "split it, or move it out of the content folder",
    )
}

fn line_number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
