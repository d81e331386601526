//! What bounds a stanza that comes in: tokio-xmpp itself has no limit on size, depth or number of elements, and its
//! stanza types nest as deep as the XML does, down to the end of the stack.
//!
//! It looks at every byte once, knows markup from text, and leaves all else to the parser behind it.

/// Largest stanza in bytes: as for the lean client, the largest payload with each character escaped, and an envelope.
const LARGEST: usize = crate::protocols::xmpp::client::lean::reader::LARGEST;
/// Largest element of a login.
const LARGEST_OF_A_LOGIN: usize = 64 * 1024;
/// How deep elements may be nested within a stanza.
const DEEPEST: u32 = crate::protocols::xmpp::client::lean::splitter::DEEPEST;
/// Most bytes of a tag with its attributes.
const LARGEST_TAG: usize = crate::protocols::xmpp::client::lean::splitter::LARGEST_TAG;
/// Most elements of a stanza: the library makes some hundred bytes of each.
const MOST_ELEMENTS: u32 = 10_000;

/// Counts what has come of the top-level element under way.
pub struct Guard {
    state: State,
    largest: usize,
    /// Elements open, the stream's own among them.
    depth: u32,
    bytes: usize,
    elements: u32,
    /// Bytes of the tag under way.
    tag: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// After `<`.
    Less,
    /// In a start tag; whether the last byte was `/`.
    Start(bool),
    /// In an attribute's value, with this quote.
    Value(u8),
    End,
    /// After so many of the bytes of `![CDATA[`; what is not that, is forbidden, and the parser will say so.
    Bang(usize),
    /// In character data, after so many `]`.
    Cdata(u8),
    Instruction,
}

const CDATA: &[u8] = b"![CDATA[";

impl Guard {
    /// At the beginning of a stream.
    pub fn new() -> Self {
        Self { state: State::Text, largest: LARGEST_OF_A_LOGIN, depth: 0, bytes: 0, elements: 0, tag: 0 }
    }

    /// The stream begins anew.
    pub fn restart(&mut self) {
        *self = Self { largest: self.largest, ..Self::new() };
    }

    /// The login is over.
    pub fn logged_in(&mut self) {
        self.largest = LARGEST;
    }

    /// Looks at bytes on their way to the parser.
    ///
    /// # Errors
    /// They are beyond a limit: which one.
    pub fn look(&mut self, bytes: &[u8]) -> Result<(), String> {
        for byte in bytes {
            self.bytes += 1;
            self.step(*byte);
            if self.tag > LARGEST_TAG {
                return Err(format!("a tag of more than {LARGEST_TAG} bytes"));
            }
            if self.bytes > self.largest {
                return Err(format!("a stanza of more than {} bytes", self.largest));
            }
            if self.depth > DEEPEST + 1 {
                return Err(format!("elements nested deeper than {DEEPEST}"));
            }
            if self.elements > MOST_ELEMENTS {
                return Err(format!("a stanza of more than {MOST_ELEMENTS} elements"));
            }
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) {
        if !matches!(self.state, State::Text | State::Cdata(_)) {
            self.tag += 1;
        }
        self.state = match (self.state, byte) {
            (State::Text, b'<') => {
                self.tag = 0;
                State::Less
            }
            (State::Text, _) => {
                if self.depth <= 1 {
                    // White space between stanzas is none of them.
                    self.bytes = 0;
                }
                State::Text
            }
            (State::Less, b'/') => State::End,
            (State::Less, b'!') => State::Bang(1),
            (State::Less, b'?') => State::Instruction,
            (State::Start(true), b'>') => self.whole(),
            (State::Start(_), b'>') => {
                self.elements += 1;
                self.depth += 1;
                self.between()
            }
            (State::Start(_), quote @ (b'\'' | b'"')) => State::Value(quote),
            (State::Less | State::Start(_), byte) => State::Start(byte == b'/'),
            (State::Value(quote), byte) if byte == quote => State::Start(false),
            (State::End, b'>') => {
                self.depth = self.depth.saturating_sub(1);
                self.between()
            }
            (State::Bang(matched), byte) if CDATA.get(matched) == Some(&byte) => {
                if matched + 1 == CDATA.len() {
                    State::Cdata(0)
                } else {
                    State::Bang(matched + 1)
                }
            }
            (State::Bang(_), _) => State::Text,
            (State::Cdata(2..), b'>') | (State::Instruction, b'>') => State::Text,
            (State::Cdata(closing), b']') => State::Cdata(closing.saturating_add(1)),
            (State::Cdata(_), _) => State::Cdata(0),
            (same, _) => same,
        };
    }

    /// An element without content.
    fn whole(&mut self) -> State {
        self.elements += 1;
        self.between()
    }

    /// A tag has ended; between stanzas everything begins anew.
    fn between(&mut self) -> State {
        if self.depth <= 1 {
            (self.bytes, self.elements) = (0, 0);
        }
        State::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' to='>'>";

    fn looks(guard: &mut Guard, text: &str) -> Result<(), String> {
        text.as_bytes().chunks(7).try_for_each(|piece| guard.look(piece))
    }

    #[test]
    fn stanzas_do_not_add_up() {
        let mut guard = Guard::new();
        looks(&mut guard, HEADER).unwrap();
        for _ in 0..3_000 {
            looks(&mut guard, "<message a='</x>' b=\"'/>\"><![CDATA[</message>]] >]]]><b/><c>x</c></message> \n<presence/>").unwrap();
            assert_eq!((guard.depth, guard.elements), (1, 0));
        }
        looks(&mut guard, &" ".repeat(200_000)).unwrap();
        guard.restart();
        looks(&mut guard, HEADER).unwrap();
        assert_eq!(guard.depth, 1);
    }

    #[test]
    fn each_limit_is_named() {
        let deep = "<a>".repeat(65);
        let many = format!("<a>{}", "<b/>".repeat(10_000));
        let (attribute, text) = (format!("<a b='{}", "x".repeat(LARGEST_TAG)), format!("<a>{}", "x".repeat(LARGEST)));
        for (hostile, expected) in [
            (&deep, "elements nested deeper than 64"),
            (&many, "a stanza of more than 10000 elements"),
            (&attribute, "a tag of more than 16384 bytes"),
            (&text, "a stanza of more than 7340032 bytes"),
        ] {
            let mut guard = Guard::new();
            guard.logged_in();
            looks(&mut guard, HEADER).unwrap();
            assert_eq!(looks(&mut guard, hostile).unwrap_err(), expected);
        }
        let mut guard = Guard::new();
        looks(&mut guard, HEADER).unwrap();
        assert_eq!(looks(&mut guard, &text).unwrap_err(), "a stanza of more than 65536 bytes");
    }
}
