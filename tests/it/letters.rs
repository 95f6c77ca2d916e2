//! A letter of every kind in every language, written down for the mail programs of `tests/peers`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use wici::compose::{Composer, Letterhead, samples};
use wici::domain::{Address, Language};
use wici::text::template::Templates;
use wici::token::Keys;

#[test]
fn letters_are_there_for_mail_programs_to_judge() {
    let from = Address::parse("wici@portal.example").expect("an address");
    let letterhead = Letterhead {
        site_title: "Portal „Żółw”".to_owned(),
        site_url: "https://portal.example/".to_owned(),
        from_name: Some("Portal „Żółw”".to_owned()),
        reply_to: None,
        from: from.clone(),
        web_url: "https://news.portal.example/".to_owned(),
        message_id_domain: "portal.example".to_owned(),
        list_id: "wici.news.portal.example".to_owned(),
        zone: TimeZone::UTC,
        language: Language::parse("pl").expect("a language"),
        tags: Vec::new(),
    };
    let templates = Templates::new(&BTreeMap::new()).expect("those that are built in");
    let keys = Arc::new(Keys::generate([7; 32]));
    let composer = Composer::new(Arc::new(templates), letterhead, keys);
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("letters");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a folder");
    for tag in ["pl", "uk", "en"] {
        let language = Language::parse(tag).expect("a language");
        let claims = samples(&language, &from, Timestamp::UNIX_EPOCH);
        for (number, claim) in claims.iter().enumerate() {
            let shared = composer
                .shared(claim)
                .expect("the built-in templates render");
            let path = dir.join(format!("{tag}-{number}.eml"));
            fs::write(path, composer.letter(&shared, claim)).expect("a file");
        }
    }
}
