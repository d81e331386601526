//! Against servers made for the test: the very bytes that are sent, and everything that a server can do wrong.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::{Duration, Instant};

use pushbench::contender::{Fault, ServerAddress};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::support::{CountingInbox, HANG, HandPacer, on_one_thread, protocol, subscriber_seat};
use super::{A, B, CLIENTS};

#[test]
fn stopping_takes_no_longer_than_a_second_and_loses_no_count() {
    for client in CLIENTS {
        on_one_thread(async {
            // A server that answers the first fetches, then swallows requests for ever.
            let (address, _server) = hostile(2, Mischief::Hang).await;
            let protocol = protocol("rest-poll", &[("interval", "5s"), ("client", client)]);
            let (seat, inbox, pacer) = subscriber_seat(&address, [A, B], 2, HANG);
            let mut subscriber = protocol.subscriber(seat).await.unwrap();
            let stop = CancellationToken::new();
            let begin = Instant::now();
            let story = async {
                pacer.tick(A);
                inbox.until(|inbox| inbox.under_way.get() == 1 || inbox.traffic.borrow().requests == 3).await;
                stop.cancel();
            };
            let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
            outcome.unwrap();
            subscriber.close().await;
            assert!(begin.elapsed() < Duration::from_secs(2));
            assert_eq!((inbox.traffic.borrow().requests, inbox.answered(), inbox.failed.get()), (3, 2, 1));
        });
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mischief {
    Hang,
    /// A byte now and then, for ever.
    Drip,
    Close,
    CloseInBody,
    Garbage,
    NotHttp,
    ErrorStatus,
    Redirect,
    Endless,
    LongHead,
}

/// Answers so many requests well, then does mischief to each request on its own connection, or to every second of them.
async fn hostile(good: usize, mischief: Mischief) -> (ServerAddress, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
    let served = Rc::new(Cell::new(0));
    let task = tokio::task::spawn_local(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let served = served.clone();
            tokio::task::spawn_local(async move {
                let _ = misbehave(socket, &served, good, mischief).await;
            });
        }
    });
    (address, task)
}

