//! `wici subscribers remove|suppressed|suppress|unsuppress|erase`: who is not to be written to.

use jiff::tz::TimeZone;

use super::parse_address;
use crate::cli::access::{Access, unexpected};
use crate::cli::{Failure, output};
use crate::control::people::SuppressionSummary;
use crate::control::{Request, Response};

/// Entries asked for at a time.
const PAGE: usize = 1_000;

pub(super) async fn remove(access: &Access, address: &str) -> Result<(), Failure> {
    let address = parse_address(address)?;
    let shown = address.as_str().to_owned();
    access.ask(&Request::RemoveSubscriber { address }).await?;
    output::say(&format!("{shown} is unsubscribed."))
}

pub(super) async fn suppress(
    access: &Access,
    address: &str,
    note: Option<String>,
) -> Result<(), Failure> {
    let address = parse_address(address)?;
    let shown = address.as_str().to_owned();
    let request = Request::Suppress { address, note };
    let Response::Suppressed { is_new } = access.ask(&request).await? else {
        return Err(unexpected());
    };
    output::say(&if is_new {
        format!("{shown} is on the suppression list: nothing more goes there.")
    } else {
        format!("{shown} was on the suppression list already.")
    })
}

pub(super) async fn unsuppress(access: &Access, address: &str) -> Result<(), Failure> {
    let address = parse_address(address)?;
    let shown = address.as_str().to_owned();
    access.ask(&Request::Unsuppress { address }).await?;
    output::say(&format!("{shown} is no longer on the suppression list."))
}

pub(super) async fn erase(access: &Access, address: &str, for_good: bool) -> Result<(), Failure> {
    let address = parse_address(address)?;
    let shown = address.as_str().to_owned();
    let request = Request::Erase { address, for_good };
    let Response::Erased { suppressed } = access.ask(&request).await? else {
        return Err(unexpected());
    };
    output::say(&format!("{shown} and all that was known of it is erased."))?;
    if suppressed {
        output::say("A keyed hash stays on the suppression list, so that nothing brings it back.")?;
    }
    output::remark(
        "Not erased with it: letters in an outbox, backups of the state folder, the table it may have \
         been imported from, and, for a while, unused parts of the store's file.",
    );
    Ok(())
}

pub(super) async fn list(access: &Access, json: bool) -> Result<(), Failure> {
    let (mut after, mut before) = (None, "[\n");
    let mut is_first = true;
    loop {
        let request = Request::ListSuppressed { after, most: PAGE };
        let Response::SuppressedPage(page) = access.ask(&request).await? else {
            return Err(unexpected());
        };
        if json {
            for entry in &page.suppressions {
                output::write(&format!("{before}{}", serde_json::to_string(entry)?))?;
                before = ",\n";
            }
        } else if is_first && page.suppressions.is_empty() {
            return output::say("Nobody is on the suppression list.");
        } else if !page.suppressions.is_empty() {
            print(&page.suppressions, &access.config.site.zone)?;
        }
        is_first = false;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if json {
        output::say(if before == "[\n" { "[]" } else { "\n]" })?;
    }
    Ok(())
}

fn print(entries: &[SuppressionSummary], zone: &TimeZone) -> Result<(), Failure> {
    let rows = entries.iter().map(|entry| {
        [
            entry
                .address
                .clone()
                .unwrap_or_else(|| "(erased)".to_owned()),
            output::instant(entry.at, zone),
            entry.reason.to_string(),
            entry.note.clone().unwrap_or_default(),
        ]
    });
    output::table(["address", "since", "why", "note"], rows.collect())
}
