//! Latency, wait and hits against independent clients in Python that subscribe to the same run.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use pushbench::cli::REGISTRY;
use pushbench::measure::recording::Trial;
use pushbench::scenario::Scenario;
use pushbench::trace::{Trace, Update};

use crate::command::{Run, tiny};
use crate::served::python;
use crate::{alone, doubts, free_port, sound_trial, tell};

/// A witness in Python under way; ended with the test.
struct Witness(Child);

impl Witness {
    fn start(python: &Path, script: &str, arguments: &[String]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/witnesses").join(script);
        let child = Command::new(python).arg(script).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self(child)
    }

    /// Its lines of numbers, once it has ended by itself; the first is when it was ready.
    fn ends(mut self) -> (i64, Vec<Vec<i64>>) {
        use std::io::Read as _;
        let (mut said, mut complained) = (String::new(), String::new());
        self.0.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        self.0.stderr.take().unwrap().read_to_string(&mut complained).unwrap();
        assert!(self.0.wait().unwrap().success(), "{complained}");
        let mut lines = said.lines();
        let ready = lines.next().and_then(|line| line.strip_prefix("ready ")).unwrap_or_else(|| panic!("{said}\n{complained}"));
        let numbers = |line: &str| line.split(' ').map(|number| number.parse().unwrap()).collect();
        (ready.parse().unwrap(), lines.map(numbers).collect())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a scenario of one contender with a witness beside it: the trial, the updates of its window, what the witness saw.
fn observed(script: &str, module: &str, scenario: &str, arguments: &[&str]) -> Option<(Trial, Vec<Update>, Vec<Vec<i64>>)> {
    let python = python(module)?;
    let port = free_port().to_string();
    let arguments: Vec<String> = std::iter::once(port.as_str()).chain(arguments.iter().copied()).map(str::to_owned).collect();
    // Before the run, so that it has started when the server comes up.
    let witness = Witness::start(&python, script, &arguments);
    let mut run = Run::start_with(scenario, &["--listen", &format!("127.0.0.1:{port}")]);
    let (status, _, err) = run.ends();
    assert_eq!(status.code(), run.place.code(0), "{err}");
    let trial = sound_trial(&run.place);
    let (ready, seen) = witness.ends();
    assert!(Some(ready) < trial.window_began, "the witness came too late: the warm-up is too short for this machine");
    assert_eq!(trial.witness_traffic.total().connections, 1, "the server has counted the witness, apart from everybody else");
    assert_eq!(trial.server_address, Some(format!("127.0.0.1:{port}")));
    assert!(doubts(&run.place).contains(&("witness".to_owned(), "note".to_owned())), "{:?}", doubts(&run.place));
    let scenario = Scenario::parse(scenario, "tiny.toml", Path::new(""), REGISTRY).unwrap();
    Some((trial, Trace::new(&scenario).unwrap().window().to_vec(), seen))
}

fn quantile(samples: &mut [f64], quantile: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[((samples.len() as f64 * quantile).ceil() as usize).clamp(1, samples.len()) - 1]
}

fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / samples.len() as f64
}

fn close(what: &str, ours: f64, theirs: f64, allowed: f64) {
    tell(&format!("{what}: {ours:.6} by pushbench, {theirs:.6} by the witness, {allowed:.6} allowed"));
    assert!((ours - theirs).abs() <= allowed, "{what}: {ours} and {theirs}, {allowed} allowed");
}

#[test]
fn slixmpp_sees_every_update_once_and_as_late() {
    let _turn = alone();
    let changes = [("topics", "50"), ("updates_per_active_topic", "8"), ("span", "\"8s\""), ("warm_up", "\"4s\"")];
    let scenario = tiny("[[contender]]\nuse = \"xmpp-pubsub\"\n", &changes);
    let Some((trial, updates, seen)) = observed("xmpp.py", "slixmpp", &scenario, &["50"]) else { return };
    let began = trial.window_began.unwrap();

    let mut by_stamp: Vec<(i64, i64, i64)> = seen.iter().filter(|line| line[1] > 0 && line[2] >= 0).map(|line| (line[0], line[1], line[2])).collect();
    let mut planned: Vec<(i64, i64, i64)> = updates.iter().map(|update| (update.topic.into(), update.version.into(), update.due)).collect();
    by_stamp.sort_unstable();
    planned.sort_unstable();
    // The probe has the due time of no update, and its topic is none of those that the witness asked for.
    assert_eq!(by_stamp, planned, "every update of the window, each exactly once");
    assert_eq!(trial.deliveries.delivered, planned.len() as u64, "and our subscriber saw the same");

    let of_window = || seen.iter().filter(|line| line[1] > 0 && line[2] >= 0);
    let mut latency: Vec<f64> = of_window().map(|line| (line[3] - began - line[2]) as f64 / 1e9).collect();
    let python = mean(&of_window().map(|line| (line[4] - line[3]) as f64 / 1e9).collect::<Vec<_>>());
    tell(&format!("slixmpp takes {python:.6} s on average from bytes to stanza, which is in none of these figures"));
    let (ours, theirs) = (trial.times.latency.quantile(0.5).unwrap(), quantile(&mut latency, 0.5));
    assert!(latency[0] > 0.0, "nothing arrives before it is due, by either clock");
    // Both are stamped when bytes have been read. Python's loop needs some hundred microseconds to come to that, and the
    // server writes to one after the other; on a busy machine each also waits for its core.
    close("median latency, xmpp-pubsub", ours, theirs, 0.002);
}

#[test]
fn http_client_waits_as_long_and_finds_as_much() {
    const TOPICS: usize = 100;
    const INTERVAL: f64 = 0.4;
    const RATE: f64 = 1.0;
    const WINDOW: f64 = 10.0;
    let _turn = alone();
    let changes = [("topics", "100"), ("updates_per_active_topic", "10"), ("span", "\"10s\""), ("warm_up", "\"4s\"")];
    let scenario = tiny("[[contender]]\nuse = \"rest-poll\"\ninterval = \"400ms\"\n", &changes);
    let Some((trial, updates, seen)) = observed("rest.py", "http.client", &scenario, &["100", "0.4", "1"]) else { return };
    let began = trial.window_began.unwrap();

    // Polls of each topic in their order: when they were to be sent, from the start of the window, and what they found.
    let mut polls: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    let due: BTreeMap<(i64, i64), i64> = updates.iter().map(|update| ((update.topic.into(), update.version.into()), update.due)).collect();
    for line in &seen {
        assert!(line[1] == 0 || line[2] < 0 || due[&(line[0], line[1])] == line[2], "a stamp that no update of the plan has: {line:?}");
        polls.entry(line[0]).or_default().push((line[3] - began, line[1]));
    }
    assert_eq!(polls.len(), TOPICS);
    let mut waits: Vec<f64> = Vec::new();
    for update in &updates {
        let found = polls[&i64::from(update.topic)].iter().find(|(_, version)| *version >= i64::from(update.version));
        let (intended, _) = found.unwrap_or_else(|| panic!("{update:?} was never seen"));
        waits.push((intended - update.due).max(0) as f64 / 1e9);
    }
    let (mut asked, mut news) = (0_u64, 0_u64);
    for polls in polls.values() {
        for pair in polls.windows(2).filter(|pair| (0..(WINDOW * 1e9) as i64).contains(&pair[1].0)) {
            asked += 1;
            news += u64::from(pair[1].1 > pair[0].1);
        }
    }
    assert_eq!(trial.exchanges, trial.requests_planned, "every poll of ours was answered");
    let planned = TOPICS as f64 * WINDOW / INTERVAL;
    assert!((asked as f64 - planned).abs() <= TOPICS as f64, "{asked} polls of the witness");

    // Waits are uniform over the interval and independent; four standard deviations of what is compared.
    let count = updates.len() as f64;
    let of_mean = 4.0 * INTERVAL / (12.0 * count).sqrt();
    let of_p99 = 4.0 * INTERVAL * (0.99 * 0.01 / count).sqrt();
    let of_two = std::f64::consts::SQRT_2;
    assert!(0.05 * 0.99 * INTERVAL > of_two * of_p99, "an interval that is wrong by 5 % is found out");
    let (ours, theirs) = (trial.times.wait.mean().unwrap(), mean(&waits));
    close("wait, mean", ours, theirs, of_two * of_mean);
    close("wait, mean, closed form", INTERVAL / 2.0, theirs, of_mean);
    close("wait, mean, ours and closed form", ours, INTERVAL / 2.0, of_mean);
    let (ours, theirs) = (trial.times.wait.quantile(0.99).unwrap(), quantile(&mut waits, 0.99));
    close("wait, p99", ours, theirs, of_two * of_p99);
    close("wait, p99, closed form", 0.99 * INTERVAL, theirs, of_p99);
    close("wait, p99, ours and closed form", ours, 0.99 * INTERVAL, of_p99);
    // Updates come by Poisson, so that polls find news independently of each other.
    let share = 1.0 - (-RATE * INTERVAL).exp();
    let of_share = 4.0 * (share * (1.0 - share) / planned).sqrt();
    let (ours, theirs) = ((trial.exchanges - trial.wasted) as f64 / trial.exchanges as f64, news as f64 / asked as f64);
    close("polls that find news", ours, theirs, of_two * of_share);
    close("polls that find news, closed form", share, theirs, of_share);
    close("polls that find news, ours and closed form", ours, share, of_share);
}
