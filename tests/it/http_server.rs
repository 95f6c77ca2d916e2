//! A scripted HTTP server: it answers as it is told, and remembers what it was asked.
//!
//! ```ignore
//! let server = HttpServer::start();
//! server.answers("/feed", Reply::feed("\"1\"", RSS));
//! server.answers("/old", Reply::redirect(301, "/feed"));
//! ```

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Asked {
    /// The fields of a query or of a form.
    pub fn fields(&self) -> HashMap<String, String> {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let form = match self.method.as_str() {
            "POST" => &self.body,
            _ => query.as_bytes(),
        };
        url::form_urlencoded::parse(form).into_owned().collect()
    }
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
    /// What the request has for `hub.challenge`.
    Challenge,
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

    /// From now on. A path may have a method before it, `POST /hook`, and need not have the query.
    pub fn answers(&self, path: &str, reply: Reply) {
        lock(&self.shared).replies.insert(path.to_owned(), reply);
    }

    /// All requests for a path so far, whatever their query.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        let shared = lock(&self.shared);
        let is_same = |asked: &&Asked| asked.path == path || without_query(&asked.path) == path;
        shared.asked.iter().filter(is_same).cloned().collect()
    }

    /// The same, of one method.
    pub fn asked_by(&self, method: &str, path: &str) -> Vec<Asked> {
        let mut asked = self.asked(path);
        asked.retain(|asked| asked.method == method);
        asked
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

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

fn read(stream: &TcpStream) -> std::io::Result<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        std::io::Result::Ok(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let mut headers: HashMap<String, String> = HashMap::new();
    while let Some((name, value)) = line()?.split_once(": ") {
        let name = name.to_lowercase();
        let before = headers.remove(&name).map_or(String::new(), |v| v + ", ");
        headers.insert(name, before + value);
    }
    let length = headers.get("content-length");
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(Asked {
        method,
        path,
        headers,
        body,
    })
}

impl Shared {
    fn reply(&mut self, asked: &Asked) -> Reply {
        self.asked.push(asked.clone());
        let path = without_query(&asked.path);
        let by_method = format!("{} {path}", asked.method);
        let names = [by_method.as_str(), &asked.path, path];
        let reply = names.iter().find_map(|name| self.replies.get(*name));
        reply.cloned().unwrap_or_else(|| Reply::status(404, ""))
    }
}

fn serve(mut stream: &TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    let asked = read(stream)?;
    let reply = lock(shared).reply(&asked);
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
        Reply::Challenge => {
            let challenge = asked.fields().remove("hub.challenge").unwrap_or_default();
            let length = challenge.len();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{challenge}");
            stream.write_all(answer.as_bytes())
        }
        Reply::Silence => {
            lock(shared).silent.push(stream.try_clone()?);
            Ok(())
        }
    }
}
