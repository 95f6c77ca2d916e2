//! What stands beside the feeds, in their folder and in that of each language: the list of feeds, and
//! how they look in a browser.

use std::collections::BTreeSet;

use anyhow::Context;
use jiff::Timestamp;

use super::Publishing;
use crate::domain::{FeedKey, Language, Sequence};
use crate::feed::{OPML_MEDIA_TYPE, STYLE, STYLE_MEDIA_TYPE, opml, stylesheet};
use crate::publish::{Put, Version};
use crate::text::locale::Locale;

const INDEX: &str = "index.opml";

/// Is it the path of one of these?
pub(super) fn is_beside(path: &str) -> bool {
    let name = path.rsplit('/').next();
    name.is_some_and(|name| [INDEX, STYLE].contains(&name))
}

/// Those that lead to a feed.
pub(super) fn paths_beside(feed: &FeedKey) -> impl Iterator<Item = String> + use<> {
    let language = feed.language.as_ref();
    let folder = language.map_or(String::new(), |language| format!("{language}/"));
    let names = [INDEX, STYLE].into_iter();
    names.map(move |name| format!("{folder}{name}"))
}

impl Publishing {
    /// Writes those that are new.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn write_beside(
        &self,
        now: Timestamp,
        written: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let languages = self.listed.keys().map(|feed| feed.language.as_ref());
        let languages: BTreeSet<Option<&Language>> = languages.chain([None]).collect();
        for language in languages {
            let folder = language.map_or(String::new(), |language| format!("{language}/"));
            for (name, media_type, bytes) in [
                (INDEX, OPML_MEDIA_TYPE, self.index(language)?),
                (STYLE, STYLE_MEDIA_TYPE, self.style(language)?),
            ] {
                let path = format!("{folder}{name}");
                let version = Version {
                    media_type,
                    bytes,
                    sequence: Sequence(0),
                    modified: now,
                    recipe: String::new(),
                    parts: Vec::new(),
                    fresh: None,
                };
                let put = self.publisher.put(&path, version);
                if put.with_context(|| format!("can't write {path}"))? == Put::Written {
                    written.push(path);
                }
            }
        }
        Ok(())
    }

    /// Every feed, or those in a language, in the first format.
    fn index(&self, language: Option<&Language>) -> anyhow::Result<Vec<u8>> {
        let format = self.config.feeds.formats.first();
        let extension = format.context("no format")?.extension();
        let listed = self.listed.iter();
        let listed =
            listed.filter(|(key, _)| language.is_none() || key.language.as_ref() == language);
        let feeds: Vec<_> = listed
            .map(|(key, title)| self.renderer.listed(key, title, extension))
            .collect();
        Ok(opml(&self.config.site.title, &feeds)?)
    }

    fn style(&self, language: Option<&Language>) -> anyhow::Result<Vec<u8>> {
        let site = &self.config.site;
        let locale = Locale::new(language.unwrap_or(&site.language), site.zone.clone());
        let note = |key| locale.message(key, []);
        let css = stylesheet(&note("feed-note")?, &note("feed-note-archive")?);
        Ok(css.into_bytes())
    }
}
