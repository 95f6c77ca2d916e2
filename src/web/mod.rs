//! Feeds and pages over HTTP. One file per page group.

mod answer;
mod astray;
pub mod client;
mod coding;
mod delta;
mod feeds;
mod index;
mod missing;
mod page;
mod proof;
mod query;
mod unsubscribe;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use url::Url;

use crate::config::Config;
use crate::control::Clock;
use crate::publish::Shelf;
use crate::store::Store;
use crate::text::template::Templates;
use crate::token::Keys;

pub use proof::proof;

/// No form of ours is larger.
pub const BODY_BYTES: usize = 16 << 10;

/// What pages are made from.
pub struct Site {
    /// The feeds as served.
    pub shelf: Arc<Shelf>,
    /// For the index and for unsubscribing.
    pub store: Store,
    /// Titles, addresses, languages.
    pub config: Arc<Config>,
    /// Of the links in mails.
    pub keys: Arc<Keys>,
    /// Of the pages.
    pub templates: Arc<Templates>,
    /// Tells the time.
    pub clock: Clock,
    /// The WebSub hub that tells of changes to feeds, where there is one.
    pub hub: Option<Url>,
}

/// Every route.
pub fn router(site: Site) -> Router {
    let site = Arc::new(site);
    let queries = query::router(&site);
    Router::new()
        .route("/", get(index::show))
        .route("/feeds/{*path}", get(feeds::serve))
        .route(
            "/unsubscribe/{token}",
            get(unsubscribe::ask).post(unsubscribe::carry_out),
        )
        .fallback(page::not_found)
        .with_state(site)
        .merge(queries)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}
