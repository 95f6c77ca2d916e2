mod golden;
mod proof;
mod property;
mod topics;

use std::collections::{BTreeMap, BTreeSet};

use mail_parser::{Message, MessageParser};

use super::*;
use crate::domain::delivery::{ClaimContent, ClaimItem};
use crate::domain::{
    BodyHash, Cadence, DeliveryKey, Filter, Publication, PublicationId, RunKey, TagId, TagName,
};
use crate::text;
use crate::text::template::Templates;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn keys() -> Arc<Keys> {
    Arc::new(Keys::generate([7; 32]))
}

fn composer(site_title: &str, web_url: &str) -> Composer {
    let templates = Templates::new(&BTreeMap::new()).expect("the built-in templates");
    let letterhead = Letterhead {
        site_title: site_title.to_owned(),
        site_url: "https://portal.example/".to_owned(),
        from_name: Some(site_title.to_owned()),
        reply_to: None,
        from: Address::parse("wici@portal.example").expect("an address"),
        web_url: web_url.to_owned(),
        message_id_domain: "portal.example".to_owned(),
        list_id: "wici.portal.example".to_owned(),
        zone: TimeZone::get("Europe/Warsaw").expect("a zone"),
        language: language("pl"),
        tags: vec![
            tag("szkolenia", "Szkolenia", "Навчання", "Training"),
            tag("prawo", "Prawo", "Право", "Law"),
        ],
    };
    Composer::new(Arc::new(templates), letterhead, keys())
}

fn tag(id: &str, pl: &str, uk: &str, en: &str) -> TagDefinition {
    let labels = [("pl", pl), ("uk", uk), ("en", en)];
    TagDefinition {
        id: TagId::new(id).expect("a slug"),
        labels: labels
            .map(|(tag, label)| (language(tag), label.to_owned()))
            .into(),
        aliases: Vec::new(),
    }
}

fn portal() -> Composer {
    composer("Portal Miejski", "https://wici.portal.example/")
}

fn language(tag: &str) -> Language {
    Language::parse(tag).expect("a language")
}

/// A publication of the portal; tags by id, separated by spaces.
fn item(tag: &str, title: &str, summary: &str, tags: &str) -> ClaimItem {
    // 23:30 UTC is the next day in Warsaw.
    let published = "2026-11-23T23:30:00Z".parse().expect("an instant");
    let slug = text::slug::slug(title).unwrap_or_default();
    let tag_name = |id: &str| TagName {
        id: TagId::new(id).expect("a slug"),
        label: format!("#{id}")
            .replace("#kultura", "Kultura")
            .replace("#pomoc", "Pomoc"),
    };
    ClaimItem {
        publication: Publication {
            id: PublicationId(format!("tag:portal.example,2026:pages/{slug}")),
            title: title.to_owned(),
            link: format!("https://portal.example/{tag}/{slug}/?a=1&b=2"),
            language: language(tag),
            published,
            updated: published,
            tags: tags.split_whitespace().map(tag_name).collect(),
            summary: summary.to_owned(),
            body: BodyHash::of(""),
            authors: Vec::new(),
            archived: None,
            change_note: None,
            translation_of: None,
            image: None,
            enclosures: Vec::new(),
            expires: None,
        },
        correction: false,
    }
}

fn polish() -> ClaimItem {
    item(
        "pl",
        "Nabór wniosków o stypendia dla młodych twórców",
        "Wnioski przyjmujemy do końca grudnia. Stypendium może dostać każdy, kto nie skończył \
         trzydziestu lat i mieszka w naszym mieście co najmniej od roku.",
        "kultura",
    )
}

fn ukrainian() -> ClaimItem {
    item(
        "uk",
        "Безкоштовні курси польської мови",
        "Заняття проходять двічі на тиждень у міській бібліотеці; записатися можна до п’ятниці.",
        "szkolenia",
    )
}

