use super::*;
use proptest::prelude::*;

fn values(line: &str) -> Vec<String> {
    line.split(',').map(str::to_owned).collect()
}

fn layout(head: &str) -> Layout {
    Layout::of(&values(head)).expect("a column of addresses")
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// What becomes of each row: an address, or why not.
fn read(head: &str, rows: &[&str]) -> Vec<Result<String, Unusable>> {
    let layout = layout(head);
    let read = |row: &&str| layout.row(&values(row), &TimeZone::UTC);
    rows.iter()
        .map(|row| read(row).map(|row| row.address.into()))
        .collect()
}

const LISTMONK: &str = "uuid,email,name,attributes,status,created_at,updated_at";
const MAILCHIMP: &str = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,\
    CONFIRM_TIME,CONFIRM_IP,LAST_CHANGED,LEID,EUID,NOTES,TAGS,UNSUB_TIME";
const GHOST: &str = "id,email,name,note,subscribed_to_emails,complimentary_plan,\
    stripe_customer_id,created_at,deleted_at,labels,tiers";
const PHPLIST: &str = "id,Email,Is this subscriber confirmed,Is this subscriber blacklisted,\
    Did this subscriber manually confirm,Number of bounces,Entered,Last Modified,List Membership";

#[test]
fn programs_are_told_by_their_columns() {
    for (head, program) in [
        ("email", Program::Wici),
        ("E-Mail,name", Program::Wici),
        (&COLUMNS.join(","), Program::Wici),
        (LISTMONK, Program::Listmonk),
        (MAILCHIMP, Program::Mailchimp),
        (GHOST, Program::Ghost),
        (PHPLIST, Program::PhpList),
        ("email,confirmed,blacklisted", Program::PhpList),
    ] {
        assert_eq!(layout(head).program, program, "{head}");
    }
    assert_eq!(Layout::of(&values("name,city")), None);
    assert_eq!(Layout::of(&values("email,Email")), None);
    assert!(Layout::headless(&values("ada@example.org,Ada")).is_some());
    assert!(Layout::headless(&values("name,city")).is_none());
}

#[test]
fn a_row_of_ours_says_everything() -> Result<(), Unusable> {
    let layout = layout(&COLUMNS.join(","));
    let row = layout.row(
        &values("ada@example.org,prawo|pomoc ,a,b,pl|EN,weekly,uk,Europe/Kyiv,2026-11-24"),
        &TimeZone::UTC,
    )?;
    assert_eq!(row.any, ["prawo", "pomoc"]);
    assert_eq!((row.all, row.none), (vec!["a".into()], vec!["b".into()]));
    assert_eq!(joined(&row.languages), "en|pl");
    assert_eq!(row.schedule.as_deref(), Some("weekly"));
    assert_eq!(row.language.as_ref().map(Language::as_str), Some("uk"));
    assert_eq!(row.timezone.as_deref(), Some("Europe/Kyiv"));
    assert_eq!(row.confirmed_at, Some(instant("2026-11-24T00:00:00Z")));
    Ok(())
}

#[test]
fn who_was_not_written_to_there_is_not_subscribed_here() {
    use Inactive::{Blocked, Bounced, Unconfirmed, Unsubscribed};
    let not = |why| Err(Unusable::Inactive(why));
    let yes = || Ok("a@example.org".to_owned());
    assert_eq!(
        read(
            LISTMONK,
            &[
                "u,a@example.org,A,{},enabled,2024-05-06 07:08:09.1 +0000 UTC,",
                "u,a@example.org,A,{},disabled,,",
                "u,a@example.org,A,{},blocklisted,,",
            ]
        ),
        [yes(), not(Blocked), not(Blocked)]
    );
    assert_eq!(
        read(
            MAILCHIMP,
            &[
                "a@example.org,A,B,2,,,2015-03-16 14:40:47,,,1,e,,,",
                "a@example.org,A,B,2,,,2015-03-16 14:40:47,,,1,e,,,2016-03-16 14:40:47",
                "a@example.org,A,B,2,,,,,,1,e,,,",
            ]
        ),
        [yes(), not(Unsubscribed), not(Unconfirmed)]
    );
    assert_eq!(
        read(
            "Email Address,LEID,CLEAN_TIME",
            &["a@example.org,1,2016-03-16 14:40:47"]
        ),
        [not(Bounced)]
    );
    assert_eq!(
        read(
            GHOST,
            &[
                "1,a@example.org,A,,true,,,2019-10-30T14:52:08.000Z,,,",
                "1,a@example.org,A,,false,,,2019-10-30T14:52:08.000Z,,,",
                "1,a@example.org,A,,true,,,,2020-10-30T14:52:08.000Z,,",
            ]
        ),
        [yes(), not(Unsubscribed), not(Blocked)]
    );
    assert_eq!(
        read(
            PHPLIST,
            &[
                "1,a@example.org,1,0,0,0,2012-01-02 03:04:05,,news ",
                "1,a@example.org,0,0,0,0,2012-01-02 03:04:05,,news ",
                "1,a@example.org,1,1,0,0,2012-01-02 03:04:05,,news ",
                "1,a@example.org,1,0,0,0,2012-01-02 03:04:05,,No Lists",
            ]
        ),
        [yes(), not(Unconfirmed), not(Blocked), not(Unsubscribed)]
    );
    assert_eq!(
        read(
            "email,status",
            &["a@example.org,unsubscribed", "a@example.org,"]
        ),
        [not(Unsubscribed), yes()]
    );
}

#[test]
fn what_is_wrong_is_said_without_the_address() {
    let bad = |row: &str| match read(&COLUMNS.join(","), &[row]).remove(0) {
        Err(Unusable::Bad(why)) => why,
        other => format!("{other:?}"),
    };
    for (row, expected) in [
        ("", "there is no address"),
        ("ada", "there is no `@` in it"),
        (
            "ada@example.org,,,,polski",
            "`polski` is not a language tag",
        ),
        (
            "ada@example.org,,,,,,,,yesterday",
            "`yesterday` is not an instant",
        ),
        (
            "ada@example.org,,,,,,,,,x",
            "it has 10 values and the head has 9",
        ),
    ] {
        let why = bad(row);
        assert!(why.contains(expected) && !why.contains("ada@"), "{why}");
    }
    let status = read("email,status", &["ada@example.org,dancing"]);
    assert!(matches!(&status[0], Err(Unusable::Bad(why)) if why.contains("`dancing`")));
}

#[test]
fn columns_that_mean_nothing_are_named() {
    assert_eq!(
        layout("email,Name,,languagues").unused,
        ["Name", "languagues"]
    );
}

#[test]
fn instants_are_read_as_tables_write_them() {
    let warsaw = TimeZone::get("Europe/Warsaw").expect("a zone");
    for (text, expected) in [
        ("2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z"),
        ("2026-11-24T08:00:00.5+01:00", "2026-11-24T07:00:00.5Z"),
        ("2026-11-24", "2026-11-23T23:00:00Z"),
        ("2026-11-24 08:00", "2026-11-24T07:00:00Z"),
        ("2026-07-24 08:00:01", "2026-07-24T06:00:01Z"),
        ("24.11.2026", "2026-11-23T23:00:00Z"),
        (
            "2026-11-24 08:00:00.25 +0200 EET",
            "2026-11-24T06:00:00.25Z",
        ),
    ] {
        assert_eq!(date::parse(text, &warsaw), Ok(instant(expected)), "{text}");
    }
    for text in ["", "now", "2026-13-01", "11/24/2026", "1700000000"] {
        assert!(date::parse(text, &warsaw).is_err(), "{text}");
    }
}

proptest! {
    /// No spreadsheet takes an address for a formula, and it reads back as it was.
    #[test]
    fn a_guarded_address_reads_back(local in "[=+'a-z!|-]{1,9}") {
        let address = format!("{local}@example.org");
        let written = guarded(&address);
        prop_assert!(!written.starts_with(['=', '+', '-', '@']));
        prop_assert_eq!(unguarded(&written), address);
    }

    /// Nothing that a table holds makes reading fail otherwise than in words.
    #[test]
    fn any_row_is_read_or_refused(head in "\\PC{0,40}", row in "\\PC{0,80}") {
        if let Some(layout) = Layout::of(&values(&format!("email,{head}"))) {
            let _ = layout.row(&values(&row), &TimeZone::UTC);
        }
    }
}
