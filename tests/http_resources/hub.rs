//! `/hub`: a subscriber by hand.

use std::time::Duration;

use hmac::{Hmac, Mac as _};
use pushbench::contender::Limits;
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::raw::{Response, ask, put};
use crate::support::{HANG, Running, on_one_thread, protocol};

async fn start(settings: &[(&str, &str)]) -> Running {
    Running::start(protocol("webhook", settings), Limits::default()).await
}

/// Where the hub calls.
struct Callback {
    listener: TcpListener,
    port: u16,
}

/// A call of the hub: its request, to be answered.
struct Call {
    socket: TcpStream,
    /// The request line.
    line: String,
    request: Response,
}

impl Callback {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    /// The hub's next connection, and what it says first.
    async fn call(&self) -> Call {
        let (socket, _) = tokio::time::timeout(HANG, self.listener.accept()).await.expect("no call").unwrap();
        Call { socket, line: String::new(), request: Response { status: 0, head: String::new(), body: Vec::new() } }.next().await.expect("a request")
    }

    fn form(&self, mode: &str, topic: &str, more: &str) -> String {
        format!("hub.mode={mode}&hub.topic=http%3A%2F%2Fx%2Ftopics%2F{topic}&hub.callback=http%3A%2F%2F127.0.0.1%3A{}%2Fhere%3Fwho%3Dme{more}", self.port)
    }
}

impl Call {
    /// The next request on the same connection; `None` where the hub ends it.
    async fn next(mut self) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tokio::time::timeout(HANG, self.socket.read_u8()).await.expect("no call").ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        self.line = head.lines().next().unwrap().to_owned();
        self.request = Response { status: 0, head, body: Vec::new() };
        let length = self.request.field("content-length").map_or(0, |length| length.parse().unwrap());
        self.request.body = vec![0; length];
        self.socket.read_exact(&mut self.request.body).await.unwrap();
        Some(self)
    }

    async fn answer(mut self, status: &str, body: &str) -> Self {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        self.socket.write_all(answer.as_bytes()).await.unwrap();
        self
    }

    /// A parameter of the question, as it stands there.
    fn parameter(&self, name: &str) -> Option<&str> {
        let query = self.line.split(' ').nth(1)?.split_once('?')?.1;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// Repeats the challenge.
    async fn mean_it(self) -> Self {
        let challenge = self.parameter("hub.challenge").unwrap().to_owned();
        assert_eq!(challenge.len(), 16);
        self.answer("200 OK", &challenge).await
    }
}

async fn wish(server: &Running, form: &str) -> Response {
    ask(server, "POST", "/hub", form).await
}

#[test]
fn a_subscription_is_verified_served_signed_and_ended() {
    on_one_thread(async {
        let server = start(&[]).await;
        put(&server, "a", "a0").await;
        let links = ask(&server, "GET", "/topics/a", "").await;
        assert_eq!(links.field("link"), Some("</hub>; rel=\"hub\", </topics/a>; rel=\"self\""));
        let callback = Callback::new().await;
        assert_eq!(wish(&server, &callback.form("subscribe", "a", "&hub.secret=s3cret&hub.lease_seconds=600")).await.status, 202);
        let question = callback.call().await;
        assert!(question.line.starts_with("GET /here?who=me&hub.mode=subscribe&"), "{}", question.line);
        assert_eq!(question.parameter("hub.lease_seconds"), Some("600"));
        // Between the request and the answer.
        put(&server, "a", "a1").await;
        let call = question.mean_it().await.next().await.unwrap();
        assert_eq!((call.line.as_str(), call.request.body.as_slice()), ("POST /here?who=me HTTP/1.1", &b"a1"[..]));
        assert_eq!(call.request.field("link"), Some("<http://x/hub>; rel=\"hub\", <http://x/topics/a>; rel=\"self\""));
        let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
        mac.update(b"a1");
        let digest: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(call.request.field("x-hub-signature"), Some(format!("sha256={digest}").as_str()));

        // An error that passes: the same again, and only then the next. Whatever is no success is an error (§7).
        let mut call = call;
        for (place, failure) in ["302 Found", "404 Not Found", "500 Oh"].into_iter().enumerate() {
            call = call.answer(failure, "").await;
            if place == 0 {
                put(&server, "a", "a2").await;
            }
            call = call.next().await.unwrap();
            assert_eq!(call.request.body, b"a1", "behind {failure}");
        }
        let call = call.answer("204 No Content", "").await.next().await.unwrap();
        assert_eq!(call.request.body, b"a2");
        // A connection that breaks: the same again, on another.
        drop(call);
        let call = callback.call().await;
        assert_eq!(call.request.body, b"a2");
        let call = call.answer("204 No Content", "").await;

        assert_eq!(wish(&server, &callback.form("unsubscribe", "a", "")).await.status, 202);
        let question = call.next().await.unwrap();
        assert_eq!((question.parameter("hub.mode"), question.parameter("hub.lease_seconds")), (Some("unsubscribe"), None));
        let call = question.mean_it().await;
        assert!(call.next().await.is_none(), "without a subscription there is no connection");
        put(&server, "a", "a3").await;
        assert!(tokio::time::timeout(Duration::from_millis(300), callback.listener.accept()).await.is_err(), "nobody is called any more");
        server.end().await;
    });
}

