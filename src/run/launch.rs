//! Starts sides: as child processes of this same binary, or as tasks of this process.
//!
//! A child lives as long as its pipe: it ends when the harness closes it, and the kernel ends it when the harness dies
//! otherwise. It has a process group of its own, so that Ctrl-C reaches the harness alone, which then tells it.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::rc::Rc;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::link::{self, Link};
use super::message::{FromSide, ToSide};
use super::sides::{self, Surroundings};
use crate::contender::Protocol;
use crate::measure::clock::Clock;
use crate::scenario::Registry;

/// How much of a side's stderr is kept, in bytes: its last words.
const LAST_WORDS: usize = 4096;

/// Where sides run.
#[derive(Clone)]
pub enum Launcher {
    /// Each a process of this binary, started as `BINARY side`.
    Processes {
        /// The binary.
        binary: PathBuf,
    },
    /// Each a task of this process, on this thread: for contenders in memory, and for tests.
    Tasks {
        /// The clock that all of them share.
        clock: Rc<dyn Clock>,
        /// Contenders and metrics.
        registry: Registry,
        /// The contender that all of them share, where it lives in memory.
        protocol: Option<Rc<dyn Protocol>>,
    },
}

/// A side that was started.
pub struct Handle {
    /// Says something to it.
    pub say: UnboundedSender<ToSide>,
    child: Option<Child>,
    last_words: Rc<RefCell<Vec<u8>>>,
}

impl Launcher {
    /// Starts a side; what it says comes out of the receiver, which ends when the side is gone.
    ///
    /// # Errors
    /// The binary cannot be started.
    pub fn start(&self) -> io::Result<(Handle, UnboundedReceiver<FromSide>)> {
        match self {
            Self::Processes { binary } => start_process(binary),
            Self::Tasks { clock, registry, protocol } => {
                let (here, there) = link::pair();
                let surroundings =
                    Surroundings { clock: Rc::clone(clock), registry: *registry, protocol: protocol.as_ref().map(Rc::clone), own_process: false, brake: None };
                tokio::task::spawn_local(sides::run(there, surroundings));
                let (say, hear) = here.split();
                Ok((Handle { say, child: None, last_words: Rc::default() }, hear))
            }
        }
    }
}

fn start_process(binary: &PathBuf) -> io::Result<(Handle, UnboundedReceiver<FromSide>)> {
    let mut command = Command::new(binary);
    command.arg0("pushbench").arg("side").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (Some(stdin), Some(stdout), Some(mut stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("a child without pipes"));
    };
    let (link, _): (Link<ToSide, FromSide>, _) = link::over_pipes(stdout, stdin);
    let last_words = Rc::new(RefCell::new(Vec::new()));
    let words = Rc::clone(&last_words);
    tokio::task::spawn_local(async move {
        let mut buffer = [0; 1024];
        while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
            let words = &mut *words.borrow_mut();
            words.extend_from_slice(&buffer[..read]);
            let surplus = words.len().saturating_sub(LAST_WORDS);
            words.drain(..surplus);
        }
    });
    let (say, hear) = link.split();
    Ok((Handle { say, child: Some(child), last_words }, hear))
}

impl Handle {
    /// What it wrote to stderr last, trimmed; empty where it wrote nothing.
    pub fn last_words(&self) -> String {
        String::from_utf8_lossy(&self.last_words.borrow()).trim().to_owned()
    }

    /// How the process ended, where it has: for the error of a side that died.
    pub async fn ending(&mut self) -> Option<String> {
        let child = self.child.as_mut()?;
        // Its pipe has closed: its end is a matter of moments, or it closed the pipe alone, which is as bad.
        match tokio::time::timeout(std::time::Duration::from_millis(300), child.wait()).await {
            Ok(Ok(status)) => Some(status.to_string()),
            _ => None,
        }
    }

    /// Waits a moment for the process to end by itself, then ends it.
    pub async fn reap(&mut self) {
        if let Some(child) = &mut self.child
            && tokio::time::timeout(std::time::Duration::from_secs(1), child.wait()).await.is_err()
        {
            let _ = child.kill().await;
        }
    }
}
