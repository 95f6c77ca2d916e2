//! The tables of the file: one function each. Defaults are written as a user would write them.

mod guards;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::check::Names;
use super::raw::Table;
use super::report::{Fault, suggestion};
use super::value::{self, duration, one_of};
use super::{Feeds, Immediate, Labels, Schedule, Site};
use crate::domain::{Language, TagDefinition, TagId};
use crate::feed::Format;

pub(super) use guards::guards;

const LANGUAGES: [&str; 3] = ["pl", "uk", "en"];

/// A path that starts at `base`.
pub(super) fn path(base: &Path) -> impl Fn(&str) -> Result<PathBuf, Fault> {
    move |text| {
        if text.is_empty() {
            return Err(Fault::new("expected a path", "name a file or folder"));
        }
        Ok(base.join(text))
    }
}

pub(super) fn site(table: &Table<'_>) -> Option<Site> {
    let title = table.required("title", "title = \"Portal\"", value::title);
    let example = "url = \"https://portal.example/\"";
    let url = table.required("url", example, value::base_url);
    let example = "authority = \"portal.example,2026\"; ids are made of it, so never change it";
    let authority = table.required("authority", example, value::authority);
    let language = table.optional("language", "pl", value::language);
    let languages = languages(table, language.as_ref());
    let zone = table.optional("timezone", "Europe/Warsaw", value::zone);
    let (timezone, zone) = zone?;
    Some(Site {
        title: title?,
        url: url?,
        authority: authority?,
        language: language?,
        languages: languages?,
        timezone,
        zone,
    })
}

/// The default is the languages that the daemon itself speaks, where the site's is among them.
fn languages(table: &Table<'_>, main: Option<&Language>) -> Option<Vec<Language>> {
    let spoken = LANGUAGES.iter().filter_map(|tag| Language::parse(tag).ok());
    let default = match main {
        Some(main) if !LANGUAGES.contains(&main.as_str()) => vec![main.clone()],
        _ => spoken.collect(),
    };
    let languages = table.list("languages", default, value::language)?;
    if let Some(main) = main.filter(|main| !languages.contains(main)) {
        table.complain(
            "languages",
            Fault::new(
                format!("the site's language `{main}` is not among them"),
                format!("add \"{main}\", or change language"),
            ),
        );
    }
    no_twice(table, "languages", &languages);
    Some(languages)
}

pub(super) fn labels(table: &Table<'_>) -> Option<Labels> {
    let language = table.required("language", "language = \"de\"", value::language);
    let words = |key| table.list(key, Vec::new(), value::page_label);
    let archived = words("archived");
    let current_at = words("current_at");
    let added = words("added");
    let tags = words("tags");
    let share = words("share");
    Some(Labels {
        language: language?,
        archived: archived?,
        current_at: current_at?,
        added: added?,
        tags: tags?,
        share: share?,
    })
}

pub(super) fn tag(
    table: &Table<'_>,
    languages: Option<&[Language]>,
    names: &mut Names,
) -> Option<TagDefinition> {
    let id = table.required("id", "id = \"wspolpraca\"", |text| {
        TagId::new(text).map_err(|_| {
            Fault::expected(
                "a tag id of at most 80 of a-z, 0-9 and single hyphens between them",
                text,
                "the id stands in addresses; write what readers see as label, and other \
                 spellings as aliases",
            )
        })
    });
    if let Some(id) = &id {
        names.claim(table, "id", id.as_str());
    }
    let example = "label = { pl = \"Prawo\", en = \"Law\" }";
    let labels = table.pairs("label", example, |language, text| {
        let language = label_language(language, languages)?;
        let text = text.trim();
        if text.is_empty() || text.contains(char::is_control) {
            return Err(Fault::expected(
                "one line of text",
                text,
                "write what readers are to see",
            ));
        }
        Ok((language, text.to_owned()))
    });
    let aliases = table.list("aliases", Vec::new(), |text| match text.trim() {
        "" => Err(Fault::new(
            "expected a word, found an empty one",
            "take it out",
        )),
        alias => Ok(alias.to_owned()),
    });
    Some(TagDefinition {
        id: id?,
        labels: labels?.into_iter().collect(),
        aliases: aliases?,
    })
}

