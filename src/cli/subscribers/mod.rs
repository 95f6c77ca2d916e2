//! `wici subscribers`: who is subscribed, and to what.

mod errors;
mod export;
mod import;
mod list;
mod private;
mod records;
mod report;
mod suppression;
mod text;

use std::collections::BTreeSet;
use std::path::Path;

use clap::{ArgGroup, Args, Subcommand};
use jiff::tz::TimeZone;

use super::access::{Access, unexpected};
use super::{Failure, output, runs};
use crate::control::report::{SubscriberSummary, SubscriptionSummary};
use crate::control::request::{AddSubscriber, ChangeSubscriber};
use crate::control::subscribers::{MailedSummary, MailingSummary, WhyNot};
use crate::control::{Refusal, Request, Response};
use crate::domain::{Address, Language};
use list::{print, words};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Subscribe an address whose owner consented elsewhere
    Add(Add),
    /// List subscribers, those who unsubscribed among them
    List(list::List),
    /// Show one subscriber and what they were mailed
    Show {
        /// The subscriber's mail address
        address: String,
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Change what a subscriber gets, when, or in which language
    Change(Change),
    /// Mail a subscriber nothing until they resume
    Pause {
        /// The subscriber's mail address
        address: String,
    },
    /// End a pause: the next mail tells what came meanwhile
    Resume {
        /// The subscriber's mail address
        address: String,
    },
    /// Unsubscribe an address, as the link in its mails does; what is known of it is kept
    Remove {
        /// The subscriber's mail address
        address: String,
    },
    /// Subscribe everyone in a table (CSV), for whose consent you vouch
    Import(import::Import),
    /// Write everyone who may be written to into a table (CSV)
    Export(export::Export),
    /// List the addresses that are not to be written to, whoever asks for it
    Suppressed {
        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Put an address on that list
    Suppress {
        /// The mail address, subscribed or not
        address: String,
        /// Why, for whoever reads the list
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Take an address from that list: a subscriber is one again from now on
    Unsuppress {
        /// The mail address
        address: String,
    },
    /// Forget an address and all that is known of it
    ///
    /// Nothing more is mailed to it from this instant. For who had unsubscribed or was suppressed,
    /// a keyed hash stays on the suppression list, so that no import brings them back.
    Erase {
        /// The mail address
        address: String,
        /// Keep a keyed hash in any case: its owner is never to be written to again
        #[arg(long)]
        for_good: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The subscriber's mail address
    address: String,
    /// Mail publications that have this tag, or another given so; without tags: everything
    #[arg(long, value_name = "TAG")]
    any: Vec<String>,
    /// Mail only publications that have this tag too; may be given again
    #[arg(long, value_name = "TAG")]
    all: Vec<String>,
    /// Never mail publications that have this tag; may be given again
    #[arg(long, value_name = "TAG")]
    none: Vec<String>,
    /// Mail only publications in this language; may be given again
    #[arg(long, value_name = "LANGUAGE")]
    only: Vec<String>,
    /// When to mail: a schedule of the configuration, or `immediate` [default: the first one]
    #[arg(long, value_name = "NAME")]
    schedule: Option<String>,
    /// The language of the mails [default: the site's]
    #[arg(long)]
    language: Option<String>,
    /// Where the subscriber lives, as in Europe/Kyiv [default: the site's]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// You vouch that the person asked for this; needed
    #[arg(long, required = true)]
    confirmed: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(
    ["drop", "any", "all", "none", "only", "schedule", "language", "timezone"]
)))]
pub(super) struct Change {
    /// The subscriber's mail address
    address: String,
    /// Change this subscription alone, counted from 1 in the order of `subscribers show`
    #[arg(long, value_name = "NUMBER")]
    subscription: Option<usize>,
    /// Give the subscription up
    #[arg(long, requires = "subscription", conflicts_with_all = ["any", "all", "none", "only", "schedule"])]
    drop: bool,
    /// Mail what has one of these tags; an empty one: no such demand
    #[arg(long, value_name = "TAG")]
    any: Option<Vec<String>>,
    /// Mail only what has all of these tags; an empty one: no such demand
    #[arg(long, value_name = "TAG")]
    all: Option<Vec<String>>,
    /// Never mail what has one of these tags; an empty one: no such demand
    #[arg(long, value_name = "TAG")]
    none: Option<Vec<String>>,
    /// Mail only what is in one of these languages; an empty one: in every language
    #[arg(long, value_name = "LANGUAGE")]
    only: Option<Vec<String>>,
    /// When to mail: a schedule of the configuration, or `immediate`
    #[arg(long, value_name = "NAME")]
    schedule: Option<String>,
    /// The language of the mails
    #[arg(long)]
    language: Option<String>,
    /// Where the subscriber lives, as in Europe/Kyiv
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
}

pub(super) async fn carry_out(file: &Path, command: Command) -> Result<(), Failure> {
    let access = Access::open(file).await?;
    match command {
        Command::Add(add) => self::add(&access, add).await,
        Command::List(list) => list::list(&access, list).await,
        Command::Show { address, json } => show(&access, &address, json).await,
        Command::Change(change) => self::change(&access, change).await,
        Command::Pause { address } => {
            let address = parse_address(&address)?;
            changed(&access, &Request::PauseSubscriber { address }).await
        }
        Command::Resume { address } => {
            let address = parse_address(&address)?;
            changed(&access, &Request::ResumeSubscriber { address }).await
        }
        Command::Remove { address } => suppression::remove(&access, &address).await,
        Command::Import(import) => import::import(&access, import).await,
        Command::Export(export) => export::export(&access, export).await,
        Command::Suppressed { json } => suppression::list(&access, json).await,
        Command::Suppress { address, note } => suppression::suppress(&access, &address, note).await,
        Command::Unsuppress { address } => suppression::unsuppress(&access, &address).await,
        Command::Erase { address, for_good } => {
            suppression::erase(&access, &address, for_good).await
        }
    }
}

pub(super) fn parse_address(text: &str) -> Result<Address, Refusal> {
    Address::parse_pasted(text).map_err(|error| {
        let shown: String = text.chars().take(80).collect();
        Refusal(format!("`{shown}` is {error}"))
    })
}

fn parse_language(text: &str) -> Result<Language, Refusal> {
    Language::parse(text).map_err(|error| Refusal(error.to_string()))
}

async fn add(access: &Access, add: Add) -> Result<(), Failure> {
    let config = &access.config;
    let languages = add
        .only
        .iter()
        .map(|text| parse_language(text))
        .collect::<Result<_, _>>();
    let request = AddSubscriber {
        address: parse_address(&add.address)?,
        any: add.any,
        all: add.all,
        none: add.none,
        languages: languages?,
        schedule: add.schedule,
        language: add.language.as_deref().map(parse_language).transpose()?,
        timezone: add.timezone,
    };
    let Response::Added(subscriber) = access.ask(&Request::AddSubscriber(request)).await? else {
        return Err(unexpected());
    };
    output::say(&format!(
        "{} is subscribed to what is published from now on.",
        subscriber.address
    ))?;
    print(std::slice::from_ref(&subscriber), &config.site.zone)?;
    remark_on_unused_tags(access, &subscriber).await
}

async fn change(access: &Access, change: Change) -> Result<(), Failure> {
    let given = |texts: Option<Vec<String>>| {
        texts.map(|mut texts| {
            texts.retain(|text| !text.is_empty());
            texts
        })
    };
    let languages = given(change.only).map(|texts| {
        let parsed = texts.iter().map(|text| parse_language(text));
        parsed.collect::<Result<_, _>>()
    });
    let language = change.language.as_deref().map(parse_language);
    let request = ChangeSubscriber {
        address: parse_address(&change.address)?,
        subscription: change.subscription,
        drop: change.drop,
        any: given(change.any),
        all: given(change.all),
        none: given(change.none),
        languages: languages.transpose()?,
        schedule: change.schedule,
        language: language.transpose()?,
        timezone: change.timezone,
    };
    changed(access, &Request::ChangeSubscriber(request)).await
}

/// Asks for a change, and shows how the subscriber stands after it.
async fn changed(access: &Access, request: &Request) -> Result<(), Failure> {
    let Response::Changed(subscriber) = access.ask(request).await? else {
        return Err(unexpected());
    };
    print(std::slice::from_ref(&subscriber), &access.config.site.zone)
}

/// Tags need no entry anywhere, so one that was mistyped is no error; yet nobody would ever be
/// mailed for it.
async fn remark_on_unused_tags(
    access: &Access,
    subscriber: &SubscriberSummary,
) -> Result<(), Failure> {
    let Response::Status(status) = access.ask(&Request::Status).await? else {
        return Err(unexpected());
    };
    let known: Vec<&str> = status.tags.iter().map(|tag| tag.id.as_str()).collect();
    let asked = |s: &SubscriptionSummary| [s.any.clone(), s.all.clone(), s.none.clone()].concat();
    let asked: BTreeSet<String> = subscriber.subscriptions.iter().flat_map(asked).collect();
    for tag in asked.iter().filter(|tag| !known.contains(&tag.as_str())) {
        output::remark(&format!(
            "No publication has the tag `{tag}` yet; there are: {}.",
            known.join(", ")
        ));
    }
    Ok(())
}

async fn show(access: &Access, address: &str, json: bool) -> Result<(), Failure> {
    let address = parse_address(address)?;
    let Response::Subscriber(detail) = access.ask(&Request::ShowSubscriber { address }).await?
    else {
        return Err(unexpected());
    };
    if json {
        output::json(&detail)?;
        return Ok(());
    }
    let zone = &access.config.site.zone;
    print(std::slice::from_ref(&detail.subscriber), zone)?;
    output::say(&format!(
        "Consent since {}.",
        output::instant(detail.consent_at, zone)
    ))?;
    if detail.deliveries.is_empty() {
        output::say("Nothing was mailed yet.")?;
    } else {
        output::say("")?;
        print_mailings(&detail.deliveries, zone)?;
    }
    if detail.not_mailed.is_empty() {
        return Ok(());
    }
    output::say("")?;
    let not_mailed = detail.not_mailed.iter();
    let rows = not_mailed.map(|news| [news.title.clone(), why_not(&news.why)]);
    output::table(["latest news, not mailed", "because"], rows.collect())
}

/// One line for each publication of each mail.
fn print_mailings(mailings: &[MailingSummary], zone: &TimeZone) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for mailing in mailings {
        let delivery = &mailing.delivery;
        let mut head = [
            delivery.run.to_string(),
            output::instant(mailing.date, zone),
            runs::state(&delivery.state, zone),
            delivery.reply.clone().unwrap_or_default(),
        ];
        let rest = delivery.items.saturating_sub(mailing.publications.len());
        let more = (rest > 0).then(|| [format!("and {rest} more"), String::new()]);
        for [title, because] in mailing.publications.iter().map(mailed).chain(more) {
            let [run, date, state, reply] = std::mem::take(&mut head);
            rows.push([run, date, state, title, because, reply]);
        }
    }
    output::table(
        [
            "run",
            "date",
            "state",
            "publication",
            "because",
            "server's answer",
        ],
        rows,
    )
}

/// A publication in a mail, and what let it through.
fn mailed(publication: &MailedSummary) -> [String; 2] {
    let mark = if publication.correction {
        " (corrected)"
    } else {
        ""
    };
    let because = publication.because.as_ref().map(words);
    [
        format!("{}{mark}", publication.title),
        because.unwrap_or_else(|| "a former subscription".to_owned()),
    ]
}

fn why_not(why: &WhyNot) -> String {
    match why {
        WhyNot::Waits { schedule } => format!("waits for the next run of {schedule}"),
        WhyNot::Translation { run } => format!("had a translation, with run {run}"),
        WhyNot::Gone { standing } => format!("is {standing}"),
        WhyNot::Unsubscribed => "not subscribed any more".to_owned(),
        WhyNot::Paused => "paused: comes once they resume".to_owned(),
        WhyNot::Suppressed => "suppressed".to_owned(),
        WhyNot::Unconfirmed => "not confirmed".to_owned(),
        WhyNot::Older => "older than the subscription".to_owned(),
        WhyNot::Filter => "no subscription asks for it".to_owned(),
        WhyNot::Past => "did not ask for it when it was mailed".to_owned(),
    }
}
