//! `[mail]`, and what only it has: certificates and a rate.

use std::path::Path;

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::raw::Table;
use super::report::Fault;
use super::tables::path;
use super::value::{self, duration, one_of};
use super::{Secrets, Transport, transport};
use crate::domain::delivery::{InDoubt, RetryPolicy};
use crate::domain::{Address, Rate};

/// As in the sample.
const RATES: &str = "\"200/s\", \"3000/m\", \"10000/h\" or \"50000/d\"";

/// `[mail]`
#[derive(Debug, Clone)]
pub struct Mail {
    /// The display name of the sender, if any.
    pub from_name: Option<String>,
    /// The sender, also in MAIL FROM.
    pub from: Address,
    /// Where answers go instead: display name and address.
    pub reply_to: Option<(Option<String>, Address)>,
    /// How letters leave.
    pub transport: Transport,
    /// Connections to the server at the most, 1 to 1,000.
    pub connections: usize,
    /// Letters in a time at the most; `None`: as many as will go.
    pub rate: Option<Rate>,
    /// Retries, and what becomes of doubt.
    pub retry: RetryPolicy,
}

pub(super) fn mail(table: &Table<'_>, base: &Path, secrets: &Secrets<'_>) -> Option<Mail> {
    let example = "from = \"Portal <wici@portal.example>\"";
    let from = table.required("from", example, value::sender);
    let reply_to = table.given("reply_to", value::sender);
    let password_file = table.given("password_file", path(base));
    let roots = table.given("ca_file", |text| authorities(&path(base)(text)?, secrets));
    let transport = table.optional("transport", "outbox:outbox", |text| {
        let password_file = password_file.as_ref().and_then(Option::as_deref);
        let roots = roots.as_ref().and_then(Option::as_deref).unwrap_or(&[]);
        transport::transport(text, base)?.unlock(password_file, roots, secrets)
    });
    let connections = table.whole("connections", 10, [1, 1_000]);
    let rate = table.optional("rate", value::UNLIMITED, value::rate("letters", RATES));
    let retry_for = table.optional("retry_for", "3d", duration("1s", "30d"));
    let in_doubt = table.optional(
        "in_doubt",
        "resend",
        one_of(&[("resend", InDoubt::Resend), ("skip", InDoubt::Skip)]),
    );
    let (from_name, from) = from?;
    roots?;
    Some(Mail {
        from_name,
        from,
        reply_to: reply_to?,
        transport: transport?,
        connections: connections?,
        rate: rate?,
        retry: RetryPolicy {
            retry_for: retry_for?,
            in_doubt: in_doubt?,
        },
    })
}

