//! Who would get a publication, who got it and why, and who did not.

use crate::harness::Site;

const TAGS: &str = r#"
[[tag]]
id = "prawo"
label = { pl = "Prawo", en = "Law" }
aliases = ["legal"]
"#;

fn page(title: &str, tags: &str) -> String {
    format!("---\ntitle: {title}\ntags: [{tags}]\n---\nTreść: {title}.\n")
}

#[test]
fn filters_are_honoured_from_the_command_line_to_the_mail_and_every_answer_says_why() {
    let site = Site::new()
        .with(TAGS)
        .with_schedule("yearly", "0 8 1 1 *")
        .start()
        .after_first_scan();
    let reader = "reader@example.org";
    // Aliases, labels and other spellings name the same tag.
    let wish = ["--all", "legal", "--none", "Raporty", "--only", "pl"];
    site.subscribe(reader, &[&wish[..], &["--schedule", "immediate"]].concat());
    site.subscribe(
        "other@example.org",
        &[&wish[..], &["--schedule", "yearly"]].concat(),
    );
    site.save("a.md", &page("Nabór", "Law"));
    site.save("b.md", &page("Sprawozdanie", "prawo, raporty"));
    site.save("c.uk.md", &page("Набір", "prawo"));
    assert_eq!(site.mails(1)[0].subject(), Some("Nabór"));
    site.closed_run(1);
    site.feed("all.atom", |feed| {
        ["Sprawozdanie", "Набір"]
            .iter()
            .all(|title| feed.contains(title))
    });

    let detail = site.json(&["publications", "show", "a.md"]);
    let prospect = &detail["to_come"][0];
    assert_eq!(prospect["schedule"], "yearly", "{detail}");
    assert_eq!(prospect["subscribers"], 1, "{detail}");
    assert!(
        prospect["next"]
            .as_str()
            .is_some_and(|next| next.contains("-01-01T"))
    );
    let shown = site.wici(&["publications", "show", "a.md"]);
    assert!(shown.contains("would get it"), "{shown}");
    let other = site.json(&["publications", "show", "b.md"]);
    assert_eq!(other["to_come"], serde_json::json!([]));

    let mailed = &site.json(&["subscribers", "show", reader])["deliveries"][0];
    assert_eq!(
        (&mailed["run"], &mailed["state"]),
        (&1.into(), &"sent".into())
    );
    let publication = &mailed["publications"][0];
    assert_eq!(publication["title"], "Nabór");
    assert_eq!(publication["because"]["all"][0], "prawo");
    assert_eq!(publication["because"]["schedule"], "immediate");
    let shown = site.wici(&["subscribers", "show", "other@example.org"]);
    for expected in [
        "waits for the next run of yearly",
        "no subscription asks for it",
    ] {
        assert!(shown.contains(expected), "{shown}");
    }
    let shown = site.wici(&["runs", "show", "1"]);
    for expected in ["matched", "already had", "1 sent"] {
        assert!(shown.contains(expected), "{shown}");
    }
}
