//! Folders that come, go and are swapped; names and links that are not what they seem.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use super::*;

impl Trial {
    /// Waits until it is noticed that the root is another, or none.
    fn root_noticed(&mut self) -> Outcome {
        let begun = Instant::now();
        self.runtime.block_on(async {
            while begun.elapsed() < DEADLINE {
                let hint = timeout(Duration::from_secs(5), self.watcher.next()).await;
                if let Ok(hint) = hint {
                    let is_all = hint == Hint::Everything;
                    self.coalescer.add(hint, self.now);
                    if is_all {
                        return Ok(());
                    }
                }
            }
            Err("nothing was noticed")
        })?;
        self.follow()
    }

    fn settled(&mut self) -> Result<Vec<&str>, Failure> {
        self.settle()?;
        self.check()?;
        Ok(self.titles())
    }
}

#[test]
fn a_tree_is_moved_into_place_and_out_of_it() -> Outcome {
    let mut trial = Trial::with(&["a.md"])?;
    fs::create_dir_all(trial.aside("tree/x/y"))?;
    fs::write(trial.aside("tree/x/y/b.md"), page("b"))?;
    fs::rename(trial.aside("tree"), trial.at("tree"))?;
    assert_eq!(trial.settled()?, ["a.md", "b"]);
    // It is watched where it is now.
    trial.write("tree/x/y/c.md", &page("c"))?;
    assert_eq!(trial.settled()?, ["a.md", "b", "c"]);
    fs::rename(trial.at("tree"), trial.at("moved"))?;
    trial.settle()?;
    trial.write("moved/x/y/b.md", &page("d"))?;
    assert_eq!(trial.settled()?, ["a.md", "d", "c"]);
    fs::rename(trial.at("moved"), trial.aside("tree"))?;
    assert_eq!(trial.settled()?, ["a.md"]);
    Ok(())
}

#[test]
fn folders_in_folders_are_made_and_written_to_at_once() -> Outcome {
    let mut trial = Trial::with(&["a.md"])?;
    for number in 0..20 {
        let path = format!("p{number}/q/r/b.md");
        trial.write(&path, &page("b"))?;
        // Watched or not by now, it is seen.
        trial.gather();
        trial.write(&path, &page("c"))?;
    }
    let settled = trial.settled()?;
    assert_eq!(settled.len(), 21);
    assert!(!settled.contains(&"b"));
    Ok(())
}

#[test]
fn a_root_that_goes_and_comes_back_withdraws_nothing() -> Outcome {
    let mut trial = Trial::with(&["a.md", "x/b.md"])?;
    fs::rename(trial.root(), trial.aside("elsewhere"))?;
    trial.root_noticed()?;
    assert_eq!(trial.titles(), ["a.md", "x/b.md"]);
    fs::rename(trial.aside("elsewhere"), trial.root())?;
    trial.root_noticed()?;
    fs::remove_file(trial.at("a.md"))?;
    trial.write("x/b.md", &page("changed"))?;
    assert_eq!(trial.settled()?, ["changed"]);
    Ok(())
}

#[test]
fn another_root_in_its_place_is_watched() -> Outcome {
    let mut trial = Trial::with(&["a.md"])?;
    fs::create_dir_all(trial.aside("next/x"))?;
    fs::write(trial.aside("next/x/b.md"), page("b"))?;
    fs::rename(trial.root(), trial.aside("former"))?;
    fs::rename(trial.aside("next"), trial.root())?;
    assert_eq!(trial.settled()?, ["b"]);
    trial.write("x/c.md", &page("c"))?;
    assert_eq!(trial.settled()?, ["b", "c"]);
    Ok(())
}

/// The inode is often the same one again.
#[test]
fn a_root_that_is_made_anew_is_watched() -> Outcome {
    let mut trial = Trial::with(&["a.md"])?;
    for title in ["b", "c", "d"] {
        fs::remove_dir_all(trial.root())?;
        fs::create_dir(trial.root())?;
        trial.settle()?;
        trial.write("x/y.md", &page(title))?;
        assert_eq!(trial.settled()?, [title]);
    }
    Ok(())
}

#[test]
fn what_went_with_an_emptied_root_is_missed_once_there_is_something_again() -> Outcome {
    let mut trial = Trial::with(&["a.md", "b.md"])?;
    fs::remove_file(trial.at("a.md"))?;
    fs::remove_file(trial.at("b.md"))?;
    trial.settle()?;
    assert_eq!(trial.titles(), ["a.md", "b.md"]);
    trial.write("c.md", &page("c"))?;
    assert_eq!(trial.settled()?, ["c"]);
    Ok(())
}

#[test]
fn a_root_that_is_a_link_is_followed_wherever_it_is_switched_to() -> Outcome {
    let mut trial = Trial::new()?;
    fs::remove_dir(trial.root())?;
    for release in ["one", "two"] {
        fs::create_dir_all(trial.aside(release).join("x"))?;
        fs::write(trial.aside(release).join("x/a.md"), page(release))?;
        symlink(release, trial.aside("link"))?;
        fs::rename(trial.aside("link"), trial.root())?;
        assert_eq!(trial.settled()?, [release]);
    }
    trial.write("x/a.md", &page("edited"))?;
    assert_eq!(trial.settled()?, ["edited"]);
    Ok(())
}

