//! Hostile servers of both clients: each ends in a fault that says what, soon and in little memory.

use std::fs;
use std::rc::Rc;
use std::sync::PoisonError;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use nix::sys::socket::{setsockopt, sockopt};
use pushbench::contender::ServerAddress;
use pushbench::contender::topic::Topic;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::page;
use crate::support::{CLIENTS, Counts, HEADER, LOGIN_THEN_SILENCE, now, on_one_thread, protocol, subscriber};

/// What a client waits for an answer.
const TIMEOUT: Duration = Duration::from_millis(400);

const FEATURES: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>\
                        <stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms></stream:features>";

/// What a hostile server does once a client has said something for the n-th time.
enum Act {
    /// Says this.
    Say(String),
    /// Answers SCRAM's first message: from the client's nonce.
    Challenge(fn(&str) -> String),
    /// Says this again and again, without end.
    Repeat(&'static str),
    /// Closes the connection the hard way.
    Reset,
    /// Says this and closes it in order.
    Cut(&'static str),
}

use Act::{Challenge, Cut, Repeat, Reset, Say};

fn say(text: impl Into<String>) -> Act {
    Say(text.into())
}

/// Plays its part, then waits for the client to leave.
async fn play(mut socket: TcpStream, acts: Vec<Act>) {
    let mut buffer = vec![0; 65_536];
    for act in acts {
        let read = socket.read(&mut buffer).await.unwrap_or(0);
        let heard = String::from_utf8_lossy(&buffer[..read]).into_owned();
        match act {
            Say(text) => _ = socket.write_all(text.as_bytes()).await,
            Challenge(challenge) => {
                let first = heard.split_once("</").and_then(|(text, _)| text.rsplit_once('>')).map_or("", |(_, text)| text);
                let first = String::from_utf8(BASE64.decode(first).unwrap_or_default()).unwrap();
                let nonce = first.split_once("r=").map_or("", |(_, nonce)| nonce);
                let text = BASE64.encode(challenge(nonce));
                let _ = socket.write_all(format!("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{text}</challenge>").as_bytes()).await;
            }
            Repeat(text) => while socket.write_all(text.repeat(1_000).as_bytes()).await.is_ok() {},
            Reset => return setsockopt(&socket, sockopt::Linger, &libc::linger { l_onoff: 1, l_linger: 0 }).unwrap(),
            Cut(text) => {
                let _ = socket.write_all(text.as_bytes()).await;
                return;
            }
        }
    }
    while socket.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

/// How a subscriber of one topic ends that meets such a server.
async fn ends(client: &str, sasl: &str, acts: Vec<Act>) -> (String, Rc<Counts>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
    let server = tokio::task::spawn_local(async move { play(listener.accept().await.unwrap().0, acts).await });
    let inbox = Rc::<Counts>::default();
    let protocol = protocol(&[("client", client), ("sasl", sasl)]);
    let run = async {
        let mut subscriber = subscriber(&*protocol, &address, 0, &[Topic(0)], &inbox, TIMEOUT).await?;
        let stop = CancellationToken::new();
        // A server that keeps within the protocol has done no wrong.
        let enough = stop.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(TIMEOUT).await;
            enough.cancel();
        });
        let ran = subscriber.run(stop).await;
        subscriber.close().await;
        ran
    };
    let ended = run.await;
    server.abort();
    (ended.map_or_else(|fault| fault.to_string().replace(&address.socket, "…"), |()| "goes on".to_owned()), inbox)
}

/// Resident memory of this process, at most so far, in MiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the kernel says");
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// A login as it should be, then this instead of the answer to the subscription.
fn logged_in(then: Act) -> (&'static str, Vec<Act>) {
    let mut acts: Vec<Act> = LOGIN_THEN_SILENCE.iter().map(|line| say(*line)).collect();
    acts.push(then);
    ("anonymous", acts)
}

fn subscribed(then: impl Into<String>) -> (&'static str, Vec<Act>) {
    logged_in(say(format!("<iq type='result' id='0' from='pubsub.localhost'/>{}", then.into())))
}

fn scram(challenge: fn(&str) -> String) -> (&'static str, Vec<Act>) {
    ("scram-sha-256", vec![say(FEATURES), Challenge(challenge)])
}

fn login(lines: &[&str]) -> (&'static str, Vec<Act>) {
    ("anonymous", lines.iter().map(|line| say(*line)).collect())
}

type Case = (&'static str, Box<dyn Fn() -> (&'static str, Vec<Act>)>, &'static [&'static str; 2]);

fn case(tried: &'static str, acts: impl Fn() -> (&'static str, Vec<Act>) + 'static, ends: &'static [&'static str; 2]) -> Case {
    (tried, Box::new(acts), ends)
}

