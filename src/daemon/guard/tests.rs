//! The guards by clocks that the test turns.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::*;
use crate::domain::{Cadence, Decision, Guards};
use crate::store::Open;

type Tested = Result<(), Box<dyn std::error::Error>>;

const HOUR: i64 = 3600;
const GUARDS: Guards = Guards {
    max_age: SignedDuration::from_hours(168),
    hold_over: 25,
};

/// A store, its guards, and the two clocks.
struct Post {
    folder: tempfile::TempDir,
    store: Store,
    guard: Guard,
    boot: Arc<AtomicI64>,
    free: Arc<AtomicU64>,
    now: Timestamp,
}

impl Post {
    async fn new() -> Result<Post, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(&folder.path().join("state"), Open::OrCreate, [7; 16])?;
        let boot = Arc::new(AtomicI64::new(1000));
        let free = Arc::new(AtomicU64::new(u64::MAX));
        let mut post = Post {
            guard: guard(&store, &boot, &free),
            store,
            boot,
            free,
            now: "2026-11-24T08:00:00Z".parse()?,
            folder,
        };
        post.restart().await?;
        Ok(post)
    }

    /// The same store, by a daemon that has just started.
    async fn restart(&mut self) -> Tested {
        self.guard = guard(&self.store, &self.boot, &self.free);
        let base = self.folder.path();
        fs::create_dir_all(base.join("feeds"))?;
        self.guard.begin(&configuration(base)?, self.now).await?;
        Ok(())
    }

    /// Time passes, and the wall clock is set besides.
    fn turn(&mut self, hours: i64, set: i64) {
        self.boot.fetch_add(hours * HOUR, Ordering::Relaxed);
        self.now += SignedDuration::from_hours(hours + set);
    }

    async fn trust(&self) -> Result<(bool, bool), StoreError> {
        let trust = self.guard.look(self.now).await?;
        Ok((trust.clock, trust.store))
    }

    async fn held(&self) -> Result<Vec<Distrust>, StoreError> {
        let held = self.guard.held().await?.into_iter();
        Ok(held.map(|(_, why)| why).collect())
    }

    async fn decide(&self, decision: Decision) -> Tested {
        let hold = self.store.holds().await?.pop().ok_or("no hold")?.key;
        self.store.decide(hold, decision).await?;
        while !self.store.carry_out(hold, self.now, GUARDS).await?.done {}
        Ok(())
    }

    fn witness(&self) -> Result<Testimony, Box<dyn std::error::Error>> {
        Ok(witness::read(&self.folder.path().join("feeds"), [7; 16])?)
    }
}

fn guard(store: &Store, boot: &Arc<AtomicI64>, free: &Arc<AtomicU64>) -> Guard {
    let (boot, free) = (Arc::clone(boot), Arc::clone(free));
    Guard::new(
        store.clone(),
        Arc::new(Board::default()),
        Arc::new(move || SignedDuration::from_secs(boot.load(Ordering::Relaxed))),
        Arc::new(move |_| Ok(free.load(Ordering::Relaxed))),
    )
}

fn configuration(base: &Path) -> Result<Config, String> {
    let text = include_str!("tests.toml");
    crate::config::parse(text, &base.join("daemon.toml"), base)
        .map_err(|problems| format!("{problems:?}"))
}

