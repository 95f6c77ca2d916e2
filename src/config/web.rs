//! `[web]`: where to listen, and whom to believe about who asks.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use url::Url;

use super::raw::Table;
use super::report::Fault;
use super::value;
use crate::domain::Rate;

/// `[web]`
#[derive(Debug, Clone)]
pub struct Web {
    /// Where to listen.
    pub listen: Listen,
    /// Public base of feeds and subscription pages, ending in `/`.
    pub url: Url,
    /// Who may say for whom it asks.
    pub trusted_proxies: Proxies,
    /// `[web.polls]`
    pub polls: Polls,
}

/// `[web.polls]`: how often one client may ask for one feed; `None`: as often as it likes.
#[derive(Debug, Clone)]
pub struct Polls {
    /// Without a word of what it has, and to get just that.
    pub unconditional: Option<Rate>,
    /// With If-None-Match or If-Modified-Since.
    pub conditional: Option<Rate>,
    /// Do clients on this machine count?
    pub loopback: bool,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An address; port 0: the system chooses.
    Tcp(SocketAddr),
    /// `unix:PATH`: a socket of this machine.
    Unix(PathBuf),
    /// `systemd`: the sockets that it hands over (sd_listen_fds(3)).
    Systemd,
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => address.fmt(f),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
            Listen::Systemd => f.write_str("systemd"),
        }
    }
}

/// `[web] trusted_proxies`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Addresses, each a network of one, and networks.
    pub networks: Vec<IpNet>,
    /// Whoever comes by a Unix socket.
    pub unix: bool,
}

impl Proxies {
    /// Is there one at an address? IPv4 may be written as IPv6 (`::ffff:10.0.0.1`).
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|net| net.contains(&address))
    }
}

/// sockaddr_un has room for so much of a path (unix(7)).
const LONGEST_SOCKET: usize = 107;

pub(super) fn web(table: &Table<'_>, base: &Path) -> Option<Web> {
    let listen = table.optional("listen", "127.0.0.1:8080", |text| listen(text, base));
    let url = table.given("url", value::base_url);
    let trusted_proxies = table.list("trusted_proxies", Vec::new(), proxy);
    let polls = table.section("polls", "[web.polls]", polls);
    let (listen, url) = (listen?, url?);
    let here = || match listen {
        Listen::Tcp(address) if !address.ip().is_unspecified() => {
            Url::parse(&format!("http://{address}/")).ok()
        }
        _ => None,
    };
    let Some(url) = url.or_else(here) else {
        let example = format!(
            "url = \"https://feeds.portal.example/\": readers cannot go to {listen} by that name"
        );
        table.complain_missing("url", &example);
        return None;
    };
    let mut proxies = Proxies::default();
    for proxy in trusted_proxies? {
        match proxy {
            Some(network) => proxies.networks.push(network),
            None => proxies.unix = true,
        }
    }
    Some(Web {
        listen,
        url,
        trusted_proxies: proxies,
        polls: polls?,
    })
}

fn polls(table: &Table<'_>) -> Option<Polls> {
    let rate = |key, default| {
        let examples = "\"12/h\" or \"60/m\"";
        table.optional(key, default, value::rate("polls", examples))
    };
    let unconditional = rate("unconditional", "12/h");
    let conditional = rate("conditional", "60/m");
    let loopback = table.flag("loopback");
    Some(Polls {
        unconditional: unconditional?,
        conditional: conditional?,
        loopback: loopback?,
    })
}

fn listen(text: &str, base: &Path) -> Result<Listen, Fault> {
    if text == "systemd" {
        return Ok(Listen::Systemd);
    }
    if let Some(path) = text.strip_prefix("unix:") {
        let whole = base.join(path);
        return if path.is_empty() || path.ends_with('/') {
            let remedy = "name a file, as in \"unix:/run/wici/web.sock\"";
            Err(Fault::expected("the path of a socket", text, remedy))
        } else if whole.as_os_str().len() > LONGEST_SOCKET {
            let what = format!("the path is longer than the {LONGEST_SOCKET} bytes of a socket's");
            Err(Fault::new(what, "choose a shorter one"))
        } else {
            Ok(Listen::Unix(whole))
        };
    }
    text.parse().map(Listen::Tcp).map_err(|_| {
        Fault::expected(
            "an IP address and a port",
            text,
            "write it as in \"127.0.0.1:8080\" or \"[::1]:8080\"; or write \
             \"unix:/run/wici/web.sock\", or \"systemd\"",
        )
    })
}

/// `None`: whoever comes by a Unix socket.
fn proxy(text: &str) -> Result<Option<IpNet>, Fault> {
    if text == "unix" {
        return Ok(None);
    }
    let network = match text.parse::<IpAddr>() {
        Ok(address) => Some(IpNet::from(address.to_canonical())),
        Err(_) => text.parse().ok(),
    };
    let network: IpNet = network.ok_or_else(|| {
        Fault::expected(
            "an IP address, or a network",
            text,
            "write it as in \"127.0.0.1\", \"10.0.0.0/8\" or \"fd00::/8\", or \"unix\"",
        )
    })?;
    if network.prefix_len() == 0 {
        let what = format!("{network} is everybody: any client could give itself any address");
        return Err(Fault::new(what, "name the proxies alone"));
    }
    Ok(Some(network.trunc()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::SITE;

    type Tested = Result<(), Box<dyn std::error::Error>>;

    fn read(lines: &str) -> Result<Web, String> {
        let text = format!("{SITE}[web]\n{lines}");
        match super::super::parse(&text, Path::new("daemon.toml"), Path::new("/srv/portal")) {
            Ok(config) => Ok(config.web),
            Err(problems) => Err(problems.iter().map(|p| format!("{p}\n")).collect()),
        }
    }

    #[test]
    fn one_listens_on_an_address_a_socket_or_what_systemd_hands_over() -> Tested {
        let url = "url = \"https://feeds.example/\"";
        for (text, listen) in [
            ("[::1]:8080", Listen::Tcp("[::1]:8080".parse()?)),
            (
                "unix:/run/wici/web.sock",
                Listen::Unix("/run/wici/web.sock".into()),
            ),
            (
                "unix:state/web.sock",
                Listen::Unix("/srv/portal/state/web.sock".into()),
            ),
            ("systemd", Listen::Systemd),
        ] {
            assert_eq!(read(&format!("listen = {text:?}\n{url}"))?.listen, listen);
        }
        Ok(())
    }

    #[test]
    fn a_proxy_is_known_by_its_address_or_its_network() -> Tested {
        let web =
            read("trusted_proxies = [\"127.0.0.1\", \"10.9.8.7/8\", \"fd00::/8\", \"unix\"]")?;
        let proxies = web.trusted_proxies;
        assert!(proxies.unix);
        for (address, is_proxy) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("fd12::1", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(proxies.has(address.parse()?), is_proxy, "{address}");
        }
        assert_eq!(read("")?.trusted_proxies, Proxies::default());
        Ok(())
    }
}
