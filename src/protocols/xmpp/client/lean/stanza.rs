//! What a top-level element says to us, read in place by quick-xml.
//!
//! Only what a PubSub client acts on is looked for; the rest is read over, checked for its nesting. Laxer than the
//! library in what it does not look at (names of odd characters, attributes of no interest), as strict in what it does.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceResolver, QName, ResolveResult};

use crate::protocols::xmpp::server::PUBSUB_SERVICE;
use crate::protocols::xmpp::{namespaces as ns, update};

use super::reader::Broken;

/// Something that came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival<'a> {
    /// A message, and the first update in it.
    Message(Option<Cow<'a, [u8]>>),
    /// A message that tells of an item without its update: the names of its node and of the item.
    Pointer(String, String),
    /// Presence of somebody.
    Presence,
    /// The answer to a request of ours: its id where it is one of ours, the condition where it is an error.
    Answer(Option<u64>, Option<String>),
    /// The answer to a request of ours with something in it: the first update of an item, or a number of nodes.
    Found(Option<u64>, Found<'a>),
    /// A request of the server's or another client's.
    Request {
        /// To be given back.
        id: String,
        /// To be answered to.
        from: Option<String>,
        /// XEP-0199.
        is_ping: bool,
    },
    /// How many stanzas have we handled? (XEP-0198)
    AckRequest,
    /// So many of ours have been handled.
    Ack(u32),
    /// The stream ends with this condition (RFC 6120 §4.9).
    StreamError(String),
    /// The stream ends in order.
    Footer,
}

impl Arrival<'_> {
    /// Whether it is an iq, a message or a presence.
    pub fn is_stanza(&self) -> bool {
        !matches!(self, Self::AckRequest | Self::Ack(_) | Self::StreamError(_) | Self::Footer)
    }
}

/// What an answer has in it.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// An update.
    Update(Cow<'a, [u8]>),
    /// How many there are (XEP-0059).
    Count(u64),
}

type Chain = [(&'static str, &'static str); 4];

/// The way from a message to the update in it.
const EVENT: Chain = [(ns::PUBSUB_EVENT, "event"), (ns::PUBSUB_EVENT, "items"), (ns::PUBSUB_EVENT, "item"), (ns::UPDATE, "update")];
/// The way from an answer to the update in it.
const ITEMS: Chain = [(ns::PUBSUB, "pubsub"), (ns::PUBSUB, "items"), (ns::PUBSUB, "item"), (ns::UPDATE, "update")];
/// How far the way leads to an item.
const ITEM: u16 = 3;

/// The namespaces in force: those of the root element, between stanzas.
#[derive(Default)]
pub struct Names {
    resolver: NamespaceResolver,
    /// Whether items without an update are to be named.
    pointers: bool,
}

/// The root's level; an element within it has a higher one.
const ROOT: u16 = 1;

impl Names {
    /// With items without an update named, or passed over.
    pub fn new(pointers: bool) -> Self {
        Self { pointers, ..Self::default() }
    }

    /// The document begins with this tag, which must be that of `root` (namespace and name).
    ///
    /// # Errors
    /// It is not.
    pub fn open(&mut self, tag: &[u8], root: (&str, &str)) -> Result<(), Broken> {
        match Reader::from_str(text(tag)?).read_event().map_err(parser)? {
            Event::Start(start) => {
                self.declare(ROOT, &start, |_, _| ())?;
                self.is_root(start.name(), root)
            }
            _ => Err(Broken::Xml("no start tag")),
        }
    }

    /// The document ends with this tag.
    ///
    /// # Errors
    /// It is not.
    pub fn close(&mut self, tag: &[u8], root: (&str, &str)) -> Result<(), Broken> {
        let name = text(tag)?.trim_start_matches("</").trim_end_matches('>').trim_end();
        self.is_root(QName(name), root)
    }

