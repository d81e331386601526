//! From the bytes of a stream to stanzas, in place.

use super::splitter::{DEEPEST, LARGEST_TAG, Piece, Splitter};
use super::stanza::{Arrival, Names, arrival};
use crate::protocols::xmpp::namespaces as ns;

/// The root element of a stream over TCP.
const ROOT: (&str, &str) = (ns::STREAM, "stream");

/// The largest stanza that is read, in bytes: the largest payload (1 MiB), each of whose characters may have become six,
/// and an envelope. This is all that a server can make one connection keep.
pub const LARGEST: usize = 7 << 20;

/// Why a stream cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Not well-formed, and how.
    #[error("{0} (RFC 6120 §11.3)")]
    Xml(&'static str),
    /// Not well-formed, in the parser's words.
    #[error("{0}")]
    Parser(String),
    /// Something that XMPP forbids.
    #[error("{0} (RFC 6120 §11.1)")]
    Restricted(&'static str),
    /// A stanza that is larger than [`LARGEST`].
    #[error("a stanza of more than {LARGEST} bytes")]
    TooLarge,
    /// A tag that is larger than [`LARGEST_TAG`].
    #[error("a tag of more than {LARGEST_TAG} bytes")]
    LargeTag,
    /// Elements nested deeper than [`DEEPEST`].
    #[error("elements nested deeper than {DEEPEST}")]
    TooDeep,
    /// A top-level element that is no stanza.
    #[error("unexpected <{0}>")]
    Unexpected(String),
}

/// Reads an element that stands alone and declares its own namespaces.
///
/// # Errors
/// It is none, or more, or beyond a limit.
pub fn element(text: &[u8], pointers: bool) -> Result<Arrival<'_>, Broken> {
    if text.len() > LARGEST {
        return Err(Broken::TooLarge);
    }
    match Splitter::within().next(text)? {
        Some((Piece::Element, length)) if length == text.len() => arrival(text, &mut Names::new(pointers)),
        _ => Err(Broken::Xml("no whole element")),
    }
}

/// Reads a stream. After the first error it must not be used again.
#[derive(Default)]
pub struct Reader {
    splitter: Splitter,
    names: Names,
    /// The beginning of a piece whose end has not come. Most of the time there is none, and no memory is kept for it.
    rest: Vec<u8>,
    closed: bool,
}

impl Reader {
    /// For a stream in which items without an update are named, or passed over.
    pub fn new(pointers: bool) -> Self {
        Self { names: Names::new(pointers), ..Self::default() }
    }

    /// Takes bytes as they come; what they complete is handed to `take`.
    ///
    /// # Errors
    /// The bytes are no XML, are XML that XMPP forbids, or are beyond a limit. What was complete before has been taken.
    pub fn feed(&mut self, bytes: &[u8], mut take: impl FnMut(Arrival<'_>)) -> Result<(), Broken> {
        if self.rest.is_empty() {
            let used = self.pieces(bytes, &mut take)?;
            // An allocation of just this size: it will be gone in a moment, or the stanza is large and it grows.
            self.rest = bytes[used..].to_vec();
        } else {
            let mut gathered = std::mem::take(&mut self.rest);
            gathered.extend_from_slice(bytes);
            let used = self.pieces(&gathered, &mut take)?;
            self.rest = if used == 0 { gathered } else { gathered[used..].to_vec() };
        }
        if self.rest.len() > LARGEST { Err(Broken::TooLarge) } else { Ok(()) }
    }

    /// Bytes that it keeps for a piece whose end has not come.
    #[cfg(test)]
    pub fn kept(&self) -> usize {
        self.rest.capacity()
    }

    /// Takes all whole pieces, and says how long they are.
    fn pieces(&mut self, bytes: &[u8], take: &mut impl FnMut(Arrival<'_>)) -> Result<usize, Broken> {
        let mut used = 0;
        while !self.closed {
            let Some((piece, length)) = self.splitter.next(&bytes[used..])? else { return Ok(used) };
            let text = &bytes[used..used + length];
            used += length;
            if length > LARGEST {
                return Err(Broken::TooLarge);
            }
            match piece {
                Piece::Nothing => {}
                Piece::Open => self.names.open(text, ROOT)?,
                Piece::Element => take(arrival(text, &mut self.names)?),
                Piece::Close => {
                    self.names.close(text, ROOT)?;
                    self.closed = true;
                    take(Arrival::Footer);
                }
            }
        }
        // After the end of the stream nothing counts.
        Ok(bytes.len())
    }
}
