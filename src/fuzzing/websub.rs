//! WebSub: forms, questions and denials; where they point; the links and signatures of callbacks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hyper::Uri;

use crate::contenders::webhook::address::{Callback, topic_of};
use crate::contenders::webhook::form::{self, Denial, Question, Wish};
use crate::contenders::webhook::signature;

/// Who has asked.
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4711);

/// Bytes as the form of a wish, as a query of the hub's, as a URL and as links: what is read is written so that it reads the same, no query is two things at
/// once, and where the hub may call is an address of whoever asked.
pub fn websub_forms(bytes: &[u8]) {
    if let Ok(wish) = Wish::read(bytes) {
        assert_eq!(Wish::read(wish.write().as_bytes()).as_ref(), Ok(&wish));
        assert!(wish.lease != Some(0) && wish.secret.as_ref().is_none_or(|secret| (1..=form::LONGEST_SECRET).contains(&secret.len())));
        points(&wish.callback, &wish.topic);
    }
    let text = String::from_utf8_lossy(bytes);
    points(&text, &text);
    let (question, denial) = (Question::read(&text), Denial::read(&text));
    assert!(question.is_none() || denial.is_none(), "a question and its own answer");
    if let Some(question) = question {
        assert_eq!(Question::read(&question.write()).as_ref(), Some(&question));
    }
    if let Some(denial) = denial {
        assert_eq!(Denial::read(&denial.write()).as_ref(), Some(&denial));
    }
    if let Some(link) = form::self_link(&text) {
        assert_eq!(form::self_link(&form::links("http://h/hub", link)), Some(link));
    }
}

fn points(callback: &str, topic: &str) {
    if let Some(name) = topic_of(topic) {
        assert!(topic.ends_with(name));
        assert_eq!(form::self_link(&form::links("http://h/hub", topic)), Some(topic), "a topic that no callback could name");
    }
    let Some(callback) = Callback::read(callback) else { return };
    let request = callback.with("hub.mode=denied");
    let uri: Uri = request.parse().unwrap_or_else(|error| panic!("the hub cannot ask for {request:?}: {error}"));
    assert!(request.starts_with('/') && uri.query().is_some_and(|query| query.ends_with("hub.mode=denied")), "{request:?}");
    let (_, port) = callback.authority.rsplit_once(':').unwrap_or_default();
    assert!(port.parse::<u16>().is_ok() && !callback.authority.contains('@'), "{:?} can be no host", callback.authority);
    if callback.is_at(Some(PEER)) {
        // Nothing is left to be looked up.
        let socket: SocketAddr = callback.authority.parse().expect("an address");
        assert!(socket.ip().to_canonical().is_loopback(), "the hub would call {socket}");
    }
}

/// A place in a signature (a byte), what stands there instead (a byte), then a body: only what the owner of the secret would have written is right.
pub fn websub_signature(bytes: &[u8]) {
    let [place, with, body @ ..] = bytes else { return };
    let right = signature::sign(b"secret", body);
    assert!(signature::is_right(b"secret", body, &right) && !signature::is_right(b"other", body, &right));
    let mut changed = right.clone().into_bytes();
    let place = usize::from(*place) % changed.len();
    changed[place] = *with;
    let Ok(changed) = String::from_utf8(changed) else { return };
    let digits = changed.strip_prefix("sha256=");
    let same = digits.is_some_and(|digits| Some(digits.to_ascii_lowercase().as_str()) == right.strip_prefix("sha256="));
    assert_eq!(signature::is_right(b"secret", body, &changed), same, "{changed}");
    assert!(!signature::is_right(b"secret", body, &changed[..changed.len() - 1]), "a digit less");
}
