//! A control group of a test's own, version 1 or 2, removed at the end.

#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// A control group of one controller.
pub struct Group(PathBuf);

impl Group {
    /// `None` where this process may not make one. Each group of a process needs a name of its own.
    pub fn new(controller: &str, name: &str) -> Option<Self> {
        let all = PathBuf::from("/sys/fs/cgroup");
        // Version 1 has a hierarchy for each controller, version 2 one for all.
        let root = Some(all.join(controller)).filter(|first| first.join("cgroup.procs").exists()).unwrap_or(all);
        let _ = fs::write(root.join("cgroup.subtree_control"), format!("+{controller}"));
        let group = Self(root.join(format!("pushbench-test-{}-{controller}-{name}", std::process::id())));
        fs::create_dir(&group.0).ok().map(|()| group)
    }

    /// Sets the first of these files that is there; whether one was.
    pub fn set(&self, files: &[(&str, &str)]) -> bool {
        files.iter().any(|(file, value)| self.0.join(file).exists() && fs::write(self.0.join(file), value).is_ok())
    }

    /// A shell that puts itself into the group, and then does something.
    pub fn shell(&self, work: &str) -> Vec<String> {
        vec!["sh".to_owned(), "-c".to_owned(), format!("echo $$ > '{}/cgroup.procs' && {work}", self.0.display()), "sh".to_owned()]
    }

    /// Puts a process into it.
    pub fn take_in(&self, process: i32) {
        fs::write(self.0.join("cgroup.procs"), process.to_string()).unwrap();
    }

    /// CPU-seconds that its processes have used since they are in it. Version 2 accounts for CPU in every group.
    pub fn usage(&self) -> f64 {
        if let Ok(nanos) = fs::read_to_string(self.0.join("cpuacct.usage")) {
            return nanos.trim().parse::<f64>().unwrap() / 1e9;
        }
        let stat = fs::read_to_string(self.0.join("cpu.stat")).unwrap();
        let micros = stat.lines().find_map(|line| line.strip_prefix("usage_usec ")).unwrap();
        micros.parse::<f64>().unwrap() / 1e6
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Those that were in it may take a moment to go.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
