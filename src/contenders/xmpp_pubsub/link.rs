//! One XMPP stream of the client's: connect, log in, bind, then stanzas both ways, every one of them counted.
//!
//! Everything that can wait has a deadline, and every failure is a fault that says what was being done. The SASL
//! exchange is run here and not by tokio-xmpp's `client_login`, which takes the strongest mechanism on offer, whatever
//! the scenario says, and does not check the server's signature.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::{Sink, SinkExt as _, Stream as _, StreamExt as _};
use sasl::client::Mechanism;
use sasl::client::mechanisms::{Anonymous, Plain, Scram};
use sasl::common::scram::{Sha1, Sha256};
use sasl::common::{ChannelBinding, Credentials};
use tokio::io::{AsyncRead, AsyncWrite, BufStream, ReadBuf};
use tokio::net::TcpStream;
use tokio_xmpp::xmlstream::{
    InitiatingStream, PendingFeaturesRecv, ReadError, RecvFeaturesError, StreamHeader, Timeouts, XmlStream, XmppStreamElement, initiate_stream,
};
use xmpp_parsers::bind::{BindQuery, BindResponse};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::sasl::{Auth, Nonza, Response};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::stream_features::StreamFeatures;

use crate::contender::inbox::{Inbox, Message};
use crate::contender::{Fault, ServerAddress, socket};
use crate::protocols::xmpp::namespaces as ns;
use crate::protocols::xmpp::server::DOMAIN;

use super::settings::{Sasl, Settings};

/// Memory of a stream in the client's process, in bytes.
pub const MEMORY_PER_STREAM: u64 = 30_000;

/// Most buffers of a client hold less than a stanza or two: small ones, since there may be thousands of clients.
const BUFFER: usize = 4096;
/// Time for the last words, within the second that a goodbye may take.
const GOODBYE: Duration = Duration::from_millis(800);

type Pipe = BufStream<CountedSocket>;
type Elements = XmlStream<Pipe, XmppStreamElement>;

/// A bound stream.
pub struct Link {
    stream: Elements,
    inbox: Rc<dyn Inbox>,
    /// The full address that the server has given.
    pub address: Jid,
    /// What is to be sent, with the size of the update in it.
    outgoing: VecDeque<(XmppStreamElement, usize)>,
    unflushed: bool,
    ended: bool,
}

impl Link {
    /// Connects, logs in as `user` and binds a resource, all within `timeout`.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, breaks the protocol, or is not done in time.
    pub async fn connect(server: &ServerAddress, user: &str, settings: &Settings, inbox: Rc<dyn Inbox>, timeout: Duration) -> Result<Self, Fault> {
        let what = format!("login as {user} at {}", server.socket);
        let login = Login { what: &what, user, settings, inbox };
        tokio::time::timeout(timeout, login.run(server)).await.map_err(|_| Fault::timeout(&what, timeout))?
    }

    /// Queues a stanza with `payload` bytes of an update in it; [`Self::next`] sends it.
    pub fn push(&mut self, stanza: impl Into<Stanza>, payload: usize) {
        self.outgoing.push_back((XmppStreamElement::Stanza(stanza.into()), payload));
    }

