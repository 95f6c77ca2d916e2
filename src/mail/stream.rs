//! The bytes below lettre's connection: TCP, TLS or a Unix socket, counting what was written.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

/// The longest answer that is read, in bytes. RFC 5321, 4.5.3.1.5, allows 512 to a line.
pub(super) const LONGEST_ANSWER: usize = 16 * 1024;

/// How long an answer is so far.
#[derive(Debug, Default)]
struct Answer {
    bytes: usize,
    /// Of its last line.
    column: usize,
    /// The code is followed by a hyphen: another line follows (RFC 5321, 4.2.1).
    goes_on: bool,
}

impl Answer {
    fn take(&mut self, byte: u8) {
        self.bytes += 1;
        match byte {
            b'\n' if self.goes_on => (self.column, self.goes_on) = (0, false),
            b'\n' => *self = Answer::default(),
            byte => {
                self.goes_on |= self.column == 3 && byte == b'-';
                self.column += 1;
            }
        }
    }
}

/// How many bytes may have left. Shared with the conversation, which must know whether a final
/// dot was among them.
#[derive(Debug, Clone, Default)]
pub(super) struct Written(Arc<AtomicU64>);

impl Written {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// TCP, TLS over it, or a socket of this machine.
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Unix(UnixStream),
}

/// Hands a call down to whatever carries the bytes.
macro_rules! on_wire {
    ($wire:expr, $io:ident => $call:expr) => {
        match $wire {
            Wire::Plain(tcp) => {
                let $io = Pin::new(tcp);
                $call
            }
            Wire::Tls(tls) => {
                let $io = Pin::new(tls.as_mut());
                $call
            }
            Wire::Unix(unix) => {
                let $io = Pin::new(unix);
                $call
            }
        }
    };
}

/// A stream that lettre can speak SMTP over.
pub(super) struct Stream {
    wire: Wire,
    written: Written,
    /// Read before anything from the wire.
    replay: io::Cursor<Vec<u8>>,
    /// So many bytes are taken and not written.
    swallow: usize,
    /// What is being read.
    answer: Answer,
}

impl Stream {
    pub(super) fn new(wire: Wire) -> Stream {
        Stream {
            wire,
            written: Written::default(),
            replay: io::Cursor::default(),
            swallow: 0,
            answer: Answer::default(),
        }
    }

    /// The TCP connection below, for STARTTLS; `None` where there is none, or TLS already.
    pub(super) fn into_plain(self) -> Option<TcpStream> {
        match self.wire {
            Wire::Plain(tcp) => Some(tcp),
            Wire::Tls(_) | Wire::Unix(_) => None,
        }
    }

    /// Replays a dialogue that was already held: whoever is handed this stream reads `answers`
    /// first, and the first `questions` bytes that they write go nowhere.
    pub(super) fn replaying(mut self, answers: Vec<u8>, questions: usize) -> Stream {
        self.replay = io::Cursor::new(answers);
        self.swallow = questions;
        self
    }

    pub(super) fn written(&self) -> Written {
        self.written.clone()
    }
}

impl AsyncTokioStream for Stream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.wire {
            Wire::Plain(tcp) => tcp.peer_addr(),
            Wire::Tls(tls) => tls.get_ref().0.peer_addr(),
            Wire::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.replay).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            return Poll::Ready(Ok(()));
        }
        ready!(on_wire!(&mut self.wire, wire => wire.poll_read(cx, buf)))?;
        // Replies are ASCII (RFC 5321, 4.2). lettre gives the connection up over a byte that is
        // not UTF-8, and the answer would be lost for one letter in some national code page.
        for byte in buf.filled_mut().iter_mut().skip(before) {
            if !byte.is_ascii() {
                *byte = b'?';
            }
            self.answer.take(*byte);
        }
        // lettre looks at the length of a line only when it has all of it, and reads an answer anew
        // with each of its lines.
        if self.answer.bytes > LONGEST_ANSWER {
            return Poll::Ready(Err(io::Error::other("an answer without end")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.swallow > 0 {
            let taken = buf.len().min(self.swallow);
            self.swallow -= taken;
            return Poll::Ready(Ok(taken));
        }
        let result = ready!(on_wire!(&mut self.wire, wire => wire.poll_write(cx, buf)));
        match (&result, &self.wire) {
            (Ok(bytes), _) => self.written.add(*bytes),
            // Records of it may have gone before the error.
            (Err(_), Wire::Tls(_)) => self.written.add(buf.len()),
            (Err(_), Wire::Plain(_) | Wire::Unix(_)) => {}
        }
        Poll::Ready(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(&mut self.wire, wire => wire.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(&mut self.wire, wire => wire.poll_shutdown(cx))
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.wire {
            Wire::Plain(_) => "plain stream",
            Wire::Tls(_) => "TLS stream",
            Wire::Unix(_) => "Unix stream",
        })
    }
}
