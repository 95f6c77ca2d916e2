//! From a place to a connection that is ready for MAIL.
//!
//! The dialogue up to the last EHLO is held here, and lettre is shown a replay of it. Three
//! reasons: lettre keeps its read buffer over STARTTLS, so that what an attacker slips in before
//! the handshake counts as said under TLS; it forgets PIPELINING and SIZE; and it panics on an
//! EHLO line of blanks.

use std::io;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Ehlo, Starttls};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::reply::one_line;
use super::smtp::Connection;
use super::stream::{LONGEST_ANSWER, Stream, Wire};
use super::timeouts::Timeouts;
use super::tls::Tls;
use crate::config::{Place, Protocol, Security};

/// A server, and all it takes to be welcome there.
pub(super) struct Door {
    pub place: Place,
    pub protocol: Protocol,
    /// With the security that needs it.
    pub tls: Option<(Security, Tls)>,
    pub credentials: Option<Credentials>,
    pub helo: ClientId,
}

/// Why there is no connection. None of these is the fault of a letter.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoConnection {
    #[error("can't reach the mail server: {0}")]
    Network(#[from] io::Error),
    #[error("the mail server did not answer in time: {0}")]
    Timeout(&'static str),
    #[error("the mail server said: {0}")]
    Said(String),
    #[error("the mail server does not offer STARTTLS, which `smtp://` demands")]
    NoStartTls,
    #[error("the mail server sent something before it was asked")]
    OutOfTurn,
    #[error("TLS with the mail server failed: {0}")]
    Tls(io::Error),
    #[error("the mail server offers neither AUTH PLAIN nor AUTH LOGIN")]
    NoAuth,
    #[error("login to the mail server failed: {0}")]
    Login(String),
}

/// What EHLO offered (RFC 5321, 4.1.1.1), as far as it is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Offers {
    /// RFC 2920
    pub pipelining: bool,
    /// RFC 1870: the largest message, in bytes; 0: not told.
    pub size: Option<u64>,
    /// RFC 6152
    pub eight_bit: bool,
    /// RFC 6531
    pub utf8: bool,
    /// RFC 3207
    start_tls: bool,
    /// RFC 4954
    plain: bool,
    login: bool,
}

impl Door {
    /// Connects, with TLS and AUTH where asked for.
    pub(super) async fn open(&self, limits: &Timeouts) -> Result<Connection, NoConnection> {
        let mut stream = self.stream(limits).await?;
        within(limits.greeting, "the greeting", answer(&mut stream)).await?;
        let mut offers = self.hello(&mut stream, limits).await?;
        if let Some((Security::StartTls, tls)) = &self.tls {
            if !offers.start_tls {
                return Err(NoConnection::NoStartTls);
            }
            let question = Starttls.to_string();
            within(limits.ehlo, "STARTTLS", ask(&mut stream, &question)).await?;
            let tcp = stream.into_plain().ok_or(NoConnection::NoStartTls)?;
            stream = secured(tls, tcp, limits).await?;
            offers = self.hello(&mut stream, limits).await?;
        }
        let written = stream.written();
        let question = Ehlo::new(self.helo.clone()).to_string();
        let stream = stream.replaying(offers.replay(), question.len());
        let smtp = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.helo)
            .await
            .map_err(|error| NoConnection::Said(error.to_string()))?;
        let mut connection = Connection::new(smtp, written, self.protocol, offers, limits.clone());
        if let Some(credentials) = &self.credentials {
            self.login(&mut connection, credentials, offers).await?;
        }
        Ok(connection)
    }

    async fn stream(&self, limits: &Timeouts) -> Result<Stream, NoConnection> {
        match &self.place {
            Place::Unix(path) => {
                let unix = within(limits.connect, "its socket", async {
                    Ok(UnixStream::connect(path).await?)
                });
                Ok(Stream::new(Wire::Unix(unix.await?)))
            }
            Place::Tcp { host, port } => {
                let tcp = tcp(host, *port, limits).await?;
                match &self.tls {
                    Some((Security::Tls, tls)) => secured(tls, tcp, limits).await,
                    _ => Ok(Stream::new(Wire::Plain(tcp))),
                }
            }
        }
    }

    async fn hello(&self, stream: &mut Stream, limits: &Timeouts) -> Result<Offers, NoConnection> {
        let verb = match self.protocol {
            Protocol::Smtp => "EHLO",
            Protocol::Lmtp => "LHLO",
        };
        let question = format!("{verb} {}\r\n", self.helo);
        let answer = within(limits.ehlo, verb, ask(stream, &question)).await?;
        Ok(Offers::read(&answer))
    }

    async fn login(
        &self,
        connection: &mut Connection,
        credentials: &Credentials,
        offers: Offers,
    ) -> Result<(), NoConnection> {
        if !offers.plain && !offers.login {
            return Err(NoConnection::NoAuth);
        }
        connection
            .auth(&[Mechanism::Plain, Mechanism::Login], credentials)
            .await
            .map_err(NoConnection::Login)
    }
}

