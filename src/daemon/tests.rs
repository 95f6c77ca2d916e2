//! Rounds of single loops.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::guard::Guard;
use super::ingest::Ingest;
use super::publish::Publishing;
use super::schedule::Scheduling;
use super::signals::Signals;
use crate::config::tests::SITE;
use crate::config::{self, Config};
use crate::content::Look;
use crate::control::Board;
use crate::domain::{ChangeKind, Decision, FeedKey};
use crate::publish::Publisher;
use crate::store::Store;

type Tested = Result<(), Box<dyn std::error::Error>>;

/// A site in a folder, and the loops of its one source and of its feeds.
struct Site {
    folder: tempfile::TempDir,
    store: Store,
    board: Arc<Board>,
    signals: Arc<Signals>,
    ingest: Ingest,
    publishing: Publishing,
}

impl Site {
    fn new() -> Result<Site, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("content"))?;
        let config = configuration(folder.path())?;
        let store = Store::in_memory()?;
        let board = Arc::new(Board::default());
        let signals = Arc::new(Signals::default());
        let source = config.sources.first().ok_or("no source")?;
        let ingest = Ingest::new(
            source,
            &config,
            store.clone(),
            Arc::clone(&board),
            Arc::clone(&signals),
        );
        let publisher = Publisher::open(config.feeds.dir.clone())?;
        let publishing = Publishing::new(
            store.clone(),
            Arc::clone(&config),
            publisher,
            Arc::clone(&board),
        );
        Ok(Site {
            folder,
            store,
            board,
            signals,
            ingest,
            publishing,
        })
    }

    fn write(&self, name: &str, text: &str) -> std::io::Result<()> {
        fs::write(self.folder.path().join("content").join(name), text)
    }

    async fn look(&mut self) -> Result<Vec<ChangeKind>, Box<dyn std::error::Error>> {
        self.look_at(Look::Everything).await
    }

    async fn look_at(&mut self, at: Look) -> Result<Vec<ChangeKind>, Box<dyn std::error::Error>> {
        let now = "2026-11-24T08:00:00Z".parse()?;
        let ingested = self.ingest.tick(at, now).await?;
        let kinds = ingested.changes.into_iter();
        Ok(kinds.flat_map(|(kind, times)| vec![kind; times]).collect())
    }

    /// Decides the only hold, and carries it out.
    async fn decide(&self, decision: Decision) -> Tested {
        let now = "2026-11-24T08:00:00Z".parse()?;
        let hold = self.store.holds().await?.pop().ok_or("no hold")?.key;
        self.store.decide(hold, decision).await?;
        let guards = configuration(self.folder.path())?.guards;
        while !self.store.carry_out(hold, now, guards).await?.done {}
        Ok(())
    }

    async fn render(&mut self) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let now = "2026-11-24T08:00:00Z".parse()?;
        let feeds = self.store.feeds().await?.into_keys().collect();
        Ok(self.publishing.tick(feeds, now).await?)
    }
}

fn configuration(base: &Path) -> Result<Arc<Config>, String> {
    config::parse(SITE, &base.join("daemon.toml"), base)
        .map(Arc::new)
        .map_err(|problems| format!("{problems:?}"))
}

#[tokio::test]
async fn a_file_that_was_refused_is_taken_once_nothing_stands_in_its_way() -> Tested {
    let mut site = Site::new()?;
    let claiming = |title: &str| format!("---\nid: urn:wici:1\ntitle: {title}\n---\nTreść\n");
    site.write("a.md", &claiming("Pierwszy"))?;
    site.write("b.md", &claiming("Drugi"))?;
    assert_eq!(site.look().await?, [ChangeKind::Released]);
    assert_eq!(site.board.problems().len(), 1);
    // Still so, and said once more only on the board.
    assert_eq!(site.look().await?, []);
    assert_eq!(site.board.problems().len(), 1);
    // The second file does not change; the first goes.
    fs::remove_file(site.folder.path().join("content/a.md"))?;
    assert_eq!(site.look().await?, [ChangeKind::MinorEdit]);
    assert!(site.board.problems().is_empty());
    Ok(())
}

#[tokio::test]
async fn files_that_return_after_their_withdrawal_was_approved_are_there_again() -> Tested {
    let mut site = Site::new()?;
    site.write("a.md", "---\ntitle: Pierwszy\n---\nTreść\n")?;
    site.look().await?;
    let (content, away) = (
        site.folder.path().join("content"),
        site.folder.path().join("away"),
    );
    fs::rename(&content, &away)?;
    assert_eq!(site.look().await?, []);
    assert_eq!(site.board.problems().len(), 1);
    site.decide(Decision::Approve).await?;
    assert_eq!(site.store.totals().await?.live, 0);
    // The very same files, which were read before.
    fs::rename(&away, &content)?;
    assert_eq!(site.look().await?, [ChangeKind::Restored]);
    assert!(site.board.problems().is_empty());
    Ok(())
}

#[tokio::test]
async fn most_files_gone_in_one_look_at_some_paths_are_held() -> Tested {
    let mut site = Site::new()?;
    for number in 0..20 {
        site.write(
            &format!("{number}.md"),
            &format!("---\ntitle: T\n---\nTreść {number}\n"),
        )?;
    }
    site.look().await?;
    let content = site.folder.path().join("content");
    let gone: BTreeSet<_> = (0..15)
        .map(|number| content.join(format!("{number}.md")))
        .collect();
    for path in &gone {
        fs::remove_file(path)?;
    }
    assert_eq!(site.look_at(Look::Paths(gone)).await?, []);
    assert_eq!(site.store.holds().await?.len(), 1);
    site.decide(Decision::Skip).await?;
    assert_eq!(site.look().await?, []);
    assert_eq!(site.store.holds().await?, []);
    assert_eq!(site.store.totals().await?.live, 20);
    site.write("0.md", "---\ntitle: T\n---\nTreść 0\n")?;
    assert_eq!(site.look().await?, [], "the same publication, as it was");
    Ok(())
}

