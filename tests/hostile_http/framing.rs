//! What is not HTTP, or only nearly.

use crate::peer::{Good, outcome, request};
use crate::row;
use crate::served::Served;

/// A head with these lines behind Host, and what follows it.
fn head(line: &str, fields: &str, rest: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}\r\n{rest}").into_bytes()
}

fn put(fields: &str, rest: &str) -> Vec<u8> {
    head("PUT /topics/framing", fields, rest)
}

fn get(path: &str) -> Vec<u8> {
    request("GET", path, "", "").into_bytes()
}

fn chunked(rest: &str) -> Vec<u8> {
    put("Transfer-Encoding: chunked\r\n", rest)
}

type Case = (&'static str, Vec<u8>, &'static str);

fn not_http() -> Vec<Case> {
    let hello = [b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03".as_slice(), &[7; 189]].concat();
    vec![
        ("a request of HTTP/0.9", b"GET /\r\n\r\n".to_vec(), "400, closed"),
        ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), "closed"),
        ("a ClientHello of TLS", hello, "400, closed"),
        ("NUL in the request line", b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), "400, closed"),
        ("NUL in a field", head("GET /topics/good", "X: a\0b\r\n", ""), "400, closed"),
        ("a folded field (obs-fold)", head("GET /topics/good", "X: a\r\n b\r\n", ""), "400, closed"),
        ("a space before a field's colon", head("GET /topics/good", "X : a\r\n", ""), "400, closed"),
        ("lines that end in LF alone", b"GET /topics/good HTTP/1.1\nHost: x\n\n".to_vec(), "200, goes on"),
        ("a bare CR in a field", head("GET /topics/good", "X: a\rb\r\n", ""), "400, closed"),
        ("no Host", b"GET /topics/good HTTP/1.1\r\n\r\n".to_vec(), "400, goes on"),
        ("two Hosts", head("GET /topics/good", "Host: y\r\n", ""), "400, goes on"),
        ("CONNECT", b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n".to_vec(), "404, goes on"),
        ("TRACE", head("TRACE /topics/good", "", ""), "405, goes on"),
        ("a method nobody knows", head("BREW /topics/good", "", ""), "405, goes on"),
        ("Upgrade: h2c", head("GET /topics/good", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", ""), "200, goes on"),
    ]
}

fn targets() -> Vec<Case> {
    vec![
        ("a target in absolute form, with another host", get("http://elsewhere.example/topics/good"), "200, goes on"),
        ("a path out of the folder: `/topics/../../etc/passwd`", get("/topics/../../etc/passwd"), "400, goes on"),
        ("the same, encoded: `%2e%2e%2f`", get("/topics/%2e%2e%2fetc%2fpasswd"), "400, goes on"),
        ("`%00`, `%`, `%zz`, `%c0%af` in a name", get("/topics/%00%%zz%c0%af"), "400, goes on"),
        ("bytes beyond ASCII in a target", b"GET /topics/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), "400, closed"),
        ("a name of 129 characters", get(&format!("/topics/{}", "n".repeat(129))), "400, goes on"),
        ("a target of 64 KiB", get(&format!("/topics/{}", "n".repeat(64 << 10))), "431, closed"),
    ]
}

fn heads() -> Vec<Case> {
    let tags = "\"never-1\", W/\"x\",".repeat(900);
    vec![
        ("a head of 20 KiB", head("GET /topics/good", &format!("X: {}\r\n", "x".repeat(20 << 10)), ""), "431, closed"),
        ("a head that does not end", format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(100 << 10)).into_bytes(), "431, closed"),
        ("101 fields", head("GET /topics/good", &"A: b\r\n".repeat(100), ""), "431, closed"),
        ("1,800 entity tags in If-None-Match", head("GET /topics/good", &format!("If-None-Match: {tags}*\r\n"), ""), "200, goes on"),
        ("If-None-Match that does not close its quotes", head("GET /topics/good", "If-None-Match: \"aaa, W/\"\"\"\r\n", ""), "200, goes on"),
    ]
}

fn bodies() -> Vec<Case> {
    let large = "x".repeat((1 << 20) + 1);
    let chunks = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    vec![
        (
            "Content-Length and Transfer-Encoding, with a request behind it",
            put("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nGET /topics/good HTTP/1.1\r\nHost: x\r\n\r\n"),
            "201, closed",
        ),
        (
            "the same the other way round",
            put("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\nGET /topics/good HTTP/1.1\r\nHost: x\r\n\r\n"),
            "204, closed",
        ),
        ("Transfer-Encoding in HTTP/1.0", b"PUT /topics/framing HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(), "400, closed"),
        ("two Content-Lengths", put("Content-Length: 1\r\nContent-Length: 2\r\n", "xy"), "400, closed"),
        ("Content-Length: -1", put("Content-Length: -1\r\n", "x"), "400, closed"),
        ("Content-Length: +1", put("Content-Length: +1\r\n", "x"), "400, closed"),
        ("Content-Length: 99999999999999999999", put("Content-Length: 99999999999999999999\r\n", "x"), "400, closed"),
        ("Transfer-Encoding: chunked, gzip", put("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), "400, closed"),
        ("a body of 1 MiB and a byte, announced", put(&format!("Content-Length: {}\r\n", large.len()), &large), "413, closed"),
        ("the same in chunks", chunked(&chunks), "413, closed"),
        ("a body of 4 GiB, announced, with Expect: 100-continue", put("Content-Length: 4294967296\r\nExpect: 100-continue\r\n", ""), "413, closed"),
        ("Expect: 100-continue", put("Content-Length: 1\r\nExpect: 100-continue\r\n", "x"), "100, 204, goes on"),
        ("a chunk of FFFFFFFFFFFFFFFFF bytes", chunked("FFFFFFFFFFFFFFFFF\r\nx"), "400, closed"),
        ("a chunk of FFFFFFFFFFFFFFFF bytes", chunked(&format!("FFFFFFFFFFFFFFFF\r\n{large}")), "413, closed"),
        ("a chunk whose size is no number", chunked("zz\r\nx\r\n0\r\n\r\n"), "400, closed"),
        ("a chunk longer than its size", chunked("1\r\nxyz\r\n0\r\n\r\n"), "400, closed"),
        ("a chunk's extension of 64 KiB", chunked(&format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(64 << 10))), "400, closed"),
        ("trailers of 64 KiB", chunked(&format!("1\r\nx\r\n0\r\nT: {}\r\n\r\n", "t".repeat(64 << 10))), "400, closed"),
        ("GET with a body", head("GET /topics/good", "Content-Length: 5\r\n", "hello"), "200, goes on"),
    ]
}

pub fn rows() -> Vec<Vec<String>> {
    let served = Served::start(&["rest-conditional"]);
    let good = Good::start(&served.address);
    let mut wrong = Vec::new();
    let mut rows = Vec::new();
    for (tried, bytes, wanted) in [not_http(), targets(), heads(), bodies()].concat() {
        let seen = outcome(&served.address, &bytes);
        if seen != wanted {
            wrong.push(format!("{tried}: {seen} instead of {wanted}"));
        }
        rows.push(row(tried, seen, good.is_well()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    rows
}
