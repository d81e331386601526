//! What is said over the WebSocket, in JSON or in bytes.
//!
//! ```text
//! client  {"subscribe":["topic-000001","topic-000002"]}          1, then for each topic its length (2 bytes) and name
//!         {"publish":"topic-000001","id":7,"payload":"…"}        2, id (4), length of the name (2), name, payload
//! server  {"topic":"topic-000001","payload":"…"}                 129, length of the name (2), name, payload
//!         {"subscribed":2}                                       130, how many (4)
//!         {"acknowledged":7}                                     131, id (4)
//!         {"refused":"why","id":7}                               132, id or 0 (4), why
//! ```
//! Numbers are big-endian. In JSON a payload that is no UTF-8 stands in base64, as `base64` in place of `payload`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

const SUBSCRIBE: u8 = 1;
const PUBLISH: u8 = 2;
const UPDATE: u8 = 129;
const SUBSCRIBED: u8 = 130;
const ACKNOWLEDGED: u8 = 131;
const REFUSED: u8 = 132;

/// How words become messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Text messages.
    Json,
    /// Binary messages.
    Binary,
}

impl Encoding {
    /// The subprotocol (RFC 6455 §1.9) by which a client says which it wants.
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "pushbench.json",
            Self::Binary => "pushbench.binary",
        }
    }
}

/// Those that the server speaks.
pub const SUBPROTOCOLS: &[&str] = &[Encoding::Json.subprotocol(), Encoding::Binary.subprotocol()];

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// From now on tell me of these, beginning with what there is.
    Subscribe(Vec<String>),
    /// Store this, tell who listens, and acknowledge.
    Publish {
        /// The topic's name.
        topic: String,
        /// Comes back with the acknowledgement; not 0.
        id: u32,
        /// The update.
        payload: Bytes,
    },
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// An update, or what there is on subscribing.
    Update {
        /// The topic's name.
        topic: Cow<'a, str>,
        /// The update.
        payload: Cow<'a, [u8]>,
    },
    /// So many topics were subscribed to; what there was of them came before this.
    Subscribed(u32),
    /// The publication of this id is stored.
    Acknowledged(u32),
    /// A wish was not granted; the id is 0 where it was no publication.
    Refused {
        /// Of the publication.
        id: u32,
        /// Why.
        why: Cow<'a, str>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonWish<'a> {
    subscribe: Option<Vec<String>>,
    #[serde(borrow)]
    publish: Option<Cow<'a, str>>,
    id: Option<u32>,
    #[serde(borrow)]
    payload: Option<Cow<'a, str>>,
    #[serde(borrow)]
    base64: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct JsonWord<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    topic: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    payload: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    base64: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscribed: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<u32>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    refused: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
}

#[derive(Serialize)]
struct JsonSubscribe<'a> {
    subscribe: &'a [String],
}

#[derive(Serialize)]
struct JsonPublish<'a> {
    publish: &'a str,
    id: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl Wish {
    /// As a message.
    pub fn write(&self, encoding: Encoding) -> Vec<u8> {
        match (encoding, self) {
            (Encoding::Json, Self::Subscribe(topics)) => json(&JsonSubscribe { subscribe: topics }),
            (Encoding::Json, Self::Publish { topic, id, payload }) => {
                let text = std::str::from_utf8(payload).ok();
                let base64 = text.is_none().then(|| BASE64.encode(payload));
                json(&JsonPublish { publish: topic, id: *id, payload: text, base64 })
            }
            (Encoding::Binary, Self::Subscribe(topics)) => {
                let mut out = vec![SUBSCRIBE];
                topics.iter().for_each(|topic| put_name(&mut out, topic));
                out
            }
            (Encoding::Binary, Self::Publish { topic, id, payload }) => {
                let mut out = Vec::with_capacity(7 + topic.len() + payload.len());
                out.push(PUBLISH);
                out.extend_from_slice(&id.to_be_bytes());
                put_name(&mut out, topic);
                out.extend_from_slice(payload);
                out
            }
        }
    }

    /// From a text message; the error says what is wrong.
    pub fn read_json(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "say {\"subscribe\":[…]} or {\"publish\":…,\"id\":…,\"payload\":…}";
        let wish: JsonWish<'_> = serde_json::from_str(text).map_err(|_| FORM)?;
        match wish {
            JsonWish { subscribe: Some(topics), publish: None, id: None, payload: None, base64: None } => Ok(Self::Subscribe(topics)),
            JsonWish { subscribe: None, publish: Some(topic), id: Some(id), payload, base64 } => {
                let payload = match (payload, base64) {
                    (Some(text), None) => Bytes::from(text.into_owned()),
                    (None, Some(base64)) => BASE64.decode(base64.as_bytes()).map_err(|_| "what stands in base64 is none")?.into(),
                    _ => return Err(FORM),
                };
                Self::publish(topic.into_owned(), id, payload)
            }
            _ => Err(FORM),
        }
    }

    /// From a binary message; the error says what is wrong.
    pub fn read_binary(message: Bytes) -> Result<Self, &'static str> {
        match message.first() {
            Some(&SUBSCRIBE) => {
                let (mut rest, mut topics) = (&message[1..], Vec::new());
                while !rest.is_empty() {
                    let (name, after) = take_name(rest)?;
                    topics.push(name.to_owned());
                    rest = after;
                }
                Ok(Self::Subscribe(topics))
            }
            Some(&PUBLISH) => {
                let (id, rest) = take_number(&message[1..])?;
                let (name, payload) = take_name(rest)?;
                // In memory of its own: what it came in is larger, and would stay alive for as long as the payload is kept.
                Self::publish(name.to_owned(), id, Bytes::copy_from_slice(payload))
            }
            _ => Err("an unknown kind of message: 1 subscribes, 2 publishes"),
        }
    }

    fn publish(topic: String, id: u32, payload: Bytes) -> Result<Self, &'static str> {
        if id == 0 { Err("the id of a publication must not be 0") } else { Ok(Self::Publish { topic, id, payload }) }
    }
}

