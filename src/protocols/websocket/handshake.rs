//! The opening handshake (RFC 6455 §4), both sides of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest as _, Sha1};

use super::deflate;

/// Largest head of a request or response that is read, bytes.
pub const LARGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;
/// RFC 6455 §1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const NAME: &str = "permessage-deflate";

/// What a server has to offer.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// The one path.
    pub path: &'static str,
    /// Subprotocols that it speaks; the first of the client's that is among them is taken.
    pub subprotocols: &'static [&'static str],
    /// Whether it compresses where the client wishes so.
    pub deflate: bool,
}

/// What came of the bytes of a request so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// More is needed.
    Partial,
    /// The request is good.
    Accepted(Accepted),
    /// It is not; this is to be answered, and the connection closed.
    Refused {
        /// The status code.
        status: u16,
        /// The whole response.
        response: String,
    },
}

/// A handshake that both sides agree on.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The whole response.
    pub response: String,
    /// Bytes of the request: what follows them are frames.
    pub length: usize,
    /// The subprotocol that was agreed on, if any.
    pub subprotocol: Option<&'static str>,
    /// The window by which the server compresses, where that was agreed on.
    pub window: Option<u8>,
}

/// Reads a client's request and answers it.
pub fn answer(bytes: &[u8], offer: &Offer) -> Outcome {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= LARGEST_HEAD => length,
        Ok(httparse::Status::Partial) if bytes.len() <= LARGEST_HEAD => return Outcome::Partial,
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return refuse(431, "Request Header Fields Too Large", "", "the request is too long"),
        Err(_) => return refuse(400, "Bad Request", "", "this is no HTTP request"),
    };
    let headers = Headers(request.headers);
    if request.method != Some("GET") {
        return refuse(405, "Method Not Allowed", "Allow: GET\r\n", "a WebSocket begins with a GET");
    }
    if request.version != Some(1) {
        return refuse(400, "Bad Request", "", "a WebSocket begins in HTTP/1.1");
    }
    let path = request.path.unwrap_or_default();
    if path.split('?').next() != Some(offer.path) {
        return refuse(404, "Not Found", "", &format!("the WebSocket is at {}", offer.path));
    }
    if !headers.has("upgrade", "websocket") || !headers.has("connection", "upgrade") {
        return refuse(426, "Upgrade Required", "Upgrade: websocket\r\nConnection: Upgrade\r\n", "this is a WebSocket server");
    }
    if headers.of("host").is_none() {
        return refuse(400, "Bad Request", "", "the request has no Host");
    }
    if headers.of("sec-websocket-version") != Some("13") {
        return refuse(426, "Upgrade Required", "Sec-WebSocket-Version: 13\r\n", "the version must be 13");
    }
    let key = match headers.of("sec-websocket-key") {
        Some(key) if BASE64.decode(key).is_ok_and(|key| key.len() == 16) => key,
        _ => return refuse(400, "Bad Request", "", "Sec-WebSocket-Key is not 16 bytes in base64"),
    };
    let wished = headers.all("sec-websocket-protocol");
    let subprotocol = wished.iter().find_map(|wish| offer.subprotocols.iter().find(|ours| *ours == wish).copied());
    let compression = if offer.deflate { deflate::accept(&headers.all("sec-websocket-extensions").join(",")) } else { None };
    let mut response = format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n", accept_of(key));
    if let Some(subprotocol) = subprotocol {
        response.push_str(&format!("Sec-WebSocket-Protocol: {subprotocol}\r\n"));
    }
    if let Some((extension, _)) = &compression {
        response.push_str(&format!("Sec-WebSocket-Extensions: {extension}\r\n"));
    }
    response.push_str("\r\n");
    Outcome::Accepted(Accepted { response, length, subprotocol, window: compression.map(|(_, window)| window) })
}

/// What a server that is full says, whatever it was asked.
pub fn busy() -> String {
    respond(503, "Service Unavailable", "Retry-After: 1\r\n", "the server has as many connections as it may")
}

/// What a client is told that never came to the end of its request.
pub fn too_slow() -> String {
    respond(408, "Request Timeout", "", "the request took too long")
}

