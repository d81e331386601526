//! Clients of the MQTT broker that keep to no rule. What each gets stands in docs/reliability.md.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::served::Served;
use crate::{connect, last_words, page, read};

/// A packet of less than 16 kB.
fn packet(first: u8, content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        length @ 0..=127 => vec![length as u8],
        length => vec![length as u8 | 0x80, (length >> 7) as u8],
    };
    [&[first][..], &length, content].concat()
}

fn introduction(level: u8, client: &str) -> Vec<u8> {
    let properties: &[u8] = if level == 5 { &[0] } else { &[] };
    packet(0x10, &[b"\x00\x04MQTT", &[level, 2, 0, 60][..], properties, &(client.len() as u16).to_be_bytes(), client.as_bytes()].concat())
}

/// A client that was let in.
fn open(address: &str, level: u8, client: &str) -> TcpStream {
    let mut socket = connect(address);
    socket.write_all(&introduction(level, client)).expect("it reads");
    let head = read(&mut socket, 2);
    let rest = read(&mut socket, head[1].into());
    assert_eq!((head[0], rest[1]), (0x20, 0), "{rest:02x?}");
    socket
}

fn publish(level: u8, topic: &str, payload: &[u8]) -> Vec<u8> {
    let properties: &[u8] = if level == 5 { &[0] } else { &[] };
    packet(0x33, &[&(topic.len() as u16).to_be_bytes()[..], topic.as_bytes(), &[0, 7], properties, payload].concat())
}

fn subscribe(level: u8, filter: &str) -> Vec<u8> {
    let properties: &[u8] = if level == 5 { &[0] } else { &[] };
    packet(0x82, &[&[0, 8][..], properties, &(filter.len() as u16).to_be_bytes(), filter.as_bytes(), &[1]].concat())
}

/// What a broker's packets say.
fn told(level: u8, mut bytes: &[u8]) -> String {
    let mut words = Vec::new();
    while let [first, length, rest @ ..] = bytes {
        let (content, after) = rest.split_at(usize::from(*length));
        let last = content.last().copied().unwrap_or_default();
        words.push(match first {
            0x20 => format!("CONNACK {}", content[1]),
            0x40 => format!("PUBACK {}", if content.len() > 2 { last } else { 0 }),
            0x90 => format!("SUBACK {last}"),
            0xD0 => "PINGRESP".to_owned(),
            0xE0 => format!("DISCONNECT {}", content[0]),
            _ => format!("{first:02x}"),
        });
        bytes = after;
    }
    words.push("closed".to_owned());
    format!("{level}: {}", words.join(", "))
}

/// Somebody who does everything right is still served.
fn others_are_served(address: &str) {
    let mut socket = open(address, 4, "good");
    socket.write_all(&publish(4, "good", b"x")).expect("it reads");
    assert_eq!(read(&mut socket, 4), [0x40, 2, 0, 7]);
    socket.write_all(&[0xE0, 0]).expect("it reads");
    assert_eq!(socket.read(&mut [0]).expect("an end"), 0);
}

