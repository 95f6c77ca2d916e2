//! What holds across processes: only backends on disk can show it.

use std::time::{Duration, Instant};

use super::*;

pub(super) fn reopen(bench: Bench) -> Result<Bench, Box<dyn std::error::Error>> {
    let Bench {
        store,
        now,
        guards,
        folder,
    } = bench;
    drop(store);
    let folder = folder.ok_or("only on disk")?;
    // As commands and the daemon do: sled's threads may hold the last handle a little longer.
    let deadline = Instant::now() + Duration::from_secs(20);
    let store = loop {
        match Store::open(folder.path(), Open::Existing, [0; 16]) {
            Err(StoreError::Locked(_)) if Instant::now() < deadline => std::thread::yield_now(),
            opened => break opened?,
        }
    };
    Ok(Bench {
        store,
        now,
        guards,
        folder: Some(folder),
    })
}

#[tokio::test]
async fn everything_is_there_again_and_claims_are_free() -> Test {
    let bench = Bench::sled()?;
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    bench.subscribe("b@example.org", "daily", "").await?;
    let applied = bench.look([file("a.md", &bench)], &[]).await?;
    assert_eq!(applied.changes.len(), 1);
    bench.run("daily").await?;
    let claims = bench.claim().await?;
    bench
        .settle(vec![(claims[0].key, Outcome::Accepted)])
        .await?;

    let bench = reopen(bench)?;
    let state = bench.publication(&id_of("a.md")).await?;
    assert_eq!(
        bench.store.body(state.publication.body).await?,
        "<p>a.md</p>"
    );
    let again = bench.claim().await?;
    assert_eq!(
        again.iter().map(|claim| claim.key).collect::<Vec<_>>(),
        [claims[1].key]
    );
    assert_eq!(again[0].content, claims[1].content);
    assert_eq!(
        bench.look([file("a.md", &bench)], &[]).await?,
        Applied::default()
    );
    Ok(())
}

#[tokio::test]
async fn a_lost_body_is_told_and_is_there_again_once_its_file_is_read() -> Test {
    for damage in ["lost", "cut", "overwritten"] {
        let bench = Bench::sled()?;
        bench.look([file("a.md", &bench)], &[]).await?;
        let body = bench.publication(&id_of("a.md")).await?.publication.body;
        let pack = bench.path().join("bodies/00000001.pack");
        match damage {
            "lost" => std::fs::remove_file(&pack)?,
            "cut" => std::fs::write(&pack, "")?,
            _ => std::fs::write(&pack, vec![7; std::fs::read(&pack)?.len()])?,
        }
        let told = bench.store.body(body).await;
        assert!(matches!(told, Err(StoreError::Body(_))), "{damage}");
        let bench = reopen(bench)?;
        assert!(!bench.store.has_body(body).await?, "{damage}");
        let again = bench.look([file("a.md", &bench)], &[]).await?;
        assert_eq!(again, Applied::default(), "{damage}");
        assert_eq!(bench.store.body(body).await?, "<p>a.md</p>", "{damage}");
    }
    Ok(())
}

#[tokio::test]
async fn a_loss_that_is_believed_is_withdrawn_in_pieces_though_the_process_dies_in_between() -> Test
{
    let bench = Bench::sled()?;
    let names: Vec<String> = (0..1500).map(|number| format!("{number:04}.md")).collect();
    let files: Vec<Found> = names.iter().map(|name| file(name, &bench)).collect();
    bench.scan(files, &[]).await?;
    let missing: Vec<&str> = names[..700].iter().map(String::as_str).collect();
    {
        let mut scan = std::pin::pin!(bench.scan([], &missing));
        tokio::select! {
            biased;
            _ = &mut scan => {}
            // The first piece is on its way by now.
            () = std::future::ready(()) => {}
        }
    }
    let bench = reopen(bench)?;
    let withdrawn = bench.store.totals().await?.withdrawn;
    assert!((256..=700).contains(&withdrawn), "{withdrawn}");
    let known = bench.store.paths("pages").await?;
    let rest: Vec<&str> = missing
        .into_iter()
        .filter(|path| known.contains(*path))
        .collect();
    let scan = bench.scan([], &rest).await?;
    assert_eq!(scan.holds, []);
    assert_eq!(scan.changes.len() as u64 + withdrawn, 700);
    assert_eq!(bench.store.totals().await?.live, 800);
    Ok(())
}

