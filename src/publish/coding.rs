//! How the bytes of a document are coded for the way (RFC 9110 8.4.1).

use std::io::{self, Write};

use brotli::BrotliCompress;
use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

/// Chosen for what a change costs, since every reader of a feed asks for it right after. Of 12 MB,
/// the largest that a feed should be, gzip 5 takes 0.17 s (4 a quarter less and makes it 1 % larger,
/// 6 half as much again for 1 % less) and brotli 5 0.26 s (9 takes 1 s for 5 % less).
const GZIP: u32 = 5;
const BROTLI: i32 = 5;
/// 4 MiB: what a long feed repeats is found again.
const BROTLI_WINDOW: i32 = 22;

/// One document is compressed at a time: the other processors answer meanwhile.
static ROOM: Semaphore = Semaphore::const_new(1);

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// None.
    Identity,
    /// RFC 1952
    Gzip,
    /// RFC 7932
    Brotli,
}

impl Coding {
    /// All of them.
    pub const ALL: [Coding; 3] = [Coding::Identity, Coding::Gzip, Coding::Brotli];

    /// The value of Content-Encoding, where there is one.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Coding::Identity => None,
            Coding::Gzip => Some("gzip"),
            Coding::Brotli => Some("br"),
        }
    }

    /// What an entity tag ends in: each coding has a strong one of its own.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Coding::Identity => "",
            Coding::Gzip => "-gz",
            Coding::Brotli => "-br",
        }
    }

    /// The bytes, coded. Holds up the calling task and no other, for which the runtime must have more
    /// threads than one.
    ///
    /// # Errors
    /// None that memory has: the encoders' signatures have them.
    pub async fn encode(self, bytes: Bytes) -> io::Result<Bytes> {
        if self == Coding::Identity {
            return Ok(bytes);
        }
        let _permit = ROOM.acquire().await.map_err(io::Error::other)?;
        block_in_place(|| self.compress(&bytes))
    }

    fn compress(self, bytes: &[u8]) -> io::Result<Bytes> {
        let mut coded = Vec::with_capacity(bytes.len() / 4);
        match self {
            Coding::Identity => coded.extend_from_slice(bytes),
            Coding::Gzip => {
                let mut encoder = GzEncoder::new(&mut coded, Compression::new(GZIP));
                encoder.write_all(bytes)?;
                encoder.finish()?;
            }
            Coding::Brotli => {
                let parameters = BrotliEncoderParams {
                    quality: BROTLI,
                    lgwin: BROTLI_WINDOW,
                    size_hint: bytes.len(),
                    ..BrotliEncoderParams::default()
                };
                BrotliCompress(&mut &*bytes, &mut coded, &parameters)?;
            }
        }
        coded.shrink_to_fit();
        Ok(coded.into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_coded_is_decoded_to_the_same(bytes: Vec<u8>) {
            let gzip = Coding::Gzip.compress(&bytes).expect("memory takes it");
            let mut decoded = Vec::new();
            GzDecoder::new(&*gzip).read_to_end(&mut decoded).expect("gzip");
            prop_assert_eq!(&decoded, &bytes);
            let brotli = Coding::Brotli.compress(&bytes).expect("memory takes it");
            let mut decoded = Vec::new();
            brotli::BrotliDecompress(&mut &*brotli, &mut decoded).expect("brotli");
            prop_assert_eq!(&decoded, &bytes);
        }
    }
}
