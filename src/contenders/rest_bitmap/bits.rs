//! A bitmap on its way: a Roaring bitmap in its portable form (`RoaringFormatSpec`), or an array of bits, eight to a byte, the lowest first.

use roaring::RoaringBitmap;

use crate::protocols::http::changes::gzip;

/// Media type of a Roaring bitmap.
pub const ROARING: &str = "application/x-roaring-bitmap";
/// Media type of an array of bits.
pub const ARRAY: &str = "application/octet-stream";
/// Positions that a bitmap may have: those of all topics of a server and the largest crowd.
const MOST_POSITIONS: usize = 1 << 24;
/// Of a Roaring bitmap, 65,536 positions each: a container of some bytes can stand for 8 KiB.
const MOST_CONTAINERS: usize = MOST_POSITIONS >> 16;
/// How a Roaring bitmap begins (`RoaringFormatSpec`): with containers that are runs, and without.
const WITH_RUNS: u32 = 12_347;
const WITHOUT_RUNS: u32 = 12_346;

/// What a bitmap is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// A Roaring bitmap.
    Roaring,
    /// The plain array, packed where the client takes it.
    Gzip,
}

/// Writes a Roaring bitmap in its portable form.
pub fn roaring(bits: &RoaringBitmap) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(bits.serialized_size());
    // Writing into memory does not fail.
    let _ = bits.serialize_into(&mut bytes);
    bytes
}

/// Writes the array of so many bits.
pub fn array(bits: &RoaringBitmap, count: usize) -> Vec<u8> {
    let mut bytes = vec![0_u8; count.div_ceil(8)];
    for position in bits {
        if let Some(byte) = bytes.get_mut(position as usize / 8) {
            *byte |= 1 << (position % 8);
        }
    }
    bytes
}

/// Reads a body by its media type and its coding; calls `each` with each position that is set, in order.
///
/// # Errors
/// It is not what it says, or has more positions than a server can have.
pub fn read(kind: &str, coding: Option<&str>, body: &[u8], mut each: impl FnMut(u32)) -> Result<(), String> {
    let unpacked;
    let body = match coding {
        None | Some("identity") => body,
        Some("gzip" | "x-gzip") => {
            unpacked = gzip::unpack(body, MOST_POSITIONS / 8).map_err(|why| why.to_string())?;
            &unpacked
        }
        Some(other) => return Err(format!("the bitmap is encoded as {other:?}, which nobody asked for")),
    };
    match kind {
        ROARING => {
            if containers(body).is_none_or(|containers| containers > MOST_CONTAINERS) {
                return Err(format!("the bitmap is no Roaring bitmap of at most {MOST_CONTAINERS} containers"));
            }
            RoaringBitmap::deserialize_from(body).map_err(|error| format!("the bitmap is no Roaring bitmap: {error}"))?.iter().for_each(each);
        }
        ARRAY if body.len() <= MOST_POSITIONS / 8 => {
            for (place, byte) in body.iter().enumerate().filter(|(_, byte)| **byte != 0) {
                (0..8).filter(|bit| byte & (1 << bit) != 0).for_each(|bit| each(place as u32 * 8 + bit));
            }
        }
        ARRAY => return Err(format!("the bitmap has more than {MOST_POSITIONS} positions")),
        other => return Err(format!("the bitmap is of the type {other:?}, which is not known")),
    }
    Ok(())
}

/// How many containers a Roaring bitmap says it has.
fn containers(body: &[u8]) -> Option<usize> {
    let word = |place: usize| body.get(place..place + 4)?.try_into().ok().map(u32::from_le_bytes);
    let cookie = word(0)?;
    if cookie == WITHOUT_RUNS { word(4).map(|count| count as usize) } else { (cookie & 0xFFFF == WITH_RUNS).then_some((cookie >> 16) as usize + 1) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn positions(kind: &str, coding: Option<&str>, body: &[u8]) -> Result<Vec<u32>, String> {
        let mut positions = Vec::new();
        read(kind, coding, body, |position| positions.push(position)).map(|()| positions)
    }

    #[test]
    fn the_lowest_bit_is_the_first() {
        let bits = RoaringBitmap::from_iter([0, 9, 23]);
        assert_eq!(array(&bits, 24), [0b0000_0001, 0b0000_0010, 0b1000_0000]);
        // RoaringFormatSpec: cookie, one container with key 0 and three values, its offset, the values.
        let portable = [0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 0, 0, 9, 0, 23, 0];
        assert_eq!(roaring(&bits), portable);
        assert_eq!(positions(ROARING, None, &portable), Ok(vec![0, 9, 23]));
    }

    #[test]
    fn bombs_are_refused() {
        // 65,536 containers, each a run over all of its positions: a few hundred kilobytes that stand for 2^32 bits.
        let mut bomb = ((65_535_u32 << 16) | WITH_RUNS).to_le_bytes().to_vec();
        bomb.extend(vec![0xff; 65_536 / 8]);
        bomb.extend((0..=u16::MAX).flat_map(|key| [key.to_le_bytes(), u16::MAX.to_le_bytes()].concat()));
        bomb.extend((0..=u16::MAX).flat_map(|_| [1, 0, 0, 0, 0xff, 0xff]));
        assert!(positions(ROARING, None, &bomb).unwrap_err().contains("at most 256 containers"));
        let packed = gzip::pack(&vec![0; MOST_POSITIONS]);
        assert!(packed.len() < 32 << 10);
        assert!(positions(ARRAY, Some("gzip"), &packed).unwrap_err().contains("more than 2097152 bytes"));
        assert!(positions(ARRAY, None, &vec![0; MOST_POSITIONS / 8 + 1]).is_err());
        assert!(positions("text/html", None, b"").is_err() && positions(ARRAY, Some("br"), b"").is_err());
        assert_eq!(positions(ARRAY, None, b""), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(set in prop::collection::btree_set(0_u32..200_000, 0..300)) {
            let bits = RoaringBitmap::from_iter(set.iter().copied());
            let set: Vec<u32> = set.into_iter().collect();
            prop_assert_eq!(positions(ROARING, None, &roaring(&bits)), Ok(set.clone()));
            let array = array(&bits, 200_000);
            prop_assert_eq!(positions(ARRAY, Some("gzip"), &gzip::pack(&array)), Ok(set.clone()));
            prop_assert_eq!(positions(ARRAY, None, &array), Ok(set));
        }

        #[test]
        fn anything_may_come(
            body in prop::collection::vec(any::<u8>(), 0..300),
            cookie in prop_oneof![Just(WITHOUT_RUNS), Just(WITH_RUNS | 1 << 16), any::<u32>()],
            count in prop_oneof![0_u32..4, any::<u32>()],
            coding in prop_oneof![Just(None), Just(Some("gzip"))],
        ) {
            let body = [&cookie.to_le_bytes()[..], &count.to_le_bytes(), &body].concat();
            for kind in [ROARING, ARRAY] {
                if let Ok(positions) = positions(kind, coding, &body) {
                    prop_assert!(positions.len() <= MOST_POSITIONS);
                }
            }
        }
    }
}
