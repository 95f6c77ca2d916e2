//! Outgoing HTTP that can't reach private addresses.
//!
//! Whoever names a URL (an upstream, by redirecting; a hub, by what it calls back) could otherwise
//! let the daemon ask for things inside the network that it stands in. Names are resolved by a
//! resolver that hands out public addresses alone ([`guard`]), and what it hands out is what is
//! connected to, so that a name can't mean another address a moment later. Redirects are followed
//! here, each hop checked like the first. No proxy, no cookies, no credentials.

mod answer;
mod guard;
mod post;
pub mod tls;

use std::error::Error;
use std::time::Duration;

use anyhow::Context;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION};
use reqwest::{Client, Response, StatusCode, redirect};
use url::Url;

pub use answer::Answer;
use guard::{Private, PublicOnly};
pub use post::Post;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// For everything: all hops, head and body.
const TOTAL: Duration = Duration::from_secs(60);
/// The most hops after the first request.
const REDIRECTS: usize = 5;
/// The most headers of an answer.
const HEADERS: usize = 100;

/// Asks other servers. Made once; clones would share nothing worth it.
#[derive(Debug)]
pub struct Outgoing {
    public: Client,
    anywhere: Client,
}

/// What to ask for.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// http or https.
    pub url: &'a Url,
    /// May it be, or lead to, an address that is not public?
    pub allow_private: bool,
    /// Media types, as in the header `Accept`.
    pub accept: &'static str,
    /// The `ETag` of the last answer: asks for another one alone (RFC 9110, section 13.1.2).
    pub etag: Option<&'a str>,
    /// The `Last-Modified` of the last answer, likewise (section 13.1.3).
    pub last_modified: Option<&'a str>,
    /// The most bytes of a body, counted after decompression.
    pub most: usize,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// It is not public, and only public addresses are allowed.
    #[error("{0} is a private address")]
    Private(String),
    /// Neither http nor https.
    #[error("{0}: is not asked for, only http: and https: are")]
    Scheme(String),
    /// A redirect without a `Location` that could be followed.
    #[error("it redirects to no address that could be read")]
    Nowhere,
    /// Redirects that may never end.
    #[error("it redirects more than {REDIRECTS} times")]
    Redirects,
    /// The body is larger than was allowed, in bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// Not within a minute.
    #[error("no whole answer within {} s", TOTAL.as_secs())]
    TooSlow,
    /// Whatever else happens between machines.
    #[error("{0}")]
    Failed(String),
}

impl Outgoing {
    /// `agent` says who asks, as in the header `User-Agent`.
    ///
    /// # Errors
    /// TLS or the client can't be set up.
    pub fn new(agent: &str) -> anyhow::Result<Outgoing> {
        let tls = tls::client_config(tls::trusted(&[])?)?;
        let builder = || {
            Client::builder()
                .user_agent(agent)
                .tls_backend_preconfigured(tls.clone())
                .redirect(redirect::Policy::none())
                .no_proxy()
                .http1_only()
                .http1_max_headers(HEADERS)
                .connect_timeout(CONNECT)
                // A connection kept is an address that was checked long ago.
                .pool_max_idle_per_host(0)
        };
        let cannot = "outgoing HTTP can't be set up";
        Ok(Outgoing {
            public: builder().dns_resolver(PublicOnly).build().context(cannot)?,
            anywhere: builder().build().context(cannot)?,
        })
    }

    /// Asks by GET, and follows redirects.
    ///
    /// # Errors
    /// There was no whole answer. An answer that says no is one, too.
    pub async fn get(&self, ask: &Ask<'_>) -> Result<Answer, NetError> {
        tokio::time::timeout(TOTAL, self.follow(ask))
            .await
            .unwrap_or(Err(NetError::TooSlow))
    }

