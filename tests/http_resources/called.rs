//! The subscriber that is called, at a hub by hand.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use pushbench::contender::topic::Topic;
use pushbench::contender::{Limits, ServerAddress};
use pushbench::measure::ledger::Leg;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::raw::{Peer, put};
use crate::support::{HANG, Running, on_one_thread, protocol, subscriber_seat};

type Form = HashMap<String, String>;

/// Takes every wish, has a value of every topic, and leaves it to the test what it says at the callback.
struct HubByHand {
    address: ServerAddress,
    wishes: UnboundedReceiver<Form>,
}

impl HubByHand {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
        let (tell, wishes) = unbounded_channel();
        tokio::task::spawn_local(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = socket.read_u8().await else { break };
                    request.push(byte);
                }
                let request = String::from_utf8(request).unwrap().to_lowercase();
                let length = request.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
                let mut body = vec![0; length];
                if socket.read_exact(&mut body).await.is_err() {
                    continue;
                }
                let (status, value) = if request.starts_with("post /hub ") {
                    let _ = tell.send(form_urlencoded::parse(&body).into_owned().collect::<Form>());
                    ("202 Accepted", "")
                } else {
                    ("200 OK", "value")
                };
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{value}", value.len());
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, wishes }
    }

    async fn wish(&mut self) -> Form {
        tokio::time::timeout(HANG, self.wishes.recv()).await.expect("no wish").unwrap()
    }
}

/// Calls a subscriber back, always on the same connection.
struct Call {
    peer: Peer,
    path: String,
}

impl Call {
    async fn to(wish: &Form) -> Self {
        let (host, path) = wish["hub.callback"].strip_prefix("http://").unwrap().split_once('/').unwrap();
        Self { peer: Peer::at(host).await, path: format!("/{path}") }
    }

    /// Says it; the status of the answer, and its body.
    async fn say(&mut self, pairs: &[(&str, &str)]) -> (u16, String) {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.peer.send("GET", &format!("{}?{query}", self.path), "", b"").await;
        let answer = self.peer.response().await;
        (answer.status, answer.text())
    }

    async fn verify(&mut self, wish: &Form) {
        let topic = wish["hub.topic"].as_str();
        let answer = self.say(&[("hub.mode", "subscribe"), ("hub.topic", topic), ("hub.challenge", "c"), ("hub.lease_seconds", "60")]).await;
        assert_eq!(answer, (200, "c".to_owned()));
    }
}

#[test]
fn who_is_denied_from_the_first_says_why() {
    on_one_thread(async {
        let mut hub = HubByHand::start().await;
        let (seat, inbox, _) = subscriber_seat(&hub.address, [Topic(7)], 1, HANG);
        let starting = tokio::task::spawn_local(async move { protocol("webhook", &[]).subscriber(seat).await.map(|_| ()) });
        let wish = hub.wish().await;
        assert!(wish["hub.topic"].ends_with("/topics/topic-000007"), "{wish:?}");
        let mut call = Call::to(&wish).await;
        let denial = [("hub.mode", "denied"), ("hub.topic", wish["hub.topic"].as_str()), ("hub.reason", "Not for you.")];
        assert_eq!(call.say(&denial).await.0, 204);
        let fault = starting.await.unwrap().unwrap_err().to_string();
        assert_eq!(fault, "the subscription to topic-000007 was refused: the hub says: Not for you.");
        assert_eq!((inbox.traffic.borrow().handshake_down, inbox.traffic.borrow().handshake_up), (1, 1), "it is counted like a question");
    });
}

#[test]
fn who_is_denied_later_says_why() {
    for (reason, expected) in [
        (Some("The account is closed."), "the subscription to topic-000001 was refused: the hub says: The account is closed.".to_owned()),
        (None, "the subscription to topic-000001 was refused: the hub gives no reason".to_owned()),
        (Some("ä".repeat(300).leak() as &str), format!("the subscription to topic-000001 was refused: the hub says: {}", "ä".repeat(200))),
    ] {
        on_one_thread(async {
            let mut hub = HubByHand::start().await;
            let (seat, _, _) = subscriber_seat(&hub.address, [Topic(0), Topic(1)], 1, HANG);
            let starting = tokio::task::spawn_local(async move { protocol("webhook", &[]).subscriber(seat).await });
            let first = hub.wish().await;
            let mut call = Call::to(&first).await;
            call.verify(&first).await;
            let second = hub.wish().await;
            call.verify(&second).await;
            let Ok(mut subscriber) = starting.await.unwrap() else { panic!("no subscriber") };
            let running = tokio::task::spawn_local(async move { subscriber.run(CancellationToken::new()).await });
            // None of our topics, and no topic at all: nobody of those can end it.
            for other in [first["hub.topic"].replace("topic-000000", "topic-000002"), "http://127.0.0.1/".to_owned(), String::new()] {
                assert_eq!(call.say(&[("hub.mode", "denied"), ("hub.topic", other.as_str()), ("hub.reason", "Not for you.")]).await.0, 404, "{other}");
            }
            assert_eq!(call.say(&[("hub.mode", "denied")]).await.0, 404);
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(!running.is_finished());
            let denial = [("hub.mode", "denied"), ("hub.topic", second["hub.topic"].as_str())];
            let denial: Vec<(&str, &str)> = denial.into_iter().chain(reason.map(|reason| ("hub.reason", reason))).collect();
            assert_eq!(call.say(&denial).await.0, 204);
            let fault = tokio::time::timeout(HANG, running).await.expect("it goes on").unwrap().unwrap_err();
            assert_eq!(fault.to_string(), expected);
        });
    }
}

