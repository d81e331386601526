//! The lean reader against what other people's servers may send, and against the server's own reader, which builds trees.

use std::borrow::Cow;

use proptest::prelude::*;

use super::model::{read, strictly};
use super::reader::{Broken, LARGEST, Reader};
use super::splitter::DEEPEST;
use super::stanza::Arrival;

/// How servers begin a stream: with a default namespace for stanzas, or with a prefix for everything.
const DEFAULT: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
const PREFIXED: &str = "<stream xmlns=\"http://etherx.jabber.org/streams\" xmlns:c=\"jabber:client\" xmlns:e=\"http://jabber.org/protocol/pubsub#event\"\n>";

fn carries(update: &str) -> Arrival<'static> {
    Arrival::Message(Some(Cow::Owned(update.as_bytes().to_vec())))
}

fn answer(id: u64, refusal: Option<&str>) -> Arrival<'static> {
    Arrival::Answer(Some(id), refusal.map(str::to_owned))
}

fn request(id: &str, from: Option<&str>, is_ping: bool) -> Arrival<'static> {
    Arrival::Request { id: id.to_owned(), from: from.map(str::to_owned), is_ping }
}

/// A notification with this inside its `<items/>`.
fn notification(items: &str) -> String {
    format!("<message from='pubsub.localhost'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n'>{items}</items></event></message>")
}

fn item(update: &str) -> String {
    format!("<item id='1'><update xmlns='urn:pushbench:update:0'{update}</item>")
}

#[test]
fn what_servers_send() {
    let message = |inside: &str| (DEFAULT, notification(inside));
    let plain = |text: &str| (DEFAULT, text.to_owned());
    for ((header, text), expected) in [
        (message(&item(">one</update>")), carries("one")),
        (message(&item("/>")), carries("")),
        (message(&item("> a\n\t&lt;&amp;&gt;&apos;&quot;&#65;&#x1F4E8; </update>")), carries(" a\n\t<&>'\"A\u{1F4E8} ")),
        (message(&item("><![CDATA[<b>]] & ]>]]>x<![CDATA[]]></update>")), carries("<b>]] & ]>x")),
        (message(&item(">a\r\nb\rc&#13;</update>")), carries("a\nb\nc\r")),
        (message(&item(" encoding=\"base64\">AP8=</update>")), Arrival::Message(Some(Cow::Borrowed(b"\0\xff")))),
        (message(&item(" encoding='base64'>%</update>")), Arrival::Message(None)),
        (message(&item(" encoding='rot13'>x</update>")), Arrival::Message(None)),
        // Text directly inside counts, as in the library.
        (message(&item(">a<b xmlns='x'>c</b>d</update>")), carries("ad")),
        // The first of several counts, where it stands.
        (message(&(item(">one</update>") + &item(">two</update>"))), carries("one")),
        (message(&format!("<item id='0'/>{}", item(">two</update>"))), Arrival::Message(None)),
        (
            message(
                "<item><other xmlns='x'><update xmlns='urn:pushbench:update:0'>no</update></other><update xmlns='urn:pushbench:update:0'>yes</update></item>",
            ),
            carries("yes"),
        ),
        (message("<item><update>no</update></item>"), Arrival::Message(None)),
        (message("<retract id='1'/>"), Arrival::Message(None)),
        (plain("<message><body>event</body></message>"), Arrival::Message(None)),
        (plain("<presence from='a@b/c'/>"), Arrival::Presence),
        (plain("<presence><show xmlns='jabber:client'>away</show></presence\n>"), Arrival::Presence),
        (plain("<iq id='7' type='result'/>"), answer(7, None)),
        (plain("<iq type=\"result\" id=\"&#55;\" from='pubsub.localhost' ><pubsub xmlns='p'/></iq>"), answer(7, None)),
        (plain("<iq id='theirs' type='result'/>"), Arrival::Answer(None, None)),
        (
            plain(
                "<iq id='8' type='error'><query xmlns='q'><error/></query><error type='cancel'><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no</text><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
            ),
            answer(8, Some("item-not-found")),
        ),
        (plain("<iq id='9' type='error'/>"), answer(9, Some("undefined-condition"))),
        (plain("<iq type='get' id='p' from='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"), request("p", Some("localhost"), true)),
        (plain("<iq type='get' id='p'><p:ping xmlns:p='urn:xmpp:ping'/></iq>"), request("p", None, true)),
        (plain("<iq type='set' id='&lt;&apos;'><query xmlns='q'><ping xmlns='urn:xmpp:ping'/></query></iq>"), request("<'", None, false)),
        (plain("<iq type='get' id='p'><ping xmlns='other'/></iq>"), request("p", None, false)),
        (
            plain(
                "<stream:error><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>!</text><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
            ),
            Arrival::StreamError("system-shutdown".to_owned()),
        ),
        (plain("</stream:stream>"), Arrival::Footer),
        (plain("</stream:stream >after the end nothing counts"), Arrival::Footer),
        ((PREFIXED, "</stream>".to_owned()), Arrival::Footer),
        ((PREFIXED, "<c:presence a='>' b=\"'/>\"/>".to_owned()), Arrival::Presence),
        (
            (
                PREFIXED,
                "<c:message><e:event><e:items><e:item><u:update xmlns:u='urn:pushbench:update&#58;0'>x</u:update></e:item></e:items></e:event></c:message>"
                    .to_owned(),
            ),
            carries("x"),
        ),
        // A prefix means what the nearest declaration says.
        (
            (
                PREFIXED,
                "<c:message><e:event xmlns:e='other'><e:items><e:item><update xmlns='urn:pushbench:update:0'/></e:item></e:items></e:event></c:message>"
                    .to_owned(),
            ),
            Arrival::Message(None),
        ),
    ] {
        let whole = format!("{header}{text}");
        let expected = Ok(vec![expected]);
        assert_eq!(read(&[whole.as_bytes()]), expected, "{whole}");
        for cut in 0..whole.len() {
            let (one, two) = whole.as_bytes().split_at(cut);
            assert_eq!(read(&[one, two]), expected, "cut at {cut}: {whole}");
        }
        assert_eq!(read(&whole.as_bytes().chunks(1).collect::<Vec<_>>()), expected, "byte by byte: {whole}");
    }
}

