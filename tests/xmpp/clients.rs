//! Both clients of `xmpp-pubsub` against servers that others could have written: other ways of writing, bytes cut
//! anywhere, requests in the midst of notifications, silence, floods, endings. What holds for one holds for the other.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::support::{
    CLIENTS, Counts, LOGIN_THEN_SILENCE, LONG, counted, for_each_client, on_one_thread, protocol, publisher, scripted, serve, subscriber, text,
};
use pushbench::contender::topic::Topic;
use pushbench::contender::{Fault, Limits, ServerAddress};
use pushbench::measure::ledger::Leg;
use pushbench::measure::traffic::Traffic;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

/// A login with ANONYMOUS of a server that has other habits: prefixes for everything, double quotes, white space.
const FOREIGN_LOGIN: &[&str] = &[
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<stream xmlns=\"http://etherx.jabber.org/streams\" xmlns:c=\"jabber:client\" id=\"1\" version=\"1.0\" xml:lang=\"en\">\n\
     <features><s:mechanisms xmlns:s=\"urn:ietf:params:xml:ns:xmpp-sasl\"><s:mechanism>PLAIN</s:mechanism><s:mechanism>ANONYMOUS</s:mechanism></s:mechanisms></features>",
    "<s:success xmlns:s=\"urn:ietf:params:xml:ns:xmpp-sasl\"/>",
    "<?xml version=\"1.0\"?><stream xmlns=\"http://etherx.jabber.org/streams\" xmlns:c=\"jabber:client\" xmlns:e=\"http://jabber.org/protocol/pubsub#event\" id=\"2\" version=\"1.0\">\
     <features><b:bind xmlns:b=\"urn:ietf:params:xml:ns:xmpp-bind\"/></features>",
    "<c:iq type=\"result\" id=\"bind\"><b:bind xmlns:b=\"urn:ietf:params:xml:ns:xmpp-bind\"><b:jid>a@localhost/b&apos;c</b:jid></b:bind></c:iq>",
];

async fn listen() -> (TcpListener, ServerAddress) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
    (listener, address)
}

/// Accepts a client and sees it through its login.
async fn logged_in(listener: &TcpListener, login: &[&str]) -> TcpStream {
    let (mut socket, _) = listener.accept().await.unwrap();
    socket.set_nodelay(true).unwrap();
    let mut buffer = [0; 4096];
    for line in login {
        if socket.read(&mut buffer).await.unwrap() == 0 {
            // The client says why it has left.
            break;
        }
        socket.write_all(line.as_bytes()).await.unwrap();
    }
    socket
}

/// Lets a subscriber of nothing run against a server that has logged it in, and says how it ended.
async fn listens(client: &str, address: &ServerAddress, inbox: &Rc<Counts>) -> Result<(), Fault> {
    let anonymous = protocol(&[("client", client), ("sasl", "anonymous")]);
    let mut subscriber = subscriber(&*anonymous, address, 0, &[], inbox, LONG).await?;
    let ran = subscriber.run(CancellationToken::new()).await;
    subscriber.close().await;
    ran
}

/// A subscriber that hears `pieces`, and then that the stream is over.
async fn hears(client: &str, login: &[&str], pieces: &[&[u8]]) -> (Rc<Counts>, String) {
    let (listener, address) = listen().await;
    let inbox = Rc::<Counts>::default();
    let server = async {
        let mut socket = logged_in(&listener, login).await;
        for piece in pieces {
            if socket.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let _ = socket.shutdown().await;
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest).await;
    };
    let (ran, ()) = tokio::join!(listens(client, &address, &inbox), server);
    (inbox, ran.unwrap_err().to_string())
}

fn notification(prefix: &str, update: &str) -> String {
    let (message, event) = (format!("{prefix}message"), "event xmlns='http://jabber.org/protocol/pubsub#event'");
    format!("<{message} from='pubsub.localhost' to='a@localhost/b'><{event}><items node='n'><item id='1'>{update}</item></items></event></{message}>")
}

