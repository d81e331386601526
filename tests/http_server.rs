//! The embedded HTTP server, byte by byte.

mod support;

use std::time::Duration;

use proptest::prelude::*;
use pushbench::contender::Limits;
use pushbench::measure::ledger::Leg;
use support::{HANG, Running, on_one_thread, protocol};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn start(limits: Limits) -> Running {
    Running::start(protocol("rest-poll", &[("interval", "5s")]), limits).await
}

async fn connect(server: &Running) -> TcpStream {
    let socket = TcpStream::connect(&server.address.socket).await.unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// A response taken apart.
#[derive(Debug)]
struct Response {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Response {
    fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.split_once(": ").filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }
}

/// Reads one response; `None` at the end of the connection. `with_body` is false for answers to HEAD.
async fn read(socket: &mut TcpStream, with_body: bool) -> Option<Response> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match tokio::time::timeout(HANG, socket.read_u8()).await.expect("no answer") {
            Ok(byte) => head.push(byte),
            Err(_) => {
                assert!(head.is_empty(), "half a head: {}", String::from_utf8_lossy(&head));
                return None;
            }
        }
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 ") || head.starts_with("HTTP/1.0 "), "{head}");
    let mut response = Response { status: head[9..12].parse().unwrap(), head, body: Vec::new() };
    let length = response.field("content-length").map_or(0, |length| length.parse().unwrap());
    if with_body && !matches!(response.status, 204 | 304) {
        response.body = vec![0; length];
        socket.read_exact(&mut response.body).await.unwrap();
    }
    Some(response)
}

/// Sends bytes and reads one response on a connection of its own.
async fn ask(server: &Running, request: impl AsRef<[u8]>) -> Response {
    let mut socket = connect(server).await;
    socket.write_all(request.as_ref()).await.unwrap();
    let with_body = !request.as_ref().starts_with(b"HEAD");
    read(&mut socket, with_body).await.unwrap_or_else(|| panic!("no answer to {:?}", String::from_utf8_lossy(request.as_ref())))
}

fn request(method: &str, path: &str, fields: &str, body: &str) -> String {
    let length = if method == "PUT" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{fields}{length}\r\n{body}")
}

async fn put(server: &Running, name: &str, body: &str) -> String {
    let response = ask(server, request("PUT", &format!("/topics/{name}"), "", body)).await;
    assert!(matches!(response.status, 201 | 204), "{response:?}");
    response.field("etag").unwrap().to_owned()
}