impl<'a> Word<'a> {
    /// As a message.
    pub fn write(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Json => self.write_json(),
            Encoding::Binary => self.write_binary(),
        }
    }

    fn write_json(&self) -> Vec<u8> {
        let word = JsonWord::default();
        json(&match self {
            Self::Update { topic, payload } => {
                let topic = Some(Cow::Borrowed(topic.as_ref()));
                match std::str::from_utf8(payload) {
                    Ok(text) => JsonWord { topic, payload: Some(text.into()), ..word },
                    Err(_) => JsonWord { topic, base64: Some(BASE64.encode(payload).into()), ..word },
                }
            }
            Self::Subscribed(count) => JsonWord { subscribed: Some(*count), ..word },
            Self::Acknowledged(id) => JsonWord { acknowledged: Some(*id), ..word },
            Self::Refused { id, why } => JsonWord { refused: Some(Cow::Borrowed(why)), id: (*id > 0).then_some(*id), ..word },
        })
    }

    fn write_binary(&self) -> Vec<u8> {
        let numbered = |kind: u8, number: &u32| [&[kind][..], &number.to_be_bytes()].concat();
        match self {
            Self::Update { topic, payload } => {
                let mut out = Vec::with_capacity(3 + topic.len() + payload.len());
                out.push(UPDATE);
                put_name(&mut out, topic);
                out.extend_from_slice(payload);
                out
            }
            Self::Subscribed(count) => numbered(SUBSCRIBED, count),
            Self::Acknowledged(id) => numbered(ACKNOWLEDGED, id),
            Self::Refused { id, why } => [&numbered(REFUSED, id)[..], why.as_bytes()].concat(),
        }
    }

    /// From a message; the error says what is wrong.
    pub fn read(encoding: Encoding, message: &'a [u8]) -> Result<Self, String> {
        match encoding {
            Encoding::Json => Self::read_json(message),
            Encoding::Binary => Self::read_binary(message).map_err(str::to_owned),
        }
    }

    fn read_json(message: &'a [u8]) -> Result<Self, String> {
        let word: JsonWord<'a> = serde_json::from_slice(message).map_err(|error| error.to_string())?;
        match word {
            JsonWord { topic: Some(topic), payload: Some(Cow::Borrowed(text)), .. } => Ok(Self::Update { topic, payload: text.as_bytes().into() }),
            JsonWord { topic: Some(topic), payload: Some(Cow::Owned(text)), .. } => Ok(Self::Update { topic, payload: text.into_bytes().into() }),
            JsonWord { topic: Some(topic), base64: Some(base64), .. } => {
                let payload = BASE64.decode(base64.as_bytes()).map_err(|error| error.to_string())?;
                Ok(Self::Update { topic, payload: payload.into() })
            }
            JsonWord { subscribed: Some(count), .. } => Ok(Self::Subscribed(count)),
            JsonWord { acknowledged: Some(id), .. } => Ok(Self::Acknowledged(id)),
            JsonWord { refused: Some(why), id, .. } => Ok(Self::Refused { id: id.unwrap_or(0), why }),
            _ => Err("a message without a known key".to_owned()),
        }
    }

    fn read_binary(message: &'a [u8]) -> Result<Self, &'static str> {
        let (kind, rest) = message.split_first().ok_or("an empty message")?;
        match *kind {
            UPDATE => {
                let (topic, payload) = take_name(rest)?;
                Ok(Self::Update { topic: topic.into(), payload: payload.into() })
            }
            SUBSCRIBED => Ok(Self::Subscribed(take_number(rest)?.0)),
            ACKNOWLEDGED => Ok(Self::Acknowledged(take_number(rest)?.0)),
            REFUSED => {
                let (id, why) = take_number(rest)?;
                Ok(Self::Refused { id, why: String::from_utf8_lossy(why) })
            }
            _ => Err("an unknown kind of message"),
        }
    }
}

