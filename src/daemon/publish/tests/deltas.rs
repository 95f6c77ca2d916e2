//! What is new to whoever has a former version of a feed.

use super::*;

/// What a reader knows of a feed: entries by their ids.
type Known = BTreeMap<String, String>;

fn entries(feed: &str) -> Result<Known, roxmltree::Error> {
    let xml = roxmltree::Document::parse(feed)?;
    let entries = xml
        .descendants()
        .filter(|n| n.has_tag_name((ATOM, "entry")) || n.has_tag_name("item"));
    let entries = entries.map(|entry| {
        let mut children = entry.children();
        let id = children.find(|n| n.has_tag_name((ATOM, "id")) || n.has_tag_name("guid"));
        let id = id.and_then(|id| id.text()).unwrap_or_default();
        (id.to_owned(), feed[entry.range()].to_owned())
    });
    Ok(entries.collect())
}

/// Edits, departures, returns, and dates that move, among more pages than a feed has room for; each
/// time after a start. Whoever stopped reading at any version, and then takes what is new, has what
/// is there.
#[tokio::test]
async fn what_is_new_is_all_that_a_reader_of_any_former_version_lacks() -> Tested {
    let case = Case::new()?;
    let paths = ["all.atom", "all.rss", "tag/prawo.atom", "pl/tag/prawo.rss"];
    let mut readers: BTreeMap<&str, Vec<(String, Known)>> = BTreeMap::new();
    let mut random = 7_u64;
    let mut below = |bound: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % bound
    };
    let mut deltas = 0;
    for step in 0..40 {
        let number = i64::try_from(below(7))?;
        let path = format!("{number}.md");
        if below(4) == 0 {
            case.tell(Vec::new(), &[&path]).await?;
        } else {
            let tags: &[&str] = [&["prawo"][..], &[]][usize::from(below(4) == 0)];
            let language = ["pl", "pl", "uk"][usize::try_from(below(3))?];
            let mut page = page(number, &format!("Tytuł {step}"), tags, language);
            let moved = i64::try_from(below(5))? * 2;
            page.published = Timestamp::from_second(1_700_000_000 + number + moved).ok();
            case.tell(vec![page], &[]).await?;
        }
        let mut publishing = case.publishing("feeds", CONFIG)?;
        let stale = publishing.begin().await?;
        publishing.tick(stale, case.now).await?;
        let shelf = publishing.publisher.shelf();
        for path in paths {
            let Ok((document, bytes)) = shelf.read(path, Coding::Identity).await else {
                continue;
            };
            let present = entries(std::str::from_utf8(&bytes)?)?;
            let tag = String::from_utf8_lossy(document.etag(Coding::Identity)).into_owned();
            let readers = readers.entry(path).or_default();
            for (tag, has) in readers.iter().filter(|(of, _)| *of != tag) {
                let delta = document.lineage().delta([tag.as_str()], &bytes);
                let Some((_, delta)) = delta else {
                    continue;
                };
                deltas += 1;
                let mut applied = has.clone();
                applied.extend(entries(std::str::from_utf8(&delta)?)?);
                for (id, entry) in &present {
                    assert_eq!(applied.get(id), Some(entry), "step {step}, {path}, {tag}");
                }
            }
            readers.push((tag, present));
        }
    }
    assert!(deltas > 500, "{deltas} deltas");
    Ok(())
}