async fn misbehave(mut socket: TcpStream, served: &Cell<usize>, good: usize, mischief: Mischief) -> std::io::Result<()> {
    let mut head = Vec::new();
    loop {
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await?);
        }
        head.clear();
        served.set(served.get() + 1);
        if served.get() <= good || served.get().is_multiple_of(2) {
            socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await?;
            continue;
        }
        match mischief {
            Mischief::Hang => std::future::pending().await,
            Mischief::Drip => {
                socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await?;
                loop {
                    socket.write_all(b".").await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Mischief::Close => return Ok(()),
            Mischief::CloseInBody => return socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nhalf").await,
            Mischief::Garbage => return socket.write_all(&[0xff, 0, 13, 10, 7, 13, 10, 13, 10]).await,
            Mischief::NotHttp => return socket.write_all(b"220 mail ESMTP\r\n").await,
            Mischief::ErrorStatus => socket.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy").await?,
            Mischief::Redirect => socket.write_all(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n").await?,
            Mischief::LongHead => {
                socket.write_all(b"HTTP/1.1 200 OK\r\n").await?;
                loop {
                    socket.write_all(format!("field: {}\r\n", "x".repeat(20_000)).as_bytes()).await?;
                }
            }
            Mischief::Endless => {
                socket.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
                let chunk = [b"100000\r\n".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
                loop {
                    socket.write_all(&chunk).await?;
                }
            }
        }
    }
}

async fn survive(client: &str, mischief: Mischief) -> (Rc<CountingInbox>, Rc<HandPacer>) {
    let (address, _server) = hostile(2, mischief).await;
    let protocol = protocol("rest-conditional", &[("interval", "5s"), ("client", client)]);
    let timeout = if matches!(mischief, Mischief::Hang | Mischief::Drip) { Duration::from_millis(200) } else { HANG };
    let (seat, inbox, pacer) = subscriber_seat(&address, [A, B], 1, timeout);
    assert_eq!(seat.connections, NonZeroUsize::MIN);
    let mut subscriber = protocol.subscriber(seat).await.unwrap();
    let stop = CancellationToken::new();
    let story = async {
        for topic in [A, B, A, B] {
            pacer.tick(topic);
        }
        inbox.until(|inbox| inbox.answered() + inbox.failed.get() == 6).await;
        stop.cancel();
    };
    let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
    outcome.unwrap_or_else(|fault| panic!("{client} {mischief:?}: {fault}"));
    (inbox, pacer)
}

#[test]
fn what_a_bad_server_does_is_counted_and_polling_goes_on() {
    on_one_thread(async {
        for client in CLIENTS {
            for mischief in [Mischief::Hang, Mischief::Drip, Mischief::CloseInBody, Mischief::Garbage, Mischief::NotHttp, Mischief::Endless, Mischief::LongHead]
            {
                let (inbox, _) = survive(client, mischief).await;
                assert_eq!((inbox.failed.get(), inbox.answered()), (2, 4), "{client} {mischief:?}");
                assert!(inbox.payloads.borrow().iter().all(|payload| payload == b"ok"), "{client} {mischief:?}: half a body is no payload");
            }
            for (mischief, status) in [(Mischief::ErrorStatus, 503), (Mischief::Redirect, 302)] {
                let (inbox, _) = survive(client, mischief).await;
                assert_eq!((inbox.failed.get(), inbox.traffic.borrow().responses.get(&status)), (0, Some(&2)), "{client} {mischief:?}");
                assert_eq!(inbox.payloads.borrow().len(), 4);
            }
        }
        // The lean client takes a connection that ends before the response for one that had been closed before the request.
        let (inbox, _) = survive("library", Mischief::Close).await;
        assert_eq!((inbox.failed.get(), inbox.answered()), (2, 4));
        let (inbox, _) = survive("lean", Mischief::Close).await;
        assert_eq!((inbox.failed.get(), inbox.answered(), inbox.traffic.borrow().requests), (0, 6, 6));
    });
}

#[test]
fn what_is_wrong_with_a_first_response_is_a_fault_that_names_it() {
    let table = [
        (Mischief::Close, "ended before the response"),
        (Mischief::CloseInBody, "ended before the response did"),
        (Mischief::NotHttp, "not one of HTTP/1.1"),
        (Mischief::Endless, "its body is larger than 67108864 bytes"),
        (Mischief::LongHead, "its head is larger than 16384 bytes"),
    ];
    on_one_thread(async {
        for (mischief, words) in table {
            let (address, _server) = hostile(0, mischief).await;
            let (seat, inbox, _) = subscriber_seat(&address, [A], 1, HANG);
            let fault = protocol("rest-poll", &[("interval", "5s"), ("client", "lean")]).subscriber(seat).await.err().unwrap();
            assert!(fault.to_string().contains(words) && fault.to_string().contains("GET /topics/topic-000000"), "{mischief:?}: {fault}");
            assert_eq!((inbox.failed.get(), inbox.traffic.borrow().requests), (1, 1), "{mischief:?}");
        }
    });
}

/// Answers one request of each connection, then closes it without a word: what a server does with connections that idle.
async fn closes_idle_ones() -> (ServerAddress, Rc<Cell<u64>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
    let served = Rc::new(Cell::new(0));
    let count = served.clone();
    tokio::task::spawn_local(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            if read_head(&mut socket).await.is_ok() {
                count.set(count.get() + 1);
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
            }
        }
    });
    (address, served)
}

