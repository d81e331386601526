//! Packets of either version as one: what a client asks, what the broker says (MQTT 5 §3; 3.1.1 §3).

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use super::settings::Version;
use super::wire::{self, Cursor, Reason, USER_PROPERTY, put_text, put_variable};

/// What a client sends.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// To be let in.
    Connect(Box<Connect>),
    /// To pass a publication on; with its number where it wants it acknowledged.
    Publish(Publish, Option<u16>),
    /// Nothing: it has got the one of this number.
    Acknowledge(u16),
    /// To be told.
    Subscribe(u16, Vec<Wanted>),
    /// Not to be told any more.
    Unsubscribe(u16, Vec<String>),
    /// Whether the broker is there.
    Ping,
    /// To be let go; whether its will is to be published nonetheless.
    Leave {
        /// Its will is to be published.
        with_will: bool,
    },
    /// A whole packet that the broker does not take.
    Wrong(Reason),
}

/// How a client introduces itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Connect {
    /// Empty where the broker is to choose one.
    pub client: String,
    /// Whether it wants no session of before.
    pub clean: bool,
    /// In seconds; 0 for never.
    pub keep_alive: u16,
    /// What is published when it goes without a word.
    pub will: Option<Publish>,
    /// Whether the will is to have quality of service 2.
    pub will_twice: bool,
    /// Most publications of quality 1 that may be under way to it.
    pub receive_maximum: u16,
    /// Largest packet that it takes.
    pub largest: usize,
}

/// A publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The topic.
    pub topic: String,
    /// The update.
    pub payload: Bytes,
    /// Whether it is kept for those who subscribe later.
    pub retain: bool,
    /// Whether subscribers may acknowledge it: quality of service 1.
    pub acknowledged: bool,
    /// Properties of version 5, as they came.
    pub properties: Bytes,
}

impl Publish {
    /// In memory of its own, of just its size: what it came in is larger, and would stay alive with it.
    pub fn apart(&self) -> Self {
        let (payload, properties) = (Bytes::copy_from_slice(&self.payload), Bytes::copy_from_slice(&self.properties));
        Self { topic: self.topic.as_str().to_owned(), payload, properties, ..*self }
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        self.topic.len() + self.payload.len() + self.properties.len()
    }
}

/// A filter of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it matches.
    pub filter: String,
    /// How it is to be told.
    pub how: How,
}

/// How a subscriber is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct How {
    /// Whether it acknowledges: quality of service 1.
    pub acknowledged: bool,
    /// Not of its own publications.
    pub no_local: bool,
    /// With the retain flag that the publication had.
    pub as_published: bool,
    /// When what is retained is sent on subscribing.
    pub retained: Retained,
}

/// When what is retained is sent on subscribing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retained {
    /// Each time.
    Always,
    /// Where the subscription is new.
    IfNew,
    /// Not at all.
    Never,
}

/// What the broker says, beside publications.
#[derive(Clone, Debug)]
pub enum Said {
    /// Come in, perhaps under this name; packets may have so many bytes.
    Welcome(Option<String>, u32),
    /// You may not come in.
    NotWelcome(Reason),
    /// Taken, or not.
    Acknowledged(u16, Reason),
    /// Subscribed, filter by filter.
    Subscribed(u16, Vec<Reason>),
    /// Unsubscribed, filter by filter.
    Unsubscribed(u16, Vec<Reason>),
    /// I am there.
    Pong,
    /// The end, and why: version 5 only.
    Over(Reason),
}

/// Takes a client's bytes apart.
#[derive(Debug)]
pub struct Reader {
    input: BytesMut,
    largest: usize,
    version: Option<Version>,
}

impl Reader {
    /// Takes packets of at most so many bytes.
    pub fn new(largest: usize) -> Self {
        Self { input: BytesMut::new(), largest, version: None }
    }

    /// Adds bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// Whether a packet has begun and not ended.
    pub fn is_amid(&self) -> bool {
        !self.input.is_empty()
    }

    /// What the client speaks, once it has introduced itself.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// The next packet; `None` where more bytes are needed.
    ///
    /// # Errors
    /// Nothing can be made of what came, nor of what follows it.
    pub fn read(&mut self) -> Result<Option<Asked>, Reason> {
        let [first, rest @ ..] = &self.input[..] else { return Ok(None) };
        let (first, kind, flags) = (*first, *first >> 4, *first & 0x0F);
        if self.version.is_none() && kind != CONNECT {
            return Err(Reason::Protocol);
        }
        let flags_hold = match kind {
            PUBLISH => true,
            PUBREL | SUBSCRIBE | UNSUBSCRIBE => flags == 2,
            _ => flags == 0,
        };
        if !flags_hold || kind == 0 {
            return Err(Reason::Malformed);
        }
        let Some((length, size)) = wire::variable(rest)? else { return Ok(None) };
        if length as usize > self.largest {
            return Err(Reason::TooLarge);
        }
        if rest.len() < size + length as usize {
            return Ok(None);
        }
        self.input.advance(1 + size);
        let content = Cursor(self.input.split_to(length as usize).freeze());
        if self.input.is_empty() {
            // An idle connection keeps no buffer.
            self.input = BytesMut::new();
        }
        let asked = match self.version {
            None => {
                let (version, connect) = connect(content)?;
                self.version = Some(version);
                connect
            }
            Some(version) => asked(version, first, content)?,
        };
        Ok(Some(asked))
    }
}

