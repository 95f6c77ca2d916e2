//! Asks a running daemon over its control socket.

use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{Refusal, Request, Response, server};

/// An answer is at most a page of subscribers or deliveries.
const MOST_BYTES: usize = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(60);
const LOST: &str = "the daemon ended the conversation";

/// A connection to a running daemon.
pub struct Client {
    stream: UnixStream,
}

impl Client {
    /// Connects to the daemon at work on `state`; `None`: there is none.
    ///
    /// # Errors
    /// There is a socket that may not be opened.
    pub async fn connect(state: &Path) -> io::Result<Option<Client>> {
        match UnixStream::connect(server::path(state)).await {
            Ok(stream) => Ok(Some(Client { stream })),
            Err(error)
                if matches!(
                    error.kind(),
                    // The last one: no socket can have so long a path.
                    io::ErrorKind::NotFound
                        | io::ErrorKind::ConnectionRefused
                        | io::ErrorKind::InvalidInput
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Asks one question.
    ///
    /// # Errors
    /// A [`Refusal`], or trouble on the way, which the context names.
    pub async fn ask(self, request: &Request) -> anyhow::Result<Response> {
        let body = serde_json::to_vec(request)?;
        timeout(PATIENCE, exchange(self.stream, body))
            .await
            .context("the daemon did not answer within a minute")?
    }
}

impl Client {
    /// Takes a dump, piece by piece.
    ///
    /// # Errors
    /// A [`Refusal`], trouble on the way, or what `take` says.
    pub async fn dump(self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> anyhow::Result<()> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(self.stream)).await?;
        let request = hyper::Request::post("/dump")
            .header(HOST, "wici")
            .body(Full::new(Bytes::new()))?;
        let talk = async move {
            let answer = sender.send_request(request).await.context(LOST)?;
            let is_good = answer.status().is_success();
            let mut body = answer.into_body();
            if !is_good {
                let body = Limited::new(body, MOST_BYTES).collect().await;
                let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
                return Err(refusal(&body).into());
            }
            let late = "the daemon did not go on within a minute";
            while let Some(frame) = timeout(PATIENCE, body.frame()).await.context(late)? {
                if let Ok(bytes) = frame.context(LOST)?.into_data() {
                    take(&bytes)?;
                }
            }
            Ok(())
        };
        let (answer, _) = tokio::join!(talk, connection);
        answer
    }
}

fn refusal(body: &[u8]) -> Refusal {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Refusal(String::from_utf8_lossy(body).into_owned()))
}

async fn exchange(stream: UnixStream, body: Vec<u8>) -> anyhow::Result<Response> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = hyper::Request::post("/")
        .header(HOST, "wici")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))?;
    let talk = async move {
        let answer = sender.send_request(request).await.context(LOST)?;
        let good = answer.status().is_success();
        let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
        let body = body.map_err(anyhow::Error::from_boxed)?.to_bytes();
        if good {
            serde_json::from_slice(&body).context("the daemon answered in words of another version")
        } else {
            Err(refusal(&body).into())
        }
    };
    // The connection's future drives the exchange; it ends when `talk` drops the sender.
    let (answer, _) = tokio::join!(talk, connection);
    answer
}
