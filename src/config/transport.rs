//! `[mail] transport`: `outbox:DIR`, or the URL of a mail server. Messages never repeat the URL,
//! for a password may stand in it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use tokio_rustls::rustls::pki_types::CertificateDer;
use url::{Host, Url};

use super::Secrets;
use super::report::{Fault, quoted};

const FORMS: &str = "write outbox:DIR, smtp://[user@]host[:port] (STARTTLS), smtps:// (TLS), \
                     smtp+plain:// (no encryption), lmtp://host[:port] or lmtp:/path/to/socket";

/// How letters leave.
#[derive(Debug, Clone)]
pub enum Transport {
    /// `outbox:DIR`: each letter an `.eml` file.
    Outbox(PathBuf),
    /// A server.
    Server(MailServer),
}

/// A mail server and how to speak to it.
#[derive(Clone)]
pub struct MailServer {
    /// Where it listens.
    pub place: Place,
    /// What it speaks.
    pub protocol: Protocol,
    /// Encryption.
    pub security: Security,
    /// Authorities of `[mail] ca_file`, trusted beside those of the system.
    pub roots: Vec<CertificateDer<'static>>,
    /// User and password for AUTH.
    pub credentials: Option<(String, String)>,
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.credentials.as_ref().map(|(user, _)| user);
        f.debug_struct("MailServer")
            .field("place", &self.place)
            .field("protocol", &self.protocol)
            .field("security", &self.security)
            .field("roots", &self.roots.len())
            .field("user", &user)
            .finish()
    }
}

/// Where a mail server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Over the network.
    Tcp {
        /// Name or address (IPv6 without brackets); the name that its certificate must bear.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// A socket of this machine.
    Unix(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Place::Tcp { host, port } => write!(f, "{host}:{port}"),
            Place::Unix(path) => path.display().fmt(f),
        }
    }
}

/// What a mail server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 5321
    Smtp,
    /// RFC 2033: to a mail store, without a queue in between.
    Lmtp,
}

/// Encryption of an SMTP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// `smtp+plain://`, `lmtp:`: none.
    None,
    /// `smtp://`: STARTTLS, demanded (RFC 3207).
    StartTls,
    /// `smtps://`: TLS from the first byte (RFC 8314).
    Tls,
}

/// A way to speak to a server over the network, and its usual port.
#[derive(Clone, Copy)]
struct Scheme {
    protocol: Protocol,
    security: Security,
    port: u16,
}

const fn scheme(protocol: Protocol, security: Security, port: u16) -> Scheme {
    Scheme {
        protocol,
        security,
        port,
    }
}

/// A transport whose user, if there is one, has no password yet.
pub(super) struct Unlocked {
    transport: Transport,
    user: Option<String>,
}

/// Parses a transport; a relative outbox starts at `base`.
pub(super) fn transport(text: &str, base: &Path) -> Result<Unlocked, Fault> {
    let (name, rest) = text
        .split_once(':')
        .ok_or_else(|| Fault::new("expected a transport, found no `:`", FORMS))?;
    let known = match name {
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
        "lmtp" if rest.starts_with('/') && !rest.starts_with("//") => {
            return Ok(Unlocked {
                transport: Transport::Server(MailServer {
                    place: Place::Unix(rest.into()),
                    protocol: Protocol::Lmtp,
                    security: Security::None,
                    roots: Vec::new(),
                    credentials: None,
                }),
                user: None,
            });
        }
        "smtp" => scheme(Protocol::Smtp, Security::StartTls, 587),
        "smtps" => scheme(Protocol::Smtp, Security::Tls, 465),
        "smtp+plain" => scheme(Protocol::Smtp, Security::None, 25),
        "lmtp" => scheme(Protocol::Lmtp, Security::None, 24),
        _ => {
            let what = format!(
                "expected a transport, found {}",
                quoted(&format!("{name}:"))
            );
            return Err(Fault::new(what, FORMS));
        }
    };
    if !rest.starts_with("//") {
        let or = match known.protocol {
            Protocol::Smtp => "",
            Protocol::Lmtp => ", or with the full path of a socket, as in \"lmtp:/run/lmtp.sock\"",
        };
        return Err(Fault::new(
            format!("expected `//` after `{name}:`"),
            format!("write it as in \"{name}://localhost\"{or}"),
        ));
    }
    server(text, known)
}

/// Parses the URL of a server.
fn server(text: &str, scheme: Scheme) -> Result<Unlocked, Fault> {
    let security = scheme.security;
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
        given => given.unwrap_or(scheme.port),
    };
    if port == 25 && scheme.protocol == Protocol::Lmtp {
        return Err(Fault::new(
            "port 25 speaks SMTP, not LMTP (RFC 2033, section 5)",
            "leave the port out for 24, or write smtp+plain://",
        ));
    }
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
        transport: Transport::Server(MailServer {
            place: Place::Tcp { host, port },
            protocol: scheme.protocol,
            security,
            roots: Vec::new(),
            credentials: None,
        }),
        user,
    })
}

impl Unlocked {
    /// Gives the user its password, from the environment or else from `file`; `roots` are the
    /// authorities of `ca_file`.
    pub(super) fn unlock(
        self,
        file: Option<&Path>,
        roots: &[CertificateDer<'static>],
        secrets: &Secrets<'_>,
    ) -> Result<Transport, Fault> {
        let Transport::Server(server) = self.transport else {
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
        if !roots.is_empty() && server.security == Security::None {
            return Err(Fault::new(
                "ca_file is given, but nothing is encrypted",
                "write smtp:// or smtps://, or take ca_file out",
            ));
        }
        Ok(Transport::Server(MailServer {
            credentials,
            roots: roots.to_vec(),
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
