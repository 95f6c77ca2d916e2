//! One connection of the scripted server.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::time::MissedTickBehavior;

use super::{Message, Phase, SILENT, Shared, lock};

pub(super) async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            continue;
        };
        let visitor = Visitor::count(&shared);
        tokio::spawn(async move {
            // A client that goes away, or is sent away, is no failure of the server.
            let _ = welcome(tcp, &visitor.0).await;
        });
    }
}

pub(super) async fn accept_at_socket(
    listener: std::os::unix::net::UnixListener,
    shared: Arc<Shared>,
) {
    let listener = UnixListener::from_std(listener).expect("a listener");
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let visitor = Visitor::count(&shared);
        tokio::spawn(async move {
            let _ = Session::over(stream, &visitor.0).hold(true).await;
        });
    }
}

/// A connection that is counted while it is open.
struct Visitor(Arc<Shared>);

impl Visitor {
    fn count(shared: &Arc<Shared>) -> Visitor {
        let mut seen = lock(&shared.seen);
        seen.connections += 1;
        seen.open += 1;
        Visitor(Arc::clone(shared))
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        lock(&self.0.seen).open -= 1;
        self.0.more.notify_all();
    }
}

async fn welcome(tcp: TcpStream, shared: &Shared) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let (tls, implicit) = {
        let script = lock(&shared.script);
        (script.tls.clone(), script.implicit_tls)
    };
    match tls {
        Some(tls) if implicit => {
            let stream = tls.accept(tcp).await?;
            Session::over(stream, shared).hold(true).await?;
        }
        tls => {
            let mut session = Session::over(tcp, shared);
            let upgrade = session.hold(true).await?;
            if let (true, Some(tls)) = (upgrade, tls) {
                let stream = tls.accept(session.stream.into_inner()).await?;
                let mut session = Session::over(stream, shared);
                session.encrypted = true;
                session.hold(false).await?;
            }
        }
    }
    Ok(())
}

struct Session<'s, S> {
    stream: BufReader<S>,
    shared: &'s Shared,
    encrypted: bool,
    authenticated: bool,
    from: Option<String>,
    to: Option<String>,
}

