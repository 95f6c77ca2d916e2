//! The link in every mail. GET shows a page and changes nothing, since mail scanners open links;
//! POST unsubscribes at once, without cookie or redirect (RFC 8058).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use minijinja::context;

use super::{Site, page};
use crate::domain::{Language, Subscriber};
use crate::store::StoreError;
use crate::token::Purpose;

/// Asks whether to unsubscribe.
pub(super) async fn ask(
    State(site): State<Arc<Site>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let fallback = page::language(&site, &headers);
    let Ok(key) = site.keys.verify(&token, Purpose::Unsubscribe) else {
        return page::error(&site, &fallback, StatusCode::FORBIDDEN);
    };
    match site.store.subscriber_by_key(key).await {
        Ok(Some(subscriber)) if subscriber.is_active() => {
            let context = context! { address => subscriber.address.to_string() };
            page::render(&site, &subscriber.language, "unsubscribe.html", context)
        }
        known => done(&site, &fallback, known),
    }
}

/// Unsubscribes.
pub(super) async fn carry_out(
    State(site): State<Arc<Site>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let fallback = page::language(&site, &headers);
    let Ok(key) = site.keys.verify(&token, Purpose::Unsubscribe) else {
        return page::error(&site, &fallback, StatusCode::FORBIDDEN);
    };
    let unsubscribed = site.store.unsubscribe(key, (site.clock)()).await;
    done(&site, &fallback, unsubscribed)
}

/// Nothing more goes to the address, now or since earlier.
fn done(
    site: &Site,
    fallback: &Language,
    subscriber: Result<Option<Subscriber>, StoreError>,
) -> Response {
    match subscriber {
        Ok(subscriber) => {
            let language = subscriber.as_ref().map_or(fallback, |s| &s.language);
            let address = subscriber.as_ref().map(|s| s.address.to_string());
            page::render(site, language, "unsubscribed.html", context! { address })
        }
        Err(error) => {
            tracing::error!("can't unsubscribe: {error}");
            page::error(site, fallback, StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
