//! What both clients make of everything that a server can do wrong to one of two topics.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pushbench::contender::ServerAddress;
use pushbench::contender::topic::Topic;
use tokio_util::sync::CancellationToken;

use crate::mischief::Mischief::{self, Drips, LongTag, Nothing, Pours, Redirects, Resets, Says, SaysAndCloses, SaysAndHalfCloses, SpeaksUnasked};
use crate::mischief::Server;
use crate::process;
use crate::support::{HANG, on_one_thread, protocol, subscriber_seat};

const BAD: Topic = Topic(0);
const FINE: Topic = Topic(1);
const POLLS: u64 = 2;
/// For what has no end of its own. The fine topic is answered within it on any machine.
const TIMEOUT: Duration = Duration::from_millis(1_000);
/// So many cases at once: most of them wait most of the time.
const AT_ONCE: usize = 16;
/// A body may have 64 MiB, and is grown by doubling.
const LARGE: u64 = 256;
const SMALL: u64 = 8;

const BOMB: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x4b\x4c\x44\x05\x00\x11\x11\x11\x11\x99\x00\x00";
const CHUNK_OVERFLOW: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nx";
const CHUNK_HUGE: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFF0\r\nx";
const FIELDS: &[u8] = b"HTTP/1.1 200 OK\r\n";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// What the server does, what comes of it with `lean`, and with `library`.
type Case = (&'static str, Mischief, &'static str, &'static str);

const CASES: &[Case] = &[
    ("never answers", Nothing, FAILED, FAILED),
    ("closes instead of an answer", SaysAndCloses(b""), FAILED, FAILED),
    ("resets instead of an answer", Resets, FAILED, FAILED),
    ("says half a head, and ends its half", SaysAndHalfCloses(b"HTTP/1.1 200 OK\r\nConte"), FAILED, FAILED),
    ("a head in drips", Drips(b"HTTP/1.1 200 OK\r\nX: ", b"x"), FAILED, FAILED),
    ("a head without end: one field", Pours(b"HTTP/1.1 200 OK\r\nX: ", b"x"), FAILED, FAILED),
    ("a head without end: many fields", Pours(FIELDS, b"A: b\r\n"), FAILED, FAILED),
    ("100 Continue without end", Pours(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), FAILED, FAILED),
    ("103 Early Hints without end", Pours(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), FAILED, FAILED),
    ("101 Switching Protocols", Says(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: nothing\r\n\r\n"), FAILED, "taken as 101"),
    ("a body shorter than said, and the end", SaysAndCloses(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nhalf"), FAILED, FAILED),
    ("a body shorter than said, and silence", Says(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nhalf"), FAILED, FAILED),
    ("a body longer than said", Says(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour and more"), "taken as 200, 4 bytes", "taken as 200, 4 bytes"),
    ("a body without length, ended by the connection", SaysAndCloses(b"HTTP/1.1 200 OK\r\n\r\nfour"), "taken as 200, 4 bytes", "taken as 200, 4 bytes"),
    ("a body in drips", Drips(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"), FAILED, FAILED),
    ("chunks of a byte without end", Pours(CHUNKED, b"1\r\nx\r\n"), FAILED, FAILED),
    ("a body without length or end", Pours(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), FAILED, FAILED),
    ("Content-Length: 9223372036854775807", Pours(b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n", b"x"), FAILED, FAILED),
    ("Content-Length: -1", Says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), FAILED, FAILED),
    ("two Content-Lengths", Says(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy"), FAILED, FAILED),
    (
        "Content-Length and Transfer-Encoding",
        Says(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n"),
        FAILED,
        "taken as 200, 4 bytes",
    ),
    ("a chunk of FFFFFFFFFFFFFFFFF bytes", Says(CHUNK_OVERFLOW), FAILED, FAILED),
    ("a chunk of FFFFFFFFFFFFFFF0 bytes", Says(CHUNK_HUGE), FAILED, FAILED),
    ("a chunk's extension without end", Pours(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"e"), FAILED, FAILED),
    ("trailers without end", Pours(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"T: t\r\n"), FAILED, FAILED),
    ("304 with a body", Says(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody"), "taken as 304", "taken as 304"),
    ("204 with a body", Says(b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody"), "taken as 204", "taken as 204"),
    ("status 000", Says(b"HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n"), FAILED, FAILED),
    ("status 999", Says(b"HTTP/1.1 999 Much\r\nContent-Length: 0\r\n\r\n"), "taken as 999", "taken as 999"),
    ("status abc", Says(b"HTTP/1.1 abc What\r\nContent-Length: 0\r\n\r\n"), FAILED, FAILED),
    ("HTTP/2.0 in the status line", Says(b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"), FAILED, FAILED),
    ("another protocol", Says(b"220 mail ESMTP\r\n"), FAILED, FAILED),
    ("gzip that nobody asked for", Says(BOMB), "taken as 200, 22 bytes: not unpacked", "taken as 200, 22 bytes: not unpacked"),
    ("a redirect to another server", Redirects, "taken as 302: not followed", "taken as 302: not followed"),
    (
        "two answers to one request",
        Says(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfourHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfalse"),
        "taken as 200, 4 bytes",
        "taken as 200, 4 bytes",
    ),
    (
        "an answer on an idle connection, before it is asked",
        SpeaksUnasked,
        "taken as 200, 20 bytes: only what was asked for",
        "taken as 200, 20 bytes: only what was asked for",
    ),
    ("an entity tag of 8 KiB", LongTag(8 << 10), "taken as 200, 20 bytes: the tag is not kept", "taken as 200, 20 bytes: the tag is not kept"),
    ("an entity tag of 64 KiB", LongTag(64 << 10), FAILED, "taken as 200, 20 bytes: the tag is not kept"),
    ("an entity tag with NUL", Says(b"HTTP/1.1 200 OK\r\nETag: \"a\0b\"\r\nContent-Length: 2\r\n\r\nok"), FAILED, FAILED),
    ("an entity tag with a bare CR", Says(b"HTTP/1.1 200 OK\r\nETag: \"a\rHost: b\"\r\nContent-Length: 2\r\n\r\nok"), FAILED, FAILED),
];

const FAILED: &str = "counted as failed";

/// The most by which the client's process may grow, MiB.
fn memory(mischief: Mischief) -> u64 {
    // Endless heads, interim responses, extensions are given up long before.
    if matches!(mischief, Pours(head, body) if head.ends_with(b"\r\n\r\n") && matches!(body, b"x" | b"1\r\nx\r\n")) { LARGE } else { SMALL }
}

/// Polls the bad topic and the fine one in turn; what was counted for the bad one, in words.
fn survive(client: &str, tried: &str, mischief: Mischief) -> String {
    let server = Server::start(mischief);
    let mut words = String::new();
    let begin = Instant::now();
    on_one_thread(async {
        let address = ServerAddress { socket: server.address.clone() };
        let (seat, inbox, pacer) = subscriber_seat(&address, [BAD, FINE], 1, TIMEOUT);
        let mut subscriber = protocol("rest-conditional", &[("interval", "5s"), ("client", client)]).subscriber(seat).await.expect("first answers are good");
        let stop = CancellationToken::new();
        let story = async {
            let mut ended = 2;
            for poll in 0..POLLS {
                for topic in [BAD, FINE] {
                    pacer.tick(topic);
                    ended += 1;
                    inbox.until(|inbox| inbox.answered() + inbox.failed.get() == ended).await;
                    while matches!(mischief, SpeaksUnasked) && server.unasked.load(Ordering::Relaxed) <= poll {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
                // Whatever comes too late has come.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
        outcome.unwrap_or_else(|fault| panic!("{client} {tried}: {fault}"));
        subscriber.close().await;
        let payloads = inbox.payloads.borrow();
        let fine = payloads.iter().filter(|payload| payload.as_slice() == b"/topics/topic-000001").count();
        assert_eq!(fine as u64, 1 + POLLS, "{client} {tried}: the other topic");
        let own: Vec<usize> = payloads.iter().filter(|payload| payload.as_slice() != b"/topics/topic-000001").map(Vec::len).collect();
        assert_eq!(own[0], 20, "the first answer was good");
        let mut responses = inbox.traffic.borrow().responses.clone();
        // What the fine topic got, and the first answers.
        *responses.get_mut(&200).expect("some") -= 2 + POLLS;
        responses.retain(|_, count| *count > 0);
        words = match (inbox.failed.get(), responses.first_key_value()) {
            (POLLS, None) => FAILED.to_owned(),
            (0, Some((200, count))) if *count == POLLS && own.iter().skip(1).all(|length| *length == own[1]) => format!("taken as 200, {} bytes", own[1]),
            (0, Some((status, count))) if *count == POLLS && own.len() == 1 => format!("taken as {status}"),
            other => format!("{other:?}, payloads {own:?}"),
        };
    });
    assert!(begin.elapsed() < HANG, "{client} {tried}");
    assert_eq!(server.led_astray.load(Ordering::Relaxed), 0, "{client}: a load tool must not be led to another server");
    let longest = server.longest.load(Ordering::Relaxed);
    assert!(longest < 2_000, "{client} {tried}: a request of {longest} bytes");
    words
}

/// All cases of a group at once, in a process that may not grow by more than one of them may.
fn together(cases: &[Case], most: u64, wrong: &mut Vec<String>) {
    process::forget_peak(std::process::id());
    let before = process::memory(std::process::id());
    let runs: Vec<(&str, &Case)> = cases.iter().flat_map(|case| [("lean", case), ("library", case)]).collect();
    let seen: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = runs.iter().map(|(client, case)| scope.spawn(move || survive(client, case.0, case.1))).collect();
        threads.into_iter().map(|thread| thread.join().expect("the case holds")).collect()
    });
    for ((client, case), seen) in runs.iter().zip(seen) {
        let wanted = if *client == "lean" { case.2 } else { case.3 };
        // The words behind the colon are held by assertions of their own.
        if seen != wanted.split(": ").next().unwrap_or_default() {
            wrong.push(format!("{client}: {}: {seen} instead of {wanted}", case.0));
        }
    }
    let grown = process::peak(std::process::id()).saturating_sub(before) >> 20;
    let names: Vec<&str> = cases.iter().map(|case| case.0).collect();
    assert!(grown < most, "{grown} MiB more: {names:?}");
}

pub fn rows() -> Vec<Vec<String>> {
    let mut wrong = Vec::new();
    let (large, small): (Vec<Case>, Vec<Case>) = CASES.iter().partition(|case| memory(case.1) == LARGE);
    // The program's own pages are read when they are first run: they are no memory that a server made us take.
    for client in ["lean", "library"] {
        survive(client, small[1].0, small[1].1);
    }
    // The small ones first: what the allocator keeps of the large ones would hide their growth.
    small.chunks(AT_ONCE / 2).for_each(|cases| together(cases, SMALL, &mut wrong));
    large.iter().for_each(|case| together(&[*case], 2 * LARGE, &mut wrong));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let row =
        |case: &Case| vec![case.0.to_owned(), case.2.to_owned(), case.3.to_owned(), format!("less than {} MiB more", memory(case.1)), "goes on".to_owned()];
    CASES.iter().map(row).collect()
}
