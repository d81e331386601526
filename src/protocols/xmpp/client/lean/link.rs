//! One bound stream: bytes out of the socket into the shared buffer, and from there to the inbox without a stop.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead as _, AsyncWrite as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;

use crate::contender::Fault;
use crate::contender::inbox::{Content, Inbox, Message};

use crate::protocols::xmpp::acks::{ASK, Acks};
use crate::protocols::xmpp::client::fetches::Fetches;
use crate::protocols::xmpp::client::link::{Answer, Caller, GOODBYE, Link, MOST_REPLIES, Request, Step, in_time, never_sent, stream_closed, stream_error};
use crate::protocols::xmpp::client::requests;

use super::opening::{self, Bound};
use super::reader::Reader;
use super::stanza::{Arrival, Found};

/// Memory of a stream in the client's process, in bytes: 1.8 kB measured (`benches/fan_out.rs`), and some room.
pub const MEMORY_PER_STREAM: u64 = 4_000;

/// A bound stream.
pub struct LeanLink {
    socket: TcpStream,
    inbox: Rc<dyn Inbox>,
    buffer: Rc<RefCell<Box<[u8]>>>,
    reader: Reader,
    /// Our full address, escaped.
    address: Box<str>,
    outgoing: Outgoing,
    fetches: Fetches,
    acks: Option<Box<Acks>>,
    /// Our end of the stream is closed: nothing can be sent any more.
    closed: bool,
    /// So is the server's.
    ended: bool,
}

/// What is to be sent.
#[derive(Default)]
struct Outgoing {
    bytes: Vec<u8>,
    written: usize,
    /// How many stanzas of it, at most, answer the server.
    replies: usize,
    /// How many bytes of it, at most, answer the server: an answer repeats what the server called itself and its request.
    reply_bytes: usize,
}

/// With so much to answer, nothing more is read. Our own requests do not count: a server that is full of answers to them waits
/// for us to read.
const MOST_REPLY_BYTES: usize = 64 * 1024;

impl Link for LeanLink {
    async fn connect(caller: Caller<'_>) -> Result<Self, Fault> {
        let what = format!("login as {} at {}", caller.user, caller.server.socket);
        let step = Step::default();
        let bound = in_time(&what, caller.timeout, &step, opening::connect(&what, &step, &caller)).await?;
        let (pointers, acks) = (!caller.settings.with_payload, caller.settings.own_acks());
        let Caller { inbox, buffer, .. } = caller;
        let Bound { socket, header, address, rest } = bound;
        let mut link = Self {
            socket,
            inbox,
            buffer,
            reader: Reader::new(pointers),
            address,
            outgoing: Outgoing::default(),
            fetches: Fetches::default(),
            acks,
            closed: false,
            ended: false,
        };
        link.reader.feed(&header, |_| ()).map_err(|error| Fault::protocol(&what, error))?;
        // What came with the last answer of the login: no answers to requests, since there were none.
        link.take(&rest, &mut drop)?;
        Ok(link)
    }

    fn push(&mut self, id: u64, request: Request) {
        let size = requests::request(&mut self.outgoing.bytes, id, &request, &self.address, "");
        self.inbox.sent(Message::Stanza, size);
        ask(self.acks.as_deref(), &mut self.outgoing, &*self.inbox);
    }

    fn poll_exchange(&mut self, context: &mut Context<'_>, take: &mut dyn FnMut(Answer)) -> Poll<Result<(), Fault>> {
        self.poll_write(context).map_err(|error| Fault::connection("sending to the XMPP server", error))?;
        if self.outgoing.replies > MOST_REPLIES || self.outgoing.reply_bytes > MOST_REPLY_BYTES {
            // Woken when the socket takes more.
            return Poll::Pending;
        }
        let buffer = Rc::clone(&self.buffer);
        let mut buffer = buffer.borrow_mut();
        // One call for all that is there, and none to learn that nothing more is: tokio knows from the short read.
        let mut space = ReadBuf::new(&mut buffer);
        ready!(Pin::new(&mut self.socket).poll_read(context, &mut space)).map_err(|error| Fault::connection("the XMPP stream", error))?;
        let read = space.filled();
        if read.is_empty() {
            return Poll::Ready(Err(Fault::connection("the XMPP stream", "the server closed the connection")));
        }
        self.inbox.bytes(0, read.len());
        Poll::Ready(self.take(read, take))
    }

