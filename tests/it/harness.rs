//! The real program in a folder of its own, so that a test reads as a sentence:
//!
//! ```ignore
//! let site = Site::new().start();
//! site.subscribe("reader@example.org", &["--schedule", "immediate"]);
//! site.write("content/a.md", "---\ntitle: A\n---\ntext");
//! assert_eq!(site.mails(1)[0].subject(), Some("A"));
//! ```

mod mail;
mod received;
mod site;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mail_parser::Message;

pub use received::{Answer, parse, unsubscribe_path};
pub use site::{Site, Written};

/// Nothing here takes so long on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` gives something; what it was waiting for is in the panic otherwise.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wici"));
    command
        .current_dir(folder)
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

pub fn wici(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("wici runs")
}

/// A site whose daemon runs. Dropped, the daemon is killed.
pub struct Running {
    site: Written,
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub fn path(&self, name: &str) -> PathBuf {
        self.site.path().join(name)
    }

    /// Runs a command to its end; it must end well. Returns what it printed.
    pub fn wici(&self, arguments: &[&str]) -> String {
        let output = self.site.wici(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "wici {arguments:?}: {stderr}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// The same with `--json`.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.wici(&arguments)).expect("JSON")
    }

    /// Subscribes an address that consented.
    pub fn subscribe(&self, address: &str, more: &[&str]) {
        let arguments = ["subscribers", "add", address, "--confirmed"];
        self.wici(&arguments.iter().chain(more).copied().collect::<Vec<_>>());
    }

    /// Saves a file as editors do: whole, under another name, renamed.
    pub fn save(&self, name: &str, text: &(impl AsRef<[u8]> + ?Sized)) {
        let path = self.path("content").join(name);
        let unfinished = self.path("unfinished");
        fs::create_dir_all(path.parent().expect("inside content")).expect("a folder");
        fs::write(&unfinished, text).expect("a file");
        fs::rename(unfinished, path).expect("a rename");
    }

    /// Removes a file.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path("content").join(name)).expect("a file to remove");
    }

    /// Waits for `number` mails in the outbox and returns all that are there, oldest first.
    pub fn mails(&self, number: usize) -> Vec<Message<'static>> {
        wait_for(&format!("{number} mails"), || {
            let mut paths: Vec<PathBuf> = fs::read_dir(self.path("outbox"))
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
                .collect();
            paths.sort_by_key(|path| fs::metadata(path).and_then(|m| m.modified()).ok());
            let read = |path: &PathBuf| fs::read(path).expect("a mail");
            (paths.len() >= number)
                .then(|| paths.iter().map(read).map(|mail| parse(&mail)).collect())
        })
    }

    /// Waits until a run is closed, and returns it with its notable deliveries.
    pub fn closed_run(&self, number: u64) -> serde_json::Value {
        wait_for(&format!("run {number} to close"), || {
            let runs = self.json(&["runs", "list"]);
            let run = runs.as_array()?.iter().find(|run| run["run"] == number)?;
            run["closed"].is_string().then_some(())
        });
        self.json(&["runs", "show", &number.to_string()])
    }

    /// Waits until a feed holds a text (or no longer does), and returns it.
    pub fn feed(&self, name: &str, holds: impl Fn(&str) -> bool) -> String {
        wait_for(&format!("feeds/{name}"), || {
            let feed = fs::read_to_string(self.path("feeds").join(name)).ok()?;
            holds(&feed).then_some(feed)
        })
    }

    /// Waits until the first scan is done: what is written after that is news.
    pub fn after_first_scan(self) -> Running {
        self.feed("all.atom", |feed| feed.contains("<entry>"));
        self
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[])
    }

    /// A form, sent.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        self.send("POST", path, &[kind], &form)
    }

    /// One HTTP request.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(method, path, headers, "")
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let mut stream = TcpStream::connect(&self.address).expect("the daemon listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let end = answer
            .windows(4)
            .position(|bytes| bytes == b"\r\n\r\n")
            .expect("a head");
        let head = String::from_utf8(answer[..end].to_vec()).expect("ASCII");
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .expect("a status line");
        Answer {
            status: status.parse().expect("a number"),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect(),
            body: answer[end + 4..].to_vec(),
        }
    }

    /// `kill -9`, and starts it again.
    pub fn kill_and_restart(mut self) -> Running {
        self.child.kill().expect("a living daemon");
        self.child.wait().expect("a dead daemon");
        self.rest().start()
    }

    /// Stops it in order, and starts it again.
    pub fn restart(mut self) -> Running {
        self.terminate();
        self.rest().start()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child")
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Another connection to it.
    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).expect("the daemon listens")
    }

    /// Stops it in order.
    pub fn stop(mut self) -> Written {
        self.terminate();
        self.rest()
    }

    /// Tells the daemon to read its configuration anew.
    pub fn hang_up(&self) {
        self.signal("HUP");
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "a living daemon"
        );
    }

    fn terminate(&mut self) {
        self.signal("TERM");
        let status: ExitStatus = self.child.wait().expect("an exit status");
        assert!(status.success(), "the daemon ended with {status}");
    }

    fn rest(mut self) -> Written {
        let nowhere = Written {
            folder: tempfile::tempdir().expect("a folder"),
        };
        std::mem::replace(&mut self.site, nowhere)
    }
}