#[test]
fn a_topic_is_created_read_and_updated() {
    on_one_thread(async {
        let server = start(Limits::default()).await;
        let created = ask(&server, request("PUT", "/topics/a", "", "one")).await;
        assert_eq!(created.status, 201);
        let got = ask(&server, request("GET", "/topics/a?x=1", "", "")).await;
        assert_eq!((got.status, got.body.as_slice()), (200, b"one".as_slice()));
        assert_eq!(got.field("etag"), created.field("etag"));
        assert!(got.field("etag").unwrap().starts_with('"'), "a strong tag");
        assert_eq!(got.field("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(got.field("cache-control"), Some("no-cache"));
        assert_eq!(got.field("content-length"), Some("3"));
        for date in ["date", "last-modified"] {
            assert!(got.field(date).unwrap().ends_with(" GMT"));
        }
        assert_eq!(got.field("access-control-allow-origin"), None, "a trial has no use for it");
        let updated = ask(&server, request("PUT", "/topics/a", "", "")).await;
        assert_eq!(updated.status, 204);
        assert_ne!(updated.field("etag"), created.field("etag"));
        assert_eq!(updated.field("content-length"), None, "RFC 9110 §8.6: none with 204");
        let chunked = "PUT /topics/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n6\r\n and 3\r\n0\r\n\r\n";
        assert_eq!(ask(&server, chunked).await.status, 204);
        assert_eq!(ask(&server, request("GET", "/topics/a", "", "")).await.body, b"two and 3");
        server.end().await;
    });
}

#[test]
fn head_is_get_without_the_body() {
    on_one_thread(async {
        let server = start(Limits::default()).await;
        put(&server, "a", "payload").await;
        for (path, status) in [("/topics/a", 200), ("/topics/none", 404), ("/", 200), ("/topics", 200)] {
            let get = ask(&server, request("GET", path, "", "")).await;
            let mut socket = connect(&server).await;
            socket.write_all(request("HEAD", path, "Connection: close\r\n", "").as_bytes()).await.unwrap();
            let head = read(&mut socket, false).await.unwrap();
            assert_eq!((head.status, get.status), (status, status), "{path}");
            for field in ["content-length", "content-type", "etag", "last-modified"] {
                assert_eq!(head.field(field), get.field(field), "{path} {field}");
            }
            assert!(read(&mut socket, false).await.is_none(), "{path}: a byte after the head");
        }
        server.end().await;
    });
}

#[test]
fn conditional_requests_are_answered_as_the_rfc_says() {
    on_one_thread(async {
        let server = start(Limits::default()).await;
        let tag = put(&server, "a", "one").await;
        let modified = ask(&server, request("GET", "/topics/a", "", "")).await.field("last-modified").unwrap().to_owned();
        let table = [
            ("GET", format!("If-None-Match: {tag}\r\n"), 304),
            ("HEAD", format!("If-None-Match: {tag}\r\n"), 304),
            ("GET", format!("If-None-Match: W/{tag}\r\n"), 304),
            ("GET", "If-None-Match: *\r\n".to_owned(), 304),
            ("GET", format!("If-None-Match: \"other, comma\", W/\"x\",{tag}\r\n"), 304),
            ("GET", format!("If-None-Match: \"other\"\r\nIf-None-Match: {tag}\r\n"), 304),
            ("GET", "If-None-Match: \"other\"\r\n".to_owned(), 200),
            ("GET", format!("If-None-Match: {}\r\n", tag.trim_matches('"')), 200),
            ("GET", format!("If-Modified-Since: {modified}\r\n"), 304),
            ("GET", "If-Modified-Since: Tue, 14 Nov 2000 22:13:20 GMT\r\n".to_owned(), 200),
            ("GET", "If-Modified-Since: whenever\r\n".to_owned(), 200),
            ("GET", format!("If-None-Match: \"other\"\r\nIf-Modified-Since: {modified}\r\n"), 200),
            ("GET", "If-Match: \"other\"\r\n".to_owned(), 412),
            ("GET", format!("If-Match: {tag}\r\n"), 200),
            ("PUT", "If-None-Match: *\r\n".to_owned(), 412),
            ("PUT", "If-Match: \"other\"\r\n".to_owned(), 412),
            ("PUT", format!("If-Match: W/{tag}\r\n"), 412),
        ];
        for (method, fields, status) in table {
            let response = ask(&server, request(method, "/topics/a", &fields, "new")).await;
            assert_eq!(response.status, status, "{method} {fields}");
            assert_eq!(response.field("etag"), Some(tag.as_str()), "{method} {fields}");
            if status == 304 {
                assert_eq!(response.field("cache-control"), Some("no-cache"));
                assert_eq!(response.field("content-type"), None);
                assert!(response.field("content-length").is_none_or(|length| length == "3"), "RFC 9110 §8.6: that of the 200 or none");
            }
        }
        assert_eq!(ask(&server, request("GET", "/topics/none", "If-None-Match: *\r\n", "")).await.status, 404);
        assert_eq!(ask(&server, request("PUT", "/topics/none", "If-Match: *\r\n", "x")).await.status, 412);
        assert_eq!(ask(&server, request("PUT", "/topics/none", "If-None-Match: *\r\n", "x")).await.status, 201);
        assert_eq!(ask(&server, request("PUT", "/topics/a", &format!("If-Match: {tag}\r\n"), "new")).await.status, 204);
        assert_eq!(ask(&server, request("GET", "/topics/a", &format!("If-None-Match: {tag}\r\n"), "")).await.status, 200);
        server.end().await;
    });
}

#[test]
fn what_cannot_be_done_is_explained() {
    on_one_thread(async {
        let server = start(Limits { payload: 10, topics: 1, ..Limits::default() }).await;
        put(&server, "a", "0123456789").await;
        let long = "n".repeat(129);
        for (method, path, body, status, word) in [
            ("GET", "/topics/none", "", 404, "PUT /topics/none"),
            ("GET", "/elsewhere", "", 404, "GET /"),
            ("GET", "/topics/", "", 400, "1 to 128"),
            ("GET", "/topics/a/b", "", 400, "1 to 128"),
            ("GET", "/topics/%41", "", 400, "1 to 128"),
            ("GET", &format!("/topics/{long}"), "", 400, "1 to 128"),
            ("PUT", "/topics/n%00", "", 400, "1 to 128"),
            ("DELETE", "/topics/a", "", 405, "GET, HEAD, PUT, OPTIONS"),
            ("BREW", "/topics", "", 405, "GET, HEAD, OPTIONS"),
            ("PUT", "/topics", "", 405, "GET, HEAD, OPTIONS"),
            ("PUT", "/topics/a", "0123456789+", 413, "10 bytes"),
            ("PUT", "/topics/b", "x", 507, "1 topics"),
        ] {
            let response = ask(&server, request(method, path, "", body)).await;
            assert_eq!(response.status, status, "{method} {path}");
            let words = String::from_utf8(response.body.clone()).unwrap();
            assert!(words.contains(word) && words.ends_with('\n'), "{method} {path}: {words:?}");
            assert_eq!(response.field("allow").is_some(), status == 405, "{method} {path}");
        }
        let nameless = ask(&server, "GET /topics/a HTTP/1.1\r\n\r\n").await;
        assert_eq!(nameless.status, 400);
        assert!(nameless.body.starts_with(b"A request of HTTP/1.1 needs a Host"));
        let chunked = "PUT /topics/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n678901\r\n0\r\n\r\n";
        assert_eq!(ask(&server, chunked).await.status, 413);
        for (path, allowed) in [("/topics/a", "GET, HEAD, PUT, OPTIONS"), ("/", "GET, HEAD, OPTIONS"), ("*", "GET, HEAD, OPTIONS")] {
            let response = ask(&server, request("OPTIONS", path, "", "")).await;
            assert_eq!((response.status, response.field("allow")), (204, Some(allowed)), "{path}");
        }
        assert_eq!(ask(&server, request("GET", "/topics/a", "", "")).await.body, b"0123456789", "nothing of all this changed it");
        server.end().await;
    });
}

#[test]
fn what_is_not_http_is_refused_and_counted() {
    on_one_thread(async {
        let server = start(Limits::default()).await;
        let large = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(20_000));
        let endless = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(80_000));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(200));
        for (bytes, status) in [
            ("GET /\r\n\r\n", 400),
            ("hello\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
            ("GET /\0 HTTP/1.1\r\n\r\n", 400),
            ("PUT /topics/a HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
            ("PUT /topics/a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400),
            (&large, 431),
            (&endless, 431),
            (&many, 431),
        ] {
            let response = ask(&server, bytes).await;
            assert_eq!(response.status, status, "{:?}", &bytes[..bytes.len().min(60)]);
        }
        let ledger = server.ledger.clone();
        server.end().await;
        let traffic = ledger.traffic(Leg::Subscriber);
        assert_eq!((traffic.requests, traffic.responses[&400], traffic.responses[&431]), (9, 6, 3));
    });
}

#[test]
fn pipelined_requests_are_answered_in_order_wherever_they_are_split() {
    on_one_thread(async {
        let server = start(Limits::default()).await;
        let all = [
            request("PUT", "/topics/p", "", "GET / HTTP/1.1\r\n\r\n"),
            request("GET", "/topics/p", "", ""),
            request("HEAD", "/topics/p", "", ""),
            request("GET", "/topics/none", "", ""),
            request("GET", "/topics/p", "If-None-Match: *\r\n", ""),
        ]
        .concat();
        for split in (1..all.len()).step_by(7).chain([all.len()]) {
            let mut socket = connect(&server).await;
            let (first, second) = all.as_bytes().split_at(split);
            socket.write_all(first).await.unwrap();
            // Gives the server the chance to meet the pieces one by one; the answers must be right either way.
            tokio::task::yield_now().await;
            socket.write_all(second).await.unwrap();
            let created = read(&mut socket, true).await.unwrap().status;
            assert!(matches!(created, 201 | 204), "split at {split}");
            for (status, body) in [(200, b"GET / HTTP/1.1\r\n\r\n".as_slice()), (200, b""), (404, b"There"), (304, b"")] {
                let response = read(&mut socket, !(status == 200 && body.is_empty())).await.unwrap();
                assert_eq!(response.status, status, "split at {split}");
                assert!(response.body.starts_with(body));
            }
        }
        server.end().await;
    });
}

#[test]
fn a_slow_head_and_a_slow_body_are_ended_and_an_idle_connection_is_not() {
    on_one_thread(async {
        let server = start(Limits { patience: Duration::from_millis(80), ..Limits::default() }).await;
        put(&server, "a", "x").await;
        let mut idle = connect(&server).await;
        let get = request("GET", "/topics/a", "", "");
        idle.write_all(get.as_bytes()).await.unwrap();
        assert_eq!(read(&mut idle, true).await.unwrap().status, 200);
        for beginning in ["", "GET /topics/a HT", "PUT /topics/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"] {
            // Returns when the server closes: four times in turn, which is longer than its patience.
            let mut slow = connect(&server).await;
            slow.write_all(beginning.as_bytes()).await.unwrap();
            assert!(read(&mut slow, true).await.is_none(), "{beginning:?}");
        }
        let mut once = connect(&server).await;
        once.write_all(get.as_bytes()).await.unwrap();
        read(&mut once, true).await.unwrap();
        once.write_all(b"GET /").await.unwrap();
        assert!(read(&mut once, true).await.is_none(), "a second request that does not end");
        idle.write_all(get.as_bytes()).await.unwrap();
        assert_eq!(read(&mut idle, true).await.unwrap().status, 200);
        server.end().await;
    });
}

#[test]
fn it_stops_within_a_second_whoever_is_connected() {
    on_one_thread(async {
        let server = start(Limits::default()).await;
        let mut idle = connect(&server).await;
        idle.write_all(request("GET", "/", "", "").as_bytes()).await.unwrap();
        read(&mut idle, true).await.unwrap();
        let mut half = connect(&server).await;
        half.write_all(b"PUT /topics/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab").await.unwrap();
        let _fresh = connect(&server).await;
        put(&server, "b", "all of them have been accepted by now").await;
        let ledger = server.ledger.clone();
        assert!(server.end().await < Duration::from_secs(1));
        assert_eq!(ledger.connections_held(), 0);
        assert!(read(&mut idle, true).await.is_none());
    });
}

#[test]
fn pages_for_people_and_other_origins() {
    on_one_thread(async {
        let server = Running::start(protocol("rest-conditional", &[("interval", "5s"), ("cross-origin", "on")]), Limits::default()).await;
        for name in ["b", "a"] {
            put(&server, name, "x").await;
        }
        let list = ask(&server, request("GET", "/topics", "", "")).await;
        assert_eq!(list.field("content-type"), Some("application/json"));
        let list: serde_json::Value = serde_json::from_slice(&list.body).unwrap();
        assert_eq!(list, serde_json::json!({ "count": 2, "complete": true, "topics": ["a", "b"] }));
        let front = ask(&server, request("GET", "/", "", "")).await;
        assert!(front.field("content-type").unwrap().starts_with("text/html"));
        assert!(String::from_utf8(front.body).unwrap().contains("<a href=\"/topics/a\">"));
        let get = ask(&server, request("GET", "/topics/a", "Origin: https://example.org\r\n", "")).await;
        assert_eq!((get.field("access-control-allow-origin"), get.field("access-control-expose-headers")), (Some("*"), Some("ETag")));
        let preflight = ask(&server, request("OPTIONS", "/topics/a", "Access-Control-Request-Method: PUT\r\n", "")).await;
        assert!(preflight.field("access-control-allow-methods").unwrap().contains("PUT"));
        assert!(preflight.field("access-control-allow-headers").unwrap().contains("If-None-Match"));
        server.end().await;
    });
}

/// Bytes that look more or less like requests.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        proptest::sample::select(vec![
            "GET ",
            "PUT ",
            "OPTIONS ",
            "HEAD ",
            "CONNECT ",
            "* ",
            "/topics/a ",
            "http://x/topics/a ",
            "/ ",
            "HTTP/1.1\r\n",
            "HTTP/1.0\r\n",
            "\r\n",
            "\n",
            "Content-Length: 5\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Expect: 100-continue\r\n",
            "Connection: close\r\n",
            "If-None-Match: \"\r\n",
            "If-None-Match: W/\r\n",
            "If-Match: ,,*\r\n",
            "Upgrade: h2c\r\n",
            "5\r\nhello\r\n",
            "0\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    proptest::collection::vec(pieces, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_harms_nobody(noises in proptest::collection::vec(noise(), 1..4)) {
        on_one_thread(async {
            let server = start(Limits::default()).await;
            let mut other = connect(&server).await;
            for noise in noises {
                let mut socket = connect(&server).await;
                // The server may close before everything is written.
                let _ = socket.write_all(&noise).await;
                let _ = socket.shutdown().await;
                let mut answers = Vec::new();
                let read = tokio::time::timeout(HANG, socket.read_to_end(&mut answers)).await;
                assert!(read.is_ok(), "neither answered nor closed");
                assert!(answers.is_empty() || answers.starts_with(b"HTTP/1."));
                other.write_all(request("GET", "/", "", "").as_bytes()).await.unwrap();
                assert_eq!(status_of(&mut other).await, 200, "others are still served");
            }
            server.end().await;
        });
    }
}

async fn status_of(socket: &mut TcpStream) -> u16 {
    read(socket, true).await.expect("an answer").status
}