#[test]
fn a_connection_that_the_server_closed_while_it_was_idle_costs_no_request() {
    on_one_thread(async {
        let (address, served) = closes_idle_ones().await;
        let (seat, inbox, pacer) = subscriber_seat(&address, [A], 1, HANG);
        let mut subscriber = protocol("rest-poll", &[("interval", "5s"), ("client", "lean")]).subscriber(seat).await.unwrap();
        let stop = CancellationToken::new();
        let story = async {
            for polls in 2..30 {
                // At once, while the end is on its way, and after it has come.
                if polls % 2 == 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                pacer.tick(A);
                inbox.until(|inbox| inbox.answered() + inbox.failed.get() == polls).await;
            }
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
        outcome.unwrap();
        let traffic = inbox.traffic.borrow();
        assert_eq!((traffic.requests, inbox.failed.get(), served.get()), (29, 0, 29), "client's count = server's count");
        assert_eq!(traffic.connections, 29);
        let (up, down) = (traffic.bytes_up / 29, traffic.bytes_down / 29);
        assert_eq!((traffic.bytes_up, traffic.bytes_down), (29 * up, 29 * down), "a request that nobody read has not crossed");
    });
}

async fn read_head(socket: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The request heads that a server gets in a poller's life: a first fetch, and one poll.
async fn sent(contender: &str, client: &str, connection: &str) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    tokio::task::spawn_local(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            while let Ok(head) = read_head(&mut socket).await {
                tell.send(head).unwrap();
                if socket.write_all(b"HTTP/1.1 200 OK\r\nETag: \"a-1\"\r\nContent-Length: 2\r\n\r\nok").await.is_err() {
                    break;
                }
            }
        }
    });
    let protocol = protocol(contender, &[("interval", "5s"), ("client", client), ("connection", connection)]);
    let (seat, _, pacer) = subscriber_seat(&address, [A], 1, HANG);
    let mut subscriber = protocol.subscriber(seat).await.unwrap();
    let stop = CancellationToken::new();
    let story = async {
        let first = told.recv().await.unwrap();
        pacer.tick(A);
        let second = told.recv().await.unwrap();
        stop.cancel();
        [first, second].map(|head| head.replace(&address.socket, "HOST")).to_vec()
    };
    let (outcome, heads) = tokio::join!(subscriber.run(stop.clone()), story);
    outcome.unwrap();
    heads
}

#[test]
fn requests_are_these_bytes_with_either_client() {
    const GET: &str = "GET /topics/topic-000000 HTTP/1.1\r\nhost: HOST\r\naccept: */*\r\n";
    on_one_thread(async {
        for (contender, connection, fields) in [
            ("rest-poll", "keep-alive", ["", ""]),
            ("rest-poll", "per-poll", ["connection: close\r\n", "connection: close\r\n"]),
            ("rest-conditional", "keep-alive", ["", "if-none-match: \"a-1\"\r\n"]),
        ] {
            let lean = sent(contender, "lean", connection).await;
            assert_eq!(lean, fields.map(|fields| format!("{GET}{fields}\r\n")), "{contender} {connection}");
            // The order of fields means nothing (RFC 9110 §5.3).
            let sorted = |heads: Vec<String>| heads.iter().map(|head| BTreeSet::from_iter(head.lines().map(str::to_owned))).collect::<Vec<_>>();
            assert_eq!(sorted(lean), sorted(sent(contender, "library", connection).await), "{contender} {connection}");
        }
    });
}

#[test]
fn connecting_has_a_deadline_too() {
    on_one_thread(async {
        // Nobody accepts, and there is room for few who wait: the kernel leaves the others without an answer.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let place = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(connected) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(place)).await {
            waiting.push(connected.unwrap());
        }
        for client in CLIENTS {
            let begin = Instant::now();
            let (seat, inbox, _) = subscriber_seat(&ServerAddress { socket: place.to_string() }, [A], 1, Duration::from_millis(200));
            let fault = protocol("rest-poll", &[("interval", "5s"), ("client", client)]).subscriber(seat).await.err().unwrap();
            assert!(matches!(fault, Fault::Timeout { .. }), "{client}: {fault}");
            assert!(begin.elapsed() < Duration::from_secs(2), "{client}");
            assert_eq!(inbox.failed.get(), 1, "{client}");
        }
    });
}
