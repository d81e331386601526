//! Where the top-level pieces of a stream begin and end, however its bytes are cut.
//!
//! Every byte is looked at once, in whichever piece it comes. Names and namespaces are not looked at: that is for whoever
//! reads the piece. What XMPP forbids (RFC 6120 §11.1: comments, processing instructions, document types) ends here.

use memchr::{memchr, memchr2};

use super::reader::Broken;

/// How deep elements may be nested within a stanza; real ones stay below ten.
pub const DEEPEST: u32 = 64;
/// Most bytes of a tag with its attributes: whoever reads them compares each with all others.
pub const LARGEST_TAG: usize = 16 * 1024;

/// A piece of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// White space between stanzas (RFC 6120 §4.6.1), or the XML declaration.
    Nothing,
    /// The root element's start tag.
    Open,
    /// A whole top-level element.
    Element,
    /// The root element's end tag.
    Close,
}

/// Finds pieces. After the first error it must not be used again.
#[derive(Default)]
pub struct Splitter {
    state: State,
    opened: bool,
    /// Elements open within the top-level one, itself included.
    depth: u32,
    /// Where the last tag of the current piece begins.
    tag: usize,
    /// Bytes of the current piece that have been looked at.
    seen: usize,
}

#[derive(Clone, Copy, Default)]
enum State {
    /// Outside of markup.
    #[default]
    Text,
    /// After `<`.
    Less,
    /// In a start tag.
    Start,
    /// In an attribute's value, with this quote.
    Value(u8),
    /// In an end tag.
    End,
    /// After so many bytes of [`CDATA`].
    Bang(usize),
    /// In character data.
    Cdata,
    /// In the XML declaration.
    Declaration,
}

/// How a section of character data begins, after `<`.
const CDATA: &[u8] = b"![CDATA[";

impl Splitter {
    /// For what stands within a root that has begun elsewhere, or needs none.
    pub fn within() -> Self {
        Self { opened: true, ..Self::default() }
    }

    /// The first piece of `bytes` and its length; `None` where more bytes are needed. `bytes` begin with a piece: what
    /// an earlier call has not finished must be in them again, and is not looked at twice.
    ///
    /// # Errors
    /// This is not XML, or XML that XMPP forbids, or nested too deep.
    pub fn next(&mut self, bytes: &[u8]) -> Result<Option<(Piece, usize)>, Broken> {
        let mut at = self.seen;
        while let Some(&byte) = bytes.get(at) {
            let rest = &bytes[at..];
            match self.state {
                State::Text if self.depth == 0 => {
                    let blank = rest.iter().take_while(|byte| is_blank(**byte)).count();
                    if blank > 0 {
                        return Ok(Some(self.found(Piece::Nothing, blank)));
                    }
                    if byte != b'<' {
                        return Err(Broken::Xml("text between stanzas"));
                    }
                    self.state = State::Less;
                    at += 1;
                }
                State::Text => match memchr(b'<', rest) {
                    Some(text) => {
                        self.state = State::Less;
                        at += text + 1;
                    }
                    None => at = bytes.len(),
                },
                State::Less => {
                    self.state = match byte {
                        b'/' => State::End,
                        b'!' => State::Bang(1),
                        b'?' if !self.opened => State::Declaration,
                        b'?' => return Err(Broken::Restricted("a processing instruction")),
                        byte if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => State::Start,
                        _ => return Err(Broken::Xml("a tag without a name")),
                    };
                    self.tag = at;
                    at += 1;
                }
                State::Start => {
                    at += 1;
                    match byte {
                        b'\'' | b'"' => self.state = State::Value(byte),
                        b'<' => return Err(Broken::Xml("a tag in a tag")),
                        b'>' => {
                            self.state = State::Text;
                            if let Some(piece) = self.start(bytes[at - 2] == b'/')? {
                                return Ok(Some(self.found(piece, at)));
                            }
                        }
                        _ => {}
                    }
                }
                State::Value(quote) => match memchr2(quote, b'<', rest) {
                    Some(value) if rest[value] == b'<' => return Err(Broken::Xml("a tag in an attribute")),
                    Some(value) => {
                        self.state = State::Start;
                        at += value + 1;
                        self.check_tag(at)?;
                    }
                    None => at = bytes.len(),
                },
                State::End => {
                    at += 1;
                    match byte {
                        b'>' => {
                            self.state = State::Text;
                            if let Some(piece) = self.end()? {
                                return Ok(Some(self.found(piece, at)));
                            }
                        }
                        b'<' | b'\'' | b'"' => return Err(Broken::Xml("a broken end tag")),
                        _ => {}
                    }
                }
                State::Bang(matched) => {
                    if byte != CDATA[matched] {
                        return Err(Broken::Restricted("a comment or document type"));
                    }
                    at += 1;
                    self.state = match matched + 1 {
                        all if all == CDATA.len() && self.depth == 0 => return Err(Broken::Xml("text between stanzas")),
                        all if all == CDATA.len() => State::Cdata,
                        more => State::Bang(more),
                    };
                }
                State::Cdata => match memchr(b'>', rest) {
                    Some(end) => {
                        at += end + 1;
                        if bytes[..at].ends_with(b"]]>") {
                            self.state = State::Text;
                        }
                    }
                    None => at = bytes.len(),
                },
                State::Declaration => match memchr(b'>', rest) {
                    Some(end) => {
                        at += end + 1;
                        let is_one = bytes[..at].starts_with(b"<?xml") && bytes.get(5).is_some_and(|byte| is_blank(*byte)) && bytes[..at].ends_with(b"?>");
                        return if is_one { Ok(Some(self.found(Piece::Nothing, at))) } else { Err(Broken::Restricted("a processing instruction")) };
                    }
                    None => at = bytes.len(),
                },
            }
        }
        if matches!(self.state, State::Start | State::Value(_)) {
            self.check_tag(at)?;
        }
        self.seen = at;
        Ok(None)
    }

    fn check_tag(&self, at: usize) -> Result<(), Broken> {
        if at - self.tag > LARGEST_TAG { Err(Broken::LargeTag) } else { Ok(()) }
    }

    fn found(&mut self, piece: Piece, length: usize) -> (Piece, usize) {
        self.state = State::Text;
        self.seen = 0;
        (piece, length)
    }

    /// A start tag has ended.
    fn start(&mut self, is_empty: bool) -> Result<Option<Piece>, Broken> {
        if !self.opened {
            self.opened = true;
            return if is_empty { Err(Broken::Xml("a stream without content")) } else { Ok(Some(Piece::Open)) };
        }
        if !is_empty {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(Broken::TooDeep);
            }
        }
        Ok((self.depth == 0).then_some(Piece::Element))
    }

    /// An end tag has ended.
    fn end(&mut self) -> Result<Option<Piece>, Broken> {
        match self.depth {
            0 if self.opened => Ok(Some(Piece::Close)),
            0 => Err(Broken::Xml("an end tag without a start")),
            1 => {
                self.depth = 0;
                Ok(Some(Piece::Element))
            }
            _ => {
                self.depth -= 1;
                Ok(None)
            }
        }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
