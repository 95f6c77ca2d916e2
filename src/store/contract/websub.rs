//! Who is pushed what, and what is owed.

use super::*;
use crate::domain::Sequence;
use crate::domain::websub::{self, CallbackKey, Pushed, Walk};
use crate::store::{Follow, Followed, Walked};

const TOPIC: &str = "all.atom";
const FAILED: Pushed = Pushed::Failed(SignedDuration::ZERO);
const HOURS: fn(i64) -> SignedDuration = SignedDuration::from_hours;

fn callback(number: u32) -> String {
    format!("https://reader.example/{number}")
}

async fn follow(
    bench: &Bench,
    topic: &str,
    callback: &str,
    lease: i64,
) -> Result<Followed, StoreError> {
    let subscription = websub::Subscription {
        callback: callback.to_owned(),
        secret: None,
        expires: bench.now + HOURS(lease),
        failing: None,
        due: None,
    };
    let follow = Follow {
        topic: topic.to_owned(),
        subscription,
        sequence: Sequence(1),
        most: [10, 5],
    };
    bench.store.follow(follow).await
}

async fn change(bench: &Bench, topic: &str, sequence: u64) -> Result<Option<Walk>, StoreError> {
    let changed = vec![(topic.to_owned(), Sequence(sequence))];
    let going = bench.store.topics_changed(changed).await?;
    Ok(going.first().map(|(_, _, walk)| *walk))
}

pub(super) async fn who_subscribes_again_has_one_subscription_with_the_new_lease(
    bench: Bench,
) -> Test {
    let callback = callback(1);
    let key = CallbackKey::of(&callback);
    for lease in [1, 5] {
        assert_eq!(
            follow(&bench, TOPIC, &callback, lease).await?,
            Followed::Done
        );
    }
    assert_eq!(bench.store.count_followers().await?, 1);
    let known = bench.store.follower(TOPIC, key).await?;
    assert_eq!(known.map(|known| known.expires), Some(bench.now + HOURS(5)));
    assert_eq!(bench.store.topics().await?[0].1.subscriptions, 1);
    assert!(bench.store.unfollow(TOPIC, key).await?);
    assert!(!bench.store.unfollow(TOPIC, key).await?);
    assert_eq!(bench.store.count_followers().await?, 0);
    assert!(bench.store.topics().await?.is_empty());
    Ok(())
}

pub(super) async fn subscriptions_are_bounded_in_all_and_by_host(bench: Bench) -> Test {
    for number in 0..5 {
        let followed = follow(&bench, TOPIC, &callback(number), 1).await?;
        assert_eq!(followed, Followed::Done);
    }
    assert_eq!(
        follow(&bench, TOPIC, &callback(5), 1).await?,
        Followed::Full
    );
    // Who is there may stay.
    assert_eq!(
        follow(&bench, TOPIC, &callback(0), 9).await?,
        Followed::Done
    );
    for number in 0..5 {
        let other = format!("https://{number}.example/");
        assert_eq!(follow(&bench, TOPIC, &other, 1).await?, Followed::Done);
    }
    let one_more = follow(&bench, "all.rss", "https://more.example/", 1).await?;
    assert_eq!(one_more, Followed::Full);
    Ok(())
}

pub(super) async fn a_change_in_the_midst_of_another_goes_on_from_there(bench: Bench) -> Test {
    for number in 0..4 {
        follow(&bench, TOPIC, &callback(number), 1).await?;
    }
    let store = &bench.store;
    assert_eq!(change(&bench, "none.atom", 2).await?, None);
    assert_eq!(change(&bench, TOPIC, 1).await?, None);
    assert_eq!(change(&bench, TOPIC, 2).await?, Some(Walk::default()));
    let all = store.followers(TOPIC, Walk::default(), 9).await?;
    let all: Vec<CallbackKey> = all.into_iter().map(|(key, _)| key).collect();
    let walk = Walk::default().past(all[1]);
    let delivered = |key: &CallbackKey| (*key, Sequence(2), Pushed::Delivered);
    let pushes = all.iter().take(2).map(delivered).collect();
    let walked = Walked {
        sequence: Sequence(2),
        walk: Some(walk),
    };
    store
        .settle_pushes(TOPIC, pushes, Some(walked), bench.now, 0)
        .await?;
    let next = change(&bench, TOPIC, 3).await?;
    assert_eq!(next, Some(walk.again()));
    // How far the former one came is of no account any more.
    let late = Walked {
        walk: None,
        ..walked
    };
    store
        .settle_pushes(TOPIC, Vec::new(), Some(late), bench.now, 0)
        .await?;
    let [(_, topic)] = &store.topics().await?[..] else {
        panic!("one topic");
    };
    assert_eq!((topic.sequence, topic.walk), (Sequence(3), next));
    let keys = async |walk| {
        let page = store.followers(TOPIC, walk, 9).await?;
        Ok::<_, StoreError>(page.into_iter().map(|(key, _)| key).collect::<Vec<_>>())
    };
    assert_eq!(keys(walk.again()).await?, all[2..]);
    let rest = walk.again().past(all[3]).turn().expect("it goes on");
    assert_eq!(keys(rest).await?, all[..2]);
    assert_eq!(rest.turn(), None);
    Ok(())
}

