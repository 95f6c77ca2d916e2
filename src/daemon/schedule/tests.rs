//! Windows by a clock that the test turns.

use std::collections::BTreeSet;
use std::fs;

use jiff::SignedDuration;

use super::*;
use crate::config;
use crate::content::Look;
use crate::control::request::AddSubscriber;
use crate::control::schedules::ScheduleStatus;
use crate::control::{Board, Desk, Refusal, Request, Response, execute};
use crate::daemon::ingest::Ingest;
use crate::domain::delivery::{InDoubt, RetryPolicy};
use crate::domain::{Address, Outcome};

type Tested = Result<(), Box<dyn std::error::Error>>;

const SITE: &str = r#"
[site]
title = "Portal"
url = "https://portal.example/"
authority = "portal.example,2026"
timezone = "Europe/Warsaw"
[[source]]
name = "pages"
path = "content"
[mail]
from = "wici@portal.example"
"#;

const DAILY: &str = "[[schedule]]\nname = \"daily\"\ncron = \"0 8 * * *\"\n";

/// A site whose first look at its content is done, and one reader of everything.
struct Clockwork {
    folder: tempfile::TempDir,
    store: Store,
    config: Arc<Config>,
    ingest: Ingest,
}

impl Clockwork {
    async fn new(tables: &str, start: &str) -> Result<Clockwork, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("content"))?;
        let store = Store::in_memory()?;
        let config = configuration(&folder, tables)?;
        let ingest = ingest(&store, &config)?;
        let mut clockwork = Clockwork {
            folder,
            store,
            config,
            ingest,
        };
        clockwork
            .ingest
            .tick(Look::Everything, start.parse()?)
            .await?;
        clockwork.tick(start).await?;
        clockwork
            .subscribe("reader@example.org", None, start)
            .await?;
        Ok(clockwork)
    }

    /// A reader of everything by the first schedule.
    async fn subscribe(&self, address: &str, timezone: Option<&str>, now: &str) -> Tested {
        let reader = AddSubscriber {
            address: Address::parse(address)?,
            any: Vec::new(),
            all: Vec::new(),
            none: Vec::new(),
            languages: BTreeSet::new(),
            schedule: None,
            language: None,
            timezone: timezone.map(str::to_owned),
        };
        self.ask(Request::AddSubscriber(reader), now).await?;
        Ok(())
    }

    /// The same store under another configuration, as after a reload.
    async fn reload(&mut self, tables: &str, now: &str) -> Tested {
        self.config = configuration(&self.folder, tables)?;
        let orphans = self.store.adopt(self.config.names(), now.parse()?).await?;
        assert_eq!(orphans, []);
        Ok(())
    }

    async fn publish(&mut self, title: &str, now: &str) -> Tested {
        let page = format!("---\ntitle: {title}\ndate: {now}\n---\nTreść: {title}\n");
        fs::write(self.folder.path().join(format!("content/{title}.md")), page)?;
        self.ingest.tick(Look::Everything, now.parse()?).await?;
        Ok(())
    }

    /// One look at the clock; what it tells of the next.
    async fn tick(&self, now: &str) -> Result<Option<Timestamp>, Box<dyn std::error::Error>> {
        let (config, signals) = (Arc::clone(&self.config), Arc::default());
        let guard = Arc::new(Guard::of_system(self.store.clone(), Arc::default()));
        let scheduling = Scheduling::new(self.store.clone(), config, signals, guard);
        Ok(scheduling.tick(now.parse()?).await?)
    }

    async fn ask(
        &self,
        request: Request,
        now: &str,
    ) -> Result<Response, Box<dyn std::error::Error>> {
        let desk = Desk {
            store: self.store.clone(),
            config: Arc::clone(&self.config),
            board: Arc::new(Board::default()),
            readers: None,
            bell: Arc::new(|| {}),
            composing: Arc::new(|| Err(Refusal("nothing is composed here".to_owned()))),
        };
        Ok(execute(&desk, request, false, now.parse()?).await?)
    }

    /// What `status` says of the first schedule.
    async fn status(&self, now: &str) -> Result<ScheduleStatus, Box<dyn std::error::Error>> {
        let Response::Status(report) = self.ask(Request::Status, now).await? else {
            return Err("another answer".into());
        };
        Ok(report.schedules.into_iter().next().ok_or("no schedule")?)
    }

    /// When the windows of a schedule that were opened fell due, oldest first.
    async fn opened(&self, schedule: &str) -> Result<Vec<Timestamp>, StoreError> {
        let runs = self.store.runs(100).await?.into_iter().rev();
        let windows = runs.map(|run| run.window);
        let of_schedule = windows.filter(|window| window.cadence.schedule == schedule);
        Ok(of_schedule.map(|window| window.due).collect())
    }

    /// The titles in each letter that goes out now.
    async fn mailed(&self, now: &str) -> Result<Vec<Vec<String>>, Box<dyn std::error::Error>> {
        let now = now.parse()?;
        let claims = self
            .store
            .claim(100, SignedDuration::from_hours(1), now)
            .await?;
        let policy = RetryPolicy {
            retry_for: SignedDuration::from_hours(72),
            in_doubt: InDoubt::Resend,
        };
        let accepted = claims.iter().map(|claim| (claim.key, Outcome::Accepted));
        self.store.settle(accepted.collect(), policy, now).await?;
        let titles = claims.iter().map(|claim| {
            let items = claim.content.items.iter();
            items.map(|item| item.publication.title.clone()).collect()
        });
        Ok(titles.collect())
    }
}

