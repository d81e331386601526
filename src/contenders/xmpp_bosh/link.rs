//! One bound session over requests, the client's side (XEP-0124, XEP-0206): hyper for HTTP, the lean reader for what is in the bodies.
//!
//! One request is always held out for what the server has to say; a second one carries what we have to say, and then becomes
//! the one that is held. Responses are taken in the order of requests, whichever connection they come by.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::contender::Fault;
use crate::contender::inbox::{Content, Inbox};
use crate::protocols::xmpp::client::fetches::Fetches;
use crate::protocols::xmpp::client::lean::stanza::{Arrival, Found};
use crate::protocols::xmpp::client::link::{Answer, Caller, GOODBYE, Link, MOST_REPLIES, Request, Step, in_time, stream_closed, stream_error};
use crate::protocols::xmpp::client::login::{Carrier, Identity, log_in, unexpected};
use crate::protocols::xmpp::client::requests::{self, ALONE};
use crate::protocols::xmpp::namespaces as ns;
use crate::protocols::xmpp::server::DOMAIN;
use crate::protocols::xmpp::xml::Element;

use super::exchange::{Exchange, Way};
use super::{REQUESTS, body};

/// Memory of a session in the client's process, in bytes: two connections with hyper's buffers.
pub const MEMORY_PER_STREAM: u64 = 40_000;

/// Past so many bytes a body takes no further stanza; the server's bound is far above.
const BODY: usize = 64 * 1024;
/// Where sessions begin to count: any number would do that cannot be guessed by others and leaves room (XEP-0124 §14.1).
const LARGEST_FIRST: u64 = 1 << 32;

/// What every request of a session needs.
struct Thread {
    way: Way,
    /// Empty until the server has given it.
    sid: String,
    rid: u64,
}

impl Thread {
    fn send(&mut self, attributes: &[(&str, &str)], elements: &[u8], payload: usize) -> Exchange {
        let rid = self.rid.to_string();
        let mut all = vec![("rid", rid.as_str())];
        if !self.sid.is_empty() {
            all.push(("sid", &self.sid));
        }
        all.extend_from_slice(attributes);
        let exchange = self.way.send(body::write(&all, elements), payload);
        self.rid += 1;
        exchange
    }
}

/// A bound session.
pub struct BoshLink {
    thread: Thread,
    /// Our full address, escaped.
    address: Box<str>,
    /// Stanzas to be sent, each with the size of the update in it.
    outgoing: VecDeque<(Vec<u8>, usize)>,
    /// How many of those, at most, answer the server.
    replies: usize,
    fetches: Fetches,
    /// Whether notifications only point to their updates.
    pointers: bool,
    inbox: Rc<dyn Inbox>,
    /// The oldest first.
    under_way: VecDeque<Exchange>,
    closed: bool,
}

impl Link for BoshLink {
    async fn connect(caller: Caller<'_>) -> Result<Self, Fault> {
        let what = format!("login as {} at {}", caller.user, caller.server.socket);
        let step = Step::default();
        in_time(&what, caller.timeout, &step, log_in_at(&what, &step, &caller)).await
    }

    fn push(&mut self, id: u64, request: Request) {
        let mut stanza = Vec::new();
        let size = requests::request(&mut stanza, id, &request, &self.address, ALONE);
        self.outgoing.push_back((stanza, size));
    }

    fn poll_exchange(&mut self, context: &mut Context<'_>, take: &mut dyn FnMut(Answer)) -> Poll<Result<(), Fault>> {
        loop {
            for exchange in &mut self.under_way {
                exchange.poll(context);
            }
            if self.under_way.front_mut().is_some_and(|oldest| oldest.poll(context))
                && let Some(exchange) = self.under_way.pop_front()
            {
                return Poll::Ready(self.take(exchange, take));
            }
            let has_room = self.under_way.len() < REQUESTS && self.replies <= MOST_REPLIES;
            if self.closed || !(self.under_way.is_empty() || (has_room && !self.outgoing.is_empty())) {
                return Poll::Pending;
            }
            self.send();
        }
    }

