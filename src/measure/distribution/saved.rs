//! A distribution as text: base64 of the V2 deflate format of HdrHistogram. What comes from a file is looked through before
//! the library sees it: a few hostile bytes could else ask for gigabytes, or for more than a counter holds.
//!
//! The format: two big-endian words (cookie, length of what follows), then zlib of a V2 histogram: cookie, length of its
//! counts, offset, digits (32 bits each), low, high (64 bits each), a ratio (a double), and the counts, each a zig-zag
//! LEB128 of at most nine bytes; a negative one stands for so many zeros.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use super::LONGEST;

const COMPRESSED: u32 = 0x1C84_9314;
const PLAIN: u32 = 0x1C84_9313;
/// Bytes before the counts.
const HEAD: usize = 40;
/// Counts of a histogram with our bounds at most, rounded up.
const MOST_COUNTS: i64 = 40_000;
/// Bytes of a histogram with our bounds at most.
const LARGEST: usize = HEAD + 9 * MOST_COUNTS as usize;
/// Samples that a distribution may hold: a million a second for twelve days.
pub(super) const MOST_SAMPLES: i64 = 1 << 40;

/// As base64 of the V2 deflate format.
pub(super) fn encode(histogram: &Histogram<u64>) -> Result<String, String> {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(histogram, &mut bytes).map_err(|error| format!("{error:?}"))?;
    Ok(STANDARD.encode(bytes))
}

/// From base64 of the V2 deflate format.
pub(super) fn decode(text: &str) -> Result<Histogram<u64>, String> {
    let bytes = STANDARD.decode(text).map_err(|error| format!("a histogram is not base64: {error}"))?;
    if word(&bytes, 0) != Some(COMPRESSED) {
        return Err("not an HdrHistogram in V2 deflate format: its first bytes are others".to_owned());
    }
    let mut plain = Vec::new();
    let inflated = ZlibDecoder::new(bytes.get(8..).unwrap_or_default()).take(LARGEST as u64 + 1).read_to_end(&mut plain);
    inflated.map_err(|error| format!("not an HdrHistogram in V2 deflate format: it cannot be inflated: {error}"))?;
    check(&plain)?;
    Deserializer::new().deserialize(&mut plain.as_slice()).map_err(|error| format!("not an HdrHistogram in V2 deflate format: {error:?}"))
}

/// Looks through an inflated histogram.
fn check(plain: &[u8]) -> Result<(), String> {
    let short = || "not an HdrHistogram in V2 deflate format: it is cut short".to_owned();
    if plain.len() > LARGEST {
        return Err(format!("a histogram of more than {LARGEST} bytes is not ours"));
    }
    if word(plain, 0).ok_or_else(short)? != PLAIN {
        return Err("not an HdrHistogram in V2 deflate format: the first bytes inside are others".to_owned());
    }
    let (length, digits) = (word(plain, 4).ok_or_else(short)? as usize, word(plain, 12).ok_or_else(short)?);
    let (low, high) = (long(plain, 16).ok_or_else(short)?, long(plain, 24).ok_or_else(short)?);
    if low != 1 || high != LONGEST || !(2..=3).contains(&digits) {
        return Err(format!("a histogram with bounds of {low} to {high} and {digits} digits is not ours"));
    }
    let counts = plain.get(HEAD..).ok_or_else(short)?;
    if counts.len() != length {
        return Err(format!("a histogram says that it has {length} bytes of counts, and has {}", counts.len()));
    }
    let (mut rest, mut place, mut samples) = (counts, 0_i64, 0_i64);
    while let Some(count) = next(&mut rest) {
        let (places, more) = if count < 0 { (count.checked_neg().unwrap_or(i64::MAX), 0) } else { (1, count) };
        place = place.saturating_add(places);
        samples = samples.saturating_add(more);
        if place > MOST_COUNTS || samples > MOST_SAMPLES {
            return Err(format!("a histogram with more than {MOST_COUNTS} counts, or more than {MOST_SAMPLES} samples, is not ours"));
        }
    }
    Ok(())
}