    async fn close(&mut self, mut take: impl FnMut(Answer)) {
        let goodbye = async {
            self.inbox.sent(Message::Handshake, 0);
            self.outgoing.bytes.extend_from_slice(requests::FOOTER);
            self.closed = true;
            std::future::poll_fn(|context| match self.poll_write(context) {
                Ok(()) if !self.outgoing.bytes.is_empty() => Poll::Pending,
                written => Poll::Ready(written),
            })
            .await?;
            self.socket.shutdown().await?;
            while !self.ended && self.exchange(&mut take).await.is_ok() {}
            Ok::<(), io::Error>(())
        };
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

/// Asks for an acknowledgement where it is time to.
fn ask(acks: Option<&Acks>, outgoing: &mut Outgoing, inbox: &dyn Inbox) {
    if acks.is_some_and(Acks::goes) {
        outgoing.bytes.extend_from_slice(ASK.as_bytes());
        inbox.sent(Message::Event, 0);
    }
}

impl LeanLink {
    /// Takes what was read; all that is complete has reached the inbox when this returns.
    fn take(&mut self, read: &[u8], take: &mut dyn FnMut(Answer)) -> Result<(), Fault> {
        let (inbox, outgoing, fetches, closed, ended) = (&*self.inbox, &mut self.outgoing, &mut self.fetches, self.closed, &mut self.ended);
        let acks = self.acks.as_deref();
        let (mut over, mut pointers) = (None, Vec::new());
        let fed = self.reader.feed(read, |arrival| {
            if let (Some(acks), true) = (acks, arrival.is_stanza()) {
                acks.came();
            }
            match arrival {
                Arrival::Message(update) => {
                    inbox.received(Message::Stanza, false, update.as_deref().into());
                }
                Arrival::Pointer(node, item) => {
                    inbox.received(Message::Stanza, false, Content::Pointer);
                    pointers.push((node, item));
                }
                Arrival::Found(id, Found::Update(update)) => {
                    let news = inbox.received(Message::Stanza, true, Content::Payload(&update));
                    if fetches.end(id) {
                        if !news {
                            inbox.in_vain();
                        }
                    } else {
                        take(Answer { id, refusal: None, count: None });
                    }
                }
                Arrival::Found(id, Found::Count(count)) => {
                    inbox.received(Message::Stanza, true, Content::Nothing);
                    take(Answer { id, refusal: None, count: Some(count) });
                }
                Arrival::Presence => {
                    inbox.received(Message::Stanza, false, Content::Nothing);
                }
                Arrival::Answer(id, refusal) => {
                    inbox.received(Message::Stanza, true, Content::Nothing);
                    if fetches.end(id) {
                        inbox.in_vain();
                    } else {
                        take(Answer { id, refusal, count: None });
                    }
                }
                Arrival::Request { id, from, is_ping } => {
                    inbox.received(Message::Stanza, false, Content::Nothing);
                    if closed {
                        return;
                    }
                    let before = outgoing.bytes.len();
                    requests::reply(&mut outgoing.bytes, &id, from.as_deref(), is_ping, "");
                    outgoing.reply_bytes += outgoing.bytes.len() - before;
                    outgoing.replies += 1;
                    inbox.sent(Message::Stanza, 0);
                    ask(acks, outgoing, inbox);
                }
                Arrival::AckRequest => {
                    inbox.received(Message::Event, false, Content::Nothing);
                    let Some(acks) = acks.filter(|_| !closed) else { return };
                    let answer = acks.answer();
                    outgoing.bytes.extend_from_slice(answer.as_bytes());
                    outgoing.reply_bytes += answer.len();
                    outgoing.replies += 1;
                    inbox.sent(Message::Event, 0);
                }
                Arrival::Ack(handled) => {
                    inbox.received(Message::Event, true, Content::Nothing);
                    if !acks.is_some_and(|acks| acks.confirm(handled)) {
                        over.get_or_insert_with(|| never_sent(handled));
                    }
                }
                Arrival::StreamError(condition) => {
                    inbox.received(Message::Handshake, false, Content::Nothing);
                    over.get_or_insert_with(|| stream_error(&condition));
                }
                Arrival::Footer => {
                    inbox.received(Message::Handshake, false, Content::Nothing);
                    *ended = true;
                    over.get_or_insert_with(stream_closed);
                }
            }
        });
        for (node, item) in pointers {
            self.fetch(node, item)?;
        }
        match (over, fed) {
            (Some(fault), _) => Err(fault),
            (None, Err(broken)) => Err(Fault::protocol("on the XMPP stream", broken)),
            (None, Ok(())) => Ok(()),
        }
    }

    /// Asks for what a notification only points to.
    fn fetch(&mut self, node: String, item: String) -> Result<(), Fault> {
        if !self.closed {
            let before = self.outgoing.bytes.len();
            let id = self.fetches.begin()?;
            self.push(id, Request::Item(node, item));
            // The server makes us say it: as answers do, it must not fill our memory.
            self.outgoing.reply_bytes += self.outgoing.bytes.len() - before;
            self.outgoing.replies += 1;
        }
        Ok(())
    }

    /// Sends as much as the socket takes; what is left waits for the next turn.
    fn poll_write(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while self.outgoing.written < self.outgoing.bytes.len() {
            let rest = &self.outgoing.bytes[self.outgoing.written..];
            match Pin::new(&mut self.socket).poll_write(context, rest)? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(written) => {
                    self.inbox.bytes(written, 0);
                    self.outgoing.written += written;
                }
                Poll::Pending => return Ok(()),
            }
        }
        if self.outgoing.written > 0 {
            // An idle connection keeps no buffer.
            self.outgoing = Outgoing::default();
        }
        Ok(())
    }
}
