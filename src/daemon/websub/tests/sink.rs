//! Callbacks in this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Answers each path as it is told, 200 where it is not, and remembers what came.
pub(super) struct Sink {
    pub(super) address: std::net::SocketAddr,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
pub(super) struct Heard {
    pub(super) statuses: BTreeMap<String, u16>,
    /// Whose body has this is answered with 400.
    pub(super) refused: Option<String>,
    /// Of `Retry-After`, by path.
    pub(super) waits: BTreeMap<String, String>,
    /// Paths that were asked by GET, with their queries.
    pub(super) asked: Vec<String>,
    pub(super) bodies: BTreeMap<String, Vec<String>>,
    at_once: usize,
    pub(super) most_at_once: usize,
}

/// The path is not answered.
pub(super) const SILENT: u16 = 0;

impl Sink {
    pub(super) async fn start() -> std::io::Result<Sink> {
        let listener = TcpListener::bind("0.0.0.0:0").await?;
        let address = ([127, 0, 0, 1], listener.local_addr()?.port()).into();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let shared = Arc::clone(&heard);
        #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Sink::answer(stream, Arc::clone(&shared)));
            }
        });
        Ok(Sink { address, heard })
    }

    async fn answer(stream: TcpStream, heard: Arc<Mutex<Heard>>) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let target = line.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let asked = line.starts_with("GET ").then(|| target.to_owned());
        let challenge = target.split_once("hub.challenge=");
        let challenge = challenge.map(|(_, rest)| rest.split('&').next().unwrap_or_default());
        let challenge = challenge.unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            stream.read_line(&mut line).await?;
            match line.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap_or(0),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let (status, wait) = {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            // A large one is none to look at.
            body.truncate(1_000);
            let body = String::from_utf8_lossy(&body).into_owned();
            let is_refused = heard
                .refused
                .as_ref()
                .is_some_and(|text| body.contains(text));
            match asked {
                Some(target) => heard.asked.push(target),
                None => heard.bodies.entry(path.clone()).or_default().push(body),
            }
            heard.at_once += 1;
            heard.most_at_once = heard.most_at_once.max(heard.at_once);
            let status = match is_refused {
                true => 400,
                false => heard.statuses.get(&path).copied().unwrap_or(200),
            };
            (status, heard.waits.get(&path).cloned())
        };
        if status == SILENT {
            std::future::pending::<()>().await;
        }
        // Others get their turn meanwhile.
        tokio::task::yield_now().await;
        let wait = wait.map_or(String::new(), |wait| format!("Retry-After: {wait}\r\n"));
        let length = challenge.len();
        let answer =
            format!("HTTP/1.1 {status} So\r\n{wait}Content-Length: {length}\r\n\r\n{challenge}");
        heard.lock().unwrap_or_else(PoisonError::into_inner).at_once -= 1;
        stream.write_all(answer.as_bytes()).await
    }

    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn says(&self, path: &str, status: u16) {
        self.heard().statuses.insert(path.to_owned(), status);
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What came to a path.
    pub(super) fn came(&self, path: &str) -> Vec<String> {
        self.heard().bodies.get(path).cloned().unwrap_or_default()
    }
}
