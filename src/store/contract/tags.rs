//! The ledger of tags: which id a label has.

use super::*;
use crate::domain::{FeedKey, Names};
use crate::text::slug::slug;
use crate::text::tags::TagNames;

fn mention(label: &str) -> TagMention {
    TagMention {
        id: TagId::new(&slug(label).expect("letters")).expect("a slug"),
        label: label.to_owned(),
        defined: false,
    }
}

fn defined(id: &str, label: &str) -> TagMention {
    TagMention {
        id: TagId::new(id).expect("a slug"),
        label: label.to_owned(),
        defined: true,
    }
}

/// A file with these tags: what ids they have in the store.
async fn ids(
    bench: &Bench,
    path: &str,
    tags: Vec<TagMention>,
) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let page = Found {
        tags,
        ..file(path, bench)
    };
    bench.look([page], &[]).await?;
    let tags = bench.publication(&id_of(path)).await?.publication.tags;
    Ok(tags.iter().map(|tag| tag.id.to_string()).collect())
}

pub(super) async fn labels_that_share_a_slug_are_told_apart(bench: Bench) -> Test {
    for (path, labels, expected) in [
        ("1.md", &["Łódź", "C++"][..], &["lodz", "c-plus-plus"][..]),
        (
            "2.md",
            &["Lodz", "łódź", "C plus plus"],
            &["lodz-2", "lodz", "c-plus-plus-2"],
        ),
        // The same label, whoever writes it how.
        ("3.md", &[" LODZ ", "lo\u{301}dz"], &["lodz-2", "lodz-3"]),
        ("4.md", &["a", "а"], &["a", "a-2"]),
        ("1.md", &["lodz", "C++"], &["lodz-2", "c-plus-plus"]),
    ] {
        let labels = labels.iter().map(|label| mention(label)).collect();
        assert_eq!(ids(&bench, path, labels).await?, expected, "{path}");
    }
    let tags = bench.store.tags().await?;
    let labels: Vec<_> = tags.values().map(|tag| tag.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "a",
            "а",
            "C++",
            "C plus plus",
            "Łódź",
            "Lodz",
            "lo\u{301}dz"
        ],
        "as whoever came first wrote them"
    );
    Ok(())
}

pub(super) async fn the_number_of_a_label_is_nobody_elses(bench: Bench) -> Test {
    let labels = ["Łódź", "lodz 2", "Lodz", "Lodz-2", "lodz 3"].map(mention);
    assert_eq!(
        ids(&bench, "1.md", labels.to_vec()).await?,
        ["lodz", "lodz-2", "lodz-3", "lodz-2-2", "lodz-3-2"]
    );
    for (name, id) in [
        ("lodz-2", Some("lodz-2")),
        ("lodz 2", Some("lodz-2")),
        ("LODZ", Some("lodz-3")),
        ("łódź", Some("lodz")),
        ("Gdynia", None),
    ] {
        let named = bench.store.tag_named(name).await?;
        assert_eq!(named.as_ref().map(TagId::as_str), id, "{name}");
    }
    Ok(())
}

fn definition(id: &str) -> TagDefinition {
    TagDefinition {
        id: TagId::new(id).expect("a slug"),
        labels: [(language("pl"), "Port".to_owned())].into(),
        aliases: Vec::new(),
    }
}

