use std::collections::BTreeSet;

use super::*;
use crate::domain::RunKey;

const SUBSCRIBER: SubscriberKey = SubscriberKey(7_000_000_123);

fn keys() -> Keys {
    Keys::generate([42; 32])
}

/// A file with a new key above those of `keys`.
fn with_newer_key(keys: &Keys) -> Result<Keys, DamagedKeys> {
    let newer = Keys::generate([43; 32]).encode().replace("\n1 ", "\n2 ");
    let body = newer.lines().nth(1).and_then(|line| line.rsplit_once(' '));
    let body = body.map(|(body, _)| body).unwrap_or_default();
    let line = format!("{body} {:08x}", crc32fast::hash(body.as_bytes()));
    Keys::decode(&keys.encode().replacen('\n', &format!("\n{line}\n"), 1))
}

#[test]
fn a_token_names_its_subscriber_and_has_the_one_length() {
    for number in [0, 1, SUBSCRIBER.0, u64::MAX] {
        let token = keys().sign(Purpose::Unsubscribe, SubscriberKey(number));
        assert_eq!(token.len(), Keys::TOKEN_LENGTH);
        assert!(
            token
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert_eq!(
            keys().verify(&token, Purpose::Unsubscribe),
            Ok(SubscriberKey(number))
        );
    }
}

#[test]
fn a_token_with_any_character_changed_is_refused() {
    let token = keys().sign(Purpose::Unsubscribe, SUBSCRIBER);
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert!(keys().verify(&changed, Purpose::Unsubscribe).is_err());
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let token = keys().sign(Purpose::Unsubscribe, SUBSCRIBER);
    let long = format!("{token}A");
    let padded = format!("{}=", &token[1..]);
    for bad in ["", "żółw", &token[1..], &long, &padded, &"ą".repeat(18)] {
        assert_eq!(
            keys().verify(bad, Purpose::Unsubscribe),
            Err(TokenError::Malformed)
        );
    }
}

#[test]
fn a_token_for_something_else_is_refused() {
    let mut claim = vec![200, 0, 1];
    claim.extend(SUBSCRIBER.0.to_be_bytes());
    let mac = keys().newest().links.clone().chain_update(&claim);
    claim.extend(&mac.finalize().into_bytes()[..MAC]);
    let token = URL_SAFE_NO_PAD.encode(claim);
    assert_eq!(
        keys().verify(&token, Purpose::Unsubscribe),
        Err(TokenError::Forged)
    );
}

#[test]
fn tokens_outlive_a_new_key_and_not_the_loss_of_theirs() -> Result<(), DamagedKeys> {
    let token = keys().sign(Purpose::Unsubscribe, SUBSCRIBER);
    let newer = with_newer_key(&keys())?;
    assert_eq!(format!("{newer:?}"), "[2, 1]");
    assert_eq!(newer.verify(&token, Purpose::Unsubscribe), Ok(SUBSCRIBER));
    let new_token = newer.sign(Purpose::Unsubscribe, SUBSCRIBER);
    assert_ne!(new_token, token);
    assert_eq!(
        newer.verify(&new_token, Purpose::Unsubscribe),
        Ok(SUBSCRIBER)
    );
    for stranger in [keys(), Keys::generate([44; 32])] {
        assert_eq!(
            stranger.verify(&new_token, Purpose::Unsubscribe),
            Err(TokenError::Forged)
        );
    }
    Ok(())
}

#[test]
fn message_id_tags_are_distinct_steady_and_mute() -> Result<(), DamagedKeys> {
    let delivery = |run, subscriber| DeliveryKey {
        run: RunKey(run),
        subscriber: SubscriberKey(subscriber),
    };
    let mut tags = BTreeSet::new();
    for run in 0..20 {
        for subscriber in 0..20 {
            let tag = keys().message_id_tag(delivery(run, subscriber));
            assert_eq!(tag.len(), 32);
            tags.insert(tag);
        }
    }
    assert_eq!(tags.len(), 400);
    let newer = with_newer_key(&keys())?;
    assert_eq!(
        newer.message_id_tag(delivery(3, 4)),
        keys().message_id_tag(delivery(3, 4))
    );
    assert_ne!(
        Keys::generate([1; 32]).message_id_tag(delivery(3, 4)),
        keys().message_id_tag(delivery(3, 4))
    );
    Ok(())
}

#[test]
fn keys_read_back_as_written_and_never_print() -> Result<(), DamagedKeys> {
    let text = keys().encode();
    assert_eq!(Keys::decode(&text)?.encode(), text);
    assert_eq!(format!("{:?}", keys()), "[1]");
    Ok(())
}

#[test]
fn a_key_file_with_any_character_changed_is_refused_with_its_line() {
    let text = keys().encode();
    for at in 0..text.len() - 1 {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert!(Keys::decode(&changed).is_err(), "{changed}");
    }
    for cut in 0..text.len() - 1 {
        assert!(Keys::decode(&text[..cut]).is_err(), "{}", &text[..cut]);
    }
    let error = Keys::decode("wici keys 1\n1 abc 00000000\n").map_err(|e| e.to_string());
    assert!(error.is_err_and(|e| e.contains("line 2: its checksum does not match")));
}
