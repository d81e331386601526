//! HTTP: the server's connection and the lean client's parser.

use super::stream::{Spoken, cuts, wait};
use crate::contender::Limits;
use crate::measure::ledger::{Ledger, Leg};
use crate::protocols::http::response::{Malformed, Progress, Reader, Response};
use crate::protocols::http::server::serve_one;

/// A response whose parts are its own: status, entity tag, body, whether its connection can be used again.
pub(super) type Owned = (u16, Option<Vec<u8>>, Vec<u8>, bool);

fn owned(response: &Response<'_>) -> Owned {
    (response.status, response.tag.map(<[u8]>::to_vec), response.body.to_vec(), response.reusable)
}

/// What the client makes of a response: it, how many bytes were its own, or why it is none.
fn read(pieces: &[&[u8]]) -> Result<(Owned, usize), Malformed> {
    let (mut reader, mut before) = (Reader::default(), 0);
    for piece in pieces {
        if let Progress::Whole { response, used } = reader.read(piece)? {
            assert!(used <= piece.len(), "more was used than there is");
            return Ok((owned(&response), before + used));
        }
        before += piece.len();
    }
    Ok((owned(&reader.end()?), before))
}

/// Bytes as a response: whichever way they are cut, the client reads the same; a body is what the framing says, by httparse's account too.
pub fn http_response(bytes: &[u8]) {
    let whole = read(&[bytes]);
    for pieces in cuts(bytes) {
        assert_eq!(read(&pieces), whole);
    }
    let Ok(((status, _, body, _), used)) = whole else { return };
    assert!((200..=999).contains(&status), "an interim response was taken for one");
    let framed = &bytes[..used];
    // Without chunks the body is the end of what was used.
    if !framed.ends_with(&body) {
        // Wherever the head may end: httparse lets lines of it end without CR.
        let by_another = (0..framed.len()).find_map(|at| unchunked(&framed[at..], &body));
        assert!(by_another.is_some(), "no chunks make up this body");
    }
}

/// The body again, read by httparse: nothing where chunks do not begin here.
fn unchunked(mut text: &[u8], expected: &[u8]) -> Option<()> {
    let mut body = Vec::new();
    loop {
        let Ok(httparse::Status::Complete((line, size))) = httparse::parse_chunk_size(text) else { return None };
        let size = usize::try_from(size).ok()?;
        text = text.get(line..)?;
        if size == 0 {
            return (body == expected).then_some(());
        }
        body.extend_from_slice(text.get(..size)?);
        text = text.get(size + 2..)?;
    }
}

/// What the server says to some bytes, and how many responses it counted.
fn answer(pieces: Vec<&[u8]>) -> (Vec<u8>, u64) {
    let (ledger, mut stream) = (Ledger::default(), Spoken::new(pieces));
    wait(serve_one(&mut stream, Limits { payload: 1_000, topics: 4, ..Limits::default() }, ledger.meter()));
    assert_eq!(ledger.connections_held(), 0, "the connection is still held");
    let counted = [Leg::Subscriber, Leg::Publisher, Leg::Witness].map(|leg| ledger.traffic(leg).responses.values().sum::<u64>());
    (stream.answer, counted.iter().sum())
}

/// Bytes as what a client says: whatever the server answers is HTTP, each response is counted, and where the bytes are cut changes nothing.
pub fn http_request(bytes: &[u8]) {
    let [_, pieces] = cuts(bytes);
    let ((whole, counted), (parts, _)) = (answer(vec![bytes]), answer(pieces));
    // The response to HEAD says how long a body would be that does not come: no reader can know without the request.
    if bytes.windows(4).any(|four| four == b"HEAD") {
        return;
    }
    let (whole, parts) = (responses(&whole), responses(&parts));
    // hyper looks at what came in pieces again once there is an empty line: what is no head may then be refused later, or not before the end.
    let same = whole.iter().zip(&parts).take_while(|(one, other)| one == other).count();
    let refusals = |rest: &[Owned]| rest.iter().all(|(status, ..)| matches!(status, 400 | 431));
    // It closes behind the answer to a request whose body it did not read, be it refused or a GET: how much was still to come hangs on the pieces.
    let has_body = [&b"content-length"[..], b"transfer-encoding"].iter().any(|name| bytes.windows(name.len()).any(|field| field.eq_ignore_ascii_case(name)));
    let one_ends = whole.len().min(parts.len()) == same && same > 0 && (has_body || whole[same - 1].0 >= 400);
    assert!(one_ends || refusals(&whole[same..]) && refusals(&parts[same..]), "the pieces make a difference: {whole:?} or {parts:?}");
    assert!(whole.len() as u64 <= counted, "{} responses, {counted} of them counted", whole.len());
}

/// Takes apart what a server said, which must be responses and nothing else.
pub(super) fn responses(mut text: &[u8]) -> Vec<Owned> {
    let mut responses = Vec::new();
    while !text.is_empty() {
        match Reader::default().read(text) {
            Ok(Progress::Whole { response, used }) => {
                // Tags are of the server's own time.
                let (status, _, body, reusable) = owned(&response);
                responses.push((status, None, body, reusable));
                text = &text[used..];
            }
            other => panic!("the server said what is no response: {other:?} in {}", String::from_utf8_lossy(text)),
        }
    }
    responses
}
