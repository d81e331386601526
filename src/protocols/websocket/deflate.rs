//! permessage-deflate (RFC 7692): negotiation, and messages without context takeover.
//!
//! Our server never takes over a context, and tells clients not to either. So an update is compressed once for all who get it,
//! and a connection that is at rest holds no window: a message alone compresses less well than one after many like it, which
//! the contender's page says.

use bytes::{Bytes, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::frame::{Closing, INVALID, TOO_BIG};

/// What a sync flush ends with, which RFC 7692 §7.2.1 leaves away.
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];
/// Bytes that are inflated at once.
const STEP: usize = 16 * 1024;
/// The window that all can read, as a power of two.
pub const WINDOW: u8 = 15;

/// The server's answer to what a client offers (`Sec-WebSocket-Extensions`), and the window that it may then use.
pub fn accept(offers: &str) -> Option<(String, u8)> {
    offers.split(',').find_map(accept_one)
}

/// The first offer that we can keep is taken (RFC 7692 §5).
fn accept_one(offer: &str) -> Option<(String, u8)> {
    let mut parts = offer.split(';').map(str::trim);
    if parts.next()? != "permessage-deflate" {
        return None;
    }
    let mut answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
    let (mut window, mut seen) = (WINDOW, Vec::new());
    for parameter in parts {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (parameter, None),
        };
        // None may stand twice (§7); those that are not known end it below.
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        match (name, value) {
            ("server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits", None) => {}
            ("client_max_window_bits", Some(bits)) => _ = bits.parse::<u8>().ok().filter(|bits| (8..=15).contains(bits))?,
            ("server_max_window_bits", Some(bits)) => {
                // zlib cannot keep to a window of 2^8 bytes.
                window = bits.parse::<u8>().ok().filter(|bits| (9..=15).contains(bits))?;
                answer.push_str(&format!("; server_max_window_bits={window}"));
            }
            _ => return None,
        }
    }
    Some((answer, window))
}

/// Compresses a message by itself.
pub fn deflate(message: &[u8], window: u8) -> Bytes {
    let mut compress = Compress::new_with_window_bits(Compression::default(), false, window);
    let mut out = Vec::with_capacity(message.len() / 2 + 64);
    loop {
        // Flushing to an end of a byte: the peer's window stays open, as the extension wants it.
        let input = message.get(compress.total_in() as usize..).unwrap_or_default();
        let before = out.len();
        // Compressing into a growing buffer cannot fail.
        let _ = compress.compress_vec(input, &mut out, FlushCompress::Sync);
        if compress.total_in() as usize == message.len() && out.len() < out.capacity() {
            break;
        }
        if out.len() == before || out.len() == out.capacity() {
            out.reserve(out.capacity().max(64));
        }
    }
    if out.ends_with(&TAIL) {
        out.truncate(out.len() - TAIL.len());
    }
    out.into()
}

/// Decompresses messages, each by itself.
#[derive(Debug, Default)]
pub struct Inflater;

impl Inflater {
    /// A message whole, if it has at most `largest` bytes.
    ///
    /// # Errors
    /// It is larger, or no such message.
    pub fn inflate(&mut self, message: &[u8], largest: usize) -> Result<Bytes, Closing> {
        const BROKEN: Closing = Closing { code: INVALID, reason: "a message that cannot be decompressed" };
        let mut decompress = Decompress::new(false);
        let mut out = BytesMut::new();
        for part in [message, &TAIL[..]] {
            let mut rest = part;
            loop {
                let mut step = [0; STEP];
                let (read, written) = (decompress.total_in(), decompress.total_out());
                let status = decompress.decompress(rest, &mut step, FlushDecompress::Sync).map_err(|_| BROKEN)?;
                let (read, written) = ((decompress.total_in() - read) as usize, (decompress.total_out() - written) as usize);
                rest = &rest[read..];
                out.extend_from_slice(&step[..written]);
                if out.len() > largest {
                    return Err(Closing { code: TOO_BIG, reason: "the message is larger than this server takes, once decompressed" });
                }
                if status == Status::StreamEnd {
                    // A block marked as the last: allowed, with the beginning of an empty one behind it (§7.2.3.4).
                    return if rest.is_empty() || rest == [0] { Ok(out.freeze()) } else { Err(BROKEN) };
                }
                if rest.is_empty() && written < STEP {
                    break;
                }
                if read == 0 && written == 0 {
                    return Err(BROKEN);
                }
            }
        }
        Ok(out.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_rfc_reads() {
        // RFC 7692 §7.2.3.1 and §7.2.3.3 (no compression), §7.2.3.4 (a last block).
        for bytes in [
            &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00][..],
            &[0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
        ] {
            assert_eq!(&Inflater.inflate(bytes, 5).unwrap()[..], b"Hello", "{bytes:02x?}");
        }
        assert_eq!(&deflate(b"Hello", WINDOW)[..], [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]);
    }

    #[test]
    fn a_bomb_is_no_bigger_than_the_limit() {
        let bomb = deflate(&vec![b'x'; 10_000_000], WINDOW);
        assert!(bomb.len() < 20_000);
        assert_eq!(Inflater.inflate(&bomb, 1_000_000).unwrap_err().code, TOO_BIG);
        assert_eq!(Inflater.inflate(b"\xFF\xFF\xFF", 1_000_000).unwrap_err().code, INVALID);
    }

    #[test]
    fn offers_are_kept_or_declined() {
        let answer = |offers| {
            accept(offers)
                .map(|(answer, window)| (answer.replace("permessage-deflate; server_no_context_takeover; client_no_context_takeover", "ours"), window))
        };
        assert_eq!(answer("permessage-deflate; client_max_window_bits"), Some(("ours".to_owned(), 15)));
        assert_eq!(
            answer("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"),
            Some(("ours; server_max_window_bits=12".to_owned(), 12))
        );
        assert_eq!(answer("permessage-bzip2, permessage-deflate; server_max_window_bits=\"10\""), Some(("ours; server_max_window_bits=10".to_owned(), 10)));
        assert_eq!(answer("permessage-deflate; server_max_window_bits=8, permessage-deflate"), Some(("ours".to_owned(), 15)));
        let twice = "permessage-deflate; client_max_window_bits; client_max_window_bits, permessage-deflate";
        assert_eq!(answer(twice), Some(("ours".to_owned(), 15)), "the next offer is a good one");
        for none in [
            "",
            "permessage-bzip2",
            "permessage-deflate; unknown",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=12",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_no_context_takeover",
        ] {
            assert_eq!(answer(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn what_is_deflated_inflates(message in prop::collection::vec(any::<u8>(), 0..70_000), window in 9u8..=15) {
            let back = Inflater.inflate(&deflate(&message, window), message.len()).unwrap();
            prop_assert_eq!(&back[..], &message[..]);
        }

        #[test]
        fn any_bytes_are_a_message_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            if let Ok(message) = Inflater.inflate(&bytes, 10_000) {
                prop_assert!(message.len() <= 10_000);
            }
        }
    }
}
