//! `pushbench serve xmpp-pubsub` and other people's programs: slixmpp in the clear and over STARTTLS, aioxmpp, Tsung; Python
//! against `xmpp-websocket` and `xmpp-bosh`.
//!
//! The libraries need a Python that has them: `PUSHBENCH_PYTHON`, else `.venv/bin/python` in the repository. Where a program is missing, its
//! test says `SKIPPED`; with the environment variable `CI` set it fails instead.

#[path = "interop/conditions.rs"]
mod conditions;
#[path = "support/page.rs"]
mod page;
#[path = "support/served.rs"]
mod served;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use pushbench::units::show_bytes;
use served::{Served, python, skipped};

/// Area, what was done, what came of it.
type Row = Vec<String>;

/// Conditions that slixmpp cannot meet: it does not know RFC 6120's policy-violation (§8.3.3.12), takes such an answer for a fault of its
/// own, and its request waits until it times out.
const UNKNOWN_TO_SLIXMPP: [&str; 1] = ["policy-violation"];

/// Users of the scenario for Tsung.
const USERS: u64 = 30;

fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(name)
}

fn script(python: &Path, name: &str, mode: &str, arguments: &[&str]) -> Vec<Row> {
    let served = Served::start(&[&["xmpp-pubsub"], arguments].concat());
    let output = Command::new(python).arg("-B").arg(ours(name)).args([served.port(), mode]).output().expect("Python was there a moment ago");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.ends_with("done\n"), "{mode}: {said}\n{complained}");
    let (code, counted) = served.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{counted}");
    if name == "slixmpp_pubsub.py" {
        let (sent, got) = stanzas(&counted);
        assert!(said.ends_with(&format!("\nsent {sent} got {got}\ndone\n")), "{mode}: {said}\n{counted}");
    }
    said.lines().filter(|line| line.contains('\t')).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// Stanzas in and out that the server says it counted, on both legs.
fn stanzas(counted: &str) -> (u64, u64) {
    let words: Vec<&str> = counted.split_whitespace().collect();
    let read = |word: &str| word.replace(',', "").parse::<u64>().unwrap_or_else(|_| panic!("{word}: {counted}"));
    let legs = words.windows(6).filter(|words| words[1..4] == ["stanzas", "in", "and"]);
    legs.fold((0, 0), |(up, down), words| (up + read(words[0]), down + read(words[4])))
}

#[test]
fn slixmpp_gets_what_it_asks_for_or_the_right_error() {
    let Some(python) = python("slixmpp") else { return };
    let [clear, secured, full] = std::thread::scope(|scope| {
        let run = |mode, arguments: &'static [&str]| {
            let python = python.clone();
            scope.spawn(move || script(&python, "slixmpp_pubsub.py", mode, arguments))
        };
        [run("plaintext", &["--set", "starttls=off"]), run("starttls", &[]), run("full", &["--max-topics", "1"])].map(|thread| thread.join().unwrap())
    });
    let is_login = |row: &&Row| row[0] == "login";
    let rest = |rows: &[Row]| rows.iter().filter(|row| row[0] != "login").cloned().collect::<Vec<Row>>();
    assert_eq!(rest(&clear), rest(&secured), "what is seen does not depend on TLS");
    let logins = clear.iter().chain(&secured).filter(is_login).cloned();
    let counts = ["all", "by our own count", "as many stanzas each way as slixmpp counts"].map(str::to_owned).to_vec();
    let rows: Vec<Row> = logins.chain(rest(&clear)).chain(full).chain([counts]).collect();
    let (mut errors, done): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row[0] != "login" && row[2].starts_with('`'));
    errors.sort_by_key(|row| row[0].clone());
    page::hold("interop.md", "slixmpp", &["area", "what slixmpp did", "what it got"], &done);
    page::hold("interop.md", "slixmpp-errors", &["area", "what slixmpp asked for", "the error"], &errors);
}

#[test]
fn aioxmpp_understands_every_stanza() {
    let Some(python) = python("aioxmpp") else { return };
    let rows = script(&python, "aioxmpp_pubsub.py", "starttls", &[]);
    page::hold("interop.md", "aioxmpp", &["what aioxmpp did", "what it got"], &rows);
}

/// Needs no slixmpp: the page holds what it has met.
#[test]
fn slixmpp_has_met_every_error_that_the_service_can_answer_with() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/interop.md")).unwrap();
    let table = page.split("<!-- table slixmpp-errors:").nth(1).and_then(|rest| rest.split("<!-- end").next()).unwrap();
    let met: BTreeSet<String> = table.lines().filter_map(|line| line.strip_suffix("` |")?.rsplit('`').next().map(str::to_owned)).collect();
    let in_the_code = conditions::in_the_code();
    assert!(in_the_code.len() > 20, "{in_the_code:?}");
    let is_unknown = |condition: &str| UNKNOWN_TO_SLIXMPP.contains(&condition.split(", ").next().unwrap_or_default());
    let never_met: Vec<&String> = in_the_code.iter().filter(|condition| !met.contains(*condition) && !is_unknown(condition)).collect();
    assert!(never_met.is_empty(), "no step of tests/interop/slixmpp_errors.py meets these: {never_met:?}");
    let of_nobody: Vec<&String> = met.iter().filter(|condition| !in_the_code.contains(*condition)).collect();
    assert!(of_nobody.is_empty(), "met, but not found in the code, so the search overlooks something: {of_nobody:?}");
}

/// Erlang's name server, which `erl` starts in the background and leaves behind. This one has a port of its own, so that it is ours to end.
struct NameServer(String);

