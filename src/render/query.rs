//! Feeds by several tags: what they are called.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;

use super::{Made, Renderer};
use crate::domain::{Filter, Language, TagId};
use crate::feed::Feed;
use crate::store::QueryView;
use crate::text::locale::{Argument, Locale, NoMessage};

/// Publications that are looked at for one feed: a query that hardly any passes is not worth more.
const LOOK_AT_MOST: usize = 5_000;

impl Renderer {
    /// The feed of what passes a filter. `query` is the filter as the feed's address has it:
    /// `any=x,y&none=z`.
    ///
    /// # Errors
    /// The store's.
    pub async fn query(&self, filter: &Filter, query: &str) -> anyhow::Result<Made> {
        let most = self.config.feeds.items;
        let view = self.store.query(filter, most, LOOK_AT_MOST).await?;
        if view.is_cut {
            tracing::debug!("{query}: not all that may pass was looked at");
        }
        // Where there are several languages, entries say theirs.
        let language = match filter.languages.iter().collect::<Vec<_>>()[..] {
            [language] => Some(language.clone()),
            _ => None,
        };
        let title = self.query_title(filter, language.as_ref(), &view)?;
        let feed = self.bare("query".to_owned(), title, language, view.updated);
        Ok(Made {
            feed: Feed {
                id: format!("{}?{query}", feed.id),
                query: format!("?{query}"),
                ..feed
            },
            entries: self.shown(view.entries).await?,
            sequence: view.sequence,
            pages: 0,
        })
    }

    /// `Szkolenia lub Prawo, bez tematu „Raporty” · Portal`
    fn query_title(
        &self,
        filter: &Filter,
        language: Option<&Language>,
        view: &QueryView,
    ) -> anyhow::Result<String> {
        let site = &self.config.site;
        let language = language.unwrap_or(&site.language);
        let labels = |tags: &BTreeSet<TagId>| {
            let label = |tag| self.query_label(tag, language, &view.labels);
            tags.iter().map(label).collect::<Vec<_>>()
        };
        let topics = Topics {
            any: labels(&filter.any),
            all: labels(&filter.all),
            none: labels(&filter.none),
        };
        let words = topics.in_words(&Locale::new(language, site.zone.clone()));
        let words = words.context("can't name the feed of a query")?;
        Ok(match words {
            Some(words) => format!("{words} · {}", site.title),
            None => site.title.clone(),
        })
    }

    fn query_label(
        &self,
        tag: &TagId,
        language: &Language,
        labels: &BTreeMap<TagId, String>,
    ) -> String {
        let author = || labels.get(tag).map(String::as_str);
        let label = self.label(tag, language).or_else(author);
        label.unwrap_or(tag.as_str()).to_owned()
    }
}

/// The labels of a filter's tags.
struct Topics {
    any: Vec<String>,
    all: Vec<String>,
    none: Vec<String>,
}

impl Topics {
    /// `None`: it names no tags.
    fn in_words(&self, locale: &Locale) -> Result<Option<String>, NoMessage> {
        let any = joined(&self.any, "query-or", locale)?;
        let all = joined(&self.all, "query-and", locale)?;
        let wanted = match (any, all) {
            (Some(any), Some(all)) => {
                let both = [("any", any.into()), ("all", all.into())];
                Some(locale.message("query-all-and-any", both)?)
            }
            (any, all) => any.or(all),
        };
        if self.none.is_empty() {
            return Ok(wanted);
        }
        let what = match wanted {
            Some(wanted) => wanted,
            None => locale.message("query-everything", [])?,
        };
        let count: Argument = self.none.len().into();
        let topics = self.none.join(", ").into();
        let without = [("what", what.into()), ("count", count), ("topics", topics)];
        locale.message("query-without", without).map(Some)
    }
}

/// `A`, `A or B`, `A, B or C`
fn joined(labels: &[String], key: &str, locale: &Locale) -> Result<Option<String>, NoMessage> {
    let Some((last, others)) = labels.split_last() else {
        return Ok(None);
    };
    if others.is_empty() {
        return Ok(Some(last.clone()));
    }
    let (first, last) = (others.join(", ").into(), last.clone().into());
    let both = [("first", first), ("last", last)];
    locale.message(key, both).map(Some)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_query_is_named_in_words() -> Result<(), Box<dyn std::error::Error>> {
        let list = |labels: &str| labels.split_terminator(' ').map(str::to_owned).collect();
        for (language, any, all, none, expected) in [
            ("pl", "Prawo Pomoc", "", "", Some("Prawo lub Pomoc")),
            ("pl", "A B C", "", "D", Some("A, B lub C, bez tematu „D”")),
            ("pl", "", "A B", "C D", Some("A i B, bez tematów: C, D")),
            ("pl", "A B", "C", "", Some("C i (A lub B)")),
            ("pl", "", "", "C", Some("Wszystko, bez tematu „C”")),
            ("pl", "", "A", "", Some("A")),
            ("pl", "", "", "", None),
            (
                "uk",
                "А Б",
                "В Г",
                "Ґ",
                Some("В та Г та (А або Б), без теми «Ґ»"),
            ),
            ("uk", "", "", "А Б", Some("Усе, без тем: А, Б")),
            ("en", "A B", "", "C", Some("A or B, without the topic “C”")),
            ("de", "A B", "", "", Some("A or B")),
        ] {
            let topics = Topics {
                any: list(any),
                all: list(all),
                none: list(none),
            };
            let locale = Locale::new(&Language::parse(language)?, TimeZone::UTC);
            assert_eq!(topics.in_words(&locale)?.as_deref(), expected);
        }
        Ok(())
    }
}