#[tokio::test]
async fn a_clock_that_is_moved_by_over_a_day_holds_the_store_until_somebody_says_so() -> Tested {
    let mut post = Post::new().await?;
    assert_eq!(post.trust().await?, (true, true));
    post.turn(100, 24);
    assert_eq!(post.trust().await?, (true, true), "by a day");
    post.turn(1, 25);
    assert_eq!(post.trust().await?, (false, false));
    assert_eq!(post.guard.may_claim(post.now).await?, May::Not);
    assert!(matches!(
        post.held().await?.as_slice(),
        [Distrust::ClockMoved { .. }]
    ));
    post.turn(30, 0);
    assert_eq!(post.trust().await?, (false, false), "it waits");
    post.decide(Decision::Approve).await?;
    assert_eq!(post.trust().await?, (true, true));
    post.turn(1, 0);
    assert_eq!(post.trust().await?, (true, true));
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_moved_back_again_is_believed() -> Tested {
    let mut post = Post::new().await?;
    assert_eq!(post.trust().await?, (true, true));
    post.turn(1, 24 * 365);
    assert_eq!(post.trust().await?, (false, false));
    post.turn(1, -24 * 365);
    assert_eq!(post.trust().await?, (true, true));
    assert_eq!(post.held().await?, []);
    Ok(())
}

#[tokio::test]
async fn what_a_former_process_held_for_its_clock_waits_for_somebody() -> Tested {
    let mut post = Post::new().await?;
    assert_eq!(post.trust().await?, (true, true));
    post.turn(1, 48);
    assert_eq!(post.trust().await?, (false, false));
    post.restart().await?;
    assert_eq!(post.trust().await?, (false, false));
    post.decide(Decision::Approve).await?;
    assert_eq!(post.trust().await?, (true, true));
    Ok(())
}

#[tokio::test]
async fn a_clock_behind_the_last_instant_holds_the_store_until_it_is_set() -> Tested {
    let mut post = Post::new().await?;
    assert_eq!(post.trust().await?, (true, true));
    post.turn(0, -1);
    post.restart().await?;
    assert!(matches!(
        post.held().await?.as_slice(),
        [Distrust::ClockBehind { .. }]
    ));
    assert_eq!(post.trust().await?, (false, false));
    post.turn(0, 1);
    assert_eq!(post.trust().await?, (true, true));
    assert_eq!(post.held().await?, []);
    Ok(())
}

#[tokio::test]
async fn a_clock_behind_that_is_right_is_believed_from_then_on() -> Tested {
    let mut post = Post::new().await?;
    // The clock was ahead, and so is a mark.
    post.turn(0, 24 * 1000);
    post.restart().await?;
    let daily = Cadence {
        schedule: "daily".to_owned(),
        zone: None,
    };
    post.store
        .observe(daily.clone(), "@daily".to_owned(), post.now)
        .await?;
    assert_eq!(post.trust().await?, (true, true));
    post.turn(0, -24 * 1000);
    post.restart().await?;
    assert_eq!(post.trust().await?, (false, false));
    post.decide(Decision::Approve).await?;
    assert_eq!(post.trust().await?, (true, true));
    let mark = post.store.mark(&daily).await?.ok_or("no mark")?;
    assert_eq!(mark.due, post.now, "windows are owed from now on");
    post.restart().await?;
    assert_eq!(post.trust().await?, (true, true));
    Ok(())
}

#[tokio::test]
async fn a_store_behind_its_witness_is_held() -> Tested {
    let mut post = Post::new().await?;
    let own = post.store.testify(post.now).await?;
    let feeds = post.folder.path().join("feeds");
    witness::write(&feeds, [7; 16], own)?;
    post.restart().await?;
    assert_eq!(
        post.trust().await?,
        (true, true),
        "it says what the store says"
    );
    let later = crate::domain::Witness {
        claims: own.claims + 1,
        ..own
    };
    witness::write(&feeds, [8; 16], later)?;
    post.restart().await?;
    assert_eq!(post.trust().await?, (true, true), "of another store");
    witness::write(&feeds, [7; 16], later)?;
    post.restart().await?;
    assert_eq!(
        post.trust().await?,
        (true, false),
        "what is due is released"
    );
    assert_eq!(post.held().await?, [Distrust::Restored(later)]);
    post.restart().await?;
    assert_eq!(post.held().await?.len(), 1, "it is held once");
    post.decide(Decision::Approve).await?;
    post.restart().await?;
    assert_eq!(post.trust().await?, (true, true));
    Ok(())
}

#[tokio::test]
async fn nothing_to_claim_is_not_witnessed() -> Tested {
    let post = Post::new().await?;
    assert_eq!(post.guard.may_claim(post.now).await?, May::Idle);
    assert_eq!(post.witness()?, Testimony::Absent);
    Ok(())
}

#[tokio::test]
async fn with_too_little_room_nothing_goes_out_until_there_is_more() -> Tested {
    let post = Post::new().await?;
    let set = |megabytes: u64| post.free.store(megabytes * 1_000_000, Ordering::Relaxed);
    let troubles = || post.guard.board.problems().len();
    set(200);
    assert_eq!(post.trust().await?, (true, true));
    set(199);
    assert_eq!(post.trust().await?, (true, false));
    assert_eq!((post.guard.has_room(), troubles()), (false, 1));
    assert_eq!(post.guard.may_claim(post.now).await?, May::Not);
    set(210);
    assert!(!post.guard.has_room(), "somewhat more is wanted");
    set(220);
    assert_eq!(post.trust().await?, (true, true));
    assert_eq!(troubles(), 0);
    assert_eq!(post.held().await?, [], "nobody is asked");
    Ok(())
}