pub(super) async fn a_push_that_failed_is_due_again_and_is_the_newest(mut bench: Bench) -> Test {
    follow(&bench, TOPIC, &callback(1), 1_000).await?;
    let key = CallbackKey::of(&callback(1));
    let settle = async |bench: &Bench, sequence, pushed| {
        let pushes = vec![(key, Sequence(sequence), pushed)];
        bench
            .store
            .settle_pushes(TOPIC, pushes, None, bench.now, 0)
            .await
    };
    change(&bench, TOPIC, 2).await?;
    settle(&bench, 2, FAILED).await?;
    assert_eq!(bench.store.due_pushes(bench.now, 9).await?, []);
    bench.wait(HOURS(1));
    let due = bench.store.due_pushes(bench.now, 9).await?;
    assert_eq!(due, [(TOPIC.to_owned(), key)]);
    // While it is tried again, the feed changes; the way of that change goes by it.
    change(&bench, TOPIC, 3).await?;
    settle(&bench, 2, Pushed::Delivered).await?;
    assert_eq!(bench.store.due_pushes(bench.now, 9).await?.len(), 1);
    settle(&bench, 3, Pushed::Delivered).await?;
    assert_eq!(bench.store.next_push().await?, None);
    settle(&bench, 3, FAILED).await?;
    assert_eq!(bench.store.count_pushes().await?, 1);
    let dropped = settle(&bench, 3, Pushed::Gone).await?;
    assert_eq!(dropped[0].host(), "reader.example");
    assert_eq!(bench.store.next_push().await?, None);
    assert_eq!(bench.store.count_followers().await?, 0);
    Ok(())
}

pub(super) async fn a_lease_that_ended_ends_its_subscription(mut bench: Bench) -> Test {
    for (number, lease) in [(1, 1), (2, 2), (3, 3)] {
        follow(&bench, TOPIC, &callback(number), lease).await?;
    }
    bench.wait(HOURS(2));
    assert_eq!(bench.store.lapse(None, bench.now).await?, None);
    assert_eq!(bench.store.count_followers().await?, 1);
    let left = CallbackKey::of(&callback(3));
    assert!(bench.store.follower(TOPIC, left).await?.is_some());
    Ok(())
}

pub(super) async fn what_was_told_to_another_hub_is_remembered(bench: Bench) -> Test {
    let told = vec![
        (TOPIC.to_owned(), Sequence(7)),
        ("tag/prawo.rss".to_owned(), Sequence(3)),
    ];
    bench.store.note_told(told.clone()).await?;
    assert_eq!(bench.store.told().await?, told);
    Ok(())
}

pub(super) async fn who_is_pushed_a_feed_is_pushed_what_took_its_place(bench: Bench) -> Test {
    const FORMER: &str = "tag/ustawy.atom";
    for number in 0..3 {
        follow(&bench, FORMER, &callback(number), 5).await?;
    }
    // One had both, and one is waiting to be tried again.
    follow(&bench, TOPIC, &callback(0), 9).await?;
    change(&bench, FORMER, 2).await?;
    let [both, waits, rests] = [0, 1, 2].map(|number| CallbackKey::of(&callback(number)));
    let failed = vec![(waits, Sequence(2), Pushed::Failed(SignedDuration::ZERO))];
    let store = &bench.store;
    store
        .settle_pushes(FORMER, failed, None, bench.now, 0)
        .await?;
    for _ in 0..2 {
        store.follow_instead(FORMER, TOPIC, Some(bench.now)).await?;
        let [(topic, row)] = &store.topics().await?[..] else {
            panic!("one topic");
        };
        assert_eq!((topic.as_str(), row.subscriptions), (TOPIC, 3));
        assert_eq!(store.count_followers().await?, 3);
        let mut owed = store.due_pushes(bench.now, 9).await?;
        owed.sort();
        let mut expected = [waits, rests].map(|key| (TOPIC.to_owned(), key));
        expected.sort();
        assert_eq!(owed, expected);
        assert_eq!(store.count_pushes().await?, 2);
    }
    let lease = async |key| {
        let known = store.follower(TOPIC, key).await?;
        Ok::<_, StoreError>(known.map(|known| known.expires))
    };
    assert_eq!(lease(both).await?, Some(bench.now + HOURS(9)));
    assert_eq!(lease(rests).await?, Some(bench.now + HOURS(5)));
    Ok(())
}
