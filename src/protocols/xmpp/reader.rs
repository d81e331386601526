//! From the bytes of a stream to its header, its top-level elements and its end, however the bytes are cut.
//!
//! The tokeniser is rxml: it reads bytes as they come, checks well-formedness and namespaces, and knows nothing of
//! document types, entities, comments and processing instructions, which XMPP forbids (RFC 6120 §11.1). The limits on
//! an element's size, depth and number of parts are ours: a parser that reads piece by piece would gather for ever.

use rxml::error::EndOrError;
use rxml::{AttrMap, Event as Token, Namespace, NcName, Parse, Parser};

use super::errors::StreamCondition;
use super::xml::{Element, Node};

/// How deep elements may be nested within a stanza; real ones stay below ten.
const DEEPEST: usize = 64;
/// Most bytes of one tag with all its attributes: the parser gathers those until the tag ends, at several times their size.
const LARGEST_TAG: usize = 16 * 1024;
/// Most elements of a stanza: an empty one costs thirty times its four bytes.
const MOST_ELEMENTS: usize = 10_000;

/// What a stream consists of.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// The root element's start tag; its children are still to come.
    Open(Element),
    /// A whole top-level element.
    Element(Element),
    /// The root element's end tag.
    Close,
}

/// Reads a stream. After the first error it must not be used again.
pub struct StreamReader {
    parser: Parser,
    largest: usize,
    /// Bytes of the top-level element under way.
    size: usize,
    /// Bytes since the last token: those of a tag that has not ended.
    unfinished: usize,
    /// Elements of the top-level one under way.
    elements: usize,
    /// Events so far.
    events: u64,
    opened: bool,
    stack: Vec<Element>,
}

impl StreamReader {
    /// A reader at the start of a stream whose top-level elements may have `largest` bytes.
    pub fn new(largest: usize) -> Self {
        Self { parser: Parser::new(), largest, size: 0, unfinished: 0, elements: 0, events: 0, opened: false, stack: Vec::new() }
    }

    /// Starts again at the beginning of a stream: after TLS and after SASL the old one is void (RFC 6120 §5.4.3.3, §6.4.6).
    pub fn restart(&mut self) {
        *self = Self { events: self.events, ..Self::new(self.largest) };
    }

    /// Allows other sizes from the next element on.
    pub fn allow(&mut self, largest: usize) {
        self.largest = largest;
    }

    /// Which event is under way, by its number; `None` between them.
    pub fn under_way(&self) -> Option<u64> {
        (self.unfinished > 0 || !self.stack.is_empty()).then_some(self.events)
    }

