//! gzip (RFC 1952), bounded.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// Packs. Level 6, as servers do unless they are told otherwise.
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail; what could not be packed would be told by its length, and is no gzip then.
    let written = encoder.write_all(bytes);
    encoder.finish().ok().filter(|_| written.is_ok()).unwrap_or_default()
}

/// Why something cannot be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unpackable {
    /// It is no gzip, or is cut short.
    #[error("the body is not whole gzip")]
    Broken,
    /// It is more than it may be.
    #[error("the body is more than {0} bytes once unpacked")]
    TooLarge(usize),
}

/// Unpacks up to `most` bytes; what would come to more is refused as soon as it does.
///
/// # Errors
/// It is no gzip, or more.
pub fn unpack(packed: &[u8], most: usize) -> Result<Vec<u8>, Unpackable> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed).take(most as u64 + 1).read_to_end(&mut bytes).map_err(|_| Unpackable::Broken)?;
    if bytes.len() > most { Err(Unpackable::TooLarge(most)) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = pack(&vec![0; 8 << 20]);
        assert!(bomb.len() < 16 << 10);
        assert_eq!(unpack(&bomb, 1 << 20), Err(Unpackable::TooLarge(1 << 20)));
        assert_eq!(unpack(&bomb, 8 << 20).map(|bytes| bytes.len()), Ok(8 << 20));
        assert_eq!(unpack(&bomb[..bomb.len() - 1], 8 << 20), Err(Unpackable::Broken));
        assert_eq!(unpack(b"", 1), Err(Unpackable::Broken));
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            prop_assert_eq!(unpack(&pack(&bytes), bytes.len()), Ok(bytes));
        }

        #[test]
        fn anything_may_come(packed in prop::collection::vec(any::<u8>(), 0..200), head in any::<bool>()) {
            let packed = if head { [&[0x1f, 0x8b, 8, 0][..], &packed].concat() } else { packed };
            prop_assert!(unpack(&packed, 1_000).is_ok_and(|bytes| bytes.len() <= 1_000) || unpack(&packed, 1_000).is_err());
        }
    }
}
