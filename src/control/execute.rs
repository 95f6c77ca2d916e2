//! Carries a request out.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::report::{
    Publications, RunSummary, SourceStatus, StatusReport, SubscriberSummary, TagStatus, Trouble,
    UpstreamStatus, WebSubStatus,
};
use super::request::AddSubscriber;
use super::{Desk, Refusal, Request, Response};
use super::{
    holds, people, preferences, preview, publications, roll, runs, schedules, send, subscribers,
    tags, trial,
};
use crate::domain::{
    Address, Basis, Cadence, Counts, Filter, HoldKey, IMMEDIATE, NewSubscription, RunKey, TagId,
};
use crate::store::StoreError;

const LATEST_RUNS: usize = 5;

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        Refusal(error.to_string())
    }
}

/// Carries a request out. `running` tells whether a daemon does it.
///
/// # Errors
/// What the person who asked should read.
pub async fn execute(
    desk: &Desk,
    request: Request,
    running: bool,
    now: Timestamp,
) -> Result<Response, Refusal> {
    match request {
        Request::Status => status(desk, running, now).await.map(Response::Status),
        Request::Readers => match &desk.readers {
            Some(readers) => Ok(Response::Readers(readers.report())),
            None => Err(Refusal(
                "the daemon does not run: it counts how readers poll while it does".to_owned(),
            )),
        },
        Request::Orphans { names } => {
            let mut orphans = desk.store.orphans(&names).await?;
            orphans.extend(desk.store.gone_sources(&names).await?);
            Ok(Response::Orphans(orphans))
        }
        Request::AddSubscriber(add) => add_subscriber(desk, add, now).await.map(Response::Added),
        Request::ListSubscribers { after, most, which } => people::list(desk, after, most, which)
            .await
            .map(Response::Subscribers),
        Request::ShowSubscriber { address } => subscribers::show(desk, &address)
            .await
            .map(Response::Subscriber),
        Request::RemoveSubscriber { address } => people::remove(desk, &address, now).await,
        Request::ImportSubscribers { rows, dry_run } => roll::import(desk, rows, dry_run, now)
            .await
            .map(Response::Imported),
        Request::ExportSubscribers { after, most } => roll::export(desk, after, most)
            .await
            .map(Response::Exported),
        Request::ListSuppressed { after, most } => people::suppressed(desk, after, most)
            .await
            .map(Response::SuppressedPage),
        Request::Suppress { address, note } => people::suppress(desk, address, note, now).await,
        Request::Unsuppress { address } => people::unsuppress(desk, address, now).await,
        Request::Erase { address, for_good } => people::erase(desk, address, for_good, now).await,
        Request::ChangeSubscriber(change) => preferences::change(desk, change, now)
            .await
            .map(Response::Changed),
        Request::PauseSubscriber { address } => preferences::pause(desk, &address, now)
            .await
            .map(Response::Changed),
        Request::ResumeSubscriber { address } => preferences::resume(desk, &address, now)
            .await
            .map(Response::Changed),
        Request::ListPublications(list) => publications::list(desk, list)
            .await
            .map(Response::Publications),
        Request::ShowPublication { name, subscribers } => {
            let detail = publications::show(desk, &name, subscribers, now).await?;
            Ok(Response::Publication(Box::new(detail)))
        }
        Request::KnownFiles { source, paths } => publications::files(desk, &source, &paths)
            .await
            .map(Response::KnownFiles),
        Request::ListRuns { most } => {
            let runs = desk.store.runs(most).await?;
            Ok(Response::Runs(runs.iter().map(RunSummary::from).collect()))
        }
        Request::ShowRun { run } => runs::show(desk, RunKey(run)).await.map(Response::Run),
        Request::OpenRun { schedule } => {
            let opened = send::open(desk, &schedule, running, now).await?;
            Ok(Response::Opened(opened))
        }
        Request::DryRun { schedule } => Ok(Response::DryRun(send::dry_run(desk, &schedule).await?)),
        Request::Preview { schedule, to } => {
            let preview = preview::preview(desk, schedule, to, now).await?;
            Ok(Response::Preview(preview))
        }
        Request::Try { to } => Ok(Response::Tried(trial::send(desk, &to, now).await?)),
        Request::ListHolds => holds::list(desk).await.map(Response::Holds),
        Request::DecideHold { hold, decision } => {
            let decided = holds::decide(desk, HoldKey(hold), decision, running, now).await?;
            Ok(Response::Decided(decided))
        }
    }
}

pub(super) fn unknown(address: &Address) -> Refusal {
    Refusal(format!(
        "nobody with the address {} is subscribed",
        address.as_str()
    ))
}

