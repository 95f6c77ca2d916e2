//! What is rendered, and from what.

mod archives;
mod deltas;
mod gate;

use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::config;
use crate::domain::publication::{Batch, Found, Pass};
use crate::domain::{Guards, Language, PublicationId, TagId, TagMention};
use crate::publish::Coding;
use crate::store::Open;

const ATOM: &str = "http://www.w3.org/2005/Atom";

type Tested = Result<(), Box<dyn std::error::Error>>;

const CONFIG: &str = r#"
[site]
title = "Portal"
url = "https://portal.example/"
authority = "portal.example,2026"
languages = ["pl", "uk", "en"]
[[source]]
name = "pages"
path = "content"
[mail]
from = "wici@portal.example"
[feeds]
items = 3
"#;

/// A store on disk, whose feeds are written into any folder of its own.
struct Case {
    folder: tempfile::TempDir,
    store: Store,
    now: Timestamp,
}

impl Case {
    fn new() -> Result<Case, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        Ok(Case {
            store: Store::open(&folder.path().join("state"), Open::OrCreate, [7; 16])?,
            folder,
            now: "2026-11-24T08:00:00Z".parse()?,
        })
    }

    async fn tell(&self, found: Vec<Found>, missing: &[&str]) -> Result<(), StoreError> {
        let batch = Batch {
            source: "pages".to_owned(),
            found,
            missing: missing.iter().map(|path| (*path).to_owned()).collect(),
            pass: Pass::End,
        };
        let guards = Guards {
            max_age: jiff::SignedDuration::from_hours(1),
            hold_over: 25,
        };
        self.store.apply(batch, self.now, guards).await.map(drop)
    }

    /// The loop as after a start, on what is in the folder already.
    fn publishing(&self, dir: &str, configuration: &str) -> Result<Publishing, String> {
        let base = self.folder.path();
        let config = config::parse(configuration, &base.join("daemon.toml"), base)
            .map_err(|problems| format!("{problems:?}"))?;
        let publisher = Publisher::open(base.join(dir)).map_err(|error| error.to_string())?;
        let board = Arc::new(Board::default());
        Ok(Publishing::new(
            self.store.clone(),
            Arc::new(config),
            publisher,
            board,
        ))
    }

    /// Renders what is out of date after a start. Returns how many feeds that is.
    async fn start(&self, dir: &str, configuration: &str) -> anyhow::Result<usize> {
        let publishing = self.publishing(dir, configuration);
        let mut publishing = publishing.map_err(anyhow::Error::msg)?;
        let stale = publishing.begin().await?;
        let count = stale.len();
        publishing.tick(stale, self.now).await?;
        Ok(count)
    }

    fn feeds(&self, dir: &str) -> std::io::Result<BTreeMap<String, String>> {
        let mut feeds = BTreeMap::new();
        collect(&self.folder.path().join(dir), "", &mut feeds)?;
        feeds.retain(|name, _| name != "manifest.jsonl" && name != ".lock");
        Ok(feeds)
    }
}