fn update(text: &str) -> String {
    format!("<update xmlns='urn:pushbench:update:0'>{text}</update>")
}

/// Everything but bytes, of which requests have more or less as each client writes them.
fn counts(traffic: &Traffic) -> Traffic {
    Traffic { bytes_up: 0, ..traffic.clone() }
}

#[test]
fn other_ways_of_writing_mean_the_same() {
    for_each_client(async |client| {
        let pieces = [
            notification("c:", &update("a&amp;b&#x41;<![CDATA[<c>]]>")),
            " \n\t ".to_owned(),
            "<c:message><e:event><e:items node=\"n\"><e:item><u:update xmlns:u=\"urn:pushbench:update:0\" encoding=\"base64\">AP8=</u:update></e:item></e:items></e:event></c:message>".to_owned(),
            notification("c:", "<other xmlns='x'/>"),
            notification("c:", &(update("first") + "</item><item id='2'>" + &update("second"))),
            "<c:presence from=\"x@localhost\"/>".to_owned(),
            "<c:iq type=\"set\" id=\"&lt;1&gt;\" from=\"localhost\"><q:query xmlns:q=\"q\"/></c:iq>".to_owned(),
            "</stream>".to_owned(),
        ];
        let (inbox, end) = hears(client, FOREIGN_LOGIN, &pieces.each_ref().map(|piece| piece.as_bytes())).await;
        assert_eq!(end, "the XMPP stream: closed by the server");
        assert_eq!(*inbox.payloads.borrow(), [&b"a&bA<c>"[..], b"\0\xff", b"first"]);
        let traffic = inbox.traffic.borrow();
        assert_eq!((traffic.stanzas_down, traffic.stanzas_up), (6, 1));
        assert_eq!((traffic.handshake_up, traffic.handshake_down), (5, 7), "a login with ANONYMOUS and two footers");
    });
}