/// The certificates in a PEM file (RFC 7468).
fn authorities(file: &Path, secrets: &Secrets<'_>) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let shown = file.display();
    let remedy = "name a PEM file with the certificate of the authority that vouches for the mail \
                  server";
    let text = (secrets.read)(file)
        .map_err(|error| Fault::new(format!("{shown} cannot be read: {error}"), remedy))?;
    let wrong = |why: &dyn std::fmt::Display| {
        let what = format!("a certificate in {shown} is damaged: {why}");
        Fault::new(what, remedy)
    };
    let mut roots = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        let mut store = RootCertStore::empty();
        store
            .add(certificate.clone())
            .map_err(|error| wrong(&error))?;
        roots.push(certificate);
    }
    if roots.is_empty() {
        let what = format!("there is no certificate in {shown}");
        return Err(Fault::new(what, remedy));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::super::{Config, MailServer, Place, Protocol, Transport, check};
    use super::*;
    use crate::domain::Rate;

    type Tested = Result<(), Box<dyn std::error::Error>>;

    /// A configuration with these lines under `[mail]`, where `ca.pem` holds `pem`.
    fn with(lines: &str, pem: &str) -> Result<Config, String> {
        let text = format!(
            "[site]\ntitle = \"Portal\"\nurl = \"https://portal.example/\"\n\
             authority = \"portal.example,2026\"\n[[source]]\nname = \"pages\"\npath = \"content\"\n\
             [mail]\nfrom = \"wici@portal.example\"\n{lines}"
        );
        let secrets = Secrets {
            environment: None,
            read: &|path| match path.to_str() {
                Some("/etc/wici/ca.pem") => Ok(pem.to_owned()),
                _ => Err(io::ErrorKind::NotFound.into()),
            },
        };
        check::config(&text, Path::new("d.toml"), Path::new("/etc/wici"), &secrets).map_err(
            |problems| {
                let problems = problems.iter().map(|problem| format!("{problem}\n"));
                problems.collect()
            },
        )
    }

    fn server(lines: &str, pem: &str) -> Result<MailServer, String> {
        match with(lines, pem)?.mail.transport {
            Transport::Server(server) => Ok(server),
            other @ Transport::Outbox(_) => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn a_rate_is_so_many_letters_in_a_time() -> Tested {
        let rate = |text: &str| -> Result<Option<Rate>, String> {
            Ok(with(&format!("rate = \"{text}\""), "")?.mail.rate)
        };
        let of = |number, seconds| {
            Some(Rate {
                number,
                per: Duration::from_secs(seconds),
            })
        };
        assert_eq!(rate("200/s")?, of(200, 1));
        assert_eq!(rate("3000 / m")?, of(3_000, 60));
        assert_eq!(rate("10000/h")?, of(10_000, 3_600));
        assert_eq!(rate("1/d")?, of(1, 86_400));
        assert_eq!(rate("unlimited")?, None);
        assert_eq!(with("", "")?.mail.rate, None);
        for wrong in [
            "",
            "200",
            "0/s",
            "-1/s",
            "1.5/s",
            "200/week",
            "200/",
            "1000001/s",
        ] {
            let told = rate(wrong).err().ok_or(wrong)?;
            assert!(told.contains("1 to 1000000 letters"), "{told}");
        }
        Ok(())
    }

    #[test]
    fn lmtp_goes_over_the_network_or_to_a_socket() -> Tested {
        let socket = server("transport = \"lmtp:/run/dovecot/lmtp\"", "")?;
        assert_eq!(socket.place, Place::Unix("/run/dovecot/lmtp".into()));
        assert_eq!(socket.protocol, Protocol::Lmtp);
        let tcp = server("transport = \"lmtp://[::1]\"", "")?;
        assert_eq!(tcp.place.to_string(), "[::1]:24");
        assert_eq!(
            (tcp.protocol, tcp.security),
            (Protocol::Lmtp, super::super::Security::None)
        );
        Ok(())
    }

    #[test]
    fn an_authority_of_ones_own_is_read_and_what_is_wrong_with_it_names_the_file() -> Tested {
        let encrypted = "transport = \"smtps://mx.example\"\nca_file = \"ca.pem\"";
        let mut params = rcgen::CertificateParams::new(Vec::new())?;
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&rcgen::KeyPair::generate()?)?.pem();
        assert_eq!(server(encrypted, &pem)?.roots.len(), 1);
        assert_eq!(server(encrypted, &format!("{pem}{pem}"))?.roots.len(), 2);

        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (lines, pem, told) in [
            (encrypted, "", "there is no certificate in /etc/wici/ca.pem"),
            (
                encrypted,
                damaged,
                "a certificate in /etc/wici/ca.pem is damaged: ",
            ),
            (
                "transport = \"smtps://mx.example\"\nca_file = \"other.pem\"",
                &pem,
                "[mail] ca_file: /etc/wici/other.pem cannot be read: ",
            ),
            (
                "transport = \"smtp+plain://mx.example\"\nca_file = \"ca.pem\"",
                &pem,
                "ca_file is given, but nothing is encrypted",
            ),
        ] {
            let problems = with(lines, pem).err().ok_or(told)?;
            assert!(problems.contains(told), "{problems}");
        }
        Ok(())
    }
}
