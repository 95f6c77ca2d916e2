//! What is below `/feeds/`: the documents on the shelf, and feeds by queries.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ALLOW, RETRY_AFTER};
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;

use super::answer::{Answer, Served};
use super::client::Client;
use super::limits::Gate;
use super::query::Queries;
use super::{Site, astray, coding, delta, page};
use crate::publish::Coding;

const BELOW: &str = "/feeds/";

/// Is this an address below `/feeds/`?
pub(super) fn are_at(uri: &Uri) -> bool {
    uri.path().starts_with(BELOW)
}

/// Is it the path of feeds by queries, which are many?
pub(super) fn is_query(path: &[u8]) -> bool {
    path.strip_prefix(BELOW.as_bytes())
        .is_some_and(|path| path.starts_with(b"query."))
}

/// Answers for all of them.
pub(super) struct Feeds {
    site: Arc<Site>,
    queries: Queries,
    gate: Gate,
}

impl Feeds {
    pub(super) fn of(site: &Arc<Site>) -> Feeds {
        Feeds {
            site: Arc::clone(site),
            queries: Queries::of(site),
            gate: Gate::of(site),
        }
    }

    /// The answer to a client, unless it polls too often.
    pub(super) async fn answer(&self, client: Client, request: &Request<()>) -> Response {
        self.gate.pass(client, request, self.serve(request)).await
    }

    /// What is seldom asked for is boxed: a future is as large as the largest of what it may wait for,
    /// and is moved about with each request.
    async fn serve(&self, request: &Request<()>) -> Served {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let refusal = (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET,HEAD")]);
            return refusal.into_response().into();
        }
        let (uri, headers) = (request.uri(), request.headers());
        let path = uri.path().strip_prefix(BELOW).unwrap_or_default();
        // What is no UTF-8 is no path of ours either.
        let Ok(path) = percent_decode_str(path).decode_utf8() else {
            let site = State(Arc::clone(&self.site));
            return page::not_found(site, headers.clone()).await.into();
        };
        match self.queries.format_at(&path) {
            Some(format) => {
                let query = uri.query().unwrap_or_default();
                Box::pin(self.queries.serve(format, query, headers)).await
            }
            None => self.document(&path, uri.query(), headers).await,
        }
    }

    /// A document, or that it has not changed.
    async fn document(&self, path: &str, query: Option<&str>, headers: &HeaderMap) -> Served {
        let site = &*self.site;
        let Some(document) = site.shelf.get(path) else {
            let answer = Box::pin(astray::answer(site, path, query, headers));
            return answer.await.into();
        };
        let coding = coding::choose(headers, &document);
        let answer = Answer::of(site, path, &document);
        if let Some(not_modified) = answer.not_modified(headers, coding) {
            return not_modified;
        }
        if delta::is_wanted(headers)
            && let Some(delta) = Box::pin(self.delta(path, headers)).await
        {
            return delta;
        }
        if let Some(bytes) = site.shelf.at_hand(path, &document, coding) {
            return answer.whole(headers, coding, bytes);
        }
        match Box::pin(site.shelf.read(path, coding)).await {
            Ok((document, bytes)) => {
                Answer::of(site, path, &document).whole(headers, coding, bytes)
            }
            // Lost or damaged, and being made again.
            Err(_) => unready(site, headers).into(),
        }
    }

    /// What of a document is new to the client, if that can be told.
    async fn delta(&self, path: &str, headers: &HeaderMap) -> Option<Served> {
        let read = self.site.shelf.read(path, Coding::Identity).await;
        let (document, bytes) = read.ok()?;
        let answer = Answer::of(&self.site, path, &document);
        delta::answer(&answer, headers, &bytes).await
    }
}

/// The feed is about to be there.
pub(super) fn unready(site: &Site, headers: &HeaderMap) -> Response {
    let language = page::language(site, headers);
    let page = page::error(site, &language, StatusCode::SERVICE_UNAVAILABLE);
    ([(RETRY_AFTER, "30")], page).into_response()
}
