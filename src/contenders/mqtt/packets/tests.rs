//! Packets as a client writes them, right and wrong, and as the library reads ours.

use proptest::prelude::*;
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::v5;

use super::*;

const CONNECT_3: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01a";
const CONNECT_5: &[u8] = b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01a";

/// What comes of a packet behind a CONNECT.
fn read(connect: &[u8], packet: &[u8]) -> Result<Option<Asked>, Reason> {
    let mut reader = Reader::new(1_000);
    reader.push(connect);
    assert!(matches!(reader.read(), Ok(Some(Asked::Connect(_)))));
    reader.push(packet);
    reader.read()
}

#[test]
fn introductions_read() {
    let mut reader = Reader::new(1_000);
    let will = b"\x10\x2B\x00\x04MQTT\x05\xEE\x00\x05\x08\x21\x00\x0A\x27\x00\x00\x10\x00\x00\x00\x0A\x18\x00\x00\x00\x05\x26\x00\x01k\x00\x01v\x00\x01t\x00\x01!\x00\x00\x00\x00";
    let mut will = will.to_vec();
    will[1] = (will.len() - 2) as u8;
    // The properties of the will are eleven bytes long.
    let at = will.iter().position(|byte| *byte == 0x18).unwrap() - 1;
    will[at] = 12;
    reader.push(&will);
    let Ok(Some(Asked::Connect(connect))) = reader.read() else { panic!("refused") };
    assert_eq!((connect.client.as_str(), connect.clean, connect.keep_alive, connect.receive_maximum, connect.largest), ("", true, 5, 10, 4096));
    let last = connect.will.unwrap();
    assert_eq!((last.topic.as_str(), &last.payload[..], last.retain, last.acknowledged), ("t", &b"!"[..], true, true));
    assert_eq!(&last.properties[..], b"\x26\x00\x01k\x00\x01v", "without the delay");
    assert_eq!(reader.version(), Some(Version::V5));
}

