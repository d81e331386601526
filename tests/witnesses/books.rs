//! Counts that do not agree: a client that nobody planned makes the run untrusted, whoever is right.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::command::{Run, tiny};
use crate::{alone, doubts, free_port};

/// Says something to the server of a run under load, as nobody's client; the run must then distrust its own books.
fn an_intruder(contender: &str, says: &str, hears: &str) {
    let _turn = alone();
    let address = format!("127.0.0.1:{}", free_port());
    let mut run = Run::start_with(&tiny(contender, &[("span", "\"2s\"")]), &["--listen", &address]);
    run.under_load(1);
    let mut intruder = TcpStream::connect(&address).unwrap();
    intruder.write_all(says.as_bytes()).unwrap();
    let mut heard = [0; 4096];
    let length = intruder.read(&mut heard).unwrap();
    let heard = String::from_utf8_lossy(&heard[..length]);
    assert!(heard.contains(hears), "{heard}");
    drop(intruder);
    let (status, out, err) = run.ends();
    assert_eq!(status.code(), Some(4), "{err}");
    let found = doubts(&run.place);
    assert!(found.contains(&("check".to_owned(), "untrusted".to_owned())), "{found:?}");
    assert!(out.contains("The books do not balance"), "{out}");
    let trial = &run.place.recording().trials[0];
    assert_eq!(trial.witness_traffic.total().connections, 0, "it has not said that it is a witness");
    let broken: Vec<&str> = trial.checks.iter().filter(|check| !check.holds).map(|check| check.what.as_str()).collect();
    assert!(broken.contains(&"subscribers: connections"), "{broken:?}");
    for check in trial.checks.iter().filter(|check| !check.holds) {
        assert!(check.left.1 < check.right.1, "the server has seen more than the clients: {check:?}");
    }
}

#[test]
fn a_request_that_no_client_counted_is_found_out() {
    an_intruder(
        "[[contender]]\nuse = \"rest-poll\"\ninterval = \"200ms\"\n",
        "GET /topics/topic-000001 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "200 OK",
    );
}

#[test]
fn a_stream_that_no_client_counted_is_found_out() {
    let header = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";
    an_intruder("[[contender]]\nuse = \"xmpp-pubsub\"\n", header, "stream:stream");
}
