//! Which coding a client is answered in (RFC 9110 12.5.3).

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;

use crate::publish::{Coding, Document};

/// Less fits into one packet, coded or not.
const SMALL: u64 = 500;
/// The best first: at equal weights it is taken.
const PREFERRED: [Coding; 3] = [Coding::Brotli, Coding::Gzip, Coding::Identity];

/// The coding of a document that the client likes best. One that accepts none gets it as it is:
/// that is better than nothing (RFC 9110 12.1).
pub(super) fn choose(request: &HeaderMap, document: &Document) -> Coding {
    let lines = request.get_all(ACCEPT_ENCODING).iter();
    let wishes = Wishes::read(lines.filter_map(|line| line.to_str().ok()));
    wishes.best(document.length >= SMALL)
}

/// A weight in thousandths for each coding; `None`: it was not spoken of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Wishes {
    identity: Option<u16>,
    gzip: Option<u16>,
    brotli: Option<u16>,
    others: Option<u16>,
}

impl Wishes {
    /// What can't be understood is passed over.
    fn read<'h>(lines: impl Iterator<Item = &'h str>) -> Wishes {
        let mut wishes = Wishes::default();
        for wish in lines.flat_map(|line| line.split(',')) {
            let (name, weight) = match wish.split_once(';') {
                Some((name, parameter)) => (name, weight(parameter)),
                None => (wish, Some(1000)),
            };
            let name = name.trim();
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            let place = if is("gzip") || is("x-gzip") {
                &mut wishes.gzip
            } else if is("br") {
                &mut wishes.brotli
            } else if is("identity") {
                &mut wishes.identity
            } else if is("*") {
                &mut wishes.others
            } else {
                continue;
            };
            *place = weight.or(*place);
        }
        wishes
    }

    fn of(self, coding: Coding) -> Option<u16> {
        let own = match coding {
            Coding::Identity => self.identity,
            Coding::Gzip => self.gzip,
            Coding::Brotli => self.brotli,
        };
        own.or(self.others)
    }

    /// Identity is acceptable as long as it is not refused. `is_worth_it`: coding makes a difference.
    fn best(self, is_worth_it: bool) -> Coding {
        if !is_worth_it && self.of(Coding::Identity) != Some(0) {
            return Coding::Identity;
        }
        let weighed = PREFERRED.map(|coding| (self.of(coding).unwrap_or(0), coding));
        let mut best = (0, Coding::Identity);
        for (weight, coding) in weighed {
            if weight > best.0 {
                best = (weight, coding);
            }
        }
        best.1
    }
}

/// `q=0.5` in thousandths (RFC 9110 12.4.2).
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let value = value.trim();
    let (whole, rest) = value.split_once('.').unwrap_or((value, ""));
    let is_plain = rest.len() <= 3 && rest.bytes().all(|byte| byte.is_ascii_digit());
    if !name.trim().eq_ignore_ascii_case("q") || !is_plain {
        return None;
    }
    match whole {
        "0" => format!("{rest:0<3}").parse().ok(),
        "1" if rest.bytes().all(|byte| byte == b'0') => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn best(header: &str) -> Coding {
        Wishes::read([header].into_iter()).best(true)
    }

    #[test]
    fn the_coding_is_the_one_the_client_likes_best() {
        for (header, coding) in [
            ("", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("X-GZip", Coding::Gzip),
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("br;q=0.5, gzip;q=0.8", Coding::Gzip),
            ("br;q=0.001, gzip;q=0", Coding::Brotli),
            ("gzip;q=0.5, identity", Coding::Identity),
            ("identity;q=0.5, gzip ; Q=1.000", Coding::Gzip),
            ("deflate, zstd", Coding::Identity),
            ("*", Coding::Brotli),
            ("*, br;q=0", Coding::Gzip),
            ("*;q=0", Coding::Identity),
            ("gzip;q=1.5, br;q=high", Coding::Identity),
            (",, ;q=1, gzip", Coding::Gzip),
        ] {
            assert_eq!(best(header), coding, "{header:?}");
        }
    }

    #[test]
    fn what_is_small_is_coded_only_where_identity_is_refused() {
        let small = |header| Wishes::read([header].into_iter()).best(false);
        assert_eq!(small("gzip, br"), Coding::Identity);
        assert_eq!(small("gzip, identity;q=0"), Coding::Gzip);
        assert_eq!(small("gzip, *;q=0"), Coding::Gzip);
    }

    /// The header as a list, in words and in thousandths.
    fn wishes() -> impl Strategy<Value = Vec<(&'static str, u16)>> {
        let names = select(vec!["gzip", "br", "identity", "*", "zstd"]);
        vec((names, 0..=1000_u16), 0..6)
    }

    proptest! {
        #[test]
        fn nothing_is_chosen_that_is_refused_or_liked_less(list in wishes(), is_worth_it: bool) {
            let words = list.iter().map(|(name, weight)| {
                format!("{name};q={}.{:03}", weight / 1000, weight % 1000)
            });
            let lines: Vec<String> = words.collect();
            let header = Wishes::read(lines.iter().map(String::as_str));
            let chosen = header.best(is_worth_it);
            // The last word on a coding counts, and the star's where there is none.
            let last = |name: &str| list.iter().rev().find(|wish| wish.0 == name).map(|wish| wish.1);
            let weight = |coding: Coding| {
                last(coding.name().unwrap_or("identity")).or(last("*"))
            };
            let liked = Coding::ALL.map(|coding| weight(coding).unwrap_or(0));
            let most = liked.into_iter().max().unwrap_or(0);
            let identity = weight(Coding::Identity);
            if !is_worth_it && identity != Some(0) || most == 0 {
                prop_assert_eq!(chosen, Coding::Identity);
            } else {
                prop_assert_eq!(weight(chosen), Some(most));
            }
        }

        #[test]
        fn no_header_ends_the_daemon(header: String) {
            Wishes::read([header.as_str()].into_iter()).best(true);
        }
    }
}
