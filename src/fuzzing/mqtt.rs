//! MQTT: packets of either version and topic filters beside the client library's account of them, and whole sessions.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::mqttbytes::{matches, v4, valid_filter, valid_topic};
use rumqttc::v5::mqttbytes::v5;

use super::client::{Client, ROOM};
use super::stream::cuts;
use crate::contender::Limits;
use crate::contenders::mqtt::broker::Broker;
use crate::contenders::mqtt::filter;
use crate::contenders::mqtt::packets::{self, Asked, Publish, Reader};
use crate::contenders::mqtt::session::{MqttSession, Server};
use crate::contenders::mqtt::settings::Version;
use crate::contenders::mqtt::wire::{self, Reason};

/// Most bytes of a packet here: little enough for the bound to be met.
const LARGEST: usize = 1_000;
const VERSIONS: [Version; 2] = [Version::V3, Version::V5];

/// How a client of this name introduces itself.
fn connect(version: Version, name: u8) -> Vec<u8> {
    let (length, number, properties) = match version {
        Version::V3 => (13, 4, &b""[..]),
        Version::V5 => (14, 5, &b"\0"[..]),
    };
    [&[0x10, length, 0, 4][..], b"MQTT", &[number, 2, 0, 60], properties, &[0, 1, name]].concat()
}

/// What the broker's reader makes of what a client says: all packets, and what ended it.
fn read(pieces: &[&[u8]]) -> (Vec<Asked>, Option<Reason>) {
    let (mut reader, mut all) = (Reader::new(LARGEST), Vec::new());
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.read() {
                Ok(Some(asked)) => all.push(asked),
                Ok(None) => break,
                Err(reason) => return (all, Some(reason)),
            }
        }
    }
    (all, None)
}

/// The first packet, by its length alone, and what is behind it.
fn first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, size) = wire::variable(bytes.get(1..)?).ok()??;
    bytes.split_at_checked(1 + size + length as usize)
}

/// Bytes as all that a client says, and as what it says behind its introduction, in either version: the same packets however they are cut; publications and
/// subscriptions are what the client library reads; and a publication is passed on as it was, in either version.
pub fn mqtt_packets(bytes: &[u8]) {
    let behind = VERSIONS.map(|version| [&connect(version, b'a')[..], bytes].concat());
    for said in [bytes, &behind[0], &behind[1]] {
        let whole = read(&[said]);
        for pieces in cuts(said) {
            assert_eq!(read(&pieces), whole, "the pieces make a difference");
        }
    }
    for version in VERSIONS {
        let (connect, mut rest) = (connect(version, b'a'), bytes);
        while let Some((packet, behind)) = first(rest) {
            match read(&[&connect, packet]).0.get(1) {
                Some(Asked::Publish(publish, number)) => is_passed_on(version, packet, publish, *number),
                Some(Asked::Subscribe(number, wanted)) => {
                    let wanted: Vec<(String, bool)> = wanted.iter().map(|wanted| (wanted.filter.clone(), wanted.how.acknowledged)).collect();
                    assert_eq!(subscription(version, packet), Some((*number, wanted)));
                }
                _ => {}
            }
            rest = behind;
        }
    }
}

/// A publication as the client library reads it: topic, payload, whether it is retained, its quality of service and its number.
fn publication(version: Version, packet: &[u8]) -> Option<(String, Vec<u8>, bool, u8, u16)> {
    let mut packet = BytesMut::from(packet);
    match version {
        Version::V3 => match v4::Packet::read(&mut packet, 2 * LARGEST) {
            Ok(v4::Packet::Publish(read)) => Some((read.topic, read.payload.to_vec(), read.retain, read.qos as u8, read.pkid)),
            _ => None,
        },
        Version::V5 => match v5::Packet::read(&mut packet, None) {
            Ok(v5::Packet::Publish(read)) => {
                Some((String::from_utf8(read.topic.to_vec()).ok()?, read.payload.to_vec(), read.retain, read.qos as u8, read.pkid))
            }
            _ => None,
        },
    }
}

/// A subscription as the client library reads it: its number, its filters, and which are to be acknowledged.
fn subscription(version: Version, packet: &[u8]) -> Option<(u16, Vec<(String, bool)>)> {
    let mut packet = BytesMut::from(packet);
    match version {
        Version::V3 => match v4::Packet::read(&mut packet, 2 * LARGEST) {
            Ok(v4::Packet::Subscribe(read)) => Some((read.pkid, read.filters.into_iter().map(|filter| (filter.path, filter.qos as u8 > 0)).collect())),
            _ => None,
        },
        Version::V5 => match v5::Packet::read(&mut packet, None) {
            Ok(v5::Packet::Subscribe(read)) => Some((read.pkid, read.filters.into_iter().map(|filter| (filter.path, filter.qos as u8 > 0)).collect())),
            _ => None,
        },
    }
}