fn collect(dir: &Path, under: &str, feeds: &mut BTreeMap<String, String>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{under}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), feeds)?;
        } else {
            feeds.insert(name, fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}

/// `<item>` and the like are what a hostile page may say where an entry could be taken to begin.
fn page(number: i64, title: &str, tags: &[&str], language: &str) -> Found {
    let path = format!("{number}.md");
    let tags = tags.iter().map(|tag| TagMention {
        defined: false,
        id: TagId::new(tag).expect("a slug"),
        label: (*tag).to_owned(),
    });
    Found {
        declared_id: None,
        minted_id: PublicationId(format!("tag:portal.example,2026:pages/{path}")),
        title: title.to_owned(),
        link: format!("https://portal.example/{number}/"),
        language: Language::parse(language).expect("a language"),
        published: Timestamp::from_second(1_700_000_000 + number).ok(),
        updated: None,
        tags: tags.collect(),
        summary: "Skrót & reszta".to_owned(),
        body: format!("<p title=\"\n    <item>\n  <entry>\">{title}, {number} &lt;</p>").into(),
        authors: Vec::new(),
        archived: None,
        change_note: None,
        translation_of: None,
        tie: None,
        image: None,
        enclosures: Vec::new(),
        expires: None,
        flaws: Vec::new(),
        path,
    }
}

#[tokio::test]
async fn what_is_taken_from_a_file_is_what_would_be_written() -> Tested {
    let case = Case::new()?;
    let steps: [(Vec<Found>, &[&str]); 6] = [
        (
            (0..6)
                .map(|n| page(n, "Pierwszy", &["prawo"], ["pl", "uk"][n as usize % 2]))
                .collect(),
            &[],
        ),
        (vec![page(5, "Drugi", &["prawo"], "uk")], &[]),
        (vec![page(9, "Nowy", &["prawo", "pomoc"], "pl")], &[]),
        (vec![page(4, "Trzeci", &["pomoc"], "en")], &[]),
        (Vec::new(), &["9.md"]),
        (vec![page(9, "Znów", &["prawo"], "pl")], &[]),
    ];
    for (step, (found, missing)) in steps.into_iter().enumerate() {
        case.tell(found, missing).await?;
        assert!(case.start("feeds", CONFIG).await? > 0, "step {step}");
        let fresh = format!("fresh-{step}");
        case.start(&fresh, CONFIG).await?;
        assert_eq!(case.feeds("feeds")?, case.feeds(&fresh)?, "step {step}");
    }
    Ok(())
}

#[tokio::test]
async fn an_entry_follows_its_translations() -> Tested {
    let case = Case::new()?;
    let original = page(1, "Pierwszy", &["prawo"], "pl");
    let translation = Found {
        translation_of: Some(original.minted_id.clone()),
        ..page(2, "Перша", &[], "uk")
    };
    let retitled = Found {
        title: "Інша".to_owned(),
        ..translation.clone()
    };
    let nothing: &[&str] = &[];
    let steps = [
        (vec![original, page(3, "Inny", &[], "pl")], nothing, ""),
        (vec![translation], nothing, "title=\"Перша\""),
        (vec![retitled], nothing, "title=\"Інша\""),
        (Vec::new(), &["2.md"], ""),
    ];
    let mut updated = None;
    for (step, (found, missing, shows)) in steps.into_iter().enumerate() {
        case.tell(found, missing).await?;
        let stale = case.start("feeds", CONFIG).await?;
        assert!(stale >= 4, "step {step}: {stale} feeds are of the original");
        let fresh = format!("fresh-{step}");
        case.start(&fresh, CONFIG).await?;
        let feeds = case.feeds("feeds")?;
        assert_eq!(feeds, case.feeds(&fresh)?, "step {step}");
        for name in ["all", "tag/prawo", "pl/all", "pl/tag/prawo"] {
            for format in ["atom", "rss"] {
                let feed = &feeds[&format!("{name}.{format}")];
                let is_shown = feed.contains("hreflang=\"uk\" type=\"text/html\" title=");
                assert_eq!(is_shown, !shows.is_empty(), "step {step}: {feed}");
                assert!(feed.contains(shows), "step {step}: {feed}");
            }
            let json: serde_json::Value = serde_json::from_str(&feeds[&format!("{name}.json")])?;
            assert_eq!(
                json.to_string().contains("\"language\":\"uk\""),
                !shows.is_empty()
            );
        }
        let tagged = roxmltree::Document::parse(&feeds["tag/prawo.atom"])?;
        let dates = tagged
            .descendants()
            .filter(|n| n.has_tag_name((ATOM, "updated")));
        let dates: Vec<_> = dates
            .map(|n| n.text().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(
            *updated.get_or_insert_with(|| dates.clone()),
            dates,
            "step {step}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn tags_are_called_as_in_the_feeds_language_and_are_the_same_in_all() -> Tested {
    let case = Case::new()?;
    let tag = "[[tag]]\nid = \"wspolpraca\"\nlabel = { pl = \"Współpraca\", uk = \"Співпраця\" }\n";
    let pages = [("pl", 1), ("uk", 2), ("en", 3)];
    let pages = pages.map(|(language, number)| page(number, "A", &["wspolpraca"], language));
    case.tell(pages.into(), &[]).await?;
    case.start("feeds", &format!("{CONFIG}{tag}")).await?;
    let feeds = case.feeds("feeds")?;
    // Who reads English is told what the site's own readers are.
    let (pl, uk) = ("Współpraca", "Співпраця");
    let expected = [
        ("pl/all", vec![pl]),
        ("uk/all", vec![uk]),
        ("uk/tag/wspolpraca", vec![uk]),
        ("all", vec![pl, uk, pl]),
    ];
    for (name, labels) in expected {
        let atom = roxmltree::Document::parse(&feeds[&format!("{name}.atom")])?;
        let categories = atom
            .descendants()
            .filter(|n| n.has_tag_name((ATOM, "category")));
        let said: Vec<_> = categories
            .clone()
            .filter_map(|n| n.attribute("label"))
            .collect();
        assert_eq!(said, labels, "{name}");
        for category in categories {
            assert_eq!(category.attribute("term"), Some("wspolpraca"));
            let scheme = category.attribute("scheme");
            assert_eq!(scheme, Some("tag:portal.example,2026:tags"));
        }
    }
    assert!(feeds["uk/tag/wspolpraca.rss"].contains("<title>Співпраця · Portal</title>"));
    Ok(())
}

#[tokio::test]
async fn a_start_renders_only_what_is_out_of_date() -> Tested {
    let case = Case::new()?;
    let pages = vec![
        page(0, "Pierwszy", &["prawo"], "pl"),
        page(1, "Drugi", &["pomoc"], "pl"),
    ];
    case.tell(pages, &[]).await?;
    assert_eq!(case.start("feeds", CONFIG).await?, 6);
    assert_eq!(case.start("feeds", CONFIG).await?, 0);
    // Killed between a change and its feeds.
    let edited = page(1, "Inny", &["pomoc"], "pl");
    case.tell(vec![edited], &[]).await?;
    assert_eq!(case.start("feeds", CONFIG).await?, 4);
    // Another configuration, and a format more.
    let renamed = CONFIG.replace("\"Portal\"", "\"Gazeta\"");
    assert_eq!(case.start("feeds", &renamed).await?, 6);
    assert!(case.feeds("feeds")?["all.rss"].contains("Gazeta"));
    let less = renamed.replace("items = 3", "items = 3\nformats = [\"rss\"]");
    assert_eq!(case.start("feeds", &less).await?, 6);
    assert!(!case.feeds("feeds")?.contains_key("all.json"));
    assert_eq!(case.start("feeds", &less).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_feed_without_a_lost_body_is_made_again_once_the_body_is_there() -> Tested {
    let case = Case::new()?;
    case.tell(vec![page(0, "Pierwszy", &[], "pl")], &[]).await?;
    let pack = case.folder.path().join("state/bodies/00000001.pack");
    fs::write(&pack, vec![7; fs::read(&pack)?.len()])?;
    let mut publishing = case.publishing("feeds", CONFIG)?;
    let stale = publishing.begin().await?;
    publishing.tick(stale.clone(), case.now).await?;
    assert!(!case.feeds("feeds")?["all.atom"].contains("<content"));
    assert!(publishing.found_bodies().await?.is_empty());
    drop(publishing);
    // Also after a start it is known that it lacks something.
    let mut publishing = case.publishing("feeds", CONFIG)?;
    assert_eq!(publishing.begin().await?, stale);
    publishing.tick(stale.clone(), case.now).await?;
    case.tell(vec![page(0, "Pierwszy", &[], "pl")], &[]).await?;
    let found = publishing.found_bodies().await?;
    assert_eq!(found, stale);
    publishing.tick(found, case.now).await?;
    assert!(case.feeds("feeds")?["all.atom"].contains("<content"));
    Ok(())
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "what is waited for is to go on beside the test"
)]
async fn a_loop_that_has_ended_writes_nothing_any_more() -> Tested {
    let case = Case::new()?;
    let dir = case.folder.path().join("feeds");
    fs::create_dir(&dir)?;
    // Nobody gets on who writes there before somebody reads, and then only as fast as that.
    let pipe = dir.join(".all.rss.tmp");
    assert!(Command::new("mkfifo").arg(&pipe).status()?.success());
    let mut large = page(0, "Pierwszy", &[], "pl");
    large.body = format!("<p>{}</p>", "Długi tekst. ".repeat(20_000)).into();
    case.tell(vec![large], &[]).await?;
    let publishing = case.publishing("feeds", CONFIG)?;
    let stop = CancellationToken::new();
    let now = case.now;
    let clock: Clock = Arc::new(move || now);
    let mut run = tokio::spawn(publishing.run(Arc::default(), clock, stop.clone()));
    let mut reader = tokio::task::spawn_blocking(move || fs::File::open(pipe)).await??;
    stop.cancel();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let is_free = || Publisher::open(dir.clone()).is_ok();
    assert_eq!(run.is_finished(), is_free(), "who has ended has let go");
    let rest =
        tokio::task::spawn_blocking(move || std::io::copy(&mut reader, &mut std::io::sink()));
    (&mut run).await??;
    assert!(is_free());
    assert!(rest.await?? > 100_000);
    Ok(())
}
