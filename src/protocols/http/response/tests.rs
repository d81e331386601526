//! Tables of what is read and what is refused, and properties: however a response is cut, the same comes out of it.

use proptest::prelude::*;

use super::*;

/// Everything that a reader says of a response that comes in these pieces and then ends: status, tag, body, reusable, used.
type Outcome = Result<(u16, Option<Vec<u8>>, Vec<u8>, bool, usize), Malformed>;

fn read(pieces: &[&[u8]]) -> Outcome {
    let mut reader = Reader::default();
    let mut before = 0;
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        if let Progress::Whole { response, used } = reader.read(piece)? {
            assert!(used <= piece.len());
            return Ok(own(&response, before + used));
        }
        assert!(reader.head.len() <= 2 * LARGEST_HEAD && reader.body.len() <= LARGEST_BODY);
        before += piece.len();
    }
    let response = reader.end()?;
    Ok(own(&response, before))
}

fn own(response: &Response<'_>, used: usize) -> (u16, Option<Vec<u8>>, Vec<u8>, bool, usize) {
    (response.status, response.tag.map(<[u8]>::to_vec), response.body.to_vec(), response.reusable, used)
}

fn bytewise(text: &[u8]) -> Outcome {
    read(&text.chunks(1).collect::<Vec<_>>())
}

/// Text, status, tag, body, reusable, bytes that are left over.
type Row = (&'static str, u16, Option<&'static str>, &'static str, bool, usize);

#[test]
fn responses_of_every_framing() {
    let table: &[Row] = &[
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, None, "ok", true, 0),
        ("HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nok", 200, None, "ok", true, 0),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, None, "", true, 0),
        ("HTTP/1.1 200 OK\r\nETag: \"a-1\"\r\nContent-Length: 1\r\n\r\nx", 200, Some("\"a-1\""), "x", true, 0),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 404", 200, None, "ok", true, 12),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nok", 200, None, "ok", true, 0),
        ("HTTP/1.1 304 Not Modified\r\nETag: \"b\"\r\nContent-Length: 1024\r\n\r\n", 304, Some("\"b\""), "", true, 0),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, None, "", true, 0),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, None, "", true, 0),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, None, "ok", true, 0),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: , Chunked ,\r\n\r\n0a;x=\"1\"\r\n0123456789\r\n1 \r\nA\r\n000\r\nTrailer: t\r\n\r\nrest",
            200,
            None,
            "0123456789A",
            true,
            4,
        ),
        ("HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 0\r\n\r\n", 200, None, "", false, 0),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, None, "", false, 0),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 200, None, "", true, 0),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, None, "until the end", false, 0),
        ("HTTP/1.1 200 OK\nContent-Length: 1\n\nx", 200, None, "x", true, 0),
        ("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", 999, None, "", true, 0),
    ];
    for (text, status, tag, body, reusable, left) in table {
        let expected = Ok((*status, tag.map(|tag| tag.as_bytes().to_vec()), body.as_bytes().to_vec(), *reusable, text.len() - left));
        assert_eq!(read(&[text.as_bytes()]), expected, "{text:?}");
        assert_eq!(bytewise(text.as_bytes()), expected, "{text:?}, byte by byte");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let long = |middle: &str, count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", middle.repeat(count));
    let chunked = |body: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let length = |value: &str| Malformed::Length(value.to_owned());
    let table: &[(String, Malformed)] = &[
        (String::new(), Malformed::CutShort),
        ("HTTP/1.1 200 OK\r\n".into(), Malformed::CutShort),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok".into(), Malformed::CutShort),
        ("220 mail ESMTP\r\n".into(), Malformed::Head(httparse::Error::Version)),
        ("HTTP/2 200\r\n\r\n".into(), Malformed::Head(httparse::Error::Version)),
        ("HTTP/1.1 20x OK\r\n\r\n".into(), Malformed::Head(httparse::Error::Status)),
        ("HTTP/1.1 200 OK\r\nA : 1\r\n\r\n".into(), Malformed::Head(httparse::Error::HeaderName)),
        ("HTTP/1.1 200 OK\r\nA: 1\r\n folded\r\n\r\n".into(), Malformed::Head(httparse::Error::HeaderName)),
        ("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n".into(), Malformed::Head(httparse::Error::HeaderValue)),
        ("HTTP/1.1 042 Odd\r\n\r\n".into(), Malformed::Status(42)),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n".into(), Malformed::Status(101)),
        (long("Field: value\r\n", MOST_FIELDS + 1), Malformed::TooManyFields),
        (long(&format!("Field: {}\r\n", "x".repeat(1_000)), 17), Malformed::HeadTooLarge),
        ("HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000), Malformed::HeadTooLarge),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".into(), length("2")),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n".into(), length("-1")),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n".into(), length("0x1")),
        ("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n".into(), length("")),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n".into(), Malformed::BodyTooLarge),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n".into(), Malformed::TwoLengths),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n".into(), Malformed::Coding("gzip, chunked".to_owned())),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n".into(), Malformed::Coding("chunked, chunked".to_owned())),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".into(), Malformed::Coding("chunked in HTTP/1.0".to_owned())),
        (chunked("\r\n"), Malformed::Chunk("a size is not a hexadecimal number")),
        (chunked("2\r\nokay"), Malformed::Chunk("a chunk is longer than its size")),
        (chunked("2\nok"), Malformed::Chunk("a size is not a hexadecimal number")),
        (chunked("2 ok\r\n"), Malformed::Chunk("a size is not a hexadecimal number")),
        (chunked("2\rok"), Malformed::Chunk("the line of a size does not end with CR LF")),
        (chunked("2;a\nok"), Malformed::Chunk("a line ends without CR")),
        (chunked("00000000000000002\r\nok"), Malformed::Chunk("a size has too many digits")),
        (chunked("fffffffffffffff\r\n"), Malformed::BodyTooLarge),
        (chunked("0\r\nTrailer: t\r!"), Malformed::Chunk("a trailer's line does not end with CR LF")),
        (chunked("0\r\n\n"), Malformed::Chunk("a line ends without CR")),
        (chunked(&format!("0\r\n{}", "Trailer: t\r\n".repeat(5_000))), Malformed::Chunk("extensions and trailers are too large")),
        (chunked(&format!("1;{}", "x".repeat(20_000))), Malformed::Chunk("extensions and trailers are too large")),
        (chunked("2\r\nok\r\n"), Malformed::CutShort),
    ];
    for (text, malformed) in table {
        let shown: String = text.chars().take(80).collect();
        assert_eq!(read(&[text.as_bytes()]).as_ref(), Err(malformed), "{shown:?}");
        assert_eq!(bytewise(text.as_bytes()).as_ref(), Err(malformed), "{shown:?}, byte by byte");
        assert!(!malformed.to_string().is_empty());
    }
}

