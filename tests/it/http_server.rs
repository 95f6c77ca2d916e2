//! A scripted HTTP server: it answers as it is told, and remembers what it was asked.
//!
//! ```ignore
//! let server = HttpServer::start();
//! server.answers("/feed", Reply::feed("\"1\"", RSS));
//! server.answers("/old", Reply::redirect(301, "/feed"));
//! ```

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// These bytes, head and body, then the connection ends.
    Raw(Vec<u8>),
    /// A feed, or 304 to who has it by this tag.
    Feed { tag: String, body: String },
    /// A head, then this piece again and again.
    Endless { head: String, piece: Vec<u8> },
    /// Nothing, ever.
    Silence,
}

impl Reply {
    pub fn feed(tag: &str, body: &str) -> Reply {
        Reply::Feed {
            tag: tag.to_owned(),
            body: body.to_owned(),
        }
    }

    pub fn status(status: u16, headers: &str) -> Reply {
        let head = format!("HTTP/1.1 {status} So\r\n{headers}Content-Length: 0\r\n\r\n");
        Reply::Raw(head.into_bytes())
    }

    pub fn redirect(status: u16, location: &str) -> Reply {
        Reply::status(status, &format!("Location: {location}\r\n"))
    }

    /// A head, and a body that is what it is.
    pub fn with(headers: &str, body: &[u8]) -> Reply {
        let head = format!("HTTP/1.1 200 OK\r\n{headers}Connection: close\r\n\r\n");
        Reply::Raw([head.as_bytes(), body].concat())
    }
}

#[derive(Default)]
struct Shared {
    replies: HashMap<String, Reply>,
    asked: Vec<Asked>,
    /// Connections that are kept and not answered.
    silent: Vec<TcpStream>,
    stopped: bool,
}

/// See the module.
pub struct HttpServer {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

impl HttpServer {
    /// On a port that the system chooses.
    pub fn start() -> HttpServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(Shared::default()));
        let server = HttpServer {
            address,
            shared: Arc::clone(&shared),
        };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if lock(&shared).stopped {
                    return;
                }
                let shared = Arc::clone(&shared);
                // A client that leaves in the middle is none of the server's trouble.
                thread::spawn(move || drop(serve(&stream, &shared)));
            }
        });
        server
    }

    /// From now on.
    pub fn answers(&self, path: &str, reply: Reply) {
        lock(&self.shared).replies.insert(path.to_owned(), reply);
    }

    /// All requests for a path so far.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        let shared = lock(&self.shared);
        let same = shared.asked.iter().filter(|asked| asked.path == path);
        same.cloned().collect()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        lock(&self.shared).stopped = true;
        // The one connection that the listener needs to see it.
        let _ = TcpStream::connect(self.address);
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut stream: &TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let asked = Asked { path, headers };
    let reply = {
        let mut shared = lock(shared);
        shared.asked.push(asked.clone());
        let nowhere = || Reply::status(404, "");
        shared
            .replies
            .get(&asked.path)
            .cloned()
            .unwrap_or_else(nowhere)
    };
    match reply {
        Reply::Raw(bytes) => stream.write_all(&bytes),
        Reply::Feed { tag, body } => {
            let is_known = asked.headers.get("if-none-match") == Some(&tag);
            let (status, body) = if is_known {
                (304, "")
            } else {
                (200, body.as_str())
            };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} So\r\nETag: {tag}\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes())?;
            stream.write_all(body.as_bytes())
        }
        Reply::Endless { head, piece } => {
            stream.write_all(head.as_bytes())?;
            while !lock(shared).stopped {
                stream.write_all(&piece)?;
            }
            Ok(())
        }
        Reply::Silence => {
            lock(shared).silent.push(stream.try_clone()?);
            Ok(())
        }
    }
}
