//! Frames as a client writes them, right and wrong.

use proptest::prelude::*;

use super::*;

/// A client's frame.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = frame(Opcode::Binary, false, payload).to_vec();
    out[0] = first;
    out[1] |= 0x80;
    let at = out.len() - payload.len();
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    out.splice(at..at, mask);
    unmask(&mut out[at + 4..], mask);
    out
}

fn read(bytes: &[u8]) -> Result<Vec<Received>, u16> {
    read_with(Reader::new(1_000, None), bytes)
}

fn read_with(mut reader: Reader, bytes: &[u8]) -> Result<Vec<Received>, u16> {
    reader.push(bytes);
    let mut all = Vec::new();
    while let Some(one) = reader.read().map_err(|closing| closing.code)? {
        all.push(one);
    }
    Ok(all)
}

#[test]
fn the_examples_of_the_rfc_read() {
    // RFC 6455 §5.7: a masked "Hello".
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(masked(0x81, b"Hello"), hello);
    assert_eq!(read(&hello), Ok(vec![Received::Text("Hello".to_owned())]));
    assert_eq!(frame(Opcode::Text, false, b"Hello")[..], [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(frame(Opcode::Binary, false, &[0; 256])[..4], [0x82, 0x7E, 0x01, 0x00]);
    assert_eq!(frame(Opcode::Binary, false, &[0; 65_536])[..10], [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]);
}

#[test]
fn a_message_in_fragments_with_a_ping_amid() {
    let bytes = [masked(0x01, b"Hel"), masked(0x89, b"?"), masked(0x00, b""), masked(0x80, b"lo"), masked(0x88, b"\x03\xe8bye")].concat();
    let expected = vec![Received::Ping(Bytes::from_static(b"?")), Received::Text("Hello".to_owned()), Received::Close(Some(1000))];
    assert_eq!(read(&bytes), Ok(expected));
}

#[test]
fn what_may_not_be_is_named() {
    for (bytes, code) in [
        (masked(0xC1, b"x"), PROTOCOL),                                   // RSV1 without compression
        (masked(0xA1, b"x"), PROTOCOL),                                   // RSV2
        (masked(0x91, b"x"), PROTOCOL),                                   // RSV3
        (masked(0x83, b"x"), PROTOCOL),                                   // an opcode that is reserved
        (masked(0x8B, b"x"), PROTOCOL),                                   // a control opcode that is reserved
        (vec![0x81, 0x01, b'x'], PROTOCOL),                               // unmasked
        (masked(0x09, b"x"), PROTOCOL),                                   // a ping in fragments
        (masked(0x89, &[0; 126]), PROTOCOL),                              // a ping too long
        (masked(0x80, b"x"), PROTOCOL),                                   // a continuation of nothing
        ([masked(0x01, b"x"), masked(0x81, b"y")].concat(), PROTOCOL),    // a message amid another
        (vec![0x81, 0xFE, 0, 5, 0, 0, 0, 0], PROTOCOL),                   // a length longer than need be
        (vec![0x81, 0xFF, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], PROTOCOL), // the same with eight bytes
        (vec![0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0], TOO_BIG),
        (masked(0x82, &[0; 1_001]), TOO_BIG),
        ([masked(0x02, &[0; 600]), masked(0x80, &[0; 600])].concat(), TOO_BIG), // too big together
        (masked(0x81, b"\xFF"), INVALID),                                       // text that is none
        (masked(0x88, b"\x03"), PROTOCOL),                                      // half a code
        (masked(0x88, b"\x03\xEE"), PROTOCOL),                                  // 1006 is never sent
        (masked(0x88, b"\x03\xE8\xFF"), INVALID),                               // a reason that is no text
    ] {
        assert_eq!(read(&bytes), Err(code), "{bytes:02x?}");
    }
    assert!(matches!(read(&masked(0x82, &[0; 1_000])), Ok(all) if all.len() == 1), "the limit itself is allowed");
}

#[test]
fn compressed_messages_read_where_that_was_agreed_on() {
    let reader = || Reader::new(1_000, Some(Inflater));
    let small = super::super::deflate::deflate(b"Hello", 15);
    assert_eq!(read_with(reader(), &masked(0xC1, &small)), Ok(vec![Received::Text("Hello".to_owned())]));
    let (first, second) = small.split_at(3);
    let fragments = [masked(0x41, first), masked(0x80, second)].concat();
    assert_eq!(read_with(reader(), &fragments), Ok(vec![Received::Text("Hello".to_owned())]));
    assert_eq!(read_with(reader(), &masked(0x81, b"plain")), Ok(vec![Received::Text("plain".to_owned())]));
    let bomb = super::super::deflate::deflate(&[0; 100_000], 15);
    assert_eq!(read_with(reader(), &masked(0xC2, &bomb)), Err(TOO_BIG));
    assert_eq!(read_with(reader(), &masked(0xC9, b"x")), Err(PROTOCOL), "control frames are never compressed");
    assert_eq!(read_with(reader(), &[masked(0x01, b"x"), masked(0xC0, b"y")].concat()), Err(PROTOCOL), "nor are continuations by themselves");
}

proptest! {
    #[test]
    fn pieces_do_not_matter(messages in prop::collection::vec((any::<bool>(), "\\PC{0,40}"), 1..6), cut in 1usize..9) {
        let bytes: Vec<u8> = messages.iter().flat_map(|(last, text)| masked(if *last { 0x81 } else { 0x89 }, text.as_bytes().get(..text.len().min(120)).unwrap_or_default())).collect();
        let whole = read(&bytes);
        let mut reader = Reader::new(1_000, None);
        let mut all = Vec::new();
        let mut failed = None;
        'pieces: for piece in bytes.chunks(cut) {
            reader.push(piece);
            loop {
                match reader.read() {
                    Ok(Some(one)) => all.push(one),
                    Ok(None) => break,
                    Err(closing) => { failed = Some(closing.code); break 'pieces; }
                }
            }
        }
        prop_assert_eq!(whole, failed.map_or(Ok(all), Err));
    }

    #[test]
    fn any_bytes_are_frames_or_a_violation(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
        let _ = read_with(Reader::new(1_000, Some(Inflater)), &bytes);
    }
}
