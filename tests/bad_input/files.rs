//! Whatever a command can be given beside good files: each case is a child under a limit of memory and time.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;

use crate::command::tiny;
use crate::{page, recordings};

/// Address space of a child: more than any file that is read, far less than any of these ask for.
const MOST_KIB: u64 = 1 << 20;
/// Nothing here takes so long, even on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

/// What a command was given, and what came of it.
pub struct Seen {
    pub what: &'static str,
    pub code: Option<i32>,
    /// Standard error, without the folder of the test.
    pub told: String,
}

struct Case {
    what: &'static str,
    code: i32,
    arguments: Vec<String>,
    prepare: Box<dyn Fn(&Path) + Sync>,
}

fn case(what: &'static str, code: i32, arguments: &[&str], prepare: impl Fn(&Path) + Sync + 'static) -> Case {
    Case { what, code, arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(), prepare: Box::new(prepare) }
}

/// All cases, run once.
pub fn all() -> &'static [Seen] {
    static ALL: OnceLock<Vec<Seen>> = OnceLock::new();
    ALL.get_or_init(|| {
        let (one, two) = ([scenarios(), updates()], [recordings(), several(), slides(), histories(), usage()]);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| two.iter().flatten().map(run).collect::<Vec<Seen>>());
            let mut seen: Vec<Seen> = one.iter().flatten().map(run).collect();
            seen.extend(other.join().unwrap());
            seen
        })
    })
}

fn run(case: &Case) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    (case.prepare)(folder.path());
    let mut command = Command::new("sh");
    let limited = format!("ulimit -v {MOST_KIB} && exec \"$0\" \"$@\"");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_pushbench")]).args(&case.arguments).current_dir(folder.path());
    let mut child = command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + LONGEST;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                child.kill().unwrap();
                panic!("{}: still running after {LONGEST:?}", case.what);
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let mut told = Vec::new();
    std::io::Read::read_to_end(&mut child.stderr.take().unwrap(), &mut told).unwrap();
    let told = plain(&String::from_utf8(told).unwrap().replace(&folder.path().display().to_string(), "…"));
    assert_eq!(status.code(), Some(case.code), "{}: {told}", case.what);
    assert!(!told.contains(|character: char| character.is_control() && character != '\n'), "{}: {told:?}", case.what);
    assert!(!told.contains("panicked"), "{}: {told}", case.what);
    assert!(case.code == 0 || told.starts_with("error: "), "{}: {told}", case.what);
    Seen { what: case.what, code: status.code(), told }
}

/// Without what changes with every field that a recording gets.
fn plain(told: &str) -> String {
    let mut plain = told.to_owned();
    if let Some(start) = told.find(" column ").filter(|_| told.contains("is not a recording of pushbench")).map(|at| at + 8) {
        let end = start + told[start..].find(|character: char| !character.is_ascii_digit()).unwrap_or(told.len() - start);
        plain.replace_range(start..end, "…");
        // What half a recording breaks off in depends on how long its second half is.
        for part in ["a value", "an object", "a string", "a list"] {
            plain = plain.replace(&format!("EOF while parsing {part}"), "EOF while parsing …");
        }
    }
    if let Some(start) = plain.find(", expected one of `") {
        let end = plain[start..].find(" at line").map_or(plain.len(), |at| start + at);
        plain.replace_range(start..end, ", expected one of …");
    }
    plain
}

#[test]
fn what_is_broken_is_refused_by_name_in_bounded_memory() {
    let seen = all();
    let mut told = String::new();
    let mut rows = Vec::new();
    for Seen { what, code, told: said } in seen {
        let code = code.unwrap();
        told.push_str(&format!("### {what}\nexit code {code}\n{said}\n"));
        let first = said.lines().next().unwrap_or("used as it should be").trim_start_matches("error: ");
        let short: String = first.chars().take(110).collect();
        let mark = if short.len() < first.len() { " …" } else { "" };
        rows.push(vec![(*what).to_owned(), code.to_string(), format!("{}{mark}", short.replace('<', "&lt;"))]);
    }
    let texts = crate::texts::messages().len();
    rows.push(vec![
        format!("{texts} mistakes in the text of a scenario, one each"),
        "2".to_owned(),
        "what is wrong, with line and column, and what is allowed or helps".to_owned(),
    ]);
    insta::assert_snapshot!(told);
    page::hold("reliability.md", "bad-input", &["input", "exit code", "first line of what is said"], &rows);
}

