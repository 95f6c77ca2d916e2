use std::collections::BTreeMap;

use super::*;
use crate::domain::Mark;
use crate::domain::names::{Kind, Names, Orphan};

/// `schedules` as `present=former,former`, those by the subscriber's clock with an `@` before; `tags` as `id=alias,alias`.
pub(super) fn names(schedules: &str, tags: &str) -> Names {
    let pairs = |text: &str| -> Vec<(String, String)> {
        text.split_whitespace()
            .flat_map(|one| {
                let (name, aliases) = one.split_once('=').unwrap_or((one, ""));
                let called = [name].into_iter().chain(aliases.split(','));
                let called = called.filter(|alias| !alias.is_empty());
                called.map(move |alias| (alias.to_owned(), name.to_owned()))
            })
            .collect()
    };
    let zoned = schedules
        .split_whitespace()
        .filter_map(|one| one.strip_prefix('@'));
    let zoned = zoned.filter_map(|one| one.split('=').next());
    Names {
        schedules: pairs(&schedules.replace('@', "")).into_iter().collect(),
        zoned: zoned.map(str::to_owned).collect(),
        labels: BTreeMap::new(),
        tags: pairs(tags)
            .into_iter()
            .map(|(name, id)| (name, TagId::new(&id).expect("a slug")))
            .collect(),
        sources: BTreeMap::new(),
    }
}

fn orphan(kind: Kind, name: &str, concerned: u64) -> Orphan {
    Orphan {
        kind,
        name: name.to_owned(),
        concerned,
    }
}

impl Bench {
    async fn adopt(&self, schedules: &str, tags: &str) -> Result<Vec<Orphan>, StoreError> {
        self.store.adopt(names(schedules, tags), self.now).await
    }

    async fn observe(&self, schedule: &str) -> Result<Mark, StoreError> {
        let line = "0 8 * * *".to_owned();
        self.store.observe(cadence(schedule), line, self.now).await
    }

    async fn cadence_and_tags(
        &self,
        address: &str,
    ) -> Result<Vec<(String, BTreeSet<TagId>)>, Box<dyn std::error::Error>> {
        let address = Address::parse(address)?;
        let subscriber = self.store.subscriber(&address).await?.ok_or("nobody")?;
        let each = subscriber.subscriptions.into_iter();
        Ok(each.map(|s| (s.cadence.schedule, s.filter.any)).collect())
    }
}

pub(super) async fn a_name_that_somebody_goes_by_cannot_disappear(bench: Bench) -> Test {
    assert_eq!(bench.adopt("daily weekly", "prawo pomoc").await?, []);
    bench.subscribe("a@example.org", "weekly", "prawo").await?;
    bench.subscribe("b@example.org", "weekly", "wolny").await?;
    let gone = bench.subscribe("c@example.org", "weekly", "pomoc").await?;
    bench.store.unsubscribe(gone.key, bench.now).await?;
    let lost = [
        orphan(Kind::Schedule, "weekly", 2),
        orphan(Kind::Tag, "prawo", 1),
    ];
    assert_eq!(bench.store.orphans(&names("daily", "")).await?, lost);
    assert_eq!(bench.adopt("daily", "").await?, lost);
    // Nothing was taken over, so that it is asked again.
    assert_eq!(bench.adopt("daily", "pomoc").await?, lost);
    assert_eq!(bench.adopt("daily weekly", "prawo").await?, []);
    // A tag that was never defined, and whose name somebody goes by, may come and go.
    assert_eq!(bench.adopt("daily weekly", "prawo wolny").await?, []);
    assert_eq!(
        bench.adopt("daily weekly", "prawo").await?,
        [orphan(Kind::Tag, "wolny", 1)]
    );
    Ok(())
}

pub(super) async fn a_schedule_that_nobody_goes_by_may_go_and_come_back(mut bench: Bench) -> Test {
    assert_eq!(bench.adopt("daily weekly", "").await?, []);
    bench.observe("weekly").await?;
    assert_eq!(bench.adopt("daily", "").await?, []);
    bench.wait(SignedDuration::from_hours(24 * 30));
    assert_eq!(bench.adopt("daily weekly", "").await?, []);
    let mark = bench.observe("weekly").await?;
    assert_eq!(mark.due, bench.now, "it owes nothing old");
    Ok(())
}

pub(super) async fn subscriptions_follow_a_schedule_that_is_called_otherwise(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.adopt("daily weekly", "").await?;
    bench.subscribe("a@example.org", "weekly", "").await?;
    bench.look([file("first.md", &bench)], &[]).await?;
    assert_eq!(bench.mail("weekly").await?.len(), 1);
    bench.wait(SignedDuration::from_hours(1));
    bench.look([file("second.md", &bench)], &[]).await?;
    let renamed = "daily co-tydzien=weekly";
    assert_eq!(bench.adopt(renamed, "").await?, []);
    assert_eq!(bench.adopt(renamed, "").await?, [], "once more is the same");
    assert_eq!(bench.mail("weekly").await?, []);
    assert_eq!(
        bench.mail("co-tydzien").await?,
        [("a@example.org".to_owned(), vec!["second".to_owned()])]
    );
    Ok(())
}

