//! One stream of tokio-xmpp's: connect, log in, bind, then stanzas both ways, every one of them counted.
//!
//! Everything that can wait has a deadline, and every failure is a fault that says what was being done. The SASL
//! exchange is run here and not by tokio-xmpp's `client_login`, which takes the strongest mechanism on offer, whatever
//! the scenario says, and does not check the server's signature.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::{Sink, SinkExt as _, Stream as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, BufStream, ReadBuf};
use tokio::net::TcpStream;
use tokio_xmpp::xmlstream::{
    InitiatingStream, PendingFeaturesRecv, ReadError, RecvFeaturesError, StreamHeader, Timeouts, XmlStream, XmppStreamElement, initiate_stream,
};
use xmpp_parsers::bind::{BindQuery, BindResponse};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::sasl::{Auth, Nonza, Response};
use xmpp_parsers::sm;
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::stream_features::StreamFeatures;

use crate::contender::inbox::{Content, Inbox, Message};
use crate::contender::{Fault, socket};
use crate::protocols::xmpp::namespaces as ns;
use crate::protocols::xmpp::server::DOMAIN;

use crate::protocols::xmpp::acks::Acks;
use crate::protocols::xmpp::client::fetches::Fetches;
use crate::protocols::xmpp::client::lean::stanza::Found;

use super::guard::Guard;
use super::stanzas;
use crate::protocols::xmpp::client::authentication::Authentication;
use crate::protocols::xmpp::client::link::{
    Answer, Caller, GOODBYE, Link, MOST_REPLIES, RESOURCE, Request, Step, in_time, never_sent, not_acknowledged, not_offered, stream_closed, stream_error,
    words,
};

/// Memory of a stream in the client's process, in bytes.
pub const MEMORY_PER_STREAM: u64 = 30_000;

/// Most buffers of a client hold less than a stanza or two: small ones, since there may be thousands of clients.
const BUFFER: usize = 4096;

type Pipe = BufStream<CountedSocket>;
type Elements = XmlStream<Pipe, XmppStreamElement>;

/// A bound stream.
pub struct LibraryLink {
    stream: Elements,
    inbox: Rc<dyn Inbox>,
    service: Jid,
    /// The full address that the server has given.
    address: Jid,
    /// What is to be sent, with the size of the update in it.
    outgoing: VecDeque<(XmppStreamElement, usize)>,
    /// How many of those, at most, answer the server.
    replies: usize,
    fetches: Fetches,
    /// Whether notifications only point to their updates.
    pointers: bool,
    acks: Option<Box<Acks>>,
    unflushed: bool,
    /// The server has closed the stream.
    ended: bool,
    /// The server has closed the connection.
    cut: Rc<Cell<bool>>,
}

impl Link for LibraryLink {
    async fn connect(caller: Caller<'_>) -> Result<Self, Fault> {
        let what = format!("login as {} at {}", caller.user, caller.server.socket);
        let (step, timeout) = (Step::default(), caller.timeout);
        let login = Login { what: &what, step: &step, caller };
        in_time(&what, timeout, &step, login.run()).await
    }

    fn push(&mut self, id: u64, request: Request) {
        let payload = if let Request::Publish(_, payload) = &request { payload.len() } else { 0 };
        let iq = stanzas::request(id, request, &self.address).with_to(self.service.clone());
        self.queue(XmppStreamElement::Stanza(iq.into()), payload);
    }

    fn poll_exchange(&mut self, context: &mut Context<'_>, take: &mut dyn FnMut(Answer)) -> Poll<Result<(), Fault>> {
        let stanza = ready!(self.poll(context))?;
        if let Some(acks) = &self.acks {
            acks.came();
        }
        Poll::Ready(self.take(stanza, take))
    }