#[test]
fn what_is_forbidden_or_broken_is_named() {
    let deep = "<a>".repeat(DEEPEST as usize + 1);
    let many = format!("<message {}/>", (0..200).map(|index| format!("xmlns:p{index}='u' ")).collect::<String>());
    for (text, word) in [
        ("<!-- x -->", "comment"),
        ("<!DOCTYPE x>", "document type"),
        ("<message><!-- x --></message>", "comment"),
        ("<message><![CDATX[", "comment"),
        ("<?php x?>", "processing instruction"),
        ("<message><?php x?></message>", "processing instruction"),
        ("<message>&nbsp;</message>", "entity"),
        ("<message>&#0;</message>", "not permitted"),
        ("<message>&#x8;</message>", "character"),
        ("<message>&</message>", "reference"),
        ("<message>\u{1}</message>", "character"),
        ("<message>\u{FFFE}</message>", "character"),
        ("<message></iq>", "iq"),
        ("<message a='1' a='2'/>", "duplicate"),
        ("<message a=1/>", "enclosed"),
        ("<message a='<'/>", "attribute"),
        ("<message <", "tag in a tag"),
        ("< message/>", "without a name"),
        ("<p:message/>", "prefix"),
        ("<message><p:x/></message>", "prefix"),
        ("<![CDATA[x]]>", "between stanzas"),
        ("hello <message/>", "between stanzas"),
        ("<resumed xmlns='urn:xmpp:sm:3'/>", "unexpected <resumed xmlns='urn:xmpp:sm:3'>"),
        ("<message xmlns='jabber:server'/>", "unexpected <message xmlns='jabber:server'>"),
        ("<iq id='1'/>", "without a type"),
        ("<iq type='get'/>", "without an id"),
        ("</other>", "unexpected <other>"),
        (deep.as_str(), "deeper than 64"),
        (many.as_str(), "128"),
    ] {
        let broken = read(&[DEFAULT.as_bytes(), text.as_bytes()]).expect_err(text).to_string();
        assert!(broken.to_lowercase().contains(word), "{text}: {broken}");
    }
    assert!(read(&[DEFAULT.as_bytes(), b"<message>\xff</message>"]).unwrap_err().to_string().contains("UTF-8"));
    for (header, word) in [
        ("<html>", "unexpected <html>"),
        ("<stream:stream/>", "without content"),
        ("</a>", "without a start"),
        ("<?xmlx?>", "instruction"),
        ("HTTP/1.1", "between"),
    ] {
        assert!(read(&[header.as_bytes()]).unwrap_err().to_string().contains(word), "{header}");
    }
}

#[test]
fn no_stream_fills_the_memory() {
    // A stanza that never ends, an attribute, character data, a header: each is given up, and little more is kept than allowed.
    for endless in ["<message><body>", "<message a='", "<message><![CDATA[", "<message ", "<message></"] {
        let mut reader = Reader::default();
        reader.feed(DEFAULT.as_bytes(), |_| ()).unwrap();
        reader.feed(endless.as_bytes(), |_| ()).unwrap();
        let (piece, mut fed) = ([b'x'; 64 * 1024], 0);
        let broken = loop {
            fed += piece.len();
            assert!(fed < LARGEST + 2 * piece.len(), "{endless}");
            if let Err(broken) = reader.feed(&piece, |_| ()) {
                break broken;
            }
        };
        let is_tag = endless.starts_with("<message ");
        assert_eq!(broken, if is_tag { Broken::LargeTag } else { Broken::TooLarge }, "{endless}");
        assert!(is_tag || fed > LARGEST - piece.len());
    }
    // White space between stanzas is let go as it comes, and so is the memory of a stanza that came in two.
    let mut reader = Reader::default();
    reader.feed(DEFAULT.as_bytes(), |_| ()).unwrap();
    for _ in 0..1_000 {
        reader.feed(&[b' '; 64 * 1024], |_| ()).unwrap();
        reader.feed(b"<presence", |_| ()).unwrap();
        reader.feed(b"/>\n", |_| ()).unwrap();
        assert_eq!(reader.kept(), 0);
    }
}

