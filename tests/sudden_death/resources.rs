//! Addresses, descriptors, processes and memory that run out.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::Case;
use crate::command::{Place, tiny};
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

/// A control group of one controller, version 1 or 2, removed at the end.
struct Group(PathBuf);

impl Group {
    /// `None`, and a word about it, where this process may not make one.
    fn new(controller: &str, name: &str) -> Option<Self> {
        let (first, second) = (PathBuf::from(format!("/sys/fs/cgroup/{controller}")), PathBuf::from("/sys/fs/cgroup"));
        let root = if first.join("cgroup.procs").exists() { first } else { second };
        let _ = fs::write(root.join("cgroup.subtree_control"), format!("+{controller}"));
        let group = Self(root.join(format!("pushbench-death-{}-{name}", std::process::id())));
        if fs::create_dir(&group.0).is_err() {
            skipped(&format!("a control group for {controller} needs root"));
            return None;
        }
        Some(group)
    }

    fn set(&self, files: &[(&str, &str)]) {
        let set = files.iter().any(|(file, value)| self.0.join(file).exists() && fs::write(self.0.join(file), value).is_ok());
        assert!(set, "none of {files:?}");
    }

    /// A scene within it.
    fn start(&self, scenario: &str) -> Scene {
        let line = format!("echo $$ > '{}/cgroup.procs' && exec \"$@\"", self.0.display());
        Scene::start_with(Place::with(scenario), &["sh", "-c", &line, "sh"], &[])
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn no_processes() -> Option<Seen> {
    let group = Group::new("pids", "processes")?;
    let mut scene = group.start(&tiny(&format!("{QUICK}{PUSH}"), &[]));
    scene.hears(1, "window");
    group.set(&[("pids.max", "1")]);
    Some(scene.ends().without_draft().expect(3, &["error: xmpp-pubsub, repeat 1: cannot start ", "Resource temporarily unavailable", "`ulimit -u`"]).seen())
}

fn no_threads() -> Option<Seen> {
    let group = Group::new("pids", "threads")?;
    let mut scene = group.start(&tiny(PUSH, &[]));
    scene.reaches(1, Phase::Window);
    group.set(&[("pids.max", "1")]);
    Some(scene.ends().without_draft().finished())
}

/// 600 MiB of first values, and a quarter of that for all, when the plan was found to fit already.
fn no_memory() -> Option<Seen> {
    let group = Group::new("memory", "memory")?;
    let mut scene = group.start(&tiny(PUSH, &[("topics", "600"), ("updates_per_active_topic", "0.01"), ("payload", "\"1 MiB\"")]));
    scene.hears(1, "starting the server");
    group.set(&[("memory.limit_in_bytes", "150M"), ("memory.max", "150M")]);
    let over = scene.ends().without_draft();
    let words = ["error: xmpp-pubsub, repeat 1: the ", " side 0 died while topics were created (signal: 9 (SIGKILL))", "memory ran out: `dmesg` tells"];
    Some(over.expect(3, &words).seen())
}