fn configuration(folder: &tempfile::TempDir, tables: &str) -> Result<Arc<Config>, String> {
    let file = folder.path().join("daemon.toml");
    config::parse(&format!("{SITE}{tables}"), &file, folder.path())
        .map(Arc::new)
        .map_err(|problems| format!("{problems:?}"))
}

fn ingest(store: &Store, config: &Config) -> Result<Ingest, &'static str> {
    let source = config.sources.first().ok_or("no source")?;
    let (board, signals) = (Arc::default(), Arc::default());
    Ok(Ingest::new(source, config, store.clone(), board, signals))
}

fn instants(texts: &[&str]) -> Result<Vec<Timestamp>, jiff::Error> {
    texts.iter().map(|text| text.parse()).collect()
}

#[tokio::test]
async fn several_missed_windows_are_one() -> Tested {
    let mut site = Clockwork::new(DAILY, "2026-06-01T10:00Z").await?;
    site.publish("A", "2026-06-01T11:00Z").await?;
    site.publish("B", "2026-06-03T11:00Z").await?;
    // 08:00 in Warsaw of 2, 3 and 4 June went by.
    let next = site.tick("2026-06-04T06:30Z").await?;
    assert_eq!(next, Some("2026-06-05T06:00Z".parse()?));
    assert_eq!(
        site.opened("daily").await?,
        instants(&["2026-06-04T06:00:00Z"])?
    );
    assert_eq!(site.mailed("2026-06-04T06:30Z").await?, [["B", "A"]]);
    site.tick("2026-06-05T06:00Z").await?;
    assert_eq!(
        site.mailed("2026-06-05T06:00Z").await?,
        Vec::<Vec<String>>::new()
    );
    Ok(())
}

#[tokio::test]
async fn what_was_missed_by_more_than_catch_up_comes_with_the_next() -> Tested {
    let tables = format!("{DAILY}catch_up = \"6h\"\n");
    let mut site = Clockwork::new(&tables, "2026-06-01T10:00Z").await?;
    site.publish("A", "2026-06-01T11:00Z").await?;
    let missed = Some("2026-06-02T06:00Z".parse()?);
    // Before the daemon looks, and after.
    assert_eq!(site.status("2026-06-02T13:00Z").await?.missed, missed);
    site.tick("2026-06-02T13:00Z").await?;
    assert_eq!(site.opened("daily").await?, []);
    assert_eq!(site.status("2026-06-02T13:00Z").await?.missed, missed);
    site.tick("2026-06-03T06:00Z").await?;
    assert_eq!(site.mailed("2026-06-03T06:00Z").await?, [["A"]]);
    assert_eq!(site.status("2026-06-03T06:01Z").await?.missed, None);
    Ok(())
}

#[tokio::test]
async fn a_window_that_is_due_waits_for_the_daemon() -> Tested {
    let site = Clockwork::new(DAILY, "2026-06-01T10:00Z").await?;
    let status = site.status("2026-06-02T06:30Z").await?;
    assert_eq!(status.waiting, Some("2026-06-02T06:00Z".parse()?));
    assert_eq!(status.missed, None);
    site.tick("2026-06-02T06:30Z").await?;
    assert_eq!(site.status("2026-06-02T06:31Z").await?.waiting, None);
    Ok(())
}

#[tokio::test]
async fn a_changed_line_owes_nothing_old() -> Tested {
    let mut site = Clockwork::new(DAILY, "2026-06-01T10:00Z").await?;
    site.publish("A", "2026-06-01T11:00Z").await?;
    // The old line was due at 06:00Z, which nobody looked at; the new one is at 05:00Z.
    let changed = DAILY.replace("0 8", "0 7");
    site.reload(&changed, "2026-06-02T09:00Z").await?;
    let status = site.status("2026-06-02T09:00Z").await?;
    assert_eq!((status.waiting, status.missed), (None, None));
    site.tick("2026-06-02T09:00Z").await?;
    assert_eq!(site.opened("daily").await?, []);
    site.tick("2026-06-03T05:00Z").await?;
    assert_eq!(site.mailed("2026-06-03T05:00Z").await?, [["A"]]);
    Ok(())
}

