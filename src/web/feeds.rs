//! Feeds from the shelf.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::answer::Answer;
use super::{Site, astray, coding, delta, page};
use crate::publish::{Coding, Document};

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
        return astray::answer(&site, &path, &headers).await;
    };
    let address = format!("feeds/{path}");
    if let Some(not_modified) = answer(&site, &address, &document).not_modified(&headers) {
        return not_modified;
    }
    if delta::is_wanted(&headers)
        && let Ok((document, bytes)) = site.shelf.read(&path, Coding::Identity).await
        && let Some(delta) =
            delta::answer(&answer(&site, &address, &document), &headers, &bytes).await
    {
        return delta;
    }
    let coding = coding::choose(&headers, &document);
    match site.shelf.read(&path, coding).await {
        Ok((document, bytes)) => answer(&site, &address, &document).whole(&headers, coding, bytes),
        // Lost or damaged, and being made again.
        Err(_) => unready(&site, &headers),
    }
}

fn answer<'a>(site: &'a Site, address: &'a str, document: &'a Document) -> Answer<'a> {
    Answer {
        site,
        address,
        document,
    }
}

/// The feed is about to be there.
pub(super) fn unready(site: &Site, headers: &HeaderMap) -> Response {
    let language = page::language(site, headers);
    let page = page::error(site, &language, StatusCode::SERVICE_UNAVAILABLE);
    ([(RETRY_AFTER, "30")], page).into_response()
}
