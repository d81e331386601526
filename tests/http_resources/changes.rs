//! The feed of `rest-changes`: what it says byte by byte, and what its reader makes of one that is late, broken or gone.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use pushbench::contender::{Limits, Subscriber};
use pushbench::protocols::http::changes::gzip;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::support::{CountingInbox, HANG, HandPacer, Running, on_one_thread, protocol, publisher_seat, subscriber_seat};
use super::wire::{ask, get, put};
use pushbench::contender::ServerAddress;
use pushbench::contender::topic::Topic;

const A: Topic = Topic(0);
const B: Topic = Topic(1);

async fn start(settings: &[(&str, &str)]) -> Running {
    Running::start(protocol("rest-changes", &[&[("interval", "1m")], settings].concat()), Limits::default()).await
}

fn updates(feed: &Value) -> BTreeMap<String, String> {
    let updates = feed["updates"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let map: BTreeMap<String, String> = updates.iter().map(|update| (text(&update[0]), text(&update[1]))).collect();
    assert_eq!(map.len(), updates.len(), "each topic once");
    map
}

fn seconds(feed: &Value, key: &str) -> f64 {
    let time: jiff::Timestamp = feed[key].as_str().unwrap().parse().unwrap();
    time.as_nanosecond() as f64 / 1e9
}

#[test]
fn the_feed_names_the_last_change_of_each_topic() {
    on_one_thread(async {
        // Kept for 100 ms.
        let server = start(&[("period", "6s")]).await;
        put(&server, "a", "1").await;
        put(&server, "b", "1").await;
        let id = async |topic: &str| {
            let answer = get(&server, &format!("/topics/{topic}")).await;
            answer.field("x-sup-id").unwrap().strip_prefix("/changes#").unwrap().to_owned()
        };
        let (a, b) = (id("a").await, id("b").await);
        assert!(a != b && a.len() == 8, "{a} {b}");
        let first = get(&server, "/changes").await;
        assert_eq!((first.status, first.field("content-type"), first.field("content-encoding")), (200, Some("application/json"), None));
        assert_eq!((first.field("cache-control"), first.field("vary")), (Some("public, max-age=0"), Some("Accept-Encoding")));
        let feed: Value = serde_json::from_slice(&first.body).unwrap();
        assert!(updates(&feed).is_empty(), "a topic that is new has not changed: {feed}");
        assert_eq!(feed["period"], 6);
        let periods: Vec<&str> = feed["available_periods"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(periods, ["1536", "24", "384", "6", "6144", "96"]);
        let covered = seconds(&feed, "updated_time") - seconds(&feed, "since_time");
        assert!(covered > 0.0 && covered < 7.000_001, "a sixth more than it says, or all there is: {covered}");

        // For a moment everybody gets the same.
        let tag = first.field("etag").unwrap();
        put(&server, "a", "2").await;
        put(&server, "a", "3").await;
        let mut changed = ask(&server, "GET", "/changes", &format!("If-None-Match: {tag}\r\n"), "").await;
        while changed.status == 304 {
            assert_eq!((changed.field("etag"), changed.body.len()), (Some(tag), 0));
            tokio::time::sleep(Duration::from_millis(20)).await;
            changed = ask(&server, "GET", "/changes", &format!("If-None-Match: {tag}\r\n"), "").await;
        }
        let feed: Value = serde_json::from_slice(&changed.body).unwrap();
        let named = updates(&feed);
        assert_eq!(named.keys().collect::<Vec<_>>(), [&a]);
        put(&server, "a", "4").await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        let again: Value = serde_json::from_slice(&get(&server, "/changes").await.body).unwrap();
        assert_ne!(updates(&again)[&a], named[&a], "another update, another id");

        for url in feed["available_periods"].as_object().unwrap().values() {
            let longer: Value = serde_json::from_slice(&get(&server, url.as_str().unwrap()).await.body).unwrap();
            assert!(updates(&longer).contains_key(&a), "{url}");
        }
        let head = ask(&server, "HEAD", "/changes", "", "").await;
        assert!(head.status == 200 && head.field("content-length").unwrap().parse::<usize>().unwrap() > 100);
        for (method, path, status) in [("GET", "/changes?seconds=7", 404), ("GET", "/changes?x", 404), ("GET", "/changes/", 404), ("DELETE", "/changes", 405)] {
            assert_eq!(ask(&server, method, path, "", "").await.status, status, "{method} {path}");
        }
    });
}

#[test]
fn the_feed_carries_everybody_and_is_packed_for_who_takes_it() {
    on_one_thread(async {
        let crowd = [("period", "2s"), ("outside", "1000000"), ("outside_interval", "1000s")];
        let server = start(&crowd).await;
        put(&server, "a", "1").await;
        // A thousand changes a second.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let plain = get(&server, "/changes").await;
        let feed: Value = serde_json::from_slice(&plain.body).unwrap();
        let span = seconds(&feed, "updated_time") - seconds(&feed, "since_time");
        let lines = feed["updates"].as_array().unwrap().len() as f64;
        let began = span.min(7.0 / 3.0);
        assert!(lines > 1_300.0 && lines < began * 1_000.0 + 5.0 * 50.0, "{lines} in {span} s");
        let packed = ask(&server, "GET", "/changes", "Accept-Encoding: gzip\r\n", "").await;
        assert_eq!(packed.field("content-encoding"), Some("gzip"));
        let unpacked = gzip::unpack(&packed.body, 1 << 20).unwrap();
        let feed: Value = serde_json::from_slice(&unpacked).unwrap();
        let lines = feed["updates"].as_array().unwrap().len();
        let (each, each_packed) = (unpacked.len() as f64 / lines as f64, packed.body.len() as f64 / lines as f64);
        // FriendFeed said 21 and 8. Both have a head of 300 bytes here.
        assert!((each - 21.3).abs() < 0.5 && each_packed > 5.0 && each_packed < 9.0, "{each} and {each_packed} bytes an update");
        let server = start(&[("encoding", "identity")]).await;
        assert_eq!(ask(&server, "GET", "/changes", "Accept-Encoding: gzip\r\n", "").await.field("content-encoding"), None);
    });
}

/// A reader of A and B against our own server, with the hand on its pacer.
async fn reader(settings: &[(&str, &str)]) -> (Running, Box<dyn Subscriber>, Rc<CountingInbox>, Rc<HandPacer>) {
    let server = start(settings).await;
    for topic in [A, B] {
        put(&server, &topic.name(), "first").await;
    }
    let (seat, inbox, pacer) = subscriber_seat(&server.address, [A, B], 2, HANG);
    let subscriber = protocol("rest-changes", &[&[("interval", "1m")], settings].concat()).subscriber(seat).await.unwrap();
    (server, subscriber, inbox, pacer)
}

#[test]
fn what_changed_while_nobody_looked_is_found_however_long_that_was() {
    // Of 30 ms and 30.72 s: nearly a second later only a longer document covers it. Of 30 µs: not even the longest does.
    for (period, polls, topics) in [("30ms", 1, 1), ("30us", 1, 2)] {
        on_one_thread(async {
            let (server, mut subscriber, inbox, pacer) = reader(&[("period", period)]).await;
            assert_eq!(inbox.answered(), 3, "the feed and both topics");
            let stop = CancellationToken::new();
            let story = async {
                put(&server, &A.name(), "second").await;
                tokio::time::sleep(Duration::from_millis(900)).await;
                pacer.tick(Topic(0));
                inbox.until(|inbox| inbox.payloads.borrow().iter().any(|payload| payload == b"second")).await;
                inbox.until(|inbox| inbox.answered() >= 3 + polls + topics).await;
                stop.cancel();
            };
            let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
            outcome.unwrap();
            assert_eq!(inbox.failed.get(), 0);
            // In the second case B has been asked for as well, and was told that it has not changed.
            assert_eq!(inbox.traffic.borrow().responses.get(&304).copied().unwrap_or(0), topics - 1, "{period}");
            server.end().await;
        });
    }
}

#[test]
fn an_update_is_fetched_once_and_a_poll_that_names_nothing_wanted_fetches_nothing() {
    on_one_thread(async {
        let (server, mut subscriber, inbox, pacer) = reader(&[("period", "6ms"), ("outside", "1000"), ("outside_interval", "10ms")]).await;
        let stop = CancellationToken::new();
        let story = async {
            put(&server, &B.name(), "second").await;
            for polls in 1..=5 {
                tokio::time::sleep(Duration::from_millis(2)).await;
                pacer.tick(Topic(0));
                inbox.until(|inbox| inbox.answered() > 3 + polls).await;
            }
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
        outcome.unwrap();
        assert_eq!(inbox.answered(), 3 + 5 + 1, "{:?}", inbox.traffic.borrow());
        assert_eq!(inbox.payloads.borrow().len(), 3);
        server.end().await;
    });
}

/// Answers topics as a server does, and the feed with these bodies, the last one for ever.
async fn hostile(feeds: Vec<(u16, String)>) -> ServerAddress {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
    let feeds = Rc::new(std::cell::RefCell::new(feeds));
    tokio::task::spawn_local(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let feeds = feeds.clone();
            tokio::task::spawn_local(async move {
                let mut head = Vec::new();
                while let Ok(byte) = socket.read_u8().await {
                    head.push(byte);
                    if !head.ends_with(b"\r\n\r\n") {
                        continue;
                    }
                    let (status, body) = if head.starts_with(b"GET /topics/topic-00000") {
                        (200, format!("payload of {}", head[23] as char))
                    } else {
                        let mut feeds = feeds.borrow_mut();
                        if feeds.len() > 1 { feeds.remove(0) } else { feeds[0].clone() }
                    };
                    let id = head.get(23).filter(|digit| digit.is_ascii_digit()).map_or('x', |digit| *digit as char);
                    let head_of_answer = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\nX-SUP-ID: /changes#id-{id}\r\n\r\n", body.len());
                    head.clear();
                    if socket.write_all(format!("{head_of_answer}{body}").as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn feed(since: u32, updated: u32, updates: &str) -> (u16, String) {
    let text = format!(
        r#"{{"available_periods":{{"60":"/changes"}},"since_time":"2008-07-21T00:{since:02}:00Z","updated_time":"2008-07-21T00:{updated:02}:00Z","updates":{updates}}}"#
    );
    (200, text)
}

#[test]
fn a_feed_that_cannot_be_read_is_waste_and_the_next_poll_makes_up_for_it() {
    for bad in [(200, "[".repeat(10_000)), (200, String::new()), (500, "no".to_owned()), (200, format!("{{\"updates\":[[\"{}\"]]}}", "x".repeat(1_000)))] {
        on_one_thread(async {
            let address = hostile(vec![feed(0, 1, "[]"), bad.clone(), feed(1, 2, r#"[["id-1","u"],["nobody","u"]]"#)]).await;
            let (seat, inbox, pacer) = subscriber_seat(&address, [A, B], 1, HANG);
            let mut subscriber = protocol("rest-changes", &[("interval", "1m"), ("encoding", "identity")]).subscriber(seat).await.unwrap();
            let stop = CancellationToken::new();
            let story = async {
                pacer.tick(Topic(0));
                inbox.until(|inbox| inbox.answered() == 4).await;
                pacer.tick(Topic(0));
                inbox.until(|inbox| inbox.answered() == 6).await;
                stop.cancel();
            };
            let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
            outcome.unwrap();
            assert_eq!(inbox.payloads.borrow().last().unwrap(), b"payload of 1");
        });
    }
}

#[test]
fn what_is_wrong_at_first_is_a_fault_that_names_it() {
    for (answer, says) in [
        ((404, "none".to_owned()), "GET /changes at"),
        ((200, "{}".to_owned()), "the feed cannot be read"),
        (feed(0, 1, "[]").replaced("60", "sixty"), "is no period in seconds"),
        (feed(0, 1, "[]").replaced("\"60\":\"/changes\"", ""), "no available_periods"),
        (feed(0, 1, "[]").replaced("\"/changes\"", "\"no path\""), "no path"),
    ] {
        on_one_thread(async {
            let address = hostile(vec![answer.clone()]).await;
            let (seat, inbox, _) = subscriber_seat(&address, [A], 1, HANG);
            let fault = protocol("rest-changes", &[("interval", "1m")]).subscriber(seat).await.err().unwrap().to_string();
            assert!(fault.contains(says) || fault.contains("404"), "{fault}");
            assert_eq!((inbox.answered(), inbox.failed.get()), (1, 0));
        });
    }
    // A server of topics without a feed.
    on_one_thread(async {
        let server = Running::start(protocol("rest-poll", &[("interval", "1m")]), Limits::default()).await;
        let publisher = protocol("rest-poll", &[("interval", "1m")]).publisher(publisher_seat(&server.address, 1).0).await.unwrap();
        publisher.create(vec![(A, "x".into())]).await.unwrap();
        let (seat, _, _) = subscriber_seat(&server.address, [A], 1, HANG);
        assert!(protocol("rest-changes", &[("interval", "1m")]).subscriber(seat).await.err().unwrap().to_string().contains("404"));
    });
}

trait Replaced {
    fn replaced(self, from: &str, to: &str) -> Self;
}

impl Replaced for (u16, String) {
    fn replaced(self, from: &str, to: &str) -> Self {
        assert!(self.1.contains(from), "{}", self.1);
        (self.0, self.1.replace(from, to))
    }
}
