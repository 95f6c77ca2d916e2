//! What is listened on: an address, a Unix socket, or what systemd hands over.

use std::fs::{self, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use anyhow::Context as _;
use listenfd::ListenFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::config::Listen;
use crate::web::client::Peer;

/// Listens.
#[derive(Debug)]
pub(in crate::daemon) enum Listener {
    Tcp(TcpListener),
    Unix {
        listener: UnixListener,
        /// It goes when nobody listens any more; `None`: it is systemd's.
        _file: Option<SocketFile>,
    },
}

/// Opens what is configured.
///
/// # Errors
/// The system's; another process listens there; systemd has handed nothing over.
pub(in crate::daemon) async fn open(listen: &Listen) -> anyhow::Result<Vec<Listener>> {
    match listen {
        Listen::Tcp(address) => Ok(vec![Listener::Tcp(TcpListener::bind(address).await?)]),
        Listen::Unix(path) => {
            let (listener, file) = bind(path).await?;
            let _file = Some(file);
            Ok(vec![Listener::Unix { listener, _file }])
        }
        Listen::Systemd => handed_over(),
    }
}

impl Listener {
    /// As people write it.
    pub(in crate::daemon) fn name(&self) -> io::Result<String> {
        match self {
            Listener::Tcp(listener) => Ok(format!("http://{}/", listener.local_addr()?)),
            Listener::Unix { listener, .. } => {
                let address = listener.local_addr()?;
                let path = address.as_pathname().unwrap_or(Path::new(""));
                Ok(format!("unix:{}", path.display()))
            }
        }
    }

    /// Of an address.
    pub(in crate::daemon) fn port(&self) -> Option<u16> {
        match self {
            Listener::Tcp(listener) => listener.local_addr().ok().map(|address| address.port()),
            Listener::Unix { .. } => None,
        }
    }

    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Peer)>> {
        Poll::Ready(match self {
            Listener::Tcp(listener) => {
                let (stream, address): (TcpStream, SocketAddr) = ready!(listener.poll_accept(cx))?;
                // Small answers should not wait for an acknowledgement of the last one.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Peer::Ip(address.ip().to_canonical())))
            }
            Listener::Unix { listener, .. } => {
                let (stream, _) = ready!(listener.poll_accept(cx))?;
                Ok((Stream::Unix(stream), Peer::Unix))
            }
        })
    }
}

/// The name of a socket in the file system.
#[derive(Debug)]
pub(in crate::daemon) struct SocketFile {
    path: PathBuf,
    /// Device and inode: another process may have taken the name meanwhile.
    file: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|file| file == self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Binds a socket that owner and group may use, in place of one that a dead process left.
async fn bind(path: &Path) -> anyhow::Result<(UnixListener, SocketFile)> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => {
            anyhow::bail!("there is something else by that name, which is no socket");
        }
        Ok(_) if UnixStream::connect(path).await.is_ok() => {
            anyhow::bail!("another process listens there");
        }
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let listener = UnixListener::bind(path)?;
    let file = SocketFile {
        path: path.to_owned(),
        file: identity(path)?,
    };
    fs::set_permissions(path, Permissions::from_mode(0o660))?;
    Ok((listener, file))
}

/// The sockets that systemd hands over (sd_listen_fds(3)).
fn handed_over() -> anyhow::Result<Vec<Listener>> {
    let mut handed = ListenFd::from_env();
    let mut listeners = Vec::new();
    for number in 0..handed.len() {
        if let Ok(Some(listener)) = handed.take_tcp_listener(number) {
            listener.set_nonblocking(true)?;
            listeners.push(Listener::Tcp(TcpListener::from_std(listener)?));
        } else {
            let listener = handed.take_unix_listener(number).with_context(|| {
                format!("socket {number} of those that it handed over is neither of TCP nor a Unix stream socket")
            })?;
            let listener = listener.context("it handed a socket over twice")?;
            listener.set_nonblocking(true)?;
            listeners.push(Listener::Unix {
                listener: UnixListener::from_std(listener)?,
                _file: None,
            });
        }
    }
    anyhow::ensure!(
        !listeners.is_empty(),
        "it has handed no socket over to this process. Start wici by its socket unit \
         (systemctl start wici.socket), or name an address"
    );
    Ok(listeners)
}

/// An accepted connection.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
            Stream::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What is written is with the system.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
