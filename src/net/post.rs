//! Sends something to another server: once, and to no place but the one that was named.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::{Answer, NetError, Outgoing, failure, guard, without_credentials};

/// What to send.
#[derive(Debug, Clone)]
pub struct Post<'a> {
    /// http or https.
    pub url: &'a Url,
    /// May it be, or lead to, an address that is not public?
    pub allow_private: bool,
    /// The value of `Content-Type`.
    pub media_type: &'static str,
    /// More headers. Those whose value can be none are left out.
    pub headers: Vec<(&'static str, String)>,
    /// Shared, not copied.
    pub body: Bytes,
    /// For all of it, from the name to the head of the answer.
    pub patience: Duration,
}

impl Outgoing {
    /// Sends by POST, and returns the answer, whose body is not read. A redirect is an answer like any
    /// other: nothing is sent to where it leads.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn post(&self, post: Post<'_>) -> Result<Answer, NetError> {
        guard::check(post.url, post.allow_private)?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(post.media_type));
        for (name, value) in post.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        let url = without_credentials(post.url.clone());
        let request = self
            .client(post.allow_private)
            .post(url.clone())
            .headers(headers)
            .body(post.body)
            .timeout(post.patience);
        let mut response = request.send().await.map_err(failure)?;
        let headers = std::mem::take(response.headers_mut());
        let status = response.status().as_u16();
        Ok(Answer::new(status, url, None, headers, Vec::new()))
    }
}
