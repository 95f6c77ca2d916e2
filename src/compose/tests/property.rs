//! Whatever an author writes, a mail program reads it back, and nothing else.

use mail_parser::MimeHeaders;
use proptest::prelude::*;

use super::*;
use crate::domain::Archived;

/// Letters, digits, and everything that has ever broken a mail.
fn nasty_text() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "\r\n",
        "\n\n",
        "\r",
        "\0",
        "\u{2028}",
        "\u{2029}",
        "\u{85}",
        "\u{feff}",
        "\u{202e}",
        "=?utf-8?q?x?=",
        "=?",
        "?=",
        "=",
        ".",
        "\n.\n",
        "From ",
        "<script>",
        "&amp;",
        "\"",
        "\\",
        "{{ 1 }}",
        "{% raw %}",
        "Bcc: x@example.org",
        " ",
        "\t",
        "żółw",
        "їжак",
        "👩‍👩‍👧",
        "e\u{301}",
        "\u{fffe}",
        "--",
    ]);
    let long = "[a-z]{1,1200}".prop_map(|word| word);
    let piece = prop_oneof![
        4 => nasty.prop_map(str::to_owned),
        3 => "\\PC{0,30}",
        2 => any::<String>(),
        1 => long,
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// What an author may take for an address.
fn address() -> impl Strategy<Value = String> {
    let schemes = [
        "https://portal.example/",
        "http://żółw.example/?",
        "javascript:",
        "",
    ];
    let scheme = prop::sample::select(schemes.to_vec());
    (scheme, nasty_text()).prop_map(|(scheme, rest)| format!("{scheme}{rest}"))
}

/// The text that HTML stands for, where it only has the entities that templates write.
fn unescaped(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_the_author_writes_the_message_stands(
        titles in prop::collection::vec(nasty_text(), 1..4),
        summary in nasty_text(),
        note in nasty_text(),
        site in nasty_text(),
        link in address(),
        latest in address(),
    ) {
        let items: Vec<ClaimItem> = titles.iter().map(|title| {
            let mut item = item("uk", title, &summary, "");
            item.correction = true;
            item.publication.link = link.clone();
            item.publication.change_note = Some(note.clone());
            item.publication.archived = Some(Archived {
                notice: note.clone(),
                latest: Some(latest.clone()),
            });
            item
        }).collect();
        let content = content(items, 0);
        let composer = composer(&site, "https://wici.portal.example/");
        let letter = compose(&composer, &claim(&content, "uk", &daily()));

        prop_assert!(letter.is_ascii() && !letter.contains(&0));
        let raw = String::from_utf8(letter.clone()).expect("ASCII");
        prop_assert!(!raw.replace("\r\n", "").contains(['\r', '\n']));
        for line in raw.split("\r\n") {
            prop_assert!(line.len() <= 98, "{line:?}");
        }
        let head = raw.split("\r\n\r\n").next().expect("a head");
        let names: Vec<&str> = head.split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split_once(':').map_or(line, |(name, _)| name))
            .collect();
        prop_assert_eq!(names, HEADERS, "{}", head);

        let message = parse(&letter);
        prop_assert_eq!(message.parts.len(), 3);
        if let [title] = titles.as_slice() {
            let title = header::shorten(&header::one_line(title), 200);
            let expected = header::one_line(&format!("Оновлено: {title}"));
            prop_assert_eq!(message.subject().unwrap_or_default(), expected);
        }
        let text = message.body_text(0).expect("text").into_owned();
        let html = message.body_html(0).expect("HTML").into_owned();
        let url = unsubscribe_url();
        prop_assert!(text.contains(&url));
        prop_assert!(html.contains(&url));
        prop_assert!(!html.contains("<script"));
        for link in html.split("href=\"").skip(1) {
            let link = unescaped(link.split('"').next().expect("its end"));
            prop_assert!(text.contains(&link), "{link} is not in {text}");
            prop_assert!(link.starts_with("http"), "{link}");
        }
        let flowing = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (text, html) = (flowing(&text), flowing(&unescaped(&html)));
        for words in titles.iter().chain([&note, &site]) {
            let words = flowing(&header::one_line(words));
            prop_assert!(text.contains(&words), "{words:?} in {text}");
            prop_assert!(html.contains(&words), "{words:?} in {html}");
        }
        let summary = header::one_line(&summary);
        let is_there = [600, 200].iter().any(|most| {
            let words = flowing(&header::shorten(&summary, *most));
            text.contains(&words) && html.contains(&words)
        });
        prop_assert!(is_there, "{summary:?} in {text}");
        let parts = message.parts.iter().skip(1);
        for part in parts {
            prop_assert!(part.content_type().is_some_and(|t| t.attribute("charset") == Some("utf-8")));
        }
    }
}