#[test]
fn a_stanza_in_many_pieces_is_looked_at_once() {
    // Were it read from its beginning with every byte, this would take hours.
    let large = format!("{DEFAULT}{}", notification(&item(&format!(">{}</update>", "x".repeat(2_000_000)))));
    let mut reader = Reader::default();
    let mut size = 0;
    for byte in large.as_bytes().chunks(1) {
        reader
            .feed(byte, |arrival| {
                if let Arrival::Message(Some(update)) = arrival {
                    size = update.len()
                }
            })
            .unwrap();
    }
    assert_eq!(size, 2_000_000);
}

/// Pieces of which streams are put together.
fn stanza() -> impl Strategy<Value = String> {
    let text = prop_oneof!["[a-zA-Z0-9 äß€]{0,12}", Just("&amp;&lt;&#x41;&#10;".to_owned()), Just("<![CDATA[<x>&]]>".to_owned()), Just("\r\n".to_owned())];
    let update = prop_oneof![
        text.clone().prop_map(|text| format!("<update xmlns='urn:pushbench:update:0'>{text}</update>")),
        text.clone().prop_map(|text| format!("<u:update xmlns:u=\"urn:pushbench:update:0\" >{text}<u:x/>{text}</u:update >")),
        Just("<update xmlns='urn:pushbench:update:0' encoding='base64'>AP8=</update>".to_owned()),
        Just("<entry xmlns='other'><update/></entry>".to_owned()),
    ];
    let items = proptest::collection::vec(update, 0..3).prop_map(|updates| updates.iter().map(|update| format!("<item>{update}</item>")).collect::<String>());
    prop_oneof![
        items.prop_map(|items| notification(&items)),
        text.prop_map(|text| format!("<message to=\"a@b\"><body>{text}</body></message>")),
        "[0-9]{1,3}".prop_map(|id| format!("<iq type='result' id='{id}'/>")),
        Just("<iq type='error' id='4'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>".to_owned()),
        Just("<iq id=\"p\" from='localhost' type='get'><ping xmlns='urn:xmpp:ping'/></iq>".to_owned()),
        Just("<presence/>".to_owned()),
        Just(" \n".to_owned()),
    ]
}

fn stream() -> impl Strategy<Value = String> {
    proptest::collection::vec(stanza(), 0..6).prop_map(|stanzas| format!("{DEFAULT}{}", stanzas.concat()))
}

proptest! {
    #[test]
    fn valid_streams_say_the_same_as_their_trees_however_they_are_cut(stream in stream(), cuts in proptest::collection::vec(0.0..1.0, 0..12)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut: &f64| (cut * stream.len() as f64) as usize).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([stream.len()]) {
            pieces.push(&stream.as_bytes()[from..cut]);
            from = cut;
        }
        let expected = strictly(stream.as_bytes());
        prop_assert!(expected.is_some(), "{}", stream);
        prop_assert_eq!(read(&pieces).ok(), expected, "{}", stream);
    }

    // Closed, so that a strict reader has looked at everything; how white space is normalised is tested above.
    #[test]
    fn damaged_streams_are_read_alike_or_refused(stream in stream(), at in 0.0..1.0, with in any::<u8>(), cut in 0.0..1.0) {
        prop_assume!(!b"\t\r\n".contains(&with));
        let mut bytes = (stream + "</stream:stream>").into_bytes();
        let place = |share: f64, of: usize| (share * of as f64) as usize;
        let at = place(at, bytes.len());
        bytes[at] = with;
        let (one, two) = bytes.split_at(place(cut, bytes.len()));
        let (whole, parts) = (read(&[&bytes]), read(&[one, two]));
        prop_assert_eq!(whole.is_ok(), parts.is_ok());
        // What a strict reader takes is taken, and means the same.
        if let Some(expected) = strictly(&bytes).filter(|arrivals| arrivals.last() == Some(&Arrival::Footer)) {
            prop_assert_eq!(whole, Ok(expected), "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), after_header in any::<bool>()) {
        let header = if after_header { DEFAULT.as_bytes() } else { b"" };
        let _ = read(&[header, &bytes]);
    }

    #[test]
    fn markup_at_random_never_panics(text in "[<>/!?'\"&;=a:x \\-\\[\\]CDAT#0]{0,80}") {
        let _ = read(&[DEFAULT.as_bytes(), text.as_bytes()]);
    }
}