#[test]
fn what_is_wrong_has_its_reason() {
    let first = |packet: &[u8]| {
        let mut reader = Reader::new(1_000);
        reader.push(packet);
        reader.read().map(|asked| asked.is_some())
    };
    for (packet, reason) in [
        (&b"\xC0\x00"[..], Reason::Protocol),                                                 // a ping before anything else
        (b"\x10\x0D\x00\x04MQTT\x06\x02\x00\x3C\x00\x01a", Reason::Version),                  // version 6
        (b"\x10\x0D\x00\x04HTTP\x04\x02\x00\x3C\x00\x01a", Reason::Malformed),                // another protocol
        (b"\x10\x0D\x00\x04MQTT\x04\x03\x00\x3C\x00\x01a", Reason::Malformed),                // the reserved flag
        (b"\x10\x0D\x00\x04MQTT\x04\x42\x00\x3C\x00\x01a", Reason::Malformed),                // a password without a user
        (b"\x10\x0D\x00\x04MQTT\x04\x22\x00\x3C\x00\x01a", Reason::Malformed),                // a will that is none, retained
        (b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x02a", Reason::Malformed),                // a client's name cut off
        (b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01\0", Reason::Malformed),               // U+0000 as a name
        (b"\x10\x10\x00\x04MQTT\x04\x82\x00\x3C\x00\x01a\x00\x01\0", Reason::Malformed),      // as a user
        (b"\x10\x10\x00\x04MQTT\x04\x82\x00\x3C\x00\x01a\x00\x01\xFF", Reason::Malformed),    // a user that is no text
        (b"\x10\x0E\x00\x04MQTT\x04\x02\x00\x3C\x00\x01a!", Reason::Malformed),               // more than there should be
        (b"\x11\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01a", Reason::Malformed),                // flags that it does not have
        (b"\x10\xFF\xFF\xFF\xFF\x01", Reason::Malformed),                                     // a length of five bytes
        (b"\x10\xE9\x07", Reason::TooLarge),                                                  // 1,001 bytes
        (b"\x10\x11\x00\x04MQTT\x05\x02\x00\x3C\x03\x21\x00\x00\x00\x01a", Reason::Protocol), // no packet may be under way
        (b"\x10\x14\x00\x04MQTT\x05\x02\x00\x3C\x06\x21\x00\x01\x21\x00\x01\x00\x01a", Reason::Protocol), // a property twice
    ] {
        assert_eq!(first(packet), Err(reason), "{packet:02x?}");
    }
    assert_eq!(first(&CONNECT_5[..10]), Ok(false));
    for (connect, packet, reason) in [
        (CONNECT_3, &b"\x80\x06\x00\x01\x00\x01a\x00"[..], Reason::Malformed), // SUBSCRIBE without its flags
        (CONNECT_3, b"\x82\x02\x00\x01", Reason::Malformed),                   // of nothing
        (CONNECT_3, b"\x82\x06\x00\x00\x00\x01a\x00", Reason::Protocol),       // numbered 0
        (CONNECT_3, b"\x82\x06\x00\x01\x00\x01a\x03", Reason::Malformed),      // of quality 3
        (CONNECT_3, b"\x82\x06\x00\x01\x00\x01\xFF\x00", Reason::Malformed),   // of what is no text
        (CONNECT_3, b"\x82\x06\x00\x01\x00\x01\0\x00", Reason::Malformed),     // of U+0000
        (CONNECT_3, b"\xA2\x05\x00\x02\x00\x01\0", Reason::Malformed),         // UNSUBSCRIBE from it
        (CONNECT_3, b"\x30\x04\x00\x01\0!", Reason::Malformed),                // PUBLISH of it
        (CONNECT_5, b"\x30\x0B\x00\x01a\x07\x26\x00\x01k\x00\x01\0", Reason::Malformed), // it in a property
        (CONNECT_5, b"\x82\x07\x00\x01\x00\x00\x01a\x30", Reason::Protocol),   // a way of retaining that does not exist
        (CONNECT_3, b"\x36\x06\x00\x01a\x00\x01!", Reason::Malformed),         // PUBLISH of quality 3
        (CONNECT_3, b"\x32\x05\x00\x01a\x00\x00", Reason::Protocol),           // numbered 0
        (CONNECT_5, b"\x30\x06\x00\x01a\x02\x0B\x01", Reason::Protocol),       // a property that no client may send
        (CONNECT_5, b"\x30\x06\x00\x01a\x02\xFF\x01", Reason::Malformed),      // one that does not exist
        (CONNECT_3, b"\x00\x00", Reason::Malformed),                           // the kind 0
    ] {
        assert_eq!(read(connect, packet).map(|_| ()), Err(reason), "{packet:02x?}");
    }
    for (connect, packet, expected) in [
        (CONNECT_3, &b"\x34\x06\x00\x01a\x00\x01!"[..], Reason::Quality),
        (CONNECT_5, b"\x30\x07\x00\x01a\x03\x23\x00\x01", Reason::Alias),
        (CONNECT_5, b"\x82\x09\x00\x01\x02\x0B\x01\x00\x01a\x00", Reason::Identifier),
        (CONNECT_5, b"\xF0\x00", Reason::Protocol),
        (CONNECT_3, b"\xF0\x00", Reason::Protocol),
        (CONNECT_3, b"\x20\x02\x00\x00", Reason::Protocol),
        (CONNECT_3, CONNECT_3, Reason::Protocol),
    ] {
        assert!(matches!(read(connect, packet), Ok(Some(Asked::Wrong(reason))) if reason == expected), "{packet:02x?}");
    }
    assert!(matches!(read(CONNECT_5, b"\xE0\x00"), Ok(Some(Asked::Leave { with_will: false }))));
    assert!(matches!(read(CONNECT_5, b"\xE0\x01\x00"), Ok(Some(Asked::Leave { with_will: false }))));
    assert!(matches!(read(CONNECT_3, b"\xE0\x00"), Ok(Some(Asked::Leave { with_will: false }))));
    // MQTT 5 §3.1.2.5: whatever the reason, the will is published, but for a normal end.
    for reason in [b"\xE0\x01\x04", b"\xE0\x01\x80", b"\xE0\x01\x81", b"\xE0\x01\x97"] {
        assert!(matches!(read(CONNECT_5, reason), Ok(Some(Asked::Leave { with_will: true }))), "{reason:02x?}");
    }
    assert!(matches!(read(CONNECT_5, b"\x40\x04\x00\x07\x10\x00"), Ok(Some(Asked::Acknowledge(7)))));
}

#[test]
fn the_library_reads_what_we_write() {
    let publish = Publish {
        topic: "topic-000001".to_owned(),
        payload: Bytes::from_static(b"news"),
        retain: true,
        acknowledged: true,
        properties: Bytes::from_static(b"\x01\x01"),
    };
    for size in [0, 200, 100_000] {
        let publish = Publish { payload: vec![b'x'; size].into(), ..publish.clone() };
        for acknowledged in [false, true] {
            let fill = |version| {
                let made = publication(version, acknowledged, true, &publish);
                let mut bytes = BytesMut::from(&made.bytes[..]);
                assert_eq!(made.number_at.is_some(), acknowledged);
                if let Some(at) = made.number_at {
                    bytes[at..at + 2].copy_from_slice(&[1, 2]);
                }
                bytes
            };
            let number = if acknowledged { 258 } else { 0 };
            let Ok(v4::Packet::Publish(three)) = v4::Packet::read(&mut fill(Version::V3), 1 << 20) else { panic!("no publication") };
            assert_eq!((three.topic.as_str(), three.payload.len(), three.retain, three.pkid), ("topic-000001", size, true, number));
            let Ok(v5::Packet::Publish(five)) = v5::Packet::read(&mut fill(Version::V5), None) else { panic!("no publication") };
            assert_eq!((&five.topic[..], five.payload.len(), five.retain, five.pkid), (&b"topic-000001"[..], size, true, number));
            assert_eq!(five.properties.unwrap().payload_format_indicator, Some(1));
        }
    }
    let said = [
        Said::Welcome(Some("client-1".to_owned()), 1 << 20),
        Said::NotWelcome(Reason::Client),
        Said::Acknowledged(7, Reason::Success),
        Said::Acknowledged(7, Reason::Quota),
        Said::Subscribed(7, vec![Reason::Success, Reason::Granted1, Reason::Filter]),
        Said::Unsubscribed(7, vec![Reason::NoSubscription]),
        Said::Pong,
        Said::Over(Reason::TakenOver),
    ];
    for said in said {
        let five = BytesMut::from(&write(Version::V5, &said).unwrap()[..]);
        let read = v5::Packet::read(&mut five.clone(), None);
        assert!(read.is_ok(), "{said:?}: {read:?} {five:02x?}");
        if let Some(three) = write(Version::V3, &said) {
            let read = v4::Packet::read(&mut BytesMut::from(&three[..]), 1 << 20);
            assert!(read.is_ok(), "{said:?}: {read:?}");
        } else {
            assert!(matches!(said, Said::Acknowledged(_, Reason::Quota) | Said::Over(_)));
        }
    }
}

proptest! {
    /// Whatever comes is read or refused, in any pieces alike.
    #[test]
    fn any_bytes_are_packets_or_none(kind in 0u8..16, bytes in prop::collection::vec(any::<u8>(), 0..100), five: bool, cut in 1usize..5) {
        let flags = if matches!(kind, 6 | 8 | 10) { 2 } else { 0 };
        let mut packet = vec![kind << 4 | flags, bytes.len() as u8];
        packet.extend_from_slice(&bytes);
        let connect = if five { CONNECT_5 } else { CONNECT_3 };
        let whole = format!("{:?}", read(connect, &packet));
        let mut reader = Reader::new(1_000);
        reader.push(connect);
        let _ = reader.read();
        let mut last = Ok(None);
        for piece in packet.chunks(cut) {
            reader.push(piece);
            last = reader.read();
            if !matches!(last, Ok(None)) {
                break;
            }
        }
        prop_assert_eq!(whole, format!("{:?}", last));
        let mut first = Reader::new(1_000);
        first.push(&[&[0x10, bytes.len() as u8 + 7, 0, 4][..], b"MQTT", &[if five { 5 } else { 4 }], &bytes].concat());
        let _ = first.read();
    }
}
