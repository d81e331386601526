//! Entrances of the fuzzer: a function for each parser that reads from a socket or a file, with what must hold whatever it is given.
//!
//! `fuzz/` has a binary for each, `scripts/fuzz.sh` runs them. In ordinary tests every input that was ever kept (`fuzz/corpus`), and every
//! one that once broke something (`fuzz/regressions`), goes through its entrance again. An entrance takes raw messages as they
//! would come, so that an input can be read, and one that a capture holds can be put in.

mod carriers;
mod client;
mod feeds;
mod files;
mod http;
mod mqtt;
mod stream;
#[cfg(test)]
mod tests;
mod websocket;
mod websub;
mod xmpp;

pub use carriers::{bosh_bodies, bosh_session, xmpp_library_guard, xmpp_websocket_session};
pub use feeds::{bitmap, change_feed, event_stream, longpoll_frames};
pub use files::{csv_trace, histogram, history, recording, recording_values, scenario, side_protocol, units};
pub use http::{http_request, http_response};
pub use mqtt::{mqtt_filters, mqtt_packets, mqtt_session};
pub use websocket::{websocket_deflate, websocket_frames, websocket_handshake, websocket_session, websocket_words};
pub use websub::{websub_forms, websub_signature};
pub use xmpp::{sasl_client, sasl_server, xmpp_client_login, xmpp_client_stream, xmpp_server_reader, xmpp_server_session};

/// Every entrance by its name, and what it reads: the names of the binaries, of folders of inputs, and of rows in `docs/reliability.md`.
pub const TARGETS: &[Target] = &[
    Target { name: "http_request", reads: "requests, by the REST server's whole connection", run: http_request },
    Target { name: "http_response", reads: "responses, by the lean HTTP client", run: http_response },
    Target { name: "xmpp_server_reader", reads: "XML streams, by the XMPP server's tokeniser", run: xmpp_server_reader },
    Target { name: "xmpp_server_session", reads: "whole sessions, by the XMPP server's state machine and PubSub", run: xmpp_server_session },
    Target { name: "xmpp_client_stream", reads: "stanzas, by the lean XMPP client beside the server's reader", run: xmpp_client_stream },
    Target { name: "xmpp_client_login", reads: "a server's side of a login, by the lean XMPP client", run: xmpp_client_login },
    Target { name: "sasl_server", reads: "SASL messages, by the XMPP server (PLAIN, ANONYMOUS, SCRAM)", run: sasl_server },
    Target { name: "sasl_client", reads: "SCRAM challenges, by both XMPP clients", run: sasl_client },
    Target { name: "longpoll_frames", reads: "answers of long polls, by the subscriber", run: longpoll_frames },
    Target { name: "event_stream", reads: "event streams, by the subscriber", run: event_stream },
    Target { name: "change_feed", reads: "feeds of changes (SUP), by the subscriber", run: change_feed },
    Target { name: "bitmap", reads: "bitmaps, Roaring and packed, by the subscriber", run: bitmap },
    Target { name: "websub_forms", reads: "forms, questions, denials, URLs and links of WebSub, by hub and subscriber", run: websub_forms },
    Target { name: "websub_signature", reads: "signatures of callbacks, by the subscriber", run: websub_signature },
    Target { name: "websocket_frames", reads: "frames, by the WebSocket server beside tungstenite", run: websocket_frames },
    Target { name: "websocket_handshake", reads: "handshakes and offers of extensions, by both ends", run: websocket_handshake },
    Target { name: "websocket_deflate", reads: "compressed messages, by the WebSocket server", run: websocket_deflate },
    Target { name: "websocket_words", reads: "messages of the contender `websocket`, by both ends", run: websocket_words },
    Target { name: "websocket_session", reads: "whole sessions, by the WebSocket server, whose answers tungstenite reads", run: websocket_session },
    Target { name: "mqtt_packets", reads: "packets of MQTT 3.1.1 and 5, by the broker beside rumqttc", run: mqtt_packets },
    Target { name: "mqtt_filters", reads: "topic names and filters, by the broker beside rumqttc", run: mqtt_filters },
    Target { name: "mqtt_session", reads: "whole sessions, by the broker, whose answers rumqttc reads", run: mqtt_session },
    Target { name: "bosh_bodies", reads: "bodies of BOSH, by server and client", run: bosh_bodies },
    Target { name: "bosh_session", reads: "whole sessions over requests, by the connection manager", run: bosh_session },
    Target { name: "xmpp_websocket_session", reads: "whole sessions over WebSockets, by XMPP server and lean client", run: xmpp_websocket_session },
    Target { name: "xmpp_library_guard", reads: "streams on their way to tokio-xmpp, by what bounds them", run: xmpp_library_guard },
    Target { name: "side_protocol", reads: "messages between harness and sides", run: side_protocol },
    Target { name: "scenario", reads: "scenarios: text, plan, estimate", run: scenario },
    Target { name: "csv_trace", reads: "traces from CSV files", run: csv_trace },
    Target { name: "recording", reads: "recordings as text, up to every report", run: recording },
    Target { name: "recording_values", reads: "recordings of good form and absurd values, up to every report", run: recording_values },
    Target { name: "histogram", reads: "HDR histograms within recordings", run: histogram },
    Target { name: "history", reads: "histories: lines, runs, changes, charts", run: history },
    Target { name: "units", reads: "durations and sizes", run: units },
];

/// An entrance.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// What it is given.
    pub reads: &'static str,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
}
