//! Clients of the WebSocket server that keep to no rule. What each gets stands in docs/reliability.md.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use crate::served::Served;
use crate::{connect, last_words, page, read};

const OPENING: &str = "GET /updates HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// A client's frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut out = vec![first];
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length @ 126..=65_535 => out.extend_from_slice(&[&[0x80 | 126][..], &(length as u16).to_be_bytes()].concat()),
        length => out.extend_from_slice(&[&[0x80 | 127][..], &(length as u64).to_be_bytes()].concat()),
    }
    out.extend_from_slice(&mask);
    out.extend(payload.iter().enumerate().map(|(place, byte)| byte ^ mask[place % 4]));
    out
}

/// An open WebSocket.
fn open(address: &str, fields: &str) -> TcpStream {
    let mut socket = connect(address);
    socket.write_all(format!("{OPENING}{fields}\r\n").as_bytes()).expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(read(&mut socket, 1));
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    socket
}

/// What a server's bytes say: statuses of HTTP, texts, codes of closing.
fn told(mut bytes: &[u8]) -> String {
    let mut words = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        if bytes.starts_with(b"HTTP/1.1 ") {
            words.push(String::from_utf8_lossy(&bytes[9..12]).into_owned());
            break;
        }
        let length = usize::from(*second);
        assert!(length < 126 && rest.len() >= length, "{bytes:02x?}");
        let payload = &rest[..length];
        words.push(match first {
            0x88 => format!("closed with {}", u16::from_be_bytes([payload[0], payload[1]])),
            0x89 => "ping".to_owned(),
            0x8A => "pong".to_owned(),
            0x81 => String::from_utf8_lossy(payload).into_owned(),
            _ => format!("{first:02x}"),
        });
        bytes = &rest[length..];
    }
    if words.is_empty() { "closed".to_owned() } else { words.join(", then ") }
}

/// Somebody who does everything right is still served.
fn others_are_served(address: &str) {
    let mut socket = open(address, "");
    let publish = br#"{"publish":"good","id":9,"payload":"x"}"#;
    socket.write_all(&frame(0x81, publish)).expect("it reads");
    assert_eq!(read(&mut socket, 20), [&[0x81, 18][..], b"{\"acknowledged\":9}"].concat());
}