impl Offers {
    fn read(answer: &Response) -> Offers {
        let mut offers = Offers::default();
        // The first line is the server's name.
        for line in answer.message().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_whitespace();
            match words.next() {
                Some("PIPELINING") => offers.pipelining = true,
                Some("SIZE") => {
                    let most = words.next().and_then(|most| most.parse().ok());
                    offers.size = Some(most.unwrap_or(0));
                }
                Some("8BITMIME") => offers.eight_bit = true,
                Some("SMTPUTF8") => offers.utf8 = true,
                Some("STARTTLS") => offers.start_tls = true,
                Some("AUTH") => {
                    for mechanism in words {
                        offers.plain |= mechanism == "PLAIN";
                        offers.login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        offers
    }

    /// The greeting and the answer to EHLO, with what lettre looks for in them.
    fn replay(&self) -> Vec<u8> {
        let plain = if self.plain { " PLAIN" } else { "" };
        let login = if self.login { " LOGIN" } else { "" };
        format!("220 server\r\n250-server\r\n250 AUTH{plain}{login}\r\n").into_bytes()
    }
}

async fn within<T>(
    limit: Duration,
    what: &'static str,
    work: impl Future<Output = Result<T, NoConnection>>,
) -> Result<T, NoConnection> {
    let done = timeout(limit, work).await;
    done.unwrap_or(Err(NoConnection::Timeout(what)))
}

/// The first of the server's addresses that answers, IPv6 or IPv4.
async fn tcp(host: &str, port: u16, limits: &Timeouts) -> Result<TcpStream, NoConnection> {
    let mut why = NoConnection::Network(io::Error::other("its name has no address"));
    for address in tokio::net::lookup_host((host, port)).await? {
        let connecting = async { Ok(TcpStream::connect(address).await?) };
        match within(limits.connect, "its address", connecting).await {
            Ok(tcp) => {
                tcp.set_nodelay(true)?;
                return Ok(tcp);
            }
            Err(error) => why = error,
        }
    }
    Err(why)
}

async fn secured(tls: &Tls, tcp: TcpStream, limits: &Timeouts) -> Result<Stream, NoConnection> {
    let handshake = async { tls.handshake(tcp).await.map_err(NoConnection::Tls) };
    let tls = within(limits.connect, "the handshake of TLS", handshake).await?;
    Ok(Stream::new(Wire::Tls(Box::new(tls))))
}

async fn ask(stream: &mut Stream, question: &str) -> Result<Response, NoConnection> {
    stream.write_all(question.as_bytes()).await?;
    stream.flush().await?;
    answer(stream).await
}

/// Reads one positive answer, after which the server must be silent: what lies behind it was not
/// asked for, and behind the answer to STARTTLS it may be an attacker's.
async fn answer(stream: &mut Stream) -> Result<Response, NoConnection> {
    let mut buffer = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        if let Some(end) = end_of_answer(&buffer) {
            if end < buffer.len() {
                return Err(NoConnection::OutOfTurn);
            }
            break;
        }
        if buffer.len() > LONGEST_ANSWER {
            return Err(NoConnection::Said("an answer without end".to_owned()));
        }
    }
    let text = String::from_utf8_lossy(&buffer);
    match text.parse::<Response>() {
        Ok(answer) if answer.code().severity == Severity::PositiveCompletion => Ok(answer),
        _ => Err(NoConnection::Said(one_line(&text))),
    }
}

/// Where the answer at the start of `bytes` ends, if it is whole: after the first line whose code
/// is not followed by a hyphen (RFC 5321, 4.2.1).
fn end_of_answer(bytes: &[u8]) -> Option<usize> {
    let mut end = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if !line.ends_with(b"\n") {
            return None;
        }
        end += line.len();
        if line.get(3) != Some(&b'-') {
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(answer: &str) -> Offers {
        Offers::read(&answer.parse().expect("an answer to EHLO"))
    }

    #[test]
    fn offers_are_read_in_any_case_and_the_name_is_not_one() {
        let all = offers(
            "250-pipelining\r\n250- \r\n250-size 1000\r\n250-8BITMIME\r\n250-smtputf8\r\n\
             250 Auth LOGIN plain x\r\n",
        );
        assert!(!all.pipelining && all.eight_bit && all.utf8 && all.plain && all.login);
        assert_eq!(all.size, Some(1000));
        assert_eq!(offers("250-mx\r\n250 SIZE\r\n").size, Some(0));
        assert!(offers("250-mx\r\n250 PIPELINING\r\n").pipelining);
        assert_eq!(offers("250 mx\r\n"), Offers::default());
    }

    #[test]
    fn an_answer_ends_with_its_last_line() {
        assert_eq!(end_of_answer(b"250-a\r\n250-b\r\n250 c\r\nmore"), Some(21));
        assert_eq!(end_of_answer(b"250-a\r\n250 c\r"), None);
        assert_eq!(end_of_answer(b"250-a\r\n"), None);
        assert_eq!(end_of_answer(b""), None);
    }
}
