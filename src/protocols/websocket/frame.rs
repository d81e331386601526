//! Frames (RFC 6455 §5) as a server reads and writes them.

use bytes::{Buf as _, Bytes, BytesMut};

use super::deflate::Inflater;

/// Longest head that a server writes: two bytes and a length of eight.
const LONGEST_HEAD: usize = 10;
/// Largest payload of a control frame (§5.5).
const LARGEST_CONTROL: usize = 125;

/// What a frame is (§5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// More of the message before it.
    Continuation,
    /// A message of UTF-8.
    Text,
    /// A message of bytes.
    Binary,
    /// The last one.
    Close,
    /// Is anybody there?
    Ping,
    /// Yes.
    Pong,
}

impl Opcode {
    fn read(number: u8) -> Option<Self> {
        Some(match number {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    fn number(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    fn is_control(self) -> bool {
        self.number() >= 0x8
    }
}

/// Why a connection is closed (§7.4.1), and a word about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The status code.
    pub code: u16,
    /// For people.
    pub reason: &'static str,
}

/// Nothing is wrong: the conversation is over.
pub const NORMAL: u16 = 1000;
/// The server stops.
pub const GOING_AWAY: u16 = 1001;
/// The peer broke the protocol.
pub const PROTOCOL: u16 = 1002;
/// The peer sent a kind of data that is not taken.
pub const UNSUPPORTED: u16 = 1003;
/// A message's content is not what its kind promises.
pub const INVALID: u16 = 1007;
/// The peer does what it may not.
pub const POLICY: u16 = 1008;
/// A message is too big.
pub const TOO_BIG: u16 = 1009;

/// A whole frame, unmasked, as a server sends it: made once for all who get it.
pub fn frame(opcode: Opcode, compressed: bool, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(LONGEST_HEAD + payload.len());
    let first = 0x80 | if compressed { 0x40 } else { 0 } | opcode.number();
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length), _) if usize::from(length) <= LARGEST_CONTROL => out.extend_from_slice(&[first, length]),
        (_, Ok(length)) => {
            out.extend_from_slice(&[first, 126]);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.extend_from_slice(&[first, 127]);
            out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out.freeze()
}

/// A close frame; the reason must be short.
pub fn close_frame(closing: Closing) -> Bytes {
    let mut payload = closing.code.to_be_bytes().to_vec();
    payload.extend_from_slice(&closing.reason.as_bytes()[..closing.reason.len().min(LARGEST_CONTROL - 2)]);
    frame(Opcode::Close, false, &payload)
}

/// What has come in whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message of UTF-8.
    Text(String),
    /// A message of bytes.
    Binary(Bytes),
    /// To be answered with its payload.
    Ping(Bytes),
    /// An answer.
    Pong,
    /// The peer ends the conversation, with this code or none.
    Close(Option<u16>),
}

/// Takes a client's frames apart, from bytes in any pieces.
#[derive(Debug)]
pub struct Reader {
    buffer: BytesMut,
    largest: usize,
    inflater: Option<Inflater>,
    message: Option<Begun>,
    /// Frames read, of all kinds.
    frames: u64,
}

/// A message that has begun: its first frame said more will come.
#[derive(Debug)]
struct Begun {
    opcode: Opcode,
    compressed: bool,
    data: BytesMut,
}

/// The head of a frame.
struct Head {
    last: bool,
    compressed: bool,
    opcode: Opcode,
    mask: [u8; 4],
    length: usize,
    size: usize,
}

fn violates<T>(reason: &'static str) -> Result<T, Closing> {
    Err(Closing { code: PROTOCOL, reason })
}

const TOO_LARGE: Closing = Closing { code: TOO_BIG, reason: "the message is larger than this server takes" };

impl Reader {
    /// Takes messages of at most `largest` bytes, decompressed; with an inflater where compression was agreed on.
    pub fn new(largest: usize, inflater: Option<Inflater>) -> Self {
        Self { buffer: BytesMut::new(), largest, inflater, message: None, frames: 0 }
    }

    /// Adds bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Frames read so far, of all kinds.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether a frame or message has begun and not ended.
    pub fn is_amid(&self) -> bool {
        self.message.is_some() || !self.buffer.is_empty()
    }

