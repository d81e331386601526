//! `xmpp-websocket` against raw bytes: the upgrade, frames, and what a client may do wrong (RFC 7395, RFC 6455).

use std::time::Duration;

use pushbench::contender::Limits;
use pushbench::measure::ledger::Leg;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::serving::serve_as;
use crate::support::{LONG, Running, on_one_thread};

const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";
const CLOSE: &str = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
/// `a` with the password `secret`.
const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAc2VjcmV0</auth>";
const BIND: &str = "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>";
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const END: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

async fn server(limits: Limits) -> Running {
    serve_as("xmpp-websocket", &[], limits).await
}

fn upgrade(fields: &str) -> String {
    // Key and answer are those of RFC 6455 §1.3.
    format!(
        "GET /xmpp-websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\n{fields}\r\n"
    )
}

/// A client that makes its frames itself.
struct Frames {
    socket: TcpStream,
}

impl Frames {
    /// Connects and sends this; the head of the answer.
    async fn ask(server: &Running, request: &str) -> (Self, String) {
        let mut socket = TcpStream::connect(&server.address.socket).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = tokio::time::timeout(LONG, socket.read_u8()).await.expect("an answer");
            head.push(byte.expect("a whole head"));
        }
        (Self { socket }, String::from_utf8(head).unwrap())
    }

    async fn connect(server: &Running) -> Self {
        let (frames, head) = Self::ask(server, &upgrade("Sec-WebSocket-Protocol: chat, xmpp\r\n")).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        frames
    }

    /// Logged in and bound.
    async fn bound(server: &Running) -> Self {
        let mut frames = Self::connect(server).await;
        frames.text(OPEN).await;
        assert!(frames.next().await.starts_with("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' id='"));
        let features = frames.next().await;
        assert!(features.starts_with("<stream:features xmlns:stream='http://etherx.jabber.org/streams'>") && !features.contains("starttls"), "{features}");
        frames.text(AUTH).await;
        assert_eq!(frames.next().await, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></success>");
        frames.text(OPEN).await;
        frames.next().await;
        assert!(frames.next().await.contains("urn:ietf:params:xml:ns:xmpp-bind"));
        frames.text(BIND).await;
        let bound = frames.next().await;
        assert!(bound.starts_with("<iq xmlns='jabber:client' type='result' id='b'>") && bound.contains("<jid>a@localhost/r</jid>"), "{bound}");
        frames
    }

    async fn text(&mut self, text: &str) {
        self.send(0x80 | TEXT, text.as_bytes()).await;
    }

    /// A masked frame with this first byte.
    async fn send(&mut self, first: u8, payload: &[u8]) {
        self.socket.write_all(&frame(first, payload)).await.unwrap();
    }

    /// The next frame: its first byte and payload; `None` at the end of the connection.
    async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let read = async {
            let first = self.socket.read_u8().await.ok()?;
            let length = match self.socket.read_u8().await.ok()? {
                126 => usize::from(self.socket.read_u16().await.ok()?),
                127 => usize::try_from(self.socket.read_u64().await.ok()?).unwrap(),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.socket.read_exact(&mut payload).await.ok()?;
            Some((first & 0x0f, payload))
        };
        tokio::time::timeout(LONG, read).await.expect("a frame or the end")
    }

    async fn next(&mut self) -> String {
        let (kind, payload) = self.frame().await.expect("a message");
        assert_eq!(kind, TEXT, "{}", String::from_utf8_lossy(&payload));
        String::from_utf8(payload).unwrap()
    }

    /// All that comes until the end of the connection: texts as they are, Close frames by their code.
    async fn rest(&mut self) -> Vec<String> {
        let mut rest = Vec::new();
        while let Some((kind, payload)) = self.frame().await {
            match kind {
                END => {
                    rest.push(u16::from_be_bytes([payload[0], payload[1]]).to_string());
                    // Answered, so that the server need not wait for it.
                    let _ = self.socket.write_all(&frame(0x80 | END, &payload)).await;
                }
                _ => rest.push(String::from_utf8(payload).unwrap()),
            }
        }
        rest
    }

    /// Holds the stream to its end with this condition.
    async fn ends_with(&mut self, condition: &str, what: &str) {
        let rest = self.rest().await;
        let error =
            format!("<stream:error xmlns:stream='http://etherx.jabber.org/streams'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
        assert!(rest.ends_with(&[error, CLOSE.to_owned(), "1000".to_owned()]), "{what}: {rest:?}");
    }
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [1, 2, 3, 4];
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..126) => frame.push(0x80 | length as u8),
        Ok(length) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[test]
fn the_upgrade_agrees_on_the_subprotocol_or_is_refused() {
    on_one_thread(async {
        let server = server(Limits::default()).await;
        let (_, head) = Frames::ask(&server, &upgrade("Sec-WebSocket-Protocol: xmpp\r\n")).await;
        let head = head.to_lowercase();
        assert!(head.starts_with("http/1.1 101 ") && head.contains("\r\nsec-websocket-protocol: xmpp\r\n"), "{head}");
        assert!(head.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{head}");
        for request in [upgrade(""), upgrade("Sec-WebSocket-Protocol: chat\r\n"), "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "no HTTP\r\n\r\n".to_owned()]
        {
            let (mut frames, head) = Frames::ask(&server, &request).await;
            assert!(head.starts_with("HTTP/1.1 400 "), "{request}: {head}");
            let mut rest = Vec::new();
            tokio::time::timeout(LONG, frames.socket.read_to_end(&mut rest)).await.expect("the end of the connection").unwrap();
        }
        server.end().await;
    });
}

#[test]
fn a_session_frame_by_frame() {
    on_one_thread(async {
        let server = server(Limits::default()).await;
        let mut frames = Frames::bound(&server).await;
        let pubsub = |id: &str, what: &str| {
            format!(
                "<iq xmlns='jabber:client' type='set' id='{id}' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{what}</pubsub></iq>"
            )
        };
        frames.text(&pubsub("1", "<create node='n'/>")).await;
        assert_eq!(frames.next().await, "<iq xmlns='jabber:client' type='result' id='1' from='pubsub.localhost' to='a@localhost/r'/>");
        frames.text(&pubsub("2", "<subscribe node='n' jid='a@localhost/r'/>")).await;
        assert!(frames.next().await.contains("subscription='subscribed'"));
        let publish = pubsub("3", "<publish node='n'><item id='i'><update xmlns='urn:pushbench:update:0'>x&amp;y</update></item></publish>");
        // In three fragments, with a ping in between.
        frames.send(TEXT, &publish.as_bytes()[..10]).await;
        frames.send(0x80 | PING, b"still there?").await;
        assert_eq!(frames.frame().await, Some((PONG, b"still there?".to_vec())));
        frames.send(0, &publish.as_bytes()[10..20]).await;
        frames.send(0x80, &publish.as_bytes()[20..]).await;
        let notification = frames.next().await;
        assert!(
            notification.starts_with("<message xmlns='jabber:client' from='pubsub.localhost'") && notification.contains(">x&amp;y</update>"),
            "{notification}"
        );
        assert!(frames.next().await.starts_with("<iq xmlns='jabber:client' type='result' id='3'"));
        frames.text(CLOSE).await;
        assert_eq!(frames.rest().await, [CLOSE, "1000"]);
        // Our answer to its Close may still be on its way.
        let ledger = server.ledger.clone();
        server.end().await;
        let traffic = ledger.traffic(Leg::Publisher);
        assert_eq!((traffic.handshake_up, traffic.handshake_down), (7, 9), "upgrade, open, auth, open, bind, close, Close; features twice more");
        assert_eq!((traffic.stanzas_up, traffic.stanzas_down, traffic.payload_bytes), (3, 4, 6));
        assert_eq!((traffic.events_up, traffic.events_down), (1, 1));
    });
}

#[test]
fn what_is_no_stream_ends_with_the_right_error() {
    on_one_thread(async {
        let server = server(Limits::default()).await;
        let large = format!("<a xmlns='urn:other'>{}</a>", "x".repeat(17_000));
        for (texts, condition) in [
            (&["<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>"][..], "not-well-formed"),
            (&["<open xmlns='urn:other' to='localhost' version='1.0'/>"], "bad-format"),
            (&["<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>"], "host-unknown"),
            (&["<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost'/>"], "unsupported-version"),
            (&[AUTH], "bad-format"),
            (&[" "], "bad-format"),
            (&[" <presence/>"], "bad-format"),
            (&[OPEN, OPEN], "bad-format"),
            (&[OPEN, "<presence xmlns='jabber:client'/>"], "not-authorized"),
            (&[OPEN, "<a/><b/>"], "not-well-formed"),
            (&[OPEN, "<a>"], "not-well-formed"),
            (&[OPEN, "<!-- x -->"], "restricted-xml"),
            (&[OPEN, &large], "policy-violation"),
            (&["<a/>", OPEN], "bad-format"),
        ] {
            let mut frames = Frames::connect(&server).await;
            for text in texts {
                frames.text(text).await;
            }
            frames.ends_with(condition, &format!("{texts:?}")).await;
        }
        for (first, payload, condition) in [(0x80 | BINARY, OPEN.as_bytes(), "bad-format"), (0x80 | TEXT, b"<a>\xff</a>", "unsupported-encoding")] {
            let mut frames = Frames::bound(&server).await;
            frames.send(first, payload).await;
            frames.ends_with(condition, &format!("{first:x}")).await;
        }
        server.end().await;
    });
}

#[test]
fn broken_frames_end_the_connection() {
    on_one_thread(async {
        let server = server(Limits::default()).await;
        // Not masked; a reserved bit; a fragment of nothing; a fragmented ping; a reserved kind.
        for bytes in [&b"\x81\x01<"[..], &frame(0xC0 | TEXT, b"<"), &frame(0x80, b"<"), &frame(PING, b""), &frame(0x80 | 3, b"")] {
            let mut frames = Frames::bound(&server).await;
            frames.socket.write_all(bytes).await.unwrap();
            assert_eq!(frames.rest().await, ["1002"], "{bytes:x?}");
        }
        // One end closes the WebSocket without closing the stream: that is an end too.
        let mut frames = Frames::bound(&server).await;
        frames.send(0x80 | END, &1000_u16.to_be_bytes()).await;
        assert_eq!(frames.frame().await.map(|(kind, _)| kind), Some(END));
        assert_eq!(frames.frame().await, None);
        // A frame that says that it is larger than any stanza is not waited for.
        let mut frames = Frames::bound(&server).await;
        frames.socket.write_all(&[0x80 | TEXT, 0x80 | 127, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]).await.unwrap();
        frames.ends_with("policy-violation", "four gigabytes").await;
        server.end().await;
    });
}

#[test]
fn slow_peers_are_not_waited_for_and_idle_ones_are() {
    on_one_thread(async {
        let patience = Duration::from_millis(400);
        let server = server(Limits { patience, ..Limits::default() }).await;
        // Nothing at all, half a request, an upgrade and no login.
        for said in ["", "GET / HTTP/1.1\r\n"] {
            let mut socket = TcpStream::connect(&server.address.socket).await.unwrap();
            socket.write_all(said.as_bytes()).await.unwrap();
            let mut rest = Vec::new();
            let _ = tokio::time::timeout(LONG, socket.read_to_end(&mut rest)).await.expect("the end of the connection");
            assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
        }
        let mut silent = Frames::connect(&server).await;
        silent.ends_with("connection-timeout", "no login").await;
        // A message byte by byte.
        let mut slow = Frames::bound(&server).await;
        let message = frame(0x80 | TEXT, "<presence xmlns='jabber:client'/>".repeat(20).as_bytes());
        let dripping = async {
            let (mut reader, mut writer) = slow.socket.split();
            let drip = async {
                for byte in &message {
                    if writer.write_all(&[*byte]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let mut said = Vec::new();
            let mut buffer = [0; 1024];
            let hear = async {
                while let Ok(read @ 1..) = reader.read(&mut buffer).await {
                    said.extend_from_slice(&buffer[..read]);
                    if String::from_utf8_lossy(&said).contains("<connection-timeout ") {
                        return true;
                    }
                }
                false
            };
            tokio::select! { () = drip => false, ended = hear => ended }
        };
        assert!(tokio::time::timeout(LONG, dripping).await.expect("an end"), "a message that never ends was waited for");
        // Silence between messages is no fault, and a ping is none either.
        let mut idle = Frames::bound(&server).await;
        idle.send(0x80 | PING, b"").await;
        assert_eq!(idle.frame().await, Some((PONG, Vec::new())));
        tokio::time::sleep(patience * 2).await;
        idle.text("<iq xmlns='jabber:client' type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>").await;
        assert!(idle.next().await.contains("type='result' id='p'"));
        server.end().await;
    });
}
