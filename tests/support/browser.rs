//! A headless Chromium, and a page for it whose script says when it is done.

#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Barrier};

#[path = "devtools.rs"]
mod devtools;

/// Serves a page at an address of its own. Its picture `/wait` comes when its script has asked for `/done`.
pub fn page(html: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (html, done) = (Arc::new(html), Arc::new(Barrier::new(2)));
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let (html, done) = (Arc::clone(&html), Arc::clone(&done));
            std::thread::spawn(move || {
                let mut lines = BufReader::new(&socket).lines().map_while(Result::ok);
                let request = lines.next().unwrap_or_default();
                // A browser's request ends with an empty line.
                lines.find(String::is_empty);
                let path = request.split(' ').nth(1).unwrap_or_default();
                if path == "/wait" || path == "/done" {
                    done.wait();
                }
                let body = if path == "/" { html.as_str() } else { "" };
                let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = (&socket).write_all((head + body).as_bytes());
            });
        }
    });
    format!("http://{address}/")
}

/// The document that Chromium has made of a page; `None`, and a word about it, where there is no Chromium.
pub fn chromium(url: &str) -> Option<String> {
    let mut browser = devtools::Browser::start()?;
    browser.visit(url);
    Some(browser.text("document.documentElement.outerHTML"))
}

/// The rows that a page's script has put into its list: what it did, what it saw.
pub fn rows(document: &str) -> Vec<Vec<String>> {
    let list = document.split("<ul>").nth(1).and_then(|rest| rest.split("</ul>").next()).unwrap_or_else(|| panic!("no list: {document}"));
    let text = |cell: &str| cell.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let items = list.split("</li>").filter_map(|item| item.strip_prefix("<li>")?.split_once(" → "));
    items.map(|(what, saw)| vec![text(what), text(saw)]).collect()
}