    /// Takes bytes off `input` until something is complete; `None` once all are taken.
    ///
    /// # Errors
    /// The bytes are no XML, are XML that XMPP forbids, or are beyond a limit: the stream error to send.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Event>, StreamCondition> {
        loop {
            // White space between stanzas is let go as it comes, not gathered.
            self.parser.set_text_buffering(!self.stack.is_empty());
            let before = input.len();
            let parsed = self.parser.parse(input, false);
            self.unfinished += before - input.len();
            if self.unfinished > LARGEST_TAG {
                return Err(StreamCondition::PolicyViolation);
            }
            let token = match parsed {
                Ok(Some(token)) => token,
                Ok(None) | Err(EndOrError::NeedMoreData) => return Ok(None),
                Err(EndOrError::Error(error)) => return Err(condition(error)),
            };
            self.unfinished = 0;
            let keeps_alive = matches!(&token, Token::Text(_, text) if self.stack.is_empty() && is_blank(text));
            // A keep-alive between stanzas (RFC 6120 §4.6.1) counts for nothing.
            self.size = if keeps_alive { 0 } else { self.size + token.metrics().len() };
            if self.size > self.largest {
                return Err(StreamCondition::PolicyViolation);
            }
            let event = match token {
                Token::XmlDeclaration(..) => None,
                Token::StartElement(_, name, attributes) => self.start(name, attributes)?,
                Token::Text(_, text) => self.text(text)?,
                Token::EndElement(_) => self.end(),
            };
            if let Some(event) = event {
                (self.size, self.elements) = (0, 0);
                self.events += 1;
                return Ok(Some(event));
            }
        }
    }

    /// Gives back what memory an idle stream does not need.
    pub fn rest(&mut self) {
        if self.stack.is_empty() {
            self.parser.release_temporaries();
            self.stack = Vec::new();
        }
    }

    fn start(&mut self, (namespace, name): (Namespace<'static>, NcName), attributes: AttrMap) -> Result<Option<Event>, StreamCondition> {
        let element = Element { namespace, name, attributes, children: Vec::new() };
        if !self.opened {
            self.opened = true;
            return Ok(Some(Event::Open(element)));
        }
        self.elements += 1;
        if self.stack.len() >= DEEPEST || self.elements > MOST_ELEMENTS {
            return Err(StreamCondition::PolicyViolation);
        }
        self.stack.push(element);
        Ok(None)
    }

    fn text(&mut self, text: String) -> Result<Option<Event>, StreamCondition> {
        match self.stack.last_mut() {
            Some(element) => {
                // Long text comes in pieces.
                if let Some(Node::Text(before)) = element.children.last_mut() {
                    before.push_str(&text);
                } else {
                    element.children.push(Node::Text(text));
                }
                Ok(None)
            }
            None if is_blank(&text) => Ok(None),
            None => Err(StreamCondition::BadFormat),
        }
    }

    fn end(&mut self) -> Option<Event> {
        let Some(element) = self.stack.pop() else { return Some(Event::Close) };
        match self.stack.last_mut() {
            Some(parent) => {
                parent.children.push(Node::Element(element));
                None
            }
            None => Some(Event::Element(element)),
        }
    }
}

/// Reads one element that stands alone.
///
/// # Errors
/// As for a stream; [`StreamCondition::NotWellFormed`] also where it is incomplete or something follows.
pub fn read_element(bytes: &[u8]) -> Result<Element, StreamCondition> {
    let mut reader = StreamReader { opened: true, ..StreamReader::new(usize::MAX) };
    let mut input = bytes;
    match reader.next(&mut input)? {
        Some(Event::Element(element)) if input.is_empty() => Ok(element),
        _ => Err(StreamCondition::NotWellFormed),
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| b" \t\r\n".contains(&byte))
}

