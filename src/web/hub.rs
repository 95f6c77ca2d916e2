//! `/hub`: who asks to be pushed a feed (W3C Recommendation WebSub, section 5.1). What is asked is
//! written down nowhere before the callback has said that it asked for it.

mod intents;

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use url::Url;

use super::{Site, astray};
use crate::config::Config;
use crate::feed::Format;
use crate::net;
use crate::render::feeds_url;
pub use intents::{Intent, Intents, Mode, Refused};

/// Bytes of a callback at the most, and of a secret (section 5.1).
const CALLBACK_BYTES: usize = 2_000;
const SECRET_BYTES: usize = 199;
/// No lease is shorter.
const LEAST_LEASE: SignedDuration = SignedDuration::from_mins(1);

/// What was asked cannot be done: the status, and the reason in plain text.
type Fault = (StatusCode, String);

/// 202: the callback is going to be asked.
pub(super) async fn request(
    State(site): State<Arc<Site>>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let fields = match form {
        Ok(Form(fields)) => fields,
        Err(rejection) => return (rejection.status(), rejection.body_text()).into_response(),
    };
    let field = |name: &str| {
        let mut fields = fields.iter();
        fields
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.trim())
    };
    let mode = match field("hub.mode") {
        Some("subscribe") => Mode::Subscribe,
        Some("unsubscribe") => Mode::Unsubscribe,
        Some("publish") => return published(&site, &fields),
        _ => return bad("hub.mode is subscribe, unsubscribe or publish").into_response(),
    };
    let intent = match intent(&site, mode, field).await {
        Ok(intent) => intent,
        Err(fault) => return fault.into_response(),
    };
    match site.intents.add(intent, (site.clock)()) {
        Ok(()) => (StatusCode::ACCEPTED, "the callback is going to be asked\n").into_response(),
        Err(refused) => {
            let (status, reason, wait) = match refused {
                Refused::TooOften(wait) => (
                    StatusCode::TOO_MANY_REQUESTS,
                    "too many requests for that host; ask again later\n",
                    wait.as_secs().max(1),
                ),
                Refused::Busy => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too many requests are waiting; ask again later\n",
                    60,
                ),
            };
            (status, [(RETRY_AFTER, wait.to_string())], reason).into_response()
        }
    }
}

/// A publisher may tell the hub of changes (section 6 leaves the way open). This one knows of its own
/// already, and has no others.
fn published(site: &Site, fields: &[(String, String)]) -> Response {
    let mut named = fields
        .iter()
        .filter(|(key, _)| matches!(key.as_str(), "hub.url" | "hub.topic"));
    let is_ours = |url| path(&site.config, url).is_some_and(|path| site.shelf.get(&path).is_some());
    match named.all(|(_, url)| is_ours(url)) {
        true => StatusCode::NO_CONTENT.into_response(),
        false => no_topic().into_response(),
    }
}

async fn intent<'f>(
    site: &Site,
    mode: Mode,
    field: impl Fn(&str) -> Option<&'f str>,
) -> Result<Intent, Fault> {
    let websub = &site.config.websub;
    let callback = field("hub.callback").ok_or_else(|| bad("hub.callback is missing"))?;
    let callback = callback_url(callback)?;
    net::check(&callback, websub.allow_private).map_err(|error| bad(&error.to_string()))?;
    let topic_url = field("hub.topic").ok_or_else(|| bad("hub.topic is missing"))?;
    let secret = field("hub.secret").filter(|secret| !secret.is_empty());
    if secret.is_some_and(|secret| secret.len() > SECRET_BYTES) {
        return Err(bad("hub.secret is to be less than 200 bytes"));
    }
    let lease = match field("hub.lease_seconds") {
        None | Some("") => websub.lease,
        Some(text) => {
            let seconds = text.parse::<u64>();
            let seconds = seconds.map_err(|_| bad("hub.lease_seconds is to be a whole number"))?;
            SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
        }
    };
    Ok(Intent {
        mode,
        topic: topic(site, mode, topic_url).await?,
        topic_url: topic_url.to_owned(),
        callback,
        secret: secret.map(str::to_owned),
        lease: lease.clamp(LEAST_LEASE, websub.max_lease),
    })
}