pub(super) async fn subscriptions_follow_a_schedule_into_zones_and_back(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.adopt("daily", "").await?;
    for (address, zone) in [
        ("w@example.org", "Europe/Warsaw"),
        ("k@example.org", "Europe/Kyiv"),
        ("p@example.org", "Europe/Kyiv"),
    ] {
        let mut request = request(address, "daily", "");
        request.timezone = zone.to_owned();
        bench.store.subscribe(request, bench.now).await?;
    }
    let paused = bench
        .store
        .subscriber(&Address::parse("p@example.org")?)
        .await?;
    let paused = paused.ok_or("nobody")?.key;
    bench.store.pause(paused, bench.now).await?;
    bench.look([file("first.md", &bench)], &[]).await?;
    assert_eq!(bench.mail("daily").await?.len(), 2);
    bench.wait(SignedDuration::from_hours(1));
    bench.look([file("second.md", &bench)], &[]).await?;
    assert_eq!(bench.adopt("@each=daily", "").await?, []);
    assert_eq!(
        bench.adopt("@each=daily", "").await?,
        [],
        "once more is the same"
    );
    bench.store.resume(paused, bench.now).await?;
    let zones = bench.store.zones("each").await?;
    let names: Vec<_> = zones
        .iter()
        .map(|c| c.zone.as_deref().unwrap_or(""))
        .collect();
    assert_eq!(names, ["Europe/Kyiv", "Europe/Warsaw"]);
    let kyiv = bench
        .store
        .open_run(zones[0].clone(), bench.now, None, bench.now)
        .await?;
    while !bench
        .store
        .plan(kyiv.key, 1, bench.now)
        .await?
        .ok_or("no run")?
        .planned
    {}
    let told = bench.send().await?;
    let titles =
        |names: &[&str]| -> Vec<String> { names.iter().map(|n| (*n).to_owned()).collect() };
    assert_eq!(
        told,
        [
            ("k@example.org".to_owned(), titles(&["second"])),
            ("p@example.org".to_owned(), titles(&["second", "first"])),
        ]
    );
    bench.wait(SignedDuration::from_hours(1));
    assert_eq!(bench.adopt("daily=each", "").await?, []);
    assert_eq!(bench.store.zones("daily").await?, []);
    assert_eq!(
        bench.mail("daily").await?,
        [("w@example.org".to_owned(), titles(&["second"]))]
    );
    Ok(())
}

pub(super) async fn schedules_that_become_one_repeat_and_miss_nothing(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.adopt("daily weekly", "").await?;
    bench.subscribe("d@example.org", "daily", "").await?;
    bench.subscribe("w@example.org", "weekly", "").await?;
    bench.look([file("first.md", &bench)], &[]).await?;
    assert_eq!(bench.mail("daily").await?.len(), 1);
    bench.wait(SignedDuration::from_hours(1));
    bench.look([file("second.md", &bench)], &[]).await?;
    assert_eq!(bench.mail("daily").await?.len(), 1);
    bench.wait(SignedDuration::from_hours(1));
    bench.look([file("third.md", &bench)], &[]).await?;
    // The weekly one is two publications behind the daily one, whose place it takes.
    assert_eq!(bench.adopt("daily=weekly", "").await?, []);
    let mails = bench.mail("daily").await?;
    let titles =
        |names: &[&str]| -> Vec<String> { names.iter().map(|n| (*n).to_owned()).collect() };
    assert_eq!(
        mails,
        [
            ("d@example.org".to_owned(), titles(&["third"])),
            (
                "w@example.org".to_owned(),
                titles(&["third", "second", "first"])
            ),
        ]
    );
    Ok(())
}

pub(super) async fn a_run_that_is_half_planned_is_planned_before_its_schedule_is_renamed(
    bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.adopt("weekly", "").await?;
    for number in 0..7 {
        let address = format!("r{number}@example.org");
        bench.subscribe(&address, "weekly", "").await?;
    }
    bench.look([file("a.md", &bench)], &[]).await?;
    let run = bench
        .store
        .open_run(cadence("weekly"), bench.now, None, bench.now)
        .await?;
    bench.store.plan(run.key, 3, bench.now).await?;
    assert_eq!(bench.adopt("new=weekly", "").await?, []);
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert!(run.planned);
    assert_eq!(run.counts.pending, 7);
    assert_eq!(bench.run("new").await?.counts.pending, 0);
    Ok(())
}

pub(super) async fn subscriptions_follow_a_tag_that_is_called_otherwise(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.adopt("daily", "law").await?;
    bench.subscribe("a@example.org", "daily", "law").await?;
    bench.subscribe("b@example.org", "daily", "ustawy").await?;
    bench
        .subscribe("c@example.org", "daily", "law ustawy")
        .await?;
    assert_eq!(bench.adopt("daily", "prawo=law,ustawy").await?, []);
    for address in ["a@example.org", "b@example.org", "c@example.org"] {
        assert_eq!(
            bench.cadence_and_tags(address).await?,
            [("daily".to_owned(), tags("prawo"))]
        );
    }
    bench
        .look([file("a.md", &bench).tagged("prawo")], &[])
        .await?;
    assert_eq!(bench.mail("daily").await?.len(), 3);
    Ok(())
}

pub(super) async fn what_was_news_under_a_former_tag_is_mailed_before_its_file_is_read_again(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.adopt("monthly", "law").await?;
    bench.subscribe("a@example.org", "monthly", "law").await?;
    let page = file("a.md", &bench);
    bench.look([page.clone().tagged("law")], &[]).await?;
    // Too long for the change of tags to be news by itself.
    bench.wait(MAX_AGE + MAX_AGE);
    assert_eq!(bench.adopt("monthly", "prawo=law").await?, []);
    let told = [("a@example.org".to_owned(), vec!["a".to_owned()])];
    assert_eq!(bench.mail("monthly").await?, told);
    bench.look([page.tagged("prawo")], &[]).await?;
    assert_eq!(bench.mail("monthly").await?, [], "nor twice");
    Ok(())
}
