//! `wici status --readers`: how feed readers poll.

use std::path::Path;

use indicatif::DecimalBytes;

use super::access::{Access, unexpected};
use super::{Failure, output};
use crate::config::Site;
use crate::control::readers::{ReaderSummary, ReadersReport};
use crate::control::{Request, Response};

/// Asks and prints.
pub(super) async fn readers(file: &Path, json: bool) -> Result<(), Failure> {
    let access = Access::open(file).await?;
    let Response::Readers(report) = access.ask(&Request::Readers).await? else {
        return Err(unexpected());
    };
    if json {
        output::json(&report)
    } else {
        print(&report, &access.config.site)
    }
}

fn print(report: &ReadersReport, site: &Site) -> Result<(), Failure> {
    let since = output::instant(report.since, &site.zone);
    if report.readers.is_empty() {
        return output::say(&format!("Nobody has asked for a feed since {since}."));
    }
    let row = |reader: &ReaderSummary| {
        let saved = reader.bytes_saved;
        [
            reader.reader.clone(),
            reader.subscribers.map_or(String::new(), |n| n.to_string()),
            reader.polls.to_string(),
            format!("{} %", 100 * reader.conditional / reader.polls.max(1)),
            reader.not_modified.to_string(),
            reader.refused.to_string(),
            DecimalBytes(reader.bytes_sent).to_string(),
            DecimalBytes(saved).to_string(),
            output::instant(reader.last_seen, &site.zone),
        ]
    };
    output::say(&format!("How feeds were asked for since {since}:\n"))?;
    let head = [
        "reader",
        "subscribers",
        "polls",
        "conditional",
        "unchanged",
        "refused",
        "sent",
        "saved",
        "last seen",
    ];
    output::table(head, report.readers.iter().map(row).collect())
}