#[test]
fn whoever_breaks_the_rules_is_told_so() {
    let served = Served::start(&["websocket", "--set", "deflate=on", "--max-payload", "1KiB", "--max-topics", "3", "--patience", "2s"]);
    let address = &served.address;
    let mut rows = Vec::new();
    let mut saw = |what: &str, got: String| {
        others_are_served(address);
        rows.push(vec![what.to_owned(), got]);
    };
    for (what, request) in [
        ("bytes that are no HTTP", "\x16\x03\x01 nonsense\r\n\r\n".to_owned()),
        ("a GET that asks for no WebSocket", "GET /updates HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()),
        ("a POST", format!("{}\r\n", OPENING.replace("GET", "POST"))),
        ("another path", format!("{}\r\n", OPENING.replace("/updates", "/"))),
        ("version 8", format!("{}\r\n", OPENING.replace("Version: 13", "Version: 8"))),
        ("a key that is too short", format!("{}\r\n", OPENING.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhl"))),
        ("headers of 20 kB", format!("{OPENING}X: {}\r\n\r\n", "x".repeat(20_000))),
        ("half a request, and nothing more", OPENING.to_owned()),
    ] {
        saw(what, told(&last_words(connect(address), request.as_bytes())));
    }
    let ping = frame(0x89, b"?");
    for (what, bytes) in [
        ("an unmasked frame", vec![0x81, 0x01, b'x']),
        ("RSV2 set", frame(0xA1, b"x")),
        ("an opcode that is reserved", frame(0x83, b"x")),
        ("a ping of 126 bytes", frame(0x89, &[0; 126])),
        ("a ping in fragments", frame(0x09, b"x")),
        ("a continuation of nothing", frame(0x80, b"x")),
        ("a message amid another, after a ping that is answered", [frame(0x01, b"x"), ping.clone(), frame(0x81, b"y")].concat()),
        ("a frame that says it has 2^63 bytes", [&[0x82, 0xFF, 0x80][..], &[0; 7], &[1, 2, 3, 4]].concat()),
        ("a message of 100 kB, where a payload may have 1 KiB", frame(0x81, &vec![b'x'; 100_000])),
        ("the same in fragments of 1 kB", [frame(0x01, &[b'x'; 1_000]), frame(0x00, &[b'x'; 1_000]).repeat(99)].concat()),
        ("text that is no UTF-8", frame(0x81, b"\xFF")),
        ("text that is no JSON", frame(0x81, b"{")),
        ("JSON that is no wish", frame(0x81, br#"{"subscribe":["a"],"publish":"b"}"#)),
        ("a subscription to a number", frame(0x81, br#"{"subscribe":[1]}"#)),
        ("a publication without an id", frame(0x81, br#"{"publish":"a","payload":"x"}"#)),
        ("bytes where text was agreed on", frame(0x82, b"x")),
        ("a close with half a code", frame(0x88, b"\x03")),
        ("a close with a code that nobody may send", frame(0x88, b"\x03\xED")),
        ("a close, and then more", [frame(0x88, b"\x03\xE8"), frame(0x81, br#"{"subscribe":["a"]}"#)].concat()),
        ("half a message, and nothing more", frame(0x01, b"{")),
    ] {
        saw(what, told(&last_words(open(address, ""), &bytes)));
    }
    // Ten million bytes of nothing, compressed: RFC 7692 §7.2.3.
    let deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let mut bomb = pushbench::protocols::websocket::deflate::deflate(&vec![b'x'; 10_000_000], 15).to_vec();
    bomb = frame(0xC1, &bomb);
    saw("a message of 10 kB that is 10 MB when decompressed", told(&last_words(open(address, deflate), &bomb)));
    saw("a message that cannot be decompressed", told(&last_words(open(address, deflate), &frame(0xC1, b"\xFF\xFF\xFF"))));

    let then_close = |wishes: &[&[u8]]| [wishes.iter().flat_map(|wish| frame(0x81, wish)).collect::<Vec<u8>>(), frame(0x88, b"\x03\xE8")].concat();
    let large = format!(r#"{{"publish":"good","id":1,"payload":"{}"}}"#, "x".repeat(1_025));
    saw("a payload a byte larger than the limit", told(&last_words(open(address, ""), &then_close(&[large.as_bytes()]))));
    // A subscription is answered when there is room for what it brings: who leaves at once is not.
    let mut many = open(address, "");
    many.write_all(&frame(0x81, br#"{"subscribe":["a","b","c"]}"#)).expect("it reads");
    let mut answer = read(&mut many, 2);
    answer.extend(read(&mut many, answer[1].into()));
    answer.extend(last_words(many, &frame(0x88, b"\x03\xE8")));
    saw("a subscription to more topics than there may be", told(&answer));
    saw("a topic without a name", told(&last_words(open(address, ""), &then_close(&[br#"{"publish":"","id":1,"payload":"x"}"#]))));
    page::hold("reliability.md", "hostile-websocket", &["a client of the WebSocket server", "what it gets"], &rows);
}

#[test]
fn a_subscriber_that_does_not_read_is_cut_off_and_one_too_many_turned_away() {
    let served = Served::start(&["websocket", "--max-connections", "2"]);
    let mut deaf = open(&served.address, "");
    deaf.write_all(&frame(0x81, br#"{"subscribe":["flood"]}"#)).expect("it reads");
    assert_eq!(read(&mut deaf, 18), [&[0x81, 16][..], b"{\"subscribed\":1}"].concat());
    let mut writer = open(&served.address, "");
    assert_eq!(told(&last_words(connect(&served.address), format!("{OPENING}\r\n").as_bytes())), "503");
    // 16 MiB and what the kernel holds are more than enough of what nobody reads.
    let publish = format!(r#"{{"publish":"flood","id":1,"payload":"{}"}}"#, "x".repeat(1 << 20));
    let begin = Instant::now();
    for _ in 0..64 {
        writer.write_all(&frame(0x81, publish.as_bytes())).expect("it reads");
        assert_eq!(read(&mut writer, 20), [&[0x81, 18][..], b"{\"acknowledged\":1}"].concat(), "a publisher is not held up by who does not read");
    }
    let mut rest = Vec::new();
    let ended = deaf.read_to_end(&mut rest);
    assert!(rest.len() < 64 << 20, "it got all of it in {:?}: {ended:?}", begin.elapsed());
    others_are_served(&served.address);
}