    async fn close(&mut self, mut take: impl FnMut(Answer)) {
        let goodbye = async {
            self.outgoing.clear();
            // A third request would be one too many.
            while self.under_way.len() >= REQUESTS {
                self.exchange(&mut take).await?;
            }
            self.closed = true;
            self.under_way.push_back(self.thread.send(&[("type", "terminate")], b"", 0));
            while !self.under_way.is_empty() {
                // The end that was asked for is none of its own: what matters is that each request is answered.
                let _ = self.exchange(&mut take).await;
            }
            Ok::<(), Fault>(())
        };
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

impl BoshLink {
    /// Sends what there is to say, or holds out an empty request.
    fn send(&mut self) {
        let (mut elements, mut payload) = (Vec::new(), 0);
        while elements.len() < BODY
            && let Some((stanza, size)) = self.outgoing.pop_front()
        {
            elements.extend_from_slice(&stanza);
            payload += size;
        }
        if self.outgoing.is_empty() {
            self.replies = 0;
        }
        let exchange = self.thread.send(&[], &elements, payload);
        self.under_way.push_back(exchange);
    }

    fn take(&mut self, exchange: Exchange, take: &mut dyn FnMut(Answer)) -> Result<(), Fault> {
        let (outgoing, replies, fetches) = (&mut self.outgoing, &mut self.replies, &mut self.fetches);
        let (mut ended, mut pointers, mut fetched, mut in_vain) = (None, Vec::new(), 0, 0);
        let root = self.thread.way.finish(exchange, |bytes, give| {
            let mut updates: Vec<Vec<u8>> = Vec::new();
            let root = body::stanzas(bytes, self.pointers, |arrival| match arrival {
                Arrival::Message(update) => updates.extend(update.map(Cow::into_owned)),
                // Acknowledgements are not on offer here.
                Arrival::Presence | Arrival::Footer | Arrival::AckRequest | Arrival::Ack(_) => {}
                Arrival::Pointer(node, item) => pointers.push((node, item)),
                Arrival::Found(id, Found::Update(update)) => {
                    updates.push(update.into_owned());
                    if fetches.end(id) {
                        fetched += 1;
                    } else {
                        take(Answer { id, refusal: None, count: None });
                    }
                }
                Arrival::Found(id, Found::Count(count)) => take(Answer { id, refusal: None, count: Some(count) }),
                Arrival::Answer(id, refusal) => {
                    if fetches.end(id) {
                        in_vain += 1;
                    } else {
                        take(Answer { id, refusal, count: None });
                    }
                }
                Arrival::Request { id, from, is_ping } => {
                    let mut stanza = Vec::new();
                    requests::reply(&mut stanza, &id, from.as_deref(), is_ping, ALONE);
                    outgoing.push_back((stanza, 0));
                    *replies += 1;
                }
                Arrival::StreamError(condition) => ended = Some(stream_error(&condition)),
            });
            let updates: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
            let news = give(match (updates.is_empty(), pointers.is_empty()) {
                (false, _) => Content::Payloads(&updates),
                (true, false) => Content::Pointer,
                (true, true) => Content::Nothing,
            });
            // One word for all that a response has brought: none of it was news, or some was.
            in_vain += if news { 0 } else { fetched };
            root.map_err(|broken| broken.to_string())
        });
        for _ in 0..in_vain {
            self.inbox.in_vain();
        }
        for (node, item) in pointers {
            let id = self.fetches.begin()?;
            self.push(id, Request::Item(node, item));
            self.replies += 1;
        }
        let root = root.map_err(|why| Fault::connection("the XMPP session", why))?;
        match ended {
            Some(fault) => Err(fault),
            None => end(&root).map_or(Ok(()), Err),
        }
    }
}

/// The fault of a session that the server says is over.
fn end(root: &Element) -> Option<Fault> {
    if root.attribute("type") != Some("terminate") {
        return None;
    }
    Some(root.attribute("condition").map_or_else(stream_closed, stream_error))
}

async fn log_in_at(what: &str, step: &Step, caller: &Caller<'_>) -> Result<BoshLink, Fault> {
    let way = Way::new(&caller.server.socket, Rc::clone(&caller.inbox)).map_err(|why| Fault::connection(what, why))?;
    // Sessions are told apart by ids that nobody can guess; this one only has to differ from what a former connection left.
    let rid = u64::from(std::process::id()) * 65_536 % LARGEST_FIRST + 1;
    let thread = Thread { way, sid: String::new(), rid };
    let mut opening = Opening { what, thread, came: VecDeque::new() };
    let address = log_in(&mut opening, Identity { what, step, user: &caller.user, settings: caller.settings }).await?;
    let Opening { thread, .. } = opening;
    let pointers = !caller.settings.with_payload;
    Ok(BoshLink {
        thread,
        address,
        outgoing: VecDeque::new(),
        replies: 0,
        fetches: Fetches::default(),
        pointers,
        inbox: Rc::clone(&caller.inbox),
        under_way: VecDeque::new(),
        closed: false,
    })
}

/// A session while it is being opened: one request at a time.
struct Opening<'a> {
    what: &'a str,
    thread: Thread,
    /// Elements that have come.
    came: VecDeque<Element>,
}

impl Opening<'_> {
    async fn exchange(&mut self, attributes: &[(&str, &str)], elements: &[u8]) -> Result<(), Fault> {
        let mut exchange = self.thread.send(attributes, elements, 0);
        exchange.done().await;
        let root = self.thread.way.finish(exchange, |bytes, _| body::tree(bytes).ok_or_else(|| "a response without a <body/>".to_owned()));
        let root = root.map_err(|why| Fault::connection(self.what, why))?;
        self.came.extend(root.elements().cloned());
        if let Some(sid) = root.attribute("sid") {
            sid.clone_into(&mut self.thread.sid);
        }
        match (end(&root), root.elements().find(|element| element.is("error", ns::STREAM))) {
            (_, Some(error)) => Err(unexpected(self.what, error)),
            (Some(_), None) => Err(Fault::refused(self.what, root.attribute("condition").unwrap_or("terminate"))),
            (None, None) => Ok(()),
        }
    }
}