pub(super) async fn a_tag_of_the_configuration_has_its_id(bench: Bench) -> Test {
    let both = || vec![mention("Łódź"), mention("Lodz")];
    assert_eq!(ids(&bench, "1.md", both()).await?, ["lodz", "lodz-2"]);
    bench.store.define_tags(&[definition("lodz-2")]).await?;
    assert_eq!(ids(&bench, "1.md", both()).await?, ["lodz", "lodz-3"]);
    let port = vec![defined("lodz-2", "Port"), mention("Łódź")];
    assert_eq!(ids(&bench, "2.md", port).await?, ["lodz-2", "lodz"]);
    assert_eq!(
        bench.store.tag_named("Lodz").await?,
        TagId::new("lodz-3").ok()
    );
    assert_eq!(
        bench.store.tags().await?[&TagId::new("lodz-2")?].label,
        "Port"
    );
    // Whatever has the slug of a tag of the configuration is that tag; taken out again, it leaves
    // the id to whom the slug is.
    bench.store.define_tags(&[definition("lodz")]).await?;
    let city = vec![defined("lodz", "Łódź")];
    assert_eq!(ids(&bench, "3.md", city).await?, ["lodz"]);
    assert_eq!(ids(&bench, "3.md", both()).await?, ["lodz", "lodz-3"]);
    assert_eq!(
        ids(&bench, "4.md", vec![mention("lodz 2")]).await?,
        ["lodz-2"]
    );
    Ok(())
}

pub(super) async fn a_numbered_id_is_no_longer_than_another(bench: Bench) -> Test {
    let long = "a".repeat(80);
    let labels: Vec<String> = (0..11).map(|n| format!("{long}{n}")).collect();
    let mentions = labels.iter().map(|label| mention(label)).collect();
    let ids = ids(&bench, "1.md", mentions).await?;
    assert_eq!(ids[0], long);
    assert_eq!(ids[1], format!("{}-2", &long[2..]));
    assert_eq!(ids[10], format!("{}-11", &long[3..]));
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 11);
    Ok(())
}

pub(super) async fn a_feed_and_a_filter_go_by_the_ledger(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "lodz").await?;
    bench.subscribe("b@example.org", "daily", "lodz-2").await?;
    ids(&bench, "1.md", vec![mention("Łódź")]).await?;
    ids(&bench, "2.md", vec![mention("Lodz")]).await?;
    let feed = FeedKey {
        language: None,
        tag: TagId::new("lodz-2").ok(),
    };
    let view = bench.store.feed(&feed, 10).await?.ok_or("no feed")?;
    assert_eq!(view.label.as_deref(), Some("Lodz"));
    assert_eq!(view.entries[0].path, "2.md");
    let to = |who: &str, title: &str| (format!("{who}@example.org"), vec![title.to_owned()]);
    assert_eq!(bench.mail("daily").await?, [to("a", "1"), to("b", "2")]);
    Ok(())
}

pub(super) async fn a_label_that_gets_a_tag_of_its_own_takes_its_subscribers_along(
    bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    ids(&bench, "1.md", vec![mention("Łódź"), mention("Lodz")]).await?;
    bench.subscribe("a@example.org", "daily", "lodz").await?;
    bench.subscribe("b@example.org", "daily", "lodz-2").await?;
    ids(&bench, "2.md", vec![mention("Lodz")]).await?;
    // Both have the slug of an alias; the second has an id that no slug leads to.
    let miasto = TagDefinition {
        aliases: vec!["Lodz".to_owned()],
        ..definition("miasto")
    };
    let (labels, tags) = TagNames::of(&[miasto]).into_parts();
    let schedules = [("daily".to_owned(), "daily".to_owned())].into();
    let names = Names {
        zoned: BTreeSet::new(),
        schedules,
        labels,
        tags,
        ..Names::default()
    };
    assert_eq!(bench.store.adopt(names, bench.now).await?, []);
    for address in ["a@example.org", "b@example.org"] {
        let address = Address::parse(address)?;
        let subscriber = bench.store.subscriber(&address).await?.ok_or("nobody")?;
        let any = &subscriber.subscriptions[0].filter.any;
        assert_eq!(*any, super::tags("miasto"), "{address:?}");
    }
    // What is news stays so, though no file was read again.
    let both = |who: &str| (format!("{who}@example.org"), vec!["2".to_owned()]);
    assert_eq!(bench.mail("daily").await?, [both("a"), both("b")]);
    Ok(())
}
