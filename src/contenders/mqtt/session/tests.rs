//! Sessions by hand: bytes in, in pieces of any size, and bytes out.

use super::*;
use crate::contender::Limits;
use crate::measure::ledger::Ledger;

const CONNECT_3: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01a";
const CONNECT_5: &[u8] = b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01a";
const SUBSCRIBE_3: &[u8] = b"\x82\x06\x00\x01\x00\x01a\x00";
const SUBSCRIBE_5: &[u8] = b"\x82\x07\x00\x01\x00\x00\x01a\x00";
const UNSUBSCRIBE_3: &[u8] = b"\xA2\x05\x00\x02\x00\x01a";
const PUBLISH_3: &[u8] = b"\x30\x07\x00\x01anews";
/// What a client of version 3.1.1 is told: it may come in, it is subscribed.
const WELCOME_3: &[u8] = b"\x20\x02\x00\x00";
const SUBSCRIBED_3: &[u8] = b"\x90\x03\x00\x01\x00";

fn server(stored: usize) -> Rc<Server> {
    let broker = Broker::new(Limits { stored, ..Limits::default() });
    Rc::new(Server { broker, largest: 100_000, bound: 100_000, listeners: Cell::new(0) })
}

/// A connection, and whether it goes on.
struct Client {
    outlet: Rc<Outlet>,
    session: MqttSession,
    ledger: Ledger,
}

impl Client {
    fn new(server: &Rc<Server>) -> Self {
        let ledger = Ledger::default();
        let outlet = Rc::new(Outlet::into_queue(ledger.meter(), 100_000));
        Self { session: MqttSession::new(Rc::clone(server), Rc::clone(&outlet)), outlet, ledger }
    }

    /// Says it as the server's loop would have it said; what is answered.
    fn say(&mut self, piece: &[u8]) -> Vec<u8> {
        if self.outlet.is_open() {
            if self.session.feed(piece) == Flow::Close {
                self.outlet.close();
            }
            while self.outlet.is_open() && self.session.pour(50_000) {}
        }
        self.outlet.take().to_vec()
    }
}

/// Whole, in two at any place, and byte by byte.
fn cuts(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let two = (1..bytes.len()).map(|at| vec![&bytes[..at], &bytes[at..]]);
    [vec![bytes], bytes.chunks(1).collect()].into_iter().chain(two).collect()
}

#[test]
fn whatever_follows_a_subscription_comes_behind_it_however_it_is_cut() {
    let unsubscribed = b"\xB0\x02\x00\x02";
    for (what, said, answers, open) in [
        ("UNSUBSCRIBE", [CONNECT_3, SUBSCRIBE_3, UNSUBSCRIBE_3, PUBLISH_3].concat(), [WELCOME_3, SUBSCRIBED_3, unsubscribed].concat(), true),
        ("PUBLISH", [CONNECT_3, SUBSCRIBE_3, PUBLISH_3].concat(), [WELCOME_3, SUBSCRIBED_3, PUBLISH_3].concat(), true),
        ("PINGREQ", [CONNECT_3, SUBSCRIBE_3, b"\xC0\x00"].concat(), [WELCOME_3, SUBSCRIBED_3, b"\xD0\x00"].concat(), true),
        ("another one", [CONNECT_3, SUBSCRIBE_3, SUBSCRIBE_3].concat(), [WELCOME_3, SUBSCRIBED_3, SUBSCRIBED_3].concat(), true),
        ("DISCONNECT", [CONNECT_3, SUBSCRIBE_3, b"\xE0\x00"].concat(), [WELCOME_3, SUBSCRIBED_3].concat(), false),
        ("no packet", [CONNECT_3, SUBSCRIBE_3, b"\x00\x00"].concat(), [WELCOME_3, SUBSCRIBED_3].concat(), false),
    ] {
        for pieces in cuts(&said) {
            let mut client = Client::new(&server(1_000));
            let heard: Vec<u8> = pieces.iter().flat_map(|piece| client.say(piece)).collect();
            let sizes: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
            assert_eq!((heard, client.outlet.is_open()), (answers.clone(), open), "{what} in pieces of {sizes:?}");
        }
    }
    // Who is told why it is closed is told that last.
    let said = [CONNECT_5, SUBSCRIBE_5, b"\x00\x00"].concat();
    let mut client = Client::new(&server(1_000));
    assert!(client.say(&said).ends_with(b"\x90\x04\x00\x01\x00\x00\xE0\x02\x81\x00"));
}

