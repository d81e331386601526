//! `<body/>`, in which elements travel (XEP-0124 §3): how either end reads and writes it.

use std::fmt::Write as _;

use crate::protocols::xmpp::client::lean::reader::Broken;
use crate::protocols::xmpp::client::lean::splitter::{Piece, Splitter};
use crate::protocols::xmpp::client::lean::stanza::{Arrival, Names, arrival};
use crate::protocols::xmpp::namespaces as ns;
use crate::protocols::xmpp::reader::read_element;
use crate::protocols::xmpp::xml::{Element, escape};

/// Its name with its namespace.
const ROOT: (&str, &str) = (ns::BOSH, "body");

/// Writes one with these attributes around elements that stand alone.
pub fn write(attributes: &[(&str, &str)], elements: &[u8]) -> Vec<u8> {
    let mut head = format!("<body xmlns='{}'", ns::BOSH);
    for (name, value) in attributes {
        // Writing to memory cannot fail.
        let _ = write!(head, " {name}='{}'", escape(value));
    }
    let mut body = head.into_bytes();
    if elements.is_empty() {
        body.extend_from_slice(b"/>");
    } else {
        body.push(b'>');
        body.extend_from_slice(elements);
        body.extend_from_slice(b"</body>");
    }
    body
}

/// Reads one as a tree; `None` where it is none.
pub fn tree(bytes: &[u8]) -> Option<Element> {
    read_element(bytes).ok().filter(|element| element.is(ROOT.1, ROOT.0))
}

/// Reads one without a tree of what is in it: that goes to `take`. Returns the root without its content.
///
/// # Errors
/// It is none, or something in it is no stanza.
pub fn stanzas(bytes: &[u8], pointers: bool, mut take: impl FnMut(Arrival<'_>)) -> Result<Element, Broken> {
    let root = |tag: &[u8]| tree(tag).ok_or(Broken::Xml("no <body/>"));
    // Only a root that closes itself ends so.
    let whole = bytes.trim_ascii();
    if whole.ends_with(b"/>") {
        return root(whole);
    }
    let (mut splitter, mut names, mut opened, mut used) = (Splitter::default(), Names::new(pointers), None, 0);
    while let Some((piece, length)) = splitter.next(&bytes[used..])? {
        let text = &bytes[used..used + length];
        used += length;
        match piece {
            Piece::Nothing => {}
            Piece::Open => {
                names.open(text, ROOT)?;
                opened = Some(root(&[&text[..length - 1], b"/>"].concat())?);
            }
            Piece::Element => take(arrival(text, &mut names)?),
            Piece::Close => {
                names.close(text, ROOT)?;
                return opened.ok_or(Broken::Xml("no <body/>"));
            }
        }
    }
    Err(Broken::Xml("a <body/> without an end"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<(usize, Element), Broken> {
        let mut count = 0;
        stanzas(text.as_bytes(), false, |_| count += 1).map(|root| (count, root))
    }

    #[test]
    fn what_is_written_reads_back() {
        let empty = String::from_utf8(write(&[("sid", "a'b")], b"")).unwrap();
        assert_eq!(empty, "<body xmlns='http://jabber.org/protocol/httpbind' sid='a&apos;b'/>");
        let (count, root) = read(&empty).unwrap();
        assert_eq!((count, root.attribute("sid")), (0, Some("a'b")));
        let full = write(&[("rid", "1")], b"<message xmlns='jabber:client'/><presence xmlns='jabber:client'/>");
        let (count, root) = read(std::str::from_utf8(&full).unwrap()).unwrap();
        assert_eq!((count, root.attribute("rid"), root.children.len()), (2, Some("1"), 0));
        assert_eq!(tree(&full).unwrap().elements().count(), 2);
    }

    #[test]
    fn what_is_no_body_is_refused() {
        let body = "<body xmlns='http://jabber.org/protocol/httpbind'>";
        for text in [
            "",
            "x",
            "<body/>",
            "<a xmlns='http://jabber.org/protocol/httpbind'/>",
            body,
            &format!("{body}</x>"),
            &format!("{body}<x/></body>"),
            &format!("{body}text</body>"),
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        // A server may declare the namespaces of stanzas at the root.
        let prefixed = "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:c='jabber:client'><c:presence/></body>";
        assert_eq!(read(prefixed).unwrap().0, 1);
    }

    proptest! {
        #[test]
        fn damaged_bodies_never_panic(at in 0..100_usize, with in any::<u8>()) {
            let mut bytes = write(&[("rid", "1")], b"<message xmlns='jabber:client'>x</message>");
            let at = at % bytes.len();
            bytes[at] = with;
            let _ = stanzas(&bytes, true, |_| ());
            let _ = tree(&bytes);
        }
    }
}
