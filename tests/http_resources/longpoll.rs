//! `/polls`.

use std::time::{Duration, Instant};

use pushbench::contender::Limits;

use crate::raw::{Peer, ask, put};
use crate::support::{Running, on_one_thread, protocol};

async fn start(settings: &[(&str, &str)]) -> Running {
    Running::start(protocol("rest-longpoll", settings), Limits::default()).await
}

/// The numbers of an answer's updates, and the rest of each line with its payload.
fn updates(body: &str) -> (Vec<u64>, Vec<&str>) {
    let lines: Vec<&str> = body.lines().collect();
    let numbers = lines.iter().step_by(2).map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    let rest = lines.iter().enumerate().map(|(place, line)| if place % 2 == 0 { line.split_once(' ').unwrap().1 } else { line }).collect();
    (numbers, rest)
}

#[test]
fn a_poll_is_made_held_and_ended() {
    on_one_thread(async {
        let server = start(&[]).await;
        put(&server, "a", "a0").await;
        put(&server, "b", "b0").await;
        put(&server, "unwanted", "x").await;
        let mut reader = Peer::new(&server).await;
        let made = reader.ask("POST", "/polls", "b\r\na\n").await;
        assert_eq!(made.status, 201);
        assert_eq!((made.field("content-type"), made.field("cache-control")), (Some("application/vnd.pushbench.updates"), Some("no-store")));
        let place = made.field("location").unwrap().to_owned();
        assert!(place.starts_with("/polls/") && place.len() == "/polls/".len() + 16, "{place}");
        let text = made.text();
        let (numbers, rest) = updates(&text);
        assert_eq!(rest, ["a 2", "a0", "b 2", "b0"]);
        assert!(numbers[0] < numbers[1]);
        let after = numbers[1];

        reader.send("GET", &format!("{place}?after={after}"), "", b"").await;
        put(&server, "unwanted", "y").await;
        put(&server, "a", "a1").await;
        let news = reader.response().await;
        assert_eq!(news.status, 200);
        let text = news.text();
        let (numbers, rest) = updates(&text);
        assert_eq!(rest, ["a 2", "a1"]);
        assert!(numbers[0] > after);

        // The answer was lost, say: whoever asks again gets it again, and what has come since.
        put(&server, "b", "b1").await;
        let again = reader.ask("GET", &format!("{place}?after={after}"), "").await;
        let text = again.text();
        let (numbers, rest) = updates(&text);
        assert_eq!(rest, ["a 2", "a1", "b 2", "b1"]);

        // Two may hold the same poll; both hear of its end.
        let mut other = Peer::new(&server).await;
        for peer in [&mut reader, &mut other] {
            peer.send("GET", &format!("{place}?after={}", numbers[1]), "", b"").await;
        }
        assert_eq!(ask(&server, "DELETE", &place, "").await.status, 204);
        for peer in [&mut reader, &mut other] {
            assert_eq!(peer.response().await.status, 204);
        }
        assert_eq!(reader.ask("GET", &place, "").await.status, 404);
        assert_eq!(reader.ask("DELETE", &place, "").await.status, 404);
        server.end().await;
    });
}

#[test]
fn without_news_the_hold_ends_and_without_questions_the_poll() {
    on_one_thread(async {
        let limits = Limits { patience: Duration::from_millis(200), ..Limits::default() };
        let server = Running::start(protocol("rest-longpoll", &[("hold", "300ms")]), limits).await;
        put(&server, "a", "a0").await;
        let mut reader = Peer::new(&server).await;
        let made = reader.ask("POST", "/polls", "a").await;
        let place = made.field("location").unwrap().to_owned();
        let after = updates(&made.text()).0[0];
        // Held longer than a connection may dawdle: it is the server that makes it wait.
        for _ in 0..4 {
            let begin = Instant::now();
            let nothing = reader.ask("GET", &format!("{place}?after={after}"), "").await;
            assert_eq!((nothing.status, nothing.field("content-length")), (204, None));
            assert!(begin.elapsed() >= Duration::from_millis(300));
        }
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let gone = ask(&server, "GET", &format!("{place}?after={after}"), "").await;
        assert_eq!(gone.status, 404);
        assert!(gone.text().contains("POST /polls"), "{}", gone.text());
        server.end().await;
    });
}

