//! From a host and a port to a connection that is ready for MAIL.
//!
//! The dialogue up to the last EHLO is held here, and lettre is shown a replay of it. Three
//! reasons: lettre keeps its read buffer over STARTTLS, so that what an attacker slips in before
//! the handshake counts as said under TLS; it forgets PIPELINING and SIZE; and it panics on an
//! EHLO line of blanks.

use std::io;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Ehlo, Starttls};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::reply::one_line;
use super::smtp::{Connection, Timeouts};
use super::stream::{Stream, Wire};
use super::tls::Tls;
use crate::config::Security;

/// A server, and all it takes to be welcome there.
pub(super) struct Door {
    pub host: String,
    pub port: u16,
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
    #[error("the mail server did not answer in time")]
    Timeout,
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
    /// RFC 1870
    pub size: bool,
    /// RFC 6152
    pub eight_bit: bool,
    /// RFC 3207
    start_tls: bool,
    /// RFC 4954
    plain: bool,
    login: bool,
}

impl Door {
    /// Connects, with TLS and AUTH where asked for.
    pub(super) async fn open(&self, limits: &Timeouts) -> Result<Connection, NoConnection> {
        let tcp = self.tcp(limits).await?;
        timeout(limits.hello, self.enter(tcp, limits))
            .await
            .map_err(|_| NoConnection::Timeout)?
    }

    async fn tcp(&self, limits: &Timeouts) -> Result<TcpStream, NoConnection> {
        let mut why = NoConnection::Network(io::Error::other("its name has no address"));
        for address in tokio::net::lookup_host((self.host.as_str(), self.port)).await? {
            match timeout(limits.connect, TcpStream::connect(address)).await {
                Ok(Ok(tcp)) => {
                    tcp.set_nodelay(true)?;
                    return Ok(tcp);
                }
                Ok(Err(error)) => why = error.into(),
                Err(_) => why = NoConnection::Timeout,
            }
        }
        Err(why)
    }

    async fn enter(&self, tcp: TcpStream, limits: &Timeouts) -> Result<Connection, NoConnection> {
        let mut stream = match &self.tls {
            Some((Security::Tls, tls)) => secured(tls, tcp).await?,
            _ => Stream::new(Wire::Plain(tcp)),
        };
        answer(&mut stream).await?;
        let mut offers = self.ehlo(&mut stream).await?;
        if let Some((Security::StartTls, tls)) = &self.tls {
            if !offers.start_tls {
                return Err(NoConnection::NoStartTls);
            }
            ask(&mut stream, &Starttls.to_string()).await?;
            let tcp = stream.into_plain().ok_or(NoConnection::NoStartTls)?;
            stream = secured(tls, tcp).await?;
            offers = self.ehlo(&mut stream).await?;
        }
        let written = stream.written();
        let question = Ehlo::new(self.helo.clone()).to_string();
        let stream = stream.replaying(offers.replay(), question.len());
        let smtp = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.helo)
            .await
            .map_err(|error| NoConnection::Said(error.to_string()))?;
        let mut connection = Connection::new(smtp, written, offers, limits.clone());
        if let Some(credentials) = &self.credentials {
            self.login(&mut connection, credentials, offers).await?;
        }
        Ok(connection)
    }

    async fn ehlo(&self, stream: &mut Stream) -> Result<Offers, NoConnection> {
        let question = Ehlo::new(self.helo.clone()).to_string();
        Ok(Offers::read(&ask(stream, &question).await?))
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
                Some("SIZE") => offers.size = true,
                Some("8BITMIME") => offers.eight_bit = true,
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

async fn secured(tls: &Tls, tcp: TcpStream) -> Result<Stream, NoConnection> {
    let tls = tls.handshake(tcp).await.map_err(NoConnection::Tls)?;
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
    const MOST: usize = 16 * 1024;
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
        if buffer.len() > MOST {
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
            "250-pipelining\r\n250- \r\n250-size 1000\r\n250-8BITMIME\r\n250 Auth LOGIN plain x\r\n",
        );
        assert!(!all.pipelining && all.size && all.eight_bit && all.plain && all.login);
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
