//! Who answers which request.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Request;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use tower::{BoxError, Service};

use super::client::Client;
use super::feeds::{self, Feeds};
use super::{BODY_BYTES, Site, entry, hub, index, page, robots, sitemap, tag, unsubscribe};
use crate::config::Hub;

/// Feeds and pages. Nearly every request is for a feed, and the router's way to it would cost as much
/// as its answer: whatever is below `/feeds/` is answered beside it.
#[derive(Clone)]
pub struct Routes {
    feeds: Option<Arc<Feeds>>,
    pages: Router,
}

impl Routes {
    /// Those of a site.
    pub fn of(site: Site) -> Routes {
        let site = Arc::new(site);
        Routes {
            feeds: Some(Arc::new(Feeds::of(&site))),
            pages: pages(site),
        }
    }

    /// The answer to a client's request.
    pub fn answer<B>(
        &mut self,
        client: Client,
        request: Request<B>,
    ) -> impl Future<Output = Response> + Send + use<B>
    where
        B: axum::body::HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let feeds = self.feeds.as_ref();
        let feeds = feeds.filter(|_| feeds::are_at(request.uri()));
        let answer = match feeds.cloned() {
            Some(feeds) => Err((feeds, request.map(drop))),
            None => Ok(self.pages.call(request)),
        };
        async move {
            match answer {
                Err((feeds, request)) => feeds.answer(client, &request).await,
                Ok(page) => match page.await {
                    Ok(response) => response,
                    Err(never) => match never {},
                },
            }
        }
    }
}

/// Pages alone.
impl From<Router> for Routes {
    fn from(pages: Router) -> Routes {
        Routes { feeds: None, pages }
    }
}

fn pages(site: Arc<Site>) -> Router {
    let mut router = Router::new();
    if site.config.websub.hub == Hub::Own {
        router = router.route("/hub", post(hub::request));
    }
    router
        .route("/", get(index::show))
        .route("/robots.txt", get(robots::robots))
        .route("/favicon.svg", get(robots::favicon))
        .route("/favicon.ico", get(robots::favicon))
        .route("/sitemap.xml", get(sitemap::index))
        .route("/sitemap/{part}", get(sitemap::part))
        .route("/tag/{tag}", get(tag::show))
        // Ids have slashes, and not every proxy leaves them encoded.
        .route("/entry/{*id}", get(entry::show))
        .route(
            "/unsubscribe/{token}",
            get(unsubscribe::ask).post(unsubscribe::carry_out),
        )
        .fallback(page::nowhere)
        .with_state(site)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}