#[test]
fn all_or_the_latest_comes_and_at_last_what_is_now() {
    on_one_thread(async {
        for (settings, expected) in [
            (&[("backlog", "5")][..], &["a 2", "a1", "a 2", "a2", "a 2", "a3", "b 2", "b1"][..]),
            (&[("keep", "latest")], &["a 2", "a3", "b 2", "b1"]),
            (&[("backlog", "3")], &["a 2", "a3", "b 2", "b1"]),
        ] {
            let server = start(settings).await;
            put(&server, "a", "a0").await;
            put(&server, "b", "b0").await;
            let made = ask(&server, "POST", "/polls", "a\nb").await;
            let after = updates(&made.text()).0[1];
            for payload in ["a1", "a2", "a3"] {
                put(&server, "a", payload).await;
            }
            put(&server, "b", "b1").await;
            let news = ask(&server, "GET", &format!("{}?after={after}", made.field("location").unwrap()), "").await;
            assert_eq!(updates(&news.text()).1, expected, "{settings:?}");
            server.end().await;
        }
    });
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    on_one_thread(async {
        let server = start(&[]).await;
        put(&server, "a", "a0").await;
        let place = ask(&server, "POST", "/polls", "a").await.field("location").unwrap().to_owned();
        for (method, path, body, status, words) in [
            ("POST", "/polls", &b""[..], 400, "one a line"),
            ("POST", "/polls", b"\xff", 400, "one a line"),
            ("POST", "/polls", b"a\nnone", 404, "\"none\""),
            ("POST", "/polls", b"a none", 404, "\"a none\""),
            ("GET", "/polls", b"", 405, "POST"),
            ("GET", "/polls/", b"", 404, "no such poll"),
            ("GET", "/polls/1", b"", 404, "no such poll"),
            ("GET", "/polls/000000000000000G", b"", 404, "no such poll"),
            ("POST", &place, b"", 405, "GET, DELETE"),
            ("GET", &format!("{place}?after="), b"", 400, "after=42"),
            ("GET", &format!("{place}?after=-1"), b"", 400, "after=42"),
            ("GET", &format!("{place}?after=99999999999999999999"), b"", 400, "after=42"),
            ("GET", &format!("{place}?before=1"), b"", 400, "after=42"),
        ] {
            let refused = ask(&server, method, path, body).await;
            assert_eq!(refused.status, status, "{method} {path}: {refused:?}");
            assert!(refused.text().contains(words), "{method} {path}: {}", refused.text());
            assert_eq!(refused.field("allow").is_some(), status == 405);
        }
        server.end().await;

        let tight = Running::start(protocol("rest-longpoll", &[]), Limits { stored: 1_000, ..Limits::default() }).await;
        put(&tight, "a", "a0").await;
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(ask(&tight, "POST", "/polls", "a").await.status);
        }
        assert_eq!(statuses, [201, 507, 507], "a poll takes room, too");
        tight.end().await;
    });
}

#[test]
fn whoever_goes_away_while_it_is_held_harms_nobody() {
    on_one_thread(async {
        let server = start(&[]).await;
        put(&server, "a", "a0").await;
        let made = ask(&server, "POST", "/polls", "a").await;
        let place = format!("{}?after={}", made.field("location").unwrap(), updates(&made.text()).0[0]);
        for _ in 0..20 {
            let mut gone = Peer::new(&server).await;
            gone.send("GET", &place, "", b"").await;
        }
        let mut stays = Peer::new(&server).await;
        stays.send("GET", &place, "", b"").await;
        put(&server, "a", "a1").await;
        assert_eq!(updates(&stays.response().await.text()).1, ["a 2", "a1"]);
        assert!(server.end().await < Duration::from_secs(1));
    });
}
