//! Every page for search engines (<https://www.sitemaps.org/protocol.html>): a list of parts, each of
//! so many publications by their numbers, whatever has become of them. So a part is made from one
//! stretch of the store, and a new publication changes the last one alone, and those with its
//! translations: each page names all of its languages
//! (<https://developers.google.com/search/docs/specialty/international/localized-versions#sitemap>).

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use quick_xml::escape::escape;

use super::{Site, links, page};
use crate::domain::{Language, PublicationId, PublicationKey, PublicationState};
use crate::store::StoreError;

/// Publications in a part; search engines take 50,000. Translations are looked up one by one.
const AT_ONCE: u64 = 2_000;
/// Publications after which others get a turn.
const TURN: usize = 64;
/// Tags in the part of pages.
const TAGS: usize = 49_000;
const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";
/// Of the links between translations.
const LINKS: &str = "http://www.w3.org/1999/xhtml";

/// A page, or a part.
struct Place {
    address: String,
    modified: Option<Timestamp>,
    /// Itself and the same in other languages, where there are any.
    translations: Vec<(Language, String)>,
}

impl Place {
    fn of(address: String) -> Place {
        Place {
            address,
            modified: None,
            translations: Vec::new(),
        }
    }
}

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
            let parts = names.map(|name| Place::of(format!("{base}sitemap/{name}.xml")));
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
    let places = match name {
        Some("pages") => pages(&site).await.map(Some),
        name => entries(&site, name.and_then(|name| name.parse().ok())).await,
    };
    match places {
        Ok(None) => page::not_found(State(site), headers).await,
        Ok(Some(places)) => answer(&site, &headers, Ok(list("urlset", "url", places))),
        Err(error) => answer(&site, &headers, Err(error)),
    }
}

/// The first page, and those of the tags.
async fn pages(site: &Site) -> Result<Vec<Place>, StoreError> {
    let base = &site.config.web.url;
    let tags = site.store.tags().await?.into_iter();
    let tags = tags.filter(|(_, view)| view.publications > 0).take(TAGS);
    let tags = tags.map(|(tag, _)| Place::of(format!("{base}tag/{tag}")));
    Ok(std::iter::once(Place::of(base.to_string()))
        .chain(tags)
        .collect())
}

/// The publications of a part; `None`: there is none of that number.
async fn entries(site: &Site, number: Option<u64>) -> Result<Option<Vec<Place>>, StoreError> {
    let last = site.store.last_publication().await?.0.div_ceil(AT_ONCE);
    let Some(number) = number.filter(|number| (1..=last).contains(number)) else {
        return Ok(None);
    };
    let first = PublicationKey((number - 1) * AT_ONCE + 1);
    let live = site.store.live_from(first, AT_ONCE).await?;
    let mut places = Vec::with_capacity(live.len());
    for (number, state) in live.iter().enumerate() {
        places.push(entry(site, state).await?);
        if number % TURN == TURN - 1 {
            tokio::task::yield_now().await;
        }
    }
    Ok(Some(places))
}

async fn entry(site: &Site, state: &PublicationState) -> Result<Place, StoreError> {
    let base = &site.config.web.url;
    let address = |id: &PublicationId| format!("{base}{}", links::entry(id));
    let publication = &state.publication;
    let others = site.store.translations_of(state).await?;
    let mut translations: Vec<_> = others
        .into_iter()
        .map(|other| (other.language, address(&other.id)))
        .collect();
    if !translations.is_empty() {
        translations.push((publication.language.clone(), address(&publication.id)));
        translations.sort_unstable();
    }
    Ok(Place {
        address: address(&publication.id),
        modified: Some(publication.updated),
        translations,
    })
}

fn list(root: &str, element: &str, places: impl IntoIterator<Item = Place>) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <{root} xmlns=\"{NAMESPACE}\" xmlns:xhtml=\"{LINKS}\">\n"
    );
    for place in places {
        let modified = place
            .modified
            .map(|at| format!("<lastmod>{at:.0}</lastmod>"));
        // Writing to memory does not fail.
        let _ = write!(
            xml,
            "<{element}><loc>{}</loc>{}",
            escape(&place.address),
            modified.unwrap_or_default()
        );
        for (language, address) in &place.translations {
            let _ = write!(
                xml,
                "<xhtml:link rel=\"alternate\" hreflang=\"{language}\" href=\"{}\"/>",
                escape(address)
            );
        }
        let _ = writeln!(xml, "</{element}>");
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