    /// Sends what is queued, and returns the next stanza. Cancel-safe. Whoever gets it counts it.
    ///
    /// # Errors
    /// The stream is over.
    pub async fn next(&mut self) -> Result<Stanza, Fault> {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    /// Ends the stream from our side, and hears the server out; `take` gets what still comes.
    pub async fn close(&mut self, mut take: impl FnMut(Stanza)) {
        let _ = tokio::time::timeout(GOODBYE, async {
            self.outgoing.clear();
            self.inbox.sent(Message::Handshake, 0);
            self.stream.shutdown().await?;
            while !self.ended {
                match self.next().await {
                    Ok(stanza) => take(stanza),
                    Err(_) => break,
                }
            }
            Ok::<(), io::Error>(())
        })
        .await;
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Stanza, Fault>> {
        self.poll_write(context).map_err(|error| Fault::connection("sending to the XMPP server", error))?;
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(context)) {
                Some(Ok(XmppStreamElement::Stanza(stanza))) => Ok(stanza),
                Some(Ok(XmppStreamElement::StreamError(error))) => {
                    self.inbox.received(Message::Handshake, false, None);
                    Err(Fault::connection("the XMPP stream was ended by the server", words(&error.0.condition)))
                }
                Some(Ok(other)) => Err(Fault::protocol("on the XMPP stream", format!("unexpected {other:?}"))),
                Some(Err(ReadError::SoftTimeout)) => continue,
                Some(Err(ReadError::StreamFooterReceived)) => {
                    self.ended = true;
                    self.inbox.received(Message::Handshake, false, None);
                    Err(Fault::connection("the XMPP stream", "closed by the server"))
                }
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
            self.inbox.sent(Message::Stanza, *payload);
            self.unflushed = true;
            self.outgoing.pop_front();
        }
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
    user: &'a str,
    settings: &'a Settings,
    inbox: Rc<dyn Inbox>,
}

impl Login<'_> {
    async fn run(self, server: &ServerAddress) -> Result<Link, Fault> {
        let tcp = TcpStream::connect(&server.socket).await.map_err(|error| self.lost(error))?;
        socket::prepare(&tcp).map_err(|error| self.lost(error))?;
        self.inbox.connected();
        let pipe = BufStream::with_capacity(BUFFER, BUFFER, CountedSocket { socket: tcp, inbox: Rc::clone(&self.inbox) });
        // Deadlines are ours: silence on a stream is no fault when nothing changes.
        let never = Timeouts { read_timeout: Duration::from_secs(86_400 * 365), response_timeout: Duration::from_secs(86_400 * 365) };
        self.inbox.sent(Message::Handshake, 0);
        let opened = initiate_stream(pipe, ns::CLIENT, header(), never).await.map_err(|error| self.lost(error))?;
        let (features, mut stream) = self.features(opened).await?;
        self.authenticate(&mut stream, &features).await?;
        let restarted: InitiatingStream<Pipe> = stream.initiate_reset();
        self.inbox.sent(Message::Handshake, 0);
        let opened = restarted.send_header(header()).await.map_err(|error| self.lost(error))?;
        let (features, mut stream) = self.features(opened).await?;
        if !features.can_bind() {
            return Err(Fault::protocol(self.what, "the server offers no resource binding"));
        }
        let address = self.bind(&mut stream).await?;
        Ok(Link { stream, inbox: self.inbox, address, outgoing: VecDeque::new(), unflushed: false, ended: false })
    }

    /// The server's header has come; now its features.
    async fn features(&self, opened: PendingFeaturesRecv<Pipe>) -> Result<(StreamFeatures, Elements), Fault> {
        self.inbox.received(Message::Handshake, true, None);
        let result = opened.recv_features().await;
        self.inbox.received(Message::Handshake, true, None);
        result.map_err(|error| match error {
            RecvFeaturesError::Io(error) => self.lost(error),
            RecvFeaturesError::StreamError(error) => Fault::refused(self.what, words(&error.0.condition)),
        })
    }

    async fn authenticate(&self, stream: &mut Elements, features: &StreamFeatures) -> Result<(), Fault> {
        let name = self.settings.sasl.name();
        if !features.sasl_mechanisms.contains(name) {
            let offered = features.sasl_mechanisms.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Fault::refused(self.what, format!("the server does not offer {name}, but {offered}; set `sasl` to one of these")));
        }
        let mut mechanism = self.mechanism()?;
        let name = name.parse().map_err(|error| Fault::protocol(self.what, error))?;
        self.send(stream, Nonza::Auth(Auth { mechanism: name, data: mechanism.initial() })).await?;
        loop {
            match self.receive(stream).await? {
                XmppStreamElement::Sasl(Nonza::Challenge(challenge)) => {
                    let data = mechanism.response(&challenge.data).map_err(|error| Fault::protocol(self.what, error))?;
                    self.send(stream, Nonza::Response(Response { data })).await?;
                }
                // A server that knows the password proves it (RFC 5802 §3).
                XmppStreamElement::Sasl(Nonza::Success(success)) => {
                    return mechanism.success(&success.data).map_err(|error| Fault::protocol(self.what, error));
                }
                XmppStreamElement::Sasl(Nonza::Failure(failure)) => return Err(Fault::refused(self.what, words(&failure.defined_condition))),
                other => return Err(self.unexpected(other)),
            }
        }
    }