impl<'s, S: AsyncRead + AsyncWrite + Unpin> Session<'s, S> {
    fn over(stream: S, shared: &'s Shared) -> Session<'s, S> {
        Session {
            stream: BufReader::with_capacity(1 << 16, stream),
            shared,
            encrypted: false,
            authenticated: false,
            from: None,
            to: None,
        }
    }

    /// Holds the conversation to its end, or to STARTTLS (`true`).
    async fn hold(&mut self, greet: bool) -> io::Result<bool> {
        if greet {
            let crowded = {
                let seen = lock(&self.shared.seen);
                seen.open > lock(&self.shared.script).most
            };
            if crowded {
                self.write("421 4.7.0 too many connections").await?;
                return Ok(false);
            }
            self.reply(Phase::Greeting, "220 scripted").await?;
        }
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Ok(false);
            }
            let Some(line) = line.strip_suffix("\r\n") else {
                self.violation("a command that does not end with CRLF");
                return Ok(false);
            };
            lock(&self.shared.seen).commands.push(line.to_owned());
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            let hello = match lock(&self.shared.script).lmtp {
                true => "LHLO",
                false => "EHLO",
            };
            match verb.to_ascii_uppercase().as_str() {
                verb if verb == hello => self.ehlo().await?,
                "STARTTLS" if lock(&self.shared.script).tls.is_some() => {
                    let injected = lock(&self.shared.script).injected;
                    let usual = format!("220 2.0.0 go ahead{injected}");
                    if self.reply(Phase::StartTls, &usual).await? {
                        return Ok(true);
                    }
                }
                "AUTH" => self.auth(line).await?,
                "MAIL" => self.mail(line).await?,
                "RCPT" => self.rcpt(line).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    (self.from, self.to) = (None, None);
                    self.write("250 2.0.0 ok").await?;
                }
                "QUIT" => {
                    self.write("221 2.0.0 bye").await?;
                    return Ok(false);
                }
                _ => self.write("502 5.5.1 no such command").await?,
            }
        }
    }

    async fn ehlo(&mut self) -> io::Result<()> {
        let mut answer = "250-scripted\r\n".to_owned();
        {
            let script = lock(&self.shared.script);
            if script.pipelining {
                answer.push_str("250-PIPELINING\r\n");
            }
            if script.tls.is_some() && !script.implicit_tls && !self.encrypted {
                answer.push_str("250-STARTTLS\r\n");
            }
            if let Some(mechanisms) = script.auth {
                let _ = write!(answer, "250-AUTH {mechanisms}\r\n");
            }
            if script.utf8 {
                answer.push_str("250-SMTPUTF8\r\n");
            }
            let _ = write!(answer, "250-SIZE {}\r\n250 8BITMIME", script.size);
        }
        self.reply(Phase::Ehlo, &answer).await.map(drop)
    }

    async fn auth(&mut self, line: &str) -> io::Result<()> {
        let given = match line {
            "AUTH LOGIN" => {
                let user = self.challenge("334 VXNlcm5hbWU6").await?;
                format!("{user} {}", self.challenge("334 UGFzc3dvcmQ6").await?)
            }
            line => line.to_owned(),
        };
        let usual = match given.as_str() {
            // "\0user\0secret", or the two by themselves
            "AUTH PLAIN AHVzZXIAc2VjcmV0" | "dXNlcg== c2VjcmV0" => "235 2.7.0 welcome",
            _ => "535 5.7.8 wrong user or password",
        };
        self.authenticated = self.reply(Phase::Auth, usual).await?;
        Ok(())
    }

    async fn challenge(&mut self, challenge: &str) -> io::Result<String> {
        self.write(challenge).await?;
        let mut answer = String::new();
        self.stream.read_line(&mut answer).await?;
        Ok(answer.trim_end().to_owned())
    }

    async fn mail(&mut self, line: &str) -> io::Result<()> {
        let unwelcome = lock(&self.shared.script).auth.is_some() && !self.authenticated;
        if self.from.is_some() {
            self.violation("MAIL inside a transaction");
            return self.write("503 5.5.1 nested MAIL").await;
        }
        let usual = match unwelcome {
            true => "530 5.7.0 log in first",
            false => "250 2.1.0 ok",
        };
        if self.reply(Phase::Mail, usual).await? {
            self.from = Some(path(line));
        }
        Ok(())
    }

    async fn rcpt(&mut self, line: &str) -> io::Result<()> {
        if self.from.is_none() {
            return self.write("503 5.5.1 MAIL first").await;
        }
        if self.reply(Phase::Rcpt, "250 2.1.5 ok").await? {
            self.to = Some(path(line));
        }
        Ok(())
    }

    async fn data(&mut self) -> io::Result<()> {
        let lenient = lock(&self.shared.script).lenient;
        if self.to.is_none() && !lenient {
            return self.write("503 5.5.1 RCPT first").await;
        }
        if !self.stream.buffer().is_empty() {
            self.violation("something was sent behind DATA before its answer");
        }
        if !self.reply(Phase::Data, "354 go on").await? {
            return Ok(());
        }
        if lock(&self.shared.script).drops_at(Phase::Body) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let data = self.text().await?;
        let (from, to) = (self.from.take(), self.to.take());
        let (Some(from), Some(to)) = (from, to) else {
            if !data.is_empty() {
                self.violation("a message for nobody");
            }
            // One answer a recipient (RFC 2033, 4.2).
            if lock(&self.shared.script).lmtp {
                return Ok(());
            }
            return self.write("554 5.5.1 no valid recipients").await;
        };
        let at = {
            let mut seen = lock(&self.shared.seen);
            seen.messages.push(Message {
                from,
                to,
                data,
                accepted: false,
            });
            seen.envelopes_behind_a_dot += usize::from(!self.stream.buffer().is_empty());
            seen.messages.len() - 1
        };
        self.wait_for_tick().await;
        if self.reply(Phase::End, "250 2.0.0 taken").await? {
            lock(&self.shared.seen).messages[at].accepted = true;
            self.shared.more.notify_all();
        }
        Ok(())
    }

    /// Reads a message to its final dot.
    async fn text(&mut self) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        let mut line = Vec::new();
        loop {
            line.clear();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if !line.ends_with(b"\r\n") || line[..line.len() - 2].contains(&b'\r') {
                self.violation("a bare CR or LF in a message");
            }
            match line.strip_prefix(b".") {
                Some(b"\r\n") => return Ok(data),
                Some(rest) => data.extend_from_slice(rest),
                None => data.extend_from_slice(&line),
            }
        }
    }

    async fn wait_for_tick(&self) {
        let Some(pace) = lock(&self.shared.script).pace.clone() else {
            return;
        };
        let mut ticks = pace.ticks.lock().await;
        let ticks = ticks.get_or_insert_with(|| {
            let mut ticks = tokio::time::interval(pace.gap);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            ticks
        });
        ticks.tick().await;
    }

    /// Answers as the script has it, or as usual. True: a positive answer was written. An error
    /// ends the connection.
    async fn reply(&mut self, phase: Phase, usual: &str) -> io::Result<bool> {
        let answer = lock(&self.shared.script).answer(phase, usual);
        let Some(answer) = answer else {
            return Err(io::ErrorKind::ConnectionAborted.into());
        };
        if answer == SILENT {
            std::future::pending::<()>().await;
        }
        self.write(&answer).await?;
        if answer.starts_with("421") {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(answer.starts_with(['2', '3']))
    }

    async fn write(&mut self, answer: &str) -> io::Result<()> {
        let (pipelining, in_pieces) = {
            let script = lock(&self.shared.script);
            (script.pipelining, script.in_pieces)
        };
        if !pipelining && !self.stream.buffer().is_empty() {
            self.violation("pipelined without leave");
        }
        let answer = format!("{answer}\r\n");
        let piece = if in_pieces { 1 } else { answer.len() };
        for piece in answer.as_bytes().chunks(piece) {
            self.stream.write_all(piece).await?;
            self.stream.flush().await?;
        }
        Ok(())
    }

    fn violation(&self, what: &str) {
        lock(&self.shared.seen).violations.push(what.to_owned());
    }
}

/// `<path>` in `MAIL FROM:<path> …`
fn path(line: &str) -> String {
    let path = line
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    path.map_or_else(String::new, |(path, _)| path.to_owned())
}
