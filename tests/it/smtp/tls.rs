//! STARTTLS, TLS and AUTH.

use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use wici::config::Security;
use wici::domain::Outcome::{self, Accepted};

use super::{accepted_by, deferred, over};
use crate::smtp_server::SmtpServer;

/// A certificate authority and a server certificate of it.
pub(super) fn certificate(name: &str) -> (CertificateDer<'static>, Arc<ServerConfig>) {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new([name.to_owned()])
        .and_then(|params| params.signed_by(&key, &authority))
        .expect("a certificate");
    let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("a certificate that fits its key");
    (authority.der().clone(), Arc::new(config))
}

#[tokio::test]
async fn starttls_and_tls_carry_letters() {
    let (root, config) = certificate("localhost");
    let server = SmtpServer::start().offering_starttls(Arc::clone(&config));
    let sending = over(&server).secured(Security::StartTls, &root);
    assert_eq!(sending.letters(5).await, vec![Accepted; 5]);
    assert_eq!(
        server.commands()[..3],
        ["EHLO portal.example", "STARTTLS", "EHLO portal.example"]
    );

    let server = SmtpServer::start().over_tls(config);
    let sending = over(&server).secured(Security::Tls, &root);
    assert_eq!(sending.letters(5).await, vec![Accepted; 5]);
    assert_eq!(accepted_by(&server).len(), 5);
}

#[tokio::test]
async fn nothing_goes_in_the_clear_where_starttls_is_demanded() {
    let (root, _) = certificate("localhost");
    let server = SmtpServer::start();
    let outcomes = over(&server)
        .secured(Security::StartTls, &root)
        .letters(1)
        .await;
    let reason = "the mail server does not offer STARTTLS, which `smtp://` demands";
    assert_eq!(outcomes, [deferred(reason)]);
    assert_eq!(server.commands(), ["EHLO portal.example"]);
}

#[tokio::test]
async fn what_is_slipped_in_behind_starttls_is_noticed() {
    let (root, config) = certificate("localhost");
    let server = SmtpServer::start()
        .offering_starttls(config)
        .injecting("\r\n250-scripted\r\n250 AUTH PLAIN");
    let outcomes = over(&server)
        .secured(Security::StartTls, &root)
        .letters(1)
        .await;
    assert_eq!(
        outcomes,
        [deferred(
            "the mail server sent something before it was asked"
        )]
    );
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn a_certificate_of_another_name_or_maker_is_not_believed() {
    let (root, config) = certificate("other.example");
    let server = SmtpServer::start().over_tls(config);
    let outcomes = over(&server).secured(Security::Tls, &root).letters(1).await;
    assert!(
        matches!(&outcomes[0], Outcome::Deferred(r) if r.contains("TLS")),
        "{outcomes:?}"
    );

    let (stranger, _) = certificate("localhost");
    let (_, config) = certificate("localhost");
    let server = SmtpServer::start().over_tls(config);
    let outcomes = over(&server)
        .secured(Security::Tls, &stranger)
        .letters(1)
        .await;
    assert!(
        matches!(&outcomes[0], Outcome::Deferred(r) if r.contains("TLS")),
        "{outcomes:?}"
    );
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn login_comes_before_mail_and_its_failure_is_no_letters_fault() {
    for mechanisms in ["PLAIN LOGIN", "CRAM-MD5 PLAIN", "LOGIN"] {
        let server = SmtpServer::start().requiring_auth(mechanisms);
        let sending = over(&server).logged_in_as("user", "secret");
        assert_eq!(sending.letters(2).await, vec![Accepted; 2], "{mechanisms}");

        let outcomes = over(&server).logged_in_as("user", "wrong").letters(1).await;
        let reason = "login to the mail server failed: 535 5.7.8 wrong user or password";
        assert_eq!(outcomes, [deferred(reason)], "{mechanisms}");
    }
    for server in [
        SmtpServer::start(),
        SmtpServer::start().requiring_auth("CRAM-MD5"),
    ] {
        let sending = over(&server).logged_in_as("user", "secret");
        let reason = "the mail server offers neither AUTH PLAIN nor AUTH LOGIN";
        assert_eq!(sending.letters(1).await, [deferred(reason)]);
    }
}

#[tokio::test]
async fn a_password_goes_over_tls() {
    let (root, config) = certificate("localhost");
    let server = SmtpServer::start()
        .offering_starttls(config)
        .requiring_auth("PLAIN");
    let sending = over(&server)
        .secured(Security::StartTls, &root)
        .logged_in_as("user", "secret");
    assert_eq!(sending.letters(1).await, [Accepted]);
    let verbs: Vec<String> = server.commands().into_iter().take(4).collect();
    assert_eq!(
        verbs,
        [
            "EHLO portal.example",
            "STARTTLS",
            "EHLO portal.example",
            "AUTH PLAIN AHVzZXIAc2VjcmV0"
        ]
    );
}

#[tokio::test]
async fn where_login_is_wanted_and_none_was_given_letters_wait() {
    let server = SmtpServer::start().requiring_auth("PLAIN");
    let outcomes = over(&server).letters(2).await;
    assert_eq!(outcomes, vec![deferred("530 5.7.0 log in first"); 2]);
}
