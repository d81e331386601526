//! Closes connections that dawdle in the middle of a request (slowloris) or do not take their answers, and leaves idle ones alone.
//!
//! hyper's own timeout for request heads also runs while a kept-alive connection is idle, and allocates a
//! timer for each request. Here a request's beginning is one stamp, and one timer per connection looks at it
//! rarely: every `patience`, or when a stamp would be overdue.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Since when a connection owes us the rest of a request, or room for an answer; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Debt {
    owed: Rc<Owed>,
}

#[derive(Debug)]
struct Owed {
    /// The rest of a request.
    request: Cell<Option<Instant>>,
    /// Room for an answer: since the socket last took some of it.
    room: Cell<Option<Instant>>,
}

impl Debt {
    /// A connection just accepted owes its first request.
    pub fn new() -> Self {
        Self { owed: Rc::new(Owed { request: Cell::new(Some(Instant::now())), room: Cell::default() }) }
    }

    /// The request has arrived whole.
    pub fn settle(&self) {
        self.owed.request.set(None);
    }

    fn incur(cell: &Cell<Option<Instant>>) {
        if cell.get().is_none() {
            cell.set(Some(Instant::now()));
        }
    }

    /// The socket has taken something.
    fn take(&self) {
        self.owed.room.set(None);
    }

    fn oldest(&self) -> Option<Instant> {
        [self.owed.request.get(), self.owed.room.get()].into_iter().flatten().min()
    }

    /// Returns when a debt is older than `patience`.
    pub async fn overdue(&self, patience: Duration) {
        loop {
            let from = self.oldest();
            let due = from.unwrap_or_else(Instant::now) + patience;
            tokio::time::sleep_until(due).await;
            if from.is_some() && self.oldest() == from {
                return;
            }
        }
    }
}

/// A socket whose arriving bytes incur the debt of a whole request, and whose lack of room that of taking an answer.
#[derive(Debug)]
pub(super) struct Watched<S> {
    socket: S,
    debt: Debt,
}

impl<S> Watched<S> {
    /// Watches `socket`.
    pub fn new(socket: S, debt: Debt) -> Self {
        Self { socket, debt }
    }

    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => Debt::incur(&self.debt.owed.room),
            Poll::Ready(_) => self.debt.take(),
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            Debt::incur(&self.debt.owed.request);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn only_a_debt_that_stays_unpaid_is_overdue() {
        let debt = Debt::new();
        let begin = Instant::now();
        debt.overdue(PATIENCE).await;
        assert_eq!(begin.elapsed(), PATIENCE, "a connection that never says anything");

        debt.settle();
        let waiting = tokio::time::timeout(PATIENCE * 10, debt.overdue(PATIENCE)).await;
        assert!(waiting.is_err(), "an idle connection is left alone");

        let begin = Instant::now();
        Debt::incur(&debt.owed.request);
        let more = async {
            tokio::time::sleep(PATIENCE / 2).await;
            Debt::incur(&debt.owed.request);
            std::future::pending::<()>().await;
        };
        tokio::select! { () = debt.overdue(PATIENCE) => {}, () = more => {} }
        assert_eq!(begin.elapsed(), PATIENCE, "a byte now and then buys no time");
    }
    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn answers_that_are_taken_slowly_are_waited_for_and_those_that_are_not_taken_are_overdue() {
        let debt = Debt::new();
        debt.settle();
        let begin = Instant::now();
        Debt::incur(&debt.owed.room);
        let slowly = async {
            for _ in 0..5 {
                tokio::time::sleep(PATIENCE / 2).await;
                debt.take();
                Debt::incur(&debt.owed.room);
            }
            std::future::pending::<()>().await;
        };
        tokio::select! { () = debt.overdue(PATIENCE) => {}, () = slowly => {} }
        assert_eq!(begin.elapsed(), PATIENCE * 7 / 2);
    }
}
