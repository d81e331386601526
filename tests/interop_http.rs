//! `pushbench serve` and other people's clients: curl, Python's own, Chromium, wrk.
//!
//! Where one of them is missing, its test says `SKIPPED`; with the environment variable `CI` set it fails instead.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/page.rs"]
mod page;
#[path = "support/served.rs"]
mod served;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use browser::{chromium, page as served_page, rows as listed};
use nix::sys::signal::Signal;
use served::{Served, python, run};

fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(name)
}

/// A row of a table.
fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// How often the server says at its end that it counted this on both legs: `requests`, `connections`, `× 304` …
fn count(counted: &str, what: &str) -> u64 {
    let wanted: Vec<&str> = what.split(' ').collect();
    let legs = counted.lines().filter(|line| line.starts_with("subscribers:") || line.starts_with("publishers:"));
    let words: Vec<&str> = legs.flat_map(str::split_whitespace).map(|word| word.trim_end_matches(',')).collect();
    let found = words.windows(wanted.len() + 1).filter(|words| words[1..] == wanted);
    found.filter_map(|words| words[0].replace(',', "").parse::<u64>().ok()).sum()
}

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
    let mut rows = Vec::new();
    let mut saw = |what: &str, got: &str| rows.push(row(&[what, got]));
    assert_eq!(status, 201);
    saw("PUT of a new topic", "201");
    let get = |arguments: &[&str]| curl(&served, "/topics/a", "etag", arguments).expect("curl was there a moment ago");
    assert_eq!(get(&[]), (200, tag.clone(), "payload".to_owned()));
    saw("GET", "200, the payload, the `ETag` of the PUT");
    assert_eq!(get(&["--http1.0"]), (200, tag.clone(), "payload".to_owned()));
    saw("GET by HTTP/1.0", "the same");
    assert_eq!(get(&["--header", &format!("If-None-Match: {tag}")]), (304, tag.clone(), String::new()));
    saw("GET with `If-None-Match`", "304, no body");
    let (status, value, head) = get(&["--head"]);
    assert_eq!((status, value), (200, tag.clone()));
    assert!(head.contains("content-length: 7") && !head.contains("payload"), "{head}");
    saw("HEAD", "200, the length, no body");
    assert_eq!(get(&["--upload-file", "/dev/null", "--header", "If-Match: \"x\""]).0, 412);
    saw("PUT with an `If-Match` that does not hold", "412");
    let folder = tempfile::tempdir().expect("a folder");
    let large = folder.path().join("large");
    std::fs::write(&large, vec![b'x'; (1 << 20) + 1]).expect("a file");
    let (status, _, words) = get(&["--upload-file", large.to_str().expect("text")]);
    assert_eq!(status, 413);
    assert!(words.contains("1048576 bytes"), "{words}");
    saw("PUT of a byte past the limit, asking first (`Expect: 100-continue`)", "413, and what the limit is");
    std::fs::write(&large, vec![b'x'; 1 << 20]).expect("a file");
    assert_eq!(get(&["--upload-file", large.to_str().expect("text")]).0, 204);
    saw("PUT of 1 MiB", "204");
    let other = |path: &str, field: &str, arguments: &[&str]| curl(&served, path, field, arguments).expect("curl was there a moment ago");
    assert_eq!(other("/topics/none", "content-type", &[]).0, 404);
    saw("GET of a topic that is not there", "404");
    assert_eq!(other("/topics/a", "allow", &["--request", "DELETE"]).1, "GET, HEAD, PUT, OPTIONS");
    saw("DELETE", "405, and what can be done");
    assert_eq!(other("/topics", "content-type", &[]).1, "application/json");
    saw("GET of the list of topics", "JSON");
    assert_eq!(other("/", "access-control-allow-origin", &[]).1, "*");
    saw("GET of the front page", "HTML, open to all origins");
    let (code, counted) = served.end(Signal::SIGINT);
    assert_eq!(code, Some(0), "{counted}");
    assert!(counted.contains("subscribers: 8 connections, 8 requests, 5 × 200, 1 × 304, 1 × 404, 1 × 405"), "{counted}");
    assert!(counted.contains("publishers: 4 connections, 4 requests, 1 × 201, 1 × 204, 1 × 412, 1 × 413"), "{counted}");
    saw("all of it, by our own count", "each request and each status, exactly");
    page::hold("interop.md", "curl", &["what curl did", "what came"], &rows);
}