#[test]
fn who_does_not_mean_it_is_left_alone() {
    on_one_thread(async {
        let server = start(&[("ping", "light")]).await;
        put(&server, "a", "a0").await;
        for (status, body) in [("404 Not Found", ""), ("200 OK", "something else"), ("302 Found", ""), ("410 Gone", "")] {
            let callback = Callback::new().await;
            assert_eq!(wish(&server, &callback.form("subscribe", "a", "")).await.status, 202);
            let call = callback.call().await.answer(status, body).await;
            put(&server, "a", "a1").await;
            assert!(call.next().await.is_none(), "{status}");
        }
        // A light ping carries nothing, and is not signed without a secret.
        let callback = Callback::new().await;
        assert_eq!(wish(&server, &callback.form("subscribe", "a", "")).await.status, 202);
        let call = callback.call().await.mean_it().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        put(&server, "a", "a2").await;
        let call = call.next().await.unwrap();
        assert_eq!((call.request.body.as_slice(), call.request.field("x-hub-signature")), (&b""[..], None));
        // Whoever is gone is forgotten.
        let call = call.answer("410 Gone", "").await;
        put(&server, "a", "a3").await;
        assert!(call.next().await.is_none());
        server.end().await;
    });
}

#[test]
fn a_lease_ends() {
    on_one_thread(async {
        let server = start(&[]).await;
        put(&server, "a", "a0").await;
        let callback = Callback::new().await;
        assert_eq!(wish(&server, &callback.form("subscribe", "a", "&hub.lease_seconds=1")).await.status, 202);
        let call = callback.call().await.mean_it().await;
        tokio::time::sleep(Duration::from_millis(1_300)).await;
        put(&server, "a", "a1").await;
        assert!(tokio::time::timeout(Duration::from_millis(500), call.next()).await.is_err(), "nothing comes behind the lease");
        server.end().await;
    });
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    on_one_thread(async {
        let server = start(&[]).await;
        put(&server, "a", "a0").await;
        let callback = Callback::new().await;
        let good = callback.form("subscribe", "a", "");
        for (from, to, status, words) in [
            ("=subscribe", "=publish", 400, "hub.mode"),
            ("topics%2Fa", "topic%2Fa", 400, "hub.topic"),
            ("topics%2Fa", "topics%2Fnone", 404, "\"none\""),
            ("hub.callback=http", "hub.callback=ftp", 400, "hub.callback"),
            ("127.0.0.1", "127.0.0.2", 403, "own-address"),
            ("127.0.0.1", "localhost", 403, "own-address"),
            ("127.0.0.1", "169.254.169.254", 403, "own-address"),
        ] {
            let refused = wish(&server, &good.replace(from, to)).await;
            assert_eq!(refused.status, status, "{to}: {refused:?}");
            assert!(refused.text().contains(words), "{to}: {}", refused.text());
        }
        // Of those only the topic is the hub's own decision, which it tells at the callback as well.
        let denied = callback.call().await;
        assert!(denied.line.starts_with("GET /here?who=me&hub.mode=denied&"), "{}", denied.line);
        denied.answer("200 OK", "").await;
        assert_eq!(ask(&server, "GET", "/hub", "").await.status, 405);
        assert_eq!(wish(&server, &format!("{good}&more={}", "x".repeat(20_000))).await.status, 413);
        server.end().await;

        let tight = Running::start(protocol("webhook", &[]), Limits { stored: 9_500, ..Limits::default() }).await;
        put(&tight, "a", "a0").await;
        let mut statuses = Vec::new();
        for port in 1..=3 {
            let form = format!("hub.mode=subscribe&hub.topic=/topics/a&hub.callback=http://127.0.0.1:{port}/");
            statuses.push(wish(&tight, &form).await.status);
        }
        assert_eq!(statuses, [202, 507, 507], "a subscriber takes room, too");
        tight.end().await;

        // And both take as much as their names: of three topics with a URL of 5,000 bytes two fit.
        let elsewhere = Callback::new().await;
        let tight = Running::start(protocol("webhook", &[]), Limits { stored: 36_000, ..Limits::default() }).await;
        let mut statuses = Vec::new();
        for topic in ["a", "b", "c"] {
            put(&tight, topic, "first").await;
            let form = format!("hub.mode=subscribe&hub.topic=http://{}/topics/{topic}&hub.callback=http://127.0.0.1:{}/", "x".repeat(5_000), elsewhere.port);
            statuses.push(wish(&tight, &form).await.status);
        }
        assert_eq!(statuses, [202, 202, 507], "a topic's URL takes room");
        tight.end().await;
        let tight = Running::start(protocol("webhook", &[]), Limits { stored: 20_000, ..Limits::default() }).await;
        put(&tight, "a", "a0").await;
        let form = |path: usize| format!("hub.mode=subscribe&hub.topic=/topics/a&hub.callback=http://127.0.0.1:{}/{}", elsewhere.port, "x".repeat(path));
        let statuses = [wish(&tight, &form(4_000)).await.status, wish(&tight, &form(40)).await.status];
        assert_eq!(statuses, [507, 202], "a callback's URL takes room");
        tight.end().await;

        let open = start(&[("callbacks", "any")]).await;
        put(&open, "a", "a0").await;
        assert_eq!(wish(&open, &good.replace("127.0.0.1", "localhost")).await.status, 202);
        assert!(callback.call().await.line.starts_with("GET /here?who=me&hub.mode=subscribe&"));
        open.end().await;
    });
}