impl NameServer {
    fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string())
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        let _ = Command::new("epmd").args(["-port", &self.0, "-kill"]).output();
    }
}

#[test]
fn slixmpp_and_we_acknowledge_each_other() {
    let Some(python) = python("slixmpp") else { return };
    let rows = script(&python, "slixmpp_acks.py", "plaintext", &["--set", "starttls=off", "--set", "acks=on"]);
    page::hold("interop.md", "slixmpp-acks", &["area", "what slixmpp did", "what it got"], &rows);
}

/// A script that has a contender of its own to talk to.
fn other_carrier(contender: &str, module: &str, name: &str) -> Option<Vec<Row>> {
    let python = python(module)?;
    let served = Served::start(&[contender]);
    let output = Command::new(python).arg("-B").arg(ours(name)).arg(served.port()).output().expect("Python was there a moment ago");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.ends_with("done\n"), "{name}: {said}\n{complained}");
    let (code, counted) = served.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{counted}");
    Some(said.lines().filter(|line| line.contains('\t')).map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

#[test]
fn python_speaks_xmpp_over_websockets_and_over_http() {
    let (Some(websockets), Some(bosh)) =
        (other_carrier("xmpp-websocket", "websockets", "xmpp_websocket.py"), other_carrier("xmpp-bosh", "http.client", "xmpp_bosh.py"))
    else {
        return;
    };
    page::hold("interop.md", "xmpp-carriers", &["what", "what it did", "what it got"], &[websockets, bosh].concat());
}

/// What Tsung counted over the whole run, by name: its log has a line for each interval.
fn counted(log: &str) -> BTreeMap<&str, u64> {
    let mut sums = BTreeMap::new();
    for line in log.lines() {
        let mut words = line.split(' ');
        if let (Some("stats:"), Some(name), Some(Ok(count))) = (words.next(), words.next(), words.next().map(str::parse::<u64>)) {
            *sums.entry(name).or_default() += count;
        }
    }
    sums
}

#[test]
fn tsung_runs_its_pubsub_session() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&["xmpp-pubsub"]);
    let scenario = fs::read_to_string(ours("tsung-pubsub.xml")).unwrap();
    assert!(scenario.contains("port=\"5222\"") && scenario.contains(&format!("maxnumber=\"{USERS}\"")));
    let file = folder.path().join("pubsub.xml");
    fs::write(&file, scenario.replace("port=\"5222\"", &format!("port=\"{}\"", served.port()))).unwrap();
    let names = NameServer::new();
    let output = Command::new("timeout")
        .args(["--kill-after=5", "90", "tsung", "-n", "-f"])
        .arg(&file)
        .arg("-l")
        .arg(folder.path().join("log"))
        .arg("start")
        .env("HOME", folder.path())
        .env("ERL_EPMD_PORT", &names.0)
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_FLAGS", "-kernel inet_dist_use_interface {127,0,0,1}")
        .output()
        .expect("coreutils have it");
    // 127: timeout has not found the program.
    if output.status.code() == Some(127) {
        return skipped("tsung: not found");
    }
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    let log = fs::read_dir(folder.path().join("log")).unwrap().flatten().map(|entry| entry.path().join("tsung.log")).find(|path| path.is_file());
    let log = fs::read_to_string(log.unwrap_or_else(|| panic!("no log: {said}"))).unwrap();
    let counts = counted(&log);
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    for name in counts.keys() {
        assert!(!name.starts_with("error") && *name != "nomatch" && *name != "match_abort", "{name}: {log}");
    }
    assert_eq!((count("users_count"), count("finish_users_count")), (USERS, USERS), "{log}");

    let mut rows = Vec::new();
    for (name, what, answers) in [
        ("tr_login", "stream, SASL PLAIN, stream, bind, session", 5),
        ("tr_create", "create a node", 1),
        ("tr_subscribe", "subscribe to it", 1),
        ("tr_publish", "publish to it, 200 bytes, three times", 3),
        ("tr_unsubscribe", "unsubscribe, with the empty `subid` that Tsung cannot leave out", 1),
        ("tr_delete", "delete the node", 1),
    ] {
        let transactions = if name == "tr_publish" { answers * USERS } else { USERS };
        assert_eq!(count(name), transactions, "{name}: {log}");
        rows.push(vec![what.to_owned(), (answers * USERS).to_string(), "as expected, every one".to_owned()]);
    }
    // The presence is answered too, and that answer is not matched.
    let answers = 12 * USERS;
    assert_eq!((count("request"), count("match")), (answers + USERS, answers), "{log}");

    let (code, ledger) = served.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{ledger}");
    let publishers = ledger.lines().find(|line| line.starts_with("publishers:")).unwrap();
    // In: session, presence, create, subscribe, three publications, unsubscribe, delete. Out: eight results, the presence, three notifications.
    let stanzas = format!("{} stanzas in and {} out", 9 * USERS, 12 * USERS);
    assert!(publishers.contains(&format!("{USERS} connections")) && publishers.contains(&stanzas), "{ledger}");
    let sent = format!("{} in and", show_bytes(count("size_sent") as f64));
    assert!(publishers.contains(&sent), "Tsung has sent {sent} {ledger}");
    rows.push(vec![
        "all of it, by our own count".to_owned(),
        answers.to_string(),
        format!("{USERS} connections, {stanzas}; as many bytes in as Tsung says that it sent"),
    ]);
    page::hold("interop.md", "tsung", &["what thirty users of Tsung did", "answers", "what came"], &rows);
}
