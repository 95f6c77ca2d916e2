//! `[websub]`: how readers are told of changes without asking (W3C Recommendation WebSub).

use jiff::SignedDuration;
use url::Url;

use super::raw::Table;
use super::report::Fault;
use super::value::{self, duration, one_of};
use crate::domain::websub::Signature;

/// `[websub]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSub {
    /// Who pushes.
    pub hub: Hub,
    /// May callbacks, and another's hub, be or lead to addresses that are not public?
    pub allow_private: bool,
    /// How long a subscription holds that asks for no time.
    pub lease: SignedDuration,
    /// How long one holds at the most.
    pub max_lease: SignedDuration,
    /// How pushes are signed.
    pub signature: Signature,
    /// Subscriptions at the most, and to callbacks on one host.
    pub most: u64,
    /// To callbacks on one host.
    pub most_per_host: u64,
}

/// Who pushes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hub {
    /// This daemon, at `/hub`.
    Own,
    /// Another's, which is told of each change.
    Other(Url),
    /// Nobody.
    None,
}

pub(super) fn websub(table: &Table<'_>) -> Option<WebSub> {
    let hub = table.optional("hub", "own", hub);
    let allow_private = table.flag("allow_private");
    let lease = table.optional("lease", "10d", duration("1m", "366d"));
    let max_lease = table.optional("max_lease", "30d", duration("1m", "366d"));
    let signature = table.optional(
        "signature",
        "sha256",
        one_of(&[
            ("sha256", Signature::Sha256),
            ("sha384", Signature::Sha384),
            ("sha512", Signature::Sha512),
        ]),
    );
    let most = table.whole("max_subscriptions", 200_000, [1, 10_000_000]);
    let most_per_host = table.whole("max_per_host", 20_000, [1, 10_000_000]);
    let (lease, max_lease) = (lease?, max_lease?);
    if max_lease < lease {
        let fault = Fault::new(
            "expected no less than `lease`",
            "let a subscription hold at least as long as one that asks for no time",
        );
        table.complain("max_lease", fault);
        return None;
    }
    Some(WebSub {
        hub: hub?,
        allow_private: allow_private?,
        lease,
        max_lease,
        signature: signature?,
        most: most? as u64,
        most_per_host: most_per_host? as u64,
    })
}

fn hub(text: &str) -> Result<Hub, Fault> {
    match text {
        "own" => Ok(Hub::Own),
        "none" => Ok(Hub::None),
        _ => value::feed_url(text).map(Hub::Other).map_err(|_| {
            // A URL may hold a password, so it is not repeated.
            Fault::new(
                "expected own, none or the URL of a hub, without a user",
                "write \"own\", or the address in full, as in \"https://hub.example/\"",
            )
        }),
    }
}