fn write(name: &'static str, bytes: impl AsRef<[u8]> + Sync + 'static) -> impl Fn(&Path) + Sync + 'static {
    move |folder| fs::write(folder.join(name), bytes.as_ref()).unwrap()
}

/// A pipe into which bytes go until nobody reads any more.
fn endless(name: &'static str) -> impl Fn(&Path) + Sync + 'static {
    move |folder| {
        let path = folder.join(name);
        nix::unistd::mkfifo(&path, Mode::S_IRWXU).unwrap();
        std::thread::spawn(move || {
            let mut pipe = File::options().write(true).open(path).unwrap();
            while pipe.write_all(&[b'a'; 65_536]).is_ok() {}
        });
    }
}

/// A file of that size that takes no room on the disk.
fn sparse(name: &'static str, size: u64) -> impl Fn(&Path) + Sync + 'static {
    move |folder| File::create(folder.join(name)).unwrap().set_len(size).unwrap()
}

fn circle(name: &'static str) -> impl Fn(&Path) + Sync + 'static {
    move |folder| symlink(name, folder.join(name)).unwrap()
}

fn nothing(_: &Path) {}

fn good() -> String {
    tiny("[[contender]]\nuse = \"rest-poll\"\ninterval = \"200ms\"\n", &[])
}

fn scenarios() -> Vec<Case> {
    let check = ["check", "a.toml"];
    let text = |what, text: String| case(what, 2, &["check", "a.toml"], write("a.toml", text));
    let many = |count: usize, one: fn(usize) -> String| (0..count).map(one).collect::<String>();
    vec![
        case("scenario: no such file", 2, &check, nothing),
        case("scenario: a folder", 2, &check, |folder| fs::create_dir(folder.join("a.toml")).unwrap()),
        case("scenario: a link to itself", 2, &check, circle("a.toml")),
        case("scenario: /dev/zero", 2, &["check", "/dev/zero"], nothing),
        case("scenario: a pipe without end", 2, &check, endless("a.toml")),
        case("scenario: 10 GiB", 2, &check, sparse("a.toml", 10 << 30)),
        case("scenario: a program's file", 2, &check, write("a.toml", b"\x7FELF\x02\x01\x01\0\0\0\xFF\xFE")),
        case("scenario: in UTF-16", 2, &check, write("a.toml", b"\xFF\xFEt\0i\0t\0l\0e\0")),
        case("scenario: zeros", 2, &check, write("a.toml", [0; 1_000])),
        case("scenario: empty", 2, &check, write("a.toml", "")),
        text("scenario: 100,000 brackets", format!("title = {}", "[".repeat(100_000))),
        text("scenario: 100,000 tables in tables", format!("title = {}", "{a=".repeat(100_000))),
        text("scenario: a key of 100,000 parts", format!("title{} = 1", ".a".repeat(100_000))),
        text("scenario: a mistake in a line of 500 KB", good().replace("\"Tiny\"", &format!("[\"{}\"]", "z".repeat(500_000)))),
        text("scenario: 20,000 contenders", good() + &many(20_000, |number| format!("[[contender]]\nuse = \"loopback\"\nname = \"c{number}\"\n"))),
        text("scenario: 10,000 budgets", good() + &many(10_000, |_| "[[budget]]\ncontender = \"rest-poll\"\nmetric = \"reach\"\nat_least = 0\n".to_owned())),
        text(
            "scenario: 10,000 published figures",
            good() + &many(10_000, |_| "[[published]]\nwhat = \"w\"\nvalue = 7\nunit = \"times\"\nsource = \"s\"\n".to_owned()),
        ),
        text("scenario: 50,000 values to sweep", format!("{}[sweep]\n\"workload.seed\" = [{}]\n", good(), many(50_000, |number| format!("{number},")))),
        case("scenario: with a byte-order mark", 0, &check, write("a.toml", format!("\u{FEFF}{}", good()))),
        case("scenario: with line ends of Windows", 0, &check, write("a.toml", good().replace('\n', "\r\n"))),
    ]
}

fn updates() -> Vec<Case> {
    let with = |what, code, prepare: Box<dyn Fn(&Path) + Sync>| {
        let scenario = tiny("[[contender]]\nuse = \"loopback\"\n", &[("arrivals", "{ csv = \"a.csv\" }")]);
        let scenario = scenario.replace("updates_per_active_topic = 2\n", "");
        case(what, code, &["check", "a.toml"], move |folder| {
            fs::write(folder.join("a.toml"), &scenario).unwrap();
            prepare(folder);
        })
    };
    let bytes = |what, code, bytes: &'static [u8]| with(what, code, Box::new(write("a.csv", bytes)));
    let long = |start: &str, part: &str| format!("due,topic\n{start}{}", part.repeat(3_000_000 / part.len()));
    vec![
        with("updates: no such file", 2, Box::new(nothing)),
        with("updates: a folder", 2, Box::new(|folder| fs::create_dir(folder.join("a.csv")).unwrap())),
        with("updates: a link to itself", 2, Box::new(circle("a.csv"))),
        with("updates: a link to /dev/zero", 2, Box::new(|folder| symlink("/dev/zero", folder.join("a.csv")).unwrap())),
        with("updates: a pipe without end", 2, Box::new(endless("a.csv"))),
        with("updates: a line of 3 MB", 2, Box::new(write("a.csv", long("", "7")))),
        with("updates: a quote that is never closed", 2, Box::new(write("a.csv", long("\"0.1,1\n", "0.1,1\n")))),
        bytes("updates: empty", 2, b""),
        bytes("updates: a program's file", 2, b"\x7FELF\x02\x01\x01\0\0\0\n"),
        bytes("updates: another header", 2, b"time,topic\n0.1,1\n"),
        bytes("updates: three columns", 2, b"due,topic\n0.1,1,1\n"),
        bytes("updates: one column", 2, b"due,topic\n0.1\n"),
        bytes("updates: a zero byte", 2, b"due,topic\n0.1,1\0\n"),
        bytes("updates: not UTF-8", 2, b"due,topic\n0.1,\xFF\n"),
        bytes("updates: a time that is none", 2, b"due,topic\nnan,1\n"),
        bytes("updates: a time beyond the span", 2, b"due,topic\n1e300,1\n"),
        bytes("updates: a topic that does not exist", 2, b"due,topic\n0.1,20\n"),
        bytes("updates: out of order, in quotes, with a byte-order mark", 0, b"\xEF\xBB\xBF\"due\",\"topic\"\r\n\"0.2\",\"1\"\r\n0.1,1\r\n"),
    ]
}

fn recordings() -> Vec<Case> {
    let report = ["report", "recording.json", "--format", "terminal"];
    let text = |what, text: String| case(what, 2, &report, write("recording.json", text));
    let changed = |what, change: fn(&mut serde_json::Value)| text(what, recordings::changed(change));
    let mut cases = vec![
        case("recording: no such file", 2, &report, nothing),
        case("recording: a folder without one", 2, &["report", ".", "--format", "terminal"], nothing),
        case("recording: a link to itself", 2, &report, circle("recording.json")),
        case("recording: /dev/zero", 2, &["report", "/dev/zero"], nothing),
        case("recording: a pipe without end", 2, &report, endless("recording.json")),
        case("recording: 10 GiB", 2, &report, sparse("recording.json", 10 << 30)),
        case("recording: not UTF-8", 2, &report, write("recording.json", b"{\"schema\": \"\xFF\"}")),
        text("recording: empty", String::new()),
        text("recording: not JSON", "schema = 1".to_owned()),
        text("recording: JSON of something else", "[1, 2, 3]".to_owned()),
        text("recording: 100,000 brackets", format!("{{\"schema\": 1, \"trials\": {}", "[".repeat(100_000))),
        text("recording: a number that is none", "{\"schema\": 1, \"trials\": [NaN]}".to_owned()),
        text("recording: a number that is too large", "{\"schema\": 1, \"trials\": [1e999]}".to_owned()),
        text("recording: the first half", {
            let whole = recordings::good();
            whole[..whole.len() / 2].to_owned()
        }),
        changed("recording: an older schema", |recording| recording["schema"] = 0.into()),
        changed("recording: a newer schema", |recording| recording["schema"] = 99.into()),
        changed("recording: an unknown field", |recording| recording["weather"] = "fine".into()),
        changed("recording: a field whose name would clear the screen", |recording| recording["\u{1b}[2J"] = 1.into()),
        changed("recording: a field of another type", |recording| recording["trials"] = "none".into()),
    ];
    cases.extend(recordings::hostile().into_iter().map(|(what, recording)| text(what, recording)));
    cases
}

/// Recordings side by side.
fn several() -> Vec<Case> {
    let beside = |what, second: String, more: &[&str]| {
        let arguments: Vec<&str> = ["report", "a.json", "b.json"].into_iter().chain(more.iter().copied()).collect();
        case(what, 2, &arguments, move |folder| {
            fs::write(folder.join("a.json"), recordings::good()).unwrap();
            fs::write(folder.join("b.json"), &second).unwrap();
        })
    };
    let strangers = recordings::changed(|recording| {
        for contender in recording["contenders"].as_array_mut().unwrap() {
            contender["name"] = format!("other-{}", contender["name"].as_str().unwrap()).into();
        }
        for trial in recording["trials"].as_array_mut().unwrap() {
            trial["contender"] = format!("other-{}", trial["contender"].as_str().unwrap()).into();
        }
    });
    let unfinished = recordings::changed(|recording| recording["trials"].as_array_mut().unwrap().iter_mut().for_each(|trial| trial["complete"] = false.into()));
    vec![
        beside("recordings: nothing in common", strangers, &[]),
        beside("recordings: one of them without a complete trial", unfinished, &[]),
        beside("recordings: one of them is none", "{}".to_owned(), &[]),
        beside("recordings: a page of several", recordings::good(), &["--format", "html"]),
        beside("recordings: a template for several", recordings::good(), &["--template", "a.txt"]),
        beside("recordings: slides of several", recordings::good(), &["--slides"]),
        beside("recordings: fewer names than recordings", recordings::good(), &["--name", "before"]),
        beside("recordings: a name of nothing", recordings::good(), &["--name", "before", "--name", " "]),
        beside("recordings: two of one name", recordings::good(), &["--name", "same", "--name", "same"]),
        case("recording: a name for one", 2, &["report", "a.json", "--name", "before"], write("a.json", recordings::good())),
    ]
}

fn slides() -> Vec<Case> {
    let report = ["report", "recording.json", "--slides", "--theme", "theme.toml"];
    let themed = |what, theme: &'static str, prepare: Box<dyn Fn(&Path) + Sync>| {
        case(what, 2, &report, move |folder| {
            fs::write(folder.join("recording.json"), recordings::good()).unwrap();
            if !theme.is_empty() {
                fs::write(folder.join("theme.toml"), theme).unwrap();
            }
            prepare(folder);
        })
    };
    vec![
        themed("theme: no such file", "", Box::new(nothing)),
        themed("theme: a link to itself", "", Box::new(circle("theme.toml"))),
        themed("theme: a pipe without end", "", Box::new(endless("theme.toml"))),
        themed("theme: 10 GiB", "", Box::new(sparse("theme.toml", 10 << 30))),
        themed("theme: an unknown key", "fotn = \"Arial\"", Box::new(nothing)),
        themed("theme: a logo that is not there", "logo = \"logo.png\"", Box::new(nothing)),
        themed("theme: a logo that is a pipe without end", "logo = \"logo.png\"", Box::new(endless("logo.png"))),
        themed("theme: a logo of 10 GiB", "logo = \"logo.png\"", Box::new(sparse("logo.png", 10 << 30))),
        themed("theme: a logo that is no picture", "logo = \"logo.png\"", Box::new(write("logo.png", "no picture"))),
    ]
}

fn histories() -> Vec<Case> {
    let show = ["history", "show", "reach"];
    let file = |what, bytes: &'static [u8]| case(what, 2, &show, write("history.jsonl", bytes));
    // A run of the good recording, changed in one place.
    let begun = |folder: &Path| {
        fs::write(folder.join("recording.json"), recordings::good()).unwrap();
        let add = ["history", "add", ".", "--label", "first"];
        assert!(Command::new(env!("CARGO_BIN_EXE_pushbench")).args(add).current_dir(folder).stdout(Stdio::null()).status().unwrap().success());
        fs::read_to_string(folder.join("history.jsonl")).unwrap()
    };
    let changed = |what, from: &'static str, to: &'static str| {
        case(what, 2, &show, move |folder| {
            let line = begun(folder).replacen(from, to, 1);
            assert!(line.contains(to));
            fs::write(folder.join("history.jsonl"), line).unwrap();
        })
    };
    let asked = |what, code, arguments: &[&str]| {
        let arguments: Vec<&str> = ["history"].iter().chain(arguments).copied().collect();
        case(what, code, &arguments, move |folder| _ = begun(folder))
    };
    vec![
        case("history: no such file", 2, &show, nothing),
        case("history: /dev/zero", 2, &["history", "show", "reach", "--file", "/dev/zero"], nothing),
        case("history: a pipe without end", 2, &show, endless("history.jsonl")),
        case("history: 10 GiB", 2, &show, sparse("history.jsonl", 10 << 30)),
        file("history: empty", b""),
        file("history: a program's file", b"\x7FELF\x02\x01\x01\0\0\0\xFF\xFE"),
        file("history: a conflict of git", b"<<<<<<< HEAD\n=======\n>>>>>>> branch\n"),
        changed("history: a run of a newer schema", "\"schema\":1", "\"schema\":2"),
        changed("history: a run of nobody knows when", "\"started\":\"2026", "\"started\":\"yesterday"),
        changed(
            "history: a figure without a trial",
            "\"trials\":[",
            "\"trials\":[],\"untrusted\":true},{\"contender\":\"a\",\"load_point\":\"\",\"metric\":\"b\",\"trials\":[",
        ),
        changed(
            "history: a figure twice",
            "\"figures\":[",
            "\"figures\":[{\"contender\":\"a\",\"load_point\":\"\",\"metric\":\"b\",\"trials\":[1]},{\"contender\":\"a\",\"load_point\":\"\",\"metric\":\"b\",\"trials\":[1]},",
        ),
        changed("history: a number that is too large", "\"trials\":[", "\"trials\":[1e999,"),
        case("history: lines that are no runs, and a torn one", 0, &show, move |folder| {
            let text = begun(folder) + &"no run\n".repeat(30) + "{\"schema\":1,";
            fs::write(folder.join("history.jsonl"), text).unwrap();
        }),
        asked("history: a figure that there is not", 2, &["show", "latencies"]),
        asked("history: a contender that there is not", 2, &["show", "reach", "--only", "rest-pol"]),
        asked("history: a scenario that there is not", 2, &["changes", "--scenario", "another"]),
        asked("history: a load point where nothing is swept", 2, &["show", "reach", "--at", "workload.topics=7"]),
        asked("history: a figure that nobody who is asked for has", 2, &["show", "requests.per_update", "--only", "xmpp-pubsub"]),
        asked("history: a share of more than all", 2, &["changes", "--magnitude", "5"]),
        asked("history: a file of nowhere", 2, &["show", "reach", "--format", "png"]),
        asked("history: a label of nothing", 2, &["add", ".", "--label", " "]),
        case("history: a recording without a complete trial", 2, &["history", "add", "."], |folder| {
            let none =
                recordings::changed(|recording| recording["trials"].as_array_mut().unwrap().iter_mut().for_each(|trial| trial["complete"] = false.into()));
            fs::write(folder.join("recording.json"), none).unwrap();
        }),
        asked("history: to be added to a folder", 3, &["add", ".", "--file", "."]),
        case("history: to be added to 10 GiB", 3, &["history", "add", "."], |folder| {
            fs::write(folder.join("recording.json"), recordings::good()).unwrap();
            sparse("history.jsonl", 10 << 30)(folder);
        }),
        case("history: no room for its index", 3, &["history", "index"], move |folder| {
            begun(folder);
            fs::create_dir(folder.join("history.jsonl.index.sqlite")).unwrap();
        }),
    ]
}

fn usage() -> Vec<Case> {
    let run = |what, more: &[&str]| {
        let arguments: Vec<&str> = ["run", "a.toml"].into_iter().chain(more.iter().copied()).collect();
        case(what, 2, &arguments, write("a.toml", good()))
    };
    let template = |what, path: &'static str, more: &[&str]| {
        let arguments: Vec<&str> = ["report", "recording.json", "--template", path].into_iter().chain(more.iter().copied()).collect();
        case(what, 2, &arguments, move |folder| {
            fs::write(folder.join("recording.json"), recordings::good()).unwrap();
            fs::create_dir(folder.join("own")).unwrap();
            fs::write(folder.join(path), "{{ title }}").unwrap();
        })
    };
    vec![
        run("run: a contender that does not exist", &["--only", "rest-pol"]),
        case("run: a folder that holds a recording", 2, &["run", "a.toml", "--out", "."], |folder| {
            fs::write(folder.join("a.toml"), good()).unwrap();
            fs::write(folder.join("recording.json"), "{}").unwrap();
        }),
        run("run: an address that is none", &["--listen", "here"]),
        run("run: an address of the network", &["--listen", "192.0.2.1:7700"]),
        run("run: a network that is none", &["--network", "left"]),
        case(
            "run: network namespaces that do not exist",
            3,
            &["run", "a.toml", "--network", "server=no-such-1,clients=no-such-2,address=192.0.2.1"],
            write("a.toml", good()),
        ),
        template("report: a template that would overwrite the recording", "own/recording.json", &[]),
        template("report: a template by the name of what is asked for", "own/summary.csv", &["--format", "csv"]),
        template("report: a template that would overwrite itself", "own/page.html", &["--out", "own"]),
        case("compare: no such recordings", 2, &["compare", "before", "after"], nothing),
        case("compare: rules without a table", 2, &["compare", ".", ".", "--rules", "a.toml"], |folder| {
            fs::write(folder.join("a.toml"), good()).unwrap();
            fs::write(folder.join("recording.json"), recordings::good()).unwrap();
        }),
        case("compare: a scenario whose table has a mistake", 2, &["compare", ".", "."], |folder| {
            let text = recordings::changed(|recording| recording["scenario"]["text"] = "[compare]\nmachine = \"any\"\n".into());
            fs::write(folder.join("recording.json"), text).unwrap();
        }),
        case("serve: a contender that does not exist", 2, &["serve", "rest-pol"], nothing),
        case("serve: a setting given twice", 2, &["serve", "rest-poll", "--set", "interval=1s", "--set", "interval=2s"], nothing),
        case("serve: a setting that does not exist", 2, &["serve", "rest-poll", "--set", "colour=red"], nothing),
        case("serve: a count of none", 2, &["serve", "xmpp-pubsub", "--set", "window=0"], nothing),
        case("serve: a pause in an open loop", 2, &["serve", "rest-poll", "--set", "pause=1s", "--set", "interval=1s"], nothing),
        case("serve: a factor that is none", 2, &["serve", "rest-adaptive", "--set", "growth=0.5"], nothing),
        case("serve: bounds the wrong way round", 2, &["serve", "rest-adaptive", "--set", "shortest=2s", "--set", "longest=1s"], nothing),
        case("serve: a start out of bounds", 2, &["serve", "rest-adaptive", "--set", "start=2s"], nothing),
        case("serve: a number that is none", 2, &["serve", "rest-bitmap", "--set", "outside=-1"], nothing),
        case("serve: too large a crowd", 2, &["serve", "rest-bitmap", "--set", "outside=10000001"], nothing),
        case("serve: too busy a crowd", 2, &["serve", "rest-changes", "--set", "outside=10000000", "--set", "outside_interval=1ms"], nothing),
        case("serve: a contender without a server", 2, &["serve", "loopback"], nothing),
        case("serve: an address of the network", 2, &["serve", "rest-poll", "--listen", "192.0.2.1:7700"], nothing),
        case("side: started by hand", 2, &["side"], nothing),
    ]
}
