//! `pushbench serve` and other people's clients: curl and Chromium.
//!
//! Where one of them is missing, its test says `SKIPPED`; with the environment variable `CI` set it fails instead.

#[path = "support/served.rs"]
mod served;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Command;

use nix::sys::signal::Signal;
use served::{Served, run};

/// What curl got: status, the field that was asked for, body.
fn curl(served: &Served, path: &str, field: &str, arguments: &[&str]) -> Option<(u16, String, String)> {
    let url = served.url(path);
    let format = format!("\n%{{http_code}}\n%header{{{field}}}");
    let arguments = [&["--silent", "--show-error", "--noproxy", "*", "--max-time", "20", "--write-out", &format], arguments, &[&url]].concat();
    let output = run("curl", &arguments)?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let mut parts = text.rsplitn(3, '\n');
    let value = parts.next().unwrap_or_default().to_owned();
    let status = parts.next().and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{text:?}"));
    Some((status, value, parts.next().unwrap_or_default().to_owned()))
}

#[test]
fn curl_gets_what_it_asks_for() {
    let served = Served::start(&["rest-poll"]);
    assert_eq!(served.line, format!("listening on {0} (rest-poll: http://{0}/topics/{{topic}})\n", served.address));
    let Some((status, tag, _)) = curl(&served, "/topics/a", "etag", &["--request", "PUT", "--data-binary", "payload"]) else { return };
    assert_eq!(status, 201);
    let get = |arguments: &[&str]| curl(&served, "/topics/a", "etag", arguments).expect("curl was there a moment ago");
    assert_eq!(get(&[]), (200, tag.clone(), "payload".to_owned()));
    assert_eq!(get(&["--http1.0"]), (200, tag.clone(), "payload".to_owned()));
    assert_eq!(get(&["--header", &format!("If-None-Match: {tag}")]), (304, tag.clone(), String::new()));
    let (status, value, head) = get(&["--head"]);
    assert_eq!((status, value), (200, tag.clone()));
    assert!(head.contains("content-length: 7") && !head.contains("payload"), "{head}");
    assert_eq!(get(&["--upload-file", "/dev/null", "--header", "If-Match: \"x\""]).0, 412);
    let folder = tempfile::tempdir().expect("a folder");
    let large = folder.path().join("large");
    std::fs::write(&large, vec![b'x'; (1 << 20) + 1]).expect("a file");
    let (status, _, words) = get(&["--upload-file", large.to_str().expect("text")]);
    assert_eq!(status, 413);
    assert!(words.contains("1048576 bytes"), "{words}");
    std::fs::write(&large, vec![b'x'; 1 << 20]).expect("a file");
    assert_eq!(get(&["--upload-file", large.to_str().expect("text")]).0, 204);
    let other = |path: &str, field: &str, arguments: &[&str]| curl(&served, path, field, arguments).expect("curl was there a moment ago");
    assert_eq!(other("/topics/none", "content-type", &[]).0, 404);
    assert_eq!(other("/topics/a", "allow", &["--request", "DELETE"]).1, "GET, HEAD, PUT, OPTIONS");
    assert_eq!(other("/topics", "content-type", &[]).1, "application/json");
    assert_eq!(other("/", "access-control-allow-origin", &[]).1, "*");
    let (code, counted) = served.end(Signal::SIGINT);
    assert_eq!(code, Some(0), "{counted}");
    assert!(counted.contains("subscribers: 8 connections, 8 requests, 5 × 200, 1 × 304, 1 × 404, 1 × 405"), "{counted}");
    assert!(counted.contains("publishers: 4 connections, 4 requests, 1 × 201, 1 × 204, 1 × 412, 1 × 413"), "{counted}");
}

/// Serves one page to whoever asks, until the test ends; says where.
fn page(html: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let mut reader = BufReader::new(&socket);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let length = html.len();
            let _ = write!(&socket, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{html}");
        }
    });
    format!("http://{address}/")
}

/// The document that Chromium has made of a page.
fn chromium(url: &str) -> Option<String> {
    let profile = tempfile::tempdir().expect("a folder");
    let user_data = format!("--user-data-dir={}", profile.path().display());
    let output = run(
        "chromium",
        &[
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--no-proxy-server",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            &user_data,
            "--dump-dom",
            url,
        ],
    )?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn chromium_shows_the_page_and_revalidates_a_topic() {
    let served = Served::start(&["rest-conditional"]);
    let Some(document) = chromium(&served.url("/")) else { return };
    assert!(document.contains("<h1>pushbench: topics over HTTP</h1>") && document.contains("PUT /topics/NAME"), "{document}");

    // Another port is another origin: all of this passes through CORS, the PUT through a preflight.
    let script = format!(
        "<!doctype html><body><script>
        function call(method, body) {{
            const request = new XMLHttpRequest();
            request.open(method, '{}', false);
            request.send(body);
            return method + ' ' + request.status + ' ' + request.responseText + ' tag ' + (request.getResponseHeader('ETag') !== null) + ';';
        }}
        document.body.textContent = call('PUT', 'news') + call('GET') + call('GET');
        </script>",
        served.url("/topics/from-a-browser")
    );
    let document = chromium(&page(script)).expect("chromium was there a moment ago");
    assert!(document.contains("PUT 201  tag true;GET 200 news tag true;GET 200 news tag true;"), "{document}");
    let (code, counted) = served.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{counted}");
    assert!(counted.contains("1 × 304"), "the second GET was revalidated: {counted}");
}

#[test]
fn what_cannot_be_served_is_told_with_a_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").to_string();
    for (arguments, code, words) in [
        (&["rest-pol"][..], 2, "rest-poll, rest-conditional"),
        (&["rest-poll", "--listen", "0.0.0.0:0"], 2, "--expose"),
        (&["rest-poll", "--listen", "[::]:0"], 2, "--expose"),
        (&["rest-poll", "--listen", "nowhere"], 2, "--listen"),
        (&["rest-poll", "--max-payload", "1GiB"], 2, "1 B to 64 MiB"),
        (&["rest-poll", "--set", "interval"], 2, "KEY=VALUE"),
        (&["rest-poll", "--set", "intervall=5s"], 2, "interval, connection"),
        (&["rest-poll", "--set", "interval=5"], 2, "22m42s"),
        (&["rest-poll", "--listen", &port], 3, "port 0 takes any free one"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_pushbench")).arg("serve").args(arguments).output().expect("the binary starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
    }
}
