//! Carries messages between harness and side: a channel within a process, or a pipe between two.
//!
//! On a pipe a message is its length (4 bytes, little-endian) and JSON. A pipe that closes ends the link: the
//! harness takes a side whose link ended for dead, and a side whose link ended stops by itself, so that no orphan survives.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Longest message in bytes: what claims to be longer is not from us.
const LONGEST: usize = 64 << 20;

/// One end of a link. Unbounded: a side says something once a second, and a side that dies is not to block the other end.
#[derive(Debug)]
pub struct Link<Out, In> {
    outgoing: mpsc::UnboundedSender<Out>,
    incoming: mpsc::UnboundedReceiver<In>,
}

impl<Out, In> Link<Out, In> {
    /// Says something; nothing happens where nobody listens any more.
    pub fn send(&self, message: Out) {
        let _ = self.outgoing.send(message);
    }

    /// The next message; `None` when the other end is gone. Cancel-safe.
    pub async fn receive(&mut self) -> Option<In> {
        self.incoming.recv().await
    }

    /// Both halves, for a loop that owns the receiving one.
    pub fn split(self) -> (mpsc::UnboundedSender<Out>, mpsc::UnboundedReceiver<In>) {
        (self.outgoing, self.incoming)
    }
}

/// Two ends within one process.
pub fn pair<A, B>() -> (Link<A, B>, Link<B, A>) {
    let (to_b, from_a) = mpsc::unbounded_channel();
    let (to_a, from_b) = mpsc::unbounded_channel();
    (Link { outgoing: to_b, incoming: from_b }, Link { outgoing: to_a, incoming: from_a })
}

/// An end on a pair of pipes; two local tasks carry the messages until either pipe closes. The second thing returned is
/// the writing task: it ends when all that was said has been written, after the link is dropped.
pub fn over_pipes<Out, In>(reader: impl AsyncRead + Unpin + 'static, writer: impl AsyncWrite + Unpin + 'static) -> (Link<Out, In>, JoinHandle<()>)
where
    Out: Serialize + 'static,
    In: DeserializeOwned + 'static,
{
    let (here, there) = pair::<Out, In>();
    let (deliver, mut outgoing) = there.split();
    tokio::task::spawn_local(async move {
        let mut reader = reader;
        while let Ok(Some(message)) = read(&mut reader).await {
            if deliver.send(message).is_err() {
                break;
            }
        }
    });
    let written = tokio::task::spawn_local(async move {
        let mut writer = writer;
        while let Some(message) = outgoing.recv().await {
            if write(&mut writer, &message).await.is_err() {
                break;
            }
        }
    });
    (here, written)
}

/// Reads a message; `None` where the pipe is closed between two messages.
///
/// # Errors
/// The pipe closed within a message, or what came is none.
pub async fn read<In: DeserializeOwned>(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<In>> {
    let mut length = [0; 4];
    match reader.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a message of {length} bytes")));
    }
    // Grows with what really comes, not with what is claimed.
    let mut text = Vec::new();
    (&mut *reader).take(length as u64).read_to_end(&mut text).await?;
    if text.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(serde_json::from_slice(&text)?))
}

/// Writes a message.
///
/// # Errors
/// The pipe is closed.
pub async fn write<Out: Serialize>(writer: &mut (impl AsyncWrite + Unpin), message: &Out) -> io::Result<()> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = u32::try_from(bytes.len() - 4).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    writer.write_all(&bytes).await?;
    writer.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::message::{FromSide, ToSide};

    #[tokio::test(flavor = "current_thread")]
    async fn messages_cross_a_pipe_and_its_end_is_seen() {
        tokio::task::LocalSet::new()
            .run_until(async {
                let (near, far) = tokio::io::duplex(16);
                let (near_reader, near_writer) = tokio::io::split(near);
                let (far_reader, far_writer) = tokio::io::split(far);
                let (mut harness, _): (Link<ToSide, FromSide>, _) = over_pipes(near_reader, near_writer);
                let (mut side, _): (Link<FromSide, ToSide>, _) = over_pipes(far_reader, far_writer);
                harness.send(ToSide::Probe);
                assert_eq!(side.receive().await, Some(ToSide::Probe));
                side.send(FromSide::Fail { why: "a reason longer than the pipe's own buffer of sixteen bytes".to_owned() });
                assert!(matches!(harness.receive().await, Some(FromSide::Fail { .. })));
                drop(harness);
            })
            .await;
    }

    #[tokio::test(flavor = "current_thread")]
    async fn broken_frames_are_errors_without_large_allocations() {
        for (bytes, ends) in [
            (&b""[..], true),
            (&b"\x01\x00"[..], true),
            (&b"\xff\xff\xff\xff"[..], false),
            (&b"\x00\x00\x00\x03{}"[..], false),
            (&b"\x07\x00\x00\x00\"Probe"[..], false),
            (&b"\x02\x00\x00\x00{}"[..], false),
        ] {
            let mut reader = bytes;
            let result = read::<ToSide>(&mut reader).await;
            assert_eq!(matches!(result, Ok(None)), ends, "{bytes:?} gave {result:?}");
        }
    }
}