#[test]
fn whoever_breaks_the_rules_is_closed() {
    let served = Served::start(&["mqtt", "--max-payload", "1KiB", "--max-topics", "2", "--patience", "2s"]);
    let address = &served.address;
    let mut rows = Vec::new();
    let mut saw = |what: &str, got: &[String]| {
        others_are_served(address);
        // Both versions get the same, but for what only one of them can say.
        rows.push(vec![what.to_owned(), got.join("; ")]);
    };
    for (what, bytes) in [
        ("bytes that are no packet", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("a PUBLISH before CONNECT", publish(4, "a", b"x")),
        ("version 6", introduction(6, "x")),
        ("the protocol `HTTP`", packet(0x10, b"\x00\x04HTTP\x04\x02\x00\x3C\x00\x01x")),
        ("CONNECT with its reserved flag", packet(0x10, b"\x00\x04MQTT\x04\x03\x00\x3C\x00\x01x")),
        ("no client identifier, but a session to keep", packet(0x10, b"\x00\x04MQTT\x04\x00\x00\x3C\x00\x00")),
        ("a length of five bytes", vec![0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
        ("CONNECT of 200 MB", vec![0x10, 0x80, 0x80, 0x80, 0x60]),
        ("half a CONNECT, and nothing more", introduction(4, "x")[..10].to_vec()),
    ] {
        saw(what, &[told(4, &last_words(connect(address), &bytes))]);
    }
    let both = |make: &dyn Fn(u8) -> Vec<u8>| [4, 5].map(|level| told(level, &last_words(open(address, level, "hostile"), &make(level))));
    saw("a second CONNECT", &both(&|level| introduction(level, "x")));
    saw("a packet of 200 MB", &both(&|_| vec![0x30, 0x80, 0x80, 0x80, 0x60]));
    saw("quality of service 3", &both(&|level| [&[0x36][..], &publish(level, "a", b"x")[1..]].concat()));
    saw("quality of service 2", &both(&|level| [&[0x34][..], &publish(level, "a", b"x")[1..]].concat()));
    saw("a topic with a wildcard", &both(&|level| publish(level, "a/+", b"x")));
    saw("a topic that is no UTF-8", &both(&|_| packet(0x30, b"\x00\x01\xFF")));
    saw("SUBSCRIBE without its flags", &both(&|level| [&[0x80][..], &subscribe(level, "a")[1..]].concat()));
    saw("half a packet, and nothing more", &both(&|level| publish(level, "a", b"xyz")[..6].to_vec()));
    let then_leave = |bytes: Vec<u8>| [&bytes[..], &[0xE0, 0]].concat();
    saw("a payload a byte larger than the limit", &both(&|level| then_leave(publish(level, "good", &[b'x'; 1_025]))));
    saw("a filter that is none", &both(&|level| then_leave(subscribe(level, "a/#/b"))));
    // `good` is one of two.
    let mut holder = open(address, 4, "holder");
    holder.write_all(&publish(4, "second", b"x")).expect("it reads");
    assert_eq!(read(&mut holder, 4), [0x40, 2, 0, 7]);
    saw("a subscription to more topics than there may be", &both(&|level| then_leave(subscribe(level, "third"))));
    saw("a publication to one topic more", &both(&|level| then_leave(publish(level, "third", b"x"))));
    page::hold("reliability.md", "hostile-mqtt", &["a client of the MQTT broker", "what it gets, by level of the protocol"], &rows);
}

#[test]
fn a_name_taken_over_a_silent_client_and_a_deaf_one_end() {
    let served = Served::start(&["mqtt", "--max-connections", "8"]);
    let address = &served.address;
    let (first, _second) = (open(address, 5, "one"), open(address, 5, "one"));
    assert_eq!(told(5, &last_words(first, &[])), "5: DISCONNECT 142, closed");

    let mut silent = connect(address);
    // A keep-alive of one second, and a will.
    silent.write_all(&packet(0x10, b"\x00\x04MQTT\x04\x06\x00\x01\x00\x01s\x00\x04will\x00\x04gone")).expect("it reads");
    let mut heir = open(address, 4, "heir");
    heir.write_all(&subscribe(4, "wi+l")).expect("it reads");
    heir.write_all(&subscribe(4, "will")).expect("it reads");
    assert_eq!(read(&mut heir, 10), [0x90, 3, 0, 8, 0x80, 0x90, 3, 0, 8, 1]);
    assert_eq!(told(4, &last_words(silent, &[])), "4: CONNACK 0, closed");
    assert_eq!(read(&mut heir, 12), *b"\x30\x0A\x00\x04willgone");

    let mut deaf = open(address, 4, "deaf");
    deaf.write_all(&subscribe(4, "flood")).expect("it reads");
    assert_eq!(read(&mut deaf, 5), [0x90, 3, 0, 8, 1]);
    // Those that have ended may still be there for a moment, so nobody knows how many more fit.
    let mut others = Vec::new();
    let refused = (0..9).any(|_| {
        let mut socket = connect(address);
        socket.write_all(&introduction(4, &format!("other-{}", others.len()))).expect("it reads");
        let answer = read(&mut socket, 4);
        others.push(socket);
        answer == [0x20, 2, 0, 3]
    });
    assert!(refused, "more than eight were let in");
    let megabyte = [&[0x32][..], &[0x89, 0x80, 0x40], b"\x00\x05flood\x00\x09", &vec![b'x'; 1 << 20]].concat();
    for _ in 0..64 {
        heir.write_all(&megabyte).expect("it reads");
        assert_eq!(read(&mut heir, 4), [0x40, 2, 0, 9], "a publisher is not held up by who does not read");
    }
    let mut rest = Vec::new();
    let _ = deaf.read_to_end(&mut rest);
    assert!(rest.len() < 64 << 20, "it got all of it");
}

/// A publication of a megabyte to `flood`, and the answer to it.
fn flood(publisher: &mut TcpStream) {
    let megabyte = [&[0x32][..], &[0x89, 0x80, 0x40], b"\x00\x05flood\x00\x09", &vec![b'x'; 1 << 20]].concat();
    publisher.write_all(&megabyte).expect("it reads");
    assert_eq!(read(publisher, 4), [0x40, 2, 0, 9]);
}

/// More than two sockets hold, and less than what cuts a client off.
const BEHIND: usize = 14;

const PINGS: usize = 12;

/// Who is behind is not read: what it says meanwhile, pings above all, cannot be heard, and is no silence.
#[test]
fn who_is_behind_is_not_taken_for_silent() {
    let served = Served::start(&["mqtt"]);
    let mut slow = connect(&served.address);
    slow.write_all(&packet(0x10, b"\x00\x04MQTT\x04\x02\x00\x01\x00\x04slow")).expect("it reads");
    assert_eq!(read(&mut slow, 4), [0x20, 2, 0, 0]);
    slow.write_all(&subscribe(4, "flood")).expect("it reads");
    assert_eq!(read(&mut slow, 5), [0x90, 3, 0, 8, 1]);
    let mut publisher = open(&served.address, 4, "publisher");
    for _ in 0..BEHIND {
        flood(&mut publisher);
    }
    // Three times as long as it may be silent, it pings and reads nothing.
    for _ in 0..PINGS {
        std::thread::sleep(std::time::Duration::from_millis(375));
        slow.write_all(&[0xC0, 0]).expect("it is still there");
    }
    let (mut publications, mut pongs) = (0, 0);
    while publications < BEHIND || pongs < PINGS {
        match read(&mut slow, 2)[..] {
            [0xD0, 0] => pongs += 1,
            [0x32, _] => {
                let rest = read(&mut slow, 2);
                assert_eq!(rest, [0x80, 0x40], "a length of three bytes");
                read(&mut slow, 2 + 5 + 2 + (1 << 20));
                publications += 1;
            }
            ref other => panic!("{other:02x?}"),
        }
    }
}

/// But it has to take something.
#[test]
fn who_takes_nothing_is_cut_off_after_the_patience() {
    let served = Served::start(&["mqtt", "--patience", "1s"]);
    let mut deaf = open(&served.address, 4, "deaf");
    deaf.write_all(&subscribe(4, "flood")).expect("it reads");
    assert_eq!(read(&mut deaf, 5), [0x90, 3, 0, 8, 1]);
    let mut publisher = open(&served.address, 4, "publisher");
    for _ in 0..BEHIND {
        flood(&mut publisher);
    }
    std::thread::sleep(std::time::Duration::from_secs(3));
    let mut rest = Vec::new();
    let _ = deaf.read_to_end(&mut rest);
    assert!(rest.len() < BEHIND << 20, "it got all of it");
}