#[test]
fn what_a_subscription_holds_up_is_counted_when_the_connection_ends() {
    let mut client = Client::new(&server(1_000));
    client.session.feed(&[CONNECT_3, SUBSCRIBE_3, PUBLISH_3, b"\xC0\x00"].concat());
    client.outlet.breaks();
    client.session.ended();
    let traffic = client.ledger.traffic(crate::measure::ledger::Leg::Publisher);
    assert_eq!((traffic.handshake_up, traffic.events_up, traffic.payload_bytes), (1, 3, 4));
}

#[test]
fn a_name_that_the_broker_chooses_is_nobody_elses() {
    let server = server(1_000);
    let named: Vec<Client> = [b"\x10\x14\x00\x04MQTT\x04\x02\x00\x3C\x00\x08client-3", b"\x10\x14\x00\x04MQTT\x04\x02\x00\x3C\x00\x08client-4"]
        .iter()
        .map(|connect| {
            let mut client = Client::new(&server);
            assert_eq!(client.say(*connect), WELCOME_3);
            client
        })
        .collect();
    for expected in ["client-3-2", "client-4-2"] {
        let mut nameless = Client::new(&server);
        let welcome = nameless.say(b"\x10\x0D\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x00");
        assert!(welcome.ends_with(expected.as_bytes()), "{welcome:02x?}");
    }
    assert!(named.iter().all(|client| client.outlet.is_open()), "nobody was taken for another");
}

#[test]
fn nobody_gets_a_packet_that_is_larger_than_it_takes() {
    // CONNACK has 21 bytes; a name that is assigned comes on top.
    let connect = |most: u8, name: &[u8]| {
        let content = [&b"\x00\x04MQTT\x05\x02\x00\x3C\x05\x27\x00\x00\x00"[..], &[most], &(name.len() as u16).to_be_bytes(), name].concat();
        [&[0x10, content.len() as u8][..], &content].concat()
    };
    for (connect, welcome) in [(connect(21, b"a"), 21), (connect(20, b"a"), 0), (connect(21, b""), 0)] {
        let mut client = Client::new(&server(1_000));
        assert_eq!(client.say(&connect).len(), welcome);
        assert_eq!(client.outlet.is_open(), welcome > 0);
    }
    let subscribe = |filters: usize| {
        let content = [&b"\x00\x01\x00"[..], &b"\x00\x01a\x00".repeat(filters)].concat();
        [&[0x82, content.len() as u8][..], &content].concat()
    };
    for (filters, answer) in [(16, 21), (17, 0)] {
        let mut client = Client::new(&server(1_000));
        client.say(&connect(21, b"a"));
        assert_eq!(client.say(&subscribe(filters)).len(), answer);
        assert_eq!(client.outlet.is_open(), answer > 0);
    }
    let mut refused = Client::new(&server(1_000));
    let content = b"\x00\x04MQTT\x05\x00\x00\x3C\x05\x27\x00\x00\x00\x04\x00\x00";
    assert_eq!(refused.say(&[&[0x10, content.len() as u8][..], content].concat()), b"", "not even why it may not come in, which takes five bytes");
}

#[test]
fn a_will_takes_room_until_it_is_published_or_taken_back() {
    let connect = |payload: usize| {
        let content = [&b"\x00\x04MQTT\x05\x06\x00\x3C\x00\x00\x01a\x00\x00\x04will"[..], &(payload as u16).to_be_bytes(), &vec![b'x'; payload]].concat();
        [&[0x10, content.len() as u8][..], &content].concat()
    };
    let server = server(100);
    let mut client = Client::new(&server);
    assert_eq!(client.say(&connect(97)), [0x20, 3, 0, 0x97, 0]);
    for end in [&b"\xE0\x00"[..], b"\xE0\x01\x80", b"\x00\x00"] {
        let mut client = Client::new(&server);
        assert_eq!(client.say(&connect(96)).first(), Some(&0x20));
        assert_eq!(server.broker.stored(), 100);
        client.say(end);
        assert_eq!(server.broker.stored(), 0, "{end:02x?}");
    }
}