fn callback_url(text: &str) -> Result<Url, Fault> {
    if text.len() > CALLBACK_BYTES {
        return Err(bad("hub.callback is too long"));
    }
    let mut url =
        Url::parse(text).map_err(|_| bad("hub.callback is to be an http or https URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("hub.callback is to name no user"));
    }
    url.set_fragment(None);
    Ok(url)
}

/// The path of the feed at a public address, or of the one that has taken its place: whoever asked by
/// that address goes on so, until discovery leads elsewhere. Who wants to leave may do so though the
/// feed was withdrawn.
async fn topic(site: &Site, mode: Mode, url: &str) -> Result<String, Fault> {
    let path = path(&site.config, url).ok_or_else(no_topic)?;
    let is_there = |path: &String| site.shelf.get(path).is_some();
    if is_there(&path) {
        return Ok(path);
    }
    match astray::present(site, &path).await {
        Ok(present) => {
            let left = (mode == Mode::Unsubscribe).then_some(path);
            present.filter(is_there).or(left).ok_or_else(no_topic)
        }
        Err(error) => {
            tracing::error!("can't look for the feed that was meant: {error}");
            Err((StatusCode::INTERNAL_SERVER_ERROR, String::new()))
        }
    }
}

/// The path that a public address has among the feeds, if it may be that of a topic. What feeds held
/// long ago does not change: archives are none.
fn path(config: &Config, url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let path = url.as_str().strip_prefix(&feeds_url(config))?;
    is_topic(path).then(|| path.to_owned())
}

/// Is the document at a path a feed that is pushed?
pub fn is_topic(path: &str) -> bool {
    let is_feed = path
        .rsplit_once('.')
        .is_some_and(|(_, extension)| extension.parse::<Format>().is_ok());
    is_feed && !is_archived(path)
}

/// Is the document at a path a page of an archive?
pub(super) fn is_archived(path: &str) -> bool {
    path.rsplit('/').nth(1) == Some("archive")
}

/// The value of `Link` that leads from the document at a path to itself, and from a feed that is
/// pushed to its hub (section 4).
pub fn links(config: &Config, path: &str) -> String {
    let base = config.web.url.as_str();
    match config.hub().filter(|_| is_topic(path)) {
        Some(hub) => [
            "<",
            base,
            "feeds/",
            path,
            ">; rel=\"self\", <",
            &hub,
            ">; rel=\"hub\"",
        ]
        .concat(),
        None => ["<", base, "feeds/", path, ">; rel=\"self\""].concat(),
    }
}

fn bad(reason: &str) -> Fault {
    (StatusCode::BAD_REQUEST, format!("{reason}\n"))
}

fn no_topic() -> Fault {
    (
        StatusCode::NOT_FOUND,
        "hub.topic is no feed of this site\n".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;
    use crate::config::tests::SITE;

    #[test]
    fn pages_of_archives_are_known_by_their_folder() {
        for path in ["archive/1.atom", "tag/prawo/archive/12.atom"] {
            assert!(is_archived(path) && !is_topic(path), "{path}");
        }
        for path in ["all.atom", "tag/archive.atom", "pl/tag/archive.rss"] {
            assert!(!is_archived(path) && is_topic(path), "{path}");
        }
    }

    #[test]
    fn only_what_is_pushed_leads_to_a_hub() {
        let root = Path::new(".");
        let config = config::parse(SITE, root, root).expect("a site");
        for (path, is_pushed) in [
            ("all.atom", true),
            ("pl/tag/prawo.json", true),
            ("tag/archive.rss", true),
            ("query.atom?any=prawo", false),
            ("feed.css", false),
            ("index.opml", false),
            ("pl/index.opml", false),
            ("archive/1.atom", false),
            ("tag/archive/archive/1.atom", false),
        ] {
            let links = links(&config, path);
            assert!(
                links.contains(&format!("feeds/{path}>; rel=\"self\"")),
                "{links}"
            );
            assert_eq!(links.contains("rel=\"hub\""), is_pushed, "{links}");
        }
    }
}
