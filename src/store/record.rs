//! How a value lies in the store: a version byte, postcard, and a CRC-32 over both.
//!
//! The version is the record kind's own. A kind that changes gets the next number and keeps a
//! reader for each former one (`store/former.rs`), so that an old store opens in a new program; a record of a number
//! not known here was written by a newer program, and the error says so.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

/// The largest value, in bytes. A verb that would write a larger one fails as a whole, and harms
/// nothing.
pub(super) const VALUE_MOST: usize = 64 << 10;

/// A kind of value.
pub(super) trait Record: Serialize + DeserializeOwned {
    /// What it is called in errors.
    const NAME: &'static str;
    /// The version written.
    const VERSION: u8 = 1;

    /// The value, from the bytes of a former version. `None`: there was no such version.
    fn former(version: u8, bytes: &[u8]) -> Option<postcard::Result<Self>> {
        let _ = (version, bytes);
        None
    }

    /// Version byte, value, checksum.
    fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let start = vec![Self::VERSION];
        let mut bytes =
            postcard::to_extend(self, start).map_err(|error| StoreError::corrupt::<Self>(error))?;
        let sum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        if bytes.len() > VALUE_MOST {
            return Err(StoreError::TooLarge {
                record: Self::NAME,
                bytes: bytes.len(),
                most: VALUE_MOST,
            });
        }
        Ok(bytes)
    }

    /// The value, if every bit is as it was written.
    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let (summed, sum) = bytes
            .split_last_chunk::<4>()
            .ok_or_else(|| StoreError::corrupt::<Self>("too short"))?;
        if crc32fast::hash(summed) != u32::from_le_bytes(*sum) {
            return Err(StoreError::corrupt::<Self>("the checksum differs"));
        }
        match summed.split_first() {
            Some((&version, value)) if version == Self::VERSION => {
                postcard::from_bytes(value).map_err(|error| StoreError::corrupt::<Self>(error))
            }
            Some((&version, _)) if version > Self::VERSION => Err(StoreError::Newer {
                record: Self::NAME,
                version,
            }),
            Some((&version, value)) => match Self::former(version, value) {
                Some(read) => read.map_err(|error| StoreError::corrupt::<Self>(error)),
                None => Err(StoreError::corrupt::<Self>("no such version")),
            },
            None => Err(StoreError::corrupt::<Self>("too short")),
        }
    }
}

/// The version of a value, if every bit of it is as it was written.
pub(super) fn version(bytes: &[u8]) -> Result<u8, StoreError> {
    let damaged = |why: &str| StoreError::Corrupt {
        record: "stored",
        why: why.to_owned(),
    };
    let (summed, sum) = bytes
        .split_last_chunk::<4>()
        .ok_or_else(|| damaged("too short"))?;
    if crc32fast::hash(summed) != u32::from_le_bytes(*sum) {
        return Err(damaged("the checksum differs"));
    }
    let version = summed.first().ok_or_else(|| damaged("too short"))?;
    Ok(*version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample(u64, String);

    impl Record for Sample {
        const NAME: &'static str = "sample";
    }

    #[test]
    fn every_flipped_bit_is_noticed() -> Result<(), StoreError> {
        let written = Sample(7, "żółw".into()).encode()?;
        assert_eq!(Sample::decode(&written)?, Sample(7, "żółw".into()));
        for bit in 0..written.len() * 8 {
            let mut torn = written.clone();
            torn[bit / 8] ^= 1 << (bit % 8);
            assert!(Sample::decode(&torn).is_err(), "bit {bit}");
        }
        for length in 0..written.len() {
            assert!(
                Sample::decode(&written[..length]).is_err(),
                "length {length}"
            );
        }
        Ok(())
    }

    #[test]
    fn a_newer_record_says_so() -> Result<(), StoreError> {
        let mut bytes = Sample(7, String::new()).encode()?;
        bytes.truncate(bytes.len() - 4);
        bytes[0] = 2;
        let sum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        assert!(matches!(
            Sample::decode(&bytes),
            Err(StoreError::Newer { version: 2, .. })
        ));
        Ok(())
    }
}