#[test]
fn python_keeps_its_connection() {
    let Some(python) = python("http.client") else { return };
    let served = Served::start(&["rest-conditional"]);
    let output = Command::new(python).arg("-B").arg(ours("http_client.py")).arg(served.port()).output().expect("Python was there a moment ago");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let mut rows: Vec<Vec<String>> = said.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    let (code, counted) = served.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{counted}");
    // PUT, GET, GET, HEAD, GET, PUT, GET and 200 times GET; then three of urllib.
    let seen = ["connections", "requests", "× 200", "× 201", "× 204", "× 304"].map(|what| count(&counted, what));
    assert_eq!(seen, [5, 210, 204, 1, 2, 3], "{counted}");
    rows.push(row(&["all of it, by our own count", "each connection, request and status, exactly"]));
    page::hold("interop.md", "python", &["what Python did", "what came"], &rows);
}

#[test]
fn chromium_shows_the_page_and_a_script_reads_and_writes_topics() {
    let served = Served::start(&["rest-conditional"]);
    let Some(document) = chromium(&served.url("/")) else { return };
    assert!(document.contains("<h1>pushbench: topics over HTTP</h1>") && document.contains("PUT /topics/NAME"), "{document}");
    let mut rows = vec![row(&["show the front page", "the page"])];

    // Another port is another origin: all of this passes through CORS.
    let script = std::fs::read_to_string(ours("browser.html")).expect("the page");
    let document = chromium(&served_page(script.replace("TOPIC", &served.url("/topics/from-a-browser")))).expect("chromium was there a moment ago");
    let listed = listed(&document);
    let seen: Vec<(&str, &str)> = listed.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    let expected = [
        ("PUT, after a preflight", "201, no body, with its ETag"),
        ("GET", "200, news, with its ETag"),
        ("GET with cache: no-cache", "200, news, with its ETag"),
        ("GET with cache: force-cache", "200, news, with its ETag"),
        ("GET with cache: no-store", "200, news, with its ETag"),
        ("GET with If-None-Match set by the script", "304, no body, with its ETag"),
        ("PUT with an If-Match that does not hold", "412, words, with its ETag"),
        ("GET of a topic that is not there", "404, words"),
        ("DELETE", "TypeError: the preflight does not allow it"),
        ("PUT of 1 MiB", "204, no body, with its ETag"),
        ("GET of 1 MiB as a stream", "1048576 bytes, each as it was put"),
    ];
    assert_eq!(seen, expected, "{document}");
    rows.extend(seen.iter().map(|(what, got)| row(&[&format!("`fetch`: {what}"), got])));
    let (code, counted) = served.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{counted}");
    // 200: the front page (and perhaps an icon, 404), GET, no-store, the stream. 304: no-cache, which the browser shows as 200, and the script's own.
    let on_the_wire = ["× 200", "× 201", "× 304", "× 412"].map(|what| count(&counted, what));
    assert_eq!(on_the_wire, [4, 1, 2, 1], "{counted}");
    rows.push(row(&["by our own count", "no-cache was a 304, force-cache nothing, each of the others one answer"]));
    page::hold("interop.md", "chromium", &["what Chromium did", "what it saw"], &rows);
}