/// A lease begins with the hub's question (WebSub §5.3), not when the run does.
#[test]
fn a_lease_that_began_long_before_the_run_is_renewed_in_time() {
    on_one_thread(async {
        let mut hub = HubByHand::start().await;
        let (seat, _, _) = subscriber_seat(&hub.address, [Topic(0)], 1, HANG);
        let starting = tokio::task::spawn_local(async move { protocol("webhook", &[("lease", "4s")]).subscriber(seat).await });
        let wish = hub.wish().await;
        let mut call = Call::to(&wish).await;
        call.verify(&wish).await;
        let Ok(mut subscriber) = starting.await.unwrap() else { panic!("no subscriber") };
        // Half of the lease is over, in whose latter half it was to be renewed.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        let begin = Instant::now();
        let running = tokio::task::spawn_local(async move { subscriber.run(CancellationToken::new()).await });
        hub.wish().await;
        assert!(begin.elapsed() < Duration::from_millis(900), "renewed {:?} after the beginning of the run", begin.elapsed());
        running.abort();
    });
}

#[test]
fn a_challenge_is_no_page() {
    on_one_thread(async {
        let mut hub = HubByHand::start().await;
        let (seat, _, _) = subscriber_seat(&hub.address, [Topic(0)], 1, HANG);
        let starting = tokio::task::spawn_local(async move { protocol("webhook", &[]).subscriber(seat).await.map(|_| ()) });
        let wish = hub.wish().await;
        let mut call = Call::to(&wish).await;
        let question = [("hub.mode", "subscribe"), ("hub.topic", wish["hub.topic"].as_str()), ("hub.challenge", "<script>"), ("hub.lease_seconds", "60")];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(question).finish();
        call.peer.send("GET", &format!("{}?{query}", call.path), "", b"").await;
        let answer = call.peer.response().await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "<script>"));
        assert_eq!((answer.field("content-type"), answer.field("x-content-type-options")), (Some("application/octet-stream"), Some("nosniff")));
        starting.await.unwrap().unwrap();
    });
}

#[test]
fn leases_that_began_together_are_not_renewed_together() {
    on_one_thread(async {
        const TOPICS: u32 = 40;
        let server = Running::start(protocol("webhook", &[]), Limits::default()).await;
        for topic in 0..TOPICS {
            put(&server, &Topic(topic).name(), "first").await;
        }
        let (seat, _, _) = subscriber_seat(&server.address, (0..TOPICS).map(Topic), 1, HANG);
        let begin = Instant::now();
        let mut subscriber = protocol("webhook", &[("lease", "4s")]).subscriber(seat).await.unwrap();
        let asked = || server.ledger.traffic(Leg::Subscriber).requests;
        let (before, stop) = (asked(), CancellationToken::new());
        let stopped = stop.clone();
        let running = tokio::task::spawn_local(async move { subscriber.run(stopped).await });
        let mut renewed = Vec::new();
        while renewed.len() < TOPICS as usize {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let count = (asked() - before) as usize;
            renewed.resize(count.max(renewed.len()), begin.elapsed());
        }
        // Each once between a quarter and half of its lease; a busy machine may take longer.
        assert!(renewed[0] >= Duration::from_millis(950) && renewed[TOPICS as usize - 1] <= Duration::from_millis(3_000), "{renewed:?}");
        assert!(renewed[TOPICS as usize - 1] - renewed[0] >= Duration::from_millis(400), "{renewed:?}");
        stop.cancel();
        running.await.unwrap().unwrap();
        server.end().await;
    });
}
