use super::*;
use proptest::prelude::*;

const FAILED: Pushed = Pushed::Failed(SignedDuration::ZERO);

fn subscription() -> Subscription {
    Subscription {
        callback: "https://reader.example/hook?key=hidden".to_owned(),
        secret: Some("hidden".to_owned()),
        expires: Timestamp::MAX,
        failing: None,
        due: None,
    }
}

#[test]
fn a_push_that_fails_is_tried_eight_times_within_a_day() {
    let mut subscription = subscription();
    let mut now = Timestamp::UNIX_EPOCH;
    for _ in 1..TRIES {
        assert_eq!(subscription.note(FAILED, now, u64::MAX), Next::Retry);
        now = subscription.due.expect("it is tried again");
    }
    assert_eq!(subscription.note(FAILED, now, 0), Next::Rest);
    assert_eq!(subscription.due, None);
    let day = SignedDuration::from_hours(24);
    assert!(now.duration_since(Timestamp::UNIX_EPOCH) < day);
}

#[test]
fn who_could_not_be_reached_for_three_days_is_dropped_and_who_could_begins_anew() {
    let mut one = subscription();
    let first = Timestamp::UNIX_EPOCH;
    let later = first + PATIENCE;
    assert_eq!(one.note(FAILED, first, 0), Next::Retry);
    let mut other = one.clone();
    assert_eq!(one.note(FAILED, later, 0), Next::Drop);
    assert_eq!(other.note(Pushed::Delivered, later, 0), Next::Rest);
    assert_eq!(other.note(FAILED, later, 0), Next::Retry);
    assert_eq!(other.note(Pushed::Gone, later, 0), Next::Drop);
}

#[test]
fn who_asks_for_time_is_given_it_but_no_more_than_a_day() {
    let hours = SignedDuration::from_hours;
    let now = Timestamp::UNIX_EPOCH;
    for (asked, given) in [
        (hours(0), FIRST_PAUSE),
        (hours(2), hours(2)),
        (SignedDuration::MAX, hours(24)),
    ] {
        let mut subscription = subscription();
        assert_eq!(
            subscription.note(Pushed::Failed(asked), now, 0),
            Next::Retry
        );
        assert_eq!(subscription.due, Some(now + given));
    }
}

#[test]
fn who_is_put_off_is_owed_the_push_and_has_not_failed() {
    let mut subscription = subscription();
    let now = Timestamp::UNIX_EPOCH;
    assert_eq!(subscription.note(Pushed::PutOff, now, 0), Next::Retry);
    assert_eq!(subscription.due, Some(now + FIRST_PAUSE));
    assert_eq!(subscription.failing, None);
    assert_eq!(subscription.note(Pushed::Delivered, now, 0), Next::Rest);
    assert_eq!(subscription.due, None);
}

#[test]
fn nothing_that_prints_shows_the_callback_or_the_secret() {
    let shown = format!("{:?}", subscription());
    assert!(shown.contains("reader.example"), "{shown}");
    assert!(
        !shown.contains("hidden") && !shown.contains("hook"),
        "{shown}"
    );
}

/// Walks until everyone was tried; a further change comes after so many steps of the one before.
fn walked(members: &[u8], changes: &[usize]) -> Vec<(u8, usize)> {
    let key = |member: u8| CallbackKey([member; 16]);
    let mut changes = changes.iter();
    let mut walk = Some(Walk::default());
    let (mut change, mut steps) = (0, changes.next());
    let mut taken = 0;
    let mut tried = Vec::new();
    while let Some(going) = walk {
        if steps == Some(&taken) {
            walk = Some(going.again());
            change += 1;
            taken = 0;
            steps = changes.next();
            continue;
        }
        let next = members.iter().find(|member| {
            let key = key(**member);
            going.at.is_none_or(|at| at < key) && going.until().is_none_or(|until| key <= until)
        });
        walk = match next {
            Some(member) => {
                tried.push((*member, change));
                taken += 1;
                Some(going.past(key(*member)))
            }
            None => going.turn(),
        };
    }
    tried
}

proptest! {
    /// Whenever changes come, everyone gets the last one, once.
    #[test]
    fn everyone_gets_the_last_change_once(
        members in proptest::collection::btree_set(any::<u8>(), 0..20),
        changes in proptest::collection::vec(0_usize..20, 0..4),
    ) {
        let members: Vec<u8> = members.into_iter().collect();
        let tried = walked(&members, &changes);
        let last = tried.iter().map(|(_, change)| *change).max().unwrap_or(0);
        let mut had: Vec<u8> = tried.iter().filter(|(_, change)| *change == last).map(|(member, _)| *member).collect();
        had.sort_unstable();
        prop_assert_eq!(had, members);
    }
}