#[tokio::test]
async fn planning_is_resumed_where_it_stopped() -> Test {
    let bench = Bench::sled()?;
    bench.scan([], &[]).await?;
    for number in 0..10 {
        bench
            .subscribe(&format!("s{number}@example.org"), "daily", "")
            .await?;
    }
    bench.look([file("a.md", &bench)], &[]).await?;
    let run = bench
        .store
        .open_run(cadence("daily"), bench.now, None, bench.now)
        .await?;
    let half = bench
        .store
        .plan(run.key, 5, bench.now)
        .await?
        .ok_or("no run")?;
    assert!(!half.planned);

    let bench = reopen(bench)?;
    let open = bench.store.open_runs().await?;
    assert_eq!(open, [half]);
    let whole = bench
        .store
        .plan(run.key, 100, bench.now)
        .await?
        .ok_or("no run")?;
    assert_eq!((whole.planned, whole.counts.pending), (true, 10));
    assert_eq!(bench.claim().await?.len(), 10);
    Ok(())
}

#[tokio::test]
async fn what_waits_for_its_date_or_its_end_waits_over_a_restart() -> Test {
    let bench = Bench::sled()?;
    bench.scan([], &[]).await?;
    let hours = |hours| bench.now.checked_add(SignedDuration::from_hours(hours));
    let page = Found {
        published: Some(hours(1)?),
        expires: Some(hours(2)?),
        ..file("a.md", &bench)
    };
    bench.look([page], &[]).await?;
    let mut bench = reopen(bench)?;
    for kind in [ChangeKind::Released, ChangeKind::Expired] {
        bench.wait(SignedDuration::from_hours(1));
        assert_eq!(bench.store.next_release().await?, Some(bench.now));
        let changes = bench.release_due().await?;
        assert_eq!(changes.iter().map(|c| c.kind).collect::<Vec<_>>(), [kind]);
        bench = reopen(bench)?;
    }
    // Both came while nobody was there: it was never to be read.
    let page = Found {
        published: bench.now.checked_add(SignedDuration::from_hours(1)).ok(),
        expires: bench.now.checked_add(SignedDuration::from_hours(2)).ok(),
        ..file("b.md", &bench)
    };
    bench.look([page], &[]).await?;
    let mut bench = reopen(bench)?;
    bench.wait(SignedDuration::from_hours(3));
    assert_eq!(bench.release_due().await?, []);
    assert_eq!(bench.store.totals().await?.expired, 2);
    Ok(())
}

#[tokio::test]
async fn what_waits_and_what_was_decided_outlive_the_process() -> Test {
    let bench = Bench::sled()?;
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    let found: Vec<Found> = (0..600)
        .map(|number| file(&format!("{number:03}.md"), &bench))
        .collect();
    bench.look(found, &[]).await?;
    let hold = bench.store.holds().await?.pop().ok_or("no hold")?;
    let mut bench = reopen(bench)?;
    assert_eq!(bench.store.holds().await?, std::slice::from_ref(&hold));
    assert_eq!(bench.mail("daily").await?, []);

    bench.store.decide(hold.key, Decision::Approve).await?;
    let pieces = [false, false, true];
    for expected in pieces {
        bench = reopen(bench)?;
        let piece = bench
            .store
            .carry_out(hold.key, bench.now, bench.guards)
            .await?;
        assert_eq!(piece.done, expected);
    }
    bench = reopen(bench)?;
    assert_eq!(bench.store.holds().await?, []);
    bench.wait(SignedDuration::from_secs(1));
    bench.run("daily").await?;
    let claims = bench.claim().await?;
    let content = &claims.first().ok_or("no mail")?.content;
    assert_eq!(content.items.len() as u32 + content.more, 600);
    Ok(())
}

#[tokio::test]
async fn a_store_in_use_and_a_missing_store_say_so() -> Test {
    let bench = Bench::sled()?;
    let second = Store::open(&bench.path(), Open::Existing, [0; 16]);
    assert!(matches!(second.err(), Some(StoreError::Locked(_))));
    let nowhere = bench.path().join("nowhere");
    let missing = Store::open(&nowhere, Open::Existing, [0; 16]);
    assert!(matches!(missing.err(), Some(StoreError::Missing(path)) if path == nowhere));
    assert!(!nowhere.exists());
    Ok(())
}

#[tokio::test]
async fn a_mark_outlives_the_process() -> Test {
    let bench = Bench::sled()?;
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    bench.look([file("a.md", &bench)], &[]).await?;
    bench.run("daily").await?;
    let claims = bench.claim().await?;
    bench.store.begin_text(claims[0].key).await?;
    let bench = reopen(bench)?;
    assert_eq!(bench.store.take_over(bench.now).await?, 1);
    assert!(bench.claim().await?.is_empty());
    Ok(())
}