#[tokio::test]
async fn a_feed_that_cannot_be_written_stops_no_other_and_is_written_later() -> Tested {
    let mut site = Site::new()?;
    site.write(
        "a.md",
        "---\ntitle: Nowe\ntags: [prawo, pomoc]\n---\nTreść\n",
    )?;
    site.look().await?;
    // A folder where a file is to be.
    let feeds = site.folder.path().join("feeds");
    fs::create_dir_all(feeds.join("tag/pomoc.atom/x"))?;
    assert!(site.render().await.is_err());
    assert!(feeds.join("tag/prawo.atom").is_file());
    assert!(feeds.join("pl/all.rss").is_file());
    fs::remove_dir_all(feeds.join("tag/pomoc.atom"))?;
    // Nothing else is to be rendered; what is owed is.
    let now = "2026-11-24T08:00:00Z".parse()?;
    let written = site.publishing.tick(BTreeSet::new(), now).await?;
    assert!(written.contains(&"tag/pomoc.atom".to_owned()));
    assert!(feeds.join("tag/pomoc.atom").is_file());
    Ok(())
}

#[tokio::test]
async fn a_draft_is_nobodys_and_what_becomes_one_is_withdrawn() -> Tested {
    let mut site = Site::new()?;
    site.look().await?;
    let page = |draft: bool| format!("---\ntitle: Nowe\ndraft: {draft}\n---\nTreść\n");
    site.write("a.md", &page(true))?;
    assert_eq!(site.look().await?, []);
    assert!(site.store.feeds().await?.is_empty());
    site.write("a.md", &page(false))?;
    assert_eq!(site.look().await?, [ChangeKind::Released]);
    site.write("a.md", &page(true))?;
    assert_eq!(site.look().await?, [ChangeKind::Withdrawn]);
    assert_eq!(site.store.totals().await?.withdrawn, 1);
    site.write("a.md", &page(false))?;
    assert_eq!(site.look().await?, [ChangeKind::Restored]);
    Ok(())
}

#[tokio::test]
async fn what_its_file_calls_expired_leaves_the_feeds_and_a_mistake_is_told() -> Tested {
    let mut site = Site::new()?;
    let page = |expires: &str| {
        format!("---\ntitle: Nowe\ndate: 2026-11-20\nexpires: {expires}\n---\nTreść\n")
    };
    site.write("a.md", &page("2026-12-01"))?;
    assert_eq!(site.look().await?, [ChangeKind::Released]);
    site.write("a.md", &page("2026-11-22"))?;
    assert_eq!(site.look().await?, [ChangeKind::Expired]);
    assert!(site.board.problems().is_empty());
    // A slip of the pen: taken at its word, and told.
    site.write("a.md", &page("2016-12-01"))?;
    assert_eq!(site.look().await?, []);
    assert_eq!(site.board.problems().len(), 1);
    site.write("a.md", &page("2027-01-01"))?;
    assert_eq!(site.look().await?, [ChangeKind::Restored]);
    assert!(site.board.problems().is_empty());
    Ok(())
}

#[tokio::test]
async fn feeds_that_a_round_touched_are_rendered_though_it_was_left_in_the_middle() -> Tested {
    let mut site = Site::new()?;
    site.write("a.md", "---\ntitle: Nowe\n---\nTreść\n")?;
    let store = site.store.clone();
    let signals = Arc::clone(&site.signals);
    let told = async {
        while !store.totals().await.is_ok_and(|totals| totals.live > 0) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = told => {}
        _ = site.look() => return Err("the round was not left in the middle".into()),
    }
    assert!(signals.take_touched().contains(&FeedKey::ALL));
    Ok(())
}

#[tokio::test]
async fn all_that_is_due_is_released_before_a_window_is_opened_over_it() -> Tested {
    let mut site = Site::new()?;
    for number in 0..260 {
        let page = format!("---\ntitle: T\ndate: 2026-11-25\n---\nTreść {number}\n");
        site.write(&format!("{number}.md"), &page)?;
    }
    assert_eq!(site.look().await?, []);
    let config = configuration(site.folder.path())?;
    let signals = Arc::clone(&site.signals);
    let guard = Arc::new(Guard::of_system(
        site.store.clone(),
        Arc::clone(&site.board),
    ));
    let scheduling = Scheduling::new(site.store.clone(), config, signals, guard);
    scheduling.tick("2026-11-26T08:00:00Z".parse()?).await?;
    assert_eq!(site.store.totals().await?.live, 260);
    Ok(())
}

#[tokio::test]
async fn a_manifest_that_cannot_be_written_costs_no_feed() -> Tested {
    let mut site = Site::new()?;
    let feeds = site.folder.path().join("feeds");
    // A folder where its new version is to be.
    fs::create_dir_all(feeds.join(".manifest.tmp"))?;
    for title in ["Pierwszy", "Drugi"] {
        let page = format!("---\ntitle: {title}\n---\nTreść: {title}\n");
        site.write(&format!("{title}.md"), &page)?;
        site.look().await?;
        assert!(site.render().await.is_err());
        assert!(fs::read_to_string(feeds.join("all.atom"))?.contains(title));
    }
    fs::remove_dir(feeds.join(".manifest.tmp"))?;
    site.render().await?;
    assert!(feeds.join("manifest.jsonl").is_file());
    Ok(())
}
