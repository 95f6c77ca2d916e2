use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<String, NotAnAddress> {
    Address::parse(text).map(String::from)
}

fn why(text: &str) -> String {
    Address::parse(text).map_or_else(|why| why.to_string(), |_| format!("{text:?} was taken"))
}

#[test]
fn domains_become_a_labels_and_the_local_part_stays() {
    assert_eq!(
        parse(" Jan.Kowalski+wici@Example.ORG "),
        Ok("Jan.Kowalski+wici@example.org".into())
    );
    assert_eq!(parse("a@żółw.pl"), parse("a@xn--w-uga1v8h.pl"));
    assert_eq!(parse("a@ŻÓŁW.pl."), parse("a@xn--w-uga1v8h.pl"));
    assert_eq!(
        parse("a@z\u{307}o\u{301}łw.pl"),
        parse("a@xn--w-uga1v8h.pl")
    );
}

#[test]
fn what_smtp_cannot_carry_is_refused() {
    let long = format!("{}@example.org", "a".repeat(65));
    let longer = format!("a@{}.org", ["b".repeat(60).as_str(); 5].join("."));
    for bad in [
        "",
        "a",
        "@example.org",
        "a@",
        "a@localhost",
        "a@b@",
        "a b@example.org",
        "a\r\nRCPT TO:<x@y.z>@example.org",
        "a@exa mple.org",
        "a@[127.0.0.1]",
        "a@127.0.0.1",
        "a@example..org",
        "a@example.org..",
        "a>@example.org",
        ".a@example.org",
        "a.@example.org",
        "a..b@example.org",
        "a@-example.org",
        "a@xn--zzzzzz.org",
        "a\u{7F}b@example.org",
        "a\u{0}@example.org",
        "a\u{202E}b@example.org",
        "a\u{200D}b@example.org",
        "a\u{FFFD}@example.org",
        "\"a@example.org",
        "\"a\"b@example.org",
        "\"\"@example.org",
        "\"a\nb\"@example.org",
        "a(home)@example.org",
        "Ada <ada@example.org>",
        &long,
        &longer,
    ] {
        assert!(parse(bad).is_err(), "{bad:?} was taken");
    }
}

#[test]
fn the_reason_names_what_is_wrong() {
    for (text, expected) in [
        ("ada", "there is no `@`"),
        ("Ada <ada@example.org>", "without a name"),
        ("ada(home)@example.org", "comments in brackets"),
        ("ada lovelace@example.org", "a space before `@`"),
        ("a\u{200B}b@example.org", "can't be seen (U+200B)"),
        ("a,b@example.org", "`,` (U+002C)"),
        ("ada@localhost", "must have a dot"),
        ("ada@[::1]", "bare network address"),
        ("a..b@example.org", "a dot must stand between"),
    ] {
        assert!(why(text).contains(expected), "{}", why(text));
    }
}

#[test]
fn quotation_marks_stay_only_where_they_are_needed() {
    for (given, kept) in [
        ("\"ada\"@example.org", "ada@example.org"),
        ("\"a.\\b\"@example.org", "a.b@example.org"),
        ("\"ada b\"@example.org", "\"ada b\"@example.org"),
        ("\"a@b\"@example.org", "\"a@b\"@example.org"),
        ("\"a\\\"b\\\\\"@example.org", "\"a\\\"b\\\\\"@example.org"),
        ("\"a..b\"@example.org", "\"a..b\"@example.org"),
    ] {
        assert_eq!(parse(given).as_deref(), Ok(kept));
    }
}

#[test]
fn letters_of_any_script_may_stand_before_the_at() -> Result<(), NotAnAddress> {
    let address = Address::parse("Żo\u{301}łw@Example.org")?;
    assert_eq!(address.as_str(), "Żółw@example.org");
    assert_eq!(address.key(), "żółw@example.org");
    assert!(address.needs_smtputf8());
    assert!(!Address::parse("zolw@żółw.pl")?.needs_smtputf8());
    Ok(())
}

#[test]
fn what_people_paste_is_freed_of_its_name() -> Result<(), NotAnAddress> {
    let ada = Address::parse("ada@example.org")?;
    for text in [
        "Ada Byron <ada@example.org>",
        "\"Byron, Ada\" <ada@example.org> ",
        "<ada@example.org>",
        "mailto:ada@example.org",
        "\u{FEFF}ada@example.org\u{200B}",
    ] {
        assert_eq!(Address::parse_pasted(text)?, ada, "{text}");
    }
    assert!(Address::parse_pasted("Ada <ada>").is_err());
    Ok(())
}

#[test]
fn nothing_that_prints_shows_the_address() -> Result<(), NotAnAddress> {
    for (text, masked) in [
        ("jan.kowalski@example.org", "j…@example.org"),
        ("\"jan kowalski\"@example.org", "j…@example.org"),
        ("żółw@example.org", "ż…@example.org"),
    ] {
        let address = Address::parse(text)?;
        assert_eq!(
            format!("{address} {address:?}"),
            format!("{masked} {masked}")
        );
    }
    Ok(())
}

/// Texts that are addresses, or nearly.
fn nearly() -> impl Strategy<Value = String> {
    let local = prop_oneof![
        "[a-zA-Z0-9.+_-]{1,20}",
        "\"[ -~]{0,20}\"",
        "[a-zżółąęĄŚДїα\u{301}\u{200D}\u{202E}İß.]{1,20}",
        "\\PC{1,70}",
    ];
    let domain = prop_oneof![
        "[a-zA-Z0-9-]{1,10}\\.(org|PL|укр)\\.?",
        "[a-zżółД]{1,10}\\.[a-z]{2,3}",
        "\\PC{1,20}",
    ];
    (local, domain).prop_map(|(local, domain)| format!("{local}@{domain}"))
}

proptest! {
    /// What was taken once is taken again, as it is, and fits into `RCPT TO:<…>`.
    #[test]
    fn an_address_has_one_spelling(text in nearly()) {
        if let Ok(address) = Address::parse(&text) {
            let whole = address.as_str();
            let again = Address::parse(whole);
            prop_assert_eq!(again.as_ref(), Ok(&address), "{}", whole);
            prop_assert!(whole.len() <= 254 && whole.rfind('@').is_some_and(|at| at <= 64));
            let unseen = whole.contains(|c: char| c.is_control() || is_blank(c) && c != ' ');
            prop_assert!(!unseen);
            prop_assert!(whole.starts_with('"') || !whole.contains([' ', '<', '>', ',']));
            prop_assert!(address.domain().bytes().all(|b| b.is_ascii_graphic()));
            let read: Result<Address, _> = postcard::to_stdvec(&address)
                .and_then(|bytes| postcard::from_bytes(&bytes));
            prop_assert_eq!(read, Ok(address));
        }
    }

    /// However it is written, it is one mailbox.
    #[test]
    fn case_and_composition_make_no_difference(text in nearly()) {
        if let Ok(address) = Address::parse(&text) {
            let key = address.key();
            let decomposed: String = address.as_str().nfd().collect();
            prop_assert_eq!(Address::parse(&decomposed).map(|other| other.key()), Ok(key.clone()));
            if let Ok(other) = Address::parse(&key) {
                prop_assert_eq!(other.key(), key);
            }
        }
    }
}
