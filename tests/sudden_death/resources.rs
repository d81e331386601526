//! Addresses, descriptors, processes and memory that run out.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use crate::Case;
use crate::command::{Place, tiny};
use crate::group::Group;
use crate::scene::{PUSH, Phase, QUICK, Scene, Seen};
use crate::served::skipped;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("the port of `--listen` is taken", "server set up", port_taken),
        Case::new("the address of `--listen` is another machine's", "from the beginning", || foreign("192.0.2.1:7700")),
        Case::new("fewer descriptors than the plan needs", "from the beginning", few_descriptors),
        Case::new("no descriptors left", "between trials", no_descriptors),
        Case::maybe("no processes left", "between trials", no_processes),
        Case::maybe("no threads left", "reports", no_threads),
        Case::maybe("no memory left (control group)", "publishers set up", no_memory),
    ]
}

fn port_taken() -> Seen {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let scene = Scene::start_with(Place::with(&tiny(PUSH, &[])), &[], &["--listen", &address]);
    let words = [&format!("cannot listen on {address}: Address already in use"), "name an address of this machine that is free, or port 0 for any"];
    scene.ends().without_draft().expect(3, &words).seen()
}

fn foreign(address: &str) -> Seen {
    let scene = Scene::start_with(Place::with(&tiny(PUSH, &[])), &[], &["--listen", address]);
    scene.ends().without_draft().expect(2, &[address, "loopback"]).seen()
}

fn few_descriptors() -> Seen {
    let many = format!("[subscribers]\ncount = 200\n{PUSH}");
    let scene = Scene::start_with(Place::with(&tiny(&many, &[("topology", "\"fan-out\"")])), &["prlimit", "--nofile=100:100"], &[]);
    let over = scene.ends().expect(3, &["this machine cannot hold tiny", "ulimit -n"]);
    assert!(!over.err.contains("phase"), "nothing was started");
    over.seen()
}

/// The harness may open three more: saving needs two, a side six.
fn no_descriptors() -> Seen {
    let mut scene = Scene::start(&tiny(&format!("{QUICK}{PUSH}"), &[]));
    scene.hears(1, "window");
    let id = scene.run.id();
    // Timers are closed with the trial.
    let stays = |path: &PathBuf| fs::read_link(path).is_ok_and(|link| !link.to_string_lossy().contains("timerfd"));
    let open = fs::read_dir(format!("/proc/{id}/fd")).unwrap().flatten().map(|entry| entry.path()).filter(stays);
    let open: BTreeSet<u64> = open.filter_map(|path| path.file_name()?.to_str()?.parse().ok()).collect();
    let limit = (0..).filter(|number| !open.contains(number)).nth(3).unwrap();
    assert!(Command::new("prlimit").args(["--pid", &id.to_string(), &format!("--nofile={limit}:{limit}")]).status().unwrap().success());
    scene.ends().without_draft().expect(3, &["error: xmpp-pubsub, repeat 1: cannot start ", "Too many open files", "`ulimit -n`"]).seen()
}

/// A control group; `None`, and a word about it, where this process may not make one.
fn group(controller: &str, name: &str) -> Option<Group> {
    let group = Group::new(controller, name);
    if group.is_none() {
        skipped(&format!("a control group for {controller} needs root"));
    }
    group
}

/// A scene within a group.
fn within(group: &Group, scenario: &str) -> Scene {
    let shell = group.shell("exec \"$@\"");
    Scene::start_with(Place::with(scenario), &shell.iter().map(String::as_str).collect::<Vec<_>>(), &[])
}

fn limit(group: &Group, files: &[(&str, &str)]) {
    assert!(group.set(files), "none of {files:?}");
}

fn no_processes() -> Option<Seen> {
    let group = group("pids", "processes")?;
    let mut scene = within(&group, &tiny(&format!("{QUICK}{PUSH}"), &[]));
    scene.hears(1, "window");
    limit(&group, &[("pids.max", "1")]);
    Some(scene.ends().without_draft().expect(3, &["error: xmpp-pubsub, repeat 1: cannot start ", "Resource temporarily unavailable", "`ulimit -u`"]).seen())
}

fn no_threads() -> Option<Seen> {
    let group = group("pids", "threads")?;
    let mut scene = within(&group, &tiny(PUSH, &[]));
    scene.reaches(1, Phase::Window);
    limit(&group, &[("pids.max", "1")]);
    Some(scene.ends().without_draft().finished())
}

/// 600 MiB of first values, and a quarter of that for all, when the plan was found to fit already.
fn no_memory() -> Option<Seen> {
    let group = group("memory", "memory")?;
    let mut scene = within(&group, &tiny(PUSH, &[("topics", "600"), ("updates_per_active_topic", "0.01"), ("payload", "\"1 MiB\"")]));
    scene.hears(1, "starting the server");
    limit(&group, &[("memory.limit_in_bytes", "150M"), ("memory.max", "150M")]);
    let over = scene.ends().without_draft();
    let words = ["error: xmpp-pubsub, repeat 1: the ", " side 0 died while topics were created (signal: 9 (SIGKILL))", "memory ran out: `dmesg` tells"];
    Some(over.expect(3, &words).seen())
}
