//! Python's `websockets` and Chromium against our WebSocket server.

use nix::sys::signal::Signal;

use crate::browser::{chromium, page as served_page, rows};
use crate::served::{Served, python};
use crate::{ours, page, script};

const SERVER: [&str; 3] = ["websocket", "--set", "deflate=on"];

#[test]
fn the_library_websockets_gets_what_it_asks_for() {
    let Some(python) = python("websockets") else { return };
    let served = Served::start(&SERVER);
    let rows = script(&python, "websockets_client.py", served.port());
    let (code, counted) = served.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{counted}");
    page::hold("interop.md", "websockets", &["what `websockets` did", "what came"], &rows);
}

#[test]
fn a_page_in_chromium_speaks_to_it() {
    let served = Served::start(&SERVER);
    let html = std::fs::read_to_string(ours("websocket.html")).expect("the page");
    let Some(document) = chromium(&served_page(html.replace("TOPICS", &format!("ws://{}/updates", served.address)))) else { return };
    let rows = rows(&document);
    let seen: Vec<(&str, &str)> = rows.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert_eq!(
        seen,
        [
            ("open", "open, pushbench.json, permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
            ("publish", "{\"acknowledged\":1}"),
            ("subscribe", "[{\"topic\":\"page\",\"payload\":\"old\"},{\"subscribed\":1}]"),
            ("publish 800 kB of text", "the same"),
            ("open for bytes", "open, pushbench.binary"),
            ("publish two bytes", "131 0 0 0 7"),
            ("told in JSON of what was published in bytes", "{\"topic\":\"page\",\"base64\":\"AP8=\"}"),
            ("say nonsense", "1007 say {\"subscribe\":[…]} or {\"publish\":…,\"id\":…,\"payload\":…}"),
            ("close", "1000"),
        ],
        "{document}"
    );
    page::hold("interop.md", "websocket-chromium", &["what Chromium did", "what it saw"], &rows);
}