    /// The next thing that is whole; `None` where more bytes are needed.
    ///
    /// # Errors
    /// The peer broke the protocol, and how: nothing more can be read.
    pub fn read(&mut self) -> Result<Option<Received>, Closing> {
        loop {
            let Some(head) = self.head()? else { return Ok(None) };
            if self.buffer.len() < head.size + head.length {
                return Ok(None);
            }
            self.buffer.advance(head.size);
            let mut payload = self.buffer.split_to(head.length);
            if self.buffer.is_empty() {
                // An idle connection keeps no buffer.
                self.buffer = BytesMut::new();
            }
            unmask(&mut payload, head.mask);
            self.frames += 1;
            if head.opcode.is_control() {
                return control(head.opcode, &payload).map(Some);
            }
            if let Some(message) = self.assemble(&head, payload)? {
                return Ok(Some(message));
            }
        }
    }

    /// The head of the next frame, checked for all that it can be checked for before its payload is there.
    fn head(&self) -> Result<Option<Head>, Closing> {
        let [first, second, ..] = self.buffer[..] else { return Ok(None) };
        let (last, compressed) = (first & 0x80 != 0, first & 0x40 != 0);
        if first & 0x30 != 0 {
            return violates("a reserved bit is set");
        }
        let Some(opcode) = Opcode::read(first & 0x0F) else { return violates("an unknown opcode") };
        if second & 0x80 == 0 {
            return violates("a client's frames must be masked");
        }
        let extended = match second & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if opcode.is_control() && (extended > 0 || !last) {
            return violates("a control frame is fragmented or too long");
        }
        let carries_on = opcode == Opcode::Continuation;
        if compressed && (opcode.is_control() || carries_on || self.inflater.is_none()) {
            return violates("RSV1 is set where nothing may be compressed");
        }
        if carries_on != self.message.is_some() && !opcode.is_control() {
            return violates(if carries_on { "a continuation of nothing" } else { "a new message amid another" });
        }
        let size = 2 + extended + 4;
        if self.buffer.len() < size {
            return Ok(None);
        }
        let length = match extended {
            0 => u64::from(second & 0x7F),
            _ => self.buffer[2..2 + extended].iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        if extended == 2 && length <= LARGEST_CONTROL as u64 || extended == 8 && length <= u64::from(u16::MAX) {
            return violates("a length that is not as short as it can be");
        }
        let gathered = self.message.as_ref().map_or(0, |message| message.data.len());
        let room = if opcode.is_control() { LARGEST_CONTROL } else { self.largest.saturating_sub(gathered) };
        let length = usize::try_from(length).ok().filter(|length| *length <= room).ok_or(TOO_LARGE)?;
        let mut mask = [0; 4];
        mask.copy_from_slice(&self.buffer[size - 4..size]);
        Ok(Some(Head { last, compressed, opcode, mask, length, size }))
    }

    /// Adds a data frame to its message, and gives the message where this was the last.
    fn assemble(&mut self, head: &Head, payload: BytesMut) -> Result<Option<Received>, Closing> {
        let message = match self.message.take() {
            None => Begun { opcode: head.opcode, compressed: head.compressed, data: payload },
            Some(mut message) => {
                message.data.extend_from_slice(&payload);
                message
            }
        };
        if !head.last {
            self.message = Some(message);
            return Ok(None);
        }
        let data = match (&mut self.inflater, message.compressed) {
            (Some(inflater), true) => inflater.inflate(&message.data, self.largest)?,
            _ => message.data.into(),
        };
        match message.opcode {
            Opcode::Text => match String::from_utf8(data.into()) {
                Ok(text) => Ok(Some(Received::Text(text))),
                Err(_) => Err(Closing { code: INVALID, reason: "a text message is not UTF-8" }),
            },
            _ => Ok(Some(Received::Binary(data))),
        }
    }
}

fn control(opcode: Opcode, payload: &[u8]) -> Result<Received, Closing> {
    match (opcode, payload) {
        (Opcode::Ping, _) => Ok(Received::Ping(Bytes::copy_from_slice(payload))),
        (Opcode::Pong, _) => Ok(Received::Pong),
        (_, []) => Ok(Received::Close(None)),
        (_, [_]) => violates("half a status code"),
        (_, [high, low, reason @ ..]) => {
            let code = u16::from_be_bytes([*high, *low]);
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return violates("a status code that nobody may send");
            }
            if std::str::from_utf8(reason).is_err() {
                return Err(Closing { code: INVALID, reason: "the reason of a close is not UTF-8" });
            }
            Ok(Received::Close(Some(code)))
        }
    }
}

/// Takes the mask off (§5.3), four bytes at once.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let mut fours = payload.chunks_exact_mut(4);
    let whole = u32::from_ne_bytes(mask);
    for four in &mut fours {
        let mut number = [0; 4];
        number.copy_from_slice(four);
        four.copy_from_slice(&(u32::from_ne_bytes(number) ^ whole).to_ne_bytes());
    }
    for (byte, mask) in fours.into_remainder().iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests;
