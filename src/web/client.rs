//! Who asks: the peer of the connection, or whom a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::{FORWARDED, HeaderName};

use crate::config::Proxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Over the network.
    Ip(IpAddr),
    /// Over a socket of this machine.
    Unix,
}

/// Whose request this is, as an extension of each request; `None`: of somebody who can't be told from
/// others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(pub Option<IpAddr>);

impl Client {
    /// The peer; or, if that is a trusted proxy, the right-most entry of X-Forwarded-For, or else of
    /// Forwarded (RFC 7239), that is no trusted proxy either. Whatever stands to the left of it is
    /// hearsay. Of an entry that is no address ("unknown") nothing follows but the entry before.
    ///
    /// Nobody is told from others by a Unix socket, nor behind a proxy inside the network that is not
    /// trusted: it would be unjust to take all of them for one client.
    pub fn of(peer: Peer, headers: &HeaderMap, proxies: &Proxies) -> Client {
        let (peer, is_proxy) = match peer {
            Peer::Ip(address) => (Some(address), proxies.has(address)),
            Peer::Unix => (None, proxies.unix),
        };
        if !is_proxy {
            let is_hidden = |peer| is_inside(peer) && names_another(headers);
            return Client(peer.filter(|peer| !is_hidden(*peer)));
        }
        let mut nearest = peer;
        for hop in hops(headers) {
            let Some(address) = hop.and_then(address) else {
                break;
            };
            nearest = Some(address);
            if !proxies.has(address) {
                break;
            }
        }
        Client(nearest)
    }
}

/// An address that is nobody's on the Internet.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_loopback(),
    }
}

fn names_another(headers: &HeaderMap) -> bool {
    headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED)
}

/// The entries, the right-most one first; `None`: one that is malformed.
fn hops(headers: &HeaderMap) -> Box<dyn Iterator<Item = Option<&str>> + '_> {
    let lines = |name: HeaderName| {
        let lines: Vec<_> = headers.get_all(name).iter().collect();
        lines.into_iter().rev()
    };
    if headers.contains_key(X_FORWARDED_FOR) {
        let entries = lines(X_FORWARDED_FOR).flat_map(|line| match line.to_str() {
            Ok(line) => line.rsplit(',').map(|entry| Some(entry.trim())).collect(),
            Err(_) => vec![None],
        });
        return Box::new(entries);
    }
    Box::new(lines(FORWARDED).flat_map(|line| match line.to_str() {
        Ok(line) => {
            // A comma in a quoted string is taken for one between entries: no node has one, and a
            // quotation mark that the client left open is to swallow nothing that a proxy adds.
            line.rsplit(',').map(forwarded_for).collect()
        }
        Err(_) => vec![None],
    }))
}

/// The node of `for=192.0.2.43`, `by=203.0.113.60;For="[2001:db8::17]:4711"`.
fn forwarded_for(element: &str) -> Option<&str> {
    let node = element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then_some(value.trim())
    })?;
    let bare = node
        .strip_prefix('"')
        .and_then(|node| node.strip_suffix('"'));
    Some(bare.unwrap_or(node))
}

