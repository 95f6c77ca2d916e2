//! TLS to the mail server: whom we trust.

use std::sync::Arc;

use anyhow::{Context, ensure};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};

use crate::net::tls;

/// Speaks TLS to one server, whose certificate must bear its name.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// Trusts the system's certificates and `extra`.
    pub(super) fn to(host: &str, extra: &[CertificateDer<'static>]) -> anyhow::Result<Tls> {
        let roots = tls::trusted(extra)?;
        ensure!(
            !roots.is_empty(),
            "no trusted certificates found on this system; install them (Debian: `ca-certificates`)"
        );
        Ok(Tls {
            connector: TlsConnector::from(Arc::new(tls::client_config(roots)?)),
            name: ServerName::try_from(host.to_owned())
                .with_context(|| format!("`{host}` is not a server name"))?,
        })
    }

    pub(super) async fn handshake(&self, tcp: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), tcp).await
    }
}