/// Writing text and numbers to memory cannot fail.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// Names are at most 65,535 bytes long: longer ones, which nobody here has, are cut.
fn put_name(out: &mut Vec<u8>, name: &str) {
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&name.as_bytes()[..usize::from(length)]);
}

fn take_name(bytes: &[u8]) -> Result<(&str, &[u8]), &'static str> {
    let (length, rest) = bytes.split_first_chunk().ok_or("a name's length is cut off")?;
    let (name, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or("a name is cut off")?;
    Ok((std::str::from_utf8(name).map_err(|_| "a name is not UTF-8")?, rest))
}

fn take_number(bytes: &[u8]) -> Result<(u32, &[u8]), &'static str> {
    let (number, rest) = bytes.split_first_chunk().ok_or("a number is cut off")?;
    Ok((u32::from_be_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_wish(encoding: Encoding, message: Vec<u8>) -> Result<Wish, &'static str> {
        match encoding {
            Encoding::Json => Wish::read_json(std::str::from_utf8(&message).unwrap()),
            Encoding::Binary => Wish::read_binary(message.into()),
        }
    }

    proptest! {
        #[test]
        fn words_read_back(topic in "\\PC{0,20}", id in 1u32.., payload in prop::collection::vec(any::<u8>(), 0..200), text in any::<String>()) {
            for encoding in [Encoding::Json, Encoding::Binary] {
                for payload in [&payload[..], text.as_bytes()] {
                    let publish = Wish::Publish { topic: topic.clone(), id, payload: Bytes::copy_from_slice(payload) };
                    prop_assert_eq!(read_wish(encoding, publish.write(encoding)), Ok(publish));
                    for word in [
                        Word::Update { topic: topic.as_str().into(), payload: payload.into() },
                        Word::Subscribed(id),
                        Word::Acknowledged(id),
                        Word::Refused { id, why: topic.as_str().into() },
                    ] {
                        let message = word.write(encoding);
                        prop_assert_eq!(Word::read(encoding, &message), Ok(word));
                    }
                }
                let subscribe = Wish::Subscribe(vec![topic.clone(), "b".to_owned()]);
                prop_assert_eq!(read_wish(encoding, subscribe.write(encoding)), Ok(subscribe));
            }
        }

        /// A message comes in a buffer of 16 KiB, which must not stay alive for as long as its payload is kept.
        #[test]
        fn a_payload_is_in_memory_of_its_own(payload in prop::collection::vec(any::<u8>(), 0..200)) {
            for encoding in [Encoding::Json, Encoding::Binary] {
                let written = Wish::Publish { topic: "a".to_owned(), id: 1, payload: payload.clone().into() }.write(encoding);
                let mut buffer = Vec::with_capacity(16 << 10);
                buffer.extend_from_slice(&written);
                let Ok(Wish::Publish { payload: read, .. }) = read_wish(encoding, buffer) else { panic!("no publication") };
                let capacity = read.try_into_mut().map_or(0, |memory| memory.capacity());
                prop_assert!(capacity <= payload.len() + 2, "{capacity} bytes for {}", payload.len());
            }
        }

        #[test]
        fn any_bytes_are_a_wish_or_none(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Word::read(Encoding::Json, &bytes);
            let _ = Word::read(Encoding::Binary, &bytes);
            let _ = Wish::read_json(&String::from_utf8_lossy(&bytes));
            let _ = Wish::read_binary(bytes.into());
        }
    }
}