/// `192.0.2.43`, `192.0.2.43:47011`, `2001:db8::17`, `[2001:db8::17]`, `[2001:db8::17]:4711`.
fn address(node: &str) -> Option<IpAddr> {
    let bare = node
        .strip_prefix('[')
        .and_then(|node| node.strip_suffix(']'));
    let address = bare.unwrap_or(node).parse::<IpAddr>().ok();
    let address = address.or_else(|| Some(node.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Tested = Result<(), Box<dyn std::error::Error>>;

    fn proxies() -> Result<Proxies, ipnet::AddrParseError> {
        Ok(Proxies {
            networks: vec!["127.0.0.1/32".parse()?, "10.0.0.0/8".parse()?],
            unix: true,
        })
    }

    fn asks(
        peer: &str,
        lines: &[(&'static str, &str)],
    ) -> Result<String, Box<dyn std::error::Error>> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse()?);
        }
        let peer = match peer {
            "unix" => Peer::Unix,
            address => Peer::Ip(address.parse()?),
        };
        let Client(client) = Client::of(peer, &headers, &proxies()?);
        Ok(client.map_or("nobody known".to_owned(), |address| address.to_string()))
    }

    proptest! {
        #[test]
        fn what_a_client_says_of_itself_changes_nothing(
            said in "[ -~]{0,60}",
            by in prop_oneof!["[0-9]{1,3}", "fd[0-9a-f]{2}::[0-9a-f]{1,4}"],
            more_proxies in 0usize..3,
        ) {
            let client: IpAddr = match by.parse::<u8>() {
                Ok(last) => IpAddr::from([192, 0, 2, last]),
                Err(_) => by.parse().unwrap_or(IpAddr::from([192, 0, 2, 1])),
            };
            let proxies = vec!["10.0.0.7"; more_proxies];
            let quoted = format!("For=\"{}\";proto=https", SocketAddr::new(client, 80));
            for (name, named, prefix) in [
                ("x-forwarded-for", client.to_string(), ""),
                ("forwarded", quoted, "for="),
            ] {
                let hops = proxies.iter().map(|proxy| format!("{prefix}{proxy}"));
                let line: Vec<String> = [said.clone(), named].into_iter().chain(hops).collect();
                let line = line.join(", ");
                let found = asks("127.0.0.1", &[(name, &line)]);
                prop_assert_eq!(found.ok(), Some(client.to_string()), "{}", line);
            }
        }
    }

    #[test]
    fn the_client_is_the_peer_unless_a_trusted_proxy_names_another() -> Tested {
        const XFF: &str = "x-forwarded-for";
        const FORWARDED: &str = "forwarded";
        let quoted = "For=\"[2001:db8:cafe::17]:4711\";proto=http;by=10.0.0.1";
        for (peer, lines, client) in [
            ("203.0.113.5", &[][..], "203.0.113.5"),
            // Who is not trusted is not believed.
            ("203.0.113.5", &[(XFF, "192.0.2.1")], "203.0.113.5"),
            ("192.168.0.1", &[(XFF, "192.0.2.1")], "nobody known"),
            ("192.168.0.1", &[], "192.168.0.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &[(XFF, "192.0.2.1")], "192.0.2.1"),
            ("::ffff:127.0.0.1", &[(XFF, "192.0.2.1")], "192.0.2.1"),
            ("unix", &[(XFF, "192.0.2.1")], "192.0.2.1"),
            ("unix", &[], "nobody known"),
            // What the client said itself stands to the left.
            (
                "127.0.0.1",
                &[(XFF, "6.6.6.6, 192.0.2.1, 10.1.2.3")],
                "192.0.2.1",
            ),
            (
                "127.0.0.1",
                &[(XFF, "6.6.6.6"), (XFF, "192.0.2.1")],
                "192.0.2.1",
            ),
            ("127.0.0.1", &[(XFF, "6.6.6.6, nonsense")], "127.0.0.1"),
            ("127.0.0.1", &[(XFF, "nonsense, 10.0.0.2")], "10.0.0.2"),
            ("127.0.0.1", &[(XFF, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            ("127.0.0.1", &[(XFF, "")], "127.0.0.1"),
            ("127.0.0.1", &[(XFF, "192.0.2.1:5353")], "192.0.2.1"),
            (
                "127.0.0.1",
                &[(FORWARDED, "for=192.0.2.60;proto=http;by=203.0.113.43")],
                "192.0.2.60",
            ),
            ("127.0.0.1", &[(FORWARDED, quoted)], "2001:db8:cafe::17"),
            (
                "127.0.0.1",
                &[(FORWARDED, "for=6.6.6.6, for=\"192.0.2.43:47011\"")],
                "192.0.2.43",
            ),
            (
                "127.0.0.1",
                &[
                    (FORWARDED, "for=6.6.6.6"),
                    (FORWARDED, "for=192.0.2.43, for=10.0.0.2"),
                ],
                "192.0.2.43",
            ),
            // A comma in a quoted string ends nothing, and no name is an address.
            (
                "127.0.0.1",
                &[(FORWARDED, "for=\"x\\\", for=6.6.6.6\"")],
                "127.0.0.1",
            ),
            (
                "127.0.0.1",
                &[(FORWARDED, "for=6.6.6.6, for=unknown")],
                "127.0.0.1",
            ),
            (
                "127.0.0.1",
                &[(FORWARDED, "for=6.6.6.6, for=_hidden")],
                "127.0.0.1",
            ),
            ("127.0.0.1", &[(FORWARDED, "proto=https")], "127.0.0.1"),
            // A proxy that writes the one lets the other through as the client wrote it.
            (
                "127.0.0.1",
                &[(FORWARDED, "for=6.6.6.6"), (XFF, "192.0.2.1")],
                "192.0.2.1",
            ),
        ] {
            assert_eq!(asks(peer, lines)?, client, "{peer}: {lines:?}");
        }
        Ok(())
    }
}
