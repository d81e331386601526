//! The windows of `rest-bitmap`: what they say byte by byte, and what their reader makes of windows that are gone.

use std::io::Write as _;
use std::time::Duration;

use pushbench::contender::Limits;
use pushbench::contender::topic::Topic;
use pushbench::protocols::http::changes::gzip;
use roaring::RoaringBitmap;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::support::{HANG, Running, on_one_thread, protocol, subscriber_seat};
use super::wire::{ask, get, put};

const A: Topic = Topic(0);
const B: Topic = Topic(1);

async fn start(settings: &[(&str, &str)]) -> Running {
    Running::start(protocol("rest-bitmap", settings), Limits::default()).await
}

async fn open(server: &Running) -> u64 {
    let directory: Value = serde_json::from_slice(&get(server, "/windows").await.body).unwrap();
    directory["open"].as_u64().unwrap()
}

/// Waits until this window is closed.
async fn closed(server: &Running, window: u64) {
    while open(server).await <= window {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn a_window_that_is_closed_says_what_changed_in_it_and_never_changes_again() {
    for encoding in ["roaring", "gzip"] {
        on_one_thread(async {
            let server = start(&[("window", "400ms"), ("encoding", encoding)]).await;
            for topic in ["a", "b", "c"] {
                put(&server, topic, "1").await;
            }
            let position = async |topic: &str| get(&server, &format!("/topics/{topic}")).await.field("x-bitmap-position").unwrap().parse::<u32>().unwrap();
            assert_eq!([position("a").await, position("b").await, position("c").await], [0, 1, 2]);
            let before = open(&server).await;
            put(&server, "c", "2").await;
            let after = open(&server).await;
            let early = get(&server, &format!("/windows/{}", after + 10)).await;
            assert_eq!((early.status, early.field("cache-control")), (404, Some("no-cache")));
            closed(&server, after).await;
            let mut set = RoaringBitmap::new();
            for window in before..=after {
                let answer = ask(&server, "GET", &format!("/windows/{window}"), "Accept-Encoding: gzip\r\n", "").await;
                assert_eq!((answer.status, answer.field("cache-control")), (200, Some("public, max-age=31536000, immutable")));
                if encoding == "roaring" {
                    assert_eq!((answer.field("content-type"), answer.field("content-encoding")), (Some("application/x-roaring-bitmap"), None));
                    set |= RoaringBitmap::deserialize_from(&answer.body[..]).unwrap();
                } else {
                    assert_eq!((answer.field("content-type"), answer.field("content-encoding")), (Some("application/octet-stream"), Some("gzip")));
                    let array = gzip::unpack(&answer.body, 100).unwrap();
                    assert_eq!(array.len(), 1, "three bits");
                    set.extend((0..8).filter(|bit| array[0] & (1 << bit) != 0));
                    let plain = get(&server, &format!("/windows/{window}")).await;
                    assert_eq!((plain.field("content-encoding"), &plain.body), (None, &array));
                }
                let tag = answer.field("etag").unwrap();
                put(&server, "a", "2").await;
                let again = ask(&server, "GET", &format!("/windows/{window}"), &format!("Accept-Encoding: gzip\r\nIf-None-Match: {tag}\r\n"), "").await;
                assert_eq!((again.status, again.body.len()), (304, 0));
            }
            assert_eq!(set.iter().collect::<Vec<_>>(), [2], "what is new has not changed, what changed later is not in it");
            for (method, path, status) in [
                ("GET", "/windows/0", 410),
                ("GET", "/windows/", 404),
                ("GET", "/windows/x", 404),
                ("GET", "/windows/99999999999999999999", 404),
                ("GET", "/windowsill", 404),
                ("POST", "/windows", 405),
            ] {
                assert_eq!(ask(&server, method, path, "", "").await.status, status, "{method} {path}");
            }
        });
    }
}

/// A minute of Flickr: a million users, at a change a day each 694 changes. Fielding's estimate was under 1 kB for 122 kB of bits.
#[test]
fn a_minute_of_a_million_users_is_small() {
    for (encoding, least, most) in [("roaring", 1_200.0, 1_700.0), ("gzip", 1_000.0, 3_000.0)] {
        on_one_thread(async {
            let server = start(&[("window", "100ms"), ("encoding", encoding), ("outside", "1000000"), ("outside_interval", "144s")]).await;
            let first = open(&server).await;
            closed(&server, first + 4).await;
            let mut sizes = Vec::new();
            for window in first..first + 5 {
                let answer = ask(&server, "GET", &format!("/windows/{window}"), "Accept-Encoding: gzip\r\n", "").await;
                assert_eq!(answer.status, 200);
                sizes.push(answer.body.len() as f64);
                let plain = get(&server, &format!("/windows/{window}")).await;
                let set = if encoding == "gzip" {
                    assert_eq!(plain.body.len(), 125_000);
                    plain.body.iter().map(|byte| u64::from(byte.count_ones())).sum()
                } else {
                    RoaringBitmap::deserialize_from(&plain.body[..]).unwrap().len()
                };
                assert!(set.abs_diff(694) < 5 * 27, "{set} of about 694");
            }
            let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
            let _ = writeln!(std::io::stdout(), "{encoding}: {mean} bytes a window of 694 changes among a million topics");
            assert!(mean > least && mean < most, "{encoding}: {mean} bytes");
        });
    }
}

#[test]
fn windows_that_closed_while_nobody_looked_are_all_fetched_and_where_they_are_gone_every_topic_is() {
    // 900 ms are 9 windows of 100 ms; of 200 µs they are 4,500, more than the server keeps.
    for (window, all) in [("100ms", false), ("200us", true)] {
        on_one_thread(async {
            let server = start(&[("window", window)]).await;
            for topic in [A, B] {
                put(&server, &topic.name(), "first").await;
            }
            let (seat, inbox, pacer) = subscriber_seat(&server.address, [A, B], 2, HANG);
            let mut subscriber = protocol("rest-bitmap", &[("window", window)]).subscriber(seat).await.unwrap();
            assert_eq!(inbox.answered(), 3, "the directory and both topics");
            let stop = CancellationToken::new();
            let story = async {
                put(&server, &A.name(), "second").await;
                tokio::time::sleep(Duration::from_millis(900)).await;
                pacer.tick(Topic(0));
                inbox.until(|inbox| inbox.payloads.borrow().iter().any(|payload| payload == b"second")).await;
                if all {
                    inbox.until(|inbox| inbox.traffic.borrow().responses.get(&304) == Some(&1)).await;
                } else {
                    // Eight windows at least, and the topic.
                    inbox.until(|inbox| inbox.answered() > 3 + 8).await;
                }
                stop.cancel();
            };
            let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
            outcome.unwrap();
            assert_eq!((inbox.failed.get(), inbox.traffic.borrow().responses.get(&410).copied()), (0, all.then_some(1)));
            server.end().await;
        });
    }
}