fn english() -> ClaimItem {
    item(
        "en",
        "Water supply works on <Harbour> & \"Mill\" Street",
        "There will be no water on Thursday between nine and noon.",
        "",
    )
}

fn content(items: Vec<ClaimItem>, more: u32) -> ClaimContent {
    ClaimContent {
        number: 1,
        items,
        more,
    }
}

fn daily() -> Cadence {
    Cadence {
        schedule: "daily".to_owned(),
        zone: None,
    }
}

fn claim(content: &ClaimContent, tag: &str, cadence: &Cadence) -> Claim {
    Claim {
        key: DeliveryKey {
            run: RunKey(3),
            subscriber: SubscriberKey(12_345),
        },
        address: Address::parse("jan.kowalski@example.org").expect("an address"),
        language: language(tag),
        cadence: cadence.clone(),
        date: "2026-11-24T07:00:00Z".parse().expect("an instant"),
        content: Arc::new(content.clone()),
        asked: vec![Filter::default()],
    }
}

/// Who asked for any of these tags.
fn asking(tags: &str) -> Filter {
    let tags = tags
        .split_whitespace()
        .map(|tag| TagId::new(tag).expect("a slug"));
    Filter {
        any: tags.collect::<BTreeSet<_>>(),
        ..Filter::default()
    }
}

fn compose(composer: &Composer, claim: &Claim) -> Vec<u8> {
    let shared = composer.shared(claim);
    composer
        .letter(&shared.expect("the built-in templates render"), claim)
        .into_bytes()
}

/// A letter as the portal's readers of a language get it.
fn letter(content: &ClaimContent, tag: &str, cadence: &Cadence) -> Vec<u8> {
    compose(&portal(), &claim(content, tag, cadence))
}

fn parse(letter: &[u8]) -> Message<'_> {
    MessageParser::default().parse(letter).expect("a message")
}

/// Head, subject, text and HTML as a mail program decodes them, for people to review.
fn decoded(letter: &[u8]) -> String {
    let html = parse(letter)
        .body_html(0)
        .unwrap_or_default()
        .replace('\r', "");
    format!("{}\n=== html\n{html}", without_html(letter))
}

fn without_html(letter: &[u8]) -> String {
    let message = parse(letter);
    let raw = String::from_utf8_lossy(letter);
    let head = raw.split("\r\n\r\n").next().unwrap_or_default();
    format!(
        "{}\n\n{}\n=== text\n{}",
        head.replace("\r\n", "\n"),
        message.subject().unwrap_or_default(),
        message.body_text(0).unwrap_or_default().replace('\r', ""),
    )
}

fn unsubscribe_url() -> String {
    let token = keys().sign(Purpose::Unsubscribe, SubscriberKey(12_345));
    format!("https://wici.portal.example/unsubscribe/{token}")
}

/// The whole header, in order.
const HEADERS: [&str; 16] = [
    "Date",
    "To",
    "Message-ID",
    "List-Unsubscribe",
    "From",
    "Subject",
    "List-Id",
    "List-Unsubscribe-Post",
    "List-Help",
    "List-Archive",
    "List-Post",
    "Auto-Submitted",
    "Precedence",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
];

#[test]
fn headers_are_what_mail_programs_and_robots_expect() -> Outcome {
    let letter = letter(&content(vec![polish()], 0), "pl", &daily());
    let message = parse(&letter);
    let raw = String::from_utf8(letter.clone())?;
    let url = unsubscribe_url();
    for line in [
        "Date: Tue, 24 Nov 2026 07:00:00 +0000",
        "To: jan.kowalski@example.org",
        &format!("List-Unsubscribe: <{url}>"),
        "From: \"Portal Miejski\" <wici@portal.example>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Content-Language: pl",
    ] {
        assert!(raw.contains(&format!("{line}\r\n")), "{line}\n{raw}");
    }
    let id = message.message_id().expect("a Message-ID");
    assert!(id.ends_with("@portal.example") && !id.contains("12345"));
    Ok(())
}