    fn is_root(&self, name: QName<'_>, root: (&str, &str)) -> Result<(), Broken> {
        if self.resolve(name)? == root { Ok(()) } else { Err(Broken::Unexpected(name.0.to_owned())) }
    }

    /// Declares what a start tag declares, and shows its other attributes to `other`.
    fn declare(&mut self, level: u16, start: &BytesStart<'_>, mut other: impl FnMut(&str, &Attribute<'_>)) -> Result<(), Broken> {
        self.resolver.set_level(level);
        if start.attributes_raw().is_empty() {
            return Ok(());
        }
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| Broken::Parser(error.to_string()))?;
            match attribute.key.as_namespace_binding() {
                Some(prefix) => self.resolver.add(prefix, Namespace(&value(&attribute)?)).map_err(|error| Broken::Parser(error.to_string()))?,
                None => other(attribute.key.0, &attribute),
            }
        }
        Ok(())
    }

    fn resolve<'n>(&'n self, name: QName<'n>) -> Result<(&'n str, &'n str), Broken> {
        match self.resolver.resolve_element(name) {
            (ResolveResult::Bound(Namespace(space)), local) => Ok((space, local.into_inner())),
            (ResolveResult::Unbound, local) => Ok(("", local.into_inner())),
            (ResolveResult::Unknown(_), _) => Err(Broken::Xml("a prefix that is not declared")),
        }
    }
}

/// Reads a whole top-level element.
///
/// # Errors
/// It is no XML, or no stanza.
pub fn arrival<'a>(element: &'a [u8], names: &mut Names) -> Result<Arrival<'a>, Broken> {
    let mut reader = Reader::from_str(text(element)?);
    let (mut stanza, mut depth) = (Stanza::default(), 0);
    loop {
        match reader.read_event().map_err(parser)? {
            Event::Start(start) => {
                depth += 1;
                stanza.start(depth, &start, names)?;
            }
            Event::Empty(start) => {
                stanza.start(depth + 1, &start, names)?;
                stanza.end(depth + 1);
                names.resolver.set_level(ROOT + depth);
            }
            Event::End(_) => {
                stanza.end(depth);
                depth -= 1;
                names.resolver.set_level(ROOT + depth);
            }
            Event::Text(text) => stanza.text(depth, || text.xml10_content()),
            Event::CData(text) => stanza.text(depth, || text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = character(&reference)?;
                stanza.text(depth, || Cow::Owned(character.to_string()));
            }
            Event::Eof => return stanza.finish(),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => return Err(Broken::Restricted("a comment or instruction")),
        }
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    None,
    Message,
    Presence,
    Iq,
    StreamError,
    AckRequest,
    Ack,
}

/// A stanza under way.
#[derive(Default)]
struct Stanza<'a> {
    kind: Kind,
    id: Option<String>,
    from: Option<String>,
    of_type: Option<String>,
    /// How much of the way to the update has been found; the first of each counts.
    found: u16,
    /// The names of node and item on that way, where they are wanted.
    node: Option<String>,
    item: Option<String>,
    /// The number in a result set, the first of several.
    count: Option<String>,
    in_count: bool,
    /// Whether the last of those found has ended.
    done: bool,
    encoding: Option<String>,
    text: Cow<'a, str>,
    /// Whether what is to be read is inside an `<error/>`.
    in_error: bool,
    condition: Option<String>,
    /// Whether the first element inside is a ping.
    is_ping: Option<bool>,
}

