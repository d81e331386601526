//! A client's WebSocket: the library's frames over a socket whose bytes and messages are counted.

use std::future::poll_fn;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use futures::{Sink, SinkExt as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use yawc::close::CloseCode;
use yawc::{Frame, OpCode, Options, Role, WebSocket};

use super::session::PATH;
use super::settings::Settings;
use super::words::{Encoding, Wish};
use crate::contender::inbox::{Content, Inbox, Message};
use crate::contender::{Fault, ServerAddress, socket};
use crate::protocols::websocket::handshake::Request;

/// Largest message that is taken from a server.
const LARGEST: usize = 64 << 20;
/// A goodbye may take a second in all.
const GOODBYE: Duration = Duration::from_millis(900);
/// Memory of a connection in the client's process: the library's buffers, and the kernel's share of a socket pair.
pub const MEMORY_PER_CONNECTION: u64 = 40_000;

/// An open WebSocket.
pub struct Link {
    socket: WebSocket<Counted>,
    inbox: Rc<dyn Inbox>,
    /// How words are written and read.
    pub encoding: Encoding,
    /// Pings that the library still has to answer.
    owed: u32,
}

impl Link {
    /// Connects and shakes hands.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or does not answer in time.
    pub async fn open(server: &ServerAddress, settings: Settings, inbox: Rc<dyn Inbox>, timeout: Duration) -> Result<Self, Fault> {
        let what = || format!("opening a WebSocket to {}", server.socket);
        let opening = async {
            let stream = TcpStream::connect(&server.socket).await.map_err(|error| Fault::connection(what(), error))?;
            socket::prepare(&stream).map_err(|error| Fault::connection(what(), error))?;
            inbox.connected();
            let stream = Counted { stream, inbox: Rc::clone(&inbox), early: BytesMut::new() };
            Self::shake_hands(server, settings, stream, Rc::clone(&inbox)).await
        };
        tokio::time::timeout(timeout, opening).await.unwrap_or_else(|_| Err(Fault::timeout(what(), timeout)))
    }

    async fn shake_hands(server: &ServerAddress, settings: Settings, mut stream: Counted, inbox: Rc<dyn Inbox>) -> Result<Self, Fault> {
        const WHAT: &str = "shaking hands";
        let request = Request::new(&server.socket, PATH, nonce(), settings.encoding.subprotocol(), settings.deflate);
        inbox.sent(Message::Handshake, 0);
        stream.write_all(request.text.as_bytes()).await.map_err(|error| Fault::connection(WHAT, error))?;
        let mut head = BytesMut::new();
        let agreed = loop {
            if stream.read_buf(&mut head).await.map_err(|error| Fault::connection(WHAT, error))? == 0 {
                return Err(Fault::connection(WHAT, "the server closed the connection"));
            }
            if let Some(agreed) = request.read(&head).map_err(|why| Fault::refused(WHAT, why))? {
                break agreed;
            }
        };
        inbox.received(Message::Handshake, true, Content::Nothing);
        stream.early = head.split_off(agreed.length);
        let options = Options::default().with_limits(LARGEST, 2 * LARGEST);
        let options = if settings.deflate { options.with_balanced_compression() } else { options };
        let socket = WebSocket::from_stream_with_extensions(stream, Role::Client, agreed.extensions.as_deref(), options);
        let socket = socket.map_err(|error| Fault::protocol(WHAT, error))?;
        Ok(Self { socket, inbox, encoding: settings.encoding, owed: 0 })
    }

    /// Writes a wish, to be sent with the next flush.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn feed(&mut self, wish: &Wish) -> Result<(), Fault> {
        let payload = if let Wish::Publish { payload, .. } = wish { payload.len() } else { 0 };
        let message = wish.write(self.encoding);
        let frame = match self.encoding {
            Encoding::Json => Frame::text(message),
            Encoding::Binary => Frame::binary(message),
        };
        self.inbox.sent(Message::Event, payload);
        self.socket.feed(frame).await.map_err(|error| Fault::connection("sending a message", error))
    }

    /// Sends what was written.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn flush(&mut self) -> Result<(), Fault> {
        self.socket.flush().await.map_err(|error| Fault::connection("sending a message", error))
    }

    /// The next message; it is not yet counted. Pings are answered and counted meanwhile. Cancel-safe.
    ///
    /// # Errors
    /// The connection is gone or the server closes it.
    pub async fn next(&mut self) -> Result<Frame, Fault> {
        const WHAT: &str = "waiting for a message";
        self.receive().await?.ok_or_else(|| Fault::connection(WHAT, "the server closed the WebSocket"))
    }

    /// The next message; `None` for a close.
    async fn receive(&mut self) -> Result<Option<Frame>, Fault> {
        const WHAT: &str = "waiting for a message";
        loop {
            self.pay().await?;
            let frame = self.socket.next_frame().await.map_err(|error| Fault::connection(WHAT, error))?;
            match frame.opcode() {
                OpCode::Ping => {
                    self.inbox.received(Message::Event, false, Content::Nothing);
                    self.owed += 1;
                }
                OpCode::Close => {
                    self.inbox.received(Message::Handshake, true, Content::Nothing);
                    return Ok(None);
                }
                OpCode::Pong => _ = self.inbox.received(Message::Event, true, Content::Nothing),
                OpCode::Text | OpCode::Binary | OpCode::Continuation => return Ok(Some(frame)),
            }
        }
    }

    /// Lets the library send the pongs that it owes, and counts them: it would send them when it next writes, and say nothing.
    async fn pay(&mut self) -> Result<(), Fault> {
        if self.owed > 0 {
            poll_fn(|context| Pin::new(&mut self.socket).poll_ready(context)).await.map_err(|error| Fault::connection("answering a ping", error))?;
            while self.owed > 0 {
                self.owed -= 1;
                self.inbox.sent(Message::Event, 0);
            }
        }
        Ok(())
    }

    /// Says goodbye and hears the server out: `heard` gets what was still on its way.
    pub async fn close(&mut self, heard: impl Fn(Frame)) {
        let goodbye = async {
            self.pay().await?;
            self.inbox.sent(Message::Handshake, 0);
            let closed = self.socket.send(Frame::close(CloseCode::Normal, [])).await;
            closed.map_err(|error| Fault::connection("closing", error))?;
            while let Some(frame) = self.receive().await? {
                heard(frame);
            }
            Ok::<(), Fault>(())
        };
        // Who cannot say goodbye has gone already.
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

/// 16 random bytes (RFC 6455 §4.1): the keys that the standard library's hash maps have from the system.
fn nonce() -> [u8; 16] {
    let half = || RandomState::new().build_hasher().finish();
    (u128::from(half()) << 64 | u128::from(half())).to_be_bytes()
}

/// A client's socket, whose bytes are counted in the inbox.
struct Counted {
    stream: TcpStream,
    inbox: Rc<dyn Inbox>,
    /// What was read behind the handshake, and counted then.
    early: BytesMut,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.early.is_empty() {
            let length = self.early.len().min(buffer.remaining());
            buffer.put_slice(&self.early[..length]);
            self.early.advance(length);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        self.inbox.bytes(0, buffer.filled().len() - before);
        Poll::Ready(result)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.inbox.bytes(written, 0);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
