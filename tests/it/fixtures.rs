//! Stores that former versions wrote open in this one, and say the same: `tests/fixtures`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::harness::{Running, Site, Written, parse, unsubscribe_path, wait_for, wici};
use crate::smtp_server::{Phase, SmtpServer};

/// What was asked, and what was answered.
type Answers = BTreeMap<String, Value>;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every file below a folder, relative to it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(folder.join(&below)).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = below.join(entry.file_name());
            let kind = entry.file_type().expect("a type");
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                files.push(path);
            }
        }
    }
    files
}

/// The site that all these stores are of.
fn site(server: &SmtpServer) -> Site {
    Site::new()
        .mailing_to(server)
        .with_schedule("daily", "0 8 1 1 *")
        .with_schedule("weekly", "0 8 2 1 *")
}

fn ask(site: &Written, question: &str) -> Value {
    let words: Vec<&str> = question.split(' ').chain(["--json"]).collect();
    let output = site.wici(&words);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{question}: {told}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Does an answer say all that is expected? What it says besides is new.
fn says(answer: &Value, expected: &Value) -> bool {
    match (answer, expected) {
        (Value::Object(answer), Value::Object(expected)) => expected
            .iter()
            .all(|(key, value)| answer.get(key).is_some_and(|answer| says(answer, value))),
        (Value::Array(answer), Value::Array(expected)) => {
            answer.len() == expected.len() && answer.iter().zip(expected).all(|(a, e)| says(a, e))
        }
        _ => answer == expected,
    }
}

#[test]
fn a_store_of_each_former_version_opens_and_says_the_same() {
    let server = SmtpServer::start();
    let mut met = 0;
    for version in fs::read_dir(fixtures()).expect("fixtures") {
        let version = version.expect("an entry").path();
        if !version.is_dir() {
            continue;
        }
        met += 1;
        let expected = fs::read(version.join("expected.json")).expect("what was said");
        let expected: Answers = serde_json::from_slice(&expected).expect("answers");
        let as_it_lies = site(&server).write();
        for file in files(&version.join("state")) {
            let packed = File::open(version.join("state").join(&file)).expect("a file");
            let path = as_it_lies
                .path()
                .join("state")
                .join(file)
                .with_extension("");
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            let mut path = File::create(path).expect("a file");
            io::copy(&mut GzDecoder::new(packed), &mut path).expect("a copy");
        }
        let from_the_dump = site(&server).write();
        let dump = version.join("dump");
        let restored = from_the_dump.wici(&["restore", dump.to_str().expect("UTF-8")]);
        assert!(restored.status.success(), "{restored:?}");
        for site in [as_it_lies, from_the_dump] {
            for (question, expected) in &expected {
                let answer = ask(&site, question);
                assert!(
                    says(&answer, expected),
                    "{}: `{question}` says\n{answer:#}\nand said\n{expected:#}",
                    version.display()
                );
            }
        }
    }
    assert!(met > 0, "no fixture");
}

/// Something of most kinds that a store can hold.
fn lived_in(server: &SmtpServer) -> Running {
    let old = |number: usize| {
        format!("---\ntitle: Old {number:02}\ndate: 2020-01-02\n---\nText {number}.\n")
    };
    let site = (0..24).fold(site(server), |site, number| {
        site.page(&format!("old/{number:02}.md"), &old(number))
    });
    let site = site.start().after_first_scan();
    let immediate = ["--schedule", "immediate"];
    for name in ["a", "b", "c", "d", "e"] {
        site.subscribe(&format!("{name}@example.org"), &immediate);
    }
    site.subscribe("law@example.org", &["--any", "prawo", "--any", "woda"]);
    site.subscribe(
        "none@example.org",
        &["--none", "prawo", "--schedule", "weekly"],
    );
    site.subscribe(
        "kyiv@example.org",
        &["--schedule", "weekly", "--language", "uk"],
    );
    site.save(
        "news.md",
        "---\ntitle: News\ntags: [prawo, Woda]\nauthor: A. Writer\nsummary: In short.\n---\nText.\n",
    );
    wait_for("everybody to be tried", || {
        let counts = &site.json(&["runs", "list"])[0]["counts"];
        let some = |state: &str| counts[state].as_u64() >= Some(1);
        (counts["pending"] == 0 && some("sent") && some("deferred")).then_some(())
    });
    let mailed = server.messages();
    let accepted = mailed
        .iter()
        .find(|message| message.accepted)
        .expect("a mail");
    let unsubscribe = unsubscribe_path(&parse(&accepted.data));
    assert_eq!(site.request("POST", &unsubscribe, &[]).status, 200);
    site.save(
        "news.md",
        "---\ntitle: News\ntags: [prawo, Woda]\nupdated: 2036-01-01\nchange_note: Mended.\n---\nText.\n",
    );
    site.closed_run(2);
    site.save(
        "future.md",
        "---\ntitle: Future\ndate: 2199-01-01\n---\nText.\n",
    );
    site.save(
        "short.md",
        "---\ntitle: Short\ndate: 2020-01-01\nexpires: 2021-01-01\n---\nText.\n",
    );
    site.save("pair.pl.md", "---\ntitle: Para\n---\nTekst.\n");
    site.save("pair.uk.md", "---\ntitle: Пара\n---\nТекст.\n");
    site.remove("old/00.md");
    for name in ["future.md", "short.md", "pair.pl.md", "pair.uk.md"] {
        wait_for(name, || {
            let shown = wici(&site.path(""), &["publications", "show", name]);
            shown.status.success().then_some(())
        });
    }
    site.feed("all.atom", |feed| !feed.contains("Old 00"));
    fs::create_dir(site.path("incoming")).expect("a folder");
    for number in 0..30 {
        let text = format!("---\ntitle: New {number:02}\n---\nText {number}.\n");
        fs::write(site.path("incoming").join(format!("{number:02}.md")), text).expect("a page");
    }
    fs::rename(site.path("incoming"), site.path("content/new")).expect("a rename");
    wait_for("the flood to be held", || {
        (site.json(&["holds", "list"]).as_array()?.len() == 1).then_some(())
    });
    // A source whose root is gone is held as a whole.
    fs::rename(site.path("content"), site.path("gone")).expect("a rename");
    wait_for("two holds", || {
        let holds = site.json(&["holds", "list"]);
        (holds.as_array()?.len() == 2).then_some(())
    });
    site
}

/// What changes by itself, and says nothing of the store.
fn without_the_time(answer: &mut Value) {
    match answer {
        Value::Object(entries) => {
            entries.retain(|key, _| !key.starts_with("next"));
            entries.values_mut().for_each(without_the_time);
        }
        Value::Array(values) => values.iter_mut().for_each(without_the_time),
        _ => {}
    }
}

#[test]
#[ignore = "writes a new fixture: tests/fixtures/README.md"]
fn write() {
    let name = std::env::var("WICI_FIXTURE").expect("WICI_FIXTURE, the version");
    let version = fixtures().join(name);
    fs::create_dir(&version).expect("a folder that is not there yet");
    let server = SmtpServer::start()
        .drop_after_the_dot(1)
        .reply_to(Phase::End, ["451 4.3.0 later", "550 5.7.1 no", "250 ok"]);
    let site = lived_in(&server).stop();
    let dump = version.join("dump");
    let dumped = site.wici(&["dump", dump.to_str().expect("UTF-8")]);
    assert!(dumped.status.success(), "{dumped:?}");
    let mut answers = Answers::new();
    for question in [
        "status",
        "subscribers list",
        "subscribers show law@example.org",
        "subscribers show a@example.org",
        "publications list --most 1000",
        "publications show news.md",
        "publications show pair.uk.md",
        "runs list",
        "runs show 1",
        "runs show 2",
        "holds list",
    ] {
        let mut answer = ask(&site, question);
        without_the_time(&mut answer);
        answers.insert(question.to_owned(), answer);
    }
    let answers = serde_json::to_string_pretty(&answers).expect("JSON");
    fs::write(version.join("expected.json"), answers + "\n").expect("what was said");
    let state = site.path().join("state");
    for file in files(&state)
        .into_iter()
        .filter(|file| *file != Path::new("lock"))
    {
        let mut name = file.clone().into_os_string();
        name.push(".gz");
        let packed = version.join("state").join(name);
        fs::create_dir_all(packed.parent().expect("a folder")).expect("a folder");
        let packed = File::create(packed).expect("a file");
        let mut packed = GzEncoder::new(packed, Compression::best());
        let mut file = File::open(state.join(file)).expect("a file");
        io::copy(&mut file, &mut packed).expect("a copy");
        packed.finish().expect("a file");
    }
}