impl<'a> Stanza<'a> {
    fn start(&mut self, depth: u16, start: &BytesStart<'_>, names: &mut Names) -> Result<(), Broken> {
        let mut broken = None;
        let is_iq = depth == 1 && start.local_name().into_inner() == "iq";
        let is_ack = depth == 1 && start.local_name().into_inner() == "a";
        let points = names.pointers && self.kind == Kind::Message && !self.done && depth == self.found + 2;
        let (mut node, mut item) = (None, None);
        names.declare(ROOT + depth, start, |name, attribute| {
            let place = match name {
                "id" if is_iq => &mut self.id,
                "from" if is_iq => &mut self.from,
                "type" if is_iq => &mut self.of_type,
                "h" if is_ack => &mut self.id,
                "node" if points => &mut node,
                "id" if points => &mut item,
                _ => return,
            };
            match value(attribute) {
                Ok(value) => *place = Some(value.into_owned()),
                Err(error) => broken = Some(error),
            }
        })?;
        if let Some(error) = broken {
            return Err(error);
        }
        let (space, name) = names.resolve(start.name())?;
        match (self.kind, depth) {
            (_, 1) => {
                self.kind = match (space, name) {
                    (ns::CLIENT, "message") => Kind::Message,
                    (ns::CLIENT, "presence") => Kind::Presence,
                    (ns::CLIENT, "iq") => Kind::Iq,
                    (ns::STREAM, "error") => Kind::StreamError,
                    (ns::SM, "r") => Kind::AckRequest,
                    (ns::SM, "a") => Kind::Ack,
                    _ => return Err(Broken::Unexpected(format!("{name} xmlns='{space}'"))),
                };
            }
            (Kind::Message, _) if self.leads_on(&EVENT, depth, (space, name)) => {
                self.step(start)?;
                match self.found {
                    2 => self.node = node,
                    ITEM => self.item = item,
                    _ => {}
                }
            }
            (Kind::Iq, 2) => {
                if self.leads_on(&ITEMS, depth, (space, name)) {
                    self.step(start)?;
                }
                self.is_ping.get_or_insert((space, name) == (ns::PING, "ping"));
                self.in_error = (space, name) == (ns::CLIENT, "error");
            }
            (Kind::Iq, 3) if self.in_error => self.condition(ns::STANZA_ERRORS, space, name),
            (Kind::Iq, 4) if self.count.is_none() && (space, name) == (ns::RSM, "count") => {
                self.count = Some(String::new());
                self.in_count = true;
            }
            (Kind::Iq, _) if self.leads_on(&ITEMS, depth, (space, name)) => self.step(start)?,
            (Kind::StreamError, 2) => self.condition(ns::STREAM_ERRORS, space, name),
            _ => {}
        }
        Ok(())
    }

    /// Whether this is the next element on the way to the update.
    fn leads_on(&self, chain: &Chain, depth: u16, (space, name): (&str, &str)) -> bool {
        !self.done && depth == self.found + 2 && chain.get(usize::from(self.found)) == Some(&(space, name))
    }

    fn step(&mut self, start: &BytesStart<'_>) -> Result<(), Broken> {
        self.found += 1;
        if usize::from(self.found) == EVENT.len()
            && let Some(encoding) = start.try_get_attribute("encoding").map_err(|error| Broken::Parser(error.to_string()))?
        {
            self.encoding = Some(value(&encoding)?.into_owned());
        }
        Ok(())
    }

    fn condition(&mut self, of: &str, space: &str, name: &str) {
        if space == of && name != "text" {
            self.condition.get_or_insert_with(|| name.to_owned());
        }
    }

    fn end(&mut self, depth: u16) {
        self.done |= self.found > 0 && depth == self.found + 1;
        self.in_count &= depth != 4;
    }

    fn text(&mut self, depth: u16, text: impl FnOnce() -> Cow<'a, str>) {
        if self.in_count && depth == 4 {
            self.count.get_or_insert_default().push_str(&text());
            return;
        }
        if !self.done && usize::from(self.found) == EVENT.len() && depth == self.found + 1 {
            if self.text.is_empty() {
                self.text = text();
            } else {
                self.text.to_mut().push_str(&text());
            }
        }
    }

