//! Elements: what a stanza is once it has been read, and how it is written again.
//!
//! Names and namespaces are those of rxml, which shares well-known ones instead of copying them. Writing declares a
//! default namespace wherever it changes, so that a payload can be lifted out of one stanza and put into another.

use std::borrow::Cow;
use std::fmt::Write as _;

use rxml::{AttrMap, Namespace, NcName};

/// An element with all that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its namespace.
    pub namespace: Namespace<'static>,
    /// Its name without a prefix.
    pub name: NcName,
    /// Its attributes.
    pub attributes: AttrMap,
    /// What is in it, in order.
    pub children: Vec<Node>,
}

/// A part of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Character data, references resolved.
    Text(String),
}

impl Element {
    /// Whether it has this name and namespace.
    pub fn is(&self, name: &str, namespace: &str) -> bool {
        self.name.as_str() == name && self.namespace.as_str() == namespace
    }

    /// An attribute without a namespace.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(Namespace::none(), name).map(String::as_str)
    }

    /// The elements in it.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first element in it with this name and namespace.
    pub fn child(&self, name: &str, namespace: &str) -> Option<&Self> {
        self.elements().find(|element| element.is(name, namespace))
    }

    /// The text directly in it.
    pub fn text(&self) -> Cow<'_, str> {
        match self.children.as_slice() {
            [] => Cow::Borrowed(""),
            [Node::Text(text)] => Cow::Borrowed(text),
            nodes => Cow::Owned(
                nodes
                    .iter()
                    .map(|node| match node {
                        Node::Text(text) => text.as_str(),
                        Node::Element(_) => "",
                    })
                    .collect(),
            ),
        }
    }

    /// Writes it to `out`, where `context` is the default namespace in force.
    pub fn write(&self, out: &mut String, context: &str) {
        let namespace = self.namespace.as_str();
        out.push('<');
        out.push_str(self.name.as_str());
        if namespace != context {
            out.push_str(" xmlns='");
            out.push_str(&escape(namespace));
            out.push('\'');
        }
        for (index, ((space, name), value)) in self.attributes.iter().enumerate() {
            if space.is_none() {
                let _ = write!(out, " {}='{}'", name.as_str(), escape(value));
            } else if space == Namespace::xml() {
                let _ = write!(out, " xml:{}='{}'", name.as_str(), escape(value));
            } else {
                let _ = write!(out, " xmlns:a{index}='{}' a{index}:{}='{}'", escape(space.as_str()), name.as_str(), escape(value));
            }
        }
        if self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for node in &self.children {
            match node {
                Node::Element(element) => element.write(out, namespace),
                Node::Text(text) => out.push_str(&escape(text)),
            }
        }
        out.push_str("</");
        out.push_str(self.name.as_str());
        out.push('>');
    }
}

/// Text made safe for element content and for attributes in either quotes.
pub fn escape(text: &str) -> Cow<'_, str> {
    let special = |byte: &u8| matches!(byte, b'&' | b'<' | b'>' | b'\'' | b'"' | b'\r' | b'\n' | b'\t');
    let Some(first) = text.bytes().position(|byte| special(&byte)) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for character in text[first..].chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            // As plain characters these would not survive an attribute, nor a carriage return a text (XML 1.0 §2.11, §3.3.3).
            '\r' => out.push_str("&#13;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use crate::protocols::xmpp::reader::read_element;

    #[test]
    fn what_is_written_reads_back_the_same() {
        for text in [
            "<a xmlns='one'/>",
            "<a xmlns='one'>x<b xmlns='two' c='&lt;&apos;&quot;&#10;&#13;&#9;'>&amp;&#13;&#10;<d xmlns='one' xml:lang='en'/></b>]]&gt;</a>",
            "<p:a xmlns:p='one' xmlns:q='three' q:z='1' z='2'><p:b/><b xmlns=''/></p:a>",
            "<a xmlns='one'><![CDATA[<not> & markup]]></a>",
        ] {
            let element = read_element(text.as_bytes()).unwrap();
            for context in ["", "one", "other"] {
                let mut written = format!("<r xmlns='{context}'>");
                element.write(&mut written, context);
                written.push_str("</r>");
                let again = read_element(written.replace("<r xmlns=''>", "<r>").as_bytes()).unwrap();
                assert_eq!(again.elements().next(), Some(&element), "{written}");
            }
        }
    }

    #[test]
    fn text_skips_elements() {
        let element = read_element(b"<a xmlns='n'>one<b/>two</a>").unwrap();
        assert_eq!(element.text(), "onetwo");
        assert!(element.child("b", "n").is_some_and(|child| child.text().is_empty()));
        assert!(element.child("b", "m").is_none());
    }
}
