//! Feeds from the shelf, with conditional requests (RFC 9110, section 13).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LINK,
    RETRY_AFTER,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};

use super::{Site, hub, page};
use crate::publish::Document;

/// Readers may rely on what they have for so long; it is asked for again after that.
const CACHE: &str = "public, max-age=300";

/// A feed, or that it has not changed.
pub(super) async fn serve(
    State(site): State<Arc<Site>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    // What is no UTF-8 is no path of ours either.
    let Ok(Path(path)) = path else {
        return page::not_found(State(site), headers).await;
    };
    let Some(document) = site.shelf.get(&path) else {
        return page::not_found(State(site), headers).await;
    };
    if has_current(&headers, &document) {
        return (StatusCode::NOT_MODIFIED, tags(&site, &path, &document)).into_response();
    }
    match site.shelf.read(&path).await {
        Ok((document, bytes)) => {
            let media_type = [(CONTENT_TYPE, document.media_type)];
            (tags(&site, &path, &document), media_type, bytes).into_response()
        }
        // Lost or damaged, and being made again.
        Err(_) => {
            let language = page::language(&site, &headers);
            let page = page::error(&site, &language, StatusCode::SERVICE_UNAVAILABLE);
            ([(RETRY_AFTER, "30")], page).into_response()
        }
    }
}

fn tags(site: &Site, path: &str, document: &Document) -> HeaderMap {
    let mut tags = HeaderMap::new();
    for link in hub::links(&site.config, path) {
        if let Ok(link) = link.parse() {
            tags.append(LINK, link);
        }
    }
    // A date that is still to come is not sent (RFC 9110 8.8.2.1).
    let modified = document.modified;
    let modified = (modified.as_second() <= (site.clock)().as_second()).then_some(modified);
    for (name, value) in [
        (CACHE_CONTROL, Some(CACHE.to_owned())),
        (ETAG, Some(document.etag.clone())),
        (LAST_MODIFIED, modified.and_then(http_date)),
    ] {
        if let Some(Ok(value)) = value.map(|value| value.parse()) {
            tags.insert(name, value);
        }
    }
    tags
}

/// Does the client have these bytes? If-None-Match decides alone where it is given (13.2.2).
fn has_current(headers: &HeaderMap, document: &Document) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        let given = headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok());
        return given.flat_map(|list| list.split(',')).any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == document.etag
        });
    }
    let since = headers
        .get(IF_MODIFIED_SINCE)
        .and_then(|value| value.to_str().ok());
    let since = since.and_then(|date| rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
    since.is_some_and(|since| document.modified.as_second() <= since.as_second())
}

/// RFC 9110 5.6.7: `Tue, 24 Nov 2026 08:00:00 GMT`.
fn http_date(instant: Timestamp) -> Option<String> {
    strtime::format("%a, %d %b %Y %H:%M:%S GMT", instant).ok()
}