/// What a call denies: its topic and the reason.
fn denied(call: &Call) -> (Option<&str>, Option<&str>) {
    assert!(call.line.starts_with("GET /here?who=me&hub.mode=denied&") && call.parameter("hub.challenge").is_none(), "{}", call.line);
    (call.parameter("hub.topic"), call.parameter("hub.reason"))
}

#[test]
fn a_refusal_is_told_at_the_callback_too() {
    on_one_thread(async {
        let server = start(&[]).await;
        let callback = Callback::new().await;
        assert_eq!(wish(&server, &callback.form("subscribe", "none", "")).await.status, 404);
        let call = callback.call().await;
        let reason = "There+is+no+topic+%22none%22+yet.+PUT+%2Ftopics%2FNAME+creates+one.";
        assert_eq!(denied(&call), (Some("http%3A%2F%2Fx%2Ftopics%2Fnone"), Some(reason)));
        assert!(call.answer("200 OK", "").await.next().await.is_none(), "there is nothing else to say");
        // Who has subscriptions keeps them.
        put(&server, "a", "a0").await;
        assert_eq!(wish(&server, &callback.form("subscribe", "a", "")).await.status, 202);
        let call = callback.call().await.mean_it().await;
        assert_eq!(wish(&server, &callback.form("subscribe", "none", "")).await.status, 404);
        let call = call.next().await.unwrap();
        assert_eq!(denied(&call).0, Some("http%3A%2F%2Fx%2Ftopics%2Fnone"));
        // Not even an error of its own matters here.
        let call = call.answer("500 Oh", "").await;
        put(&server, "a", "a1").await;
        let call = call.next().await.unwrap();
        assert_eq!(call.request.body, b"a1");
        let call = call.answer("204 No Content", "").await;
        // Whoever wants to leave what is not there is only told so.
        assert_eq!(wish(&server, &callback.form("unsubscribe", "none", "")).await.status, 404);
        assert!(tokio::time::timeout(Duration::from_millis(300), call.next()).await.is_err(), "nothing was denied");
        server.end().await;
    });
}

