//! A site: its configuration and content, and how its daemon is started.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::{Running, command, wait_for, wici};

/// A site that is not yet started.
pub struct Site {
    folder: tempfile::TempDir,
    /// Lines under `[mail]`.
    pub(super) mail: String,
    tables: String,
}

impl Site {
    /// A site whose only page is old; mail goes to the outbox, at once.
    pub fn new() -> Site {
        let site = Site {
            folder: tempfile::tempdir().expect("a folder"),
            mail: "transport = \"outbox:outbox\"\n".to_owned(),
            tables: String::new(),
        };
        site.page(
            "old.md",
            "---\ntitle: Old\ndate: 2020-01-01\ntags: [prawo]\n---\nOld text.\n",
        )
    }

    /// Another page.
    pub fn page(self, name: &str, text: &str) -> Site {
        let path = self.folder.path().join("content").join(name);
        fs::create_dir_all(path.parent().expect("inside content")).expect("a folder");
        fs::write(path, text).expect("a page");
        self
    }

    /// One more schedule.
    pub fn with_schedule(self, name: &str, cron: &str) -> Site {
        self.with(&format!(
            "[[schedule]]\nname = \"{name}\"\ncron = \"{cron}\"\n"
        ))
    }

    /// More tables of the configuration.
    pub fn with(mut self, tables: &str) -> Site {
        self.tables += tables;
        self
    }

    /// Writes the configuration and what there is so far.
    pub fn write(self) -> Written {
        let Site {
            folder,
            mail,
            tables,
        } = self;
        let configuration = format!(
            r#"
[site]
title = "Portal"
url = "https://portal.example/"
authority = "portal.example,2026"
language = "pl"
languages = ["pl", "uk", "en"]
[[source]]
name = "pages"
path = "content"
settle = "50ms"
[web]
listen = "127.0.0.1:0"
url = "https://wici.portal.example/"
[mail]
from = "Portal <wici@portal.example>"
{mail}
[immediate]
delay = "0s"
{tables}"#
        );
        fs::write(folder.path().join("daemon.toml"), configuration).expect("a configuration");
        fs::create_dir_all(folder.path().join("content")).expect("a folder");
        Written { folder }
    }

    /// Writes it all and starts the daemon.
    pub fn start(self) -> Running {
        self.write().start()
    }
}

/// A site on disk, at rest.
pub struct Written {
    pub(super) folder: tempfile::TempDir,
}

impl Written {
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command to its end.
    pub fn wici(&self, arguments: &[&str]) -> Output {
        wici(self.path(), arguments)
    }

    /// Starts the daemon and waits until it listens.
    pub fn start(self) -> Running {
        let run = command(self.path(), &["run"]);
        self.start_as(run)
    }

    /// The same with an environment variable.
    pub fn start_with(self, name: &str, value: &str) -> Running {
        let mut run = command(self.path(), &["run"]);
        run.env(name, value);
        self.start_as(run)
    }

    /// The same where the system allows so many open files and no more.
    pub fn start_with_open_files(self, most: u32) -> Running {
        let mut run = Command::new("sh");
        run.args(["-c", &format!("ulimit -n {most} && exec \"$0\" run")])
            .arg(env!("CARGO_BIN_EXE_wici"))
            .current_dir(self.path());
        self.start_as(run)
    }

    /// The same with a log that goes into a pipe, and a reader that leaves after the first line.
    pub fn start_unread(self) -> Running {
        let mut child = command(self.path(), &["run"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("wici runs");
        let mut line = String::new();
        let log = child.stderr.take().expect("a pipe");
        BufReader::new(log)
            .read_line(&mut line)
            .expect("a first line");
        let rest = line.split_once("http://").expect("an address").1;
        let address = rest.split_once('/').expect("an address").0.to_owned();
        Running {
            site: self,
            child,
            address,
        }
    }

    /// The same by a command that ends up as the daemon, in the site's folder.
    pub fn start_as(self, run: Command) -> Running {
        self.start_as_with_input(run, Stdio::null())
    }

    /// The same with something as its standard input.
    pub fn start_as_with_input(self, mut run: Command, input: Stdio) -> Running {
        let log = self.path().join("log");
        let stderr = File::create(&log).expect("a log");
        let child = run
            .stdin(input)
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn();
        let mut child = child.expect("wici runs");
        let address = wait_for("the daemon to listen", || {
            let log = fs::read_to_string(&log).unwrap_or_default();
            if let Ok(Some(status)) = child.try_wait() {
                panic!("the daemon ended with {status}: {log}");
            }
            let (_, rest) = log.split_once("listens on ")?;
            let (place, _) = rest.split_once("; ")?;
            let address = place.strip_prefix("http://").unwrap_or(place);
            Some(address.trim_end_matches('/').to_owned())
        });
        Running {
            site: self,
            child,
            address,
        }
    }
}
