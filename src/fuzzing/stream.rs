//! Bytes that come in pieces, and a stream that brings them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The bytes in pieces: one by one, and as chance would cut them; the same each time.
pub fn cuts(bytes: &[u8]) -> [Vec<&[u8]>; 2] {
    // One by one would take too long for long ones.
    let single = bytes.chunks(1 + bytes.len() / 2_048).collect();
    let mut random = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    let (mut pieces, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        let most = if random >> 62 == 0 { 200 } else { 9 };
        let (piece, tail) = rest.split_at(rest.len().min(1 + (random >> 33) as usize % most));
        pieces.push(piece);
        rest = tail;
    }
    [single, pieces]
}

/// A connection whose other end says these pieces, one a read, and then no more; what it is told is kept.
pub struct Spoken<'a> {
    pieces: std::vec::IntoIter<&'a [u8]>,
    rest: &'a [u8],
    /// How often it has been asked for more than there is: who waits for an answer does not hang up at once.
    asked: u8,
    /// What was written.
    pub answer: Vec<u8>,
}

impl<'a> Spoken<'a> {
    /// One that has not begun.
    pub fn new(pieces: Vec<&'a [u8]>) -> Self {
        Self { pieces: pieces.into_iter(), rest: &[], asked: 0, answer: Vec::new() }
    }
}

impl AsyncRead for Spoken<'_> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.rest.is_empty() {
            self.rest = self.pieces.next().unwrap_or_default();
            if self.rest.is_empty() && self.asked < 4 {
                self.asked += 1;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let (now, later) = self.rest.split_at(self.rest.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.rest = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Spoken<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.answer.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Waits for a future on a runtime that is made once.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime with timers");
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}