/// WebSub §7: what fails is given up, and no subscription. §5.1: nor is one changed by a renewal that is not verified.
#[test]
fn who_fails_again_and_again_stays_subscribed() {
    on_one_thread(async {
        let server = start(&[]).await;
        let callback = Callback::new().await;
        let mut call: Option<Call> = None;
        for topic in ["a", "b"] {
            put(&server, topic, "first").await;
            assert_eq!(wish(&server, &callback.form("subscribe", topic, "")).await.status, 202);
            let question = match call {
                Some(call) => call.next().await.unwrap(),
                None => callback.call().await,
            };
            call = Some(question.mean_it().await);
        }
        let mut call = call.unwrap();
        put(&server, "a", "a1").await;
        for _ in 0..4 {
            call = call.next().await.unwrap();
            assert_eq!(call.request.body, b"a1");
            call = call.answer("503 Not now", "").await;
        }
        for (topic, payload) in [("b", "b1"), ("a", "a2")] {
            put(&server, topic, payload).await;
            call = call.next().await.unwrap();
            assert_eq!(call.request.body, payload.as_bytes(), "nothing was denied, and the next change is told");
            call = call.answer("204 No Content", "").await;
        }
        for (status, times) in [("503 Not now", 4), ("410 Gone", 1), ("404 Not Found", 1)] {
            assert_eq!(wish(&server, &callback.form("subscribe", "a", "")).await.status, 202);
            for _ in 0..times {
                call = call.next().await.unwrap();
                assert_eq!(call.parameter("hub.mode"), Some("subscribe"));
                call = call.answer(status, "").await;
            }
            for topic in ["a", "b"] {
                put(&server, topic, status).await;
                call = call.next().await.unwrap();
                assert_eq!(call.request.body, status.as_bytes(), "a renewal that fails leaves what there was");
                call = call.answer("204 No Content", "").await;
            }
        }
        server.end().await;
    });
}

#[test]
fn a_hub_that_stops_says_so() {
    on_one_thread(async {
        let server = start(&[]).await;
        put(&server, "a", "a0").await;
        let (one, silent) = (Callback::new().await, Callback::new().await);
        assert_eq!(wish(&server, &one.form("subscribe", "a", "")).await.status, 202);
        let call = one.call().await.mean_it().await;
        assert_eq!(wish(&server, &silent.form("subscribe", "a", "")).await.status, 202);
        let _waits = silent.call().await.mean_it().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let ending = tokio::task::spawn_local(server.end());
        let call = call.next().await.unwrap();
        assert_eq!(denied(&call), (Some("http%3A%2F%2Fx%2Ftopics%2Fa"), Some("The+hub+stops.")));
        assert!(call.answer("200 OK", "").await.next().await.is_none());
        assert!(ending.await.unwrap() < Duration::from_secs(1), "whoever does not answer does not keep it");
    });
}

#[test]
fn a_subscriber_that_does_not_answer_holds_up_nobody() {
    on_one_thread(async {
        let server = start(&[("queue", "2")]).await;
        put(&server, "a", "a0").await;
        let (silent, other) = (Callback::new().await, Callback::new().await);
        let mut calls = Vec::new();
        for callback in [&silent, &other] {
            assert_eq!(wish(&server, &callback.form("subscribe", "a", "")).await.status, 202);
            calls.push(callback.call().await.mean_it().await);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut call = calls.pop().unwrap();
        for update in 1..=9 {
            put(&server, "a", format!("a{update}")).await;
            call = call.next().await.unwrap();
            assert_eq!(call.request.body, format!("a{update}").as_bytes());
            call = call.answer("204 No Content", "").await;
        }
        // What was under way, and the two latest: those between were given up.
        let mut late = calls.pop().unwrap();
        for body in ["a1", "a8", "a9"] {
            late = late.next().await.unwrap();
            assert_eq!(late.request.body, body.as_bytes());
            late = late.answer("204 No Content", "").await;
        }
        assert!(server.end().await < Duration::from_secs(1));
    });
}
