//! The stamp inside every payload: which topic, which version, due when.
//!
//! Layout: `pushbench <topic> <version> <due>` and padding, all of it letters, digits, blanks and minus
//! signs, so that no mechanism pays for escaping. The harness alone writes and reads it; contenders move opaque bytes.

use bytes::Bytes;

/// The shortest payload that can carry any stamp, in bytes.
pub const SMALLEST_PAYLOAD: usize = 64;

/// What a payload says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Index of the topic; `u32::MAX` is the probe.
    pub topic: u32,
    /// Version of the topic, 0 before its first update.
    pub version: u32,
    /// When the update was due, in measured nanoseconds from the start of the window.
    pub due: i64,
}

impl Stamp {
    /// The payload: the stamp, then padding up to `size` bytes (never less than the stamp needs).
    pub fn payload(self, size: usize) -> Bytes {
        let mut text = format!("pushbench {} {} {} ", self.topic, self.version, self.due).into_bytes();
        // Padding that differs from place to place, so that no compression feeds on it for free.
        let mut state = u64::from(self.topic) << 32 | u64::from(self.version) | 1;
        while text.len() < size {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789AB"[(state >> 58) as usize]);
        }
        Bytes::from(text)
    }

    /// Reads the stamp of a payload; `None` where it is not one of ours.
    pub fn read(payload: &[u8]) -> Option<Self> {
        // A stamp never needs more than this; the padding behind it is not looked at.
        let head = &payload[..payload.len().min(SMALLEST_PAYLOAD)];
        let mut words = head.split(|byte| *byte == b' ').map(|word| std::str::from_utf8(word).unwrap_or(""));
        if words.next()? != "pushbench" {
            return None;
        }
        let stamp = Self { topic: words.next()?.parse().ok()?, version: words.next()?.parse().ok()?, due: words.next()?.parse().ok()? };
        // The blank behind the due time must be there: else the number may have been cut short.
        words.next().map(|_| stamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_survives_the_way() {
        for stamp in [
            Stamp { topic: 0, version: 0, due: 0 },
            Stamp { topic: 45_753, version: 3, due: -86_400_000_000_000 },
            Stamp { topic: u32::MAX, version: u32::MAX, due: i64::MIN },
        ] {
            for size in [0, SMALLEST_PAYLOAD, 1024] {
                let payload = stamp.payload(size);
                assert_eq!(payload.len().max(SMALLEST_PAYLOAD), size.max(SMALLEST_PAYLOAD));
                assert_eq!(Stamp::read(&payload), Some(stamp));
                assert!(payload.iter().all(|byte| byte.is_ascii_alphanumeric() || b" -".contains(byte)));
            }
        }
        for bad in ["", "pushbench", "pushbench 1 2", "pushbench 1 2 3", "other 1 2 3 ", "pushbench x 2 3 "] {
            assert_eq!(Stamp::read(bad.as_bytes()), None, "{bad:?}");
        }
    }
}
