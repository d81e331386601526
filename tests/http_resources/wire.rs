//! Requests as bytes, and responses taken apart.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::{HANG, Running};

/// A response taken apart.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Response {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.split_once(": ").filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }
}

/// Sends a request on a connection of its own, and reads the response. `fields` end in CRLF each.
pub async fn ask(server: &Running, method: &str, path: &str, fields: &str, body: &str) -> Response {
    let mut socket = TcpStream::connect(&server.address.socket).await.unwrap();
    let length = if method == "PUT" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
    socket.write_all(format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{fields}{length}\r\n{body}").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tokio::time::timeout(HANG, socket.read_u8()).await.expect("no answer").unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let mut response = Response { status: head[9..12].parse().unwrap(), head, body: Vec::new() };
    let length = response.field("content-length").map_or(0, |length| length.parse().unwrap());
    if method != "HEAD" && response.status != 304 {
        response.body = vec![0; length];
        socket.read_exact(&mut response.body).await.unwrap();
    }
    response
}

/// GET without anything else.
pub async fn get(server: &Running, path: &str) -> Response {
    ask(server, "GET", path, "", "").await
}

/// Stores a payload.
pub async fn put(server: &Running, topic: &str, body: &str) {
    let status = ask(server, "PUT", &format!("/topics/{topic}"), "", body).await.status;
    assert!(matches!(status, 201 | 204), "{status}");
}
