//! The page of a tag: its feeds, and its publications from the newest to the oldest.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;

use super::list::list;
use super::page::Page;
use super::reader::Reader;
use super::{Site, index, links, missing, page};
use crate::domain::{FeedKey, TagId};
use crate::store::StoreError;
use crate::text::tags::TagNames;

/// Publications on a page.
const AT_ONCE: usize = 20;

/// Shows the page; whoever comes by another name of the tag is sent to its id.
pub(super) async fn show(
    State(site): State<Arc<Site>>,
    reader: Reader,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    // What is no UTF-8 is no name.
    let name = path.map_or_else(|_| String::new(), |Path(name)| name);
    let answer = answer(&site, &reader, &name).await;
    answer.unwrap_or_else(|error| page::trouble(&site, &reader.language, &error))
}

async fn answer(site: &Site, reader: &Reader, name: &str) -> Result<Response, StoreError> {
    let Some(tag) = named(site, name).await? else {
        return Ok(missing::to(site, reader, StatusCode::NOT_FOUND));
    };
    let path = format!("tag/{tag}");
    if tag.as_str() != name {
        return Ok(page::moved(&reader.link(site, &path, reader.before)));
    }
    let feed = FeedKey {
        language: None,
        tag: Some(tag.clone()),
    };
    let count = site.store.entries_in(&feed).await?;
    let is_defined = site.config.tags.iter().any(|defined| defined.id == tag);
    let missing = |status| Ok(missing::to(site, reader, status));
    let count = match count {
        None | Some(0) if is_defined => 0,
        None => return missing(StatusCode::NOT_FOUND),
        Some(0) => return missing(StatusCode::GONE),
        Some(count) => count,
    };
    let label = match links::label(site, &tag, &reader.language) {
        Some(label) => label.to_owned(),
        None => site.store.tag_label(&tag).await?,
    };
    let listed = list(site, reader, &feed, AT_ONCE).await?;
    let title = format!("{label} · {}", site.config.site.title);
    let context = context! {
        label,
        count,
        feeds => links::feeds(site, &feed),
        own_alternates => links::alternates(site, &feed, &title),
        languages_of_feeds => index::languages(site, Some(&tag)).await?,
        publications => listed.publications,
        older => listed.older.map(|place| reader.link(site, &path, Some(place))),
        newest => reader.before.map(|_| reader.link(site, &path, None)),
    };
    let page = Page {
        path: &path,
        template: "tag.html",
        context,
        has_pictures: false,
    };
    Ok(page.show(site, reader))
}

/// The tag that goes by a name: an id, label or alias of the configuration's, else of others'.
pub(super) async fn named(site: &Site, name: &str) -> Result<Option<TagId>, StoreError> {
    match TagNames::of(&site.config.tags).get(name) {
        Some(tag) => Ok(Some(tag.clone())),
        None => site.store.tag_named(name).await,
    }
}
