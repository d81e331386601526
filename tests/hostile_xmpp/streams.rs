//! Bytes that are no stream, no XML, or too much of it.

use crate::server::{Stand, ends_with, pour};
use crate::support::{HEADER, Raw};

const STREAMS: &str = "http://etherx.jabber.org/streams";

fn closed(condition: &str) -> String {
    format!("stream error `{condition}`, closed")
}

fn header(namespace: &str, to: &str, version: &str) -> Vec<u8> {
    format!("<stream:stream xmlns='jabber:client' xmlns:stream='{namespace}' to='{to}' {version}>").into_bytes()
}

fn in_stream(text: &str) -> Vec<u8> {
    format!("{HEADER}{text}").into_bytes()
}

fn many(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).map(each).collect()
}

fn bomb() -> String {
    let levels = many(9, |level| format!("<!ENTITY lol{} '{}'>", level + 1, format!("&lol{level};").repeat(10)));
    format!("<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol0 'lol'>{levels}]><stream:stream>&lol9;</stream:stream>")
}

fn utf_16(text: &str) -> Vec<u8> {
    [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

pub async fn before_login(stand: &mut Stand) {
    let version = "version='1.0'";
    let (laughs, long) = (bomb().into_bytes(), "x".repeat(20_000));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), "not-well-formed"),
        ("a TLS handshake where nobody asked for one", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), "not-well-formed"),
        ("a header in UTF-16", utf_16(HEADER), "unsupported-encoding"),
        ("bytes that are not UTF-8", [HEADER.as_bytes(), b"<auth>\xff\xfe</auth>"].concat(), "unsupported-encoding"),
        ("a NUL", in_stream("<auth>\0</auth>"), "not-well-formed"),
        ("a billion laughs: entities of entities", laughs, "restricted-xml"),
        ("a document type", b"<!DOCTYPE x>".to_vec(), "restricted-xml"),
        ("an entity", in_stream("<auth>&x;</auth>"), "restricted-xml"),
        ("a comment", in_stream("<!-- x -->"), "restricted-xml"),
        ("a processing instruction", in_stream("<?php x?>"), "restricted-xml"),
        ("a header of another namespace", header("urn:other", "localhost", version), "invalid-namespace"),
        ("a root that is no stream", format!("<stream:other xmlns:stream='{STREAMS}'>").into_bytes(), "bad-format"),
        ("a header for another host", header(STREAMS, "example.org", version), "host-unknown"),
        ("a header without a version", header(STREAMS, "localhost", ""), "unsupported-version"),
        ("a header of version 0.9", header(STREAMS, "localhost", "version='0.9'"), "unsupported-version"),
        ("tags that do not match", in_stream("<a></b>"), "not-well-formed"),
        ("an attribute twice", in_stream("<a b='1' b='2'/>"), "not-well-formed"),
        ("a prefix that is not declared", in_stream("<a:b/>"), "not-well-formed"),
        ("text between stanzas", in_stream("hello"), "bad-format"),
        ("a stanza between servers", in_stream("<message xmlns='jabber:server'/>"), "invalid-namespace"),
        ("an element that is none of XMPP's", in_stream("<x xmlns='urn:other'/>"), "unsupported-stanza-type"),
        ("before login, an element of 20,000 bytes", in_stream(&format!("<auth>{long}")), "policy-violation"),
        ("a SASL message of 20,000 bytes", in_stream(&format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{long}")), "policy-violation"),
        ("an attribute of 20,000 bytes", in_stream(&format!("<a b='{long}")), "policy-violation"),
        ("a name of 20,000 bytes", in_stream(&format!("<{long}")), "policy-violation"),
        ("4,000 attributes in a tag that does not end", in_stream(&format!("<a{}", many(4_000, |number| format!(" a{number}=''")))), "policy-violation"),
        ("4,000 namespaces in a tag that does not end", in_stream(&format!("<a{}", many(4_000, |number| format!(" xmlns:a{number}='u'")))), "policy-violation"),
        ("a header whose tag does not end", header(STREAMS, &long, version), "policy-violation"),
        ("elements nested 65 deep", in_stream(&"<a>".repeat(65)), "policy-violation"),
    ];
    for (tried, bytes, condition) in cases {
        let mut raw = Raw::connect(&stand.address).await;
        pour(&mut raw, &bytes).await;
        let rest = raw.rest().await;
        let expected = format!("<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
        assert!(rest.starts_with("<?xml version='1.0'?><stream:stream ") && rest.ends_with(&expected), "{tried}: {rest}");
        stand.saw(tried, &closed(condition)).await;
    }
}

pub async fn after_login(stand: &mut Stand) {
    let large = format!("<message><body>{}", "x".repeat(8 << 20));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("after login, a stanza of 8 MiB", large.into_bytes(), "policy-violation"),
        ("a stanza of 20,000 empty elements", format!("<message>{}", "<a/>".repeat(20_000)).into_bytes(), "policy-violation"),
        ("after login, attributes without end", format!("<message{}", many(100_000, |number| format!(" a{number}=''"))).into_bytes(), "policy-violation"),
        ("after login, nested without end", "<a>".repeat(1_000_000).into_bytes(), "policy-violation"),
        ("after login, a document type", b"<!DOCTYPE x [<!ENTITY y 'z'>]>".to_vec(), "restricted-xml"),
        ("after login, bytes that are not UTF-8", b"<message>\xc3\x28</message>".to_vec(), "unsupported-encoding"),
        ("a stanza in somebody else's name", b"<message from='somebody@localhost'/>".to_vec(), "invalid-from"),
        ("after login, an element that is none of XMPP's", b"<other/>".to_vec(), "unsupported-stanza-type"),
    ];
    for (tried, bytes, condition) in cases {
        let mut raw = stand.bound().await;
        let before = stand.memory();
        pour(&mut raw, &bytes).await;
        ends_with(&mut raw, condition).await;
        let grown = stand.memory().saturating_sub(before);
        assert!(grown < 64, "{tried}: {grown} MiB");
        stand.saw(tried, &closed(condition)).await;
    }
}