impl Carrier for Opening<'_> {
    async fn open(&mut self) -> Result<Element, Fault> {
        let attributes = [("to", DOMAIN), ("xml:lang", "en"), ("xmlns:xmpp", ns::XBOSH)];
        if self.thread.sid.is_empty() {
            let more = [("ver", "1.6"), ("wait", super::LONGEST_WAIT), ("hold", "1"), ("xmpp:version", "1.0")];
            self.exchange(&[&attributes[..], &more].concat(), b"").await?;
            if self.thread.sid.is_empty() {
                return Err(Fault::protocol(self.what, "a response without a sid"));
            }
        } else {
            self.exchange(&[&attributes[..], &[("xmpp:restart", "true")]].concat(), b"").await?;
        }
        let features = self.element().await?;
        if features.is("features", ns::STREAM) { Ok(features) } else { Err(unexpected(self.what, &features)) }
    }

    async fn send(&mut self, text: &str) -> Result<(), Fault> {
        let text = match text.strip_prefix("<iq ") {
            Some(rest) => format!("<iq{ALONE} {rest}"),
            None => text.to_owned(),
        };
        self.exchange(&[], text.as_bytes()).await
    }

    async fn element(&mut self) -> Result<Element, Fault> {
        loop {
            if let Some(element) = self.came.pop_front() {
                return Ok(element);
            }
            self.exchange(&[], b"").await?;
        }
    }
}
