//! `wici publications`: what is published, and who got it.

use std::path::Path;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use super::access::{Access, unexpected};
use super::{Failure, output, runs};
use crate::control::publications::{
    ListPublications, PublicationDetail, PublicationSummary, RevisionSummary,
};
use crate::control::{Request, Response};
use crate::domain::Standing;

/// Publications asked for at a time.
const PAGE: usize = 1_000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List publications, newest first
    List(List),
    /// Show all that is known of one: dates, revisions, and who got it
    Show {
        /// Its id or path, or a part of either that no other has
        id: String,
        /// Name the subscribers too, at most 1,000
        #[arg(long)]
        subscribers: bool,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those with this tag: its id, label or alias
    #[arg(long)]
    tag: Option<String>,
    /// Only those that stand so: scheduled, live, withdrawn or expired
    #[arg(long, value_parser = standing)]
    standing: Option<Standing>,
    /// Only those of this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Leave out the first so many
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    skip: usize,
    /// How many to list
    #[arg(long, default_value_t = 20, value_name = "NUMBER")]
    most: usize,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

fn standing(word: &str) -> Result<Standing, String> {
    let known = Standing::ALL.iter().find(|(_, known)| *known == word);
    let (standing, _) = known.ok_or("write scheduled, live, withdrawn or expired")?;
    Ok(*standing)
}

pub(super) async fn carry_out(file: &Path, command: Command) -> Result<(), Failure> {
    let access = Access::open(file).await?;
    match command {
        Command::List(wanted) => list(&access, wanted).await,
        Command::Show {
            id,
            subscribers,
            json,
        } => {
            let name = id;
            let request = Request::ShowPublication { name, subscribers };
            let Response::Publication(detail) = access.ask(&request).await? else {
                return Err(unexpected());
            };
            if json {
                output::json(&detail)
            } else {
                show(&detail, &access.config.site.zone)
            }
        }
    }
}

async fn list(access: &Access, wanted: List) -> Result<(), Failure> {
    let mut all: Vec<PublicationSummary> = Vec::new();
    let matching = loop {
        let most = (wanted.most - all.len()).min(PAGE);
        let request = Request::ListPublications(ListPublications {
            tag: wanted.tag.clone(),
            standing: wanted.standing,
            source: wanted.source.clone(),
            skip: wanted.skip.saturating_add(all.len()),
            most,
        });
        let Response::Publications(page) = access.ask(&request).await? else {
            return Err(unexpected());
        };
        let is_last = page.publications.len() < most;
        all.extend(page.publications);
        if is_last || all.len() >= wanted.most {
            break page.matching;
        }
    };
    let beyond = matching.saturating_sub(wanted.skip.saturating_add(all.len()));
    if wanted.json {
        output::json(&all)?;
    } else if all.is_empty() {
        output::say("No publication is like that.")?;
    } else {
        print(&all, &access.config.site.zone)?;
    }
    if beyond > 0 {
        output::remark(&format!("{beyond} more; see `--most` and `--skip`."));
    }
    Ok(())
}

fn print(publications: &[PublicationSummary], zone: &TimeZone) -> Result<(), Failure> {
    let rows = publications.iter().map(|publication| {
        [
            output::instant(publication.published, zone),
            publication.standing.to_string(),
            publication.language.clone(),
            publication.title.clone(),
            publication.tags.join(", "),
            publication.path.clone(),
        ]
    });
    output::table(
        ["published", "standing", "language", "title", "tags", "path"],
        rows.collect(),
    )
}

fn show(detail: &PublicationDetail, zone: &TimeZone) -> Result<(), Failure> {
    let publication = &detail.publication;
    let at = |instant| output::instant(instant, zone);
    let archived = detail.archived.as_ref().map(|archived| {
        let latest = archived
            .latest
            .as_deref()
            .unwrap_or("no later version named");
        format!("yes: {latest}")
    });
    let released = detail.released.map(|released| {
        let news = if detail.news { "news" } else { "not news" };
        format!("{}, {news}", at(released))
    });
    let translations: Vec<String> = detail
        .translations
        .iter()
        .map(|other| format!("{}: {} ({})", other.language, other.title, other.id))
        .collect();
    let enclosures: Vec<&str> = detail.enclosures.iter().map(|e| e.url.as_str()).collect();
    let facts = [
        ("title", Some(publication.title.clone())),
        ("id", Some(publication.id.clone())),
        ("source", Some(publication.source.clone())),
        ("path", Some(publication.path.clone())),
        ("link", Some(publication.link.clone())),
        ("standing", Some(publication.standing.to_string())),
        ("language", Some(publication.language.clone())),
        ("translation of", detail.translation_of.clone()),
        ("translations", Some(translations.join("\n"))),
        ("tags", Some(publication.tags.join(", "))),
        ("authors", Some(detail.authors.join(", "))),
        ("published", Some(at(publication.published))),
        ("updated", Some(at(publication.updated))),
        ("expires", publication.expires.map(at)),
        ("first seen", Some(at(detail.first_seen))),
        ("released", released),
        ("change note", detail.change_note.clone()),
        ("archived", archived),
        ("image", detail.image.clone()),
        ("enclosures", Some(enclosures.join(" "))),
        ("summary", Some(detail.summary.clone())),
    ];
    let facts = facts.into_iter().filter_map(|(name, fact)| {
        let fact = fact.filter(|fact| !fact.is_empty())?;
        Some([name.to_owned(), fact])
    });
    output::table(["what", "is"], facts.collect())?;
    output::say("")?;
    let revisions = detail.revisions.iter().map(|r| revision(r, zone));
    output::table(
        ["revision", "number", "change", "when", "title", "note"],
        revisions.collect(),
    )?;
    mailed(detail, zone)
}

fn revision(revision: &RevisionSummary, zone: &TimeZone) -> [String; 6] {
    let change = revision.change.map(|kind| {
        let news = revision.news.unwrap_or_default();
        format!("{kind}{}", if news { ", news" } else { "" })
    });
    [
        revision.revision.to_string(),
        revision.sequence.map(|n| n.to_string()).unwrap_or_default(),
        change.unwrap_or_default(),
        revision
            .at
            .map(|at| output::instant(at, zone))
            .unwrap_or_default(),
        revision.title.clone(),
        revision.change_note.clone().unwrap_or_default(),
    ]
}

/// Who would get it yet.
fn to_come(detail: &PublicationDetail, zone: &TimeZone) -> Result<(), Failure> {
    if detail.to_come.is_empty() {
        return Ok(());
    }
    output::say("")?;
    let rows = detail.to_come.iter().map(|prospect| {
        [
            prospect.schedule.clone(),
            prospect.subscribers.to_string(),
            prospect.next.map_or_else(
                || "once approved".to_owned(),
                |at| output::instant(at, zone),
            ),
        ]
    });
    output::table(["schedule", "would get it", "when"], rows.collect())
}

fn mailed(detail: &PublicationDetail, zone: &TimeZone) -> Result<(), Failure> {
    to_come(detail, zone)?;
    if detail.mailed.is_empty() {
        return output::say(&match detail.hold {
            Some(hold) => {
                format!(
                    "\nIt is not mailed: it waits in hold {hold} (`wici holds approve {hold}`)."
                )
            }
            None => "\nIt was not mailed to anybody.".to_owned(),
        });
    }
    output::say("")?;
    let rows = detail.mailed.iter().map(|mailed| {
        [
            mailed.run.to_string(),
            mailed.schedule.clone(),
            output::instant(mailed.due, zone),
            runs::counts(&mailed.counts),
        ]
    });
    output::table(["run", "schedule", "due", "deliveries"], rows.collect())?;
    if detail.subscribers.is_empty() {
        return Ok(());
    }
    output::say("")?;
    let rows = detail.subscribers.iter().map(|receipt| {
        let removed = || "(removed)".to_owned();
        [
            receipt.run.to_string(),
            receipt.address.clone().unwrap_or_else(removed),
            receipt.revision.to_string(),
            runs::state(&receipt.state, zone),
        ]
    });
    output::table(["run", "to", "revision", "state"], rows.collect())
}
