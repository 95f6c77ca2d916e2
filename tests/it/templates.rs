//! A site's own templates: what is wrong with one is told before any mail is made of it.

use std::fs;

use crate::harness::{Site, wait_for};

const MAIL_TXT: &str = include_str!("../../templates/mail.txt");

/// A changed template, and what `wici check` says of it: place, what, remedy.
const BAD: [(&str, &[u8], [&str; 3]); 13] = [
    (
        "mail.txt",
        b"a\n{% if %}",
        ["templates/mail.txt:2: ", "syntax error", "Jinja"],
    ),
    (
        "mail.txt",
        b"\n\n{{ titel }}",
        [":3: ", "`titel` is undefined", "wici init"],
    ),
    (
        "mail.html",
        b"{{ site.titel }}",
        [
            ":1: ",
            "`site.titel` is undefined",
            "mail.html is given what mail.txt is",
        ],
    ),
    (
        "mail.txt",
        b"{{ subject|shout }}",
        [":1: ", "filter shout is unknown", "the filter `wrap`"],
    ),
    (
        "mail.txt",
        b"{{ shout(subject) }}",
        [":1: ", "shout is unknown", "t() and date()"],
    ),
    (
        "mail.txt",
        b"{{ t('mail-sbuject') }}",
        [":1: ", "no message `mail-sbuject`", "mend this line"],
    ),
    (
        "mail.txt",
        b"{{ date('today') }}",
        [":1: ", "invalid operation", "mend this line"],
    ),
    (
        "mail.html",
        b"{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
        [":1: ", "ran out of fuel", "let its loops end sooner"],
    ),
    (
        "mail.txt",
        b"{{ unsubscribe_url * 30000 }}",
        ["mail.txt: ", "more than 1000 kB", "shorten it"],
    ),
    (
        "mail.txt",
        b"a\n\xb3",
        [
            "templates/mail.txt:2: ",
            "not UTF-8",
            "save the file in UTF-8",
        ],
    ),
    (
        "mail.txt",
        b"Hello!",
        [
            "mail.txt: ",
            "no way out of the list",
            "print {{ unsubscribe_url }}",
        ],
    ),
    (
        "mial.txt",
        b"",
        [
            "templates/mial.txt: ",
            "no page or mail",
            "rename it to one of mail.txt",
        ],
    ),
    (
        "index.html",
        b"{{ t('index-title') }}\n{{ tag.label }}",
        [":2: ", "undefined", "wici init"],
    ),
];

#[test]
fn check_tells_what_is_wrong_with_a_template_where_and_what_to_do() {
    let site = Site::new().write();
    let folder = site.path().join("templates");
    fs::create_dir(&folder).expect("a folder");
    for (name, text, expected) in BAD {
        fs::write(folder.join(name), text).expect("a template");
        let output = site.wici(&["check"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        for part in expected {
            assert!(told.contains(part), "{part} is not in: {told}");
        }
        assert!(told.contains("\n1 problem\n"), "{told}");
        fs::remove_file(folder.join(name)).expect("a template");
    }
    let output = site.wici(&["check"]);
    assert!(
        output.status.success(),
        "without it the built-in one is used"
    );
}

#[test]
fn what_only_corrections_run_into_is_found_before_there_is_one() {
    let bad = MAIL_TXT.replace("t(\"mail-note\")", "t(\"mail-noet\")");
    let site = Site::new().write();
    fs::create_dir(site.path().join("templates")).expect("a folder");
    fs::write(site.path().join("templates/mail.txt"), &bad).expect("a template");
    let refused = site.wici(&["run"]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("mail-noet"));

    fs::write(site.path().join("templates/mail.txt"), MAIL_TXT).expect("a template");
    let site = site.start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    fs::write(site.path("templates/mail.txt"), &bad).expect("a template");
    site.hang_up();
    let problems = site.problems(1);
    assert!(problems[0].contains("mail-noet"), "{problems:?}");
    site.save("a.md", "---\ntitle: Still the old one\n---\nText.\n");
    assert_eq!(site.mails(1)[0].subject(), Some("Still the old one"));
}

#[test]
fn a_changed_template_is_in_the_next_mail() {
    let site = Site::new().start().after_first_scan();
    site.subscribe("reader@example.org", &["--schedule", "immediate"]);
    fs::create_dir(site.path("templates")).expect("a folder");
    fs::write(
        site.path("templates/mail.txt"),
        "Good morning! {{ sections[0].items[0].title }}\n{{ unsubscribe_url }}\n",
    )
    .expect("a template");
    site.save("a.md", "---\ntitle: Before\n---\nText.\n");
    site.mails(1);
    site.hang_up();
    wait_for("the reload", || {
        let log = fs::read_to_string(site.path("log")).ok()?;
        log.contains("was read anew").then_some(())
    });
    site.save("b.md", "---\ntitle: After\n---\nText.\n");
    let mails = site.mails(2);
    let text = mails[1].body_text(0).expect("text");
    assert!(text.starts_with("Good morning! After"), "{text}");
}