fn notification(update: &str) -> String {
    format!(
        "<message from='pubsub.localhost'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='other'><item id='1'>{update}</item></items></event></message>"
    )
}

const WHOLE: &[&str] = LOGIN_THEN_SILENCE;
const SASL_SUCCESS: &str = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

/// Pieces of the fault, for the library's client and for the lean one.
fn cases() -> Vec<Case> {
    let broken = &["broke the protocol", "broke the protocol"];
    vec![
        case("the header never comes", || login(&[""]), &["opening the stream: no answer", "opening the stream: no answer"]),
        case("the features never come", || login(&[HEADER]), &["opening the stream: no answer", "opening the stream: no answer"]),
        case("success never comes", || login(&WHOLE[..1]), &["authenticating: no answer", "authenticating: no answer"]),
        case("the second header never comes", || login(&WHOLE[..2]), &["opening the stream anew: no answer", "opening the stream anew: no answer"]),
        case("the bound address never comes", || login(&WHOLE[..3]), &["binding a resource: no answer", "binding a resource: no answer"]),
        case(
            "the answer to a subscription never comes",
            || login(WHOLE),
            &["subscribing to 1 topics (0 done): no answer", "subscribing to 1 topics (0 done): no answer"],
        ),
        case("features without the mechanism", || ("plain", vec![say(FEATURES)]), &["does not offer PLAIN", "does not offer PLAIN"]),
        case("SCRAM: success without a challenge", || ("scram-sha-256", vec![say(FEATURES), say(SASL_SUCCESS)]), broken),
        case(
            "SCRAM: a wrong signature of the server's",
            || {
                let (sasl, mut acts) = scram(|nonce| format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4096"));
                acts.push(say(format!("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{}</success>", BASE64.encode("v=AAAA"))));
                (sasl, acts)
            },
            broken,
        ),
        case(
            "SCRAM: no signature of the server's",
            || {
                let (sasl, mut acts) = scram(|nonce| format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4096"));
                acts.push(say(SASL_SUCCESS));
                (sasl, acts)
            },
            broken,
        ),
        case(
            "SCRAM: 4,294,967,295 rounds of hashing",
            || scram(|nonce| format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4294967295")),
            &["a challenge of 4294967295 rounds", "a challenge of 4294967295 rounds"],
        ),
        case("SCRAM: no round at all", || scram(|nonce| format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=0")), &["a challenge of 0 rounds", "a challenge of 0 rounds"]),
        case(
            "SCRAM: a nonce that does not extend ours",
            || scram(|_| "r=other,s=QSXCR+Q6sek8bf92,i=4096".to_owned()),
            &["nonce does not extend ours", "nonce does not extend ours"],
        ),
        case(
            "SCRAM: our nonce and nothing more",
            || scram(|nonce| format!("r={nonce},s=QSXCR+Q6sek8bf92,i=4096")),
            &["nonce does not extend ours", "nonce does not extend ours"],
        ),
        case(
            "SCRAM: an extension that must be understood",
            || scram(|nonce| format!("m=x,r={nonce}x,s=QSXCR+Q6sek8bf92,i=4096")),
            &["extension that we do not know", "extension that we do not know"],
        ),
        case(
            "SCRAM: challenge after challenge",
            || {
                let (sasl, mut acts) = scram(|nonce| format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4096"));
                acts.push(say("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>cj14</challenge>"));
                (sasl, acts)
            },
            &["a challenge that the mechanism does not have", "a challenge that the mechanism does not have"],
        ),
        case(
            "a challenge in broken base64",
            || ("scram-sha-256", vec![say(FEATURES), say("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>!</challenge>")]),
            &["login as", "broke the protocol"],
        ),
        case(
            "a login refused",
            || login(&[WHOLE[0], "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>"]),
            &["was refused: not-authorized", "was refused: not-authorized"],
        ),
        case("no resource binding", || login(&[WHOLE[0], WHOLE[1], FEATURES]), &["offers no resource binding", "offers no resource binding"]),
        case(
            "binding refused",
            || {
                login(&[
                    WHOLE[0],
                    WHOLE[1],
                    WHOLE[2],
                    "<iq type='error' id='bind'><error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
                ])
            },
            &["was refused: not-allowed", "was refused: not-allowed"],
        ),
        case(
            "binding answered under another id",
            || {
                login(&[
                    WHOLE[0],
                    WHOLE[1],
                    WHOLE[2],
                    "<iq type='result' id='other'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@localhost/b</jid></bind></iq>",
                ])
            },
            broken,
        ),
        case(
            "an address without a resource",
            || {
                login(&[
                    WHOLE[0],
                    WHOLE[1],
                    WHOLE[2],
                    "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>localhost</jid></bind></iq>",
                ])
            },
            broken,
        ),
        case(
            "TLS demanded",
            || {
                login(&[
                    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>",
                ])
            },
            &["does not offer ANONYMOUS", "does not offer ANONYMOUS"],
        ),
        case("an HTTP response", || login(&["HTTP/1.1 400 Bad Request\r\n\r\n"]), &["login as", "broke the protocol"]),
        case(
            "a login element without end",
            || ("anonymous", vec![say(format!("{HEADER}<stream:features>{}", "x".repeat(100_000)))]),
            &["a stanza of more than 65536 bytes", "policy-violation"],
        ),
        case(
            "a stanza without end",
            || logged_in(say(format!("<message><body>{}", "x".repeat(8 << 20)))),
            &["a stanza of more than 7340032 bytes", "a stanza of more than 7340032 bytes"],
        ),
        case(
            "an attribute without end",
            || logged_in(say(format!("<message a='{}", "x".repeat(1 << 20)))),
            &["long name or reference", "a tag of more than 16384 bytes"],
        ),
        case(
            "attributes without end",
            || logged_in(say(format!("<message{}", (0..100_000).map(|number| format!(" a{number}=''")).collect::<String>()))),
            &["a tag of more than 16384 bytes", "a tag of more than 16384 bytes"],
        ),
        case("nested a million deep", || logged_in(say("<a>".repeat(1_000_000))), &["nested deeper than 64", "nested deeper than 64"]),
        case(
            "a stanza of a million elements",
            || logged_in(say(format!("<message>{}</message>", "<a/>".repeat(1_000_000)))),
            &["a stanza of more than 10000 elements", "subscribing to 1 topics (0 done): no answer"],
        ),
        case("entities of entities", || logged_in(say("<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]><message>&c;</message>")), broken),
        case("an entity", || logged_in(say("<message>&c;</message>")), broken),
        case("a comment", || logged_in(say("<!-- x -->")), broken),
        case("bytes that are no XML", || logged_in(say("<message></iq>")), broken),
        case(
            "a subscription refused",
            || {
                logged_in(say(
                    "<iq type='error' id='0' from='pubsub.localhost'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
                ))
            },
            &["was refused: item-not-found", "was refused: item-not-found"],
        ),
        case(
            "answers to what was not asked",
            || logged_in(say("<iq type='result' id='17'/><iq type='result' id='x'/>".repeat(50_000))),
            &["(0 done): no answer", "(0 done): no answer"],
        ),
        case(
            "the right answer from somebody else",
            || logged_in(say("<iq type='result' id='0' from='other@localhost/x'/>")),
            &["(0 done): no answer", "(0 done): no answer"],
        ),
        case(
            "pings without end",
            || logged_in(Repeat("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")),
            &["(0 done): no answer", "(0 done): no answer"],
        ),
        case("100,000 messages and presences of no meaning", || subscribed("<message/><presence/>".repeat(50_000)), &["goes on", "goes on"]),
        case(
            "notifications of a node never subscribed",
            || subscribed(notification("<update xmlns='urn:pushbench:update:0'>x</update>")),
            &["goes on", "goes on"],
        ),
        case(
            "an update in broken base64",
            || subscribed(notification("<update xmlns='urn:pushbench:update:0' encoding='base64'>!</update>")),
            &["goes on", "goes on"],
        ),
        case(
            "a stream error",
            || subscribed("<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"),
            &["ended by the server: system-shutdown", "ended by the server: system-shutdown"],
        ),
        case("the stream closed in order", || subscribed("</stream:stream>"), &["closed by the server", "closed by the server"]),
        case(
            "the connection closed within a stanza",
            || logged_in(Cut("<message><body>")),
            &["the server closed the connection", "the server closed the connection"],
        ),
        case("the connection reset", || logged_in(Reset), &["reset", "reset"]),
    ]
}

#[test]
fn what_the_clients_stand() {
    let _alone = crate::ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    on_one_thread(async {
        let (mut rows, mut wrong) = (Vec::new(), Vec::new());
        let before = peak();
        for (tried, acts, expected) in cases() {
            let mut cells = vec![tried.to_owned()];
            for (client, expected) in CLIENTS.into_iter().zip(expected) {
                let (began, (sasl, acts)) = (now(), acts());
                let (ended, inbox) = ends(client, sasl, acts).await;
                if !ended.contains(expected) {
                    wrong.push(format!("{client}: {tried}: {ended}"));
                }
                assert!(now().since(began) < Duration::from_secs(10), "{client}: {tried} took long");
                assert!(inbox.payloads.borrow().len() <= 1);
                cells.push(ended);
            }
            rows.push(cells);
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        let grown = peak() - before;
        assert!(grown < 256, "{grown} MiB");
        page::hold("reliability.md", "hostile-xmpp-clients", &["What the server did", "`library`", "`lean`"], &rows);
    });
}