const CONNECT: u8 = 1;
const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const PUBREL: u8 = 6;
const SUBSCRIBE: u8 = 8;
const UNSUBSCRIBE: u8 = 10;
const PINGREQ: u8 = 12;
const DISCONNECT: u8 = 14;

fn asked(version: Version, first: u8, mut content: Cursor) -> Result<Asked, Reason> {
    let five = version == Version::V5;
    match first >> 4 {
        PUBLISH => publish(version, first, content),
        PUBACK => Ok(Asked::Acknowledge(content.number()?)),
        SUBSCRIBE => subscribe(version, content),
        UNSUBSCRIBE => {
            let number = content.number()?;
            if five {
                content.properties(&[USER_PROPERTY], |_, _, _| {})?;
            }
            let mut filters = vec![content.text()?];
            while !content.is_empty() {
                filters.push(content.text()?);
            }
            Ok(Asked::Unsubscribe(number, filters))
        }
        PINGREQ => Ok(Asked::Ping),
        // Nothing stands for a normal end, and only that takes the will back (MQTT 5 §3.1.2.5).
        DISCONNECT => Ok(Asked::Leave { with_will: five && !content.is_empty() && content.byte()? != 0x00 }),
        // AUTH among them: who is let in has agreed on no way of authenticating (MQTT 5 §4.12).
        _ => Ok(Asked::Wrong(Reason::Protocol)),
    }
}

fn connect(mut content: Cursor) -> Result<(Version, Asked), Reason> {
    let name = content.text()?;
    let version = match (name.as_str(), content.byte()?) {
        ("MQTT", 4) | ("MQIsdp", 3) => Version::V3,
        ("MQTT", 5) => Version::V5,
        ("MQTT" | "MQIsdp", _) => return Err(Reason::Version),
        _ => return Err(Reason::Malformed),
    };
    let flags = content.byte()?;
    let has = |flag: u8| flags & flag != 0;
    let (will, will_quality) = (has(0x04), flags >> 3 & 3);
    if has(0x01) || will_quality == 3 || !will && (will_quality > 0 || has(0x20)) || version == Version::V3 && has(0x40) && !has(0x80) {
        return Err(Reason::Malformed);
    }
    let keep_alive = content.two()?;
    let (mut receive_maximum, mut largest, mut authenticates) = (u32::from(u16::MAX), u32::MAX, false);
    if version == Version::V5 {
        content.properties(&[0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x27, USER_PROPERTY], |kind, value, _| match kind {
            0x15 => authenticates = true,
            0x21 => receive_maximum = value,
            0x27 => largest = value,
            _ => {}
        })?;
    }
    if receive_maximum == 0 || largest == 0 {
        return Err(Reason::Protocol);
    }
    if authenticates {
        return Ok((version, Asked::Wrong(Reason::Authentication)));
    }
    let client = content.text()?;
    let mut last = None;
    if will {
        let mut properties = BytesMut::new();
        if version == Version::V5 {
            // The delay is the broker's business, the rest goes on with the publication.
            content.properties(&[0x01, 0x02, 0x03, 0x08, 0x09, 0x18, USER_PROPERTY], |kind, _, bytes| {
                if kind != 0x18 {
                    properties.extend_from_slice(bytes);
                }
            })?;
        }
        let (topic, payload) = (content.text()?, content.binary()?);
        last = Some(Publish { topic, payload, retain: has(0x20), acknowledged: will_quality > 0, properties: properties.freeze() });
    }
    // Who it is and what it knows: nobody is asked for either here.
    if has(0x80) {
        content.text()?;
    }
    if has(0x40) {
        content.binary()?;
    }
    if !content.is_empty() {
        return Err(Reason::Malformed);
    }
    let receive_maximum = u16::try_from(receive_maximum).unwrap_or(u16::MAX);
    let connect = Connect { client, clean: has(0x02), keep_alive, will: last, will_twice: will_quality == 2, receive_maximum, largest: largest as usize };
    Ok((version, Asked::Connect(Box::new(connect))))
}

fn publish(version: Version, first: u8, mut content: Cursor) -> Result<Asked, Reason> {
    let quality = first >> 1 & 3;
    if quality == 3 {
        return Err(Reason::Malformed);
    }
    let topic = content.text()?;
    let number = if quality > 0 { Some(content.number()?) } else { None };
    let (mut properties, mut alias) = (BytesMut::new(), false);
    if version == Version::V5 {
        content.properties(&[0x01, 0x02, 0x03, 0x08, 0x09, 0x23, USER_PROPERTY], |kind, _, bytes| {
            alias |= kind == 0x23;
            properties.extend_from_slice(bytes);
        })?;
    }
    Ok(match quality {
        _ if alias => Asked::Wrong(Reason::Alias),
        2 => Asked::Wrong(Reason::Quality),
        _ => {
            let publish = Publish { topic, payload: content.0, retain: first & 1 != 0, acknowledged: quality == 1, properties: properties.freeze() };
            Asked::Publish(publish, number)
        }
    })
}