#[test]
fn a_link_to_a_file_is_another_publication_and_changes_with_it() -> Outcome {
    let mut trial = Trial::with(&["x/a.md"])?;
    symlink("x/a.md", trial.at("alias.md"))?;
    fs::hard_link(trial.at("x/a.md"), trial.at("hard.md"))?;
    assert_eq!(trial.settled()?, ["x/a.md"; 3]);
    trial.write("x/a.md", &page("edited"))?;
    trial.settle()?;
    // No event tells of the other name of a hard link: it is found by the next full scan.
    let read = |trial: &Trial, path: &str| trial.live.get(path).map(|found| found.title.clone());
    assert_eq!(read(&trial, "alias.md").as_deref(), Some("edited"));
    trial.look(Look::Everything)?;
    assert_eq!(read(&trial, "hard.md").as_deref(), Some("edited"));
    fs::remove_file(trial.at("x/a.md"))?;
    assert_eq!(trial.settled()?, ["edited"]);
    // What leads nowhere leads somewhere again.
    trial.write("x/a.md", &page("again"))?;
    assert_eq!(trial.settled()?, ["again", "edited", "again"]);
    Ok(())
}

#[test]
fn names_that_differ_in_case_alone_are_two_names() -> Outcome {
    let mut trial = Trial::with(&["a.md", "X/b.md"])?;
    fs::rename(trial.at("a.md"), trial.at("A.md"))?;
    fs::rename(trial.at("X"), trial.at("x"))?;
    trial.settled()?;
    let paths: Vec<&String> = trial.live.keys().collect();
    assert_eq!(paths, ["A.md", "x/b.md"]);
    Ok(())
}

#[test]
fn of_two_files_with_one_name_in_two_unicode_forms_one_is_read() -> Outcome {
    let (composed, decomposed) = ("\u{f3}/\u{17c}.md", "o\u{301}/z\u{307}.md");
    let mut trial = Trial::with(&["a.md"])?;
    trial.write(composed, &page("composed"))?;
    assert_eq!(trial.settled()?, ["a.md", "composed"]);
    trial.write(decomposed, &page("decomposed"))?;
    assert_eq!(trial.settled()?, ["a.md", "decomposed"]);
    fs::remove_file(trial.at(decomposed))?;
    assert_eq!(trial.settled()?, ["a.md", "composed"]);
    fs::rename(trial.at(composed), trial.at(decomposed))?;
    assert_eq!(trial.settled()?, ["a.md", "composed"]);
    fs::rename(trial.at(decomposed), trial.at(composed))?;
    assert_eq!(trial.settled()?, ["a.md", "composed"]);
    Ok(())
}

#[test]
fn names_may_hold_line_breaks_and_must_be_utf_8() -> Outcome {
    let mut trial = Trial::with(&["a.md"])?;
    trial.write("b\nc.md", &page("two lines"))?;
    fs::write(
        trial.at("").join(OsStr::from_bytes(b"\xFF.md")),
        page("odd"),
    )?;
    assert_eq!(trial.settled()?, ["a.md", "two lines"]);
    let link = trial.live.get("b\nc.md").map(|found| found.link.as_str());
    assert_eq!(link, Some("https://portal.example/b%0Ac/"));
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_watched_is_no_reason_to_watch_no_other() -> Outcome {
    let mut trial = Trial::with(&["a.md"])?;
    // Too long for the system to name, though it is there.
    let (upper, lower) = (
        ["u"; 10].map(|u| u.repeat(220)),
        ["l"; 10].map(|l| l.repeat(220)),
    );
    let (upper, lower) = (upper.join("/"), lower.join("/"));
    fs::create_dir_all(trial.at(&upper))?;
    fs::create_dir_all(trial.aside(&lower))?;
    fs::write(trial.aside(&lower).join("deep.md"), page("deep"))?;
    let top = trial.aside(&"l".repeat(220));
    fs::rename(top, trial.at(&upper).join("lower"))?;
    trial.write("z/b.md", &page("b"))?;
    assert_eq!(trial.settled()?, ["a.md", "b"]);
    assert_eq!(trial.watcher.refusal(), None);
    trial.write("z/c.md", &page("c"))?;
    assert_eq!(trial.settled()?, ["a.md", "b", "c"]);
    let below = ["l"; 9].map(|l| l.repeat(220)).join("/");
    let known = BTreeSet::from(["a.md".to_owned(), format!("{upper}/lower/{below}/deep.md")]);
    let seen = trial.directory.look(Look::Everything, &known)?;
    assert!(
        seen.missing.is_empty(),
        "it can't be seen, so it is not missing"
    );
    assert_eq!(seen.problems.len(), 1, "{:?}", seen.problems);
    assert_eq!(
        seen.problems[0].remedy,
        "shorten its name, or those of its folders"
    );
    Ok(())
}
