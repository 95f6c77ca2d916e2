use std::io;

use tempfile::TempDir;
use tokio::time::timeout;

use super::*;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until a hint covers this path.
async fn hinted(watcher: &mut Watcher, path: &Path) -> Result<(), tokio::time::error::Elapsed> {
    timeout(DEADLINE, async {
        loop {
            match watcher.next().await {
                Hint::Everything => return,
                Hint::Paths(paths) if paths.iter().any(|folder| path.starts_with(folder)) => return,
                Hint::Paths(_) => {}
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_written_file_is_hinted_at() -> Outcome {
    let folder = TempDir::new()?;
    let mut watcher = Watcher::new(folder.path(), Watch::Events)?;
    let file = folder.path().join("a.md");
    fs::write(&file, "# A")?;
    hinted(&mut watcher, &file).await?;
    fs::remove_file(&file)?;
    hinted(&mut watcher, &file).await?;
    Ok(())
}

#[tokio::test]
async fn hints_name_paths_below_the_root_as_it_was_given() -> Outcome {
    let folder = TempDir::new()?;
    let here = std::env::current_dir()?;
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let root = up.join(folder.path().strip_prefix("/")?);
    assert!(root.is_relative());
    let mut watcher = Watcher::new(&root, Watch::Events)?;
    let file = root.join("a.md");
    fs::write(&file, "# A")?;
    hinted(&mut watcher, &file).await?;
    Ok(())
}

#[tokio::test]
async fn a_file_in_folders_made_at_once_is_covered() -> Outcome {
    let folder = TempDir::new()?;
    let mut watcher = Watcher::new(folder.path(), Watch::Events)?;
    let file = folder.path().join("a/b/c/d.md");
    fs::create_dir_all(folder.path().join("a/b/c"))?;
    fs::write(&file, "# D")?;
    hinted(&mut watcher, &file).await?;
    Ok(())
}

#[tokio::test]
async fn reading_is_no_news() -> Outcome {
    let folder = TempDir::new()?;
    let (file, other) = (folder.path().join("a.md"), folder.path().join("b.md"));
    fs::write(&file, "# A")?;
    let mut watcher = Watcher::new(folder.path(), Watch::Events)?;
    fs::read(&file)?;
    fs::read_dir(folder.path())?.for_each(drop);
    fs::write(&other, "# B")?;
    match timeout(DEADLINE, watcher.next()).await? {
        Hint::Paths(paths) => assert_eq!(paths, BTreeSet::from([other])),
        Hint::Everything => panic!("a single write was taken for everything"),
    }
    Ok(())
}

#[tokio::test]
async fn a_root_that_appears_late_or_anew_is_watched() -> Outcome {
    let folder = TempDir::new()?;
    let root = folder.path().join("content");
    let mut watcher = Watcher::new(&root, Watch::Auto)?;
    assert!(!watcher.polling());
    fs::create_dir(&root)?;
    assert_eq!(timeout(DEADLINE, watcher.next()).await?, Hint::Everything);

    fs::rename(&root, folder.path().join("old"))?;
    fs::create_dir(&root)?;
    assert_eq!(timeout(DEADLINE, watcher.next()).await?, Hint::Everything);
    let file = root.join("a.md");
    fs::write(&file, "# A")?;
    let told = Hint::Paths(BTreeSet::from([file]));
    assert_eq!(timeout(DEADLINE, watcher.next()).await?, told);
    Ok(())
}

#[tokio::test]
async fn polling_never_hints() -> Outcome {
    let folder = TempDir::new()?;
    let mut watcher = Watcher::new(folder.path(), Watch::Poll)?;
    assert!(watcher.polling() && watcher.refusal().is_none());
    fs::write(folder.path().join("a.md"), "# A")?;
    assert!(
        timeout(Duration::from_millis(50), watcher.next())
            .await
            .is_err()
    );
    Ok(())
}

#[tokio::test]
async fn a_flood_becomes_everything_or_all_of_its_paths() -> io::Result<()> {
    let folder = TempDir::new()?;
    let mut watcher = Watcher::new(folder.path(), Watch::Events).map_err(io::Error::other)?;
    let last = folder.path().join("last.md");
    for n in 0..QUEUE {
        fs::write(folder.path().join(format!("{n}.md")), "# T")?;
    }
    fs::write(&last, "# T")?;
    hinted(&mut watcher, &last).await.map_err(io::Error::other)
}

/// The kernel's queue overflowed: an event without a path.
#[tokio::test]
async fn after_lost_events_watching_begins_from_the_start() -> Outcome {
    let folder = TempDir::new()?;
    let mut watcher = Watcher::new(folder.path(), Watch::Events)?;
    let (sender, receiver) = mpsc::channel(1);
    let State::Watching(events) = &mut watcher.state else {
        return Err("nothing is watched".into());
    };
    // Whatever is told now is lost.
    events.receiver = receiver;
    let late = folder.path().join("late");
    fs::create_dir(&late)?;
    let overflow = notify::Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
    sender.try_send(Ok(overflow))?;
    assert_eq!(timeout(DEADLINE, watcher.next()).await?, Hint::Everything);
    watcher.cover(&Look::Everything, &Files::usual());
    let file = late.join("a.md");
    fs::write(&file, "# A")?;
    let told = Hint::Paths(BTreeSet::from([file]));
    assert_eq!(timeout(DEADLINE, watcher.next()).await?, told);
    Ok(())
}

#[tokio::test]
async fn folders_are_watched_when_they_are_about_to_be_looked_at() -> Outcome {
    let folder = TempDir::new()?;
    let (deep, hidden) = (folder.path().join("a/b"), folder.path().join(".git"));
    fs::create_dir_all(&deep)?;
    fs::create_dir(&hidden)?;
    let excluded = folder.path().join("a/node_modules");
    fs::create_dir(&excluded)?;
    let files = Files::new(&[], &["node_modules/".to_owned()], false, false)?;
    let mut watcher = Watcher::new(folder.path(), Watch::Events)?;
    watcher.cover(
        &Look::Paths(BTreeSet::from([folder.path().join("a")])),
        &files,
    );
    assert_eq!(watcher.refusal(), None);
    fs::write(hidden.join("c.md"), "# C")?;
    fs::write(excluded.join("c.md"), "# C")?;
    let file = deep.join("c.md");
    fs::write(&file, "# C")?;
    let told = Hint::Paths(BTreeSet::from([file]));
    assert_eq!(timeout(DEADLINE, watcher.next()).await?, told);
    Ok(())
}
