//! How an update stands inside an item: as text where XML can hold it, as base64 where not.
//!
//! `<update xmlns='urn:pushbench:update:0'>text</update>` or `<update … encoding='base64'>…</update>`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::namespaces as ns;
use super::xml::Element;

/// The encoding that is not plain text.
pub const ENCODING: &str = "base64";

/// The text to put in, and whether it is base64. A carriage return would come out as a line feed (XML 1.0 §2.11).
pub fn encode(payload: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(payload) {
        Ok(text) if !text.contains('\r') && rxml::strings::validate_cdata(text).is_ok() => (Cow::Borrowed(text), false),
        _ => (Cow::Owned(BASE64.encode(payload)), true),
    }
}

/// The payload again; `None` where the encoding is unknown or broken.
pub fn decode(text: String, encoding: Option<&str>) -> Option<Vec<u8>> {
    match encoding {
        None => Some(text.into_bytes()),
        Some(ENCODING) => BASE64.decode(text).ok(),
        Some(_) => None,
    }
}

/// The size of the update that `element` is; 0 where it is something else.
pub fn size(element: &Element) -> usize {
    if !element.is("update", ns::UPDATE) {
        return 0;
    }
    match element.attribute("encoding") {
        None => element.text().len(),
        Some(_) => decode(element.text().into_owned(), element.attribute("encoding")).map_or(0, |payload| payload.len()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocols::xmpp::reader::read_element;
    use crate::protocols::xmpp::xml::escape;

    fn there_and_back(payload: &[u8]) -> Option<Vec<u8>> {
        let (text, in_base64) = encode(payload);
        let encoding = if in_base64 { " encoding='base64'" } else { "" };
        let element = read_element(format!("<update xmlns='{}'{encoding}>{}</update>", ns::UPDATE, escape(&text)).as_bytes()).unwrap();
        assert_eq!(size(&element), payload.len());
        decode(element.text().into_owned(), element.attribute("encoding"))
    }

    #[test]
    fn text_stays_text_and_the_rest_survives() {
        assert_eq!(encode(b"pushbench 1 2 3 <x>"), ("pushbench 1 2 3 <x>".into(), false));
        for payload in [&b""[..], b" ", b"\n\t", b"\r\n", b"\0", b"]]>&<'\"", b"\xff\xfe", "\u{fffe}".as_bytes(), "ä€𝄞".as_bytes()] {
            assert_eq!(there_and_back(payload).as_deref(), Some(payload));
        }
        assert_eq!(decode("%".to_owned(), Some("base64")), None);
        assert_eq!(decode("x".to_owned(), Some("rot13")), None);
    }

    proptest! {
        #[test]
        fn any_bytes_survive(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(there_and_back(&payload), Some(payload));
        }
    }
}