    async fn close(&mut self, mut take: impl FnMut(Answer)) {
        let _ = tokio::time::timeout(GOODBYE, async {
            self.outgoing.clear();
            self.inbox.sent(Message::Handshake, 0);
            self.stream.shutdown().await?;
            while !self.ended {
                if self.exchange(&mut take).await.is_err() {
                    break;
                }
                // Nothing can be sent any more.
                self.outgoing.clear();
            }
            Ok::<(), io::Error>(())
        })
        .await;
    }
}

impl LibraryLink {
    fn queue(&mut self, stanza: XmppStreamElement, payload: usize) {
        self.outgoing.push_back((stanza, payload));
        if self.acks.as_ref().is_some_and(|acks| acks.goes()) {
            self.outgoing.push_back((XmppStreamElement::SM(sm::Nonza::Req(sm::R)), 0));
        }
    }

    /// A word of stream management (XEP-0198).
    fn manage(&mut self, word: &sm::Nonza) -> Result<(), Fault> {
        match (word, &self.acks) {
            (sm::Nonza::Req(_), Some(acks)) => {
                self.inbox.received(Message::Event, false, Content::Nothing);
                self.outgoing.push_back((XmppStreamElement::SM(sm::Nonza::Ack(sm::A::new(acks.handled()))), 0));
                self.replies += 1;
                Ok(())
            }
            (sm::Nonza::Ack(ack), Some(acks)) => {
                self.inbox.received(Message::Event, true, Content::Nothing);
                if acks.confirm(ack.h) { Ok(()) } else { Err(never_sent(ack.h)) }
            }
            _ => Err(Fault::protocol("on the XMPP stream", "unexpected element of stream management")),
        }
    }

    fn take(&mut self, stanza: Stanza, take: &mut dyn FnMut(Answer)) -> Result<(), Fault> {
        if let Some(reply) = stanzas::reply(&stanza) {
            self.inbox.received(Message::Stanza, false, Content::Nothing);
            self.queue(XmppStreamElement::Stanza(reply.into()), 0);
            self.replies += 1;
            return Ok(());
        }
        match stanza {
            Stanza::Iq(Iq::Result { id, from, payload, .. }) => {
                let (id, found) = (self.ours(&id, from.as_ref()), payload.as_ref().and_then(stanzas::found));
                let (update, count) = match &found {
                    Some(Found::Update(update)) => (Some(&**update), None),
                    Some(Found::Count(count)) => (None, Some(*count)),
                    None => (None, None),
                };
                let news = self.inbox.received(Message::Stanza, true, update.into());
                self.answered(Answer { id, refusal: None, count }, news, take);
            }
            Stanza::Iq(Iq::Error { id, from, error, .. }) => {
                self.inbox.received(Message::Stanza, true, Content::Nothing);
                self.answered(Answer { id: self.ours(&id, from.as_ref()), refusal: Some(words(&error.defined_condition)), count: None }, false, take);
            }
            Stanza::Message(message) => {
                let update = stanzas::update(&message);
                match (&update, stanzas::pointer(&message).filter(|_| self.pointers)) {
                    (None, Some((node, item))) => {
                        self.inbox.received(Message::Stanza, false, Content::Pointer);
                        let id = self.fetches.begin()?;
                        self.push(id, Request::Item(node, item));
                        self.replies += 1;
                    }
                    _ => _ = self.inbox.received(Message::Stanza, false, update.as_deref().into()),
                }
            }
            Stanza::Iq(_) | Stanza::Presence(_) => {
                self.inbox.received(Message::Stanza, false, Content::Nothing);
            }
        }
        Ok(())
    }

    /// An answer to a fetch is ours to judge, any other is for who asked.
    fn answered(&mut self, answer: Answer, news: bool, take: &mut dyn FnMut(Answer)) {
        if !self.fetches.end(answer.id) {
            take(answer);
        } else if !news {
            self.inbox.in_vain();
        }
    }