#[test]
fn a_body_of_any_size_up_to_the_limit_and_no_larger() {
    let body = vec![b'x'; 1 << 20];
    let mut pieces: Vec<&[u8]> = vec![b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"];
    pieces.extend(std::iter::repeat_n(&body[..], 64));
    assert_eq!(read(&pieces).map(|outcome| outcome.2.len()), Ok(LARGEST_BODY));
    pieces.push(b"x");
    assert_eq!(read(&pieces), Err(Malformed::BodyTooLarge));
    let mut chunk: Vec<&[u8]> = vec![b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"];
    for _ in 0..65 {
        chunk.extend([&b"100000\r\n"[..], &body, b"\r\n"]);
    }
    assert_eq!(read(&chunk), Err(Malformed::BodyTooLarge));
}

/// Pieces of responses, good and bad, so that random ones get far into the parser.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n",
        "HTTP/1.0 404 \r\n",
        "Content-Length: 5\r\n",
        "Content-Length: 12, 12\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n",
        "ETag: \"a-1\"\r\n",
        "\r\n",
        "\r\n\r\n",
        "5\r\nhello\r\n",
        "0\r\n\r\n",
        "c;x=y\r\n",
        "hello, world",
        "0\r\nTrailer: t\r\n\r\n",
    ];
    prop_oneof![
        4 => prop::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}

/// A response that is right, with its body.
fn right() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (prop::collection::vec(any::<u8>(), 0..300), prop::collection::vec(1_usize..40, 0..12), any::<bool>()).prop_map(|(body, sizes, chunked)| {
        let mut text = b"HTTP/1.1 200 OK\r\nETag: \"t\"\r\n".to_vec();
        if chunked {
            text.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            let mut rest = &body[..];
            for size in sizes.into_iter().chain(std::iter::repeat(64)) {
                let (chunk, after) = rest.split_at(size.min(rest.len()));
                if chunk.is_empty() {
                    break;
                }
                text.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                text.extend_from_slice(chunk);
                text.extend_from_slice(b"\r\n");
                rest = after;
            }
            text.extend_from_slice(b"0\r\n\r\n");
        } else {
            text.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            text.extend_from_slice(&body);
        }
        (text, body)
    })
}

fn cut<'a>(text: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = text;
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            return pieces;
        }
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_right_response_is_read_however_it_is_cut((text, body) in right(), sizes in prop::collection::vec(1_usize..50, 1..10)) {
        let expected = Ok((200, Some(b"\"t\"".to_vec()), body, true, text.len()));
        prop_assert_eq!(read(&[&text]), expected.clone());
        prop_assert_eq!(read(&cut(&text, &sizes)), expected);
    }

    #[test]
    fn anything_else_is_judged_alike_however_it_is_cut(fragments in prop::collection::vec(fragment(), 0..12), sizes in prop::collection::vec(1_usize..50, 1..10)) {
        let text = fragments.concat();
        let whole = read(&[&text]);
        prop_assert_eq!(read(&cut(&text, &sizes)), whole.clone());
        prop_assert_eq!(bytewise(&text), whole);
    }

    #[test]
    fn garbage_is_refused(mut bytes in prop::collection::vec(any::<u8>(), 1..2_000)) {
        // Nothing that begins like this is a response.
        bytes[0] = bytes[0].max(b'I');
        prop_assert!(matches!(read(&[&bytes]), Err(Malformed::Head(_))));
    }
}