/// The next count: LEB128 in which a ninth byte is taken whole, then zig-zag. What is cut short is for the library to refuse.
fn next(rest: &mut &[u8]) -> Option<i64> {
    let mut value = 0_u64;
    for place in 0..9 {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        let last = place == 8 || byte & 0x80 == 0;
        value |= u64::from(if place == 8 { *byte } else { byte & 0x7F }) << (7 * place);
        if last {
            break;
        }
    }
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::super::{Distribution, Precision};
    use super::*;

    fn inflate(text: &str) -> Vec<u8> {
        let mut plain = Vec::new();
        ZlibDecoder::new(&STANDARD.decode(text).unwrap()[8..]).read_to_end(&mut plain).unwrap();
        plain
    }

    fn deflate(plain: &[u8]) -> String {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(plain).unwrap();
        let zlib = zlib.finish().unwrap();
        let head = [COMPRESSED.to_be_bytes(), (zlib.len() as u32).to_be_bytes()].concat();
        STANDARD.encode([head, zlib].concat())
    }

    /// A histogram whose head is right and whose counts are these bytes.
    fn with_counts(counts: &[u8]) -> String {
        let mut plain = inflate(&Distribution::default().encode().unwrap());
        plain.truncate(HEAD);
        plain[4..8].copy_from_slice(&(counts.len() as u32).to_be_bytes());
        plain.extend(counts);
        deflate(&plain)
    }

    fn refused(text: &str) -> String {
        decode(text).unwrap_err()
    }

    #[test]
    fn a_head_that_asks_for_gigabytes_is_refused() {
        let good = inflate(&Distribution::default().encode().unwrap());
        for (at, bytes, says) in [
            (0, &[0_u8; 4][..], "the first bytes inside are others"),
            (4, &[0xFF; 4], "says that it has 4294967295 bytes"),
            (12, &[0, 0, 0, 5], "5 digits is not ours"),
            (16, &[0, 0, 0, 0, 0, 0, 0, 2], "bounds of 2 to"),
            (24, &[0x7F; 8], "is not ours"),
        ] {
            let mut bad = good.clone();
            bad[at..at + bytes.len()].copy_from_slice(bytes);
            let told = refused(&deflate(&bad));
            assert!(told.contains(says), "{says}: {told}");
        }
        for length in 0..good.len() {
            refused(&deflate(&good[..length]));
        }
        assert!(refused("AAAA").contains("its first bytes are others") && refused("?").contains("not base64"));
    }

    #[test]
    fn a_bomb_is_not_inflated() {
        let bomb = deflate(&vec![0; 64 << 20]);
        assert!(bomb.len() < 128 << 10);
        assert!(refused(&bomb).contains("more than 360040 bytes"));
    }

    /// −2⁶³ zeros: the library would negate it, which overflows.
    #[test]
    fn more_zeros_than_can_be_counted_are_refused() {
        assert!(refused(&with_counts(&[0xFF; 9])).contains("more than 40000 counts"));
    }

    #[test]
    fn more_samples_than_can_be_added_up_are_refused() {
        // The largest positive count, twice.
        let largest = [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        assert!(refused(&with_counts(&[largest, largest].concat())).contains("samples"));
        assert!(decode(&with_counts(&[2])).is_ok_and(|histogram| histogram.len() == 1));
        assert!(decode(&with_counts(&[0x82])).is_err(), "a count that is cut short");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn what_is_encoded_is_decoded(times in prop::collection::vec(-1_000_000_000_i64..4_000_000_000_000_000, 0..200), fine in any::<bool>()) {
            let mut before = Distribution::new(if fine { Precision::Fine } else { Precision::Coarse });
            times.iter().for_each(|nanos| before.record(*nanos));
            let after: Distribution = serde_json::from_str(&serde_json::to_string(&before).unwrap()).unwrap();
            prop_assert_eq!(before, after);
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&STANDARD.encode(&bytes));
            let _ = decode(&deflate(&bytes));
            // Behind a good head: nothing that is taken has more samples than it may, and all of it can be merged and asked.
            if let Ok(histogram) = decode(&with_counts(&bytes)) {
                prop_assert!(histogram.len() <= MOST_SAMPLES as u64);
                let mut all = Distribution::new(Precision::Coarse);
                all.merge(&Distribution { histogram, clipped: 0, negative: 0 });
                let _ = (all.mean(), all.max(), all.quantile(0.5), all.buckets().count());
            }
        }

        #[test]
        fn a_changed_byte_makes_no_panic(at in 0..100_usize, byte in any::<u8>()) {
            let mut one = Distribution::default();
            (0..50).for_each(|nanos| one.record(nanos * 1_000_000));
            let mut plain = inflate(&one.encode().unwrap());
            let at = at % plain.len();
            plain[at] = byte;
            let _ = decode(&deflate(&plain));
        }
    }
}