    fn mechanism(&self) -> Result<Box<dyn Mechanism>, Fault> {
        let credentials =
            Credentials::default().with_username(self.user).with_password(self.settings.password.as_str()).with_channel_binding(ChannelBinding::None);
        let made: Result<Box<dyn Mechanism>, _> = match self.settings.sasl {
            Sasl::ScramSha256 => Scram::<Sha256>::from_credentials(credentials).map(|made| Box::new(made) as _),
            Sasl::ScramSha1 => Scram::<Sha1>::from_credentials(credentials).map(|made| Box::new(made) as _),
            Sasl::Plain => Plain::from_credentials(credentials).map(|made| Box::new(made) as _),
            Sasl::Anonymous => Ok(Box::new(Anonymous::new()) as _),
        };
        made.map_err(|error| Fault::protocol(self.what, error))
    }

    async fn bind(&self, stream: &mut Elements) -> Result<Jid, Fault> {
        let query = Iq::from_set("bind", BindQuery::new(Some("pushbench".to_owned())));
        self.send(stream, Stanza::Iq(query)).await?;
        match self.receive(stream).await? {
            XmppStreamElement::Stanza(Stanza::Iq(Iq::Result { payload: Some(payload), .. })) => {
                BindResponse::try_from(payload).map(Jid::from).map_err(|error| Fault::protocol(self.what, error))
            }
            XmppStreamElement::Stanza(Stanza::Iq(Iq::Error { error, .. })) => Err(Fault::refused(self.what, words(&error.defined_condition))),
            other => Err(self.unexpected(other)),
        }
    }

    async fn send(&self, stream: &mut Elements, element: impl Into<Handshake>) -> Result<(), Fault> {
        self.inbox.sent(Message::Handshake, 0);
        stream.send(&element.into().0).await.map_err(|error| self.lost(error))
    }

    async fn receive(&self, stream: &mut Elements) -> Result<XmppStreamElement, Fault> {
        let element = match stream.next().await {
            Some(Ok(element)) => element,
            Some(Err(error)) => return Err(self.lost(error)),
            None => return Err(self.lost("the server closed the connection")),
        };
        self.inbox.received(Message::Handshake, true, None);
        Ok(element)
    }

    fn lost(&self, why: impl std::fmt::Display) -> Fault {
        Fault::connection(self.what, why)
    }

    fn unexpected(&self, element: XmppStreamElement) -> Fault {
        match element {
            XmppStreamElement::StreamError(error) => Fault::refused(self.what, words(&error.0.condition)),
            other => Fault::protocol(self.what, format!("unexpected {other:?}")),
        }
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

/// A defined condition in the words of the RFC: `not-authorized`, from a variant `NotAuthorized`.
pub fn words(condition: &impl std::fmt::Debug) -> String {
    let mut name = String::new();
    for letter in format!("{condition:?}").chars().take_while(char::is_ascii_alphanumeric) {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// A socket whose bytes are counted by the inbox.
struct CountedSocket {
    socket: TcpStream,
    inbox: Rc<dyn Inbox>,
}

impl AsyncRead for CountedSocket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        self.inbox.bytes(0, buffer.filled().len() - before);
        Poll::Ready(Ok(()))
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