async fn add_subscriber(
    desk: &Desk,
    add: AddSubscriber,
    now: Timestamp,
) -> Result<SubscriberSummary, Refusal> {
    let site = &desk.config.site;
    let timezone = match add.timezone {
        Some(name) => timezone(desk, &name)?,
        None => site.timezone.clone(),
    };
    let filter = Filter {
        any: tags(desk, &add.any).await?,
        all: tags(desk, &add.all).await?,
        none: tags(desk, &add.none).await?,
        languages: add.languages,
    };
    let request = NewSubscription {
        address: add.address,
        language: add.language.unwrap_or_else(|| site.language.clone()),
        basis: Basis::Administrator,
        filter,
        cadence: cadence(desk, add.schedule, &timezone)?,
        timezone,
    };
    let subscriber = desk.store.subscribe(request, now).await?;
    Ok(SubscriberSummary::from(&subscriber))
}

/// The canonical name of a time zone.
pub(super) fn timezone(desk: &Desk, name: &str) -> Result<String, Refusal> {
    let zone = TimeZone::get(name).ok();
    let canonical = zone.and_then(|zone| zone.iana_name().map(str::to_owned));
    canonical.ok_or_else(|| {
        Refusal(format!(
            "`{name}` is not a time zone; write an IANA name, for example `{}`",
            desk.config.site.timezone
        ))
    })
}

pub(super) async fn tags(desk: &Desk, names: &[String]) -> Result<BTreeSet<TagId>, Refusal> {
    let mut tags = BTreeSet::new();
    for name in names {
        tags.insert(tags::named(desk, name).await?);
    }
    Ok(tags)
}

/// The cadence of a schedule by name, or of the first one, for who lives in `timezone`.
pub(super) fn cadence(
    desk: &Desk,
    name: Option<String>,
    timezone: &str,
) -> Result<Cadence, Refusal> {
    let schedules = &desk.config.schedules;
    let schedule = match &name {
        Some(name) => desk.config.schedule(name),
        None => schedules.first(),
    };
    match (schedule, name) {
        (Some(schedule), _) => Ok(schedule.cadence(timezone)),
        (None, Some(name)) if name != IMMEDIATE => {
            let names = schedules.iter().map(|schedule| schedule.name.as_str());
            let names: Vec<&str> = names.chain([IMMEDIATE]).collect();
            let names = names.join(", ");
            Err(Refusal(format!(
                "there is no schedule `{name}`; there are: {names}"
            )))
        }
        (None, _) => Ok(Cadence::immediate()),
    }
}

async fn status(desk: &Desk, running: bool, now: Timestamp) -> Result<StatusReport, Refusal> {
    let (store, config) = (&desk.store, &desk.config);
    let totals = store.totals().await?;
    let mut sources = Vec::with_capacity(config.sources.len());
    for name in &config.source_names {
        sources.push(SourceStatus {
            name: name.clone(),
            publications: store.paths(name).await?.len(),
            upstream: upstream(desk, name).await?,
        });
    }
    let tags = store.tags().await?.into_iter().map(|(id, view)| TagStatus {
        id: id.to_string(),
        label: view.label,
        publications: view.publications,
    });
    let open = store.open_runs().await?;
    let latest = store.runs(LATEST_RUNS).await?;
    let problems = desk.board.problems().into_iter();
    Ok(StatusReport {
        running,
        sources,
        publications: Publications {
            live: totals.live,
            scheduled: totals.scheduled,
            withdrawn: totals.withdrawn,
            expired: totals.expired,
        },
        subscribers: totals.subscribers,
        tags: tags.collect(),
        schedules: schedules::status(desk, now).await?,
        queue: open.iter().map(|run| Counts::open(&run.counts)).sum(),
        websub: websub(desk).await?,
        runs: latest.iter().map(RunSummary::from).collect(),
        holds: holds::list(desk).await?,
        problems: problems
            .map(|(place, problem)| Trouble { place, problem })
            .collect(),
    })
}

async fn websub(desk: &Desk) -> Result<WebSubStatus, Refusal> {
    let topics = desk.store.topics().await?;
    let on_the_way = topics.iter().filter(|(_, topic)| topic.walk.is_some());
    Ok(WebSubStatus {
        hub: desk.config.hub(),
        subscriptions: desk.store.count_followers().await?,
        on_the_way: on_the_way.count() as u64,
        retries: desk.store.count_pushes().await?,
    })
}

async fn upstream(desk: &Desk, name: &str) -> Result<Option<UpstreamStatus>, Refusal> {
    let mut upstreams = desk.config.upstreams.iter();
    let Some(upstream) = upstreams.find(|upstream| upstream.name == name) else {
        return Ok(None);
    };
    let url = upstream.url.to_string();
    let known = desk.store.upstream(name).await?;
    let known = known.filter(|state| state.url == url).unwrap_or_default();
    Ok(Some(UpstreamStatus {
        url,
        moved_to: known.moved_to,
        last_success: known.last_success,
        failures: known.failures,
        next: known.next,
    }))
}
