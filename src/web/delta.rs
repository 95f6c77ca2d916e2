//! Of a feed no more than what is new, for readers who have an earlier version of it and ask so
//! (RFC 3229, with the instance manipulation `feed`: entries stand for themselves).
//!
//! A delta comes from what is known of the version itself, and is not worked out from the number that
//! its tag begins with. The number tells which changes came since. It does not tell which older
//! entries were beyond the end of the feed then and have moved up, how entries read under another
//! configuration, or whether that number was given out by a store that a restored copy has taken the
//! place of: whoever applied such a delta might never see an entry again. Versions of feeds are in the
//! manifest. Those of queries are in memory, for to write them down would let anybody who asks fill
//! the disk. So a query that changed after a start or a reload, before anybody asked for it, is sent
//! whole once, as the RFC foresees where a server does not know a version, and deltas follow from then
//! on.

use axum::http::header::{CACHE_CONTROL, HeaderName, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use bytes::Bytes;

use super::answer::{Answer, Served, is_xml};
use super::coding;

/// RFC 3229 section 10.5: what the client takes, what was done, and which version it was done to.
const A_IM: HeaderName = HeaderName::from_static("a-im");
const IM: HeaderName = HeaderName::from_static("im");
const DELTA_BASE: HeaderName = HeaderName::from_static("delta-base");
const FEED: &str = "feed";

/// Does the client take deltas of a version that it has?
pub(super) fn is_wanted(request: &HeaderMap) -> bool {
    let lines = request.get_all(A_IM).iter();
    let mut wishes = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    request.contains_key(IF_NONE_MATCH) && wishes.any(is_feed)
}

/// `feed`, with any weight but 0.
fn is_feed(wish: &str) -> bool {
    let (name, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
    let weight = weight
        .trim()
        .split_once('=')
        .map(|(_, weight)| weight.trim());
    name.trim().eq_ignore_ascii_case(FEED) && weight.and_then(|w| w.parse().ok()) != Some(0.0)
}

/// 226 with what is new since the latest version that the client has; `bytes` are those of the
/// document. `None`: nothing is known of what it has, or it needs everything.
pub(super) async fn answer(
    answer: &Answer<'_>,
    request: &HeaderMap,
    bytes: &[u8],
) -> Option<Served> {
    let document = answer.document;
    if !is_xml(document) {
        return None;
    }
    let lines = request.get_all(IF_NONE_MATCH).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    let (base, delta) = document.lineage().delta(tags, bytes)?;
    // The tag says how the whole is coded.
    let coding = coding::choose(request, document);
    let delta = coding.encode(Bytes::from(delta)).await.ok()?;
    let mut served = answer.whole(request, coding, delta);
    let response = &mut served.response;
    *response.status_mut() = StatusCode::IM_USED;
    // Caches that do not know of deltas would take this for the feed (section 5.5).
    let cache = format!("no-store, im, max-age={}", answer.max_age());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::try_from(cache).ok()?);
    headers.insert(DELTA_BASE, HeaderValue::try_from(base).ok()?);
    headers.insert(IM, HeaderValue::from_static(FEED));
    let vary = HeaderValue::from_static("Accept-Encoding, A-IM, If-None-Match, Sec-Fetch-Dest");
    headers.insert(VARY, vary);
    Some(served)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_are_for_those_who_ask_and_have_something() {
        let wanted = |a_im: &'static str, tag: Option<&'static str>| {
            let mut request = HeaderMap::new();
            request.insert(A_IM, HeaderValue::from_static(a_im));
            let tag = tag.map(HeaderValue::from_static);
            request.extend(tag.map(|tag| (IF_NONE_MATCH, tag)));
            is_wanted(&request)
        };
        for a_im in ["feed", "vcdiff, Feed;q=0.5", "feed , gzip", "feed;q=high"] {
            assert!(wanted(a_im, Some("\"1-a\"")), "{a_im}");
            assert!(!wanted(a_im, None), "{a_im}");
        }
        for a_im in ["", "gzip", "feed;q=0", "feed; Q=0.000", "feeds", "\"feed\""] {
            assert!(!wanted(a_im, Some("\"1-a\"")), "{a_im}");
        }
    }
}
