//! `[mail] transport`: `outbox:DIR`, or the URL of an SMTP server. Messages never repeat the URL,
//! for a password may stand in it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::report::{Fault, quoted};
use super::{Secrets, Security, SmtpServer, Transport};

const FORMS: &str = "write outbox:DIR, smtp://[user@]host[:port] (STARTTLS), smtps:// (TLS) or \
                     smtp+plain:// (no encryption)";

/// A transport whose user, if there is one, has no password yet.
pub(super) struct Unlocked {
    transport: Transport,
    user: Option<String>,
}

/// Parses a transport; a relative outbox starts at `base`.
pub(super) fn transport(text: &str, base: &Path) -> Result<Unlocked, Fault> {
    let (scheme, rest) = text
        .split_once(':')
        .ok_or_else(|| Fault::new("expected a transport, found no `:`", FORMS))?;
    let (security, port) = match scheme {
        "outbox" if rest.is_empty() => {
            return Err(Fault::new(
                "expected a folder after `outbox:`",
                "write it as in \"outbox:outbox\"",
            ));
        }
        // Whoever thinks of a URL does not mean a folder of the root.
        "outbox" if rest.starts_with("//") => {
            return Err(Fault::new(
                "expected a folder after `outbox:`, found `//`",
                "write it as in \"outbox:outbox\", or \"outbox:/var/spool/wici\"",
            ));
        }
        "outbox" => {
            return Ok(Unlocked {
                transport: Transport::Outbox(base.join(rest)),
                user: None,
            });
        }
        "smtp" => (Security::StartTls, 587),
        "smtps" => (Security::Tls, 465),
        "smtp+plain" => (Security::None, 25),
        "lmtp" => return Err(Fault::new("lmtp:// is not in this version yet", FORMS)),
        _ => {
            let what = format!(
                "expected a transport, found {}",
                quoted(&format!("{scheme}:"))
            );
            return Err(Fault::new(what, FORMS));
        }
    };
    server(text, security, port)
}

/// Parses the URL of a server; `port` is the usual one of its scheme.
fn server(text: &str, security: Security, port: u16) -> Result<Unlocked, Fault> {
    let url = Url::parse(text).map_err(|error| Fault::new(error.to_string(), FORMS))?;
    if url.password().is_some() {
        return Err(Fault::new(
            "a password does not belong into a URL, which ends up in logs",
            "write the user alone; put the password into a file named by password_file, or into \
             the environment variable WICI_SMTP_PASSWORD",
        ));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(Fault::new("expected nothing after host and port", FORMS));
    }
    let host = host(&url)?;
    let port = match url.port() {
        Some(0) => return Err(Fault::new("expected a port from 1 to 65535", FORMS)),
        given => given.unwrap_or(port),
    };
    if port == 465 && security == Security::StartTls {
        return Err(Fault::new(
            "port 465 speaks TLS from the first byte, smtp:// begins without",
            "write smtps:// with this port, or smtp:// with 587",
        ));
    }
    let user = user(&url)?;
    if user.is_some() && security == Security::None && !is_loopback(&host) {
        return Err(Fault::new(
            "a password would cross the network unencrypted",
            "use smtp:// or smtps://, or leave the user out",
        ));
    }
    Ok(Unlocked {
        transport: Transport::Smtp(SmtpServer {
            host,
            port,
            security,
            credentials: None,
        }),
        user,
    })
}

impl Unlocked {
    /// Gives the user its password, from the environment or else from `file`.
    pub(super) fn unlock(
        self,
        file: Option<&Path>,
        secrets: &Secrets<'_>,
    ) -> Result<Transport, Fault> {
        let Transport::Smtp(server) = self.transport else {
            return Ok(self.transport);
        };
        let credentials = match (self.user, file) {
            (Some(user), _) => Some((user, password(file, secrets)?)),
            (None, None) => None,
            (None, Some(_)) => {
                return Err(Fault::new(
                    "password_file is given, but no user",
                    "put the user before the host, as in smtp://user@host",
                ));
            }
        };
        Ok(Transport::Smtp(SmtpServer {
            credentials,
            ..server
        }))
    }
}

fn password(file: Option<&Path>, secrets: &Secrets<'_>) -> Result<String, Fault> {
    let remedy = "put the password into a file named by password_file, or into the environment \
                  variable WICI_SMTP_PASSWORD";
    if let Some(password) = &secrets.environment {
        return Ok(password.clone());
    }
    let file = file.ok_or_else(|| Fault::new("a user, but no password", remedy))?;
    let shown = file.display();
    let content = (secrets.read)(file).map_err(|error| {
        Fault::new(
            format!("the password file {shown} cannot be read: {error}"),
            remedy,
        )
    })?;
    let password = content.trim_end_matches(['\r', '\n']);
    if password.is_empty() || password.contains(char::is_control) {
        return Err(Fault::new(
            format!("the password file {shown} must hold one line"),
            remedy,
        ));
    }
    Ok(password.to_owned())
}

/// The host as a certificate names it: A-labels, or an IP address without brackets.
fn host(url: &Url) -> Result<String, Fault> {
    let wrong = || Fault::new("expected the name or IP address of a host", FORMS);
    match url.host().ok_or_else(wrong)? {
        Host::Ipv4(address) => Ok(address.to_string()),
        Host::Ipv6(address) => Ok(address.to_string()),
        Host::Domain(name) => {
            if name.parse::<Ipv4Addr>().is_ok() {
                return Ok(name.to_owned());
            }
            // The url crate leaves hosts of schemes that it does not know percent-encoded.
            let name = percent_decode_str(name)
                .decode_utf8()
                .map_err(|_| wrong())?;
            match idna::domain_to_ascii_strict(&name) {
                Ok(name) if !name.is_empty() => Ok(name),
                _ => Err(wrong()),
            }
        }
    }
}

fn user(url: &Url) -> Result<Option<String>, Fault> {
    if url.username().is_empty() {
        return Ok(None);
    }
    let user = percent_decode_str(url.username()).decode_utf8();
    match user {
        Ok(user) if !user.contains(char::is_control) => Ok(Some(user.into_owned())),
        _ => Err(Fault::new(
            "expected a user of plain characters",
            "write special characters percent-encoded in UTF-8, as in jan%40portal.example",
        )),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
