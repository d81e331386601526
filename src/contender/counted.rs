//! A client's socket whose bytes the inbox counts, for libraries that are given one. The server's is [`crate::measure::ledger::Metered`].

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::inbox::Inbox;
use super::socket;

/// A client's socket.
pub struct Counted {
    socket: TcpStream,
    inbox: Rc<dyn Inbox>,
}

impl Counted {
    /// Connects.
    ///
    /// # Errors
    /// Nobody is there, or the system refuses.
    pub async fn connect(to: &str, inbox: &Rc<dyn Inbox>) -> io::Result<Self> {
        let socket = TcpStream::connect(to).await?;
        socket::prepare(&socket)?;
        inbox.connected();
        Ok(Self::new(socket, Rc::clone(inbox)))
    }

    /// A socket that is connected, and known to the inbox.
    pub fn new(socket: TcpStream, inbox: Rc<dyn Inbox>) -> Self {
        Self { socket, inbox }
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        self.inbox.bytes(0, buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
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
