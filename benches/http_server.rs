//! CPU-seconds of our HTTP server per 100,000 requests, against a bare hyper server that says the same 1 KiB to everyone.
//!
//! `cargo bench --bench http_server` needs `wrk` and `taskset`. Each server is a process of its own on the first core,
//! wrk runs on the last. Variants take turns in a fixed cyclic order, and ratios are taken within a round:
//! on a shared machine, runs of the same code minutes apart have differed by half.

use std::convert::Infallible;
use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use pushbench::contender::pace::Pace;
use pushbench::contender::settings::Values;
use pushbench::contender::{Limits, ServerSeat, socket};
use pushbench::contenders;
use pushbench::measure::ledger::Ledger;
use pushbench::measure::process;
use tokio::net::TcpListener;
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 9;
const SECONDS: &str = "2s";
const CONNECTIONS: [&str; 2] = ["64", "1024"];
const PAYLOAD: usize = 1_024;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", what] => serve(what),
        _ if !arguments.iter().any(|argument| argument == "--bench") => {
            println!("http_server measures under \"cargo bench\" only");
            Ok(())
        }
        _ if Command::new("wrk").arg("--version").output().is_err() => {
            println!("SKIPPED: wrk is missing; install it with \"apt-get install wrk\"");
            Ok(())
        }
        _ => compare(),
    }
}

/// A variant: which server, and what wrk sends.
struct Variant {
    name: &'static str,
    server: usize,
    headers: Vec<String>,
}

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn compare() -> Outcome<()> {
    let mut servers = [Served::start("bare")?, Served::start("ours")?];
    let tag = servers[1].tag.clone();
    let variants = [
        Variant { name: "bare hyper", server: 0, headers: vec![] },
        Variant { name: "ours, 200", server: 1, headers: vec![] },
        Variant { name: "ours, 304", server: 1, headers: vec![format!("If-None-Match: {tag}")] },
    ];
    for connections in CONNECTIONS {
        let mut costs = vec![Vec::new(); variants.len()];
        for _ in 0..ROUNDS {
            for (variant, costs) in variants.iter().zip(&mut costs) {
                costs.push(servers[variant.server].cost(&variant.headers, connections)?);
            }
        }
        println!("{connections} connections, {ROUNDS} rounds: CPU-seconds per 100,000 requests, and as a multiple of bare hyper");
        for (variant, own) in variants.iter().zip(&costs) {
            let ratios = own.iter().zip(&costs[0]).map(|(own, bare)| own / bare).collect::<Vec<_>>();
            let (low, middle, high) = spread(&ratios);
            println!("  {:<12} {:.3}   × {middle:.3} ({low:.3} to {high:.3})", variant.name, spread(own).1);
        }
    }
    Ok(())
}

/// Least, median, most.
fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    (values[0], values[values.len() / 2], values[values.len() - 1])
}

/// A server in a process of its own.
struct Served {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    url: String,
    tag: String,
}

impl Served {
    fn start(what: &str) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?).args(["serve", what]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (to, from) = (child.stdin.take().ok_or("no pipe")?, child.stdout.take().ok_or("no pipe")?);
        let mut served = Self { child, to, from: BufReader::new(from), url: String::new(), tag: String::new() };
        served.url = served.line()?;
        // The topic is put in from outside, as everybody does it.
        let address = served.url.trim_start_matches("http://").split('/').next().unwrap_or_default().to_owned();
        let mut socket = std::net::TcpStream::connect(address)?;
        let request = format!("PUT /topics/topic-000000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {PAYLOAD}\r\n\r\n{}", "x".repeat(PAYLOAD));
        socket.write_all(request.as_bytes())?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        served.tag = answer.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap_or_default().to_owned();
        Ok(served)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    fn cpu(&mut self) -> Outcome<f64> {
        self.to.write_all(b"\n")?;
        Ok(self.line()?.parse()?)
    }

    /// CPU-seconds per 100,000 requests.
    fn cost(&mut self, headers: &[String], connections: &str) -> Outcome<f64> {
        let last = process::allowed_cores().last().ok_or("no core")?.to_string();
        let before = self.cpu()?;
        let mut wrk = Command::new("taskset");
        wrk.args(["-c", &last, "wrk", "-t", "1", "-c", connections, "-d", SECONDS]);
        for header in headers {
            wrk.args(["-H", header]);
        }
        let output = wrk.arg(&self.url).output()?;
        let used = self.cpu()? - before;
        let said = String::from_utf8_lossy(&output.stdout);
        if said.contains("Socket errors") {
            return Err(said.into());
        }
        let requests = said.lines().find_map(|line| line.trim().split_once(" requests in ")).ok_or_else(|| said.clone())?.0;
        Ok(used / requests.parse::<f64>()? * 100_000.0)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process that serves: prints its URL, then the CPU it has used whenever a line comes in.
#[expect(clippy::print_stdout, reason = "this is how it talks with its parent")]
fn serve(what: &str) -> Outcome<()> {
    process::pin(&process::allowed_cores()[..1])?;
    process::raise_descriptor_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}/topics/topic-000000", listener.local_addr()?);
        // A thread of its own, blocked while wrk runs: it costs nothing then.
        std::thread::spawn(|| {
            for _ in std::io::stdin().lines() {
                println!("{}", process::cpu().total());
            }
        });
        if what == "bare" { bare(listener).await } else { ours(listener).await }
    })
}

async fn ours(listener: TcpListener) -> Outcome<()> {
    let contender = contenders::ALL.iter().find(|contender| contender.name() == "rest-conditional").ok_or("no such contender")?;
    let given = [("interval".to_owned(), "1s".to_owned())].into();
    let protocol = contender.protocol(&Values::new(contender.settings(), &given)?)?;
    let seat = ServerSeat { listener, stop: CancellationToken::new(), ledger: Ledger::default(), limits: Limits::default(), pace: Pace::REAL };
    Ok(protocol.serve(seat).await?)
}

async fn bare(listener: TcpListener) -> Outcome<()> {
    let body = Bytes::from(vec![b'x'; PAYLOAD]);
    loop {
        let socket = socket::accept(&listener).await?;
        let body = body.clone();
        let service = service_fn(move |_: Request<hyper::body::Incoming>| {
            let body = body.clone();
            async move { Ok::<_, Infallible>(Response::new(Full::new(body))) }
        });
        tokio::task::spawn_local(async move {
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}
