//! Every page for search engines (<https://www.sitemaps.org/protocol.html>): a list of parts, each of
//! so many publications by their numbers, whatever has become of them. So a part is made from one
//! stretch of the store, and a new publication changes the last one alone.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use quick_xml::escape::escape;

use super::{Site, links, page};
use crate::domain::PublicationKey;
use crate::store::StoreError;

/// Publications in a part; search engines take 50,000.
const AT_ONCE: u64 = 10_000;
/// Tags in the part of pages.
const TAGS: usize = 49_000;
const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// The list of parts.
pub(super) async fn index(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let parts = site.store.last_publication().await;
    answer(
        &site,
        &headers,
        parts.map(|last| {
            let base = &site.config.web.url;
            let numbers = 1..=last.0.div_ceil(AT_ONCE);
            let names = std::iter::once("pages".to_owned()).chain(numbers.map(|n| n.to_string()));
            let parts = names.map(|name| (format!("{base}sitemap/{name}.xml"), None));
            list("sitemapindex", "sitemap", parts)
        }),
    )
}

/// A part: `pages.xml`, or `<n>.xml` from 1.
pub(super) async fn part(
    State(site): State<Arc<Site>>,
    path: Option<Path<String>>,
    headers: HeaderMap,
) -> Response {
    let name = path
        .as_ref()
        .and_then(|Path(name)| name.strip_suffix(".xml"));
    let addresses = match name {
        Some("pages") => pages(&site).await.map(Some),
        name => entries(&site, name.and_then(|name| name.parse().ok())).await,
    };
    match addresses {
        Ok(None) => page::not_found(State(site), headers).await,
        Ok(Some(addresses)) => answer(&site, &headers, Ok(list("urlset", "url", addresses))),
        Err(error) => answer(&site, &headers, Err(error)),
    }
}

type Addresses = Vec<(String, Option<Timestamp>)>;

/// The first page, and those of the tags.
async fn pages(site: &Site) -> Result<Addresses, StoreError> {
    let base = &site.config.web.url;
    let tags = site.store.tags().await?.into_iter();
    let tags = tags.filter(|(_, view)| view.publications > 0).take(TAGS);
    let tags = tags.map(|(tag, _)| (format!("{base}tag/{tag}"), None));
    Ok(std::iter::once((base.to_string(), None))
        .chain(tags)
        .collect())
}

/// The publications of a part; `None`: there is none of that number.
async fn entries(site: &Site, number: Option<u64>) -> Result<Option<Addresses>, StoreError> {
    let last = site.store.last_publication().await?.0.div_ceil(AT_ONCE);
    let Some(number) = number.filter(|number| (1..=last).contains(number)) else {
        return Ok(None);
    };
    let first = PublicationKey((number - 1) * AT_ONCE + 1);
    let base = &site.config.web.url;
    let live = site.store.live_from(first, AT_ONCE).await?.into_iter();
    let live = live.map(|(id, updated)| (format!("{base}{}", links::entry(&id)), Some(updated)));
    Ok(Some(live.collect()))
}

fn list(
    root: &str,
    element: &str,
    addresses: impl IntoIterator<Item = (String, Option<Timestamp>)>,
) -> String {
    let mut xml =
        format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">\n");
    for (address, modified) in addresses {
        let modified = modified.map(|at| format!("<lastmod>{at:.0}</lastmod>"));
        // Writing to memory does not fail.
        let _ = writeln!(
            xml,
            "<{element}><loc>{}</loc>{}</{element}>",
            escape(&address),
            modified.unwrap_or_default()
        );
    }
    xml + &format!("</{root}>\n")
}

fn answer(site: &Site, headers: &HeaderMap, xml: Result<String, StoreError>) -> Response {
    match xml {
        Ok(xml) => {
            let headers = [
                (CONTENT_TYPE, "application/xml; charset=utf-8"),
                (CACHE_CONTROL, "public, max-age=3600"),
            ];
            (headers, xml).into_response()
        }
        Err(error) => page::trouble(site, &page::language(site, headers), &error),
    }
}
