//! TLS as a client: whom we trust.

use std::sync::Arc;

use anyhow::Context;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The system's certificates and `extra`. There may be none.
///
/// # Errors
/// An extra one can't be read.
pub fn trusted(extra: &[CertificateDer<'static>]) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    for root in extra {
        roots
            .add(root.clone())
            .context("an extra root certificate can't be read")?;
    }
    Ok(roots)
}

/// How to speak to whom these vouch for.
///
/// # Errors
/// TLS can't be set up.
pub fn client_config(roots: RootCertStore) -> anyhow::Result<ClientConfig> {
    Ok(
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS can't be set up")?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}
