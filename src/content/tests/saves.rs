//! How editors and other tools save, step by step as they do it. At each step events lead to what a
//! full scan finds.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use super::*;

type Step<'a> = &'a dyn Fn(&Trial) -> std::io::Result<()>;

/// Saves `a.md` beside another page, once in one go and once with rests between the steps.
fn saves(steps: &[Step<'_>]) -> Outcome {
    for rests in [false, true] {
        let mut trial = Trial::with(&["a.md", "other.md"])?;
        for step in steps {
            step(&trial)?;
            if rests {
                trial.settle()?;
                trial.check()?;
            }
        }
        trial.settle()?;
        trial.check()?;
        assert_eq!(trial.titles(), ["New", "other.md"], "rests: {rests}");
        assert!(trial.problems.is_empty(), "{:?}", trial.problems);
    }
    Ok(())
}

fn rename(trial: &Trial, from: &str, to: &str) -> std::io::Result<()> {
    fs::rename(trial.at(from), trial.at(to))
}

fn remove(trial: &Trial, name: &str) -> std::io::Result<()> {
    fs::remove_file(trial.at(name))
}

#[test]
fn vim_probes_writes_anew_and_removes_its_backup() -> Outcome {
    saves(&[
        &|trial| trial.write(".a.md.swp", "b0VIM"),
        &|trial| trial.write("4913", ""),
        &|trial| remove(trial, "4913"),
        &|trial| rename(trial, "a.md", "a.md~"),
        &|trial| trial.write("a.md", &page("New")),
        &|trial| remove(trial, "a.md~"),
        &|trial| remove(trial, ".a.md.swp"),
    ])
}

#[test]
fn vim_copies_to_a_backup_and_writes_in_place() -> Outcome {
    saves(&[
        &|trial| fs::copy(trial.at("a.md"), trial.at("a.md~")).map(drop),
        &|trial| trial.write("a.md", &page("New")),
        &|trial| remove(trial, "a.md~"),
    ])
}

#[test]
fn emacs_locks_with_a_link_saves_by_itself_and_keeps_a_backup() -> Outcome {
    saves(&[
        &|trial| symlink("anna@portal.4711:1790000000", trial.at(".#a.md")),
        &|trial| trial.write("#a.md#", &page("Half")),
        &|trial| rename(trial, "a.md", "a.md~"),
        &|trial| trial.write("a.md", &page("New")),
        &|trial| remove(trial, "#a.md#"),
        &|trial| remove(trial, ".#a.md"),
    ])
}

#[test]
fn vs_code_truncates_and_writes_in_place() -> Outcome {
    saves(&[
        &|trial| File::create(trial.at("a.md")).map(drop),
        &|trial| {
            let mut file = File::options().append(true).open(trial.at("a.md"))?;
            let text = page("New");
            let (one, other) = text.split_at(10);
            file.write_all(one.as_bytes())?;
            file.sync_all()?;
            file.write_all(other.as_bytes())
        },
    ])
}

#[test]
fn vs_code_writes_beside_and_renames() -> Outcome {
    saves(&[
        &|trial| trial.write("a.md.1a2b3c.tmp", &page("New")),
        &|trial| rename(trial, "a.md.1a2b3c.tmp", "a.md"),
    ])
}

#[test]
fn gnome_and_office_programs_write_to_hidden_files() -> Outcome {
    saves(&[
        &|trial| trial.write(".~lock.a.md#", ",anna,portal;"),
        &|trial| trial.write(".goutputstream-X2K4Q1", &page("New")),
        &|trial| rename(trial, ".goutputstream-X2K4Q1", "a.md"),
        &|trial| remove(trial, ".~lock.a.md#"),
    ])
}

#[test]
fn rsync_writes_to_a_hidden_file_and_keeps_its_time() -> Outcome {
    saves(&[&|trial| {
        trial.write(".a.md.wq3Zx1", &page("New"))?;
        let before = fs::metadata(trial.at("a.md"))?.modified()?;
        let file = File::options().write(true).open(trial.at(".a.md.wq3Zx1"))?;
        file.set_modified(before)?;
        rename(trial, ".a.md.wq3Zx1", "a.md")
    }])
}

#[test]
fn hidden_files_alone_wake_nobody() -> Outcome {
    let mut trial = Trial::with(&["a.md"])?;
    fs::create_dir_all(trial.at(".git/objects"))?;
    for hidden in [".a.md.swp", ".git/index.lock", ".git/objects/x.md"] {
        trial.write(hidden, "")?;
    }
    trial.gather_all()?;
    let Some(Look::Paths(due)) = trial.due() else {
        return Err("the sentinel was to be looked at".into());
    };
    // Of an earlier sentinel the last events may come only now.
    let is_sentinel = |path: &PathBuf| {
        path.starts_with(trial.root())
            && path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("last."))
    };
    assert!(due.iter().all(is_sentinel), "{due:?}");
    Ok(())
}

