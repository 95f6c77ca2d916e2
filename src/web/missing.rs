//! The page that says that there is nothing at an address, and what there is instead.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minijinja::{Value, context};

use super::reader::Reader;
use super::{Site, page};
use crate::domain::{FeedKey, Language};
use crate::feed::Format;

/// How long it counts that something is elsewhere for good: what a tag is called may be configured
/// otherwise.
pub(super) const MOVED_FOR: &str = "public, max-age=300";

/// 404 or 410; `meant`: the feed that may have been looked for.
pub(super) fn show(
    site: &Site,
    language: &Language,
    status: StatusCode,
    meant: Option<&FeedKey>,
) -> Response {
    let meant = meant.map_or_else(Vec::new, |key| links(site, key));
    answer(site, language, status, context! { meant })
}

/// The same for a reader, whose choice of a language goes with the link to the first page.
pub(super) fn to(site: &Site, reader: &Reader, status: StatusCode) -> Response {
    let home = reader.link(site, "", None);
    let context = context! { home, meant => Vec::<Value>::new() };
    answer(site, &reader.language, status, context)
}

fn answer(site: &Site, language: &Language, status: StatusCode, context: Value) -> Response {
    let context = context! {
        status => status.as_u16(),
        all => links(site, &FeedKey::ALL),
        ..context
    };
    let page = page::render(site, language, "error.html", context);
    (status, page).into_response()
}

/// The feed in each format.
fn links(site: &Site, key: &FeedKey) -> Vec<Value> {
    let formats = site.config.feeds.formats.iter();
    let link = |format: &Format| {
        let path = file(key, *format);
        context! { address => address(site, &path), path }
    };
    formats.map(link).collect()
}

/// Below `feeds/`.
pub(super) fn file(key: &FeedKey, format: Format) -> String {
    format!("{}.{format}", key.stem())
}

/// Where everybody reaches a file.
pub(super) fn address(site: &Site, file: &str) -> String {
    format!("{}feeds/{file}", site.config.web.url)
}
