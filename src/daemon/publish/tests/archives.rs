//! Archives as files: whoever follows a feed finds everything, and no file is written in vain.

use super::*;
use roxmltree::{Document, Node};

const HISTORY: &str = "http://purl.org/syndication/history/1.0";
const TOMBSTONES: &str = "http://purl.org/atompub/tombstones/1.0";
const FEEDS: [&str; 2] = ["all", "tag/prawo"];

type Files = BTreeMap<String, String>;

/// What a document of a feed tells.
struct Told {
    entries: Vec<String>,
    deleted: Vec<String>,
    links: BTreeMap<String, String>,
    is_archive: bool,
}

fn read(files: &Files, name: &str) -> Result<Told, Box<dyn std::error::Error>> {
    let text = files.get(name).ok_or_else(|| format!("no {name}"))?;
    let document = Document::parse(text)?;
    let root = document.root_element();
    let named = |name| move |node: &Node<'_, '_>| node.has_tag_name(name);
    let ids = root.children().filter(named((ATOM, "entry")));
    let ids = ids.filter_map(|entry| entry.children().find(named((ATOM, "id")))?.text());
    let deleted = root.children().filter(named((TOMBSTONES, "deleted-entry")));
    let links = root.children().filter(named((ATOM, "link")));
    let links = links.filter_map(|link| {
        let path = link.attribute("href")?.split_once("/feeds/")?.1;
        Some((link.attribute("rel")?.to_owned(), path.to_owned()))
    });
    Ok(Told {
        entries: ids.map(str::to_owned).collect(),
        deleted: deleted
            .filter_map(|one| one.attribute("ref").map(str::to_owned))
            .collect(),
        links: links.collect(),
        is_archive: root
            .children()
            .any(|n| n.has_tag_name((HISTORY, "archive"))),
    })
}

/// What is in a feed, what is told as deleted, and how many pages there are.
type Walked = (BTreeSet<String>, BTreeSet<String>, usize);

/// Follows a feed to its end.
fn walk(files: &Files, feed: &str) -> Result<Walked, Box<dyn std::error::Error>> {
    let current = format!("{feed}.atom");
    let start = read(files, &current)?;
    assert!(!start.is_archive);
    let mut entries: BTreeSet<_> = start.entries.into_iter().collect();
    let mut deleted: BTreeSet<_> = start.deleted.into_iter().collect();
    let (mut archived, mut pages) = (BTreeSet::new(), 0);
    let (mut previous, mut next) = (start.links.get("prev-archive").cloned(), None);
    while let Some(name) = previous {
        let page = read(files, &name)?;
        pages += 1;
        assert!(page.is_archive);
        assert_eq!(page.links.get("self"), Some(&name));
        assert_eq!(page.links.get("current"), Some(&current));
        assert_eq!(page.links.get("next-archive"), next.as_ref());
        assert_eq!(page.entries.len() + page.deleted.len(), 50, "{name}");
        for id in page.entries.iter().chain(&page.deleted) {
            assert!(archived.insert(id.clone()), "{id} is on two pages");
        }
        entries.extend(page.entries);
        deleted.extend(page.deleted);
        previous = page.links.get("prev-archive").cloned();
        next = Some(name);
    }
    assert!(entries.is_disjoint(&deleted));
    Ok((entries, deleted, pages))
}

/// What a daemon does between its start and the next change.
async fn publish(case: &Case, dir: &str, configuration: &str) -> anyhow::Result<Vec<String>> {
    let mut publishing = case
        .publishing(dir, configuration)
        .map_err(anyhow::Error::msg)?;
    publishing.number().await?;
    let stale = publishing.begin().await?;
    let mut written = publishing.tick(stale, case.now).await?;
    written.extend(publishing.archive(case.now).await?);
    Ok(written)
}

fn tagged(number: i64, title: &str, tag: &str) -> Found {
    page(number, title, &[tag], "pl")
}