fn label_language(text: &str, languages: Option<&[Language]>) -> Result<Language, Fault> {
    let language = value::language(text)?;
    match languages {
        Some(languages) if !languages.contains(&language) => {
            let known: Vec<&str> = languages.iter().map(Language::as_str).collect();
            Err(Fault::new(
                format!("`{language}` is not among the site's languages"),
                suggestion(text, &known),
            ))
        }
        _ => Ok(language),
    }
}

pub(super) fn feeds(table: &Table<'_>, base: &Path) -> Option<Feeds> {
    let dir = table.optional("dir", "feeds", path(base));
    let formats = table.list(
        "formats",
        vec![Format::Rss, Format::Atom, Format::Json],
        one_of(&[
            ("rss", Format::Rss),
            ("atom", Format::Atom),
            ("json", Format::Json),
        ]),
    );
    match &formats {
        Some(formats) if formats.is_empty() => table.complain(
            "formats",
            Fault::new(
                "expected at least one",
                "write [\"rss\", \"atom\", \"json\"]",
            ),
        ),
        Some(formats) => no_twice(table, "formats", formats),
        None => {}
    }
    let items = table.whole("items", 50, [1, 1_000]);
    let full = table.optional(
        "content",
        "full",
        one_of(&[("full", true), ("summary", false)]),
    );
    let max_age = table.optional("max_age", "5m", duration("0s", "7d"));
    let archives = table.flag_or("archives", true);
    Some(Feeds {
        dir: dir?,
        formats: formats?,
        items: items?,
        full: full?,
        max_age: max_age?,
        archives: archives?,
    })
}

fn no_twice<T: Ord>(table: &Table<'_>, key: &'static str, list: &[T]) {
    if list.iter().collect::<BTreeSet<_>>().len() < list.len() {
        let fault = Fault::new("the same one is there twice", "take one of them out");
        table.complain(key, fault);
    }
}

pub(super) fn schedule(
    table: &Table<'_>,
    site: Option<&Site>,
    names: &mut Names,
) -> Option<Schedule> {
    let name = table.required("name", "name = \"daily\"", value::schedule_name);
    if let Some(name) = &name {
        names.claim(table, "name", name);
    }
    let aliases = table.list("aliases", Vec::new(), value::schedule_name);
    for alias in aliases.iter().flatten() {
        names.claim(table, "aliases", alias);
    }
    let cron = table.required("cron", "cron = \"0 8 * * *\"", value::cron);
    let given = table.given("timezone", value::schedule_zone);
    let catch_up = table.optional("catch_up", "24h", duration("0s", "366d"));
    let zoned = matches!(given, Some(Some(None)));
    let (timezone, zone) = match given? {
        Some(Some(zone)) => zone,
        Some(None) => (value::SUBSCRIBER.to_owned(), site?.zone.clone()),
        None => site.map(|site| (site.timezone.clone(), site.zone.clone()))?,
    };
    Some(Schedule {
        name: name?,
        aliases: aliases?,
        cron: cron?,
        timezone,
        zone,
        zoned,
        catch_up: catch_up?,
    })
}

pub(super) fn immediate(table: &Table<'_>) -> Option<Immediate> {
    let delay = table.optional("delay", "2m", duration("0s", "7d"));
    Some(Immediate { delay: delay? })
}

/// There is one kind of store today.
pub(super) fn store(table: &Table<'_>) -> Option<()> {
    table.optional("url", "sled:", |text| {
        if text == "sled:" {
            return Ok(());
        }
        // The rest of the text may hold a password, so it is not repeated.
        let what = match text.starts_with("postgres") {
            true => "PostgreSQL is not in this version yet",
            false => "expected \"sled:\", found another store",
        };
        Err(Fault::new(
            what,
            "write \"sled:\", the store under the state folder",
        ))
    })
}