#[test]
fn however_the_bytes_are_cut_both_clients_count_the_same() {
    let mut stream = String::new();
    for index in 0..40 {
        stream += &notification("", &update(&format!("update {index} with ä€ &amp; more")));
        if index % 4 == 0 {
            stream += "<iq type='get' id='p' from='localhost'><ping xmlns='urn:xmpp:ping'/></iq>\n";
        }
    }
    stream += "<presence/><iq type='result' id='late'/></stream:stream>";
    let bytes = stream.as_bytes();
    on_one_thread(async {
        let mut seen = Vec::new();
        // Whole, byte by byte, and in pieces of up to so many bytes, the sizes of which no one can guess.
        for longest in [bytes.len(), 1, 2, 7, 50, 400, 5_000] {
            let (mut pieces, mut rest, mut dice) = (Vec::new(), bytes, longest as u64);
            while !rest.is_empty() {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let size = if longest == bytes.len() { longest } else { 1 + (dice >> 33) as usize % longest };
                let (piece, after) = rest.split_at(size.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            for client in CLIENTS {
                let (inbox, end) = hears(client, LOGIN_THEN_SILENCE, &pieces).await;
                let (payloads, traffic, unasked) = (inbox.payloads.take(), counts(&inbox.traffic.borrow()), *inbox.unasked.borrow());
                assert_eq!(payloads.len(), 40, "{client}, pieces of up to {longest}");
                assert_eq!(traffic.bytes_down as usize, bytes.len() + LOGIN_THEN_SILENCE.iter().map(|line| line.len()).sum::<usize>());
                seen.push((format!("{client}, pieces of up to {longest}"), (payloads, traffic, unasked, end)));
            }
        }
        let (_, first) = seen[0].clone();
        for (who, other) in seen {
            assert_eq!(other, first, "{who}");
        }
    });
}

#[test]
fn both_clients_count_the_same_in_the_same_trial() {
    on_one_thread(async {
        let mut seen = Vec::new();
        for client in CLIENTS {
            let (protocol, server) = (protocol(&[("client", client)]), serve(&[], Limits::default()).await);
            let (publishing, listening) = (Rc::<Counts>::default(), Rc::<Counts>::default());
            let topics = [Topic(0), Topic(1)];
            let publisher = publisher(&*protocol, &server.address, &publishing, LONG).await.unwrap();
            publisher.create(topics.iter().map(|topic| (*topic, text(*topic, 0).into())).collect()).await.unwrap();
            let mut subscriber = subscriber(&*protocol, &server.address, 0, &topics, &listening, LONG).await.unwrap();
            let stop = CancellationToken::new();
            let work = async {
                for version in 1..=50 {
                    for topic in topics {
                        publisher.publish(topic, text(topic, version).into()).await.unwrap();
                    }
                }
                listening.payloads(102).await;
                stop.cancel();
            };
            let (ran, ()) = tokio::join!(subscriber.run(stop.clone()), work);
            ran.unwrap();
            subscriber.close().await;
            publisher.close().await;
            let ledger = server.ledger.clone();
            server.end().await;
            assert_eq!(counted(&ledger, Leg::Publisher), *publishing.traffic.borrow(), "{client}");
            assert_eq!(counted(&ledger, Leg::Subscriber), *listening.traffic.borrow(), "{client}");
            // The server's name for an item and the user's are equally long, so that what comes down is the same to the byte.
            let (one, other) = (counts(&publishing.traffic.borrow()), counts(&listening.traffic.borrow()));
            seen.push((one, other, listening.payloads.take(), *listening.unasked.borrow()));
        }
        assert_eq!(seen[0], seen[1]);
    });
}

#[test]
fn a_subscriber_that_answers_while_it_listens_hears_everything() {
    const NOTIFICATIONS: usize = 6_000;
    for_each_client(async |client| {
        let (listener, address) = listen().await;
        let (inbox, pings) = (Rc::<Counts>::default(), NOTIFICATIONS / 3);
        let server = async {
            let (mut reading, mut writing) = logged_in(&listener, LOGIN_THEN_SILENCE).await.into_split();
            let write = async {
                let mut dice = 1_u64;
                let mut waiting = Vec::new();
                for index in 0..NOTIFICATIONS {
                    waiting.extend(notification("", &update(&index.to_string())).into_bytes());
                    if index % 3 == 0 {
                        waiting.extend(b"<iq type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>");
                    }
                    dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let now = (dice >> 33) as usize % (waiting.len() + 1);
                    writing.write_all(&waiting[..now]).await.unwrap();
                    waiting.drain(..now);
                    if dice >> 62 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                writing.write_all(&waiting).await.unwrap();
                std::future::pending::<()>().await;
            };
            let read = async {
                let (mut seen, mut pongs) = (String::new(), 0);
                let mut buffer = vec![0; 4096];
                while pongs < pings {
                    let read = reading.read(&mut buffer).await.unwrap();
                    assert!(read > 0, "closed after {pongs} answers");
                    seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
                    pongs += seen.matches("ping").count();
                    let end = seen.rfind('>').map_or(0, |end| end + 1);
                    seen.drain(..end);
                }
                inbox.payloads(NOTIFICATIONS).await;
            };
            tokio::select! { () = write => unreachable!("it waits for ever"), () = read => {} }
        };
        tokio::select! { () = server => {}, ran = listens(client, &address, &inbox) => panic!("{client}: {ran:?}") }
        let expected: Vec<Vec<u8>> = (0..NOTIFICATIONS).map(|index| index.to_string().into_bytes()).collect();
        assert!(*inbox.payloads.borrow() == expected, "{client}: all, in order");
        assert_eq!(inbox.traffic.borrow().stanzas_up, pings as u64);
    });
}

#[test]
fn a_publisher_is_answered_while_it_is_asked() {
    for_each_client(async |client| {
        let (listener, address) = listen().await;
        let pongs = Cell::new(0);
        let server = async {
            let mut socket = logged_in(&listener, LOGIN_THEN_SILENCE).await;
            let mut seen = String::new();
            let mut buffer = vec![0; 65_536];
            loop {
                let read = socket.read(&mut buffer).await.unwrap();
                if read == 0 {
                    return;
                }
                seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
                let mut answers = String::new();
                while let Some(at) = seen.find("</iq>").map(|at| at + 5).or_else(|| seen.find("/>").filter(|_| seen.contains("ping")).map(|at| at + 2)) {
                    let stanza: String = seen.drain(..at).collect();
                    let quote = if stanza.contains("id='") { '\'' } else { '"' };
                    let id = stanza.split(&format!(" id={quote}")).nth(1).and_then(|rest| rest.split(quote).next()).unwrap().to_owned();
                    if id == "ping" {
                        pongs.set(pongs.get() + 1);
                    } else {
                        answers += &format!("<iq type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq><iq type='result' id='{id}'/>");
                    }
                }
                // In two pieces, so that the client is sending when the second comes.
                let (one, two) = answers.split_at(answers.len() / 2);
                socket.write_all(one.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
                socket.write_all(two.as_bytes()).await.unwrap();
            }
        };
        let work = async {
            let anonymous = protocol(&[("client", client), ("sasl", "anonymous")]);
            let publisher = publisher(&*anonymous, &address, &Rc::default(), LONG).await.unwrap();
            for round in 0..40 {
                let all = futures::future::join_all((0..25).map(|topic| publisher.publish(Topic(topic), text(Topic(topic), round).into()))).await;
                assert!(all.iter().all(Result::is_ok), "{client}: {all:?}");
            }
            publisher.close().await;
        };
        tokio::join!(server, work);
        assert!(pongs.get() >= 1_000 - 25, "{client}: {} answers to 1,000 pings", pongs.get());
    });
}

#[test]
fn a_server_that_asks_and_does_not_read_fills_no_memory() {
    for_each_client(async |client| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
        let inbox = Rc::<Counts>::default();
        let server = async {
            let ping = b"<iq type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>";
            let (mut reading, mut writing) = logged_in(&listener, LOGIN_THEN_SILENCE).await.into_split();
            let many = ping.repeat(1_000);
            let (mut sent, mut at) = (0, 0);
            // What the kernel takes for both, and not a byte more than a few hundred answers.
            while let Ok(written) = tokio::time::timeout(Duration::from_millis(700), writing.write(&many[at..])).await {
                let written = written.unwrap();
                (sent, at) = (sent + written, (at + written) % many.len());
                assert!(sent < 64 << 20, "{client} reads and reads");
            }
            assert!(sent > 0);
            // Once it is read from, it goes on.
            let rest = async {
                writing.write_all(&many[at..]).await.unwrap();
                std::future::pending::<()>().await;
            };
            let wanted = (sent + many.len() - at) / ping.len();
            let read = async {
                let (mut pongs, mut buffer) = (0, vec![0; 65_536]);
                let mut cut = 0;
                while pongs < wanted {
                    let read = reading.read(&mut buffer[cut..]).await.unwrap();
                    assert!(read > 0, "closed after {pongs} of {wanted}");
                    let text = &buffer[..cut + read];
                    pongs += text.windows(4).filter(|window| window == b"ping").count();
                    // An answer's name may be cut in two.
                    let keep = text.len().min(3);
                    let from = text.len() - keep;
                    buffer.copy_within(from..from + keep, 0);
                    cut = keep;
                }
            };
            tokio::select! { () = rest => unreachable!("it waits for ever"), () = read => {} }
        };
        tokio::select! { () = server => {}, ran = listens(client, &address, &inbox) => panic!("{client}: {ran:?}") }
    });
}

#[test]
fn a_server_that_pings_and_does_not_answer_gives_a_timeout() {
    for_each_client(async |client| {
        let (listener, address) = listen().await;
        let server = async {
            let mut socket = logged_in(&listener, LOGIN_THEN_SILENCE).await;
            loop {
                let _ = socket.write_all(b"<iq type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>").await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let anonymous = protocol(&[("client", client), ("sasl", "anonymous")]);
        let inbox = Rc::<Counts>::default();
        let subscribing = subscriber(&*anonymous, &address, 0, &[Topic(0)], &inbox, Duration::from_millis(500));
        let fault = tokio::select! { () = server => unreachable!("it pings for ever"), subscribed = subscribing => subscribed.err().unwrap() };
        assert_eq!(fault.to_string(), "subscribing to 1 topics (0 done): no answer within 0.5 s", "{client}");
    });
}

#[test]
fn a_server_that_stops_half_way_gives_a_timeout_that_says_where() {
    for_each_client(async |client| {
        let anonymous = protocol(&[("client", client), ("sasl", "anonymous")]);
        let whole = LOGIN_THEN_SILENCE;
        let cut = |line: usize| &whole[line][..whole[line].len() - 5];
        let cases: [(Vec<&'static str>, &str); 6] = [
            (vec![], "opening the stream"),
            (vec![cut(0)], "opening the stream"),
            (vec![whole[0], cut(1)], "authenticating"),
            (vec![whole[0], whole[1]], "opening the stream anew"),
            (vec![whole[0], whole[1], cut(2)], "opening the stream anew"),
            (vec![whole[0], whole[1], whole[2], cut(3)], "binding a resource"),
        ];
        for (lines, step) in cases {
            let address = scripted(lines.leak(), false).await;
            let fault = publisher(&*anonymous, &address, &Rc::default(), Duration::from_millis(150)).await.err().unwrap();
            let expected = format!("login as publisher-0001 at {}, {step}: no answer within 0.15 s", address.socket);
            assert_eq!(fault.to_string(), expected, "{client}");
        }
    });
}

#[test]
fn the_end_of_a_stream_says_why() {
    for_each_client(async |client| {
        let shown = notification("", &update("x"));
        for (text, expected) in [
            ("</stream:stream>", "the XMPP stream: closed by the server"),
            ("", "the XMPP stream: the server closed the connection"),
            ("<iq", "the XMPP stream: the server closed the connection"),
            (
                "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>x</text></stream:error></stream:stream>",
                "the XMPP stream was ended by the server: conflict",
            ),
            (
                "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
                "the XMPP stream was ended by the server: policy-violation",
            ),
            ("<!-- x -->", "on the XMPP stream: the peer broke the protocol: "),
            ("<?php x?>", "on the XMPP stream: the peer broke the protocol: "),
            ("<!DOCTYPE x [<!ENTITY a 'b'>]>", "on the XMPP stream: the peer broke the protocol: "),
            ("<message>&a;</message>", "on the XMPP stream: the peer broke the protocol: "),
            ("<message></iq>", "on the XMPP stream: the peer broke the protocol: "),
            ("<p:message/>", "on the XMPP stream: the peer broke the protocol: "),
            ("<message>\u{1}</message>", "on the XMPP stream: the peer broke the protocol: "),
        ] {
            let (inbox, end) = hears(client, LOGIN_THEN_SILENCE, &[shown.as_bytes(), text.as_bytes()]).await;
            assert!(end.starts_with(expected), "{client}: {text}: {end}");
            assert_eq!(*inbox.payloads.borrow(), [b"x"], "{client}: {text}: what came before counts");
        }
    });
}

#[test]
fn a_lean_client_keeps_to_its_limits() {
    on_one_thread(async {
        let deep = "<a>".repeat(65);
        let large = format!("<message><body>{}", "x".repeat(8 << 20));
        for (text, expected) in [(&deep, "elements nested deeper than 64"), (&large, "a stanza of more than 7340032 bytes")] {
            let (_, end) = hears("lean", LOGIN_THEN_SILENCE, &text.as_bytes().chunks(100_000).collect::<Vec<_>>()).await;
            assert!(end.ends_with(expected), "{end}");
        }
    });
}