/// Runs a program that scripts/test installs. `false`: it is not here.
fn run(program: &str, arguments: &[&str], at: &Path) -> Result<bool, Failure> {
    let run = Command::new(program)
        .args(arguments)
        .current_dir(at)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null())
        .output();
    match run {
        Ok(output) if output.status.success() => Ok(true),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: there is no {program} here");
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

#[test]
fn git_checks_out_a_thousand_files() -> Outcome {
    let mut trial = Trial::new()?;
    let root = trial.root();
    let git = |arguments: &[&str]| {
        let who = [
            "-c",
            "user.name=Anna",
            "-c",
            "user.email=anna@portal.example",
        ];
        run("git", &[&who, arguments].concat(), &root)
    };
    if !git(&["init", "-q", "-b", "one"])? {
        return Ok(());
    }
    for number in 0..1_000 {
        let folder = number % 20;
        trial.write(&format!("{folder}/{number}.md"), &page("One"))?;
    }
    git(&["add", "."])?;
    git(&["commit", "-q", "-m", "One"])?;
    trial.settle()?;
    trial.check()?;
    assert_eq!(trial.live.len(), 1_000);

    git(&["checkout", "-q", "-b", "two"])?;
    for number in 0..1_000 {
        let file = format!("{}/{number}.md", number % 20);
        if number % 20 < 5 {
            remove(&trial, &file)?;
            trial.write(&format!("new/{file}"), &page("Two"))?;
        } else if number % 2 == 0 {
            trial.write(&file, &page("Two"))?;
        }
    }
    git(&["add", "."])?;
    git(&["commit", "-q", "-m", "Two"])?;
    trial.settle()?;
    trial.check()?;
    let two = trial.live.clone();
    for branch in ["one", "two"] {
        git(&["checkout", "-q", branch])?;
        trial.settle()?;
        trial.check()?;
        assert_eq!(trial.live.len(), 1_000);
        let are_all_one = trial.titles().iter().all(|title| *title == "One");
        assert_eq!(are_all_one, branch == "one");
    }
    assert_eq!(trial.live, two);
    Ok(())
}

#[test]
fn rsync_copies_a_tree_changes_it_and_deletes_from_it() -> Outcome {
    let mut trial = Trial::with(&["a.md", "x/b.md"])?;
    let from = trial.aside("from");
    fs::create_dir_all(from.join("deep/er"))?;
    fs::write(from.join("a.md"), page("New"))?;
    for number in 0..50 {
        fs::write(from.join(format!("deep/er/{number}.md")), page("Deep"))?;
    }
    let folder = trial.folder.path().to_owned();
    for how in [&["-a"][..], &["-a", "--inplace"], &["-a", "--delete"]] {
        if !run("rsync", &[how, &["from/", "content/"]].concat(), &folder)? {
            return Ok(());
        }
        trial.settle()?;
        trial.check()?;
        fs::write(from.join("a.md"), page(&format!("After {how:?}")))?;
    }
    assert_eq!(trial.live.len(), 51);
    assert!(!trial.live.contains_key("x/b.md"));
    Ok(())
}
