//! What a server answered, and when it wants to be asked again.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use url::Url;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code of the last hop.
    pub status: u16,
    /// Where the answer came from.
    pub url: Url,
    /// Where permanent redirects alone lead to (301, 308; RFC 9110, section 15.4).
    pub moved_to: Option<Url>,
    /// The body, decompressed; empty unless the status is 2xx, and after POST.
    pub body: Vec<u8>,
    headers: HeaderMap,
}

impl Answer {
    pub(super) fn new(
        status: u16,
        url: Url,
        moved_to: Option<Url>,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Answer {
        Answer {
            status,
            url,
            moved_to,
            body,
            headers,
        }
    }

    /// The first header of a name, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `Retry-After`, as seconds or as a date (RFC 9110, section 10.2.3); never negative.
    pub fn retry_after(&self, now: Timestamp) -> Option<SignedDuration> {
        let text = self.header("retry-after")?.trim();
        if let Some(seconds) = seconds(text) {
            return Some(seconds);
        }
        // An HTTP date (section 5.6.7) is one of RFC 2822 with `GMT` for its zone.
        let at = jiff::fmt::rfc2822::DateTimeParser::new()
            .relaxed_weekday(true)
            .parse_timestamp(text)
            .ok()?;
        Some(at.duration_since(now).max(SignedDuration::ZERO))
    }

    /// How long who has too much to do (429, 503) asks to be left in peace; zero: nothing is said.
    pub fn wants_rest(&self, now: Timestamp) -> SignedDuration {
        let wait = self
            .retry_after(now)
            .filter(|_| matches!(self.status, 429 | 503));
        wait.unwrap_or_default()
    }

    /// `max-age` of `Cache-Control` (RFC 9111, section 5.2.2.1): it is good for so long.
    pub fn max_age(&self) -> Option<SignedDuration> {
        let directives = self.header("cache-control")?.split(',');
        directives
            .filter_map(|directive| directive.trim().split_once('='))
            .find(|(name, _)| name.eq_ignore_ascii_case("max-age"))
            .and_then(|(_, value)| seconds(value.trim().trim_matches('"')))
    }
}

/// Digits alone; more than fit are for ever.
fn seconds(text: &str) -> Option<SignedDuration> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| SignedDuration::from_secs(text.parse().unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    type Tested = Result<(), Box<dyn std::error::Error>>;

    fn with(name: &'static str, value: &'static str) -> Result<Answer, url::ParseError> {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
        let url = Url::parse("https://news.example/")?;
        Ok(Answer::new(503, url, None, headers, Vec::new()))
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() -> Tested {
        let now: Timestamp = "2026-11-24T08:00:00Z".parse()?;
        let cases = [
            ("120", Some(120)),
            ("Tue, 24 Nov 2026 08:05:00 GMT", Some(300)),
            ("Tue, 24 Nov 2026 07:00:00 GMT", Some(0)),
            ("99999999999999999999", Some(i64::MAX)),
            ("-5", None),
            ("soon", None),
        ];
        for (text, expected) in cases {
            let wait = with("retry-after", text)?.retry_after(now);
            assert_eq!(wait, expected.map(SignedDuration::from_secs), "{text}");
        }
        Ok(())
    }

    #[test]
    fn max_age_is_found_among_other_directives() -> Tested {
        for (text, expected) in [
            ("public, Max-Age=600", Some(600)),
            ("max-age=\"60\"", Some(60)),
            ("no-cache", None),
            ("s-maxage=5", None),
        ] {
            let age = with("cache-control", text)?.max_age();
            assert_eq!(age, expected.map(SignedDuration::from_secs), "{text}");
        }
        Ok(())
    }
}