fn condition(error: rxml::Error) -> StreamCondition {
    match error {
        // Names and values beyond rxml's own bound of 8 KiB.
        rxml::Error::RestrictedXml(what) if what.contains("long") => StreamCondition::PolicyViolation,
        rxml::Error::RestrictedXml(_) | rxml::Error::UndeclaredEntity => StreamCondition::RestrictedXml,
        // `<!` and no `--` or `[CDATA[`: a document type. rxml has no error of its own for it; a test holds its words.
        rxml::Error::InvalidSyntax(what) if what.ends_with("section start") => StreamCondition::RestrictedXml,
        rxml::Error::InvalidUtf8Byte(_) => StreamCondition::UnsupportedEncoding,
        _ => StreamCondition::NotWellFormed,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' \
                          version='1.0'>\n<iq type='set' id='1'><bind xmlns='urn:b'><resource>ä&amp;b</resource></bind></iq> <presence/>\
                          <message to='a@b'><body>x<![CDATA[<y>]]>&#x41;</body></message></stream:stream>";

    fn read(pieces: &[&[u8]]) -> Result<Vec<Event>, StreamCondition> {
        let mut reader = StreamReader::new(1_000);
        let mut events = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(event) = reader.next(&mut input)? {
                events.push(event);
            }
            assert!(input.is_empty());
            reader.rest();
        }
        Ok(events)
    }

    #[test]
    fn however_the_bytes_are_cut() {
        let whole = read(&[STREAM.as_bytes()]).unwrap();
        assert_eq!(whole.len(), 5);
        assert!(matches!(&whole[0], Event::Open(header) if header.attribute("to") == Some("localhost")));
        assert!(matches!(&whole[3], Event::Element(message) if message.elements().next().is_some_and(|body| body.text() == "x<y>A")));
        for cut in 0..STREAM.len() {
            let (one, two) = STREAM.as_bytes().split_at(cut);
            assert_eq!(read(&[one, two]).as_ref(), Ok(&whole), "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
        assert_eq!(read(&bytes), Ok(whole));
    }

    #[test]
    fn what_is_forbidden_is_named() {
        let open = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
        let large = format!("<message><body>{}</body></message>", "x".repeat(1_000));
        let deep = "<a>".repeat(DEEPEST + 1);
        let attributes: String = (0..4_000).map(|number| format!(" a{number}=''")).collect();
        let (tag, value, name) = (format!("<message{attributes}"), format!("<message a='{}", "x".repeat(9_000)), format!("<{}", "x".repeat(9_000)));
        for (text, expected) in [
            ("<!DOCTYPE x>", StreamCondition::RestrictedXml),
            ("<!-- x -->", StreamCondition::RestrictedXml),
            ("<?php x?>", StreamCondition::RestrictedXml),
            ("<message>&nbsp;</message>", StreamCondition::RestrictedXml),
            ("<message></iq>", StreamCondition::NotWellFormed),
            ("<message a='1' a='2'/>", StreamCondition::NotWellFormed),
            ("<message a=1/>", StreamCondition::NotWellFormed),
            ("<p:message/>", StreamCondition::NotWellFormed),
            ("<message>\u{1}</message>", StreamCondition::NotWellFormed),
            ("hello <message/>", StreamCondition::BadFormat),
            (large.as_str(), StreamCondition::PolicyViolation),
            (deep.as_str(), StreamCondition::PolicyViolation),
            (tag.as_str(), StreamCondition::PolicyViolation),
            (value.as_str(), StreamCondition::PolicyViolation),
            (name.as_str(), StreamCondition::PolicyViolation),
        ] {
            assert_eq!(read(&[open.as_bytes(), text.as_bytes()]), Err(expected), "{text}");
        }
        assert_eq!(read(&[open.as_bytes(), b"<message>\xff\xfe</message>"]), Err(StreamCondition::UnsupportedEncoding));
    }

    #[test]
    fn elements_are_counted() {
        let mut reader = StreamReader::new(usize::MAX);
        assert!(matches!(reader.next(&mut &b"<stream>"[..]), Ok(Some(Event::Open(_)))));
        let stanza = |count: usize| format!("<message>{}</message>", "<a/>".repeat(count));
        for _ in 0..2 {
            assert!(matches!(reader.next(&mut stanza(MOST_ELEMENTS - 1).as_bytes()), Ok(Some(Event::Element(_)))));
        }
        assert_eq!(reader.next(&mut stanza(MOST_ELEMENTS).as_bytes()), Err(StreamCondition::PolicyViolation));
    }

    #[test]
    fn what_has_begun_is_known() {
        let mut reader = StreamReader::new(1_000);
        assert!(matches!(reader.next(&mut &b"<stream>"[..]), Ok(Some(Event::Open(_)))));
        let mut seen = Vec::new();
        for piece in [" ", "<a", " b='c'>", "<d/>", "</a>", " \n", "<e/>", "<f>"] {
            let mut input = piece.as_bytes();
            while let Ok(Some(_)) = reader.next(&mut input) {}
            seen.push(reader.under_way());
        }
        assert_eq!(seen, [None, Some(1), Some(1), Some(1), None, None, None, Some(3)]);
    }

    #[test]
    fn white_space_between_stanzas_never_adds_up() {
        let blanks = " ".repeat(900);
        let open = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
        let events = read(&[open.as_bytes(), blanks.as_bytes(), blanks.as_bytes(), b"<presence/>", blanks.as_bytes(), blanks.as_bytes(), b"<presence/>"]);
        assert_eq!(events.map(|events| events.len()), Ok(3));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&[&bytes]);
            let _ = read_element(&bytes);
        }

        #[test]
        fn damaged_streams_never_panic(at in 0..STREAM.len(), with in any::<u8>(), cut in 0..STREAM.len()) {
            let mut bytes = STREAM.as_bytes().to_vec();
            bytes[at] = with;
            let (one, two) = bytes.split_at(cut);
            let whole = read(&[&bytes]);
            let parts = read(&[one, two]);
            prop_assert_eq!(whole.is_ok(), parts.is_ok());
        }
    }
}
