//! Which addresses are public, and a resolver that knows no others.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::NetError;

/// It is, or leads to, no public address.
#[derive(Debug)]
pub(super) struct Private(pub(super) String);

impl fmt::Display for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is a private address", self.0)
    }
}

impl std::error::Error for Private {}

/// Checks what no resolver is asked about: the scheme, and an address that is written out. `url`
/// reads all its spellings (`0x7f.1`, `2130706433`).
pub(super) fn check(url: &Url, allow_private: bool) -> Result<(), NetError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NetError::Scheme(url.scheme().to_owned()));
    }
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain(_)) => return Ok(()),
        None => return Err(NetError::Nowhere),
    };
    if allow_private || is_public(address) {
        Ok(())
    } else {
        Err(NetError::Private(address.to_string()))
    }
}

/// The system's resolver, without the addresses that are not public. The client connects to what
/// this returns, and asks no second time.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|at| is_public(at.ip())).collect();
            if public.is_empty() {
                return Err(Private(name.as_str().to_owned()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Can anybody on the internet have this address? (IANA's special-purpose registries, RFC 6890.)
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network; carriers' NAT (RFC 6598); protocol assignments; 6to4 relays (RFC 7526);
        // benchmarks (RFC 2544); reserved, and broadcast.
        [0, ..] | [100, 64..=127, ..] | [192, 0, 0, _] | [192, 88, 99, _] => true,
        [198, 18..=19, ..] | [240..=255, ..] => true,
        _ => false,
    };
    !(special
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = inner(address) {
        return is_public_v4(inner);
    }
    match address.segments() {
        // Protocol assignments, Teredo among them (RFC 4380), and documentation (RFC 3849, 9637).
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Global unicast; all else is loopback, link-local, unique local, multicast or reserved.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// The IPv4 address that is reached by way of an IPv6 one: mapped, translated by NAT64 (RFC 6052)
/// or by 6to4 (RFC 3056).
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(from(high, low))
        }
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Tested = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn what_is_not_for_everybody_is_not_public() -> Tested {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.7",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse()?), "{address}");
        }
        for address in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(address.parse()?), "{address}");
        }
        Ok(())
    }

    #[test]
    fn every_spelling_of_an_address_is_seen_through() -> Tested {
        for text in [
            "http://127.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://017700000001/",
            "http://[::ffff:127.0.0.1]/",
            "https://[::1]:8080/",
        ] {
            let url = Url::parse(text)?;
            assert!(
                matches!(check(&url, false), Err(NetError::Private(_))),
                "{text}"
            );
            assert_eq!(check(&url, true), Ok(()), "{text}");
        }
        let url = Url::parse("file:///etc/passwd")?;
        assert_eq!(check(&url, true), Err(NetError::Scheme("file".to_owned())));
        Ok(())
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_private_address_is_not_resolved() -> Tested {
        let Err(error) = PublicOnly.resolve("localhost".parse()?).await else {
            return Err("it was resolved".into());
        };
        assert!(error.downcast_ref::<Private>().is_some(), "{error}");
        Ok(())
    }
}
