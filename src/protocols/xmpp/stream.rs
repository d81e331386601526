//! The bytes of a stream over TCP, as events for its session.

use std::rc::Rc;

use crate::measure::ledger::Meter;

use super::counter::Counter;
use super::errors::StreamCondition;
use super::framing::Framing;
use super::outlet::Outlet;
use super::reader::StreamReader;
use super::server::Server;
use super::session::{Flow, Session};

/// A client's stream.
pub struct Stream {
    outlet: Rc<dyn Outlet>,
    reader: StreamReader,
    /// What the bytes are about.
    pub session: Session,
}

impl Stream {
    /// For a connection just opened.
    pub fn new(server: Rc<Server>, outlet: Rc<dyn Outlet>, meter: Meter) -> Self {
        let session = Session::new(server, Rc::clone(&outlet), Framing::Stream, Counter::Stanzas(meter));
        Self { outlet, reader: StreamReader::new(session.largest()), session }
    }

    /// Takes bytes in; everything that follows from them has been done or queued when it returns.
    pub fn feed(&mut self, mut input: &[u8]) -> Flow {
        let flow = loop {
            let event = match self.reader.next(&mut input) {
                Ok(Some(event)) => event,
                Ok(None) => break Flow::Continue,
                Err(condition) => break self.session.fail(condition),
            };
            match self.session.take(event) {
                // Who has been cut off is not served any more, whatever else it has sent.
                Flow::Continue if self.outlet.is_cut_off() => break Flow::Continue,
                Flow::Continue => self.reader.allow(self.session.largest()),
                Flow::Restart => self.reader.restart(),
                flow => break flow,
            }
        };
        self.reader.rest();
        flow
    }

    /// Which of the client's elements has begun and not ended, by its number.
    pub fn under_way(&self) -> Option<u64> {
        self.reader.under_way()
    }

    /// The layer below is TLS now.
    pub fn secured(&mut self) {
        self.session.secured();
        self.reader.restart();
    }

    /// Ends the stream with an error; nothing where it has ended.
    pub fn fail(&mut self, condition: StreamCondition) -> Flow {
        self.session.fail(condition)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::sasl::MECHANISMS;
    use super::super::server::Bounds;
    use super::*;
    use crate::measure::ledger::{Ledger, Leg};

    const HEADER: &str = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";
    const LOGIN: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAc2VjcmV0</auth>";
    const BIND: &str = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>";
    const WORK: &str = "<iq type='set' id='1' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='n'/></pubsub></iq>\
                        <iq type='set' id='2' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='n' jid='a@localhost/r'/></pubsub></iq>\
                        <iq type='set' id='3' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item id='i'>\
                        <update xmlns='urn:pushbench:update:0'>x&amp;y</update></item></publish></pubsub></iq>\
                        <presence/><message to='a@localhost'><body>hi</body></message></stream:stream>";

    #[derive(Default)]
    struct Written(RefCell<String>);

    impl Outlet for Written {
        fn send(&self, pieces: &[&[u8]]) {
            pieces.iter().for_each(|piece| self.0.borrow_mut().push_str(std::str::from_utf8(piece).unwrap()));
        }

        fn close(&self) {}
    }

    /// What a session says to some bytes, from the binding on: before that are nonces.
    fn answers(server: &Rc<Server>, pieces: &[&[u8]]) -> (Flow, String, Ledger) {
        let (outlet, ledger) = (Rc::new(Written::default()), Ledger::default());
        let mut session = Stream::new(Rc::clone(server), Rc::clone(&outlet) as Rc<dyn Outlet>, ledger.meter());
        let mut flow = Flow::Continue;
        for piece in pieces {
            flow = session.feed(piece);
            if flow != Flow::Continue {
                break;
            }
        }
        let written = outlet.0.borrow().rsplit("</stream:features>").next().unwrap_or_default().to_owned();
        (flow, written, ledger)
    }

    fn server() -> Rc<Server> {
        let bounds = Bounds { stanza: 2_000, payload: 1_000, queue: 10_000, nodes: 10, stored: 100_000, connections: 10, patience: Duration::ZERO };
        Rc::new(Server::new(bounds, "secret", None).unwrap())
    }

    #[test]
    fn a_whole_session_however_the_bytes_are_cut() {
        let text = [HEADER, LOGIN, HEADER, BIND, WORK].concat();
        let (flow, whole, ledger) = answers(&server(), &[text.as_bytes()]);
        assert_eq!(flow, Flow::Close);
        assert!(whole.starts_with("<iq type='result' id='b'>") && whole.ends_with("</message></stream:stream>"), "{whole}");
        assert!(whole.contains(">x&amp;y</update>"), "{whole}");
        let traffic = ledger.traffic(Leg::Publisher);
        assert_eq!((traffic.handshake_up, traffic.handshake_down), (5, 7), "header, auth, header, bind, footer; and with features twice and success");
        assert_eq!((traffic.stanzas_up, traffic.stanzas_down), (5, 6), "three results, a notification, a presence, a message");
        assert_eq!(traffic.payload_bytes, 6, "three bytes up, three down");
        // One server for all cuts, since making one is slow. From now on the node exists, and its last item comes on subscribing.
        let server = server();
        answers(&server, &[text.as_bytes()]);
        let without_stamp =
            |text: String| text.split(" stamp='").map(|part| part.trim_start_matches(|letter| "0123456789-:.TZ".contains(letter))).collect::<String>();
        let without_number =
            |text: String| text.split(" id='n").map(|part| part.trim_start_matches(|letter: char| letter.is_ascii_digit())).collect::<String>();
        let again = without_number(without_stamp(answers(&server, &[text.as_bytes()]).1));
        assert!(again.contains("<conflict ") && again.contains("<delay "), "{again}");
        for cut in 0..text.len() {
            let (one, two) = text.as_bytes().split_at(cut);
            let (flow, parts, ledger) = answers(&server, &[one, two]);
            assert_eq!((flow, without_number(without_stamp(parts))), (Flow::Close, again.clone()), "cut at {cut}");
            let traffic = ledger.traffic(Leg::Publisher);
            assert_eq!((traffic.handshake_up, traffic.handshake_down, traffic.stanzas_up), (5, 7, 5), "cut at {cut}");
        }
    }

    proptest! {
        // Each case derives two keys from the password, which is meant to be slow.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn damaged_requests_never_panic(at in 0..WORK.len(), with in proptest::collection::vec(any::<u8>(), 0..4), length in 0..4_usize) {
            let mut work = WORK.as_bytes().to_vec();
            work.splice(at..(at + length).min(WORK.len()), with);
            let text = [HEADER, LOGIN, HEADER, BIND].concat();
            answers(&server(), &[text.as_bytes(), &work]);
        }

        #[test]
        fn sasl_takes_any_bytes(mechanism in 0..MECHANISMS.len(), text in "[A-Za-z0-9+/=]{0,40}", response in "[A-Za-z0-9+/=]{0,40}") {
            let auth = format!("{HEADER}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='{}'>{text}</auth>", MECHANISMS[mechanism]);
            answers(&server(), &[auth.as_bytes(), format!("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{response}</response>").as_bytes()]);
        }
    }
}