#[test]
fn answers_go_where_the_site_wants_them() {
    let mut composer = portal();
    let editors = Address::parse("editors+news@portal.example").expect("an address");
    composer.letterhead.reply_to = Some((Some("Redakcja, Łódź".to_owned()), editors));
    let letter = compose(
        &composer,
        &claim(&content(vec![polish()], 0), "pl", &daily()),
    );
    let message = parse(&letter);
    let reply_to = message
        .reply_to()
        .and_then(|to| to.first())
        .expect("Reply-To");
    assert_eq!(reply_to.address(), Some("editors+news@portal.example"));
    assert_eq!(reply_to.name(), Some("Redakcja, Łódź"));
    let raw = String::from_utf8_lossy(&letter);
    assert!(raw.contains("\r\nList-Owner: <mailto:editors%2Bnews@portal.example>\r\n"));
}

#[test]
fn one_click_is_offered_over_https_alone() {
    let content = content(vec![polish()], 0);
    let composer = composer("Portal", "http://127.0.0.1:8080/");
    let letter = compose(&composer, &claim(&content, "pl", &daily()));
    let message = parse(&letter);
    assert!(message.header("List-Unsubscribe").is_some());
    assert!(message.header("List-Unsubscribe-Post").is_none());
}

#[test]
fn the_same_claim_makes_the_same_bytes_and_another_differs_only_where_it_must() {
    let content = content(vec![polish(), ukrainian()], 0);
    let first = claim(&content, "pl", &daily());
    let composer = portal();
    let shared = composer.shared(&first);
    let shared = shared.expect("the built-in templates render");
    assert_eq!(
        composer.letter(&shared, &first).into_bytes(),
        compose(&portal(), &first)
    );
    let mut second = first.clone();
    second.key.subscriber = SubscriberKey(9);
    second.address = Address::parse("ewa@example.net").expect("an address");
    let lines = |claim: &Claim| -> Vec<String> {
        let letter = composer.letter(&shared, claim);
        letter.split("\r\n").map(str::to_owned).collect()
    };
    let (one, two) = (lines(&first), lines(&second));
    assert_eq!(one.len(), two.len());
    let differing: Vec<&String> = one
        .iter()
        .zip(&two)
        .filter(|(a, b)| a != b)
        .map(|(a, _)| a)
        .collect();
    // To, Message-ID, List-Unsubscribe, and the link in text and HTML.
    assert_eq!(differing.len(), 5, "{differing:#?}");
}

#[test]
fn a_reader_of_another_language_gets_english() {
    let german = letter(&content(vec![english()], 0), "de", &Cadence::immediate());
    let message = parse(&german);
    assert!(
        message
            .body_text(0)
            .is_some_and(|t| t.contains("24 November 2026"))
    );
    assert!(String::from_utf8_lossy(&german).contains("Content-Language: en\r\n"));
}

#[test]
fn links_that_are_not_of_the_web_are_left_out() {
    for link in ["javascript:alert(1)", "data:text/html,x", "nonsense", ""] {
        let mut item = english();
        item.publication.link = link.to_owned();
        let letter = letter(&content(vec![item], 0), "en", &daily());
        let html = parse(&letter).body_html(0).expect("HTML").into_owned();
        assert_eq!(
            html.matches("href=").count(),
            2,
            "site and unsubscribe: {html}"
        );
    }
}

#[test]
fn a_letter_is_a_copy() {
    let content = content(vec![polish(), ukrainian(), english()], 0);
    let claim = claim(&content, "pl", &daily());
    let composer = portal();
    let shared = composer
        .shared(&claim)
        .expect("the built-in templates render");
    assert!(shared.pieces.len() == 3, "text and HTML have one link each");
    assert!(composer.letter(&shared, &claim).len() <= shared.size + PERSONAL);
}
