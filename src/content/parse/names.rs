//! What a file's path says of its page, as the generators take it: where it lives, its language,
//! its day.

use jiff::civil::Date;

use super::date;
use crate::domain::Language;

/// Is it one of the folders that are Jekyll's, and are not in addresses?
fn is_jekylls_folder(name: &str) -> bool {
    matches!(name, "_posts" | "_drafts")
}

/// Is the file where Jekyll looks for posts?
pub fn is_jekylls(path: &str) -> bool {
    folders(path).any(is_jekylls_folder)
}

/// Is the file where Jekyll looks for drafts?
pub fn is_jekylls_draft(path: &str) -> bool {
    folders(path).any(|folder| folder == "_drafts")
}

fn folders(path: &str) -> impl Iterator<Item = &str> {
    let folders = path.rsplit_once('/').map(|(folders, _)| folders);
    folders.into_iter().flat_map(|folders| folders.split('/'))
}

/// What a path says.
#[derive(Debug)]
pub struct Name<'p> {
    /// Folders and the page's own name. The page of a folder has no name of its own.
    segments: Vec<&'p str>,
    /// Of `name.uk.md`.
    suffix: Option<Language>,
    /// Of `uk/name.md`, `content/uk/name.md` or `_posts/uk/name.md`: which of the segments it is.
    folder: Option<(usize, Language)>,
    /// Of `2026-11-02-name.md`, and what follows it.
    dated: Option<(Date, &'p str)>,
    is_jekylls: bool,
}

impl<'p> Name<'p> {
    /// Only the languages of the site are languages here: `name.min.md` is in none.
    pub fn of(path: &'p str, languages: &[Language]) -> Name<'p> {
        let of_site = |text: &str| {
            let parsed = Language::parse(text).ok()?;
            languages.contains(&parsed).then_some(parsed)
        };
        let name = path.rsplit('/').next().unwrap_or(path);
        let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let with_suffix = name
            .rsplit_once('.')
            .filter(|(stem, _)| !stem.is_empty())
            .and_then(|(stem, suffix)| Some((stem, of_site(suffix)?)));
        let (name, suffix) = match with_suffix {
            Some((stem, language)) => (stem, Some(language)),
            None => (name, None),
        };
        let outer = folders(path).filter(|name| !is_jekylls_folder(name));
        let folder = outer
            .enumerate()
            .find(|(_, folder)| *folder != "content")
            .and_then(|(place, folder)| Some((place, of_site(folder)?)));
        let mut segments: Vec<&str> = folders(path)
            .filter(|name| !is_jekylls_folder(name))
            .collect();
        if !is_folders_page(name) {
            segments.push(name);
        }
        let dated = segments.last().and_then(|name| date::in_name(name));
        Name {
            segments,
            suffix,
            folder,
            dated,
            is_jekylls: is_jekylls(path),
        }
    }

    /// The language that the path names.
    pub fn language(&self) -> Option<&Language> {
        let folder = self.folder.as_ref().map(|(_, language)| language);
        self.suffix.as_ref().or(folder)
    }

    /// What the page's translations are called too: its path without languages. Of Polyglot's
    /// `name-uk.md` it is known that it names one where the page `declared` it.
    pub fn in_every_language(&self, declared: Option<&Language>) -> String {
        let folder = self.folder.as_ref().map(|(place, _)| *place);
        let segments = self.segments.iter().enumerate();
        let segments = segments.filter(|(place, _)| Some(*place) != folder);
        let path: Vec<&str> = segments.map(|(_, segment)| *segment).collect();
        let path = path.join("/");
        let dashed = path.rsplit_once('-').filter(|(stem, suffix)| {
            let named = Language::parse(suffix).ok();
            !stem.is_empty()
                && !stem.ends_with('/')
                && named.is_some()
                && named.as_ref() == declared
        });
        dashed.map_or(path.as_str(), |(stem, _)| stem).to_owned()
    }

    /// The day that the name begins with.
    pub fn day(&self) -> Option<Date> {
        self.dated.map(|(day, _)| day)
    }

    /// The page's place on the site, as a list of segments: `name.uk.md` lives in `uk/`, but for
    /// the site's `main` language; the day is no part of the name where the page `is_dated` by it,
    /// and never for Jekyll; a `slug` stands in the name's place.
    pub fn place(&self, slug: Option<&str>, is_dated: bool, main: &Language) -> Vec<String> {
        let mut place: Vec<&str> = self.segments.clone();
        if let Some((_, rest)) = self.dated.filter(|_| is_dated || self.is_jekylls) {
            place.pop();
            place.push(rest);
        }
        if let Some(slug) = slug {
            place.pop();
            place.extend(
                slug.split('/')
                    .filter(|part| !matches!(*part, "" | "." | "..")),
            );
        }
        let folder = self.folder.as_ref().map(|(_, language)| language);
        let language = self
            .suffix
            .as_ref()
            .filter(|language| *language != main && folder != Some(language));
        language
            .map(Language::as_str)
            .into_iter()
            .chain(place)
            .map(str::to_owned)
            .collect()
    }
}

/// Names of the page that a folder itself is.
fn is_folders_page(name: &str) -> bool {
    matches!(name, "index" | "_index") || name.eq_ignore_ascii_case("readme")
}