fn subscribe(version: Version, mut content: Cursor) -> Result<Asked, Reason> {
    let number = content.number()?;
    let (five, mut identified) = (version == Version::V5, false);
    if five {
        content.properties(&[0x0B, USER_PROPERTY], |kind, _, _| identified |= kind == 0x0B)?;
    }
    let mut wanted = Vec::new();
    while !content.is_empty() || wanted.is_empty() {
        let (filter, options) = (content.text()?, content.byte()?);
        let retained = match options >> 4 & 3 {
            0 => Retained::Always,
            1 => Retained::IfNew,
            2 => Retained::Never,
            _ => return Err(Reason::Protocol),
        };
        if options & 3 == 3 || options & 0xC0 != 0 || !five && options > 2 {
            return Err(Reason::Malformed);
        }
        let how = How { acknowledged: options & 3 > 0, no_local: options & 4 != 0, as_published: options & 8 != 0, retained };
        wanted.push(Wanted { filter, how });
    }
    Ok(if identified { Asked::Wrong(Reason::Identifier) } else { Asked::Subscribe(number, wanted) })
}

/// A packet of the broker's; `None` where the version has none for it.
pub fn write(version: Version, said: &Said) -> Option<Bytes> {
    let five = version == Version::V5;
    let mut content = BytesMut::new();
    let first = match said {
        Said::Welcome(assigned, largest) => {
            content.extend_from_slice(&[0, 0]);
            if five {
                let mut properties = BytesMut::new();
                // No session outlives its connection; quality of service 1 at most; no subscription identifiers, nothing shared.
                properties.extend_from_slice(&[0x11, 0, 0, 0, 0, 0x24, 1, 0x29, 0, 0x2A, 0, 0x27]);
                properties.put_u32(*largest);
                if let Some(assigned) = assigned {
                    properties.put_u8(0x12);
                    put_text(&mut properties, assigned);
                }
                put_variable(&mut content, properties.len());
                content.extend_from_slice(&properties);
            }
            0x20
        }
        Said::NotWelcome(reason) if five => {
            content.extend_from_slice(&[0, *reason as u8, 0]);
            0x20
        }
        Said::NotWelcome(reason) => {
            let code = match reason {
                Reason::Version => 1,
                Reason::Client => 2,
                _ => 3,
            };
            content.extend_from_slice(&[0, code]);
            0x20
        }
        // A refusal cannot be said, nor an end be told of.
        Said::Acknowledged(_, reason) if !five && *reason != Reason::Success => return None,
        Said::Over(_) if !five => return None,
        Said::Acknowledged(number, reason) => {
            content.put_u16(*number);
            if *reason != Reason::Success {
                content.put_u8(*reason as u8);
            }
            0x40
        }
        Said::Subscribed(number, reasons) | Said::Unsubscribed(number, reasons) => {
            let subscribed = matches!(said, Said::Subscribed(..));
            content.put_u16(*number);
            if five {
                content.put_u8(0);
            }
            if five || subscribed {
                content.extend(reasons.iter().map(|reason| if five { *reason as u8 } else { (*reason as u8).min(0x80) }));
            }
            if subscribed { 0x90 } else { 0xB0 }
        }
        Said::Pong => 0xD0,
        Said::Over(reason) => {
            // Without properties; their length may be left out, but not every client knows that.
            content.extend_from_slice(&[*reason as u8, 0]);
            0xE0
        }
    };
    Some(wire::packet(first, &content))
}

/// A publication made once for all who get it in the same form.
#[derive(Clone, Debug)]
pub struct Made {
    /// The packet.
    pub bytes: Bytes,
    /// Where its number stands, in the form that is acknowledged.
    pub number_at: Option<usize>,
}

/// Makes a publication in the form that this version and quality of service want.
pub fn publication(version: Version, acknowledged: bool, retain: bool, publish: &Publish) -> Made {
    let five = version == Version::V5;
    let mut properties = BytesMut::new();
    if five {
        put_variable(&mut properties, publish.properties.len());
        properties.extend_from_slice(&publish.properties);
    }
    let length = 2 + publish.topic.len() + if acknowledged { 2 } else { 0 } + properties.len() + publish.payload.len();
    let mut out = BytesMut::with_capacity(5 + length);
    out.put_u8(0x30 | u8::from(acknowledged) << 1 | u8::from(retain));
    put_variable(&mut out, length);
    put_text(&mut out, &publish.topic);
    let number_at = acknowledged.then_some(out.len());
    if acknowledged {
        // The number is put in for each who gets it.
        out.put_u16(0);
    }
    out.extend_from_slice(&properties);
    out.extend_from_slice(&publish.payload);
    Made { bytes: out.freeze(), number_at }
}

#[cfg(test)]
mod tests;
