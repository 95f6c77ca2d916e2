//! The long trials of `scripts/soak`: kills at random instants, over and over.
//!
//! `WICI_SOAK_KILLS` says how many, `WICI_SOAK_SEED` which: the same seed, the same instants as far
//! as the machine keeps time.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::*;
use crate::harness::wici;

/// A number of the environment.
fn setting(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().expect("a whole number"))
}

fn kills() -> usize {
    setting("WICI_SOAK_KILLS", 1_000) as usize
}

/// SplitMix64: its whole state is a seed that can be told.
struct Random(u64);

impl Random {
    fn new(trial: &str) -> Random {
        let seed = setting("WICI_SOAK_SEED", 1);
        say(&format!("{trial}: {} kills, seed {seed}", kills()));
        Random(seed)
    }

    /// A number from `least` to `most`.
    fn within(&mut self, least: u64, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        least + (z ^ (z >> 31)) % (most - least + 1)
    }
}

fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("somewhere to write to");
}

/// How far a trial is, now and then.
fn progress(trial: &str, done: usize, begun: Instant) {
    if done.is_multiple_of(25) {
        let seconds = begun.elapsed().as_secs();
        say(&format!("  {trial}: {done} of {}, {seconds} s", kills()));
    }
}

fn pause(milliseconds: u64) {
    std::thread::park_timeout(Duration::from_millis(milliseconds));
}

fn summary(trial: &Trial, begun: Instant) {
    let twice: usize = trial.twice.iter().sum();
    let most = trial.twice.iter().max().copied().unwrap_or(0);
    say(&format!(
        "  {} kills, {} within 5 % to 95 % of a run; {} letters; missed: 0; twice: {twice}, at most {most} in a run; {} s",
        trial.rounds,
        trial.in_the_middle,
        trial.rounds * SUBSCRIBERS,
        begun.elapsed().as_secs()
    ));
}

#[test]
#[ignore = "long: scripts/soak"]
fn kills_in_a_run() {
    let mut random = Random::new("in a run");
    let (begun, subscribers) = (Instant::now(), SUBSCRIBERS as u64);
    let mut trial = Trial::begin();
    for done in 1..=kills() {
        let target = random.within(subscribers * 6 / 100, subscribers * 92 / 100);
        trial = trial.round(target as usize);
        progress("in a run", done, begun);
    }
    summary(&trial, begun);
    trial.end();
}

/// From the moment that a page is saved until the first letters are out: it is read, numbered, its
/// run is opened and planned, and something is claimed.
#[test]
#[ignore = "long: scripts/soak"]
fn kills_while_a_run_is_planned() {
    let mut random = Random::new("while a run is planned");
    let begun = Instant::now();
    let mut trial = Trial::begin();
    for done in 1..=kills() {
        trial.publish();
        pause(random.within(40, 400));
        trial = trial.kill_at_work().finish();
        progress("while a run is planned", done, begun);
    }
    summary(&trial, begun);
}

/// What is approved is let out in pieces; whoever dies between them goes on.
#[test]
#[ignore = "long: scripts/soak"]
fn kills_while_a_hold_is_carried_out() {
    const PAGES: usize = 600;
    let mut random = Random::new("while a hold is carried out");
    let begun = Instant::now();
    for done in 1..=kills() {
        let mut site = Site::new().start().after_first_scan();
        site.subscribe("reader@example.org", &["--schedule", "immediate"]);
        let incoming = site.path("incoming");
        fs::create_dir(&incoming).expect("a folder");
        for number in 0..PAGES {
            let text = format!("---\ntitle: New {number:03}\n---\nText {number}.\n");
            fs::write(incoming.join(format!("{number}.md")), text).expect("a page");
        }
        fs::rename(incoming, site.path("content/new")).expect("a rename");
        wait_for("all of them to be held", || {
            (site.json(&["holds", "list"])[0]["publications"] == PAGES).then_some(())
        });
        site.wici(&["holds", "approve", "1"]);
        pause(random.within(0, 60));
        site = site.kill_and_restart();
        wait_for("the hold to be gone", || {
            (site.json(&["holds", "list"]) == serde_json::json!([])).then_some(())
        });
        for _ in 0..12 {
            let path = format!("new/{}.md", random.within(0, PAGES as u64 - 1));
            let runs = wait_for("it to be mailed", || {
                let shown = site.json(&["publications", "show", &path]);
                shown["mailed"]
                    .as_array()
                    .filter(|runs| !runs.is_empty())
                    .cloned()
            });
            assert_eq!(runs.len(), 1, "{path}: {runs:?}");
        }
        progress("while a hold is carried out", done, begun);
    }
    say(&format!(
        "  what was held is mailed once; {} s",
        begun.elapsed().as_secs()
    ));
}

/// A dump that dies leaves the former one as it was, a restore that dies no store at all.
#[test]
#[ignore = "long: scripts/soak"]
fn kills_of_dump_and_restore() {
    let mut random = Random::new("of dump and restore");
    let begun = Instant::now();
    let site = Site::new().write();
    subscribe(&site, SUBSCRIBERS);
    let killed = |arguments: &[&str], after: u64| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wici"));
        let child = command
            .args(arguments)
            .current_dir(site.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut child = child.expect("wici runs");
        pause(after);
        child.kill().expect("a child");
        child.wait().expect("a status").success()
    };
    let well = |arguments: &[&str]| {
        let output = wici(site.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output.stdout
    };
    well(&["dump", "dump"]);
    let whole = fs::read(site.path().join("dump")).expect("a dump");
    let expected = well(&["status", "--json"]);
    let (mut dumps, mut restores) = (0, 0);
    for done in 1..=kills() {
        if !killed(&["dump", "dump"], random.within(0, 400)) {
            dumps += 1;
        }
        let dump = fs::read(site.path().join("dump")).expect("a dump");
        assert!(dump.len().abs_diff(whole.len()) < 100, "a whole one");
        fs::remove_dir_all(site.path().join("state")).expect("a state");
        let was_restored = killed(&["restore", "dump"], random.within(0, 600));
        let status = wici(site.path(), &["status", "--json"]);
        if was_restored || status.status.success() {
            assert_eq!(status.stdout, expected, "what opens is whole");
        } else {
            restores += 1;
            well(&["restore", "dump"]);
            assert_eq!(well(&["status", "--json"]), expected);
        }
        progress("of dump and restore", done, begun);
    }
    say(&format!(
        "  {dumps} dumps and {restores} restores died; every other one is whole; {} s",
        begun.elapsed().as_secs()
    ));
}
