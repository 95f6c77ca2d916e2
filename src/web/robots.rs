//! What programs ask a site for by convention: what they may look at, and its sign.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

use super::Site;

/// For a day.
const CACHE: (axum::http::HeaderName, &str) = (CACHE_CONTROL, "public, max-age=86400");

/// A letter on a sheet.
const SIGN: &str = concat!(
    r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">"##,
    r##"<rect width="32" height="32" rx="5" fill="#0b57b0"/>"##,
    r##"<path d="M6 9l5 14 5-12 5 12 5-14" fill="none" stroke="#fff" stroke-width="3.5" "##,
    r##"stroke-linecap="round" stroke-linejoin="round"/></svg>"##,
);

/// robots.txt (RFC 9309). Nothing that does something or is made to order is for programs that look
/// at everything.
pub(super) async fn robots(State(site): State<Arc<Site>>) -> impl IntoResponse {
    let url = &site.config.web.url;
    let base = url.path();
    let text = format!(
        "User-agent: *\n\
         Disallow: {base}unsubscribe/\n\
         Disallow: {base}hub\n\
         Disallow: {base}feeds/query\n\
         \n\
         Sitemap: {url}sitemap.xml\n"
    );
    ([CACHE, (CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}

/// The site's sign, also for those who ask for `favicon.ico` without looking.
pub(super) async fn favicon() -> impl IntoResponse {
    ([CACHE, (CONTENT_TYPE, "image/svg+xml")], SIGN)
}
