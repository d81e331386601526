//! What packets are made of (MQTT 5 §1.5, §2; the same in 3.1.1 but for properties).

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// Reasons that version 5 has for a refusal or an end (§2.4). Version 3.1.1 has hardly any, and just closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Fine; granted with quality of service 0; a normal end.
    Success = 0x00,
    /// Granted with quality of service 1.
    Granted1 = 0x01,
    /// There was no such subscription.
    NoSubscription = 0x11,
    /// Bytes that are no packet.
    Malformed = 0x81,
    /// A packet that may not come here.
    Protocol = 0x82,
    /// A version that is not spoken.
    Version = 0x84,
    /// A client identifier that cannot be had.
    Client = 0x85,
    /// The broker is full.
    Unavailable = 0x88,
    /// The broker stops.
    ShuttingDown = 0x8B,
    /// A way of authenticating that is not known.
    Authentication = 0x8C,
    /// Nothing was heard for too long.
    KeepAlive = 0x8D,
    /// Somebody else has come with the same client identifier.
    TakenOver = 0x8E,
    /// No topic filter.
    Filter = 0x8F,
    /// No topic name.
    Topic = 0x90,
    /// A topic alias where none was granted.
    Alias = 0x94,
    /// A packet larger than the broker takes.
    TooLarge = 0x95,
    /// There is no room for more.
    Quota = 0x97,
    /// Quality of service 2.
    Quality = 0x9B,
    /// A shared subscription.
    Shared = 0x9E,
    /// What has begun took too long.
    TooSlow = 0xA0,
    /// A subscription identifier.
    Identifier = 0xA1,
}

/// Takes a packet's content apart. What is wrong with it is a [`Reason`].
pub struct Cursor(pub Bytes);

impl Cursor {
    /// A byte.
    pub fn byte(&mut self) -> Result<u8, Reason> {
        self.0.try_get_u8().map_err(|_| Reason::Malformed)
    }

    /// Two bytes.
    pub fn two(&mut self) -> Result<u16, Reason> {
        self.0.try_get_u16().map_err(|_| Reason::Malformed)
    }

    /// Four bytes.
    pub fn four(&mut self) -> Result<u32, Reason> {
        self.0.try_get_u32().map_err(|_| Reason::Malformed)
    }

    /// A number of one to four bytes.
    pub fn variable(&mut self) -> Result<u32, Reason> {
        let (number, size) = variable(&self.0)?.ok_or(Reason::Malformed)?;
        self.0.advance(size);
        Ok(number)
    }

    /// So many bytes.
    pub fn take(&mut self, length: usize) -> Result<Bytes, Reason> {
        if length > self.0.len() { Err(Reason::Malformed) } else { Ok(self.0.split_to(length)) }
    }

    /// Bytes behind their length.
    pub fn binary(&mut self) -> Result<Bytes, Reason> {
        let length = self.two()?;
        self.take(length.into())
    }

    /// Text behind its length; U+0000 must not be in it (MQTT 5 §1.5.4, 3.1.1 §1.5.3).
    pub fn text(&mut self) -> Result<String, Reason> {
        let bytes = self.binary()?;
        if bytes.contains(&0) {
            return Err(Reason::Malformed);
        }
        String::from_utf8(bytes.into()).map_err(|_| Reason::Malformed)
    }

    /// A number of a packet, which is never 0.
    pub fn number(&mut self) -> Result<u16, Reason> {
        match self.two()? {
            0 => Err(Reason::Protocol),
            number => Ok(number),
        }
    }

    /// Whether all of it was taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Properties (§2.2.2), each but user properties at most once and among those that are `allowed`; `see` gets each with its value,
    /// where that is a number, and its bytes.
    pub fn properties(&mut self, allowed: &[u8], mut see: impl FnMut(u8, u32, &[u8])) -> Result<(), Reason> {
        let length = self.variable()?;
        let mut rest = Self(self.take(length as usize)?);
        let mut seen = 0_u64;
        while !rest.is_empty() {
            let before = rest.0.clone();
            let kind = rest.byte()?;
            let value = match kind {
                0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2A => rest.byte()?.into(),
                0x13 | 0x21 | 0x22 | 0x23 => rest.two()?.into(),
                0x02 | 0x11 | 0x18 | 0x27 => rest.four()?,
                0x0B => rest.variable()?,
                0x03 | 0x08 | 0x12 | 0x15 | 0x1A | 0x1C | 0x1F => rest.text().map(|_| 0)?,
                0x09 | 0x16 => rest.binary().map(|_| 0)?,
                USER_PROPERTY => rest.text().and_then(|_| rest.text()).map(|_| 0)?,
                _ => return Err(Reason::Malformed),
            };
            if !allowed.contains(&kind) || kind != USER_PROPERTY && seen & 1 << kind != 0 {
                return Err(Reason::Protocol);
            }
            seen |= 1 << kind;
            see(kind, value, &before[..before.len() - rest.0.len()]);
        }
        Ok(())
    }
}

/// The one property that may come more than once.
pub const USER_PROPERTY: u8 = 0x26;

/// A number of one to four bytes, seven bits each, and how many bytes it has; `None` where more are needed.
///
/// # Errors
/// It has more than four bytes.
pub fn variable(bytes: &[u8]) -> Result<Option<(u32, usize)>, Reason> {
    let mut number = 0;
    for (place, byte) in bytes.iter().take(4).enumerate() {
        number |= u32::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(Some((number, place + 1)));
        }
    }
    if bytes.len() >= 4 { Err(Reason::Malformed) } else { Ok(None) }
}

/// Writes such a number.
pub fn put_variable(out: &mut BytesMut, mut number: usize) {
    loop {
        let byte = (number & 0x7F) as u8;
        number >>= 7;
        if number == 0 {
            return out.put_u8(byte);
        }
        out.put_u8(byte | 0x80);
    }
}

/// Writes text behind its length; what is longer than 65,535 bytes, which no limit here allows, is cut.
pub fn put_text(out: &mut BytesMut, text: &str) {
    let bytes = &text.as_bytes()[..text.len().min(u16::MAX.into())];
    out.put_u16(bytes.len() as u16);
    out.extend_from_slice(bytes);
}

/// A packet: its first byte, the length of its content, its content.
pub fn packet(first: u8, content: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(5 + content.len());
    out.put_u8(first);
    put_variable(&mut out, content.len());
    out.extend_from_slice(content);
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_variable_length_are_those_of_the_standard() {
        // MQTT 5 §1.5.5, table 1-1.
        for (number, bytes) in [
            (0, &[0x00][..]),
            (127, &[0x7F]),
            (128, &[0x80, 0x01]),
            (16_383, &[0xFF, 0x7F]),
            (16_384, &[0x80, 0x80, 0x01]),
            (2_097_152, &[0x80, 0x80, 0x80, 0x01]),
            (268_435_455, &[0xFF, 0xFF, 0xFF, 0x7F]),
        ] {
            let mut out = BytesMut::new();
            put_variable(&mut out, number as usize);
            assert_eq!(&out[..], bytes);
            assert_eq!(variable(bytes), Ok(Some((number, bytes.len()))));
            assert_eq!(variable(&bytes[..bytes.len() - 1]), Ok(None));
        }
        assert_eq!(variable(&[0x80; 4]), Err(Reason::Malformed));
    }
}