    /// Asks by GET at this place alone: a redirect is an answer like any other.
    ///
    /// # Errors
    /// As [`Outgoing::get`].
    pub async fn get_there(&self, ask: &Ask<'_>) -> Result<Answer, NetError> {
        let once = async {
            guard::check(ask.url, ask.allow_private)?;
            let url = without_credentials(ask.url.clone());
            let client = self.client(ask.allow_private);
            let request = client.get(url.clone()).headers(headers(ask));
            let response = request.send().await.map_err(failure)?;
            read(response, url, None, ask.most).await
        };
        tokio::time::timeout(TOTAL, once)
            .await
            .unwrap_or(Err(NetError::TooSlow))
    }

    fn client(&self, allow_private: bool) -> &Client {
        match allow_private {
            true => &self.anywhere,
            false => &self.public,
        }
    }

    async fn follow(&self, ask: &Ask<'_>) -> Result<Answer, NetError> {
        let client = self.client(ask.allow_private);
        let headers = headers(ask);
        let mut url = without_credentials(ask.url.clone());
        let mut moved_to = None;
        let mut for_good = true;
        for _ in 0..=REDIRECTS {
            guard::check(&url, ask.allow_private)?;
            let request = client.get(url.clone()).headers(headers.clone());
            let response = request.send().await.map_err(failure)?;
            let status = response.status();
            if !is_redirect(status) {
                return read(response, url, moved_to, ask.most).await;
            }
            url = target(&url, &response)?;
            // Where the first temporary step leads is not where the thing is from now on.
            for_good &= matches!(status.as_u16(), 301 | 308);
            if for_good {
                moved_to = Some(url.clone());
            }
        }
        Err(NetError::Redirects)
    }
}

fn headers(ask: &Ask<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(ask.accept));
    for (name, value) in [
        (IF_NONE_MATCH, ask.etag),
        (IF_MODIFIED_SINCE, ask.last_modified),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn target(from: &Url, response: &Response) -> Result<Url, NetError> {
    let location = response.headers().get(LOCATION);
    location
        .and_then(|location| std::str::from_utf8(location.as_bytes()).ok())
        .and_then(|location| from.join(location).ok())
        .map(without_credentials)
        .ok_or(NetError::Nowhere)
}

/// Nobody is let in by what a redirect says, and no log shows what a URL had for a secret.
fn without_credentials(mut url: Url) -> Url {
    // Only a URL that can't have a user refuses to lose one, and that is not asked for.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    url
}

/// A URL for people: without its query, which may hold a secret.
pub fn shown(url: &Url) -> String {
    let mut shown = without_credentials(url.clone());
    if shown.query().is_some() {
        shown.set_query(Some("…"));
        return shown.as_str().replace("%E2%80%A6", "…");
    }
    shown.into()
}

async fn read(
    mut response: Response,
    url: Url,
    moved_to: Option<Url>,
    most: usize,
) -> Result<Answer, NetError> {
    let mut body = Vec::new();
    // What comes with a refusal is a page for people.
    if response.status().is_success() {
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > most {
                return Err(NetError::TooLarge(most));
            }
            body.extend_from_slice(&chunk);
        }
    }
    Ok(Answer::new(
        response.status().as_u16(),
        url,
        moved_to,
        std::mem::take(response.headers_mut()),
        body,
    ))
}

/// Could this be asked, as far as its text tells?
///
/// # Errors
/// It is neither http nor https, or an address that is not public.
pub fn check(url: &Url, allow_private: bool) -> Result<(), NetError> {
    guard::check(url, allow_private)
}

/// The words of every cause, the URL left out.
fn failure(error: reqwest::Error) -> NetError {
    if error.is_timeout() {
        return NetError::TooSlow;
    }
    let error = error.without_url();
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(Private(what)) = error.downcast_ref() {
            return NetError::Private(what.clone());
        }
        let more = error.to_string();
        if !words.iter().any(|said| said.contains(&more)) {
            words.push(more);
        }
        cause = error.source();
    }
    NetError::Failed(words.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_a_url_is_shown() {
        let url = |text: &str| Url::parse(text).expect("a URL");
        assert_eq!(
            shown(&url("https://me:secret@news.example/feed?key=secret#top")),
            "https://news.example/feed?…"
        );
        assert_eq!(
            shown(&url("https://news.example/ż")),
            "https://news.example/%C5%BC"
        );
    }
}
