//! A `pushbench serve` for other people's programs, and running those programs, or saying that they are missing.

#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A `pushbench serve` that is ended with the test.
pub struct Served {
    pub child: Child,
    out: BufReader<ChildStdout>,
    pub line: String,
    pub address: String,
}

impl Served {
    pub fn start(arguments: &[&str]) -> Self {
        Self::started_by(Command::new(env!("CARGO_BIN_EXE_pushbench")), arguments)
    }

    /// The same with no more than so many descriptors.
    pub fn with_descriptors(most: u32, arguments: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_pushbench")]);
        Self::started_by(shell, arguments)
    }

    fn started_by(mut command: Command, arguments: &[&str]) -> Self {
        let mut child = command.arg("serve").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        let address = line.strip_prefix("listening on ").and_then(|rest| rest.split(' ').next()).unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, out, line, address }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn port(&self) -> &str {
        self.address.rsplit(':').next().expect("a port")
    }

    /// Ends it; exit code and what it said on standard error.
    pub fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it runs");
        let (mut rest, mut counted) = (String::new(), String::new());
        self.out.read_to_string(&mut rest).expect("text");
        self.child.stderr.take().expect("piped").read_to_string(&mut counted).expect("text");
        assert_eq!(rest, "", "one line on standard output and no more");
        (self.child.wait().expect("an end").code(), counted)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says that a test is skipped, and why; where CI is set it fails instead.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}; CI must have it");
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Runs a program; `None`, and a word about it, where it is missing.
pub fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) => {
            skipped(&format!("{program}: {error}"));
            None
        }
    }
}

/// A Python that has this module: `PUSHBENCH_PYTHON`, else `.venv/bin/python`.
pub fn python(module: &str) -> Option<PathBuf> {
    let given = std::env::var_os("PUSHBENCH_PYTHON").map(PathBuf::from);
    let python = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python"));
    let has = Command::new(&python).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !has {
        skipped(&format!("{} has no {module}; scripts/test.sh installs it into .venv", python.display()));
    }
    has.then_some(python)
}
