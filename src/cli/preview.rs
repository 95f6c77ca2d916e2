//! `wici preview`: a letter as it would go out now.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::tz::TimeZone;
use mail_parser::{Message, MessageParser};

use super::access::{Access, unexpected};
use super::subscribers::parse_address;
use super::{Failure, output};
use crate::control::preview::{Nothing, Preview};
use crate::control::{Request, Response};
use crate::domain::SubscriberStatus;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What this schedule would mail, or `immediate` [default: the subscriber's, or the first one]
    #[arg(long, value_name = "NAME")]
    schedule: Option<String>,
    /// As this subscriber would get it [default: as one who asked for everything]
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// Write the HTML part to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) async fn preview(file: &Path, arguments: Arguments) -> Result<(), Failure> {
    let access = Access::open(file).await?;
    let to = arguments.to.as_deref().map(parse_address).transpose()?;
    let schedule = arguments.schedule;
    let answer = access.ask(&Request::Preview { schedule, to }).await?;
    let Response::Preview(preview) = answer else {
        return Err(unexpected());
    };
    let letter = match &preview.letter {
        Ok(letter) => letter,
        Err(why) => return output::say(&excuse(&preview, why, &access.config.site.zone)),
    };
    let message = MessageParser::default().parse(letter.as_bytes());
    let message = message.context("the letter that was made is no message")?;
    for (name, value) in headers(&message) {
        output::say(&format!("{name}: {value}"))?;
    }
    let text = message.body_text(0).unwrap_or_default();
    output::say(&format!("\n{}", text.trim_end()))?;
    if let Some(file) = &arguments.html {
        let html = message.body_html(0).unwrap_or_default();
        fs::write(file, html.as_bytes())
            .with_context(|| format!("can't write {}", file.display()))?;
        output::remark(&format!("The HTML part is in {}.", file.display()));
    }
    Ok(())
}

/// As people read them: unfolded, in words, without those of the message's making.
fn headers(message: &Message<'_>) -> Vec<(String, String)> {
    let raw = message.headers_raw();
    let plain = raw.filter(|(name, _)| !matches!(*name, "MIME-Version" | "Content-Type"));
    let read = plain.map(|(name, raw)| {
        let address = message.header(name).and_then(|header| header.as_address());
        let sender = address.and_then(|address| address.first());
        let value = match (name, sender) {
            ("Subject", _) => message.subject().unwrap_or_default().to_owned(),
            (_, Some(sender)) => match (&sender.name, &sender.address) {
                (Some(name), Some(address)) => format!("{name} <{address}>"),
                _ => one_line(raw),
            },
            _ => one_line(raw),
        };
        (name.to_owned(), value)
    });
    read.collect()
}

fn one_line(raw: &str) -> String {
    raw.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Why there is nothing to show.
fn excuse(preview: &Preview, why: &Nothing, zone: &TimeZone) -> String {
    let when = |at| output::day_and_time(at, zone);
    let who = preview.to.as_deref().unwrap_or("a subscriber");
    match why {
        Nothing::New { since } => {
            format!("Nothing to mail: nothing new since {}.", when(*since))
        }
        Nothing::ForThem { since, new } => format!(
            "Nothing for {who}: of {} new since {} none passes their filters, or they had it already.",
            output::number(*new as u64, "publication"),
            when(*since)
        ),
        Nothing::NotWritten(SubscriberStatus::Unsubscribed(at)) => {
            format!("Nothing for {who}: unsubscribed since {}.", when(*at))
        }
        Nothing::NotWritten(SubscriberStatus::Paused(at)) => {
            format!("Nothing for {who}: paused since {}.", when(*at))
        }
        Nothing::NotWritten(SubscriberStatus::Suppressed(at)) => {
            format!("Nothing for {who}: suppressed since {}.", when(*at))
        }
        Nothing::NotWritten(SubscriberStatus::Unconfirmed) => {
            format!("Nothing for {who}: the address is not confirmed yet.")
        }
        Nothing::NotWritten(SubscriberStatus::Active) => format!("Nothing for {who}."),
    }
}