    /// The id of a request that was put to the service; others may not answer in its place (RFC 6120 §8.1.3).
    fn ours(&self, id: &str, from: Option<&Jid>) -> Option<u64> {
        id.parse().ok().filter(|_| from.is_none_or(|from| *from == self.service))
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Stanza, Fault>> {
        self.poll_write(context).map_err(|error| Fault::connection("sending to the XMPP server", error))?;
        if self.replies > MOST_REPLIES {
            // Woken when the socket takes more.
            return Poll::Pending;
        }
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(context)) {
                Some(Ok(XmppStreamElement::Stanza(stanza))) => Ok(stanza),
                Some(Ok(XmppStreamElement::StreamError(error))) => {
                    self.inbox.received(Message::Handshake, false, Content::Nothing);
                    Err(stream_error(&words(&error.0.condition)))
                }
                Some(Ok(XmppStreamElement::SM(word))) => match self.manage(&word) {
                    // What is to be said to it is said now.
                    Ok(()) => {
                        self.poll_write(context).map_err(|error| Fault::connection("sending to the XMPP server", error))?;
                        continue;
                    }
                    Err(fault) => Err(fault),
                },
                Some(Ok(other)) => Err(Fault::protocol("on the XMPP stream", format!("unexpected {}", name(&other)))),
                Some(Err(ReadError::SoftTimeout)) => continue,
                Some(Err(ReadError::StreamFooterReceived)) => {
                    self.ended = true;
                    self.inbox.received(Message::Handshake, false, Content::Nothing);
                    Err(stream_closed())
                }
                // To the parser the end of the connection is a mistake in the text.
                Some(Err(ReadError::HardError(_))) if self.cut.get() => Err(Fault::connection("the XMPP stream", "the server closed the connection")),
                Some(Err(ReadError::HardError(error))) if error.kind() == io::ErrorKind::InvalidData => Err(Fault::protocol("on the XMPP stream", error)),
                Some(Err(ReadError::ParseError(error))) => Err(Fault::protocol("on the XMPP stream", error)),
                Some(Err(ReadError::HardError(error))) => Err(Fault::connection("the XMPP stream", error)),
                None => Err(Fault::connection("the XMPP stream", "the server closed the connection")),
            });
        }
    }

    /// Sends as much as the socket takes; what is left waits for the next turn.
    fn poll_write(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        type Out<'a> = &'a XmppStreamElement;
        while let Some((element, payload)) = self.outgoing.front() {
            let mut stream = Pin::new(&mut self.stream);
            match Sink::<Out<'_>>::poll_ready(stream.as_mut(), context) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Ok(()),
            }
            stream.start_send(element)?;
            let kind = if matches!(element, XmppStreamElement::SM(_)) { Message::Event } else { Message::Stanza };
            self.inbox.sent(kind, *payload);
            self.unflushed = true;
            self.outgoing.pop_front();
        }
        self.replies = 0;
        if self.unflushed
            && let Poll::Ready(flushed) = Sink::<Out<'_>>::poll_flush(Pin::new(&mut self.stream), context)
        {
            flushed?;
            self.unflushed = false;
        }
        Ok(())
    }
}

/// A login under way.
struct Login<'a> {
    /// For faults.
    what: &'a str,
    step: &'a Step,
    caller: Caller<'a>,
}