fn is_passed_on(version: Version, packet: &[u8], publish: &Publish, number: Option<u16>) {
    let expected = Some((publish.topic.clone(), publish.payload.to_vec(), publish.retain, u8::from(publish.acknowledged), number.unwrap_or(0)));
    assert_eq!(publication(version, packet), expected, "the library reads otherwise what is taken");
    for other in VERSIONS {
        let made = packets::publication(other, publish.acknowledged, publish.retain, publish);
        let mut made_of = made.bytes.to_vec();
        if let (Some(at), Some(number)) = (made.number_at, number) {
            made_of[at..at + 2].copy_from_slice(&number.to_be_bytes());
        }
        assert_eq!(publication(other, &made_of), expected, "the library reads otherwise what is passed on");
        // Properties are of the newer version alone, and need not be as short as they can be.
        let kept = if (version, other) == (Version::V5, Version::V5) { publish.properties.clone() } else { bytes::Bytes::new() };
        let again = Asked::Publish(Publish { properties: kept, ..publish.clone() }, number);
        if made_of.len() <= LARGEST {
            assert_eq!(read(&[&connect(other, b'a'), &made_of]).0.get(1), Some(&again), "{made_of:02x?}");
        }
    }
}

/// A line as a filter, and another as a name: what is either, and what matches, is what the client library says, as far as it knows.
pub fn mqtt_filters(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (wanted, name) = text.split_once('\n').unwrap_or((text, ""));
    let could_be = |text: &str| !text.is_empty() && text.len() <= 1_024 && !text.contains('\0');
    assert_eq!(filter::is_filter(wanted), could_be(wanted) && valid_filter(wanted));
    assert_eq!(filter::is_name(name), could_be(name) && valid_topic(name));
    if !filter::is_filter(wanted) || !filter::is_name(name) {
        return;
    }
    // The library cuts a name behind its first byte, and has no topic that begins with `$` match anything.
    if name.is_ascii() && !name.starts_with('$') {
        assert_eq!(filter::matches(wanted, name), matches(name, wanted));
    }
    assert!(filter::is_wild(wanted) || filter::matches(wanted, name) == (wanted == name), "without wildcards a filter is a name");
    assert!(filter::matches(name, name) && filter::matches("#", name) != name.starts_with('$'));
}

fn server() -> Rc<Server> {
    let limits = Limits { payload: 500, topics: 8, stored: 2_000, patience: Duration::ZERO, ..Limits::default() };
    Rc::new(Server { broker: Broker::new(limits), largest: LARGEST as u32, bound: ROOM, listeners: Cell::new(0) })
}

fn client(server: &Rc<Server>) -> Client<MqttSession> {
    Client::new(|outlet| MqttSession::new(Rc::clone(server), outlet))
}

/// A subscription to everything, with acknowledgements.
fn everything(version: Version) -> &'static [u8] {
    match version {
        Version::V3 => b"\x82\x06\x00\x01\x00\x01#\x01",
        Version::V5 => b"\x82\x07\x00\x01\x00\x00\x01#\x01",
    }
}

/// Bytes as all that a client says, and as what it says behind its introduction, in either version: whatever the broker says to it, and to others of either
/// version who are subscribed to everything, the client library reads; and where the bytes are cut changes nothing of what any of them is told.
pub fn mqtt_session(bytes: &[u8]) {
    let behind = VERSIONS.map(|version| [&connect(version, b'a')[..], bytes].concat());
    for said in [bytes, &behind[0], &behind[1]] {
        let mut introduced = Reader::new(LARGEST);
        introduced.push(said);
        let _ = introduced.read();
        let [single, cut] = cuts(said);
        let [whole, single, cut] = [vec![said], single, cut].map(|pieces| {
            let server = server();
            let mut listeners = VERSIONS.map(|_| client(&server));
            for ((listener, version), name) in listeners.iter_mut().zip(VERSIONS).zip(b'b'..) {
                listener.say(&[&connect(version, name), everything(version)]);
            }
            let mut client = client(&server);
            client.say(&pieces);
            (client.leave(), listeners.map(Client::leave))
        });
        is_readable(introduced.version().unwrap_or(Version::V3), whole.0.0.clone());
        for ((heard, _), version) in whole.1.iter().zip(VERSIONS) {
            is_readable(version, heard.clone());
        }
        for parts in [single, cut] {
            assert_eq!(parts, whole, "the pieces make a difference");
        }
    }
}

/// Holds what the broker said to what the client library can read.
fn is_readable(version: Version, mut said: BytesMut) {
    while !said.is_empty() {
        let before = said.clone();
        let read = match version {
            Version::V3 => v4::Packet::read(&mut said, ROOM).map(|_| ()).map_err(|error| error.to_string()),
            Version::V5 => v5::Packet::read(&mut said, None).map(|_| ()).map_err(|error| error.to_string()),
        };
        assert_eq!(read, Ok(()), "the broker said {before:02x?}");
    }
}