fn refuse(status: u16, phrase: &str, headers: &str, why: &str) -> Outcome {
    Outcome::Refused { status, response: respond(status, phrase, headers, why) }
}

fn respond(status: u16, phrase: &str, headers: &str, why: &str) -> String {
    format!(
        "HTTP/1.1 {status} {phrase}\r\n{headers}Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{why}\n",
        why.len() + 1
    )
}

/// What the server must answer to this key (§4.2.2).
fn accept_of(key: &str) -> String {
    BASE64.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// A client's request.
#[derive(Debug)]
pub struct Request {
    /// The text to send.
    pub text: String,
    key: String,
    subprotocol: String,
    deflate: bool,
}

/// What the server agreed to.
#[derive(Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Bytes of the response: what follows them are frames.
    pub length: usize,
    /// Its `Sec-WebSocket-Extensions`.
    pub extensions: Option<String>,
}

impl Request {
    /// For this host and path, with 16 random bytes, a subprotocol, and perhaps a wish to compress.
    pub fn new(host: &str, path: &str, nonce: [u8; 16], subprotocol: &str, deflate: bool) -> Self {
        let key = BASE64.encode(nonce);
        // Neither side keeps a window over messages: then the server compresses once for all who get an update.
        let extensions =
            if deflate { format!("Sec-WebSocket-Extensions: {NAME}; server_no_context_takeover; client_no_context_takeover\r\n") } else { String::new() };
        let text = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {subprotocol}\r\n{extensions}\r\n"
        );
        Self { text, key, subprotocol: subprotocol.to_owned(), deflate }
    }

    /// Reads the server's response; `None` where more is needed.
    ///
    /// # Errors
    /// The server refuses, or its answer is not one to this request (§4.1): a sentence says how.
    pub fn read(&self, bytes: &[u8]) -> Result<Option<Agreed>, String> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let length = match response.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if bytes.len() <= LARGEST_HEAD => return Ok(None),
            Ok(httparse::Status::Partial) => return Err("the response is too long".to_owned()),
            Err(error) => return Err(format!("the response is no HTTP: {error}")),
        };
        let headers = Headers(response.headers);
        if response.code != Some(101) {
            let body = String::from_utf8_lossy(&bytes[length..]);
            return Err(format!("{} {}: {}", response.code.unwrap_or_default(), response.reason.unwrap_or_default(), body.trim()));
        }
        if !headers.has("upgrade", "websocket") || !headers.has("connection", "upgrade") {
            return Err("the response does not upgrade to a WebSocket".to_owned());
        }
        if headers.of("sec-websocket-accept") != Some(&accept_of(&self.key)) {
            return Err("the response does not belong to the request: Sec-WebSocket-Accept is wrong".to_owned());
        }
        // What was not asked for cannot have been agreed on (§4.1).
        if headers.all("sec-websocket-protocol").iter().any(|one| *one != self.subprotocol) {
            return Err(format!("the server chose another subprotocol than {:?}, which it was asked for", self.subprotocol));
        }
        let extensions = headers.all("sec-websocket-extensions");
        let is_asked = |extension: &str| self.deflate && extension.split(';').next().is_some_and(|name| name.trim() == NAME);
        if extensions.len() > 1 || !extensions.iter().all(|extension| is_asked(extension)) {
            return Err(format!("the server chose extensions that it was not asked for: {}", extensions.join(", ")));
        }
        Ok(Some(Agreed { length, extensions: (!extensions.is_empty()).then(|| extensions.join(", ")) }))
    }
}