impl Login<'_> {
    async fn run(self) -> Result<LibraryLink, Fault> {
        let tcp = TcpStream::connect(&self.caller.server.socket).await.map_err(|error| self.lost(error))?;
        socket::prepare(&tcp).map_err(|error| self.lost(error))?;
        let (inbox, cut, guard) = (&self.caller.inbox, Rc::new(Cell::new(false)), Rc::new(RefCell::new(Guard::new())));
        inbox.connected();
        let pipe =
            BufStream::with_capacity(BUFFER, BUFFER, CountedSocket { socket: tcp, inbox: Rc::clone(inbox), cut: Rc::clone(&cut), guard: Rc::clone(&guard) });
        // Deadlines are ours: silence on a stream is no fault when nothing changes.
        let never = Timeouts { read_timeout: Duration::from_secs(86_400 * 365), response_timeout: Duration::from_secs(86_400 * 365) };
        self.step.is("opening the stream");
        inbox.sent(Message::Handshake, 0);
        let opened = initiate_stream(pipe, ns::CLIENT, header(), never).await.map_err(|error| self.lost(error))?;
        let (features, mut stream) = self.features(opened).await?;
        self.step.is("authenticating");
        self.authenticate(&mut stream, &features).await?;
        self.step.is("opening the stream anew");
        guard.borrow_mut().restart();
        let restarted: InitiatingStream<Pipe> = stream.initiate_reset();
        inbox.sent(Message::Handshake, 0);
        let opened = restarted.send_header(header()).await.map_err(|error| self.lost(error))?;
        let (features, mut stream) = self.features(opened).await?;
        if !features.can_bind() {
            return Err(Fault::protocol(self.what, "the server offers no resource binding"));
        }
        self.step.is("binding a resource");
        let address = self.bind(&mut stream).await?;
        if self.caller.settings.acks.is_some() {
            self.step.is("turning on acknowledgements");
            self.enable_acks(&mut stream, &features).await?;
        }
        guard.borrow_mut().logged_in();
        let service = stanzas::service().map_err(|error| Fault::protocol(self.what, error))?;
        let acks = self.caller.settings.own_acks();
        let (inbox, pointers, fetches) = (self.caller.inbox, !self.caller.settings.with_payload, Fetches::default());
        Ok(LibraryLink { stream, inbox, service, address, outgoing: VecDeque::new(), replies: 0, fetches, pointers, acks, unflushed: false, ended: false, cut })
    }

    /// The server's header has come; now its features.
    async fn features(&self, opened: PendingFeaturesRecv<Pipe>) -> Result<(StreamFeatures, Elements), Fault> {
        self.caller.inbox.received(Message::Handshake, true, Content::Nothing);
        let result = opened.recv_features().await;
        self.caller.inbox.received(Message::Handshake, true, Content::Nothing);
        result.map_err(|error| match error {
            RecvFeaturesError::Io(error) => self.lost(error),
            RecvFeaturesError::StreamError(error) => Fault::refused(self.what, words(&error.0.condition)),
        })
    }

    async fn authenticate(&self, stream: &mut Elements, features: &StreamFeatures) -> Result<(), Fault> {
        let sasl = self.caller.settings.sasl;
        if !features.sasl_mechanisms.contains(sasl.name()) {
            return Err(not_offered(self.what, sasl, &features.sasl_mechanisms.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        let mut authentication = Authentication::new(&self.caller.user, self.caller.settings).map_err(|error| Fault::protocol(self.what, error))?;
        let name = sasl.name().parse().map_err(|error| Fault::protocol(self.what, error))?;
        self.send(stream, Nonza::Auth(Auth { mechanism: name, data: authentication.initial() })).await?;
        loop {
            match self.receive(stream).await? {
                XmppStreamElement::Sasl(Nonza::Challenge(challenge)) => {
                    let data = authentication.response(&challenge.data).map_err(|error| Fault::protocol(self.what, error))?;
                    self.send(stream, Nonza::Response(Response { data })).await?;
                }
                XmppStreamElement::Sasl(Nonza::Success(success)) => {
                    return authentication.success(&success.data).map_err(|error| Fault::protocol(self.what, error));
                }
                XmppStreamElement::Sasl(Nonza::Failure(failure)) => return Err(Fault::refused(self.what, words(&failure.defined_condition))),
                other => return Err(self.unexpected(other)),
            }
        }
    }

    async fn bind(&self, stream: &mut Elements) -> Result<Jid, Fault> {
        let query = Iq::from_set("bind", BindQuery::new(Some(RESOURCE.to_owned())));
        self.send(stream, Stanza::Iq(query)).await?;
        match self.receive(stream).await? {
            XmppStreamElement::Stanza(Stanza::Iq(Iq::Result { payload: Some(payload), id, .. })) if id == "bind" => {
                BindResponse::try_from(payload).map(Jid::from).map_err(|error| Fault::protocol(self.what, error))
            }
            XmppStreamElement::Stanza(Stanza::Iq(Iq::Error { error, .. })) => Err(Fault::refused(self.what, words(&error.defined_condition))),
            other => Err(self.unexpected(other)),
        }
    }

    async fn enable_acks(&self, stream: &mut Elements, features: &StreamFeatures) -> Result<(), Fault> {
        if features.stream_management.is_none() {
            return Err(not_acknowledged(self.what));
        }
        self.send(stream, Handshake(XmppStreamElement::SM(sm::Nonza::Enable(sm::Enable::new())))).await?;
        match self.receive(stream).await? {
            XmppStreamElement::SM(sm::Nonza::Enabled(_)) => Ok(()),
            other => Err(self.unexpected(other)),
        }
    }

    async fn send(&self, stream: &mut Elements, element: impl Into<Handshake>) -> Result<(), Fault> {
        self.caller.inbox.sent(Message::Handshake, 0);
        stream.send(&element.into().0).await.map_err(|error| self.lost(error))
    }

    async fn receive(&self, stream: &mut Elements) -> Result<XmppStreamElement, Fault> {
        let element = match stream.next().await {
            Some(Ok(element)) => element,
            Some(Err(error)) => return Err(self.lost(error)),
            None => return Err(self.lost("the server closed the connection")),
        };
        self.caller.inbox.received(Message::Handshake, true, Content::Nothing);
        Ok(element)
    }

    fn lost(&self, why: impl std::fmt::Display) -> Fault {
        Fault::connection(self.what, why)
    }

    fn unexpected(&self, element: XmppStreamElement) -> Fault {
        match element {
            XmppStreamElement::StreamError(error) => Fault::refused(self.what, words(&error.0.condition)),
            other => Fault::protocol(self.what, format!("unexpected {}", name(&other))),
        }
    }
}

/// What came, in a word: a stranger's element may be of any length.
fn name(element: &XmppStreamElement) -> &'static str {
    match element {
        XmppStreamElement::Stanza(Stanza::Iq(_)) => "<iq>",
        XmppStreamElement::Stanza(Stanza::Message(_)) => "<message>",
        XmppStreamElement::Stanza(Stanza::Presence(_)) => "<presence>",
        XmppStreamElement::Sasl(_) => "element of SASL",
        XmppStreamElement::Starttls(_) => "element of STARTTLS",
        XmppStreamElement::SM(_) => "element of stream management",
        XmppStreamElement::ComponentHandshake(_) => "<handshake>",
        XmppStreamElement::StreamError(_) => "stream error",
    }
}

/// An element of the handshake, to be sent.
struct Handshake(XmppStreamElement);

impl From<Nonza> for Handshake {
    fn from(nonza: Nonza) -> Self {
        Self(XmppStreamElement::Sasl(nonza))
    }
}

impl From<Stanza> for Handshake {
    fn from(stanza: Stanza) -> Self {
        Self(XmppStreamElement::Stanza(stanza))
    }
}

fn header() -> StreamHeader<'static> {
    StreamHeader { to: Some(Cow::Borrowed(DOMAIN)), from: None, id: None }
}

/// A socket whose bytes are counted by the inbox.
struct CountedSocket {
    socket: TcpStream,
    inbox: Rc<dyn Inbox>,
    /// Set once the other end has closed it.
    cut: Rc<Cell<bool>>,
    /// Ends the stream before the parser has more than it can bear.
    guard: Rc<RefCell<Guard>>,
}

impl AsyncRead for CountedSocket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        let read = buffer.filled().len() - before;
        self.cut.set(read == 0);
        self.inbox.bytes(0, read);
        let looked = self.guard.borrow_mut().look(&buffer.filled()[before..]);
        Poll::Ready(looked.map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why)))
    }
}

impl AsyncWrite for CountedSocket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.socket).poll_write(context, bytes))?;
        self.inbox.bytes(written, 0);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
