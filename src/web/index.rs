//! The first page: the newest publications, and every tag with its feeds.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use minijinja::{Value, context};

use super::list::list;
use super::page::Page;
use super::reader::Reader;
use super::{Site, links, page};
use crate::domain::{FeedKey, Language, TagId};
use crate::store::StoreError;

/// Publications on the page.
const NEWEST: usize = 10;
/// Tags on the page, those that most is written about. The list of feeds has all of them.
const TAGS: usize = 2_000;

/// Shows the page.
pub(super) async fn show(State(site): State<Arc<Site>>, reader: Reader) -> Response {
    match index(&site, &reader).await {
        Ok(context) => Page {
            path: "",
            template: "index.html",
            context,
            has_pictures: false,
        }
        .show(&site, &reader),
        Err(error) => page::trouble(&site, &reader.language, &error),
    }
}

async fn index(site: &Site, reader: &Reader) -> Result<Value, StoreError> {
    let listed = list(site, reader, &FeedKey::ALL, NEWEST).await?;
    let older = listed.older.map(|place| reader.link(site, "", Some(place)));
    let newest = reader.before.map(|_| reader.link(site, "", None));
    Ok(context! {
        publications => listed.publications,
        older,
        newest,
        tags => match reader.before {
            None => tags(site, reader).await?,
            Some(_) => Vec::new(),
        },
        feeds => links::feeds(site, &FeedKey::ALL),
        list => links::list(site, None),
        languages_of_feeds => languages(site, None).await?,
    })
}

/// What most is written about comes first, whatever alphabet its label is in.
async fn tags(site: &Site, reader: &Reader) -> Result<Vec<Value>, StoreError> {
    let mut tags = Vec::new();
    for (tag, view) in site.store.tags().await? {
        if view.publications > 0 {
            let label = links::label(site, &tag, &reader.language);
            let label = label.unwrap_or(&view.label).to_owned();
            tags.push((Reverse(view.publications), label, tag));
        }
    }
    tags.sort();
    tags.truncate(TAGS);
    let tag = |(Reverse(count), label, tag): (Reverse<u64>, String, TagId)| {
        let link = reader.link(site, &format!("tag/{tag}"), None);
        let feed = FeedKey {
            language: None,
            tag: Some(tag),
        };
        context! { label, count, link, feeds => links::feeds(site, &feed) }
    };
    Ok(tags.into_iter().map(tag).collect())
}

/// The feeds of everything, or of a tag, in each of the site's languages that there is something in,
/// if there are several.
pub(super) async fn languages(site: &Site, tag: Option<&TagId>) -> Result<Vec<Value>, StoreError> {
    let mut languages = Vec::new();
    for language in &site.config.site.languages {
        let feed = FeedKey {
            language: Some(Language::clone(language)),
            tag: tag.cloned(),
        };
        if site.store.entries_in(&feed).await?.unwrap_or(0) > 0 {
            let code = language.primary();
            languages.push(context! {
                code,
                feeds => links::feeds(site, &feed),
                list => links::list(site, Some(language)),
            });
        }
    }
    Ok(if languages.len() > 1 {
        languages
    } else {
        Vec::new()
    })
}