    /// The update that was found.
    fn update(&mut self) -> Option<Cow<'a, [u8]>> {
        if usize::from(self.found) < EVENT.len() {
            return None;
        }
        match (self.encoding.take(), std::mem::take(&mut self.text)) {
            (None, Cow::Borrowed(text)) => Some(Cow::Borrowed(text.as_bytes())),
            (encoding, text) => update::decode(text.into_owned(), encoding.as_deref()).map(Cow::Owned),
        }
    }

    fn finish(mut self) -> Result<Arrival<'a>, Broken> {
        Ok(match self.kind {
            Kind::Message => match (self.update(), self.node, self.item) {
                (None, Some(node), Some(item)) => Arrival::Pointer(node, item),
                (update, ..) => Arrival::Message(update),
            },
            Kind::Presence => Arrival::Presence,
            Kind::AckRequest => Arrival::AckRequest,
            Kind::Ack => {
                let handled = self.id.and_then(|handled| handled.parse().ok());
                Arrival::Ack(handled.ok_or_else(|| Broken::Unexpected("a without a count".to_owned()))?)
            }
            Kind::StreamError => Arrival::StreamError(self.condition.unwrap_or_else(undefined)),
            Kind::Iq => {
                let update = self.update();
                let id = self.id.ok_or_else(|| Broken::Unexpected("iq without an id".to_owned()))?;
                // Others may not answer in the service's place (RFC 6120 §8.1.3).
                let from_service = self.from.as_deref().is_none_or(|from| from == PUBSUB_SERVICE);
                let ours = || id.parse().ok().filter(|_| from_service);
                match (self.of_type.as_deref(), update, self.count.and_then(|count| count.parse().ok())) {
                    (Some("result"), Some(update), _) => Arrival::Found(ours(), Found::Update(update)),
                    (Some("result"), None, Some(count)) => Arrival::Found(ours(), Found::Count(count)),
                    (Some("result"), None, None) => Arrival::Answer(ours(), None),
                    (Some("error"), ..) => Arrival::Answer(ours(), Some(self.condition.unwrap_or_else(undefined))),
                    (Some("get" | "set"), ..) => Arrival::Request { id, from: self.from, is_ping: self.is_ping == Some(true) },
                    _ => return Err(Broken::Unexpected("iq without a type".to_owned())),
                }
            }
            Kind::None => return Err(Broken::Xml("no element")),
        })
    }
}

fn undefined() -> String {
    "undefined-condition".to_owned()
}

/// The bytes as text of characters that XML allows (XML 1.0 §2.2).
fn text(bytes: &[u8]) -> Result<&str, Broken> {
    let text = std::str::from_utf8(bytes).map_err(|_| Broken::Xml("bytes that are not UTF-8"))?;
    // Without a branch per byte, this takes a few nanoseconds for a stanza.
    let has_control = bytes.iter().fold(false, |so_far, byte| so_far | (*byte < b' ' && !matches!(*byte, b'\t' | b'\n' | b'\r')));
    let has_no_character = memchr::memchr_iter(0xEF, bytes).any(|at| matches!(bytes.get(at + 1..at + 3), Some([0xBF, 0xBE | 0xBF])));
    if has_control || has_no_character { Err(Broken::Xml("a character that XML does not allow")) } else { Ok(text) }
}

/// An attribute's value, references resolved.
fn value<'a>(attribute: &Attribute<'a>) -> Result<Cow<'a, str>, Broken> {
    attribute.normalized_value(XmlVersion::Implicit1_0).map_err(parser)
}

/// The character behind a reference: of those to entities the five of XML alone are allowed.
fn character(reference: &BytesRef<'_>) -> Result<char, Broken> {
    if let Some(character) = reference.resolve_char_ref().map_err(parser)? {
        let allowed = matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
        return if allowed { Ok(character) } else { Err(Broken::Xml("a character that XML does not allow")) };
    }
    Ok(match reference.as_ref() {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return Err(Broken::Restricted("a reference to an entity")),
    })
}

fn parser(error: impl std::fmt::Display) -> Broken {
    Broken::Parser(error.to_string())
}