/// Headers, looked up without regard to case.
struct Headers<'a>(&'a [httparse::Header<'a>]);

impl<'a> Headers<'a> {
    /// The value of a header that may stand once.
    fn of(&self, name: &str) -> Option<&'a str> {
        let header = self.0.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok().map(str::trim)
    }

    /// All members of a list, over all headers of that name.
    fn all(&self, name: &str) -> Vec<&'a str> {
        let named = self.0.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        let values = named.filter_map(|header| std::str::from_utf8(header.value).ok());
        values.flat_map(|value| value.split(',')).map(str::trim).filter(|member| !member.is_empty()).collect()
    }

    fn has(&self, name: &str, member: &str) -> bool {
        self.all(name).iter().any(|one| one.eq_ignore_ascii_case(member))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: Offer = Offer { path: "/updates", subprotocols: &["a", "b"], deflate: true };

    fn request(change: impl Fn(String) -> String) -> Outcome {
        let text = "GET /updates HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        answer(change(text.to_owned()).as_bytes(), &OFFER)
    }

    #[test]
    fn the_example_of_the_rfc_is_answered() {
        let Outcome::Accepted(accepted) = request(|text| format!("{text}frames")) else { panic!("refused") };
        assert!(accepted.response.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "RFC 6455 §1.3");
        assert_eq!((accepted.subprotocol, accepted.window), (None, None));
    }

    #[test]
    fn what_is_not_right_is_refused_in_the_words_of_http() {
        for (from, to, status) in [
            ("GET", "POST", 405),
            ("HTTP/1.1", "HTTP/1.0", 400),
            ("/updates", "/", 404),
            ("Upgrade: WebSocket\r\n", "", 426),
            ("keep-alive, Upgrade", "keep-alive", 426),
            ("Host: x\r\n", "", 400),
            ("Version: 13", "Version: 8", 426),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dGhl", 400),
            ("GET", "\0", 400),
            ("Host: x", &format!("Host: {}", "x".repeat(LARGEST_HEAD)), 431),
            ("Host: x", &format!("Host: x{}", "\r\na: b".repeat(MOST_HEADERS)), 431),
        ] {
            let Outcome::Refused { status: seen, response } = request(|text| text.replacen(from, to, 1)) else { panic!("{from} → {to} was taken") };
            assert_eq!(seen, status, "{from} → {to}: {response}");
        }
        assert_eq!(answer(b"GET /upd", &OFFER), Outcome::Partial);
    }

    #[test]
    fn both_sides_agree() {
        let ours = Request::new("localhost", "/updates", [7; 16], "b", true);
        let Outcome::Accepted(accepted) = answer(ours.text.as_bytes(), &OFFER) else { panic!("refused") };
        assert_eq!((accepted.length, accepted.subprotocol, accepted.window), (ours.text.len(), Some("b"), Some(15)));
        let agreed = ours.read(format!("{}frames", accepted.response).as_bytes()).unwrap().unwrap();
        assert_eq!(agreed.length, accepted.response.len());
        assert!(agreed.extensions.unwrap().starts_with(NAME));
        assert_eq!(ours.read(b"HTTP/1.1 101 "), Ok(None));
        for bad in ["HTTP/1.1 503 Full\r\n\r\nno room", "nonsense\r\n\r\n", "HTTP/1.1 101 Yes\r\n\r\n", &accepted.response.replace("Accept: ", "Accept: x")] {
            assert!(ours.read(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    /// RFC 6455 §4.1: neither an extension nor a subprotocol that was not asked for.
    #[test]
    fn what_was_not_asked_for_is_not_taken() {
        for deflate in [false, true] {
            let ours = Request::new("localhost", "/updates", [7; 16], "b", deflate);
            let Outcome::Accepted(accepted) = answer(ours.text.as_bytes(), &OFFER) else { panic!("refused") };
            assert!(ours.read(accepted.response.as_bytes()).is_ok());
            let with = |field: &str| accepted.response.replacen("\r\n", &format!("\r\n{field}\r\n"), 1);
            for (field, word) in [
                ("Sec-WebSocket-Extensions: x-other", "extension"),
                ("Sec-WebSocket-Extensions: permessage-deflate", "extension"),
                ("Sec-WebSocket-Protocol: a", "subprotocol"),
                ("sec-websocket-protocol: B", "subprotocol"),
            ] {
                let why = ours.read(with(field).as_bytes()).unwrap_err();
                assert!(why.contains(word), "{field}, compression {deflate}: {why}");
            }
            let without: String = accepted.response.split_inclusive("\r\n").filter(|line| !line.starts_with("Sec-WebSocket-Protocol")).collect();
            assert!(ours.read(without.as_bytes()).is_ok(), "none is a choice too (§4.2.2)");
        }
    }
}