#[tokio::test]
async fn whoever_follows_a_feed_finds_everything_once_whatever_happened() -> Tested {
    let mut case = Case::new()?;
    let all = |numbers: std::ops::Range<i64>| numbers.map(|n| tagged(n, "Pierwszy", "prawo"));
    let gone: Vec<String> = (40..60).map(|number| format!("{number}.md")).collect();
    let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
    let steps: [(Vec<Found>, &[&str]); 7] = [
        (all(0..130).collect(), &[]),
        (all(130..230).collect(), &[]),
        (vec![tagged(3, "Inaczej", "prawo")], &[]),
        (Vec::new(), &gone),
        (
            (120..125).map(|n| tagged(n, "Pierwszy", "pomoc")).collect(),
            &["229.md"],
        ),
        (all(50..55).collect(), &[]),
        (all(-1..0).chain(all(300..322)).collect(), &[]),
    ];
    let mut there: BTreeMap<String, bool> = BTreeMap::new();
    for (step, (found, missing)) in steps.into_iter().enumerate() {
        for one in &found {
            let is_law = one.tags.iter().any(|tag| tag.id.as_str() == "prawo");
            there.insert(one.minted_id.0.clone(), is_law);
        }
        for path in missing {
            there.remove(&format!("tag:portal.example,2026:pages/{path}"));
        }
        case.now += jiff::SignedDuration::from_mins(1);
        case.tell(found, missing).await?;
        publish(&case, "feeds", CONFIG).await?;
        let files = case.feeds("feeds")?;
        for feed in FEEDS {
            let members = there.iter().filter(|(_, is_law)| feed == "all" || **is_law);
            let members: BTreeSet<String> = members.map(|(id, _)| id.clone()).collect();
            let (entries, _, pages) = walk(&files, feed)?;
            assert_eq!(entries, members, "step {step}: {feed}");
            assert_eq!(pages, [2, 4, 4, 4, 4, 4, 5][step]);
        }
        let (_, deleted, _) = walk(&files, "tag/prawo")?;
        assert_eq!(
            deleted.len(),
            [0, 0, 0, 20, 26, 21, 21][step],
            "step {step}"
        );
        // The same as if nothing had been there.
        let fresh = format!("fresh-{step}");
        publish(&case, &fresh, CONFIG).await?;
        assert_eq!(files, case.feeds(&fresh)?, "step {step}");
        assert_eq!(
            publish(&case, "feeds", CONFIG).await?,
            [""; 0],
            "nothing is new"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_change_is_written_to_the_pages_that_it_is_on() -> Tested {
    let mut case = Case::new()?;
    let all =
        (0..150).map(|number| tagged(number, "Pierwszy", ["prawo", "pomoc"][number as usize % 2]));
    case.tell(all.collect(), &[]).await?;
    publish(&case, "feeds", CONFIG).await?;
    case.now += jiff::SignedDuration::from_mins(1);
    case.tell(vec![tagged(60, "Inaczej", "prawo")], &[]).await?;
    let written = publish(&case, "feeds", CONFIG).await?;
    let is_page = |path: &&String| path.contains("archive/");
    let pages: Vec<_> = written.iter().filter(is_page).collect();
    assert_eq!(pages, ["archive/2.atom", "tag/prawo/archive/1.atom"]);
    // 75 have each tag, and 50 are on a page: with one more fifty, the former page leads on.
    let more = (150..200).map(|number| tagged(number, "Nowy", "inne"));
    case.tell(more.collect(), &[]).await?;
    let written = publish(&case, "feeds", CONFIG).await?;
    let pages: Vec<_> = written.iter().filter(is_page).collect();
    assert_eq!(
        pages,
        [
            "archive/4.atom",
            "tag/inne/archive/1.atom",
            "archive/3.atom"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn without_archives_there_are_no_pages_and_nothing_leads_to_them() -> Tested {
    let case = Case::new()?;
    let all = (0..60).map(|number| tagged(number, "Pierwszy", "prawo"));
    case.tell(all.collect(), &[]).await?;
    for without in ["archives = false", "formats = [\"rss\", \"json\"]"] {
        publish(&case, "feeds", CONFIG).await?;
        assert!(case.feeds("feeds")?["all.rss"].contains("prev-archive"));
        publish(&case, "feeds", &format!("{CONFIG}{without}")).await?;
        let files = case.feeds("feeds")?;
        assert!(!files.keys().any(|path| path.contains("archive")));
        assert!(!files["all.rss"].contains("prev-archive"));
    }
    Ok(())
}

#[tokio::test]
async fn every_format_of_a_feed_has_the_same_entries() -> Tested {
    let case = Case::new()?;
    let all = (0..70).map(|number| tagged(number, "Pierwszy", "prawo"));
    case.tell(all.collect(), &[]).await?;
    publish(&case, "feeds", CONFIG).await?;
    let files = case.feeds("feeds")?;
    let atom = read(&files, "all.atom")?.entries;
    assert_eq!(atom.len(), 20, "three are asked for, twenty are on no page");
    let json: serde_json::Value = serde_json::from_str(&files["all.json"])?;
    let json = json["items"].as_array().ok_or("no items")?.iter();
    let json: Vec<&str> = json.filter_map(|item| item["id"].as_str()).collect();
    assert_eq!(json, atom);
    let rss = Document::parse(&files["all.rss"])?;
    let rss = rss.descendants().filter(|n| n.has_tag_name("guid"));
    assert_eq!(rss.filter_map(|guid| guid.text()).collect::<Vec<_>>(), atom);
    Ok(())
}