#[tokio::test]
async fn a_schedule_under_a_new_name_goes_on_where_it_was() -> Tested {
    let mut site = Clockwork::new(DAILY, "2026-06-01T10:00Z").await?;
    site.publish("A", "2026-06-01T11:00Z").await?;
    site.tick("2026-06-02T06:00Z").await?;
    assert_eq!(site.mailed("2026-06-02T06:00Z").await?, [["A"]]);
    site.publish("B", "2026-06-02T11:00Z").await?;
    let renamed = DAILY.replace("\"daily\"", "\"every-day\"\naliases = [\"daily\"]");
    site.reload(&renamed, "2026-06-02T12:00Z").await?;
    site.tick("2026-06-02T12:00Z").await?;
    site.tick("2026-06-03T06:00Z").await?;
    assert_eq!(site.mailed("2026-06-03T06:00Z").await?, [["B"]]);
    let opened = instants(&["2026-06-03T06:00Z"])?;
    assert_eq!(site.opened("every-day").await?.last(), opened.last());
    Ok(())
}

#[tokio::test]
async fn where_clocks_change_a_daily_window_is_opened_once_a_day() -> Tested {
    let nightly = DAILY.replace("0 8", "30 2");
    for (start, looks, due) in [
        (
            "2026-03-28T12:00Z",
            [
                "2026-03-29T00:59Z",
                "2026-03-29T01:00Z",
                "2026-03-29T01:31Z",
            ],
            "2026-03-29T01:00:00Z",
        ),
        (
            "2026-10-24T12:00Z",
            [
                "2026-10-25T00:29Z",
                "2026-10-25T00:30Z",
                "2026-10-25T01:31Z",
            ],
            "2026-10-25T00:30:00Z",
        ),
    ] {
        let site = Clockwork::new(&nightly, start).await?;
        site.tick(looks[0]).await?;
        assert_eq!(site.opened("daily").await?, []);
        site.tick(looks[1]).await?;
        site.tick(looks[2]).await?;
        assert_eq!(site.opened("daily").await?, instants(&[due])?);
    }
    Ok(())
}

#[tokio::test]
async fn status_tells_the_next_three_through_a_change_of_clocks() -> Tested {
    let site = Clockwork::new(DAILY, "2026-10-24T04:00Z").await?;
    let status = site.status("2026-10-24T04:00Z").await?;
    let expected = [
        "2026-10-24T06:00Z",
        "2026-10-25T07:00Z",
        "2026-10-26T07:00Z",
    ];
    assert_eq!(status.next, instants(&expected)?);
    Ok(())
}

#[tokio::test]
async fn immediate_waits_for_its_delay_and_status_tells_when_it_ends() -> Tested {
    let mut site = Clockwork::new("[immediate]\ndelay = \"10m\"\n", "2026-06-01T10:00Z").await?;
    assert_eq!(site.status("2026-06-01T10:30Z").await?.next, []);
    site.publish("A", "2026-06-01T11:00Z").await?;
    let expected = instants(&["2026-06-01T11:10Z"])?;
    assert_eq!(site.status("2026-06-01T11:01Z").await?.next, expected);
    site.tick("2026-06-01T11:09Z").await?;
    assert_eq!(site.opened("immediate").await?, []);
    site.tick("2026-06-01T11:10Z").await?;
    assert_eq!(site.mailed("2026-06-01T11:10Z").await?, [["A"]]);
    assert_eq!(site.status("2026-06-01T11:11Z").await?.next, []);
    Ok(())
}

#[tokio::test]
async fn where_each_has_their_own_zone_windows_are_theirs_and_status_tells_the_next_of_all()
-> Tested {
    let tables = format!("{DAILY}timezone = \"subscriber\"\n");
    let mut site = Clockwork::new(&tables, "2026-06-01T10:00Z").await?;
    let tokyo = Some("Asia/Tokyo");
    site.subscribe("japan@example.org", tokyo, "2026-06-01T10:00Z")
        .await?;
    site.tick("2026-06-01T10:00Z").await?;
    site.publish("A", "2026-06-01T11:00Z").await?;
    let status = site.status("2026-06-01T12:00Z").await?;
    assert_eq!(status.zones, Some(2));
    // 08:00 in Tokyo, then in Warsaw, then in Tokyo.
    let next = [
        "2026-06-01T23:00Z",
        "2026-06-02T06:00Z",
        "2026-06-02T23:00Z",
    ];
    assert_eq!(status.next, instants(&next)?);
    for due in ["2026-06-01T23:00Z", "2026-06-02T06:00Z"] {
        site.tick(due).await?;
        assert_eq!(site.mailed(due).await?, [["A"]]);
    }
    Ok(())
}