/// Sends one request, and says what `ETag` came.
fn put(served: &Served, body: &str) -> String {
    let mut socket = TcpStream::connect(&served.address).expect("it listens");
    let length = body.len();
    write!(socket, "PUT /topics/wrk HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").expect("it reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("it answers");
    answer.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn wrk_counts_as_we_do() {
    const CONNECTIONS: u64 = 64;
    const PIPELINED: u64 = 16;
    let folder = tempfile::tempdir().expect("a folder");
    let mut rows = Vec::new();
    for (what, lua, status, most_in_flight) in [
        ("GET", String::new(), "200", CONNECTIONS),
        ("GET with `If-None-Match`", "wrk.headers['If-None-Match'] = TAG".to_owned(), "304", CONNECTIONS),
        ("GET with an `If-None-Match` of old", "wrk.headers['If-None-Match'] = '\"old\"'".to_owned(), "200", CONNECTIONS),
        ("PUT of 1,000 bytes", "wrk.method = 'PUT'; wrk.body = string.rep('x', 1000)".to_owned(), "204", CONNECTIONS),
        (
            "GET, 16 requests at once (pipelining)",
            format!("init = function() local one = wrk.format(); batch = string.rep(one, {PIPELINED}) end; request = function() return batch end"),
            "200",
            CONNECTIONS * PIPELINED,
        ),
        ("GET, `Connection: close`", "wrk.headers['Connection'] = 'close'".to_owned(), "200", CONNECTIONS),
    ] {
        let served = Served::start(&["rest-conditional"]);
        let tag = put(&served, "payload");
        let script = folder.path().join("script.lua");
        std::fs::write(&script, lua.replace("TAG", &format!("'{tag}'"))).expect("a file");
        let url = served.url("/topics/wrk");
        let Some(output) =
            run("wrk", &["--threads=1", &format!("--connections={CONNECTIONS}"), "--duration=1s", "--script", script.to_str().expect("text"), &url])
        else {
            return;
        };
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && !said.contains("Socket errors") && !said.contains("Non-2xx or 3xx"),
            "{what}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let requests: u64 =
            said.lines().find_map(|line| line.trim().split_once(" requests in ")).and_then(|(count, _)| count.parse().ok()).unwrap_or_else(|| panic!("{said}"));
        assert!(requests > 10 * CONNECTIONS, "{what}: {said}");
        let (code, counted) = served.end(Signal::SIGTERM);
        assert_eq!(code, Some(0), "{counted}");
        let ours = count(&counted, &format!("× {status}"));
        assert!((requests..=requests + most_in_flight).contains(&ours), "{what}: wrk says {requests}, we {counted}");
        // What made the topic, and nothing else.
        assert_eq!(count(&counted, "requests"), ours + 1, "{what}: {counted}");
        rows.push(row(&[what, status, "as many as wrk counted, and at most what was in flight when it ended"]));
    }
    page::hold("interop.md", "wrk", &["what wrk did on 64 connections for a second", "every answer", "by our own count"], &rows);
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
        (&["rest-poll", "--set", "intervall=5s"], 2, "allowed: model, interval, pause"),
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

#[test]
fn curl_holds_polls_and_streams() {
    let mut rows = Vec::new();
    let served = Served::start(&["rest-longpoll"]);
    let Some((status, ..)) = curl(&served, "/topics/a", "etag", &["--request", "PUT", "--data-binary", "a0"]) else { return };
    assert_eq!(status, 201);
    let ask = |served: &Served, path: &str, field: &str, arguments: &[&str]| curl(served, path, field, arguments).expect("curl was there a moment ago");
    let (status, poll, first) = ask(&served, "/polls", "location", &["--data-binary", "a"]);
    assert_eq!((status, first.split_once(' ').map(|(_, rest)| rest)), (201, Some("a 2\na0\n")));
    rows.push(row(&["`POST /polls` with a topic", "201, its `Location`, the first value"]));
    let after = first.split(' ').next().unwrap_or_default();
    let held = std::thread::scope(|scope| {
        let held = scope.spawn(|| ask(&served, &format!("{poll}?after={after}"), "content-type", &[]));
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(!held.is_finished(), "it is held");
        ask(&served, "/topics/a", "etag", &["--request", "PUT", "--data-binary", "a1"]);
        held.join().expect("no panic")
    });
    assert_eq!((held.0, &*held.1), (200, "application/vnd.pushbench.updates"));
    assert!(held.2.ends_with(" a 2\na1\n"), "{}", held.2);
    rows.push(row(&["`GET` of the poll, then a `PUT` elsewhere", "held, then 200 with the update"]));
    let (_, counted) = served.end(Signal::SIGTERM);
    assert!(counted.contains("subscribers: 2 connections, 2 requests, 1 × 200, 1 × 201"), "{counted}");

    let served = Served::start(&["sse"]);
    ask(&served, "/topics/a", "etag", &["--request", "PUT", "--data-binary", "a0"]);
    let (status, _, path) = ask(&served, "/streams", "location", &["--data-binary", "a"]);
    assert_eq!(status, 201);
    let url = served.url(&path);
    let stream = std::thread::scope(|scope| {
        let stream = scope.spawn(|| run("curl", &["--silent", "--no-buffer", "--noproxy", "*", "--max-time", "4", &url]).expect("curl was there a moment ago"));
        std::thread::sleep(std::time::Duration::from_secs(1));
        ask(&served, "/topics/a", "etag", &["--request", "PUT", "--data-binary", "a1"]);
        stream.join().expect("no panic")
    });
    let text = String::from_utf8(stream.stdout).expect("text");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("id: ")).collect();
    assert_eq!((stream.status.code(), lines), (Some(28), vec!["retry: 3000", "", "event: a", "data: a0", "", "event: a", "data: a1", ""]), "{text}");
    rows.push(row(&["`curl -N` of a stream, and a `PUT` elsewhere", "an event with the first value, one with the update"]));
    let (_, counted) = served.end(Signal::SIGTERM);
    assert!(counted.contains("1 × 200"), "{counted}");
    page::hold("interop.md", "curl-held", &["what curl did", "what came"], &rows);
}

#[test]
fn python_is_called_back() {
    let Some(python) = python("http.server") else { return };
    let rows = seen_by_python(Path::new(&python), "websub.py", None, &["webhook"]);
    page::hold("interop.md", "websub", &["what Python did", "what came"], &rows);
}

/// What a script of ours saw that is run by Python, at a server of its own.
fn seen_by_python(python: &Path, script: &str, first: Option<&str>, serve: &[&str]) -> Vec<Vec<String>> {
    let served = Served::start(serve);
    let output = Command::new(python).arg("-B").arg(ours(script)).args(first).arg(served.port()).output().expect("Python was there a moment ago");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let (code, counted) = served.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{counted}");
    said.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn python_reads_feeds_and_bitmaps() {
    let Some(python) = python("pyroaring") else { return };
    let mut rows = Vec::new();
    for (kind, contender, settings) in [
        ("feed", "rest-changes", &["period=1s"][..]),
        ("roaring", "rest-bitmap", &["encoding=roaring", "window=500ms", "outside=1000", "outside_interval=1s"]),
        ("gzip", "rest-bitmap", &["encoding=gzip", "window=500ms", "outside=1000", "outside_interval=1s"]),
    ] {
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        let serve: Vec<&str> = std::iter::once(contender).chain(settings).collect();
        for mut seen in seen_by_python(Path::new(&python), "changes.py", Some(kind), &serve) {
            seen.insert(0, format!("`{contender}`, {kind}"));
            rows.push(seen);
        }
    }
    page::hold("interop.md", "changes", &["server", "what Python did", "what came"], &rows);
}

#[test]
fn chromium_listens_to_a_stream() {
    let served = Served::start(&["sse"]);
    let html = std::fs::read_to_string(ours("event_source.html")).expect("the page");
    let Some(document) = chromium(&served_page(html.replace("ORIGIN", served.url("/").trim_end_matches('/')))) else { return };
    let rows = listed(&document);
    let seen: Vec<(&str, &str)> = rows.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    let expected = [
        ("fetch: POST of a list of topics", "201"),
        ("EventSource: open the stream", "the present value"),
        ("PUT of two lines", "the same two lines"),
        ("PUT of bytes that are no text", "the same bytes, in base64"),
        ("lastEventId", "a number"),
    ];
    assert_eq!(seen, expected, "{document}");
    let (code, counted) = served.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{counted}");
    page::hold("interop.md", "event-source", &["what Chromium did", "what it saw"], &rows);
}
